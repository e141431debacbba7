/* The server machines in virtual time: RFC 3261 §17.2, RFC 6026 §7.1, RFC 4320. */
#include "rig.h"

static void test_auto_100(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	rig_receive(r, "INVITE", "1", "");
	rig_until(r, 100);
	rig_receive(r, "INVITE", "1", ""); /* nothing to repeat yet */
	rig_until(r, 1000);
	rig_want(r, "0 request INVITE\n200 send 100 INVITE\n");
	rig_want_not_sent(r, ";tag=ours");
	rig_want_sent(r, ";rport=4321;branch=z9hG4bK1;received=198.51.100.7\r\n");
	rig_receive(r, "INVITE", "1", "");
	rig_want(r, "1000 send 100 INVITE\n");
	rig_free(r);
}

static void test_100_not_needed(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	rig_receive(r, "INVITE", "1", "");
	rig_until(r, 199);
	assert_int_equal(rig_respond(r, 180), 0);
	rig_until(r, 1000);
	rig_receive(r, "INVITE", "1", "");
	assert_int_equal(rig_respond(r, 183), 0);
	rig_receive(r, "INVITE", "1", "");
	rig_want(r, "0 request INVITE\n199 send 180 INVITE\n1000 send 180 INVITE\n1000 send 183 "
		    "INVITE\n"
		    "1000 send 183 INVITE\n");
	rig_want_sent(r, "To: <sip:b@h>;tag=ours\r\n");
	rig_free(r);
}

static void test_failure(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	rig_receive(r, "INVITE", "1", "");
	assert_int_equal(rig_respond(r, 486), 0);
	rig_until(r, 2000);
	rig_receive(r, "INVITE", "1", "");
	rig_want(r,
		 "0 request INVITE\n0 send 486 INVITE\n500 send 486 INVITE\n1500 send 486 INVITE\n"
		 "2000 send 486 INVITE\n");
	assert_int_equal(rig_respond(r, 200), ERR_CONFLICT);
	assert_int_equal(rig_respond(r, 180), ERR_CONFLICT);
	assert_int_equal(rig_respond(r, 603), ERR_CONFLICT);
	rig_receive(r, "ACK", "1", ";tag=ours");
	rig_receive(r, "ACK", "1", ";tag=ours");
	rig_receive(r, "INVITE", "1", "");
	rig_until(r, 6999);
	assert_int_equal(txn_servers(r->l), 1);
	rig_until(r, 7000);
	rig_want(r, "7000 end done\n");
	assert_int_equal(txn_servers(r->l), 0);
	assert_int_equal(rig_respond(r, 200), ERR_STALE);
	rig_free(r);
}

static void test_failure_unacked(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	rig_receive(r, "INVITE", "1", "");
	assert_int_equal(rig_respond(r, 404), 0);
	rig_until(r, 33000);
	rig_want(r,
		 "0 request INVITE\n0 send 404 INVITE\n500 send 404 INVITE\n1500 send 404 INVITE\n"
		 "3500 send 404 INVITE\n7500 send 404 INVITE\n11500 send 404 INVITE\n15500 send "
		 "404 INVITE\n"
		 "19500 send 404 INVITE\n23500 send 404 INVITE\n27500 send 404 INVITE\n31500 send "
		 "404 INVITE\n"
		 "32000 end no ack\n");
	rig_free(r);
}

/* Over a stream nothing is repeated, and an ACK ends it at once. */
static void test_failure_reliable(void **state)
{
	struct rig *r = rig_new(true);

	(void)state;
	rig_receive(r, "INVITE", "1", "");
	assert_int_equal(rig_respond(r, 404), 0);
	rig_until(r, 1000);
	rig_receive(r, "ACK", "1", ";tag=ours");
	rig_until(r, 1001);
	rig_want(r, "0 request INVITE\n0 send 404 INVITE\n1001 end done\n");
	rig_receive(r, "INVITE", "2", ";tag=x");
	assert_int_equal(rig_respond(r, 404), 0);
	rig_until(r, 34000);
	rig_want(r, "1001 request INVITE\n1001 send 404 INVITE\n33001 end no ack\n");
	rig_free(r);
}

