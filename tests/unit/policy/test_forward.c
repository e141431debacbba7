#include "policy/forward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define BIT(kind) (1 << FORWARD_##kind)

/* Every combination of the four switches: what applies, and unconditional before all others. */
static void test_armed(void **state)
{
	(void)state;
	for (int mask = 0; mask < 1 << FORWARD_KINDS; mask++) {
		struct forward_settings f;
		forward_settings_init(&f);
		strcpy(f.targets[0], "0312345678");
		for (int i = 0; i < FORWARD_KINDS; i++)
			f.rules[i] = (struct forward_rule){mask >> i & 1, 1};
		int want = mask & BIT(UNCONDITIONAL) ? BIT(UNCONDITIONAL) : mask;
		assert_int_equal(forward_armed(&f), want);
	}
}

static void test_target(void **state)
{
	struct forward_settings f;
	(void)state;
	forward_settings_init(&f);
	assert_true(forward_settings_empty(&f));
	strcpy(f.targets[4], "09012345678");
	assert_false(forward_settings_empty(&f));
	for (uint8_t row = 0; row <= FORWARD_TARGETS_MAX + 1; row++) {
		f.rules[FORWARD_BUSY] = (struct forward_rule){true, row};
		const char *target = forward_target(&f, FORWARD_BUSY);
		if (row == 5)
			assert_string_equal(target, "09012345678");
		else
			assert_null(target); /* none chosen, an empty row, no such row */
		assert_int_equal(forward_armed(&f), row == 5 ? BIT(BUSY) : 0);
	}
	f.rules[FORWARD_BUSY] = (struct forward_rule){false, 5};
	assert_null(forward_target(&f, FORWARD_BUSY));
	forward_settings_init(&f);
	f.rules[FORWARD_BUSY].row = 1;
	assert_false(forward_settings_empty(&f));
	forward_settings_init(&f);
	f.ring_s = 7;
	assert_false(forward_settings_empty(&f));
	forward_settings_init(&f);
	f.deflection = false;
	assert_false(forward_settings_empty(&f));
	assert_int_equal(forward_armed(&f), 0);
}

static void test_words(void **state)
{
	(void)state;
	for (int i = 0; i < FORWARD_WAYS; i++) {
		const struct forward_kind_info *info = forward_kind_info((enum forward_kind)i);
		assert_true(info->word[0] && info->ja[0] && info->diversion[0] &&
			    info->cause >= 300);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(forward_kind_info((enum forward_kind)j)->word,
						info->word);
	}
}

/* What service.md says of targets, by the plan's own verdicts. */
static void test_check(void **state)
{
	static const struct {
		const char *target;
		bool international;
		enum forward_fault fault;
	} rows[] = {
		{"05010000015", false, FORWARD_GOOD},
		{"０３－１２３４－５６７８", false, FORWARD_GOOD},
		{"09012345678", false, FORWARD_GOOD},
		{"05010000014", false, FORWARD_OWN_NUMBER},
		{"+81-50-1000-0014", false, FORWARD_OWN_NUMBER},
		{"010815010000014", false, FORWARD_OWN_NUMBER},
		{"18409012345678", false, FORWARD_PREFIXED},
		{"18609012345678", false, FORWARD_PREFIXED},
		{"*43", false, FORWARD_SERVICE_CODE},
		{"110", false, FORWARD_NOT_CALLABLE},
		{"184119", false, FORWARD_NOT_CALLABLE},
		{"117", false, FORWARD_NOT_CALLABLE},
		{"0120123456", false, FORWARD_NOT_CALLABLE},
		{"08001234567", false, FORWARD_NOT_CALLABLE},
		{"0570012345", false, FORWARD_NOT_CALLABLE},
		{"00330312345678", false, FORWARD_NOT_CALLABLE},
		{"0033010121255501", false, FORWARD_NOT_CALLABLE},
		{"#9110", false, FORWARD_NOT_CALLABLE},
		{"12345678", false, FORWARD_NOT_CALLABLE},
		{"01012125550100", false, FORWARD_NOT_CALLABLE},
		{"01012125550100", true, FORWARD_GOOD},
		{"+12125550100", true, FORWARD_GOOD},
		{"", true, FORWARD_NOT_CALLABLE},
		{"alice", true, FORWARD_NOT_CALLABLE},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct plan_line line = {.international = rows[i].international};
		struct plan_verdict v;
		plan_check(&line, slice_str(rows[i].target), &v);
		print_message("%s\n", rows[i].target);
		assert_int_equal(forward_check(SLICE("05010000014"), &v), rows[i].fault);
	}
	for (int i = 0; i < FORWARD_FAULTS; i++) {
		const struct forward_fault_info *info = forward_fault_info((enum forward_fault)i);
		bool said = i != FORWARD_GOOD && i != FORWARD_NOT_CALLABLE;
		assert_true((info->word[0] && info->en[0] && info->ja[0]) == said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_armed),
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_check),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
