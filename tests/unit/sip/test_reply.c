#include "check.h"

static const struct addr from_phone = {.ip = {198, 51, 100, 7}, .port = 41000, .family = 4};

static void check_reply(const char *request, const struct sip_reply *reply, const char *want)
{
	char memory[4096];
	struct strbuf b;
	struct parsed p;

	parse_bytes(&p, slice_str(request));
	strbuf_init(&b, memory, sizeof(memory));
	sip_build_reply(&b, &p.msg, reply);
	assert_false(b.failed);
	check_slice(strbuf_slice(&b), want, request);
	parsed_fini(&p);
}

/* RFC 3261 §8.2.6.2: what is copied, in which order, and the tag. */
static void test_copied(void **state)
{
	struct sip_reply reply = {.code = 200, .to_tag = SLICE("ours")};

	(void)state;
	check_reply(HEAD "Timestamp: 54\r\nRecord-Route: <sip:p;lr>\r\nZ: 1\r\n" EMPTY, &reply,
		    "SIP/2.0 200 OK\r\n" VIA "From: \"Alice\" <sip:100@example.jp>;tag=at\r\n"
		    "To: <sip:200@example.jp>;tag=ours\r\n" REST EMPTY);
	reply = (struct sip_reply){.code = 100, .phrase = SLICE("Wait")};
	check_reply(HEAD "Timestamp: 54\r\n" EMPTY, &reply,
		    "SIP/2.0 100 Wait\r\n" VIA PARTIES REST "Timestamp: 54\r\n" EMPTY);
	reply = (struct sip_reply){.code = 180,
				   .to_tag = SLICE("o"),
				   .record_route = true,
				   .headers = SLICE("Server: s\r\n"),
				   .content_type = SLICE("a/b"),
				   .body = SLICE("xy")};
	check_reply(HEAD "Record-Route: <sip:p;lr>\r\nRecord-Route: <sip:q>\r\n" EMPTY, &reply,
		    "SIP/2.0 180 Ringing\r\n" VIA
		    "Record-Route: <sip:p;lr>\r\nRecord-Route: <sip:q>\r\n"
		    "From: \"Alice\" <sip:100@example.jp>;tag=at\r\n"
		    "To: <sip:200@example.jp>;tag=o\r\n" REST
		    "Server: s\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\nxy");
}

/* A tag that is there stays. */
static void test_tag_kept(void **state)
{
	const struct sip_reply reply = {.code = 200, .to_tag = SLICE("ours")};

	(void)state;
	check_reply(OPTIONS VIA "From: sip:a@b;tag=1\r\nTo: sip:c@d;tag=2\r\n" REST EMPTY, &reply,
		    "SIP/2.0 200 OK\r\n" VIA
		    "From: sip:a@b;tag=1\r\nTo: sip:c@d;tag=2\r\n" REST EMPTY);
}

/* received and rport of the top Via (RFC 3261 §18.2.1, RFC 3581 §4). */
static void test_via(void **state)
{
	static const char *const rows[][2] = {
		{"SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1",
		 "SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1"},
		{"SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1",
		 "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;received=198.51.100.7"},
		{"SIP/2.0/UDP phone.example", "SIP/2.0/UDP phone.example;received=198.51.100.7"},
		{"SIP/2.0/UDP 198.51.100.7:5060;rport;branch=b",
		 "SIP/2.0/UDP 198.51.100.7:5060;rport=41000;branch=b;received=198.51.100.7"},
		{"SIP/2.0/UDP 198.51.100.7;received=1.2.3.4;rport=9;x=\"a;b\"",
		 "SIP/2.0/UDP 198.51.100.7;rport=41000;x=\"a;b\";received=198.51.100.7"},
		{"SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b;received=9.9.9.9",
		 "SIP/2.0/UDP a;branch=1;received=198.51.100.7, SIP/2.0/TCP b;received=9.9.9.9"},
	};
	const struct sip_reply reply = {.code = 200, .source = &from_phone};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char request[1024], want[1024];
		snprintf(request, sizeof(request),
			 OPTIONS "Via: %s\r\n" PARTIES REST "v: SIP/2.0/TCP z\r\n" EMPTY,
			 rows[i][0]);
		snprintf(want, sizeof(want),
			 "SIP/2.0 200 OK\r\nVia: %s\r\nVia: SIP/2.0/TCP z\r\n" PARTIES REST EMPTY,
			 rows[i][1]);
		check_reply(request, &reply, want);
	}
}

