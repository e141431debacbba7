/*
 * Transfer of an answered call: who may send whom where, and what it costs. What may be transferred
 * to whom is judged like a forwarding of the transferor's number (core/judge.h), and it is paid for
 * like one: an outgoing call of his, with a channel and a record (call/forward.h). The target's own
 * forwardings do not apply: who is sent on to somebody meets him or nobody.
 */
#include "b2bua/transfer_priv.h"

#include "core/judge.h"

/* --- who is who */

struct party {
	const char *number;
	bool ours;
	bool first; /* it is there since the call began */
};

/* Who stands on that side after all forwardings and transfers. */
static struct party party_of(const struct shard *s, const struct call *c, enum call_side side)
{
	const struct call_forwards *forwards = call_forwards_of(s, c);
	bool caller = side == CALL_CALLER;
	struct party p = {caller ? c->from : c->to, c->direction != (caller ? CALL_IN : CALL_OUT),
			  true};
	for (uint8_t i = 0; forwards && i < forwards->count; i++) {
		const struct call_forward *fwd = &forwards->v[i];
		bool moved = fwd->kind == FORWARD_TRANSFERRED
				     ? fwd->joined && fwd->side == (uint8_t)side
				     : !caller;
		if (moved)
			p = (struct party){fwd->to, fwd->direction == CALL_INTERNAL, false};
	}
	return p;
}

struct call_forward *transfer_now(const struct shard *s, const struct call *c)
{
	struct call_forwards *forwards = call_forwards_of(s, c);
	struct call_forward *last =
		forwards && forwards->count ? &forwards->v[forwards->count - 1] : NULL;
	bool now = last && last->kind == FORWARD_TRANSFERRED && !last->joined && !last->ended_at;
	return now ? last : NULL;
}

struct leg *transfer_leg(struct shard *s, const struct call *c, enum call_side side)
{
	return side == CALL_CALLER ? leg_of(s, c->leg_a) : branch_leg(s, c, c->winner);
}

static enum call_side opposite(enum call_side side)
{
	return side == CALL_CALLER ? CALL_CALLEE : CALL_CALLER;
}

struct leg *transfer_remaining(struct shard *s, const struct call *c)
{
	return transfer_leg(s, c, opposite((enum call_side)c->transferor));
}

/* The target is called by the remaining party. */
struct shown shown_of(const struct shard *s, const struct call *c)
{
	const struct call_forward *fwd = transfer_now(s, c);
	struct shown as = {c->shown, c->anonymous};
	if (fwd == NULL)
		return as;
	enum call_side stays = opposite((enum call_side)fwd->side);
	struct party p = party_of(s, c, stays);
	return stays == CALL_CALLER && p.first ? as : (struct shown){p.number, false};
}

/* --- may it be? */

static bool refused(struct refusal *ret_refusal, int code, enum call_cause cause, const char *text)
{
	*ret_refusal = (struct refusal){code, cause, text};
	return false;
}

/* What a caller would be told with another code is still a refusal of the REFER. */
static bool judged(struct shard *s, const struct call *c, struct call_forward *fwd,
		   struct refusal *ret_refusal)
{
	struct forward_judgement f = {0};
	if (forward_judge(s, c, fwd, &f))
		return true;
	const char *text = forward_fault_info(f.fault)->en;
	enum call_cause cause = text[0] ? CAUSE_NORMAL : f.j.cause;
	if (f.fault == FORWARD_GOOD) { /* the guard's */
		cause = CAUSE_FORWARD_REFUSED;
		text = "Calls of this number to the target were stopped because of unusual use";
	}
	int code = call_cause_info(cause)->sip_code;
	return refused(ret_refusal,
		       code >= 400 && code < 500 && cause != CAUSE_FORWARD_REFUSED ? code : 403,
		       cause, text[0] ? text : NULL);
}

static bool way_good(const struct shard *s, const struct call *c, const struct call_forward *fwd,
		     struct refusal *ret_refusal)
{
	const struct call_forwards *forwards = call_forwards_of(s, c);
	if (s->draining)
		return refused(ret_refusal, 503, CAUSE_SHUTDOWN, NULL);
	struct party stays = party_of(s, c, opposite((enum call_side)fwd->side));
	if (strcmp(stays.number, fwd->to) == 0)
		return refused(ret_refusal, 482, CAUSE_FORWARD_LOOP,
			       "The target is the other party of the call");
	if ((forwards && forwards->count == CALL_FORWARDS_MAX) || c->max_forwards == 0)
		return refused(ret_refusal, 483, CAUSE_FORWARD_LIMIT, NULL);
	return true;
}

static bool channel_taken(struct shard *s, struct call_forward *fwd, struct refusal *ret_refusal)
{
	int err = forward_channel_take(s, fwd, NULL);
	if (err == 0)
		return true;
	return refused(ret_refusal, 503, err == ERR_LIMIT ? CAUSE_NO_CHANNEL : CAUSE_OVERLOAD,
		       NULL);
}

static void started_event(struct shard *s, const struct call *c, const struct call_forward *fwd)
{
	struct event e = forward_event(s, EVENT_CALL_TRANSFERRING, c, fwd);
	event_add_text(&e, EVENT_KEY_KIND, slice_str(call_side_name((enum call_side)fwd->side)));
	event_send(s, &e);
}

bool transfer_start(struct shard *s, struct call *c, struct leg *l, struct slice target,
		    struct refusal *ret_refusal)
{
	enum call_side side = l->branch == LEG_IS_CALLER ? CALL_CALLER : CALL_CALLEE;
	struct party by = party_of(s, c, side);
	struct call_forward fwd = {
		.kind = FORWARD_TRANSFERRED, .at = io_wall_ms(s->p.io), .side = (uint8_t)side};
	if (!by.ours || l->trunk)
		return refused(ret_refusal, 403, CAUSE_NORMAL,
			       "Only a number of ours may transfer a call");
	if (target.n >= sizeof(fwd.to))
		return refused(ret_refusal, 404, CAUSE_UNALLOCATED, NULL);
	fwd.record = call_next_uid(s);
	strcpy(fwd.by, by.number);
	(void)slice_copy(target, fwd.to, sizeof(fwd.to));
	if (!judged(s, c, &fwd, ret_refusal) || !way_good(s, c, &fwd, ret_refusal))
		return false;
	struct call_forwards *forwards = forward_room(s, c);
	if (forwards == NULL)
		return refused(ret_refusal, 503, CAUSE_OVERLOAD, NULL);
	if (!channel_taken(s, &fwd, ret_refusal))
		return false;
	forwards->v[forwards->count++] = fwd;
	c->max_forwards--;
	started_event(s, c, &fwd);
	return true;
}

/* Branches that nobody stands behind any more make room. */
static void trim_branches(struct shard *s, struct call *c)
{
	while (c->branch_count > c->winner + 1 && branch_leg(s, c, c->branch_count - 1) == NULL)
		c->branches[--c->branch_count] = (struct call_branch){0};
}

void transfer_go(struct shard *s, struct call *c, enum call_side by)
{
	struct call_event ev = {.kind = CALL_EV_TRANSFER, .side = by};
	trim_branches(s, c);
	c->first_branch = c->branch_count;
	ev.cause = route_target(s, c, &ev.count);
	c->join_ms = 0;
	c->ring_end_ms = now_of(s) + (int64_t)s->config->ring_limit_s * 1000;
	wheel_arm(s->wheel, &c->timer, now_of(s) + TICK_MS, TIMER_CALL, c->id);
	call_happens(s, c, &ev, NULL);
}
