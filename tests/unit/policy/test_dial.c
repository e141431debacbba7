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
	} rows[] = {
		{"05010000014", "05010000014", DIAL_DEFAULT},
		{"050-1000-0014", "05010000014", DIAL_DEFAULT},
		{"(03) 1234.5678", "0312345678", DIAL_DEFAULT},
		{"０５０１００００014", "05010000014", DIAL_DEFAULT},
		{"０５０－１０００ー００１４", "05010000014", DIAL_DEFAULT},
		{"+815010000014", "05010000014", DIAL_DEFAULT},
		{"+8105010000014", "05010000014", DIAL_DEFAULT},
		{"010815010000014", "05010000014", DIAL_DEFAULT},
		{"tel:+81-50-1000-0014;phone-context=x", "05010000014", DIAL_DEFAULT},
		{"+12125550100", "01012125550100", DIAL_DEFAULT},
		{"18405010000014", "05010000014", DIAL_WITHHOLD},
		{"18605010000014", "05010000014", DIAL_PRESENT},
		{"184+81-90-1234-5678", "09012345678", DIAL_WITHHOLD},
		{"186184110", "110", DIAL_WITHHOLD},
		{"186186117", "117", DIAL_PRESENT},
		{"184", "184", DIAL_DEFAULT},
		{"0108101081312345678", "0312345678", DIAL_DEFAULT},
		{"+81 010 81 120 000 000", "0120000000", DIAL_DEFAULT},
		{"0108101012125550100", "01012125550100", DIAL_DEFAULT},
		{"185+8190", NULL, DIAL_DEFAULT},
		{"110", "110", DIAL_DEFAULT},
		{"184119", "119", DIAL_WITHHOLD},
		{"１１８", "118", DIAL_DEFAULT},
		{"*43", "*43", DIAL_DEFAULT},
		{"#9110", "#9110", DIAL_DEFAULT},
		{"", NULL, DIAL_DEFAULT},
		{"---", NULL, DIAL_DEFAULT},
		{"alice", NULL, DIAL_DEFAULT},
		{"05+1", NULL, DIAL_DEFAULT},
		{"0123456789012345678901234567890123456789", NULL, DIAL_DEFAULT},
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
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_normalise)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
