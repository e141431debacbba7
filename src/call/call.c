#include "call/call_priv.h"

#include <assert.h>

static const char *const state_names[CALL_STATES] = {
#define X(name) #name,
	CALL_STATE_TABLE(X)
#undef X
};

static const char *const event_names[CALL_EVENTS] = {
#define X(name) #name,
	CALL_EVENT_TABLE(X)
#undef X
};

const char *call_state_name(enum call_state s)
{
	return state_names[s];
}

const char *call_event_name(enum call_event_kind k)
{
	return event_names[k];
}

const char *call_side_name(enum call_side side)
{
	static const char *const names[] = {"caller", "callee", "server"};
	return names[side];
}

const char *call_direction_name(enum call_direction d)
{
	static const char *const names[] = {"internal", "out", "in"};
	return names[d];
}

void call_init(struct call *c, uint64_t uid, struct id id)
{
	*c = (struct call){.uid = uid, .id = id, .winner = CALL_BRANCHES_MAX, .state = CALL_NEW};
}

void call_order(struct call_orders *o, struct call_order order)
{
	assert(o->count < CALL_ORDERS_MAX);
	o->v[o->count++] = order;
}

bool call_branch_open(const struct call_branch *b)
{
	return b->state == BRANCH_TRYING || b->state == BRANCH_RINGING;
}

void call_cancel_others(struct call *c, uint8_t except, enum call_cause cause,
			struct call_orders *o)
{
	for (uint8_t i = 0; i < c->branch_count; i++) {
		if (i == except || !call_branch_open(&c->branches[i]))
			continue;
		c->branches[i].state = BRANCH_CANCELLED;
		call_order(o, (struct call_order){
				      .kind = ORDER_CANCEL_BRANCH, .branch = i, .cause = cause});
	}
}

static void finish(struct call *c, enum call_cause cause, enum call_side by, struct call_orders *o)
{
	c->state = CALL_ENDING;
	c->cause = (uint8_t)cause;
	c->ended_by = (uint8_t)by;
	c->finished = true;
	call_order(o, (struct call_order){.kind = ORDER_FINISH, .cause = cause});
}

/* The caller's INVITE is answered with a refusal; whoever still rings stops. */
static void refuse(struct call *c, int code, enum call_cause cause, enum call_side by,
		   struct call_orders *o)
{
	c->sip_code = (int16_t)code;
	call_order(o,
		   (struct call_order){.kind = ORDER_REFUSE_CALLER, .code = code, .cause = cause});
	call_cancel_others(c, CALL_BRANCHES_MAX, cause, o);
	finish(c, cause, by, o);
}

void call_start_branches(struct call *c, uint8_t count, struct call_orders *o)
{
	assert(count <= CALL_BRANCHES_MAX - c->branch_count);
	for (; count; count--)
		(void)call_add_branch(c, o);
}

/* A branch that the shard has made ready takes the place of one that did not work out. False: there
 * is no room for it. */
bool call_add_branch(struct call *c, struct call_orders *o)
{
	if (c->branch_count == CALL_BRANCHES_MAX)
		return false;
	uint8_t i = c->branch_count++;
	c->branches[i].state = BRANCH_TRYING;
	call_order(o, (struct call_order){.kind = ORDER_START_BRANCH, .branch = i});
	return true;
}

/* What the callee has set for that outcome. A phone that is registered but cannot be reached is as
 * good as one that is not. False: nothing. */
static bool forwards_on(const struct call *c, enum call_cause cause, enum forward_kind *ret_kind)
{
	static const struct {
		enum call_cause cause;
		enum forward_kind kind;
	} rows[] = {
		{CAUSE_BUSY, FORWARD_BUSY},
		{CAUSE_NO_RESPONSE, FORWARD_NOT_REGISTERED},
		{CAUSE_NO_ADDRESS, FORWARD_NOT_REGISTERED},
		{CAUSE_REDIRECTED, FORWARD_DEFLECTED},
		{CAUSE_NO_ANSWER, FORWARD_NO_ANSWER},
		{CAUSE_NO_RESPONSE, FORWARD_NO_ANSWER},
		{CAUSE_NO_ADDRESS, FORWARD_NO_ANSWER},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].cause != cause || !(c->armed >> rows[i].kind & 1))
			continue;
		*ret_kind = rows[i].kind;
		return true;
	}
	return false;
}

