/* Whatever is dialled has a verdict; what it was made into has the same one. */
#include "fuzz.h"
#include "policy/plan.h"

#include <string.h>

/* Both ways, in all scopes. */
static const struct plan_rule table[] = {
	{1, PLAN_FOR_ALL, PLAN_ABOUT_PREFIX, "", "0107", false},
	{2, PLAN_FOR_ALL, PLAN_ABOUT_CLASS, "", "freephone", true},
	{3, PLAN_FOR_ALL, PLAN_ABOUT_COUNTRY, "", "GB", false},
	{4, PLAN_FOR_CUSTOMER, PLAN_ABOUT_PREFIX, "C1", "0104420", true},
	{5, PLAN_FOR_NUMBER, PLAN_ABOUT_PREFIX, "05010000014", "1", true},
	{6, PLAN_FOR_NUMBER, PLAN_ABOUT_PREFIX, "05010000014", "0501", false},
};
static struct plan_rules *rules;

static struct plan_verdict judge(struct slice text)
{
	struct plan_line line = {.international = true,
				 .number = SLICE("05010000014"),
				 .customer = SLICE("C1"),
				 .rules = rules};
	struct plan_verdict v;
	plan_check(&line, text, &v);
	FUZZ_CHECK((unsigned)v.class < PLAN_CLASSES && (unsigned)v.reason < PLAN_REASONS);
	FUZZ_CHECK(v.class != PLAN_EMERGENCY || v.reason != PLAN_ALLOWED);
	FUZZ_CHECK(v.reason != PLAN_ALLOWED || (strncmp(v.dialled.digits, "0107", 4) != 0 &&
						strncmp(v.dialled.digits, "0501", 4) != 0));
	return v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (rules == NULL)
		FUZZ_CHECK(plan_rules_new(table, sizeof(table) / sizeof(table[0]), &rules) == 0);
	/* Of exactly that size, so that a sanitizer sees one byte too far. */
	char *copy = malloc(size ? size : 1);
	if (size)
		memcpy(copy, data, size);
	struct plan_verdict a = judge(slice_of(copy, size));
	free(copy);
	if (a.reason != PLAN_ALLOWED || a.e164[0] == '\0')
		return 0;
	struct plan_verdict b = judge(slice_str(a.dialled.digits)), c = judge(slice_str(a.e164));
	FUZZ_CHECK(a.class == b.class && b.reason == PLAN_ALLOWED && a.rule == b.rule);
	FUZZ_CHECK(a.class == c.class && c.reason == PLAN_ALLOWED && a.rule == c.rule);
	FUZZ_CHECK(strcmp(a.dialled.digits, c.dialled.digits) == 0);
	return 0;
}
