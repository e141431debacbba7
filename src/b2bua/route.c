/* ORDER_ROUTE: what was dialled, may it be called, which phones are there; ORDER_FORWARD: where the
 * callee's settings lead. Every refusal has its cause. */
#include "b2bua/b2bua_priv.h"

#include "core/judge.h"
#include "sip/value.h"

/* The verdict is recorded with what it was given by, also when the call goes on. */
static void verdict_event(struct shard *s, const struct call *c, const struct judgement *j)
{
	struct event e = event_of(s, EVENT_CALL_JUDGED, c);
	bool good = j->cause == CAUSE_NORMAL;
	event_add_text(&e, EVENT_KEY_TO, slice_str(j->plan.dialled.digits));
	event_add_text(&e, EVENT_KEY_KIND, slice_str(plan_class_word(j->plan.class)));
	event_add_text(&e, EVENT_KEY_REASON,
		       slice_str(good ? "" : call_cause_info(j->cause)->word));
	event_add_text(&e, EVENT_KEY_RULE, slice_str(j->decided_by));
	if (j->plan.country)
		event_add_text(&e, EVENT_KEY_OTHER, slice_str(j->plan.country->id));
	event_send(s, &e);
}

/* What was dialled, and whether this line may call it. */
static enum call_cause check_number(struct shard *s, struct call *c, const struct sip_msg *invite)
{
	char user[256];
	struct directory_number line;
	struct judgement j;
	bool known = directory_by_number(s->p.directory, slice_str(c->from), &line) == 0;
	if (!host_is_ours(s, invite->uri.host) && invite->uri.scheme != SIP_SCHEME_TEL)
		return CAUSE_UNALLOCATED;
	if (sip_unescape(invite->uri.user, user, sizeof(user)) != 0)
		return CAUSE_NOT_A_NUMBER;
	(void)slice_copy(slice_first(slice_str(user), CALL_NUMBER_BYTES - 1), c->dialled,
			 sizeof(c->dialled));
	judge(s->p.directory, s->p.trunks, known ? &line : NULL, slice_str(user), &j);
	(void)slice_copy(slice_str(j.plan.dialled.digits), c->to, sizeof(c->to));
	if (j.plan.dialled.presentation != DIAL_DEFAULT)
		identity_withhold(c, j.plan.dialled.presentation == DIAL_WITHHOLD,
				  TRUNK_WITHHELD_USER);
	verdict_event(s, c, &j);
	if (j.cause != CAUSE_NORMAL)
		record_detail(s, c, slice_str(j.decided_by));
	if (j.cause == CAUSE_NORMAL && j.plan.class == PLAN_SERVICE_CODE)
		c->service = (uint8_t)service_of(slice_str(j.plan.dialled.digits));
	if (j.cause == CAUSE_NORMAL && !j.on_net) {
		c->direction = CALL_OUT;
		/* One that has come that far must not turn in circles. */
		return c->max_forwards ? CAUSE_NORMAL : CAUSE_LOOP;
	}
	return j.cause;
}

/* The refused call names the calls that hold the channels. */
struct slice holders_text(struct shard *s, const uint64_t *holders, uint32_t count)
{
	struct strbuf names = scratch_buf(s, 32 * (CALL_ID_CHARS + 1) + 1);
	for (uint32_t i = 0; i < count; i++)
		strbuf_fmt(&names, "%s%016llx", i ? " " : "", (unsigned long long)holders[i]);
	return strbuf_slice(&names);
}

static enum call_cause take_channel(struct shard *s, struct call *c)
{
	uint64_t holders[32];
	uint32_t count = 0;
	int err =
		directory_channel_take(s->p.directory, slice_str(c->from), c->uid, holders, &count);
	if (err == 0) {
		c->channel_held = true;
		s->counts.channels_held++;
		return CAUSE_NORMAL;
	}
	if (err == ERR_LIMIT)
		record_detail(s, c, holders_text(s, holders, count));
	return err == ERR_LIMIT ? CAUSE_NO_CHANNEL : CAUSE_OWN_SUSPENDED;
}

/* "display" <sip:user@domain> */
static void write_party(struct strbuf *b, struct slice display, struct slice user,
			struct slice domain)
{
	if (display.n) {
		sip_build_quoted(b, display);
		strbuf_char(b, ' ');
	}
	strbuf_add(b, SLICE("<sip:"));
	strbuf_add(b, user);
	strbuf_char(b, '@');
	strbuf_add(b, domain);
	strbuf_char(b, '>');
}

static int branch_prepare(struct shard *s, struct call *c, uint8_t i,
			  const struct reg_binding *binding)
{
	char tag[TOKEN_CHARS + 1], call_id[TOKEN_CHARS + 1];
	struct leg *b;
	int err = leg_new(s, c, i, &binding->flow, &b);
	if (err)
		return err;
	c->branches[i].leg = b->id;
	token_make(s, b->id, tag);
	token_make(s, token_anonymous(s), call_id);
	struct strbuf local = scratch_buf(s, 256), remote = scratch_buf(s, 256);
	struct shown as = shown_of(s, c);
	if (as.anonymous)
		identity_anonymous(&local, c);
	else
		write_party(&local, slice_str(as.number), slice_str(as.number), domain_of(s));
	write_party(&remote, SLICE_NONE, slice_str(forward_callee(s, c)), domain_of(s));
	b->invite_cseq = 1;
	err = dialog_prepare(&b->dialog, slice_str(call_id), slice_str(tag), strbuf_slice(&local),
			     strbuf_slice(&remote), binding->contact, b->invite_cseq);
	(void)slice_copy(slice_first(binding->user_agent, sizeof(b->user_agent) - 1), b->user_agent,
			 sizeof(b->user_agent));
	if (err) {
		leg_let_go(s, b);
		pool_give(s->legs, b->id);
		c->branches[i].leg = ID_NONE;
	}
	return err;
}