static void on_try(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	(void)ev;
	c->state = CALL_ROUTING;
	call_order(o, (struct call_order){.kind = ORDER_ROUTE});
}

/* The caller is told why first; whoever still rings stops. */
static void announce(struct call *c, int code, enum call_cause cause, enum call_side by,
		     struct call_orders *o)
{
	c->state = CALL_ANNOUNCING;
	c->sip_code = (int16_t)code;
	c->cause = (uint8_t)cause;
	c->ended_by = (uint8_t)by;
	call_order(o, (struct call_order){.kind = ORDER_ANNOUNCE, .code = code, .cause = cause});
	call_cancel_others(c, CALL_BRANCHES_MAX, cause, o);
}

/* The callee has refused or not answered: the caller is told, unless it is forwarded. What he would
 * have been told stands in the call meanwhile. */
static void give_up(struct call *c, int code, enum call_cause cause, enum call_side by,
		    struct call_orders *o)
{
	enum forward_kind kind;
	if (!forwards_on(c, cause, &kind)) {
		announce(c, code, cause, by, o);
		return;
	}
	c->state = CALL_ROUTING;
	c->armed = 0;
	c->sip_code = (int16_t)code;
	c->cause = (uint8_t)cause;
	c->ended_by = (uint8_t)by;
	call_cancel_others(c, CALL_BRANCHES_MAX, cause, o);
	call_order(o, (struct call_order){.kind = ORDER_FORWARD, .cause = cause, .forward = kind});
}

static void on_announced(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	(void)ev;
	refuse(c, c->sip_code, (enum call_cause)c->cause, (enum call_side)c->ended_by, o);
}

/* The caller has heard enough: what the call was refused for stays. */
static void announced_enough(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	(void)ev;
	refuse(c, 487, (enum call_cause)c->cause, CALL_CALLER, o);
}

static void announced_bye(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	if (ev->side == CALL_CALLER)
		announced_enough(c, ev, o);
}

static void on_routed(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	if (ev->service) {
		c->state = CALL_ANSWERED;
		c->sip_code = 200;
		call_order(o, (struct call_order){.kind = ORDER_SERVE, .code = 200});
		return;
	}
	if (ev->count == 0 && ev->stands && c->sip_code) {
		announce(c, c->sip_code, (enum call_cause)c->cause, (enum call_side)c->ended_by, o);
		return;
	}
	if (ev->count == 0) {
		announce(c, call_cause_info(ev->cause)->sip_code, ev->cause, CALL_SERVER, o);
		return;
	}
	c->state = CALL_PROCEEDING;
	c->first_branch = c->branch_count;
	call_start_branches(c, ev->count, o);
}

static void on_ring(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	struct call_branch *b = &c->branches[ev->branch];
	if (!call_branch_open(b))
		return;
	b->state = BRANCH_RINGING;
	call_order(o, (struct call_order){
			      .kind = ORDER_RING_CALLER, .branch = ev->branch, .code = ev->code});
}

static void on_connect(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	struct call_branch *b = &c->branches[ev->branch];
	if (b->state == BRANCH_CANCELLED) { /* its 200 crossed our CANCEL (RFC 3261 §9.1) */
		call_order(o, (struct call_order){.kind = ORDER_BYE_BRANCH,
						  .branch = ev->branch,
						  .cause = CAUSE_ELSEWHERE});
		return;
	}
	if (!call_branch_open(b))
		return;
	if (c->transfer) {
		transfer_answered(c, ev->branch, o);
		return;
	}
	b->state = BRANCH_ANSWERED;
	c->winner = ev->branch;
	c->state = CALL_ANSWERED;
	c->sip_code = 200;
	call_order(o,
		   (struct call_order){.kind = ORDER_CONNECT, .branch = ev->branch, .code = 200});
	call_cancel_others(c, ev->branch, CAUSE_ELSEWHERE, o);
}

/* How much a caller learns from a refusal: the greatest is passed on when all have refused (in the
 * spirit of RFC 3261 §16.7 step 6: a busy phone says more than one that is not there). */
static int telling(const struct call_branch *b)
{
	switch (b->cause) {
	case CAUSE_DECLINED:
		return 4;
	case CAUSE_BUSY:
		return 3;
	case CAUSE_NO_ANSWER:
		return 2;
	case CAUSE_NO_RESPONSE:
	case CAUSE_NO_TRUNK:
		return 0;
	default:
		return 1;
	}
}

