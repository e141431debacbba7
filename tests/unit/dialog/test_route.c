#include "dialog/dialog_priv.h"
#include "messages.h"

static const struct {
	const char *headers;
	const char *in_order, *reversed;
	bool strict_in_order, strict_reversed;
	int err;
} cases[] = {
	{"", "", "", false, false, 0},
	{"Record-Route: <sip:p1;lr>\r\n", "<sip:p1;lr>", "<sip:p1;lr>", false, false, 0},
	{"Record-Route: <sip:p1;lr>\r\nRecord-Route: <sip:p2>\r\n", "<sip:p1;lr>, <sip:p2>",
	 "<sip:p2>, <sip:p1;lr>", false, true, 0},
	{"Record-Route: <sip:p1>, <sip:p2;lr=on>\r\nRecord-Route: <sip:p3:5080;lr>;x=y\r\n",
	 "<sip:p1>, <sip:p2;lr=on>, <sip:p3:5080;lr>;x=y",
	 "<sip:p3:5080;lr>;x=y, <sip:p2;lr=on>, <sip:p1>", true, false, 0},
	{"Record-Route: \"a, b\" <sip:u%2Cv@p1;lr>, <sips:[2001:db8::1];lr>\r\n",
	 "\"a, b\" <sip:u%2Cv@p1;lr>, <sips:[2001:db8::1];lr>",
	 "<sips:[2001:db8::1];lr>, \"a, b\" <sip:u%2Cv@p1;lr>", false, false, 0},
	{"Record-Route: *\r\n", NULL, NULL, false, false, ERR_SYNTAX},
	{"Record-Route: <tel:117>\r\n", NULL, NULL, false, false, ERR_SYNTAX},
	{"Record-Route: <sip:p1;lr>, <\r\n", NULL, NULL, false, false, ERR_SYNTAX},
};

static void check(const char *headers, bool reversed, const char *text, bool strict, int err)
{
	struct parsed p;
	struct dialog_routes routes;
	char more[1024];

	snprintf(more, sizeof(more), "%s%s", headers, CONTACT);
	const struct sip_msg *msg = PARSE_INVITE(&p, more);
	assert_int_equal(dialog_routes_of(msg, reversed, &routes), err);
	if (err)
		return;
	assert_slice(routes.value, text);
	assert_int_equal(routes.first_strict, strict);
}

static void test_orders(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check(cases[i].headers, false, cases[i].in_order, cases[i].strict_in_order,
		      cases[i].err);
		check(cases[i].headers, true, cases[i].reversed, cases[i].strict_reversed,
		      cases[i].err);
	}
}

/* Exactly what fits, and one byte more, in both directions. */
static void test_limit(void **state)
{
	(void)state;
	for (size_t extra = 0; extra < 2; extra++) {
		char headers[2 * DIALOG_TEXT_BYTES] =
			"Record-Route: <sip:a;lr>\r\nRecord-Route: <sip:";
		size_t n = strlen(headers), first = strlen("<sip:a;lr>, "),
		       around = strlen("<sip:;lr>");
		size_t host = DIALOG_TEXT_BYTES - first - around + extra;
		struct parsed p;
		struct dialog_routes routes;

		memset(headers + n, 'h', host);
		strcpy(headers + n + host, ";lr>\r\n" CONTACT);
		const struct sip_msg *msg = PARSE_INVITE(&p, headers);
		for (int reversed = 0; reversed < 2; reversed++)
			assert_int_equal(dialog_routes_of(msg, reversed, &routes),
					 extra ? ERR_TOO_BIG : 0);
		if (!extra)
			assert_int_equal(routes.value.n, DIALOG_TEXT_BYTES);
	}
}

static void test_cut(void **state)
{
	struct slice routes = SLICE("\"x, \\\"y>\" <sip:a,b@h;lr>;p=\"1,2\" ,  <sip:c>,<sip:d>");

	(void)state;
	assert_slice(dialog_routes_cut(&routes), "\"x, \\\"y>\" <sip:a,b@h;lr>;p=\"1,2\"");
	assert_slice(dialog_routes_cut(&routes), "<sip:c>");
	assert_slice(routes, "<sip:d>");
	assert_slice(dialog_routes_cut(&routes), "<sip:d>");
	assert_int_equal(routes.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
