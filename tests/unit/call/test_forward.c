/* A callee who forwards: what leads back to ROUTING, and what stands when that comes to nothing. */
#include "steps.h"

#define BIT(kind) (1 << FORWARD_##kind)

/* A call whose phones ring, and whose callee forwards on those kinds. */
static struct call ringing(uint8_t phones, uint8_t armed)
{
	struct call c;
	call_init(&c, 1, id_make(0, 1, 1));
	ev(&c, (struct call_event){.kind = CALL_EV_TRY});
	ev(&c, (struct call_event){.kind = CALL_EV_ROUTED, .count = phones});
	for (uint8_t i = 0; i < phones; i++)
		ev(&c, (struct call_event){.kind = CALL_EV_RING, .branch = i, .code = 180});
	c.armed = armed;
	return c;
}

static void says_no(struct call *c, uint8_t branch, int code)
{
	ev(c, (struct call_event){.kind = CALL_EV_FAIL, .branch = branch, .code = code});
}

static void silent(struct call *c, uint8_t branch, enum call_cause cause)
{
	ev(c, (struct call_event){.kind = CALL_EV_FAIL, .branch = branch, .cause = cause});
}

/* Each outcome with each set of kinds: the one that applies, or the refusal. */
static void test_which_applies(void **state)
{
	static const struct {
		int code;
		enum call_cause cause;
		uint8_t kinds[2], kind_count; /* that apply, the first before the second */
	} rows[] = {
		{486, 0, {FORWARD_BUSY}, 1},
		{600, 0, {FORWARD_BUSY}, 1},
		{480, 0, {FORWARD_NO_ANSWER}, 1},
		{302, 0, {FORWARD_DEFLECTED}, 1},
		{603, 0, {0}, 0},
		{404, 0, {0}, 0},
		{0, CAUSE_NO_RESPONSE, {FORWARD_NOT_REGISTERED, FORWARD_NO_ANSWER}, 2},
		{0, CAUSE_NO_ADDRESS, {FORWARD_NOT_REGISTERED, FORWARD_NO_ANSWER}, 2},
		{0, CAUSE_NO_MEDIA_PORT, {0}, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (uint8_t armed = 0; armed < 1 << FORWARD_TRANSFERRED; armed++) {
			struct call c = ringing(1, armed);
			int want = -1;
			for (int k = rows[i].kind_count - 1; k >= 0; k--) {
				if (armed >> rows[i].kinds[k] & 1)
					want = rows[i].kinds[k];
			}
			if (rows[i].code)
				says_no(&c, 0, rows[i].code);
			else
				silent(&c, 0, rows[i].cause);
			const struct call_order *o = ordered(ORDER_FORWARD);
			assert_int_equal(o ? (int)o->forward : -1, want);
			assert_int_equal(ordered(ORDER_ANNOUNCE) != NULL, want < 0);
			assert_int_equal(c.state, want < 0 ? CALL_ANNOUNCING : CALL_ROUTING);
		}
	}
}

/* All who ring stop; who answers all the same is hung up on. */
static void test_no_answer(void **state)
{
	struct call c = ringing(2, BIT(NO_ANSWER));
	(void)state;
	ev(&c, (struct call_event){.kind = CALL_EV_RING_LIMIT});
	assert_int_equal(orders.count, 3);
	assert_int_equal(orders.v[0].kind, ORDER_CANCEL_BRANCH);
	assert_int_equal(orders.v[0].cause, CAUSE_NO_ANSWER);
	assert_int_equal(orders.v[1].kind, ORDER_CANCEL_BRANCH);
	assert_int_equal(orders.v[2].kind, ORDER_FORWARD);
	says_no(&c, 0, 487); /* one that was not sent yet ends at once */
	assert_int_equal(orders.count, 0);
	ev(&c, (struct call_event){.kind = CALL_EV_CONNECT, .branch = 1});
	assert_non_null(ordered(ORDER_BYE_BRANCH));
	ev(&c, (struct call_event){.kind = CALL_EV_ROUTED, .count = 2});
	assert_int_equal(c.first_branch, 2);
	assert_int_equal(c.branch_count, 4);
	assert_int_equal(orders.v[0].kind, ORDER_START_BRANCH);
	assert_int_equal(orders.v[0].branch, 2);
	ev(&c, (struct call_event){.kind = CALL_EV_CONNECT, .branch = 3});
	assert_int_equal(c.winner, 3);
	assert_int_equal(ordered(ORDER_CANCEL_BRANCH)->branch, 2);
}

/* What is said of the target is what the caller hears, not what the first callee said. */
static void test_target_refuses(void **state)
{
	struct call c = ringing(1, BIT(BUSY));
	(void)state;
	says_no(&c, 0, 486);
	ev(&c, (struct call_event){.kind = CALL_EV_ROUTED, .count = 1});
	says_no(&c, 1, 404);
	assert_non_null(ordered(ORDER_ANNOUNCE));
	assert_int_equal(c.sip_code, 480);
	assert_int_equal(c.cause, CAUSE_PHONE_REFUSED);
}

static void test_comes_to_nothing(void **state)
{
	struct call c = ringing(1, BIT(BUSY));
	(void)state;
	says_no(&c, 0, 600);
	ev(&c, (struct call_event){
		       .kind = CALL_EV_ROUTED, .stands = true, .cause = CAUSE_FORWARD_LOOP});
	assert_int_equal(c.sip_code, 486);
	assert_int_equal(c.cause, CAUSE_BUSY);
	assert_int_equal(c.ended_by, CALL_CALLEE);
	c = ringing(1, BIT(BUSY)); /* it was forwarded, but the target is not there */
	says_no(&c, 0, 486);
	ev(&c, (struct call_event){.kind = CALL_EV_ROUTED, .cause = CAUSE_NOT_REGISTERED});
	assert_int_equal(c.sip_code, 480);
	assert_int_equal(c.cause, CAUSE_NOT_REGISTERED);
}

/* One that forwards once does not so again for the same callee. */
static void test_once(void **state)
{
	struct call c = ringing(1, BIT(BUSY) | BIT(NO_ANSWER));
	(void)state;
	says_no(&c, 0, 486);
	ev(&c, (struct call_event){.kind = CALL_EV_ROUTED, .count = 1});
	says_no(&c, 1, 486);
	assert_null(ordered(ORDER_FORWARD));
	assert_non_null(ordered(ORDER_ANNOUNCE));
}

static void test_caller_hangs_up(void **state)
{
	struct call c = ringing(2, BIT(BUSY));
	(void)state;
	says_no(&c, 0, 486);
	assert_null(ordered(ORDER_FORWARD)); /* the other one still rings */
	says_no(&c, 1, 486);
	assert_non_null(ordered(ORDER_FORWARD));
	ev(&c, (struct call_event){.kind = CALL_EV_CANCEL});
	assert_non_null(ordered(ORDER_FINISH));
	assert_null(ordered(ORDER_CANCEL_BRANCH));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_applies),  cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_target_refuses), cmocka_unit_test(test_comes_to_nothing),
		cmocka_unit_test(test_once),	       cmocka_unit_test(test_caller_hangs_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