const struct call_branch *call_best_refusal(const struct call *c)
{
	const struct call_branch *best = NULL;
	for (uint8_t i = c->first_branch; i < c->branch_count; i++) {
		const struct call_branch *b = &c->branches[i];
		if (b->state == BRANCH_GONE && (best == NULL || telling(b) > telling(best)))
			best = b;
	}
	return best;
}

bool call_any_open(const struct call *c)
{
	for (uint8_t i = 0; i < c->branch_count; i++) {
		if (call_branch_open(&c->branches[i]))
			return true;
	}
	return false;
}

void call_note_refusal(struct call_branch *b, const struct call_event *ev)
{
	int code = call_cause_info(ev->cause)->sip_code;
	enum call_cause cause = ev->cause;
	if (ev->judged && ev->code >= 300)
		code = ev->code;
	else if (ev->code >= 300)
		cause = call_cause_of_response(ev->code, &code);
	b->state = BRANCH_GONE;
	b->code = (int16_t)code;
	b->cause = (uint8_t)cause;
}

static void on_fail(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	struct call_branch *b = &c->branches[ev->branch];
	bool was_open = call_branch_open(b);
	call_note_refusal(b, ev);
	if (!was_open || (ev->more && call_add_branch(c, o)))
		return;
	/* 6xx speaks for the whole number (RFC 3261 §21.6), unless it is only this device that is
	 * busy. */
	if (ev->code >= 600 || !call_any_open(c)) {
		const struct call_branch *best = ev->code >= 600 ? b : call_best_refusal(c);
		give_up(c, best->code, (enum call_cause)best->cause, CALL_CALLEE, o);
	}
}

static void on_reroute(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	struct call_branch *b = &c->branches[ev->branch];
	if (!call_branch_open(b) || !call_add_branch(c, o))
		return;
	b->state = BRANCH_CANCELLED;
	call_order(o, (struct call_order){.kind = ORDER_CANCEL_BRANCH,
					  .branch = ev->branch,
					  .cause = ev->cause});
}

/* Between ENDING and the last leg's end: a cancelled branch may still answer or refuse. */
static void late_connect(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	struct call_branch *b = &c->branches[ev->branch];
	if (b->state == BRANCH_GONE)
		return;
	b->state = BRANCH_GONE;
	call_order(o, (struct call_order){.kind = ORDER_BYE_BRANCH,
					  .branch = ev->branch,
					  .cause = (enum call_cause)c->cause});
}

static void late_fail(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	(void)o;
	c->branches[ev->branch].state = BRANCH_GONE;
}

static void on_cancel(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	(void)ev;
	refuse(c, 487, CAUSE_CANCELLED, CALL_CALLER, o);
}

static void on_ring_limit(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	(void)ev;
	give_up(c, 480, CAUSE_NO_ANSWER, CALL_SERVER, o);
}

static void early_end(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	refuse(c, call_cause_info(ev->cause)->sip_code, ev->cause, CALL_SERVER, o);
}

/* BYE in an early dialog comes from the caller (RFC 3261 §15) and is as good as a CANCEL; the
 * caller's signalling lost before the answer ends the call likewise. */
static void early_bye(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	if (ev->side == CALL_CALLER)
		on_cancel(c, ev, o);
}

void call_hang_up(struct call *c, enum call_cause cause, enum call_side by, bool caller,
		  bool callee, struct call_orders *o)
{
	if (caller)
		call_order(o, (struct call_order){.kind = ORDER_BYE_CALLER, .cause = cause});
	if (callee && c->winner < CALL_BRANCHES_MAX) /* a service has none */
		call_order(o, (struct call_order){.kind = ORDER_BYE_BRANCH,
						  .branch = c->winner,
						  .cause = cause});
	call_cancel_others(c, c->winner, cause, o);
	finish(c, cause, by, o);
}

/* A transferor who has left is not told. */
static void end_answered(struct call *c, enum call_cause cause, enum call_side by, bool caller,
			 bool callee, struct call_orders *o)
{
	caller &= !(c->transfer && c->left && c->transferor == CALL_CALLER);
	callee &= !(c->transfer && c->left && c->transferor == CALL_CALLEE);
	transfer_drop(c, cause, o);
	call_hang_up(c, cause, by, caller, callee, o);
}

static void on_bye(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	if (transfer_leaves(c, ev->side, o))
		return;
	end_answered(c, CAUSE_NORMAL, ev->side, ev->side != CALL_CALLER, ev->side != CALL_CALLEE,
		     o);
}

