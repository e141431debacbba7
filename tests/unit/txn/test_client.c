/* The client machines in virtual time: RFC 3261 §17.1, RFC 6026 §7.2. */
#include "rig.h"

static void test_invite_unanswered(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	assert_int_equal(rig_request(r, SIP_INVITE, "1", 0), 0);
	rig_until(r, 40000);
	rig_want(r, "0 send INVITE\n500 send INVITE\n1500 send INVITE\n3500 send INVITE\n7500 send "
		    "INVITE\n"
		    "15500 send INVITE\n31500 send INVITE\n32000 failed timeout\n");
	assert_int_equal(txn_clients(r->l), 0);
	rig_free(r);
}

static void test_invite_unanswered_reliable(void **state)
{
	struct rig *r = rig_new(true);

	(void)state;
	assert_int_equal(rig_request(r, SIP_INVITE, "1", 0), 0);
	rig_until(r, 40000);
	rig_want(r, "0 send INVITE\n32000 failed timeout\n");
	rig_free(r);
}

static void test_options_unanswered(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	assert_int_equal(rig_request(r, SIP_OPTIONS, "1", 0), 0);
	rig_until(r, 40000);
	rig_want(r,
		 "0 send OPTIONS\n500 send OPTIONS\n1500 send OPTIONS\n3500 send OPTIONS\n7500 "
		 "send OPTIONS\n"
		 "11500 send OPTIONS\n15500 send OPTIONS\n19500 send OPTIONS\n23500 send OPTIONS\n"
		 "27500 send OPTIONS\n31500 send OPTIONS\n32000 failed timeout\n");
	rig_receive(r, "200 OPTIONS", "1", ";tag=b");
	rig_want(r, "40000 stray 200 OPTIONS\n");
	rig_free(r);
}

static void test_options_short_limit(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	assert_int_equal(rig_request(r, SIP_OPTIONS, "1", 2000), 0);
	rig_until(r, 40000);
	rig_want(r, "0 send OPTIONS\n500 send OPTIONS\n1500 send OPTIONS\n2000 failed timeout\n");
	rig_free(r);
}

static void test_options(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	assert_int_equal(rig_request(r, SIP_OPTIONS, "1", 0), 0);
	rig_until(r, 600);
	rig_receive(r, "100 OPTIONS", "1", "");
	rig_until(r, 6000); /* after a provisional response E goes on at T2 */
	rig_receive(r, "200 OPTIONS", "1", ";tag=b");
	rig_receive(r, "200 OPTIONS", "1", ";tag=b");
	rig_receive(r, "100 OPTIONS", "1", "");
	rig_until(r, 10999);
	assert_int_equal(txn_clients(r->l), 1);
	assert_int_equal(bufs_used_bytes(r->bufs), 0); /* its request is gone */
	rig_until(r, 11000);
	assert_int_equal(txn_clients(r->l), 0);
	rig_want(r,
		 "0 send OPTIONS\n500 send OPTIONS\n600 response 100 OPTIONS\n1500 send OPTIONS\n"
		 "5500 send OPTIONS\n6000 response 200 OPTIONS\n");
	rig_free(r);
}

static void test_options_reliable(void **state)
{
	struct rig *r = rig_new(true);

	(void)state;
	assert_int_equal(rig_request(r, SIP_OPTIONS, "1", 0), 0);
	rig_until(r, 100);
	rig_receive(r, "404 OPTIONS", "1", ";tag=b");
	rig_until(r, 101);
	assert_int_equal(txn_clients(r->l), 0);
	rig_want(r, "0 send OPTIONS\n100 response 404 OPTIONS\n");
	rig_free(r);
}

/* RFC 6026: every 2xx goes up until timer M, also of other branches; 1xx and failures of late
 * branches do not. */
