#include "messages.h"

static struct dialog with_routes(const char *target, const char *routes, bool strict)
{
	struct dialog d = empty();

	assert_int_equal(dialog_prepare(&d, SLICE("c1@host"), SLICE("at"), SLICE(ALICE), SLICE(BOB),
					slice_str(target), 7),
			 0);
	assert_int_equal(dialog_set_text(&d, DIALOG_REMOTE_TAG, SLICE("bt")), 0);
	if (*routes)
		assert_int_equal(dialog_set_text(&d, DIALOG_ROUTES, slice_str(routes)), 0);
	d.first_route_strict = strict;
	return d;
}

static const struct {
	const char *target, *routes;
	bool strict;
	const char *uri, *route; /* as sent; route "": no such header */
	const char *next_host;
} cases[] = {
	{"sip:b@h1", "", false, "sip:b@h1", "", "h1"},
	{"sip:b@h1", "<sip:p1;lr>, <sip:p2;lr>", false, "sip:b@h1", "<sip:p1;lr>, <sip:p2;lr>",
	 "p1"},
	{"sip:b@h1", "<sip:p1>, <sip:p2;lr>", true, "sip:p1", "<sip:p2;lr>, <sip:b@h1>", "p1"},
	{"sip:b@h1", "\"a,b\" <sip:u,v@p1:5070;transport=tcp;method=INVITE;x?Subject=y>;z", true,
	 "sip:u,v@p1:5070;transport=tcp;x", "<sip:b@h1>", "p1"},
	{"sip:b@h1?Subject=y", "", false, "sip:b@h1", "", "h1"},
	{"sip:b?c@h1?Subject=y", "", false, "sip:b?c@h1", "", "h1"},
	{"sip:b;x?c@h1;method=BYE?Subject=y", "", false, "sip:b;x?c@h1", "", "h1"},
	{"sip:b@h1;method=BYE", "", false, "sip:b@h1", "", "h1"},
	{"sip:b@h1;transport=udp;Method=BYE;lr?a=b", "", false, "sip:b@h1;transport=udp;lr", "",
	 "h1"},
};

static void test_paths(void **state)
{
	struct addr us;
	char memory[4096];

	(void)state;
	assert_int_equal(addr_parse(SLICE("192.0.2.1:5060"), 0, &us), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dialog d = with_routes(cases[i].target, cases[i].routes, cases[i].strict);
		struct sip_uri hop;
		struct strbuf b;
		char want[4096], route[1024] = "";

		strbuf_init(&b, memory, sizeof(memory));
		dialog_write_request(&d, &b, SLICE("BYE"), dialog_next_cseq(&d), SIP_TCP, &us,
				     SLICE("z9hG4bKq"), 70);
		assert_false(b.failed);
		if (*cases[i].route)
			snprintf(route, sizeof(route), "Route: %s\r\n", cases[i].route);
		snprintf(want, sizeof(want),
			 "BYE %s SIP/2.0\r\nVia: SIP/2.0/TCP "
			 "192.0.2.1:5060;rport;branch=z9hG4bKq\r\n"
			 "Max-Forwards: 70\r\n%sFrom: " ALICE ";tag=at\r\nTo: " BOB
			 ";tag=bt\r\nCall-ID: c1@host\r\n"
			 "CSeq: 8 BYE\r\n",
			 cases[i].uri, route);
		assert_slice(strbuf_slice(&b), want);
		assert_int_equal(dialog_next_hop(&d, &hop), 0);
		assert_slice(hop.host, cases[i].next_host);
	}
}

/* The opening INVITE has no To tag; what is written parses again as what went in. */
static void test_opening(void **state)
{
	struct dialog d = with_routes("sip:b@h1", "", false);
	struct addr us;
	char memory[4096];
	struct strbuf b;
	struct parsed p;

	(void)state;
	assert_int_equal(addr_parse(SLICE("[2001:db8::1]:5060"), 0, &us), 0);
	assert_int_equal(dialog_set_text(&d, DIALOG_REMOTE_TAG, SLICE("")), 0);
	strbuf_init(&b, memory, sizeof(memory));
	dialog_write_request(&d, &b, SLICE("INVITE"), d.local_cseq, SIP_UDP, &us, SLICE("z9hG4bKq"),
			     69);
	sip_build_body(&b, SLICE_NONE, SLICE_NONE);
	strbuf_char(&b, 0);
	const struct sip_msg *msg = parse(&p, memory);
	assert_null(msg->to_tag.p);
	assert_slice(msg->from_tag, "at");
	assert_int_equal(msg->cseq.number, 7);
	assert_int_equal(msg->method, SIP_INVITE);
	assert_slice(msg->via.host, "2001:db8::1");
}

static void test_no_room(void **state)
{
	struct dialog d = with_routes("sip:b@h1", "<sip:p1;lr>", false);
	struct addr us;
	char memory[4096];

	(void)state;
	assert_int_equal(addr_parse(SLICE("192.0.2.1:5060"), 0, &us), 0);
	for (size_t cap = 0; cap < 200; cap++) {
		struct strbuf b;
		strbuf_init(&b, memory, cap);
		dialog_write_request(&d, &b, SLICE("BYE"), 8, SIP_UDP, &us, SLICE("z9hG4bKq"), 70);
		assert_true(b.failed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_opening),
		cmocka_unit_test(test_no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