/* The layer repeats the 2xx, also over a stream (§13.3.1.4), until the user has seen the ACK. */
static void test_2xx(void **state)
{
	for (int reliable = 0; reliable < 2; reliable++) {
		struct rig *r = rig_new(reliable);

		(void)state;
		rig_receive(r, "INVITE", "1", "");
		assert_int_equal(rig_respond(r, 180), 0);
		assert_int_equal(rig_respond(r, 200), 0);
		rig_until(r, 1600);
		rig_receive(r, "INVITE", "1", ""); /* absorbed */
		assert_int_equal(rig_respond(r, 486), ERR_CONFLICT);
		assert_int_equal(rig_respond(r, 180), ERR_CONFLICT);
		assert_int_equal(rig_respond(r, 200), 0); /* the user may repeat it too */
		rig_want(r, "0 request INVITE\n0 send 180 INVITE\n0 send 200 INVITE\n500 send 200 "
			    "INVITE\n"
			    "1500 send 200 INVITE\n1600 send 200 INVITE\n");
		rig_receive(r, "ACK", "2", ";tag=ours");
		txn_acked(r->l, r->last, r->now);
		rig_receive(r, "ACK", "1",
			    ";tag=ours"); /* RFC 2543 and wrong phones: the INVITE's branch */
		txn_acked(r->l, r->last, r->now);
		assert_int_equal(rig_respond(r, 200), ERR_CONFLICT);
		assert_int_equal(bufs_used_bytes(r->bufs), 0);
		rig_until(r, 31999);
		rig_receive(r, "INVITE", "1", "");
		rig_until(r, 32000);
		rig_want(r, "1600 ack ACK\n1600 ack ACK\n32000 end done\n");
		rig_free(r);
	}
}

static void test_2xx_unacked(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	rig_receive(r, "INVITE", "1", "");
	assert_int_equal(rig_respond(r, 200), 0);
	rig_receive(r, "ACK", "1", ";tag=ours"); /* the user does not take it for his own */
	rig_until(r, 33000);
	rig_want(r, "0 request INVITE\n0 send 200 INVITE\n0 ack ACK\n500 send 200 INVITE\n1500 "
		    "send 200 INVITE\n"
		    "3500 send 200 INVITE\n7500 send 200 INVITE\n11500 send 200 INVITE\n15500 send "
		    "200 INVITE\n"
		    "19500 send 200 INVITE\n23500 send 200 INVITE\n27500 send 200 INVITE\n31500 "
		    "send 200 INVITE\n"
		    "32000 end no ack\n");
	rig_free(r);
}

/* A failed send of a 2xx is not the end: the next may find another way. */
static void test_2xx_send_fails(void **state)
{
	struct rig *r = rig_new(true);

	(void)state;
	rig_receive(r, "INVITE", "1", "");
	r->send_err = ERR_CLOSED;
	assert_int_equal(rig_respond(r, 200), 0);
	rig_until(r, 400);
	r->send_err = 0;
	rig_until(r, 600);
	rig_want(r, "0 request INVITE\n0 lost 200 INVITE\n500 send 200 INVITE\n");
	rig_free(r);
}

