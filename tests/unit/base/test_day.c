#include "base/day.h"
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int32_t day(const char *text)
{
	int32_t d = -1;
	assert_int_equal(day_parse(slice_str(text), &d), 0);
	return d;
}

/* Midnight in Tokyo is 15:00 UTC of the day before. */
static void test_midnight(void **state)
{
	const int64_t midnight_ms = 1764082800000; /* 2025-11-26T00:00+09:00 */
	(void)state;
	assert_int_equal(day_start_ms(day("2025-11-26")), midnight_ms);
	assert_int_equal(day_of(midnight_ms), day("2025-11-26"));
	assert_int_equal(day_of(midnight_ms - 1), day("2025-11-25"));
	assert_int_equal(day_minute(midnight_ms), 0);
	assert_int_equal(day_minute(midnight_ms - 1), 24 * 60 - 1);
	assert_int_equal(day_of(0), 0);
	assert_int_equal(day_of(-9 * 3600000 - 1), -1);
}

static void test_parse(void **state)
{
	static const char *const wrong[] = {
		"",	      "2026",	    "2026-11",	   "2026-11-",
		"2026-11-2",  "2026-02-29", "2026-13-01",  "2026-00-01",
		"2026-04-31", "2026-11-00", "1969-12-31",  "2026-11-255",
		"26-11-25",   "2026/11/25", " 2026-11-25", "2026-11-25 "};
	char text[DAY_CHARS + 1];
	int32_t d = 7;
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(day_parse(slice_str(wrong[i]), &d), ERR_SYNTAX);
		assert_int_equal(d, 7);
	}
	day_text(day("2028-02-29"), text);
	assert_string_equal(text, "2028-02-29");
}

static void test_months(void **state)
{
	char text[MONTH_CHARS + 1];
	int32_t d = 0;
	(void)state;
	assert_int_equal(day_parse_month(SLICE("2026-11"), &d), 0);
	assert_int_equal(d, day("2026-11-01"));
	assert_int_equal(day_parse_month(SLICE("2026-11-01"), &d), ERR_SYNTAX);
	assert_int_equal(day_first_of_month(day("2026-01-31")), day("2026-01-01"));
	assert_int_equal(day_next_month(day("2026-01-31")), day("2026-02-01"));
	assert_int_equal(day_next_month(day("2026-12-01")), day("2027-01-01"));
	assert_int_equal(day_next_month(day("2028-02-29")), day("2028-03-01"));
	day_month_text(day("2026-12-31"), text);
	assert_string_equal(text, "2026-12");
}

static void test_weekday(void **state)
{
	(void)state;
	assert_int_equal(day_weekday(day("2026-11-25")), 3);
	assert_int_equal(day_weekday(day("2026-11-29")), 0);
	assert_int_equal(day_weekday(-1), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_midnight),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_months),
		cmocka_unit_test(test_weekday),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
