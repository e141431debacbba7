#include "trunk/trunk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

/* Written in each format, and read back from each to the same number. */
static void test_formats(void **state)
{
	static const struct {
		const char *number, *written[TRUNK_FORMATS];
	} rows[] = {
		{"0312345678", {"0312345678", "81312345678", "+81312345678"}},
		{"05010000010", {"05010000010", "815010000010", "+815010000010"}},
		{"09012345678", {"09012345678", "819012345678", "+819012345678"}},
		{"0120444113", {"0120444113", "81120444113", "+81120444113"}},
		{"01082212345678", {"01082212345678", "82212345678", "+82212345678"}},
		{"01012125550123", {"01012125550123", "12125550123", "+12125550123"}},
		{"117", {"117", "117", "117"}},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int f = 0; f < TRUNK_FORMATS; f++) {
			char memory[64], back[DIAL_BYTES];
			struct strbuf b;
			strbuf_init(&b, memory, sizeof(memory) - 1);
			trunk_number_write(&b, (enum trunk_format)f, slice_str(rows[i].number));
			memory[b.n] = '\0';
			assert_string_equal(memory, rows[i].written[f]);
			assert_int_equal(trunk_number_read(strbuf_slice(&b), back), 0);
			assert_string_equal(back, rows[i].number);
		}
	}
}

static void test_read(void **state)
{
	static const struct {
		const char *user, *want; /* NULL: none */
	} rows[] = {
		{"+81-3-1234-5678", "0312345678"},
		{"%2B81312345678", "0312345678"},
		{"0312345678;phone-context=+81", "0312345678"},
		{"010810312345678", "0312345678"},
		{"anonymous", NULL},
		{"", NULL},
		{"+81 3 1234 5678 1234 5678 1234 5678 1234 5678 1234 5678", NULL},
		{"1840312345678", "0101840312345678"}, /* not a subscriber's prefix here */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char number[DIAL_BYTES] = "";
		int err = trunk_number_read(slice_str(rows[i].user), number);
		if (rows[i].want == NULL) {
			assert_int_not_equal(err, 0);
			continue;
		}
		assert_int_equal(err, 0);
		assert_string_equal(number, rows[i].want);
	}
}

static void test_prefix(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"03", "03"}, {"+82", "01082"},	   {"010", "010"},
		{"+81", "0"}, {"+81 422", "0422"}, {"0120", "0120"},
		{"", NULL},   {"x", NULL},	   {"#9", NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char prefix[DIAL_BYTES] = "";
		int err = trunk_prefix_read(slice_str(rows[i].text), prefix);
		assert_int_equal(err != 0, rows[i].want == NULL);
		assert_string_equal(prefix, rows[i].want ? rows[i].want : "");
	}
}

static void test_withheld(void **state)
{
	(void)state;
	for (int i = TRUNK_SHOWN + 1; i < TRUNK_WITHHELDS; i++)
		assert_int_equal(
			trunk_withheld_of(slice_str(trunk_withheld_text((enum trunk_withheld)i))),
			i);
	assert_int_equal(trunk_withheld_of(SLICE("coin LINE/payphone")), TRUNK_WITHHELD_PAYPHONE);
	assert_int_equal(trunk_withheld_of(SLICE("Mr. X")), TRUNK_WITHHELD_USER);
	assert_int_equal(trunk_withheld_of(SLICE_NONE), TRUNK_WITHHELD_USER);
	assert_string_equal(trunk_withheld_text(TRUNK_WITHHELDS), "Anonymous");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_withheld),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