/* Of what is missing nothing is made up; of what is there twice the first counts. */
static void test_faulty(void **state)
{
	struct sip_reply reply = {.code = 400, .to_tag = SLICE("ours"), .source = &from_phone};

	(void)state;
	check_reply(OPTIONS "Via: ;;\r\nv: z\r\n" PARTIES REST EMPTY, &reply,
		    "SIP/2.0 400 Bad Request\r\nVia: ;;\r\nVia: z\r\n"
		    "From: \"Alice\" <sip:100@example.jp>;tag=at\r\n"
		    "To: <sip:200@example.jp>;tag=ours\r\n" REST EMPTY);
	reply.source = NULL;
	check_reply(OPTIONS VIA "CSeq: 7 OPTIONS\r\n" EMPTY, &reply,
		    "SIP/2.0 400 Bad Request\r\n" VIA "CSeq: 7 OPTIONS\r\n" EMPTY);
	check_reply(HEAD "f: sip:x@y\r\nt: sip:x@y\r\ni: 2\r\nCSeq: 8 BYE\r\n" EMPTY, &reply,
		    "SIP/2.0 400 Bad Request\r\n" VIA
		    "From: \"Alice\" <sip:100@example.jp>;tag=at\r\n"
		    "To: <sip:200@example.jp>;tag=ours\r\n" REST EMPTY);
}

#define INVITE                                                                                     \
	"INVITE sip:200@192.0.2.1;x SIP/2.0\r\n" VIA "Via: SIP/2.0/UDP z\r\n"                      \
	"Route: <sip:p;lr>\r\nm: <sip:me@h>\r\n" PARTIES "Call-ID: c\r\nCSeq: 7 INVITE\r\n" EMPTY
#define HOP(method, to)                                                                            \
	method " sip:200@192.0.2.1;x SIP/2.0\r\n" VIA "Route: <sip:p;lr>\r\nMax-Forwards: 70\r\n"  \
	       "From: \"Alice\" <sip:100@example.jp>;tag=at\r\nTo: " to "\r\n"                     \
	       "Call-ID: c\r\nCSeq: 7 " method "\r\n"

/* RFC 3261 §17.1.1.3: the To of the response; §9.1: all of the INVITE. */
static void test_hop_requests(void **state)
{
	char memory[4096];
	struct strbuf b;
	struct parsed invite, response;

	(void)state;
	parse_bytes(&invite, BYTES(INVITE));
	parse_bytes(&response, BYTES("SIP/2.0 486 Busy Here\r\n" VIA
				     "f: sip:a@b\r\nt: <sip:200@example.jp>;tag=theirs\r\n"
				     "i: c\r\nCSeq: 7 INVITE\r\n" EMPTY));
	assert_int_equal(invite.rc, 0);
	assert_int_equal(response.rc, 0);
	strbuf_init(&b, memory, sizeof(memory));
	sip_build_ack(&b, &invite.msg, &response.msg);
	check_slice(strbuf_slice(&b), HOP("ACK", "<sip:200@example.jp>;tag=theirs") EMPTY, "ACK");
	strbuf_init(&b, memory, sizeof(memory));
	sip_build_cancel(&b, &invite.msg, SLICE("SIP;cause=200"));
	check_slice(strbuf_slice(&b),
		    HOP("CANCEL", "<sip:200@example.jp>") "Reason: SIP;cause=200\r\n" EMPTY,
		    "CANCEL");
	parsed_fini(&invite);
	parsed_fini(&response);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copied),	     cmocka_unit_test(test_tag_kept),
		cmocka_unit_test(test_via),	     cmocka_unit_test(test_faulty),
		cmocka_unit_test(test_hop_requests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
