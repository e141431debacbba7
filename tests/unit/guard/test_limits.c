#include "guard/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int64_t at(const char *day, int hour, int minute)
{
	int32_t d = 0;
	assert_int_equal(day_parse(slice_str(day), &d), 0);
	return day_start_ms(d) + ((int64_t)hour * 60 + minute) * 60000;
}

static void test_off_hours(void **state)
{
	static const struct {
		const char *day;
		int hour, minute;
		bool off;
	} rows[] = {
		{"2026-11-25", 12, 0, false}, /* a Wednesday */
		{"2026-11-25", 5, 59, true},   {"2026-11-25", 6, 0, false},
		{"2026-11-25", 21, 59, false}, {"2026-11-25", 22, 0, true},
		{"2026-11-25", 0, 0, true},    {"2026-11-27", 12, 0, false},
		{"2026-11-28", 12, 0, true},   {"2026-11-29", 12, 0, true},
		{"2026-11-23", 12, 0, true}, /* a holiday on Monday */
		{"2026-12-31", 12, 0, true},   {"2026-11-24", 12, 0, false},
	};
	int32_t holidays[2];
	(void)state;
	assert_int_equal(day_parse(SLICE("2026-11-23"), &holidays[0]), 0);
	assert_int_equal(day_parse(SLICE("2026-12-31"), &holidays[1]), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(limits_off_hours(at(rows[i].day, rows[i].hour, rows[i].minute),
						  holidays, 2),
				 rows[i].off);
	assert_false(limits_off_hours(at("2026-11-23", 12, 0), NULL, 0));
}

static void test_take(void **state)
{
	struct limits l = limits_unset, over = limits_unset;
	(void)state;
	l.minutes = 60;
	l.spend_yen = 1000;
	over.spend_yen = 0; /* no limit, said expressly */
	over.action = LIMITS_SUSPEND;
	limits_take(&l, &over);
	limits_settle(&l);
	assert_int_equal(l.minutes, 60);
	assert_int_equal(l.spend_yen, 0);
	assert_int_equal(l.calls_per_minute, 0);
	assert_int_equal(l.action, LIMITS_SUSPEND);
	assert_true(limits_any(&l));
	l = limits_unset;
	assert_false(limits_any(&l));
	limits_settle(&l);
	assert_false(limits_any(&l));
	assert_int_equal(l.action, LIMITS_ALERT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_off_hours),
		cmocka_unit_test(test_take),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
