#include "check.h"

static const struct {
	const char *text;
	enum sip_scheme scheme;
	const char *user, *password, *host;
	uint16_t port;
	const char *params, *headers;
} good[] = {
	{"sip:h", SIP_SCHEME_SIP, NULL, NULL, "h", 0, NULL, NULL},
	{"SIP:u@h", SIP_SCHEME_SIP, "u", NULL, "h", 0, NULL, NULL},
	{"sips:u:p@h:5061", SIP_SCHEME_SIPS, "u", "p", "h", 5061, NULL, NULL},
	{"sip:u:@h", SIP_SCHEME_SIP, "u", "", "h", 0, NULL, NULL},
	{"sip:@h", SIP_SCHEME_SIP, "", NULL, "h", 0, NULL, NULL},
	{"sip:u@h:0", SIP_SCHEME_SIP, "u", NULL, "h", 0, NULL, NULL},
	{"sip:u@h:65535", SIP_SCHEME_SIP, "u", NULL, "h", 65535, NULL, NULL},
	{"sip:u@h;transport=tcp;lr", SIP_SCHEME_SIP, "u", NULL, "h", 0, "transport=tcp;lr", NULL},
	{"sip:u@h;lr?a=b&c=d", SIP_SCHEME_SIP, "u", NULL, "h", 0, "lr", "a=b&c=d"},
	{"sip:u@h?a=b;c", SIP_SCHEME_SIP, "u", NULL, "h", 0, NULL, "a=b;c"},
	{"sip:u@h?", SIP_SCHEME_SIP, "u", NULL, "h", 0, NULL, ""},
	{"sip:u;p=1;isub=2?x/y@h", SIP_SCHEME_SIP, "u;p=1;isub=2?x/y", NULL, "h", 0, NULL, NULL},
	{"sip:%75%40%3a@h", SIP_SCHEME_SIP, "%75%40%3a", NULL, "h", 0, NULL, NULL},
	{"sip:+81-3-1234-5678@h;user=phone", SIP_SCHEME_SIP, "+81-3-1234-5678", NULL, "h", 0,
	 "user=phone", NULL},
	{"sip:*21#@h", SIP_SCHEME_SIP, "*21#", NULL, "h", 0, NULL, NULL},
	{"sip:\xe5\xb1\xb1@h", SIP_SCHEME_SIP, "\xe5\xb1\xb1", NULL, "h", 0, NULL, NULL},
	{"sip:u@192.0.2.1:5070", SIP_SCHEME_SIP, "u", NULL, "192.0.2.1", 5070, NULL, NULL},
	{"sip:u@[2001:db8::10]", SIP_SCHEME_SIP, "u", NULL, "2001:db8::10", 0, NULL, NULL},
	{"sip:u@[2001:db8::10]:5070", SIP_SCHEME_SIP, "u", NULL, "2001:db8::10", 5070, NULL, NULL},
	{"sip:u@[2001:db8::10:5070]", SIP_SCHEME_SIP, "u", NULL, "2001:db8::10:5070", 0, NULL,
	 NULL},
	{"sip:[::ffff:192.0.2.10]:5080;lr", SIP_SCHEME_SIP, NULL, NULL, "::ffff:192.0.2.10", 5080,
	 "lr", NULL},
	{"sip:u@[2001:db8:::192.0.2.1]", SIP_SCHEME_SIP, "u", NULL, "2001:db8:::192.0.2.1", 0, NULL,
	 NULL}, /* the old grammar yields it (RFC 5954) */
	{"sip:u@my_host", SIP_SCHEME_SIP, "u", NULL, "my_host", 0, NULL, NULL},
	{"tel:117", SIP_SCHEME_TEL, "117", NULL, NULL, 0, NULL, NULL},
	{"TEL:+81-3;ext=7;phone-context=jp", SIP_SCHEME_TEL, "+81-3", NULL, NULL, 0,
	 "ext=7;phone-context=jp", NULL},
	{"urn:service:sos", SIP_SCHEME_OTHER, NULL, NULL, NULL, 0, NULL, NULL},
	{"soap.beep://192.0.2.103:3002", SIP_SCHEME_OTHER, NULL, NULL, NULL, 0, NULL, NULL},
	{"a+b-c.1:x", SIP_SCHEME_OTHER, NULL, NULL, NULL, 0, NULL, NULL},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct sip_uri u;
		check_number(sip_uri_parse(slice_str(good[i].text), &u), 0, good[i].text);
		check_number((long long)u.scheme, (long long)good[i].scheme, good[i].text);
		check_slice(u.user, good[i].user, good[i].text);
		check_slice(u.password, good[i].password, good[i].text);
		check_slice(u.host, good[i].host, good[i].text);
		check_number(u.port, good[i].port, good[i].text);
		check_slice(u.params, good[i].params, good[i].text);
		check_slice(u.headers, good[i].headers, good[i].text);
	}
}

static void test_bad(void **state)
{
	static const char *const rows[] = {
		"",
		"sip",
		"sip:",
		"sip:u@",
		":u@h",
		"1x:y",
		"s p:u@h",
		"sip:u@h:x",
		"sip:u@h:",
		"sip:u@h:65536",
		"sip:u@h:99999999999999999999",
		"sip:u@h:-1",
		"sip:u@h x",
		"sip:u @h",
		"sip:u@@h",
		"sip:u@h/path",
		"sip:u@h\x01",
		"<sip:u@h>",
		"sip:\"u\"@h",
		"sip:u@2001:db8::10",
		"sip:u@2001:db8::10:5060",
		"sip:u@[2001:db8::10",
		"sip:u@2001:db8::10]",
		"sip:u@[]",
		"sip:u@[:]x",
		"sip:u@[2001:db8::1%eth0]",
		"sip:u@[host]",
		"sip:u@h,sip:v@h",
		"tel:",
		"tel:;ext=1",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sip_uri u = {.port = 7};
		check_number(sip_uri_parse(slice_str(rows[i]), &u), ERR_SYNTAX, rows[i]);
		check_number(u.port, 7, rows[i]);
	}
}

static void test_hostport(void **state)
{
	static const struct {
		const char *text;
		int want;
		const char *host;
		uint16_t port;
	} rows[] = {
		{"h", 0, "h", 0},
		{"h:5060", 0, "h", 5060},
		{"h : 5060", 0, "h", 5060},
		{"[::1]", 0, "::1", 0},
		{"[::1] :5060", 0, "::1", 5060},
		{"a.b-c.d", 0, "a.b-c.d", 0},
		{"", ERR_SYNTAX, NULL, 0},
		{"h x", ERR_SYNTAX, NULL, 0},
		{":5060", ERR_SYNTAX, NULL, 0},
		{"h:", ERR_SYNTAX, NULL, 0},
		{"::1", ERR_SYNTAX, NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice host = SLICE_NONE;
		uint16_t port = 0;
		check_number(sip_hostport_parse(slice_str(rows[i].text), &host, &port),
			     rows[i].want, rows[i].text);
		check_slice(host, rows[i].host, rows[i].text);
		check_number(port, rows[i].port, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_hostport),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