/* The lost side is told too: the BYE may well reach it. */
static void on_lost(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	end_answered(c, ev->cause, CALL_SERVER, true, true, o);
}

static void on_end(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	end_answered(c, ev->cause, CALL_SERVER, true, true, o);
}

static void ignore(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	(void)c;
	(void)ev;
	(void)o;
}

/* One row per state. An empty cell is an event that cannot come there; the shard records it.
 * `ignore` stands where it can come and means nothing any more (crossing messages). */
static call_cell *const table[CALL_STATES][CALL_EVENTS] = {
	[CALL_NEW] =
		{
			[CALL_EV_TRY] = on_try,
			[CALL_EV_CANCEL] = on_cancel,
			[CALL_EV_END] = early_end,
		},
	[CALL_ROUTING] =
		{
			[CALL_EV_ROUTED] = on_routed,
			/* of branches that a forwarding has left behind */
			[CALL_EV_RING] = ignore,
			[CALL_EV_CONNECT] = late_connect,
			[CALL_EV_FAIL] = late_fail,
			[CALL_EV_CANCEL] = on_cancel,
			[CALL_EV_BYE] = early_bye,
			[CALL_EV_LOST] = early_bye,
			[CALL_EV_RING_LIMIT] = on_ring_limit,
			[CALL_EV_END] = early_end,
		},
	[CALL_PROCEEDING] =
		{
			[CALL_EV_RING] = on_ring,
			[CALL_EV_CONNECT] = on_connect,
			[CALL_EV_FAIL] = on_fail,
			[CALL_EV_REROUTE] = on_reroute,
			[CALL_EV_CANCEL] = on_cancel,
			[CALL_EV_BYE] = early_bye,
			[CALL_EV_LOST] = early_bye,
			[CALL_EV_RING_LIMIT] = on_ring_limit,
			[CALL_EV_END] = early_end,
		},
	[CALL_ANSWERED] =
		{
			[CALL_EV_RING] = transfer_rings,
			[CALL_EV_CONNECT] = on_connect,
			/* also a loser of the race (487, mostly) */
			[CALL_EV_FAIL] = transfer_refused,
			[CALL_EV_REROUTE] = on_reroute,
			[CALL_EV_CANCEL] = ignore,
			[CALL_EV_BYE] = on_bye,
			[CALL_EV_LOST] = on_lost,
			[CALL_EV_RING_LIMIT] = transfer_ring_limit,
			[CALL_EV_END] = on_end,
			[CALL_EV_TRANSFER] = transfer_begin,
			[CALL_EV_JOINED] = transfer_joined,
			[CALL_EV_UNJOINED] = transfer_unjoined,
		},
	[CALL_ENDING] =
		{
			[CALL_EV_ROUTED] = ignore,
			[CALL_EV_RING] = ignore,
			[CALL_EV_CONNECT] = late_connect,
			[CALL_EV_FAIL] = late_fail,
			[CALL_EV_CANCEL] = ignore,
			[CALL_EV_BYE] = ignore,
			[CALL_EV_LOST] = ignore,
			[CALL_EV_RING_LIMIT] = ignore,
			[CALL_EV_END] = ignore,
			[CALL_EV_ANNOUNCED] = ignore,
			[CALL_EV_JOINED] = ignore,
			[CALL_EV_UNJOINED] = ignore,
		},
	[CALL_ANNOUNCING] =
		{
			[CALL_EV_RING] = ignore,
			[CALL_EV_CONNECT] = late_connect,
			[CALL_EV_FAIL] = late_fail,
			[CALL_EV_CANCEL] = announced_enough,
			[CALL_EV_BYE] = announced_bye,
			[CALL_EV_LOST] = announced_bye,
			[CALL_EV_END] = on_announced,
			[CALL_EV_ANNOUNCED] = on_announced,
		},
};

static bool is_of_branch(enum call_event_kind kind)
{
	return kind == CALL_EV_RING || kind == CALL_EV_CONNECT || kind == CALL_EV_FAIL ||
	       kind == CALL_EV_REROUTE;
}

bool call_step(struct call *c, const struct call_event *ev, struct call_orders *ret_orders)
{
	ret_orders->count = 0;
	call_cell *cell = table[c->state][ev->kind];
	if (cell == NULL || (is_of_branch(ev->kind) && ev->branch >= c->branch_count))
		return false;
	cell(c, ev, ret_orders);
	return true;
}