static void test_invite_2xx(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	assert_int_equal(rig_request(r, SIP_INVITE, "1", 0), 0);
	rig_until(r, 10);
	rig_receive(r, "180 INVITE", "1", ";tag=b");
	rig_receive(r, "183 INVITE", "1", ";tag=c");
	rig_until(r, 20000);
	assert_int_not_equal(bufs_used_bytes(r->bufs), 0);
	rig_receive(r, "200 INVITE", "1", ";tag=b");
	assert_int_equal(bufs_used_bytes(r->bufs), 0); /* its request is gone */
	rig_receive(r, "200 INVITE", "1", ";tag=b");
	rig_receive(r, "200 INVITE", "1", ";tag=c");
	rig_receive(r, "180 INVITE", "1", ";tag=c");
	rig_receive(r, "486 INVITE", "1", ";tag=d");
	rig_until(r, 51999);
	rig_receive(r, "200 INVITE", "1", ";tag=b");
	rig_until(r, 52000);
	rig_receive(r, "200 INVITE", "1", ";tag=b");
	rig_want(r,
		 "0 send INVITE\n10 response 180 INVITE\n10 response 183 INVITE\n"
		 "20000 response 200 INVITE\n20000 response 200 INVITE\n20000 response 200 INVITE\n"
		 "51999 response 200 INVITE\n52000 stray 200 INVITE\n");
	rig_free(r);
}

static void test_invite_failure(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	assert_int_equal(rig_request(r, SIP_INVITE, "1", 0), 0);
	rig_receive(r, "486 INVITE", "1", ";tag=b");
	rig_want(r, "0 send INVITE\n0 send ACK\n0 response 486 INVITE\n");
	rig_want_sent(
		r,
		"ACK sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK1\r\n");
	rig_want_sent(r, "To: <sip:b@h>;tag=b\r\n");
	rig_want_sent(r, "Route: <sip:p;lr>\r\n");
	rig_want_sent(r, "CSeq: 1 ACK\r\n");
	rig_until(r, 31999);
	rig_receive(r, "486 INVITE", "1", ";tag=b");
	rig_receive(r, "180 INVITE", "1", ";tag=b");
	rig_receive(r, "200 INVITE", "1", ";tag=b");
	rig_want(r, "31999 send ACK\n31999 empty ict/Completed/2xx\n");
	rig_until(r, 32000);
	assert_int_equal(txn_clients(r->l), 0);
	rig_free(r);
}

static void test_invite_failure_reliable(void **state)
{
	struct rig *r = rig_new(true);

	(void)state;
	assert_int_equal(rig_request(r, SIP_INVITE, "1", 0), 0);
	rig_until(r, 10);
	rig_receive(r, "503 INVITE", "1", ";tag=b");
	rig_until(r, 11);
	assert_int_equal(txn_clients(r->l), 0);
	rig_want(r, "0 send INVITE\n10 send ACK\n10 response 503 INVITE\n");
	rig_free(r);
}

/* §9.1: before a provisional response nothing is cancelled, with it at once. */
static void test_cancel_waits(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	assert_int_equal(rig_request(r, SIP_INVITE, "1", 0), 0);
	rig_until(r, 100);
	rig_cancel(r, "SIP;cause=200");
	rig_cancel(r, "");
	rig_until(r, 600);
	rig_want(r, "0 send INVITE\n500 send INVITE\n");
	rig_receive(r, "100 INVITE", "1", "");
	rig_want(r, "600 send CANCEL\n600 response 100 INVITE\n");
	rig_want_sent(r, "CANCEL sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP "
			 "192.0.2.1:5060;rport;branch=z9hG4bK1\r\n");
	rig_want_sent(r, "Reason: SIP;cause=200\r\n");
	rig_want_sent(r, "CSeq: 1 CANCEL\r\n");
	assert_int_equal(txn_clients(r->l), 2);
	rig_receive(r, "200 CANCEL", "1", ";tag=b");
	rig_receive(r, "487 INVITE", "1", ";tag=b");
	rig_want(r, "600 send ACK\n600 response 487 INVITE\n");
	rig_until(r, 40000);
	assert_int_equal(txn_clients(r->l), 0);
	rig_want(r, "");
	rig_free(r);
}

