/* A party of an answered call sends the other one on. */
#include "steps.h"

static struct call talking(void)
{
	struct call c;
	call_init(&c, 1, id_make(0, 1, 1));
	ev(&c, (struct call_event){.kind = CALL_EV_TRY});
	ev(&c, (struct call_event){.kind = CALL_EV_ROUTED, .count = 1});
	ev(&c, (struct call_event){.kind = CALL_EV_CONNECT, .branch = 0});
	return c;
}

static struct call transferring(enum call_side by, uint8_t count)
{
	struct call c = talking();
	ev(&c, (struct call_event){.kind = CALL_EV_TRANSFER, .side = by, .count = count});
	assert_int_equal(c.transfer, CALL_TRANSFER_RINGING);
	assert_int_equal(orders.count, count);
	assert_int_equal(orders.v[0].kind, ORDER_START_BRANCH);
	assert_int_equal(c.state, CALL_ANSWERED);
	return c;
}

static struct call joining(enum call_side by)
{
	struct call c = transferring(by, 2);
	ev(&c, (struct call_event){.kind = CALL_EV_RING, .branch = 1, .code = 180});
	assert_int_equal(ordered(ORDER_TRANSFER_RINGS)->code, 180);
	ev(&c, (struct call_event){.kind = CALL_EV_CONNECT, .branch = 2});
	assert_int_equal(ordered(ORDER_JOIN)->branch, 2);
	assert_int_equal(ordered(ORDER_CANCEL_BRANCH)->branch, 1);
	assert_int_equal(c.winner, 0);
	return c;
}

static void hangs_up(struct call *c, enum call_side side)
{
	ev(c, (struct call_event){.kind = CALL_EV_BYE, .side = side});
}

static void test_callee(void **state)
{
	struct call c = joining(CALL_CALLEE);
	(void)state;
	ev(&c, (struct call_event){.kind = CALL_EV_JOINED});
	assert_int_equal(orders.v[0].kind, ORDER_TRANSFERRED);
	assert_int_equal(ordered(ORDER_BYE_BRANCH)->branch, 0);
	assert_null(ordered(ORDER_TAKE_PLACE));
	assert_int_equal(c.winner, 2);
	assert_int_equal(c.transfer, CALL_NO_TRANSFER);
	hangs_up(&c, CALL_CALLER);
	assert_int_equal(ordered(ORDER_BYE_BRANCH)->branch, 2);
	assert_non_null(ordered(ORDER_FINISH));
}

static void test_caller(void **state)
{
	struct call c = joining(CALL_CALLER);
	(void)state;
	ev(&c, (struct call_event){.kind = CALL_EV_JOINED});
	assert_non_null(ordered(ORDER_BYE_CALLER));
	assert_int_equal(orders.v[orders.count - 1].kind, ORDER_TAKE_PLACE);
	assert_int_equal(c.winner, 0);
	hangs_up(&c, CALL_CALLEE);
	assert_non_null(ordered(ORDER_BYE_CALLER));
}

/* The transferor hangs up at once: the call depends on the target then. */
static void test_leaves(void **state)
{
	struct call c = transferring(CALL_CALLEE, 1);
	(void)state;
	hangs_up(&c, CALL_CALLEE);
	assert_int_equal(orders.count, 1);
	assert_non_null(ordered(ORDER_LEAVE));
	ev(&c, (struct call_event){.kind = CALL_EV_CONNECT, .branch = 1});
	ev(&c, (struct call_event){.kind = CALL_EV_JOINED});
	assert_null(ordered(ORDER_BYE_BRANCH));
	c = transferring(CALL_CALLEE, 1);
	hangs_up(&c, CALL_CALLEE);
	ev(&c, (struct call_event){.kind = CALL_EV_FAIL, .branch = 1, .code = 486});
	assert_int_equal(ordered(ORDER_NOT_TRANSFERRED)->code, 486);
	assert_int_equal(ordered(ORDER_BYE_CALLER)->cause, CAUSE_BUSY);
	assert_null(ordered(ORDER_BYE_BRANCH));
	assert_non_null(ordered(ORDER_FINISH));
}

