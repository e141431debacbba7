#include "policy/dial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void test_normalise(void **state)
{
	static const struct {
		const char *user, *digits; /* digits NULL: nothing that can be dialled */
		enum dial_presentation presentation;
		bool emergency;
	} rows[] = {
		{"05010000014", "05010000014", DIAL_DEFAULT, false},
		{"050-1000-0014", "05010000014", DIAL_DEFAULT, false},
		{"(03) 1234.5678", "0312345678", DIAL_DEFAULT, false},
		{"０５０１００００014", "05010000014", DIAL_DEFAULT, false},
		{"０５０－１０００ー００１４", "05010000014", DIAL_DEFAULT, false},
		{"+815010000014", "05010000014", DIAL_DEFAULT, false},
		{"+8105010000014", "05010000014", DIAL_DEFAULT, false},
		{"010815010000014", "05010000014", DIAL_DEFAULT, false},
		{"tel:+81-50-1000-0014;phone-context=x", "05010000014", DIAL_DEFAULT, false},
		{"+12125550100", "01012125550100", DIAL_DEFAULT, false},
		{"18405010000014", "05010000014", DIAL_WITHHOLD, false},
		{"18605010000014", "05010000014", DIAL_PRESENT, false},
		{"184", "184", DIAL_DEFAULT, false},
		{"110", "110", DIAL_DEFAULT, true},
		{"184119", "119", DIAL_WITHHOLD, true},
		{"１１８", "118", DIAL_DEFAULT, true},
		{"*43", "*43", DIAL_DEFAULT, false},
		{"#9110", "#9110", DIAL_DEFAULT, false},
		{"", NULL, DIAL_DEFAULT, false},
		{"---", NULL, DIAL_DEFAULT, false},
		{"alice", NULL, DIAL_DEFAULT, false},
		{"05+1", NULL, DIAL_DEFAULT, false},
		{"0123456789012345678901234567890123456789", NULL, DIAL_DEFAULT, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dialled d;
		int err = dial_normalise(slice_str(rows[i].user), &d);
		print_message("%s\n", rows[i].user);
		assert_int_equal(err == 0, rows[i].digits != NULL);
		if (err)
			continue;
		assert_string_equal(d.digits, rows[i].digits);
		assert_int_equal(d.presentation, rows[i].presentation);
		assert_int_equal(d.emergency, rows[i].emergency);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_normalise)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
