#include "base/err.h"
#include "guard/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void add(struct fraud_rules *r, enum fraud_scope scope, const char *object, bool off,
		int64_t minutes, int64_t spend)
{
	struct fraud_rule rule = {.scope = scope, .off_hours = off, .limits = limits_unset};
	(void)slice_copy(slice_str(object), rule.object, sizeof(rule.object));
	rule.limits.minutes = minutes;
	rule.limits.spend_yen = spend;
	assert_int_equal(fraud_rules_add(r, &rule), 0);
}

static int64_t at(const char *day, int hour)
{
	int32_t d = 0;
	assert_int_equal(day_parse(slice_str(day), &d), 0);
	return day_start_ms(d) + (int64_t)hour * 3600000;
}

static void assert_limits(const struct fraud_rules *r, const char *number, const char *customer,
			  int64_t when, int64_t minutes, int64_t spend)
{
	struct limits l;
	fraud_rules_limits(r, slice_str(number), slice_str(customer), when, &l);
	assert_int_equal(l.minutes, minutes);
	assert_int_equal(l.spend_yen, spend);
}

#define UNSET LIMITS_UNSET

static void test_who_counts(void **state)
{
	const int64_t day = at("2026-11-25", 12), night = at("2026-11-25", 23);
	struct fraud_rules r;
	(void)state;
	fraud_rules_init(&r);
	add(&r, FRAUD_FOR_NUMBER, "0501", false, UNSET, 9000);
	add(&r, FRAUD_FOR_ALL, "", true, 10, 500);
	add(&r, FRAUD_FOR_CUSTOMER, "C1", false, 120, UNSET);
	add(&r, FRAUD_FOR_ALL, "", false, 60, 1000);
	add(&r, FRAUD_FOR_CUSTOMER, "C1", true, 30, UNSET);
	fraud_rules_settle(&r);
	assert_true(r.any);
	/* nobody's own */
	assert_limits(&r, "0509", "C9", day, 60, 1000);
	assert_limits(&r, "0509", "C9", night, 10, 500);
	/* the customer's minutes, all's money */
	assert_limits(&r, "0502", "C1", day, 120, 1000);
	assert_limits(&r, "0502", "C1", night, 30, 500);
	/* the number's money, at night too, for it is the number's */
	assert_limits(&r, "0501", "C1", day, 120, 9000);
	assert_limits(&r, "0501", "C1", night, 30, 9000);
	/* a name that no rule can have */
	assert_limits(&r, "0123456789012345678901234567890", "C1", day, 120, 1000);
	fraud_rules_free(&r);
}

static void test_none(void **state)
{
	struct fraud_rules r;
	(void)state;
	fraud_rules_init(&r);
	fraud_rules_settle(&r);
	assert_false(r.any);
	assert_limits(&r, "0501", "C1", 0, 0, 0);
	add(&r, FRAUD_FOR_NUMBER, "0501", false, 0, UNSET); /* expressly none */
	fraud_rules_settle(&r);
	assert_false(r.any);
	fraud_rules_free(&r);
}

static void test_holidays(void **state)
{
	struct fraud_rules r;
	(void)state;
	fraud_rules_init(&r);
	add(&r, FRAUD_FOR_ALL, "", true, 10, UNSET);
	assert_int_equal(
		fraud_rules_take_holidays(&r, SLICE("2026-12-31, 2026-11-25\n2027-01-01,\n")), 0);
	assert_int_equal(r.holiday_count, 3);
	fraud_rules_settle(&r);
	assert_limits(&r, "0501", "C1", at("2026-11-25", 12), 10, 0);
	assert_limits(&r, "0501", "C1", at("2026-11-26", 12), 0, 0);
	assert_int_equal(fraud_rules_take_holidays(&r, SLICE("")), 0);
	assert_int_equal(r.holiday_count, 0);
	assert_int_equal(fraud_rules_take_holidays(&r, SLICE("2026-11-25;2026-11-26")), ERR_SYNTAX);
	assert_int_equal(fraud_rules_take_holidays(&r, slice_of("2026-11-25,\0x", 13)), ERR_SYNTAX);
	fraud_rules_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_counts),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_holidays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
