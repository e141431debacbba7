#include "check.h"

#define LISTS                                                                                      \
	"Contact: <sip:a@h>, \"b, c\" <sip:b,c@h>;q=0.5\r\n"                                       \
	"Supported: timer, 100REL,,  ,replaces\r\n"                                                \
	"m: sip:d@h\r\n"                                                                           \
	"k:\r\n"                                                                                   \
	"Supported: outbound\r\n"                                                                  \
	"Expires: 0060 ;x\r\n"                                                                     \
	"Subject: a, b\r\n"                                                                        \
	"X-Odd: 1\r\n"                                                                             \
	"Retry-After: 18 (in a meeting);duration=3600\r\n"                                         \
	"Min-Expires: x\r\n"                                                                       \
	"Session-Expires: 99999999999999999999\r\n"                                                \
	"Max-Forwards: 70x\r\n"                                                                    \
	"Min-SE: \r\n"

static struct sip_msg *lists(struct parsed *p)
{
	return parse_bytes(p, BYTES(HEAD LISTS EMPTY));
}

static void check_values(const struct sip_msg *msg, enum sip_header_kind kind,
			 const char *const *want)
{
	struct sip_values it = sip_msg_values(msg, kind);
	struct slice value;

	for (; *want; want++) {
		assert_true(sip_values_next(&it, &value));
		check_slice(value, *want, *want);
	}
	assert_false(sip_values_next(&it, &value));
	assert_false(sip_values_next(&it, &value));
}

static void test_walk(void **state)
{
	static const char *const contacts[] = {"<sip:a@h>", "\"b, c\" <sip:b,c@h>;q=0.5", "sip:d@h",
					       NULL};
	static const char *const supported[] = {"timer", "100REL", "replaces", "outbound", NULL};
	static const char *const subject[] = {"a, b", NULL};
	static const char *const nothing[] = {NULL};
	struct parsed p;
	struct sip_msg *msg = lists(&p);

	(void)state;
	assert_int_equal(p.rc, 0);
	check_values(msg, SIP_HDR_CONTACT, contacts);
	check_values(msg, SIP_HDR_SUPPORTED, supported);
	check_values(msg, SIP_HDR_SUBJECT, subject);
	check_values(msg, SIP_HDR_ROUTE, nothing);
	check_values(msg, SIP_HDR_MIN_SE, nothing);
	parsed_fini(&p);
}

static void test_tokens(void **state)
{
	struct parsed p;
	struct sip_msg *msg = lists(&p);

	(void)state;
	assert_true(sip_msg_has_token(msg, SIP_HDR_SUPPORTED, SLICE("100rel")));
	assert_true(sip_msg_has_token(msg, SIP_HDR_SUPPORTED, SLICE("outbound")));
	assert_false(sip_msg_has_token(msg, SIP_HDR_SUPPORTED, SLICE("out")));
	assert_false(sip_msg_has_token(msg, SIP_HDR_REQUIRE, SLICE("timer")));
	parsed_fini(&p);
}

static void test_numbers(void **state)
{
	static const struct {
		enum sip_header_kind kind;
		uint32_t max;
		int want;
		uint32_t value;
	} rows[] = {
		{SIP_HDR_EXPIRES, 7200, 0, 60},
		{SIP_HDR_EXPIRES, 30, 0, 30},
		{SIP_HDR_EXPIRES, 60, 0, 60},
		{SIP_HDR_RETRY_AFTER, UINT32_MAX, 0, 18},
		{SIP_HDR_SESSION_EXPIRES, UINT32_MAX, 0, UINT32_MAX},
		{SIP_HDR_MIN_EXPIRES, 7200, ERR_SYNTAX, 0},
		{SIP_HDR_MAX_FORWARDS, 255, ERR_SYNTAX, 0},
		{SIP_HDR_MIN_SE, 255, ERR_SYNTAX, 0},
		{SIP_HDR_RSEQ, 255, ERR_NOT_FOUND, 0},
	};
	struct parsed p;
	struct sip_msg *msg = lists(&p);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint32_t value = 0;
		assert_int_equal(sip_msg_number(msg, rows[i].kind, rows[i].max, &value),
				 rows[i].want);
		assert_int_equal(value, rows[i].value);
	}
	parsed_fini(&p);
}

static void test_by_name(void **state)
{
	struct parsed p;
	struct sip_msg *msg = lists(&p);

	(void)state;
	check_slice(sip_msg_value(msg, SIP_HDR_CONTACT), "<sip:a@h>, \"b, c\" <sip:b,c@h>;q=0.5",
		    "compact");
	check_slice(sip_msg_value(msg, SIP_HDR_SUBJECT), "a, b", "subject");
	check_slice(sip_msg_value(msg, SIP_HDR_ROUTE), NULL, "route");
	assert_null(sip_msg_header(msg, SIP_HDR_ROUTE));
	parsed_fini(&p);
}

static void test_list_cut(void **state)
{
	static const struct {
		const char *list, *first, *rest;
	} rows[] = {
		{"a,b", "a", "b"},
		{" a , b ", "a", " b "},
		{",b", "", "b"},
		{"\"a,b\",c", "\"a,b\"", "c"},
		{"\"a\\\",b\",c", "\"a\\\",b\"", "c"},
		{"<a,b>,c", "<a,b>", "c"},
		{"<a\",b>,c", "<a\",b>", "c"}, /* a quote within <> is a letter */
		{"\"open, c", "\"open, c", ""},
		{"<open, c", "<open, c", ""},
		{"a>,c", "a>", "c"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice list = slice_str(rows[i].list);
		check_slice(sip_list_cut(&list), rows[i].first, rows[i].list);
		check_slice(list, rows[i].rest, rows[i].list);
	}
}

static void test_quoted_span(void **state)
{
	static const struct {
		const char *text;
		size_t want;
	} rows[] = {
		{"\"\"", 2}, {"\"a\"b", 3}, {"\"\\\"\"", 4}, {"\"\\\\\"x", 4},
		{"\"", 0},   {"\"a", 0},    {"\"\\\"", 0},   {"\"\\", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_number((long long)sip_quoted_span(slice_str(rows[i].text)),
			     (long long)rows[i].want, rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),	 cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_numbers),	 cmocka_unit_test(test_by_name),
		cmocka_unit_test(test_list_cut), cmocka_unit_test(test_quoted_span),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