/* Behind the branches that there are. */
static enum call_cause find_phones(struct shard *s, struct call *c, uint8_t *ret_count)
{
	struct reg_binding *bindings;
	uint32_t count = 0;
	uint8_t legs = 0, room = (uint8_t)(CALL_BRANCHES_MAX - c->branch_count);
	if (directory_bindings(s->p.directory, slice_str(forward_callee(s, c)), io_wall_ms(s->p.io),
			       &s->scratch, &bindings, &count) ||
	    count == 0)
		return CAUSE_NOT_REGISTERED;
	for (uint32_t i = 0; i < count && legs < room; i++) {
		if (branch_prepare(s, c, (uint8_t)(c->branch_count + legs), &bindings[i]) == 0)
			legs++;
	}
	*ret_count = legs;
	return legs ? CAUSE_NORMAL : CAUSE_OVERLOAD;
}

static enum call_cause find_trunk(struct shard *s, struct call *c, uint8_t *ret_count)
{
	if (c->branch_count == CALL_BRANCHES_MAX)
		return CAUSE_FORWARD_LIMIT;
	enum call_cause cause = trunk_branch(s, c);
	*ret_count = cause == CAUSE_NORMAL;
	return cause;
}

enum call_cause route_target(struct shard *s, struct call *c, uint8_t *ret_count)
{
	return forward_goes_out(s, c) ? find_trunk(s, c, ret_count) : find_phones(s, c, ret_count);
}

/* A place among his calls, and his phones. */
static enum call_cause ring_callee(struct shard *s, struct call *c, uint8_t *ret_count)
{
	enum call_cause cause = screen_inbound_take(s, c);
	return cause == CAUSE_NORMAL ? find_phones(s, c, ret_count) : cause;
}

/* What he forwards on that before any phone is asked; FORWARD_KINDS: nothing. As many calls as he
 * takes at a time is busy. */
static enum forward_kind kind_for(enum call_cause cause)
{
	switch (cause) {
	case CAUSE_INBOUND_LIMIT:
		return FORWARD_BUSY;
	case CAUSE_NOT_REGISTERED:
		return FORWARD_NOT_REGISTERED;
	default:
		return FORWARD_KINDS;
	}
}

/* One callee: CAUSE_NORMAL when his phones are found, or when *ret_on: the call is another's. */
static enum call_cause reach_callee(struct shard *s, struct call *c, uint8_t *ret_count,
				    bool *ret_on)
{
	struct forward_settings f;
	enum call_cause cause = screen_caller(s, c);
	*ret_on = false;
	if (cause != CAUSE_NORMAL)
		return cause;
	uint8_t armed = forward_armed_of(s, c, &f);
	if (armed >> FORWARD_UNCONDITIONAL & 1) {
		*ret_on = true;
		return forward_call(s, c, FORWARD_UNCONDITIONAL,
				    forward_target(&f, FORWARD_UNCONDITIONAL));
	}
	cause = ring_callee(s, c, ret_count);
	if (cause == CAUSE_NORMAL) {
		forward_arm(s, c, armed, &f);
		return cause;
	}
	enum forward_kind kind = kind_for(cause);
	*ret_on = kind < FORWARD_KINDS && armed >> kind & 1 &&
		  forward_call(s, c, kind, forward_target(&f, kind)) == CAUSE_NORMAL;
	return *ret_on ? CAUSE_NORMAL : cause;
}

/* The callee; where his settings say so, on to whom they name, until somebody has phones or is
 * behind a trunk. */
static enum call_cause reach(struct shard *s, struct call *c, uint8_t *ret_count)
{
	bool on = true;
	while (on && !forward_goes_out(s, c)) {
		enum call_cause cause = reach_callee(s, c, ret_count, &on);
		if (cause != CAUSE_NORMAL || !on)
			return cause;
	}
	return find_trunk(s, c, ret_count);
}

/* Places of a subscriber's call, in this order: a channel, then what leads to the callee. */
static enum call_cause find_ways(struct shard *s, struct call *c, const struct sip_msg *invite,
				 uint8_t *ret_count)
{
	if (c->direction == CALL_IN) {
		enum call_cause cause = inbound_check(s, c);
		return cause == CAUSE_NORMAL ? reach(s, c, ret_count) : cause;
	}
	enum call_cause cause = check_number(s, c, invite);
	if (cause != CAUSE_NORMAL || c->service)
		return cause;
	cause = fraud_check(s, c);
	if (cause == CAUSE_NORMAL)
		cause = take_channel(s, c);
	return cause == CAUSE_NORMAL ? reach(s, c, ret_count) : cause;
}

void route_call(struct shard *s, struct call *c, struct call_event *ret_event)
{
	const struct leg *a = leg_of(s, c->leg_a);
	const struct sip_msg *invite = caller_invite(s, a);
	uint8_t count = 0;
	enum call_cause cause = invite ? find_ways(s, c, invite, &count) : CAUSE_OVERLOAD;
	*ret_event = (struct call_event){
		.kind = CALL_EV_ROUTED, .count = count, .service = c->service, .cause = cause};
}

void route_forward(struct shard *s, struct call *c, enum forward_kind kind,
		   struct call_event *ret_event)
{
	uint8_t count = 0;
	struct call_event ev = {.kind = CALL_EV_ROUTED};
	ev.cause = forward_carry_out(s, c, kind);
	ev.stands = ev.cause != CAUSE_NORMAL;
	if (!ev.stands)
		ev.cause = reach(s, c, &count);
	ev.count = count;
	*ret_event = ev;
}
