#include "base/rng.h"
#include "call/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct call_orders orders;

static bool ev(struct call *c, struct call_event e)
{
	return call_step(c, &e, &orders);
}

static int count(enum call_order_kind kind)
{
	int n = 0;

	for (uint32_t i = 0; i < orders.count; i++)
		n += orders.v[i].kind == kind;
	return n;
}

/* A call whose phones all ring. */
static struct call ringing(uint8_t phones)
{
	struct call c;

	call_init(&c, 1, id_make(0, 1, 1));
	assert_true(ev(&c, (struct call_event){.kind = CALL_EV_TRY}));
	assert_int_equal(count(ORDER_ROUTE), 1);
	assert_true(ev(&c, (struct call_event){.kind = CALL_EV_ROUTED, .count = phones}));
	assert_int_equal(count(ORDER_START_BRANCH), phones);
	for (uint8_t i = 0; i < phones; i++) {
		assert_true(ev(
			&c, (struct call_event){.kind = CALL_EV_RING, .branch = i, .code = 180}));
		assert_int_equal(count(ORDER_RING_CALLER), 1);
	}
	return c;
}

static void answer(struct call *c, uint8_t branch)
{
	assert_true(
		ev(c, (struct call_event){.kind = CALL_EV_CONNECT, .branch = branch, .code = 200}));
}

static void says_no(struct call *c, uint8_t branch, int code)
{
	assert_true(
		ev(c, (struct call_event){.kind = CALL_EV_FAIL, .branch = branch, .code = code}));
}

/* The caller was told why, or could not be: now the refusal. */
static void announced(struct call *c, int code)
{
	assert_int_equal(count(ORDER_ANNOUNCE), 1);
	assert_int_equal(count(ORDER_REFUSE_CALLER) + count(ORDER_FINISH), 0);
	assert_true(call_is_live(c));
	assert_true(ev(c, (struct call_event){.kind = CALL_EV_ANNOUNCED}));
	assert_int_equal(count(ORDER_REFUSE_CALLER), 1);
	assert_int_equal(count(ORDER_FINISH), 1);
	assert_int_equal(c->sip_code, code);
	assert_false(call_is_live(c));
}

static void test_refused_by_route(void **state)
{
	struct call c;

	(void)state;
	call_init(&c, 1, id_make(0, 1, 1));
	ev(&c, (struct call_event){.kind = CALL_EV_TRY});
	ev(&c, (struct call_event){.kind = CALL_EV_ROUTED, .cause = CAUSE_NO_CHANNEL});
	announced(&c, 503);
	assert_int_equal(c.cause, CAUSE_NO_CHANNEL);
	assert_int_equal(c.ended_by, CALL_SERVER);
}

/* Whoever hangs up while being told why was refused all the same. */
static void test_announced_enough(void **state)
{
	static const struct call_event ways[] = {
		{.kind = CALL_EV_CANCEL},
		{.kind = CALL_EV_BYE, .side = CALL_CALLER},
		{.kind = CALL_EV_LOST, .side = CALL_CALLER, .cause = CAUSE_SIGNALLING_LOST},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct call c = ringing(1);
		says_no(&c, 0, 486);
		assert_int_equal(count(ORDER_ANNOUNCE), 1);
		assert_true(ev(&c, ways[i]));
		assert_int_equal(count(ORDER_REFUSE_CALLER), 1);
		assert_int_equal(count(ORDER_FINISH), 1);
		assert_int_equal(c.sip_code, 487);
		assert_int_equal(c.cause, CAUSE_BUSY);
		assert_int_equal(c.ended_by, CALL_CALLER);
	}
}

