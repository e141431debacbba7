#include "base/err.h"
#include "sdp/sdp_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static void test_next(void **state)
{
	static const struct {
		struct slice text;
		int want;
		char type;
		const char *value;
		size_t left;
	} rows[] = {
		{SLICE("v=0\r\no=-"), 1, 'v', "0", 3},
		{SLICE("v=0\no=-"), 1, 'v', "0", 3},
		{SLICE("v=0\r\r\no=-"), 1, 'v', "0", 3},
		{SLICE("\r\n \t\n\r\nv=0"), 1, 'v', "0", 0},
		{SLICE("s=\r\n"), 1, 's', "", 0},
		{SLICE("a=x=y"), 1, 'a', "x=y", 0},
		{SLICE(""), 0, 0, NULL, 0},
		{SLICE("\r\n\r\n"), 0, 0, NULL, 0},
		{SLICE("v"), 0, 0, NULL, 0},
		{SLICE("v\r\n"), 0, 0, NULL, 0},
		{SLICE("v\r\no=-"), ERR_SYNTAX, 0, NULL, 0},
		{SLICE("=0"), ERR_SYNTAX, 0, NULL, 0},
		{SLICE("v 0"), ERR_SYNTAX, 0, NULL, 0},
		{SLICE(" v=0"), ERR_SYNTAX, 0, NULL, 0},
		{SLICE("1=0"), ERR_SYNTAX, 0, NULL, 0},
		{SLICE("a=x\rc=IN IP4 192.0.2.1\r\n"), ERR_SYNTAX, 0, NULL, 0},
		{SLICE("a=x\0y\r\n"), ERR_SYNTAX, 0, NULL, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice rest = rows[i].text;
		struct sdp_line line;
		assert_int_equal(sdp_line_next(&rest, &line), rows[i].want);
		if (rows[i].want != 1)
			continue;
		assert_int_equal(line.type, rows[i].type);
		assert_true(slice_eq(line.value, slice_str(rows[i].value)));
		assert_int_equal(rest.n, rows[i].left);
	}
}

static void test_word(void **state)
{
	struct slice rest = SLICE("  a \t bc ");
	(void)state;
	assert_true(slice_eq(sdp_word(&rest), SLICE("a")));
	assert_true(slice_eq(sdp_word(&rest), SLICE("bc")));
	assert_int_equal(sdp_word(&rest).n, 0);
	assert_int_equal(sdp_word(&rest).n, 0);
	rest = SLICE_NONE;
	assert_int_equal(sdp_word(&rest).n, 0);
}

static void test_connection(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} rows[] = {
		{"IN IP4 192.0.2.1", "192.0.2.1"},
		{"in ip4 192.0.2.1", "192.0.2.1"},
		{"IN  IP4\t192.0.2.1 ", "192.0.2.1"},
		{"IN IP4 233.252.0.1/127/3", "233.252.0.1"},
		{"IN IP6 2001:db8::1", "2001:db8::1"},
		{"IN IP6 ff15::101/3", "ff15::101"},
		{"IN IP4 2001:db8::1", "2001:db8::1"},
		{"IN IP4 0.0.0.0", "0.0.0.0"},
		{"192.0.2.1", "192.0.2.1"},
		{"IN IP4 phone.example.com", NULL},
		{"IN IP4", NULL},
		{"IN", NULL},
		{"", NULL},
		{"IN IP4 192.0.2.300", NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char buf[ADDR_TEXT_BYTES];
		struct addr a;
		int err = sdp_connection_parse(slice_str(rows[i].text), &a);
		assert_int_equal(err, rows[i].want ? 0 : ERR_SYNTAX);
		if (rows[i].want)
			assert_string_equal(addr_ip_text(&a, buf), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_word),
		cmocka_unit_test(test_connection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