/* Neither the CANCEL nor the INVITE is answered: CANCEL is repeated like any request, the INVITE
 * ends 64*T1 later. */
static void test_cancel_unanswered(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	assert_int_equal(rig_request(r, SIP_INVITE, "1", 0), 0);
	rig_receive(r, "180 INVITE", "1", ";tag=b");
	rig_until(r, 1000);
	rig_cancel(r, "");
	rig_want(r, "0 send INVITE\n0 response 180 INVITE\n1000 send CANCEL\n");
	rig_until(r, 5000);
	rig_want(r, "1500 send CANCEL\n2500 send CANCEL\n4500 send CANCEL\n");
	rig_until(r, 32999);
	r->out.n = 0;
	rig_until(r, 33000);
	rig_want(r, "33000 failed timeout\n");
	assert_int_equal(txn_clients(r->l), 0);
	rig_free(r);
}

/* The 2xx crosses the CANCEL: it goes up, and up again. */
static void test_cancel_crosses_2xx(void **state)
{
	struct rig *r = rig_new(true);

	(void)state;
	assert_int_equal(rig_request(r, SIP_INVITE, "1", 0), 0);
	rig_receive(r, "180 INVITE", "1", ";tag=b");
	rig_cancel(r, "");
	rig_receive(r, "200 INVITE", "1", ";tag=b");
	rig_receive(r, "200 CANCEL", "1", ";tag=b");
	rig_want(r, "0 send INVITE\n0 response 180 INVITE\n0 send CANCEL\n0 response 200 INVITE\n");
	rig_cancel(r, "");
	rig_until(r, 31999);
	rig_receive(r, "200 INVITE", "1", ";tag=b");
	rig_want(r, "31999 response 200 INVITE\n");
	rig_until(r, 33000);
	assert_int_equal(txn_clients(r->l), 0);
	rig_free(r);
}

/* After a final response there is nothing to cancel, and a CANCEL without a slot goes out once all
 * the same. */
static void test_cancel_odd(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	assert_int_equal(rig_request(r, SIP_INVITE, "1", 0), 0);
	rig_receive(r, "486 INVITE", "1", ";tag=b");
	rig_cancel(r, "SIP;cause=200");
	rig_want(r, "0 send INVITE\n0 send ACK\n0 response 486 INVITE\n");
	for (int i = 2; i <= 16; i++) {
		char branch[16];
		snprintf(branch, sizeof(branch), "%d", i);
		assert_int_equal(rig_request(r, SIP_INVITE, branch, 0), 0);
	}
	assert_int_equal(rig_request(r, SIP_OPTIONS, "17", 0), ERR_LIMIT);
	rig_receive(r, "180 INVITE", "16", ";tag=b");
	r->out.n = 0;
	rig_cancel(r, "");
	rig_want(r, "0 send CANCEL\n");
	rig_free(r);
}

/* Timer C before any response, and after one. */
static void test_limit(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	assert_int_equal(rig_request(r, SIP_INVITE, "1", 3000), 0);
	rig_until(r, 10000);
	rig_want(r, "0 send INVITE\n500 send INVITE\n1500 send INVITE\n3000 failed timeout\n");
	assert_int_equal(rig_request(r, SIP_INVITE, "2", 90000), 0);
	rig_receive(r, "180 INVITE", "2", ";tag=b");
	rig_until(r, 100000);
	rig_want(r, "10000 send INVITE\n10000 response 180 INVITE\n100000 send CANCEL\n100000 "
		    "failed timeout\n");
	rig_free(r);
}

/* A user with another target to try gives up early on one that says nothing, not on one that rings.
 */
