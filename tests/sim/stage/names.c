#include "stage/names.h"

#include "base/err.h"

struct name *names_add(struct names *n, struct slice host)
{
	if (n->count == NAMES_MAX)
		return NULL;
	struct name *fresh = &n->v[n->count];
	*fresh = (struct name){.target_count = 0};
	if (slice_copy(host, fresh->host, sizeof(fresh->host)) != 0)
		return NULL;
	n->count++;
	return fresh;
}

bool names_answer(struct names *n, struct slice host, struct locate_answer *ret_answer)
{
	n->asked++;
	ret_answer->err = ERR_NOT_FOUND;
	for (uint32_t i = 0; i < n->count; i++) {
		const struct name *name = &n->v[i];
		if (!slice_ieq(slice_str(name->host), host))
			continue;
		if (name->silent)
			return false;
		ret_answer->err = name->target_count ? 0 : ERR_NOT_FOUND;
		ret_answer->target_count = name->target_count;
		memcpy(ret_answer->targets, name->targets, sizeof(name->targets));
	}
	return true;
}
