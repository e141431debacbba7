/* Who did what, latest first. */
#include "api/api_priv.h"
#include "base/err.h"

#define AUDIT_DEFAULT 100
#define AUDIT_MAX     100000

static int add_row(void *list, const struct store_audit *a)
{
	return list_add(list,
			json_pack("{s:I,s:o,s:o,s:o,s:o,s:o}", "seq", (json_int_t)a->seq, "done_at",
				  json_time(a->at_ms), "actor", json_slice(a->actor), "action",
				  json_slice(a->action), "object", json_slice(a->object), "detail",
				  json_slice(a->detail)));
}

void audits_list(struct request *r)
{
	const char *object = query(r, "object");
	uint64_t most;
	struct list list;
	if (!limit_of(r, AUDIT_MAX, AUDIT_DEFAULT, &most))
		return;
	list_begin(&list, r, "audit");
	int err = store_audit_each(r->api->store, slice_str(object ? object : ""), (uint32_t)most,
				   add_row, &list);
	list_end_or_refuse(&list, err);
}
