#include "base/err.h"
#include "base/slice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static void assert_slice(struct slice s, const char *want)
{
	if (!slice_eq(s, slice_str(want)))
		fail_msg("\"%.*s\" instead of \"%s\"", SLICE_ARG(s), want);
}

static void test_compare(void **state)
{
	static const struct {
		const char *a, *b;
		bool eq, ieq, starts, istarts, ends;
	} rows[] = {
		{"", "", true, true, true, true, true},
		{"abc", "", false, false, true, true, true},
		{"", "abc", false, false, false, false, false},
		{"abc", "abc", true, true, true, true, true},
		{"Via", "vIA", false, true, false, true, false},
		{"INVITE", "inv", false, false, false, true, false},
		{"INVITE", "INV", false, false, true, true, false},
		{"INVITE", "ITE", false, false, false, false, true},
		{"[{", "{[", false, false, false, false, false}, /* 0x20 apart, no letters */
		{"@", "`", false, false, false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice a = slice_str(rows[i].a), b = slice_str(rows[i].b);

		assert_int_equal(slice_eq(a, b), rows[i].eq);
		assert_int_equal(slice_ieq(a, b), rows[i].ieq);
		assert_int_equal(slice_starts(a, b), rows[i].starts);
		assert_int_equal(slice_istarts(a, b), rows[i].istarts);
		assert_int_equal(slice_ends(a, b), rows[i].ends);
	}
}

static void test_absent(void **state)
{
	struct slice none = SLICE_NONE;

	(void)state;
	assert_true(slice_eq(none, SLICE("")));
	assert_true(slice_ieq(none, none));
	assert_true(slice_starts(none, none));
	assert_true(slice_ends(SLICE("a"), none));
	assert_int_equal(slice_find(none, 'a'), 0);
	assert_int_equal(slice_trim(none).n, 0);
	assert_int_equal(slice_cut(&none, ',').n, 0);
	assert_true(slice_is_utf8(none));
	assert_false(slice_is_digits(none));
}

static void test_parts(void **state)
{
	struct slice s = SLICE("abcdef");

	(void)state;
	assert_slice(slice_from(s, 2), "cdef");
	assert_slice(slice_from(s, 6), "");
	assert_slice(slice_from(s, 7), "");
	assert_slice(slice_first(s, 2), "ab");
	assert_slice(slice_first(s, 7), "abcdef");
	assert_int_equal(slice_find(s, 'a'), 0);
	assert_int_equal(slice_find(s, 'f'), 5);
	assert_int_equal(slice_find(s, 'g'), 6);
}

static void test_trim(void **state)
{
	static const char *const rows[][2] = {
		{"", ""},	{" ", ""},    {"\r\n\t ", ""},
		{"a", "a"},	{" a ", "a"}, {"\ta b\r\n", "a b"},
		{"a\v", "a\v"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_slice(slice_trim(slice_str(rows[i][0])), rows[i][1]);
}

static void test_cut(void **state)
{
	static const struct {
		const char *text, *before, *after;
	} rows[] = {
		{"a,b,c", "a", "b,c"}, {"a", "a", ""}, {",a", "", "a"},
		{"a,", "a", ""},       {"", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice s = slice_str(rows[i].text);

		assert_slice(slice_cut(&s, ','), rows[i].before);
		assert_slice(s, rows[i].after);
		assert_non_null(s.p);
	}
}

static void test_u64(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		int err;
		uint64_t value;
	} rows[] = {
		{"0", 0, 0, 0},
		{"65535", 65535, 0, 65535},
		{"65536", 65535, ERR_LIMIT, 0},
		{"0000000000000000000000005060", 65535, 0, 5060},
		{"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, ERR_LIMIT, 0},
		{"99999999999999999999999", UINT64_MAX, ERR_LIMIT, 0},
		{"99999999999999999999999x", UINT64_MAX, ERR_SYNTAX, 0},
		{"", 9, ERR_SYNTAX, 0},
		{"-1", 9, ERR_SYNTAX, 0},
		{"+1", 9, ERR_SYNTAX, 0},
		{" 1", 9, ERR_SYNTAX, 0},
		{"1 ", 9, ERR_SYNTAX, 0},
		{"0x1", 9, ERR_SYNTAX, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t v = 4711;

		assert_int_equal(slice_u64(slice_str(rows[i].text), rows[i].max, &v), rows[i].err);
		assert_true(v == (rows[i].err ? 4711 : rows[i].value));
	}
}

static void test_copy(void **state)
{
	char dst[4] = "zzz";

	(void)state;
	assert_int_equal(slice_copy(SLICE("abc"), dst, sizeof(dst)), 0);
	assert_string_equal(dst, "abc");
	assert_int_equal(slice_copy(SLICE("abcd"), dst, sizeof(dst)), ERR_TOO_BIG);
	assert_string_equal(dst, "");
	assert_int_equal(slice_copy(SLICE_NONE, dst, sizeof(dst)), 0);
	assert_int_equal(slice_copy(SLICE(""), dst, 0), ERR_TOO_BIG);
}

static void test_digits(void **state)
{
	(void)state;
	assert_true(slice_is_digits(SLICE("0123456789")));
	assert_false(slice_is_digits(SLICE("")));
	assert_false(slice_is_digits(SLICE("12/")));
	assert_false(slice_is_digits(SLICE("12:")));
}

static void test_utf8(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{"", true},
		{"plain", true},
		{"\xe3\x81\x82", true},	    /* hiragana a */
		{"\xf0\x9f\x93\x9e", true}, /* U+1F4DE */
		{"\xc2\x80", true},
		{"\xdf\xbf", true},
		{"\xe0\xa0\x80", true},
		{"\xed\x9f\xbf", true},
		{"\xee\x80\x80", true},
		{"\xf4\x8f\xbf\xbf", true},  /* U+10FFFF */
		{"\xf4\x90\x80\x80", false}, /* above */
		{"\xf5\x80\x80\x80", false},
		{"\xc0\x80", false}, /* overlong */
		{"\xc1\xbf", false},
		{"\xe0\x9f\xbf", false},
		{"\xf0\x8f\xbf\xbf", false},
		{"\xed\xa0\x80", false}, /* surrogate */
		{"\x80", false},
		{"\xff", false},
		{"a\xe3\x81", false}, /* cut */
		{"\xe3\x81 ", false},
		{"\xf0\x9f\x93", false},
		{"\xe3", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(slice_is_utf8(slice_str(rows[i].text)), rows[i].good);
	assert_true(slice_is_utf8(slice_of("a\0b", 3)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare), cmocka_unit_test(test_absent),
		cmocka_unit_test(test_parts),	cmocka_unit_test(test_trim),
		cmocka_unit_test(test_cut),	cmocka_unit_test(test_u64),
		cmocka_unit_test(test_copy),	cmocka_unit_test(test_digits),
		cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