static void test_target_refuses(void **state)
{
	struct call c = transferring(CALL_CALLER, 2);
	(void)state;
	ev(&c, (struct call_event){.kind = CALL_EV_FAIL, .branch = 1, .code = 480});
	assert_int_equal(orders.count, 0);
	ev(&c, (struct call_event){.kind = CALL_EV_FAIL, .branch = 2, .code = 486});
	assert_int_equal(ordered(ORDER_NOT_TRANSFERRED)->code, 486);
	assert_int_equal(orders.count, 1);
	assert_int_equal(c.state, CALL_ANSWERED);
	assert_int_equal(c.transfer, CALL_NO_TRANSFER);
	c = talking();
	ev(&c, (struct call_event){.kind = CALL_EV_TRANSFER,
				   .side = CALL_CALLEE,
				   .cause = CAUSE_NOT_REGISTERED});
	assert_int_equal(ordered(ORDER_NOT_TRANSFERRED)->code, 480);
	c = transferring(CALL_CALLER, 1);
	ev(&c, (struct call_event){.kind = CALL_EV_RING_LIMIT});
	assert_non_null(ordered(ORDER_CANCEL_BRANCH));
	assert_int_equal(ordered(ORDER_NOT_TRANSFERRED)->cause, CAUSE_NO_ANSWER);
}

/* A trunk is given up for another one. */
static void test_another_trunk(void **state)
{
	struct call c = transferring(CALL_CALLER, 1);
	(void)state;
	ev(&c, (struct call_event){.kind = CALL_EV_FAIL, .branch = 1, .code = 503, .more = true});
	assert_int_equal(ordered(ORDER_START_BRANCH)->branch, 2);
	ev(&c, (struct call_event){.kind = CALL_EV_REROUTE, .branch = 2});
	assert_int_equal(ordered(ORDER_START_BRANCH)->branch, 3);
	assert_int_equal(ordered(ORDER_CANCEL_BRANCH)->branch, 2);
}

static void test_not_joined(void **state)
{
	struct call c = joining(CALL_CALLER);
	(void)state;
	ev(&c,
	   (struct call_event){.kind = CALL_EV_UNJOINED, .code = 488, .cause = CAUSE_BAD_OFFER});
	assert_int_equal(ordered(ORDER_BYE_BRANCH)->branch, 2);
	assert_int_equal(ordered(ORDER_NOT_TRANSFERRED)->code, 488);
	assert_int_equal(c.state, CALL_ANSWERED);
	ev(&c, (struct call_event){.kind = CALL_EV_JOINED}); /* too late */
	assert_int_equal(orders.count, 0);
	c = joining(CALL_CALLER); /* the target hangs up before it is joined */
	ev(&c, (struct call_event){.kind = CALL_EV_FAIL, .branch = 2, .cause = CAUSE_NO_ANSWER});
	assert_null(ordered(ORDER_BYE_BRANCH));
	assert_non_null(ordered(ORDER_NOT_TRANSFERRED));
}

static void test_remaining_hangs_up(void **state)
{
	struct call c = transferring(CALL_CALLEE, 1);
	(void)state;
	hangs_up(&c, CALL_CALLER);
	assert_int_equal(orders.v[0].kind, ORDER_NOT_TRANSFERRED);
	assert_int_equal(ordered(ORDER_BYE_BRANCH)->branch, 0);
	assert_int_equal(ordered(ORDER_CANCEL_BRANCH)->branch, 1);
	assert_non_null(ordered(ORDER_FINISH));
	c = joining(CALL_CALLEE);
	hangs_up(&c, CALL_CALLEE);
	hangs_up(&c, CALL_CALLER);
	assert_int_equal(ordered(ORDER_BYE_BRANCH)->branch, 2);
	assert_null(ordered(ORDER_BYE_CALLER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_callee),
		cmocka_unit_test(test_caller),
		cmocka_unit_test(test_leaves),
		cmocka_unit_test(test_target_refuses),
		cmocka_unit_test(test_another_trunk),
		cmocka_unit_test(test_not_joined),
		cmocka_unit_test(test_remaining_hangs_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