/* Nobody but the caller changes what becomes of it: it is decided. */
static void test_announced_anyway(void **state)
{
	struct call c = ringing(2);

	(void)state;
	ev(&c, (struct call_event){.kind = CALL_EV_RING_LIMIT});
	answer(&c, 0); /* too late */
	assert_int_equal(count(ORDER_BYE_BRANCH), 1);
	assert_int_equal(count(ORDER_CONNECT), 0);
	says_no(&c, 1, 487);
	assert_int_equal(orders.count, 0);
	ev(&c, (struct call_event){.kind = CALL_EV_BYE, .side = CALL_CALLEE});
	assert_int_equal(orders.count, 0);
	ev(&c, (struct call_event){.kind = CALL_EV_END, .cause = CAUSE_OPERATOR});
	assert_int_equal(count(ORDER_REFUSE_CALLER), 1);
	assert_int_equal(c.cause, CAUSE_NO_ANSWER);
}

static void test_served(void **state)
{
	struct call c;

	(void)state;
	call_init(&c, 1, id_make(0, 1, 1));
	ev(&c, (struct call_event){.kind = CALL_EV_TRY});
	ev(&c, (struct call_event){.kind = CALL_EV_ROUTED, .service = true});
	assert_int_equal(count(ORDER_SERVE), 1);
	assert_int_equal(c.state, CALL_ANSWERED);
	ev(&c, (struct call_event){.kind = CALL_EV_BYE, .side = CALL_CALLER});
	assert_int_equal(count(ORDER_BYE_CALLER), 0);
	assert_int_equal(count(ORDER_FINISH), 1);
}

static void test_one_answers(void **state)
{
	struct call c = ringing(3);

	(void)state;
	answer(&c, 1);
	assert_int_equal(count(ORDER_CONNECT), 1);
	assert_int_equal(count(ORDER_CANCEL_BRANCH), 2);
	assert_int_equal(c.winner, 1);
	says_no(&c, 0, 487);
	assert_int_equal(orders.count, 0);
	answer(&c, 2); /* its 200 crossed our CANCEL */
	assert_int_equal(count(ORDER_BYE_BRANCH), 1);
	assert_true(ev(&c, (struct call_event){.kind = CALL_EV_BYE, .side = CALL_CALLEE}));
	assert_int_equal(count(ORDER_BYE_CALLER), 1);
	assert_int_equal(count(ORDER_BYE_BRANCH), 0);
	assert_int_equal(count(ORDER_FINISH), 1);
	assert_int_equal(c.sip_code, 200);
}

static void test_all_refuse(void **state)
{
	static const struct {
		int codes[3], told;
	} rows[] = {
		{{486, 486, 486}, 486}, {{480, 486, 408}, 486}, {{408, 480, 404}, 480},
		{{500, 408, 408}, 500}, {{302, 408, 408}, 480},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct call c = ringing(3);

		says_no(&c, 0, rows[i].codes[0]);
		says_no(&c, 1, rows[i].codes[1]);
		assert_int_equal(count(ORDER_ANNOUNCE), 0);
		says_no(&c, 2, rows[i].codes[2]);
		announced(&c, rows[i].told);
	}
}

/* What one phone says is not always fit for the caller's ears (RFC 3261 §16.7 on 503). */
static void test_codes_for_the_caller(void **state)
{
	static const struct {
		int phone, caller;
		enum call_cause cause;
	} rows[] = {
		{486, 486, CAUSE_BUSY},		 {600, 486, CAUSE_BUSY},
		{603, 603, CAUSE_DECLINED},	 {480, 480, CAUSE_NO_ANSWER},
		{408, 480, CAUSE_NO_RESPONSE},	 {302, 480, CAUSE_REDIRECTED},
		{401, 480, CAUSE_PHONE_REFUSED}, {407, 480, CAUSE_PHONE_REFUSED},
		{420, 480, CAUSE_PHONE_REFUSED}, {503, 500, CAUSE_PHONE_REFUSED},
		{488, 488, CAUSE_PHONE_REFUSED}, {606, 606, CAUSE_PHONE_REFUSED},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int code = 0;
		assert_int_equal(call_cause_of_response(rows[i].phone, &code), rows[i].cause);
		assert_int_equal(code, rows[i].caller);
	}
}

