#include "media/g711.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* By hand out of the tables of G.711: values on both sides of each chord's beginning. */
static void test_known(void **state)
{
	static const struct {
		int16_t sample;
		uint8_t ulaw, alaw;
	} rows[] = {
		{0, 0xff, 0xd5},      {-1, 0x7f, 0x55},	  {4, 0xfe, 0xd5},     {16, 0xfd, 0xd4},
		{255, 0xe7, 0xda},    {256, 0xe7, 0xc5},  {-257, 0x67, 0x45},  {1000, 0xce, 0xfa},
		{-1000, 0x4e, 0x7a},  {8000, 0xa0, 0x8a}, {-8000, 0x20, 0x0a}, {32767, 0x80, 0xaa},
		{-32768, 0x00, 0x2a},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%d\n", rows[i].sample);
		assert_int_equal(g711_to_ulaw(rows[i].sample), rows[i].ulaw);
		assert_int_equal(g711_to_alaw(rows[i].sample), rows[i].alaw);
	}
}

/* Every code word stands for a value that gives it back (mu-law has two zeros). */
static void test_round(void **state)
{
	(void)state;
	for (int b = 0; b < 256; b++) {
		assert_int_equal(g711_to_alaw(g711_from_alaw((uint8_t)b)), b);
		if (b != 0x7f)
			assert_int_equal(g711_to_ulaw(g711_from_ulaw((uint8_t)b)), b);
	}
	assert_int_equal(g711_from_ulaw(0x7f), 0);
	assert_int_equal(g711_from_ulaw(G711_ULAW_SILENCE), 0);
	assert_int_equal(g711_from_alaw(G711_ALAW_SILENCE), 8);
}

/* No sample comes back further away than half a step of its chord, and order is kept. */
static void test_near(void **state)
{
	int last_u = -40000, last_a = -40000;
	(void)state;
	for (int s = INT16_MIN; s <= INT16_MAX; s++) {
		int u = g711_from_ulaw(g711_to_ulaw((int16_t)s)),
		    a = g711_from_alaw(g711_to_alaw((int16_t)s)), size = abs(s);
		int step = size < 256 ? 16 : size / 16 + 1;
		assert_true(abs(a - s) <= step / 2 + 1);
		assert_true(abs(u - s) <= (size + 132) / 32 + 5 || size > 32635);
		assert_true(u >= last_u && a >= last_a);
		last_u = u;
		last_a = a;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_near),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
