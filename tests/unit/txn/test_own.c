/* CANCEL (RFC 3261 §9.2) and merged requests (§8.2.2.2), answered by the layer. */
#include "rig.h"

static void tag_of_sent(struct rig *r, char *dst, size_t n)
{
	char memory[32768];
	const struct sip_msg *msg = rig_parse(r->sent, r->sent_text.n, memory, sizeof(memory));

	assert_int_equal(slice_copy(msg->to_tag, dst, n), 0);
}

static void test_cancel(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	rig_receive(r, "INVITE", "1", "");
	assert_int_equal(rig_respond(r, 180), 0);
	rig_receive(r, "CANCEL", "1", "");
	rig_want(r, "0 request INVITE\n0 send 180 INVITE\n0 send 200 CANCEL\n0 cancel CANCEL\n");
	rig_want_sent(r, "To: <sip:b@h>;tag=ours\r\n");
	rig_want_sent(r, ";rport=4321;branch=z9hG4bK1;received=198.51.100.7\r\n");
	rig_until(r, 600);
	rig_receive(r, "CANCEL", "1",
		    ""); /* repeated: the answer too, and the user is not told again */
	rig_want(r, "600 send 200 CANCEL\n");
	assert_int_equal(rig_respond(r, 487), 0);
	rig_receive(r, "CANCEL", "1", "");
	rig_receive(r, "ACK", "1", ";tag=ours");
	rig_want(r, "600 send 487 INVITE\n600 send 200 CANCEL\n");
	rig_until(r, 40000);
	rig_want(r, "5600 end done\n");
	assert_int_equal(txn_servers(r->l), 0);
	rig_free(r);
}

/* Nobody has answered yet: the tag is made up, and it is the same for the same INVITE. */
static void test_cancel_derived_tag(void **state)
{
	struct rig *r = rig_new(true);
	char first[64], second[64];

	(void)state;
	rig_receive(r, "INVITE", "1", "");
	rig_until(r, 300);
	rig_receive(r, "CANCEL", "1", "");
	tag_of_sent(r, first, sizeof(first));
	rig_until(r, 1000); /* the CANCEL's transaction is over at once over a stream */
	rig_receive(r, "CANCEL", "1", "");
	tag_of_sent(r, second, sizeof(second));
	assert_string_equal(first, second);
	assert_true(strlen(first) > 8);
	rig_want(r,
		 "0 request INVITE\n200 send 100 INVITE\n300 send 200 CANCEL\n300 cancel CANCEL\n"
		 "1000 send 200 CANCEL\n1000 cancel CANCEL\n");
	rig_free(r);
}

/* It comes too late: 200, and nothing else happens. */
static void test_cancel_late(void **state)
{
	static const int codes[] = {200, 486};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig *r = rig_new(false);
		rig_receive(r, "INVITE", "1", "");
		assert_int_equal(rig_respond(r, codes[i]), 0);
		r->out.n = 0;
		rig_receive(r, "CANCEL", "1", "");
		rig_want(r, "0 send 200 CANCEL\n");
		rig_want_sent(r, ";tag=ours\r\n");
		rig_until(r, 1);
		rig_receive(r, "ACK", codes[i] == 200 ? "2" : "1", ";tag=ours");
		txn_acked(r->l, r->last, r->now);
		rig_until(r, 100);
		rig_receive(r, "CANCEL", "1", "");
		rig_until(r, 101);
		r->out.n = 0;
		rig_free(r);
	}
}

static void test_cancel_of_nothing(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	rig_receive(r, "CANCEL", "1", "");
	rig_receive(r, "CANCEL", "1", "");
	rig_want(r, "0 send 481 CANCEL\n0 send 481 CANCEL\n");
	rig_want_sent(r, ";tag=t");
	rig_receive(r, "OPTIONS", "2", ""); /* only an INVITE can be cancelled */
	rig_receive(r, "CANCEL", "2", "");
	rig_want(r, "0 request OPTIONS\n0 send 481 CANCEL\n");
	rig_until(r, 31999);
	assert_int_equal(txn_servers(r->l), 3);
	rig_until(r, 32000);
	assert_int_equal(txn_servers(r->l), 0);
	rig_want(r, "3500 send 100 OPTIONS\n32000 end timeout\n");
	rig_free(r);
}

/* Within a dialog the To has its tag already. */
static void test_cancel_in_dialog(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	rig_receive(r, "INVITE", "1", ";tag=dialog");
	rig_receive(r, "CANCEL", "1", ";tag=dialog");
	rig_want(r, "0 request INVITE\n0 send 200 CANCEL\n0 cancel CANCEL\n");
	rig_want_sent(r, "To: <sip:b@h>;tag=dialog\r\n");
	rig_free(r);
}

static void test_merged(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	rig_receive(r, "INVITE", "1", "");
	rig_receive(r, "INVITE", "2", "");
	rig_receive(r, "INVITE", "2", "");
	rig_want(r, "0 request INVITE\n0 send 482 INVITE\n0 send 482 INVITE\n");
	rig_want_sent(r, ";tag=t");
	rig_receive(r, "ACK", "2", ";tag=t");
	rig_receive(r, "CANCEL", "2", ""); /* has its final response already */
	rig_want(r, "0 send 200 CANCEL\n");
	rig_receive(r, "INVITE", "3", ";tag=x"); /* within a dialog there is no merging */
	rig_receive(r, "OPTIONS", "4", "");	 /* another method: another CSeq */
	rig_receive(r, "OPTIONS", "5", "");
	rig_want(r, "0 request INVITE\n0 request OPTIONS\n0 send 482 OPTIONS\n");
	rig_until(r, 400);
	assert_int_equal(rig_respond(r, 200), 0);
	rig_receive(r, "OPTIONS", "6", ""); /* answered, but still going on */
	r->out.n = 0;
	rig_until(r, 60000);
	r->out.n = 0;
	rig_receive(r, "OPTIONS", "7", ""); /* long over: new */
	rig_want(r, "60000 request OPTIONS\n");
	rig_free(r);
}

/* A phone that answers our challenge without counting up CSeq is served. */
static void test_merged_after_challenge(void **state)
{
	static const int codes[] = {401, 407};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig *r = rig_new(false);
		rig_receive(r, "REGISTER", "1", "");
		assert_int_equal(rig_respond(r, codes[i]), 0);
		r->out.n = 0;
		rig_receive(r, "REGISTER", "2", "");
		rig_want(r, "0 request REGISTER\n");
		rig_receive(r, "REGISTER", "3", "");
		rig_want(r, "0 send 482 REGISTER\n");
		rig_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_cancel_derived_tag),
		cmocka_unit_test(test_cancel_late),
		cmocka_unit_test(test_cancel_of_nothing),
		cmocka_unit_test(test_cancel_in_dialog),
		cmocka_unit_test(test_merged),
		cmocka_unit_test(test_merged_after_challenge),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