static void test_declined_ends_all(void **state)
{
	struct call c = ringing(2);

	(void)state;
	says_no(&c, 0, 603);
	assert_int_equal(c.sip_code, 603);
	assert_int_equal(count(ORDER_CANCEL_BRANCH), 1);
}

static void test_cancel_crossed_by_answer(void **state)
{
	struct call c = ringing(1);

	(void)state;
	assert_true(ev(&c, (struct call_event){.kind = CALL_EV_CANCEL}));
	assert_int_equal(c.sip_code, 487);
	assert_int_equal(count(ORDER_CANCEL_BRANCH), 1);
	answer(&c, 0);
	assert_int_equal(count(ORDER_BYE_BRANCH), 1);
	assert_int_equal(count(ORDER_FINISH), 0);
}

/* Events of branches that were never started are of nobody: no order may name one. */
static void test_no_such_branch(void **state)
{
	static const enum call_event_kind kinds[] = {CALL_EV_RING, CALL_EV_CONNECT, CALL_EV_FAIL};
	struct call c = ringing(2);

	(void)state;
	for (int ended = 0; ended < 2; ended++) {
		for (int i = 0; i < 3; i++) {
			struct call_event e = {.kind = kinds[i], .branch = 2, .code = 600};
			assert_false(ev(&c, e));
			assert_int_equal(orders.count, 0);
		}
		ev(&c, (struct call_event){.kind = CALL_EV_CANCEL});
	}
}

static void test_ring_limit(void **state)
{
	struct call c = ringing(2);

	(void)state;
	assert_true(ev(&c, (struct call_event){.kind = CALL_EV_RING_LIMIT}));
	assert_int_equal(c.sip_code, 480);
	assert_int_equal(c.cause, CAUSE_NO_ANSWER);
	assert_int_equal(count(ORDER_CANCEL_BRANCH), 2);
}

/* Whatever comes in whatever order: no assertion fails, and a call finishes at most once and never
 * comes back. */
static void test_any_order(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, (const uint8_t[RNG_SEED_BYTES]){7});
	for (int round = 0; round < 20000; round++) {
		struct call c;
		int finished = 0;

		call_init(&c, 1, id_make(0, 1, 1));
		for (int i = 0; i < 20; i++) {
			struct call_event e = {
				.kind = (enum call_event_kind)rng_below(&rng, CALL_EVENTS),
				.side = (enum call_side)rng_below(&rng, 3),
				.cause = (enum call_cause)rng_below(&rng, CALL_CAUSES),
				.count = (uint8_t)rng_below(&rng, 4),
			};
			e.branch = c.branch_count ? (uint8_t)rng_below(&rng, c.branch_count) : 0;
			e.code = e.kind == CALL_EV_FAIL ? (int)rng_below(&rng, 400) + 300 : 180;
			bool was_live = call_is_live(&c);
			ev(&c, e);
			finished += count(ORDER_FINISH);
			assert_true(was_live || !call_is_live(&c));
			assert_int_equal(finished, !call_is_live(&c));
		}
	}
}

static void fails(struct call *c, uint8_t branch, int code, enum call_cause cause, bool more)
{
	assert_true(ev(c, (struct call_event){.kind = CALL_EV_FAIL,
					      .branch = branch,
					      .code = code,
					      .cause = cause,
					      .judged = true,
					      .more = more}));
}

/* One trunk after the other: the caller hears of the last one, in its own words. */
static void test_another_takes_its_place(void **state)
{
	struct call c = ringing(1);

	(void)state;
	fails(&c, 0, 503, CAUSE_NO_TRUNK, true);
	assert_int_equal(count(ORDER_START_BRANCH), 1);
	assert_int_equal(orders.v[0].branch, 1);
	assert_int_equal(count(ORDER_REFUSE_CALLER), 0);
	fails(&c, 1, 404, CAUSE_UNALLOCATED, false);
	announced(&c, 404);
	assert_int_equal(c.sip_code, 404);
	assert_int_equal(c.cause, CAUSE_UNALLOCATED);
}

