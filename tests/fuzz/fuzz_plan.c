/* Whatever is dialled has a verdict; what it was made into has the same one. */
#include "fuzz.h"
#include "policy/plan.h"

#include <string.h>

static struct plan_verdict judge(struct slice text)
{
	static const struct plan_line line = {.international = true};
	struct plan_verdict v;
	plan_check(&line, text, &v);
	FUZZ_CHECK((unsigned)v.class < PLAN_CLASSES && (unsigned)v.reason < PLAN_REASONS);
	return v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of exactly that size, so that a sanitizer sees one byte too far. */
	char *copy = malloc(size ? size : 1);
	if (size)
		memcpy(copy, data, size);
	struct plan_verdict a = judge(slice_of(copy, size));
	free(copy);
	FUZZ_CHECK((a.e164[0] == '\0') ==
		   (a.class == PLAN_SERVICE_CODE ||
		    (a.reason != PLAN_ALLOWED && a.reason != PLAN_NO_INTERNATIONAL)));
	if (a.reason != PLAN_ALLOWED || a.class == PLAN_SERVICE_CODE)
		return 0;
	struct plan_verdict b = judge(slice_str(a.dialled.digits)), c = judge(slice_str(a.e164));
	FUZZ_CHECK(a.class == b.class && b.reason == PLAN_ALLOWED);
	FUZZ_CHECK(a.class == c.class && c.reason == PLAN_ALLOWED);
	FUZZ_CHECK(strcmp(a.dialled.digits, c.dialled.digits) == 0);
	return 0;
}
