#include "policy/screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const char blocks[][SCREEN_NUMBER_BYTES] = {"0312345678", "05010000010", "01012125550100"};

/* bits: 1 anonymous, 2 abroad, 4 the block list above */
static struct screen_settings settings(int bits)
{
	return (struct screen_settings){.anonymous = bits & 1,
					.abroad = bits & 2,
					.block_count = bits & 4 ? 3 : 0,
					.blocks = blocks};
}

/* Each caller against each combination of settings 0..7. */
static void test_verdicts(void **state)
{
#define P SCREEN_PASS
#define A SCREEN_ANONYMOUS
#define B SCREEN_BLOCKED
#define X SCREEN_ABROAD
	static const struct {
		const char *number, *shown;
		bool withheld;
		enum screen_verdict want[8];
	} rows[] = {
		{"0398765432", "0398765432", false, {P, P, P, P, P, P, P, P}},
		{"0398765432", "0398765432", true, {P, A, P, A, P, A, P, A}},
		{"0312345678", "0312345678", false, {P, P, P, P, B, B, B, B}},
		{"0312345678", "0312345678", true, {P, A, P, A, B, A, B, A}},
		{"05010000010", "05010000077", false, {P, P, P, P, B, B, B, B}},
		{"05010000077", "05010000010", false, {P, P, P, P, B, B, B, B}},
		{"01012125550100", "01012125550100", false, {P, P, X, X, B, B, B, B}},
		{"01012125550101", "01012125550101", false, {P, P, X, X, P, P, X, X}},
		{"01012125550101", "01012125550101", true, {P, A, X, A, P, A, X, A}},
		{"0101", "0101", false, {P, P, X, X, P, P, X, X}},
		{"01", "01", false, {P, P, P, P, P, P, P, P}},
		{"03123456780", "03123456780", false, {P, P, P, P, P, P, P, P}},
		{"031234567", "031234567", false, {P, P, P, P, P, P, P, P}},
		{"", "", false, {P, P, P, P, P, P, P, P}}, /* a payphone */
		{"", "", true, {P, A, P, A, P, A, P, A}},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct screen_caller c = {.number = slice_str(rows[i].number),
						.shown = slice_str(rows[i].shown),
						.withheld = rows[i].withheld};
		for (int bits = 0; bits < 8; bits++) {
			struct screen_settings s = settings(bits);
			print_message("%s %d\n", rows[i].number, bits);
			assert_int_equal(screen_judge(&s, &c), rows[i].want[bits]);
		}
	}
}

static void test_empty(void **state)
{
	(void)state;
	for (int bits = 0; bits < 8; bits++) {
		struct screen_settings s = settings(bits);
		assert_true(screen_settings_empty(&s) == (bits == 0));
		s.inbound_limit = 1;
		assert_false(screen_settings_empty(&s));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