/* The one that was given up answers late: it is hung up on, and the call goes on. */
static void test_rerouted(void **state)
{
	struct call c = ringing(1);

	(void)state;
	assert_true(ev(&c, (struct call_event){.kind = CALL_EV_REROUTE, .branch = 0}));
	assert_int_equal(count(ORDER_START_BRANCH), 1);
	assert_int_equal(count(ORDER_CANCEL_BRANCH), 1);
	answer(&c, 0);
	assert_int_equal(count(ORDER_BYE_BRANCH), 1);
	assert_int_equal(count(ORDER_CONNECT), 0);
	answer(&c, 1);
	assert_int_equal(count(ORDER_CONNECT), 1);
	assert_int_equal(c.winner, 1);
}

static void test_no_end_of_ways(void **state)
{
	struct call c = ringing(1);

	(void)state;
	for (uint8_t i = 0; i < CALL_BRANCHES_MAX - 1; i++)
		fails(&c, i, 503, CAUSE_NO_TRUNK, true);
	assert_true(call_is_live(&c));
	fails(&c, CALL_BRANCHES_MAX - 1, 503, CAUSE_NO_TRUNK, true);
	announced(&c, 503);
	assert_false(call_is_live(&c));
}

static void test_what_the_network_says(void **state)
{
	static const struct {
		int code, q850;
		enum call_cause cause;
		int passed;
	} rows[] = {
		{404, 0, CAUSE_UNALLOCATED, 404},
		{480, 1, CAUSE_UNALLOCATED, 404},
		{604, 0, CAUSE_UNALLOCATED, 404},
		{486, 0, CAUSE_BUSY, 486},
		{600, 0, CAUSE_BUSY, 486},
		{480, 17, CAUSE_BUSY, 486},
		{480, 19, CAUSE_NO_ANSWER, 480},
		{480, 0, CAUSE_NO_ANSWER, 480},
		{484, 0, CAUSE_INCOMPLETE, 484},
		{603, 0, CAUSE_DECLINED, 603},
		{403, 0, CAUSE_NETWORK_REFUSED, 403},
		{488, 0, CAUSE_NETWORK_REFUSED, 488},
		{606, 0, CAUSE_NETWORK_REFUSED, 606},
		{302, 0, CAUSE_NETWORK_REFUSED, 480},
		{400, 0, CAUSE_NETWORK_REFUSED, 480},
		{420, 0, CAUSE_NETWORK_REFUSED, 480},
		{503, 0, CAUSE_NO_TRUNK, 503},
		{500, 0, CAUSE_NO_TRUNK, 503},
		{408, 0, CAUSE_NO_TRUNK, 503},
		{407, 0, CAUSE_NO_TRUNK, 503},
		{503, 34, CAUSE_NO_TRUNK, 503},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int passed = 0;
		assert_int_equal(call_cause_of_network(rows[i].code, rows[i].q850, &passed),
				 rows[i].cause);
		assert_int_equal(passed, rows[i].passed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_by_route),
		cmocka_unit_test(test_announced_enough),
		cmocka_unit_test(test_announced_anyway),
		cmocka_unit_test(test_served),
		cmocka_unit_test(test_one_answers),
		cmocka_unit_test(test_all_refuse),
		cmocka_unit_test(test_declined_ends_all),
		cmocka_unit_test(test_cancel_crossed_by_answer),
		cmocka_unit_test(test_no_such_branch),
		cmocka_unit_test(test_ring_limit),
		cmocka_unit_test(test_codes_for_the_caller),
		cmocka_unit_test(test_another_takes_its_place),
		cmocka_unit_test(test_rerouted),
		cmocka_unit_test(test_no_end_of_ways),
		cmocka_unit_test(test_what_the_network_says),
		cmocka_unit_test(test_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
