/*
 * Any sequence of events into a call. Whatever comes, and in whichever order: it finishes exactly
 * once, the caller is answered exactly once, orders name branches that exist, every branch that was
 * started and did not refuse is ended, and a finished call orders nothing but hanging up on
 * latecomers. It goes back to finding its way only to be forwarded. Of transfers: one at a time,
 * each comes to one outcome, and none is left when the call ends; who has left is not hung up on.
 */
#include "call/call.h"
#include "fuzz.h"

struct told {
	unsigned finished, answered, announced, refused, routed, bye_caller;
	unsigned started[CALL_BRANCHES_MAX], cancelled[CALL_BRANCHES_MAX],
		hung_up[CALL_BRANCHES_MAX];
	bool transferring, caller_left;
	bool live[CALL_BRANCHES_MAX]; /* started, has not refused, was not ended */
};

static bool names_branch(enum call_order_kind kind)
{
	return kind == ORDER_START_BRANCH || kind == ORDER_RING_CALLER || kind == ORDER_CONNECT ||
	       kind == ORDER_CANCEL_BRANCH || kind == ORDER_BYE_BRANCH ||
	       kind == ORDER_TRANSFER_RINGS || kind == ORDER_JOIN || kind == ORDER_TRANSFERRED ||
	       kind == ORDER_TAKE_PLACE;
}

static void order_take(const struct call *c, const struct call_order *o, struct told *t)
{
	if (names_branch(o->kind))
		FUZZ_CHECK(o->branch < c->branch_count);
	switch (o->kind) {
	case ORDER_ROUTE:
		FUZZ_CHECK(++t->routed == 1);
		break;
	case ORDER_FORWARD:
		FUZZ_CHECK(c->state == CALL_ROUTING && !t->answered && !t->refused);
		FUZZ_CHECK(o->forward < FORWARD_WAYS && c->armed == 0);
		break;
	case ORDER_START_BRANCH:
		FUZZ_CHECK(++t->started[o->branch] == 1);
		t->live[o->branch] = true;
		break;
	case ORDER_RING_CALLER:
		FUZZ_CHECK(o->code > 100 && o->code < 200 && !t->answered && !t->refused);
		break;
	case ORDER_ANNOUNCE:
		FUZZ_CHECK(++t->announced == 1 && !t->answered && !t->refused);
		break;
	case ORDER_SERVE:
		FUZZ_CHECK(c->branch_count == 0);
		/* fall through */
	case ORDER_CONNECT:
		FUZZ_CHECK(++t->answered == 1 && !t->refused);
		break;
	case ORDER_REFUSE_CALLER:
		FUZZ_CHECK(++t->refused == 1 && !t->answered && o->code >= 300 && o->code < 700);
		break;
	case ORDER_CANCEL_BRANCH:
		FUZZ_CHECK(t->live[o->branch] && ++t->cancelled[o->branch] == 1);
		t->live[o->branch] = false;
		break;
	case ORDER_BYE_CALLER:
		FUZZ_CHECK(++t->bye_caller == 1 && t->answered && !t->caller_left);
		break;
	case ORDER_BYE_BRANCH:
		FUZZ_CHECK(t->started[o->branch]);
		t->hung_up[o->branch]++;
		t->live[o->branch] = false;
		break;
	case ORDER_TRANSFER_RINGS:
	case ORDER_JOIN:
		FUZZ_CHECK(t->transferring && t->live[o->branch]);
		break;
	case ORDER_LEAVE:
		FUZZ_CHECK(t->transferring && c->left);
		t->caller_left |= c->transferor == CALL_CALLER;
		break;
	case ORDER_TRANSFERRED:
		FUZZ_CHECK(t->transferring && t->live[o->branch]);
		t->transferring = false;
		break;
	case ORDER_TAKE_PLACE: /* a caller of its own, who has not been hung up on */
		t->live[o->branch] = t->caller_left = false;
		t->bye_caller = 0;
		break;
	case ORDER_NOT_TRANSFERRED:
		FUZZ_CHECK(t->transferring && o->code >= 300 && o->code < 700);
		t->transferring = false;
		break;
	case ORDER_FINISH:
		FUZZ_CHECK(++t->finished == 1 && !t->transferring);
		break;
	}
}

/* What a shard may tell: codes of the kind that the event is of, causes of the table; no more
 * branches than there is room for, and a service only as the first thing. */
