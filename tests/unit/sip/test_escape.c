#include "check.h"

static void test_unescape(void **state)
{
	static const struct {
		const char *text;
		int want;
		const char *plain;
	} rows[] = {
		{"", 0, ""},
		{"alice", 0, "alice"},
		{"%61lice", 0, "alice"},
		{"%e5%B1%b1", 0, "\xe5\xb1\xb1"},
		{"100%25", 0, "100%"},
		{"a%20b", 0, "a b"},
		{"%25%34%31", 0, "%41"}, /* once, not twice */
		{"%", ERR_SYNTAX, NULL},
		{"%4", ERR_SYNTAX, NULL},
		{"%zz", ERR_SYNTAX, NULL},
		{"a%4g", ERR_SYNTAX, NULL},
		{"%00", ERR_SYNTAX, NULL},
		{"a%00b", ERR_SYNTAX, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char plain[64];
		check_number(sip_unescape(slice_str(rows[i].text), plain, sizeof(plain)),
			     rows[i].want, rows[i].text);
		if (rows[i].plain)
			assert_string_equal(plain, rows[i].plain);
	}
}

/* Exactly the room that is needed, one byte less, and none. */
static void test_room(void **state)
{
	char dst[8];

	(void)state;
	assert_int_equal(sip_unescape(SLICE("ab%63"), dst, 4), 0);
	assert_string_equal(dst, "abc");
	assert_int_equal(sip_unescape(SLICE("ab%63"), dst, 3), ERR_TOO_BIG);
	assert_int_equal(sip_unescape(SLICE(""), dst, 0), ERR_TOO_BIG);
}

static void test_hex_pair(void **state)
{
	(void)state;
	assert_int_equal(sip_hex_pair(SLICE("x4f"), 1), 0x4f);
	assert_int_equal(sip_hex_pair(SLICE("FF"), 0), 0xff);
	assert_int_equal(sip_hex_pair(SLICE("FF"), 1), -1);
	assert_int_equal(sip_hex_pair(SLICE("F"), 7), -1);
	assert_int_equal(sip_hex_pair(SLICE("-1"), 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unescape),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_hex_pair),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