static void test_first_response(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	r->first_ms = 4000;
	assert_int_equal(rig_request(r, SIP_INVITE, "1", 0), 0);
	rig_until(r, 10000);
	rig_want(r,
		 "0 send INVITE\n500 send INVITE\n1500 send INVITE\n3500 send INVITE\n4000 failed "
		 "timeout\n");
	assert_int_equal(rig_request(r, SIP_INVITE, "2", 0), 0);
	rig_receive(r, "180 INVITE", "2", ";tag=b");
	rig_until(r, 60000);
	rig_receive(r, "200 INVITE", "2", ";tag=b");
	rig_want(r, "10000 send INVITE\n10000 response 180 INVITE\n60000 response 200 INVITE\n");
	r->first_ms = 90000; /* never longer than timer B */
	assert_int_equal(rig_request(r, SIP_INVITE, "3", 0), 0);
	r->out.n = 0;
	rig_until(r, 92000);
	assert_non_null(strstr(r->log, "92000 failed timeout"));
	rig_free(r);
}

/* The user has been told; what comes then is dealt with, and only a 2xx is news. */
static void test_limit_then_final(void **state)
{
	struct rig *r = rig_new(true);

	(void)state;
	assert_int_equal(rig_request(r, SIP_INVITE, "1", 1000), 0);
	assert_int_equal(rig_request(r, SIP_INVITE, "2", 1000), 0);
	assert_int_equal(rig_request(r, SIP_INVITE, "3", 1000), 0);
	rig_receive(r, "180 INVITE", "1", ";tag=b");
	rig_receive(r, "180 INVITE", "2", ";tag=b");
	rig_receive(r, "180 INVITE", "3", ";tag=b");
	rig_until(r, 1000);
	r->out.n = 0;
	rig_receive(r, "180 INVITE", "1", ";tag=b");
	rig_receive(r, "487 INVITE", "1", ";tag=b");
	rig_receive(r, "200 INVITE", "2", ";tag=b");
	rig_want(r, "1000 send ACK\n1000 response 200 INVITE\n");
	rig_until(r, 70000);
	rig_want(r, "");
	assert_int_equal(txn_clients(r->l), 0);
	rig_free(r);
}

static void test_transport(void **state)
{
	struct rig *r = rig_new(false);
	struct flow other = {.number = 6};

	(void)state;
	r->send_err = ERR_CLOSED;
	assert_int_equal(rig_request(r, SIP_INVITE, "1", 0), ERR_CLOSED);
	assert_int_equal(txn_clients(r->l), 0);
	r->send_err = 0;
	assert_int_equal(rig_request(r, SIP_INVITE, "2", 0), 0);
	r->send_err = ERR_CLOSED;
	rig_until(r, 1000); /* told by the wheel, not from within */
	rig_want(r, "0 lost INVITE\n0 send INVITE\n500 lost INVITE\n501 failed transport\n");
	r->send_err = 0;
	assert_int_equal(rig_request(r, SIP_INVITE, "3", 0), 0);
	assert_int_equal(rig_request(r, SIP_OPTIONS, "4", 0), 0);
	rig_receive(r, "180 INVITE", "3", ";tag=b");
	assert_int_equal(txn_on_flow_gone(r->l, &other, r->now), 0);
	rig_until(r, 1001);
	rig_want(r, "1000 send INVITE\n1000 send OPTIONS\n1000 response 180 INVITE\n");
	assert_int_equal(txn_on_flow_gone(r->l, &r->flow, r->now), 2);
	rig_until(r, 1002);
	rig_want(r, "1002 failed transport\n1002 failed transport\n");
	assert_int_equal(txn_clients(r->l), 0);
	rig_free(r);
}

static void request_over(struct rig *r, int flow, const char *branch)
{
	r->flow.number = flow;
	assert_int_equal(rig_request(r, SIP_OPTIONS, branch, 0), 0);
}

static uint32_t over(struct rig *r, int flow)
{
	return txn_on_flow_gone(r->l, &(struct flow){.number = flow}, r->now);
}

/* Of seven, those named in `ended` end in that order; so many are then over flow 5. 1, 5, 9 and 13
 * have one hash. */
