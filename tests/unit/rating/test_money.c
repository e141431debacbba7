#include "base/err.h"
#include "rating/money.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_amounts(void **state)
{
	static const struct {
		const char *text;
		int err;
		int64_t uyen;
		const char *again;
	} rows[] = {
		{"0", 0, 0, "0"},
		{"8", 0, 8000000, "8"},
		{"0.8", 0, 800000, "0.8"},
		{"17.50", 0, 17500000, "17.5"},
		{"0.000001", 0, 1, "0.000001"},
		{"1000000", 0, 1000000000000, "1000000"},
		{"1000000.0", 0, 1000000000000, "1000000"},
		{"1000000.000001", ERR_LIMIT, 0, NULL},
		{"1000001", ERR_LIMIT, 0, NULL},
		{"99999999999999999999999", ERR_LIMIT, 0, NULL},
		{"0.0000001", ERR_SYNTAX, 0, NULL},
		{"", ERR_SYNTAX, 0, NULL},
		{".", ERR_SYNTAX, 0, NULL},
		{"1.", ERR_SYNTAX, 0, NULL},
		{".5", ERR_SYNTAX, 0, NULL},
		{"-1", ERR_SYNTAX, 0, NULL},
		{"1,5", ERR_SYNTAX, 0, NULL},
		{"1.5.5", ERR_SYNTAX, 0, NULL},
		{"1e3", ERR_SYNTAX, 0, NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t uyen = 0;
		char text[MONEY_CHARS];
		assert_int_equal(money_parse(slice_str(rows[i].text), &uyen), rows[i].err);
		assert_int_equal(uyen, rows[i].uyen);
		if (rows[i].err)
			continue;
		money_text(uyen, text);
		assert_string_equal(text, rows[i].again);
	}
}

static void test_text_of_extremes(void **state)
{
	char text[MONEY_CHARS];
	(void)state;
	money_text(INT64_MIN, text);
	assert_string_equal(text, "-9223372036854.775808");
	money_text(-1, text);
	assert_string_equal(text, "-0.000001");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_amounts),
		cmocka_unit_test(test_text_of_extremes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
