#include "check.h"

/* The sets of RFC 3261 §25.1, spelled out once more from the grammar. */
static const char alphanum[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static bool in(const char *set, int c)
{
	return c && (strchr(alphanum, c) || strchr(set, c));
}

static void test_token(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++)
		check_number(sip_char_in((char)c, SIP_CHAR_TOKEN), in("-.!%*_+`'~", c), "token");
}

/* user-unreserved and unreserved; '%' only as an escape. */
static void test_user(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++)
		check_number(sip_char_in((char)c, SIP_CHAR_USER), in("-_.!~*'()&=+$,;?/", c),
			     "user");
}

static void test_reserved(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++)
		check_number(sip_char_in((char)c, SIP_CHAR_RESERVED), c && strchr(";/?:@&=+$,", c),
			     "reserved");
}

/* What ends a line, a name-addr or a quoted string is in no set at all. */
static void test_enders(void **state)
{
	static const char enders[] = "\0\t\n\r \"<>\x7f";

	(void)state;
	for (size_t i = 0; i < sizeof(enders) - 1; i++)
		check_number(sip_chars[(unsigned char)enders[i]], 0, "a character that ends");
}

static void test_is_token(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		{"INVITE", true},  {"a", true},	   {"100rel", true}, {"x%20y", true},
		{"", false},	   {" ", false},   {"a b", false},   {"a;b", false},
		{"a\"b\"", false}, {"a/b", false}, {"\xe5", false},  {"a\n", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_number(sip_is_token(slice_str(rows[i].text)), rows[i].want, rows[i].text);
}

/* Eight bytes at a time finds what one at a time finds, wherever it stands. */
static void test_control_find(void **state)
{
	char text[40];

	(void)state;
	for (int c = 0; c < 256; c++) {
		for (size_t at = 0; at < sizeof(text); at++) {
			memset(text, at & 1 ? 'x' : '\t', sizeof(text));
			text[at] = (char)c;
			bool control = (c < 0x20 && c != '\t') || c == 0x7f;
			const char *want = control ? text + at : text + sizeof(text);
			assert_ptr_equal(sip_control_find(text, text + sizeof(text)), want);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token),	 cmocka_unit_test(test_user),
		cmocka_unit_test(test_reserved), cmocka_unit_test(test_enders),
		cmocka_unit_test(test_is_token), cmocka_unit_test(test_control_find),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
