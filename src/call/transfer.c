/*
 * A call that a party of it sends on (RFC 3515). While the target is tried the talk goes on; the
 * transferor may hang up, and only then does the call depend on the target.
 */
#include "call/call_priv.h"

static void over(struct call *c)
{
	c->transfer = CALL_NO_TRANSFER;
	c->left = false;
}

/* The call goes on as it was, if both are still there. */
static void fail(struct call *c, int code, enum call_cause cause, struct call_orders *o)
{
	bool left = c->left;
	call_order(o, (struct call_order){
			      .kind = ORDER_NOT_TRANSFERRED, .code = code, .cause = cause});
	if (left)
		call_hang_up(c, cause, CALL_SERVER, c->transferor != CALL_CALLER,
			     c->transferor != CALL_CALLEE, o);
	over(c);
}

void transfer_begin(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	if (c->transfer || c->winner == CALL_BRANCHES_MAX)
		return;
	c->transfer = CALL_TRANSFER_RINGING;
	c->transferor = (uint8_t)ev->side;
	c->left = false;
	c->first_branch = c->branch_count;
	if (ev->count)
		call_start_branches(c, ev->count, o);
	else
		fail(c, call_cause_info(ev->cause)->sip_code, ev->cause, o);
}

void transfer_rings(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	struct call_branch *b = &c->branches[ev->branch];
	if (!c->transfer || !call_branch_open(b))
		return;
	b->state = BRANCH_RINGING;
	call_order(o, (struct call_order){.kind = ORDER_TRANSFER_RINGS,
					  .branch = ev->branch,
					  .code = ev->code});
}

void transfer_answered(struct call *c, uint8_t branch, struct call_orders *o)
{
	c->branches[branch].state = BRANCH_ANSWERED;
	c->transfer = CALL_TRANSFER_JOINING;
	c->target = branch;
	call_order(o, (struct call_order){.kind = ORDER_JOIN, .branch = branch});
	call_cancel_others(c, branch, CAUSE_ELSEWHERE, o);
}

/* Or, of the one that has answered, hung up before it was joined. */
void transfer_refused(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	struct call_branch *b = &c->branches[ev->branch];
	bool was_open = call_branch_open(b),
	     was_target = c->transfer == CALL_TRANSFER_JOINING && ev->branch == c->target;
	if (ev->branch == c->winner)
		return;
	call_note_refusal(b, ev);
	if (was_target) {
		fail(c, b->code, (enum call_cause)b->cause, o);
		return;
	}
	if (!c->transfer || !was_open || (ev->more && call_add_branch(c, o)))
		return;
	if (ev->code < 600 && call_any_open(c))
		return;
	const struct call_branch *best = ev->code >= 600 ? b : call_best_refusal(c);
	int code = best->code;
	enum call_cause cause = (enum call_cause)best->cause;
	call_cancel_others(c, CALL_BRANCHES_MAX, cause, o);
	fail(c, code, cause, o);
}

void transfer_ring_limit(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	(void)ev;
	if (c->transfer != CALL_TRANSFER_RINGING)
		return;
	call_cancel_others(c, CALL_BRANCHES_MAX, CAUSE_NO_ANSWER, o);
	fail(c, 480, CAUSE_NO_ANSWER, o);
}

static void callee_replaced(struct call *c, struct call_orders *o)
{
	if (!c->left)
		call_order(o, (struct call_order){.kind = ORDER_BYE_BRANCH,
						  .branch = c->winner,
						  .cause = CAUSE_NORMAL});
	c->branches[c->winner].state = BRANCH_GONE;
	c->winner = c->target;
}

/* The transferor's leg stands where the target's stood, until its BYE is answered. */
static void caller_replaced(struct call *c, struct call_orders *o)
{
	if (!c->left)
		call_order(o, (struct call_order){.kind = ORDER_BYE_CALLER, .cause = CAUSE_NORMAL});
	call_order(o, (struct call_order){.kind = ORDER_TAKE_PLACE, .branch = c->target});
	c->branches[c->target].state = BRANCH_GONE;
}

void transfer_joined(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	(void)ev;
	if (c->transfer != CALL_TRANSFER_JOINING)
		return;
	call_order(o, (struct call_order){.kind = ORDER_TRANSFERRED, .branch = c->target});
	if (c->transferor == CALL_CALLEE)
		callee_replaced(c, o);
	else
		caller_replaced(c, o);
	over(c);
}

static void bye_target(struct call *c, enum call_cause cause, struct call_orders *o)
{
	if (c->transfer != CALL_TRANSFER_JOINING || c->branches[c->target].state != BRANCH_ANSWERED)
		return;
	c->branches[c->target].state = BRANCH_GONE;
	call_order(o, (struct call_order){
			      .kind = ORDER_BYE_BRANCH, .branch = c->target, .cause = cause});
}

void transfer_unjoined(struct call *c, const struct call_event *ev, struct call_orders *o)
{
	if (c->transfer != CALL_TRANSFER_JOINING)
		return;
	bye_target(c, ev->cause, o);
	fail(c, ev->code, ev->cause, o);
}

bool transfer_leaves(struct call *c, enum call_side side, struct call_orders *o)
{
	if (!c->transfer || c->transferor != side)
		return false;
	if (!c->left)
		call_order(o, (struct call_order){.kind = ORDER_LEAVE});
	c->left = true;
	return true;
}

void transfer_drop(struct call *c, enum call_cause cause, struct call_orders *o)
{
	if (!c->transfer)
		return;
	call_order(o,
		   (struct call_order){.kind = ORDER_NOT_TRANSFERRED,
				       .code = 487,
				       .cause = cause == CAUSE_NORMAL ? CAUSE_CANCELLED : cause});
	bye_target(c, cause, o);
	over(c);
}