static void test_send_fails(void **state)
{
	static const struct {
		const char *method;
		int code;
		const char *want;
	} cases[] = {
		{"INVITE", 180, "0 request INVITE\n0 lost 180 INVITE\n1 end transport\n"},
		{"INVITE", 486, "0 request INVITE\n0 lost 486 INVITE\n1 end transport\n"},
		{"OPTIONS", 200, "0 request OPTIONS\n0 lost 200 OPTIONS\n1 end transport\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *r = rig_new(false);
		rig_receive(r, cases[i].method, "1", "");
		r->send_err = ERR_CLOSED;
		assert_int_equal(rig_respond(r, cases[i].code), 0);
		r->now++;
		rig_until(r, r->now);
		rig_want(r, cases[i].want);
		assert_int_equal(txn_servers(r->l), 0);
		rig_free(r);
	}
}

static void test_options(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	rig_receive(r, "OPTIONS", "1", "");
	rig_until(r, 600);
	rig_receive(r, "OPTIONS", "1", "");
	assert_int_equal(rig_respond(r, 180), 0); /* RFC 4320: not sent */
	assert_int_equal(rig_respond(r, 200), 0);
	rig_receive(r, "OPTIONS", "1", "");
	assert_int_equal(rig_respond(r, 200), ERR_CONFLICT);
	rig_until(r, 40000);
	rig_want(r,
		 "0 request OPTIONS\n600 send 200 OPTIONS\n600 send 200 OPTIONS\n32600 end done\n");
	rig_receive(r, "OPTIONS", "1", "");
	assert_int_equal(rig_respond(r, 408),
			 0); /* RFC 4320: never; the repetition is swallowed all the same */
	rig_receive(r, "OPTIONS", "1", "");
	rig_want(r, "40000 request OPTIONS\n");
	rig_free(r);
}

static void test_options_reliable(void **state)
{
	struct rig *r = rig_new(true);

	(void)state;
	r->answer_at_once = 404;
	rig_receive(r, "OPTIONS", "1", "");
	assert_int_equal(txn_servers(r->l), 1); /* nothing ends within the user's own call */
	r->now++;
	rig_until(r, r->now);
	rig_want(r, "0 request OPTIONS\n0 send 404 OPTIONS\n1 end done\n");
	rig_free(r);
}

/* RFC 4320 §4.1: 100 when timer E of the client reaches T2; after timer F nobody waits for an
 * answer. */
static void test_options_unanswered(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	rig_receive(r, "OPTIONS", "1", "");
	rig_until(r, 3400);
	rig_receive(r, "OPTIONS", "1", "");
	rig_until(r, 4000);
	rig_receive(r, "OPTIONS", "1", "");
	assert_int_equal(rig_respond(r, 100), 0);
	rig_until(r, 33000);
	rig_want(r, "0 request OPTIONS\n3500 send 100 OPTIONS\n4000 send 100 OPTIONS\n32000 end "
		    "timeout\n");
	rig_receive(r, "INFO", "2", ";tag=x");
	rig_until(r, 37000);
	assert_int_equal(rig_respond(r, 200), 0);
	rig_want(r, "33000 request INFO\n36500 send 100 INFO\n37000 send 200 INFO\n");
	rig_free(r);
}

static void test_request_of(void **state)
{
	struct rig *r = rig_new(false);
	const struct flow *flow = NULL;

	(void)state;
	rig_receive(r, "INVITE", "1", "");
	const struct sip_msg *msg = txn_request_of(r->l, r->last, rig_arena(r), &flow);
	assert_non_null(msg);
	assert_int_equal(msg->method, SIP_INVITE);
	assert_true(slice_eq(msg->call_id, SLICE("c1")));
	assert_int_equal(flow->number, 5);
	for (size_t bytes = 0; bytes < 512; bytes += 64) {
		struct arena small;
		arena_init(&small, r->memory, bytes);
		assert_null(txn_request_of(r->l, r->last, &small, &flow));
	}
	assert_int_equal(rig_respond(r, 486), 0);
	assert_null(txn_request_of(r->l, r->last, rig_arena(r), &flow));
	assert_null(txn_request_of(r->l, ID_NONE, rig_arena(r), &flow));
	rig_free(r);
}

static void test_too_big(void **state)
{
	static char body[SIP_MESSAGE_BYTES_MAX];
	struct rig *r = rig_new(false);
	struct sip_reply reply = {.code = 200, .body = slice_of(body, sizeof(body))};

	(void)state;
	memset(body, 'x', sizeof(body));
	rig_receive(r, "INVITE", "1", "");
	assert_int_equal(txn_respond(r->l, r->last, &reply, r->now), ERR_TOO_BIG);
	assert_int_equal(rig_respond(r, 500), 0);
	rig_want(r, "0 request INVITE\n0 send 500 INVITE\n");
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_auto_100),	 cmocka_unit_test(test_100_not_needed),
		cmocka_unit_test(test_failure),		 cmocka_unit_test(test_failure_unacked),
		cmocka_unit_test(test_failure_reliable), cmocka_unit_test(test_2xx),
		cmocka_unit_test(test_2xx_unacked),	 cmocka_unit_test(test_2xx_send_fails),
		cmocka_unit_test(test_send_fails),	 cmocka_unit_test(test_options),
		cmocka_unit_test(test_options_reliable), cmocka_unit_test(test_options_unanswered),
		cmocka_unit_test(test_request_of),	 cmocka_unit_test(test_too_big),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