static void check_flow(const char *ended, uint32_t left)
{
	static const int flows[] = {5, 9, 5, 13, 5, 6, 9};
	struct rig *r = rig_new(true);
	char branch[2] = "a";

	for (int i = 0; i < 7; i++, branch[0]++)
		request_over(r, flows[i], branch);
	for (; *ended; ended++) {
		branch[0] = *ended;
		rig_receive(r, "404 OPTIONS", branch, ";tag=b");
		rig_until(r, r->now + 1);
	}
	request_over(r, 5, "h");
	assert_int_equal(over(r, 5), left + 1);
	assert_int_equal(over(r, 9), 2);
	assert_int_equal(over(r, 13), 1);
	assert_int_equal(over(r, 1), 0);
	rig_until(r, r->now + 1);
	assert_int_equal(over(r, 5), 0);
	assert_int_equal(txn_clients(r->l), 1); /* f */
	rig_free(r);
}

/* Only those over the flow are looked at, whatever else there is and in whatever order they end. */
static void test_flow_gone(void **state)
{
	static const char *const orders[] = {"ace", "aec", "cae", "cea", "eac", "eca"};

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		for (size_t n = 0; n <= 3; n++)
			check_flow(orders[i] + n, (uint32_t)n);
	}
}

/* What was answered is not failed by a flow that goes away; a 2xx is still waited for. */
static void test_transport_after_final(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	assert_int_equal(rig_request(r, SIP_INVITE, "1", 0), 0);
	assert_int_equal(rig_request(r, SIP_INVITE, "2", 0), 0);
	assert_int_equal(rig_request(r, SIP_OPTIONS, "3", 0), 0);
	rig_receive(r, "200 INVITE", "1", ";tag=b");
	rig_receive(r, "404 INVITE", "2", ";tag=b");
	rig_receive(r, "200 OPTIONS", "3", ";tag=b");
	r->out.n = 0;
	assert_int_equal(txn_on_flow_gone(r->l, &r->flow, r->now), 3);
	rig_until(r, 10);
	assert_int_equal(txn_clients(r->l), 1);
	rig_receive(r, "200 INVITE", "1", ";tag=b");
	rig_want(r, "10 response 200 INVITE\n");
	rig_free(r);
}

/* After a restart: nothing goes out, CANCEL does at once, and the phone's 487 is acknowledged. */
static void test_resumed(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	assert_int_equal(rig_resume(r, "1"), 0);
	rig_want(r, "");
	rig_cancel(r, "SIP;cause=503");
	rig_want(r, "0 send CANCEL\n");
	rig_receive(r, "200 CANCEL", "1", ";tag=b");
	rig_receive(r, "487 INVITE", "1", ";tag=b");
	rig_want(r, "0 send ACK\n0 response 487 INVITE\n");
	rig_free(r);
}

/* Nobody knows of it any more. */
static void test_resumed_unanswered(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	assert_int_equal(rig_resume(r, "1"), 0);
	rig_cancel(r, "");
	rig_receive(r, "481 CANCEL", "1", ";tag=b");
	r->out.n = 0;
	rig_until(r, 40000);
	rig_want(r, "32000 failed timeout\n");
	assert_int_equal(txn_clients(r->l), 0);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_invite_unanswered),
		cmocka_unit_test(test_invite_unanswered_reliable),
		cmocka_unit_test(test_options_unanswered),
		cmocka_unit_test(test_options_short_limit),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_options_reliable),
		cmocka_unit_test(test_invite_2xx),
		cmocka_unit_test(test_invite_failure),
		cmocka_unit_test(test_invite_failure_reliable),
		cmocka_unit_test(test_cancel_waits),
		cmocka_unit_test(test_cancel_unanswered),
		cmocka_unit_test(test_cancel_crosses_2xx),
		cmocka_unit_test(test_cancel_odd),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_first_response),
		cmocka_unit_test(test_limit_then_final),
		cmocka_unit_test(test_transport),
		cmocka_unit_test(test_flow_gone),
		cmocka_unit_test(test_transport_after_final),
		cmocka_unit_test(test_resumed),
		cmocka_unit_test(test_resumed_unanswered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