static struct call_event event_of(const struct call *c, const uint8_t *p)
{
	struct call_event ev = {
		.kind = (enum call_event_kind)(p[0] % CALL_EVENTS),
		.branch = p[1] & 15,
		.count = (uint8_t)(p[1] % (CALL_BRANCHES_MAX - c->branch_count + 1)),
		.service = p[1] % 16 == 0 && c->branch_count == 0,
		.stands = p[2] & 4 && c->branch_count,
		.side = (enum call_side)(p[1] % 3),
		.cause = (enum call_cause)(p[2] % CALL_CAUSES),
	};

	if (ev.kind == CALL_EV_RING)
		ev.code = 101 + p[2] % 99;
	if (ev.kind == CALL_EV_FAIL && p[2] & 1)
		ev.code = 300 + p[2] % 8 * 50 + p[2] % 50;
	if (ev.kind == CALL_EV_UNJOINED)
		ev.code = 300 + p[2] % 8 * 50 + p[2] % 50;
	if (ev.kind == CALL_EV_TRANSFER && ev.side == CALL_SERVER)
		ev.side = CALL_CALLER;
	ev.judged = p[2] & 2;
	ev.more = p[1] & 64;
	if (ev.cause == CAUSE_NORMAL || ev.cause == CAUSE_ELSEWHERE)
		ev.cause = CAUSE_NO_RESPONSE;
	return ev;
}

/* The phone has answered, refused or hung up: nothing is left there to end. */
static void phone_ended(const struct call *c, const struct call_event *ev, struct told *t)
{
	if (ev->kind == CALL_EV_FAIL && ev->branch < CALL_BRANCHES_MAX && ev->branch != c->winner)
		t->live[ev->branch] = false;
	if (ev->kind == CALL_EV_BYE && ev->side == CALL_CALLEE && c->winner < CALL_BRANCHES_MAX)
		t->live[c->winner] = false;
	if (ev->kind == CALL_EV_TRANSFER && c->state == CALL_ANSWERED &&
	    c->winner < CALL_BRANCHES_MAX)
		t->transferring = true;
}

/* How far it has come: a refusal is announced before it is said. */
static int progress(uint8_t state)
{
	return state == CALL_ENDING ? CALL_STATES : state;
}

static bool is_forwarded(const struct call_orders *o)
{
	return o->count && o->v[o->count - 1].kind == ORDER_FORWARD;
}

static void step(struct call *c, const struct call_event *ev, struct told *t)
{
	static struct call_orders o;
	struct call before = *c;
	bool taken = call_step(c, ev, &o);

	FUZZ_CHECK(o.count <= CALL_ORDERS_MAX && (taken || o.count == 0));
	FUZZ_CHECK(progress(c->state) >= progress(before.state) || is_forwarded(&o));
	if (taken)
		phone_ended(&before, ev, t);
	for (uint32_t i = 0; i < o.count; i++) {
		order_take(c, &o.v[i], t);
		FUZZ_CHECK(!before.finished || o.v[i].kind == ORDER_BYE_BRANCH);
	}
	FUZZ_CHECK(c->finished == (c->state == CALL_ENDING) && t->finished == c->finished);
}

/* At last: ended by us, if it was not. A channel that was held at ORDER_FINISH goes back there. */
static void check_end(struct call *c, struct told *t)
{
	step(c, &(struct call_event){.kind = CALL_EV_END, .cause = CAUSE_OPERATOR}, t);
	FUZZ_CHECK(c->state == CALL_ENDING && t->finished == 1);
	FUZZ_CHECK(t->answered + t->refused == 1);
	for (int i = 0; i < CALL_BRANCHES_MAX; i++)
		FUZZ_CHECK(!t->live[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct told t = {0};
	struct call c;

	call_init(&c, 1, id_make(0, 1, 1));
	if (size && data[0] & 1) /* most sequences begin as calls do */
		step(&c, &(struct call_event){.kind = CALL_EV_TRY}, &t);
	for (size_t i = 1; i + 3 <= size && i < 600; i += 3) {
		struct call_event ev = event_of(&c, data + i);
		if (ev.kind == CALL_EV_ROUTED) /* the shard's: what the callee has set */
			c.armed = data[i + 2] >> 3;
		step(&c, &ev, &t);
	}
	check_end(&c, &t);
	return 0;
}
