#include "check.h"

struct out {
	struct strbuf b;
	char memory[4096];
};

static struct strbuf *start(struct out *o)
{
	strbuf_init(&o->b, o->memory, sizeof(o->memory));
	return &o->b;
}

static void check_out(struct out *o, const char *want)
{
	assert_false(o->b.failed);
	check_slice(strbuf_slice(&o->b), want, "what was written");
}

static void test_lines(void **state)
{
	struct out o;

	(void)state;
	sip_build_request_line(start(&o), SLICE("BYE"), SLICE("sip:a@[::1]:5060;lr"));
	check_out(&o, "BYE sip:a@[::1]:5060;lr SIP/2.0\r\n");
	sip_build_status_line(start(&o), 486, SLICE_NONE);
	check_out(&o, "SIP/2.0 486 Busy Here\r\n");
	sip_build_status_line(start(&o), 299, SLICE("So\r\nwhat: 1"));
	check_out(&o, "SIP/2.0 299 So  what: 1\r\n");
}

/* What would make another start line of it fails the buffer. */
static void test_words(void **state)
{
	static const char *const rows[] = {"sip:a b@c", "sip:a\r\nX: 1", "sip:a\t", "sip:a\x7f"};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct out o;
		sip_build_request_line(start(&o), SLICE("BYE"), slice_str(rows[i]));
		assert_true(o.b.failed);
		sip_build_request_line(start(&o), slice_str(rows[i]), SLICE("sip:a"));
		assert_true(o.b.failed);
	}
}

static void test_headers(void **state)
{
	struct out o;

	(void)state;
	sip_build_header(start(&o), SIP_HDR_CALL_ID, SLICE("x"));
	sip_build_header_named(&o.b, SLICE("X-A"), SLICE("1\r\nVia: evil"));
	sip_build_header_fmt(&o.b, SIP_HDR_EXPIRES, "%d%s", 60, "\r\nZ: 1");
	sip_build_header(&o.b, SIP_HDR_SUBJECT, BYTES("a\0b\tc"));
	check_out(&o, "Call-ID: x\r\nX-A: 1  Via: evil\r\nExpires: 60  Z: 1\r\n"
		      "Subject: a b\tc\r\n");
}

static void test_quoted(void **state)
{
	static const char *const rows[][2] = {
		{"", "\"\""},
		{"plain", "\"plain\""},
		{"a\"b\\c", "\"a\\\"b\\\\c\""},
		{"a\r\nb", "\"a  b\""},
		{"\xe5\xb1\xb1", "\"\xe5\xb1\xb1\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct out o;
		sip_build_quoted(start(&o), slice_str(rows[i][0]));
		check_out(&o, rows[i][1]);
		assert_int_equal(sip_quoted_span(strbuf_slice(&o.b)), o.b.n);
	}
}

static void test_body(void **state)
{
	struct out o;

	(void)state;
	sip_build_body(start(&o), SLICE("application/sdp"), SLICE("v=0\r\n"));
	check_out(&o, "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n");
	sip_build_body(start(&o), SLICE("application/sdp"), SLICE_NONE);
	check_out(&o, "Content-Length: 0\r\n\r\n");
}

static void test_via(void **state)
{
	static const struct addr v4 = {.ip = {192, 0, 2, 7}, .port = 5060, .family = 4};
	struct addr v6;
	struct out o;

	(void)state;
	assert_int_equal(addr_parse(SLICE("[2001:db8::1]:5070"), 0, &v6), 0);
	sip_build_via(start(&o), SIP_UDP, &v4, SLICE("z9hG4bK1"));
	sip_build_via(&o.b, SIP_TCP, &v6, SLICE("z9hG4bK2"));
	check_out(&o, "Via: SIP/2.0/UDP 192.0.2.7:5060;rport;branch=z9hG4bK1\r\n"
		      "Via: SIP/2.0/TCP [2001:db8::1]:5070;rport;branch=z9hG4bK2\r\n");
}

static void test_reason_and_warning(void **state)
{
	struct out o;

	(void)state;
	sip_build_reason_q850(start(&o), 34, SLICE("no \"channel\""));
	sip_build_warning(&o.b, SLICE("h.example"), SLICE("why"));
	sip_build_warning(&o.b, SLICE_NONE, SLICE("why"));
	check_out(&o, "Reason: Q.850;cause=34;text=\"no \\\"channel\\\"\"\r\n"
		      "Warning: 399 h.example \"why\"\r\n"
		      "Warning: 399 opengate \"why\"\r\n");
}

static void test_copy(void **state)
{
	struct parsed p;
	struct out o;

	(void)state;
	parse_bytes(&p, BYTES(HEAD "m: <sip:a@h>\r\nZ: 1\r\nContact: <sip:b@h>,\r\n "
				   "<sip:c@h>\r\nx-y: 2\r\n" EMPTY));
	sip_build_copy(start(&o), &p.msg, SIP_HDR_CONTACT);
	sip_build_copy(&o.b, &p.msg, SIP_HDR_OTHER);
	sip_build_copy(&o.b, &p.msg, SIP_HDR_ROUTE);
	check_out(&o, "Contact: <sip:a@h>\r\nContact: <sip:b@h>,   <sip:c@h>\r\nZ: 1\r\n"
		      "x-y: 2\r\n");
	parsed_fini(&p);
}

/* Any size of buffer: it fails or holds all of it, and nothing is written behind its end. */
static void test_room(void **state)
{
	struct out whole;

	(void)state;
	sip_build_header_fmt(start(&whole), SIP_HDR_EXPIRES, "%d", 3600);
	sip_build_reason_q850(&whole.b, 17, SLICE("a \"b\""));
	for (size_t room = 0; room <= whole.b.n + 1; room++) {
		char *memory = malloc(room ? room : 1);
		struct strbuf b;
		strbuf_init(&b, memory, room);
		sip_build_header_fmt(&b, SIP_HDR_EXPIRES, "%d", 3600);
		sip_build_reason_q850(&b, 17, SLICE("a \"b\""));
		assert_true(b.failed == (room < whole.b.n));
		assert_true(b.failed || slice_eq(strbuf_slice(&b), strbuf_slice(&whole.b)));
		free(memory);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_quoted),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_via),
		cmocka_unit_test(test_reason_and_warning),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
