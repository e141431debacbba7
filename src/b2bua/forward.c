/*
 * Call forwarding (service "Call forwarding"): a callee's settings lead a call on to somebody else.
 * What may be forwarded to whom is judged when it happens as it was when it was set (core/judge.h).
 * Each forwarding is an outgoing call of the one that forwards: a channel of his, and a record.
 */
#include "b2bua/b2bua_priv.h"

#include "core/judge.h"
#include "sip/value.h"

/* --- the chain */

const char *forward_callee(const struct shard *s, const struct call *c)
{
	const struct call_forward *fwd = call_last_forward(s, c);
	return fwd ? fwd->to : c->to;
}

bool forward_goes_out(const struct shard *s, const struct call *c)
{
	const struct call_forward *fwd = call_last_forward(s, c);
	return (fwd ? fwd->direction : c->direction) == CALL_OUT;
}

char *forward_trunk(const struct shard *s, struct call *c)
{
	struct call_forwards *forwards = call_forwards_of(s, c);
	return forwards && forwards->count ? forwards->v[forwards->count - 1].trunk : c->trunk;
}

/* One that has none yet: a call has them from its first forwarding to its end. */
struct call_forwards *forward_room(struct shard *s, struct call *c)
{
	struct call_forwards *forwards = call_forwards_of(s, c);
	if (forwards == NULL && (forwards = pool_take(s->forwards, &c->forwards)) != NULL)
		*forwards = (struct call_forwards){0};
	return forwards;
}

int forward_channel_take(struct shard *s, struct call_forward *fwd, struct slice *ret_holders)
{
	uint64_t holders[32];
	uint32_t count = 0;
	int err = directory_channel_take(s->p.directory, slice_str(fwd->by), fwd->record, holders,
					 &count);
	if (err && ret_holders)
		*ret_holders = holders_text(s, holders, count);
	if (err)
		return err;
	fwd->channel_held = true;
	s->counts.channels_held++;
	s->counts.channels_forwarding++;
	return 0;
}

void forward_channel_give(struct shard *s, struct call_forward *fwd)
{
	if (!fwd->channel_held)
		return;
	(void)directory_channel_give(s->p.directory, slice_str(fwd->by), fwd->record);
	fwd->channel_held = false;
	s->counts.channels_held--;
	s->counts.channels_forwarding--;
}

void forward_channels_give(struct shard *s, const struct call *c)
{
	struct call_forwards *forwards = call_forwards_of(s, c);
	for (uint8_t i = 0; forwards && i < forwards->count; i++)
		forward_channel_give(s, &forwards->v[i]);
}

void forward_channels_restore(struct shard *s, const struct call *c)
{
	struct call_forwards *forwards = call_forwards_of(s, c);
	for (uint8_t i = 0; forwards && i < forwards->count; i++) {
		struct call_forward *fwd = &forwards->v[i];
		fwd->channel_held = fwd->channel_held &&
				    directory_channel_restore(s->p.directory, slice_str(fwd->by),
							      fwd->record) == 0;
		s->counts.channels_held += fwd->channel_held;
		s->counts.channels_forwarding += fwd->channel_held;
	}
}

void forward_channels_forget(struct shard *s, const struct call *c)
{
	struct call_forwards *forwards = call_forwards_of(s, c);
	for (uint8_t i = 0; forwards && i < forwards->count; i++)
		forwards->v[i].channel_held = false;
}

/* --- may it be forwarded? */

struct event forward_event(struct shard *s, enum event_type type, const struct call *c,
			   const struct call_forward *fwd)
{
	struct event e = event_of(s, type, c);
	e.number = slice_str(fwd->by);
	event_add_text(&e, EVENT_KEY_FROM, slice_str(fwd->by));
	event_add_text(&e, EVENT_KEY_TO, slice_str(fwd->to));
	return e;
}

static enum call_cause refused(struct shard *s, struct call *c, const struct call_forward *fwd,
			       enum call_cause cause, struct slice detail)
{
	struct event e = forward_event(s, EVENT_CALL_NOT_FORWARDED, c, fwd);
	event_add_text(&e, EVENT_KEY_KIND,
		       slice_str(forward_kind_info((enum forward_kind)fwd->kind)->word));
	event_add_text(&e, EVENT_KEY_REASON, slice_str(call_cause_info(cause)->word));
	event_add_text(&e, EVENT_KEY_DETAIL, detail);
	event_send(s, &e);
	record_detail(s, c, detail);
	return cause;
}

/* Where the call has been already, the caller himself among them. */
static bool was_there(const struct shard *s, const struct call *c, const char *number)
{
	const struct call_forwards *forwards = call_forwards_of(s, c);
	if (strcmp(c->to, number) == 0 ||
	    (c->direction == CALL_INTERNAL && strcmp(c->from, number) == 0))
		return true;
	for (uint8_t i = 0; forwards && i < forwards->count; i++) {
		if (strcmp(forwards->v[i].to, number) == 0)
			return true;
	}
	return false;
}

/* The network may bring a call back that we have forwarded to it. */
static enum call_cause check_way(struct shard *s, const struct call *c,
				 const struct call_forward *fwd)
{
	struct call_forwards *forwards = call_forwards_of(s, c);
	struct history before;
	history_of_caller(s, c, &before);
	if (was_there(s, c, fwd->to) || history_names(&before, fwd->by) ||
	    history_names(&before, fwd->to))
		return CAUSE_FORWARD_LOOP;
	uint32_t count = (forwards ? forwards->count : 0) + before.forwards;
	return count >= CALL_FORWARDS_MAX || c->max_forwards == 0 ? CAUSE_FORWARD_LIMIT
								  : CAUSE_NORMAL;
}

bool forward_judge(struct shard *s, const struct call *c, struct call_forward *fwd,
		   struct forward_judgement *ret_judged)
{
	struct directory_number line;
	bool known = directory_by_number(s->p.directory, slice_str(fwd->by), &line) == 0;
	if (!judge_forward(s->p.directory, s->p.trunks, known ? &line : NULL, slice_str(fwd->to),
			   ret_judged))
		return false;
	strcpy(fwd->customer, line.customer);
	strcpy(fwd->to, ret_judged->j.plan.dialled.digits);
	fwd->direction = ret_judged->j.on_net ? CALL_INTERNAL : CALL_OUT;
	return fraud_check_forward(s, c, fwd) == CAUSE_NORMAL;
}

static struct slice why_refused(const struct forward_judgement *judged)
{
	const char *word = forward_fault_info(judged->fault)->word;
	if (word[0])
		return slice_str(word);
	return slice_str(judged->j.cause != CAUSE_NORMAL ? judged->j.decided_by : "fraud_guard");
}

static enum call_cause take_channel(struct shard *s, struct call *c, struct call_forward *fwd)
{
	struct slice holders;
	int err = forward_channel_take(s, fwd, &holders);
	if (err == 0)
		return CAUSE_NORMAL;
	return refused(s, c, fwd, err == ERR_LIMIT ? CAUSE_FORWARD_NO_CHANNEL : CAUSE_OVERLOAD,
		       holders);
}

static enum call_cause check(struct shard *s, struct call *c, struct call_forward *fwd)
{
	struct forward_judgement judged = {0};
	if (!forward_judge(s, c, fwd, &judged))
		return refused(s, c, fwd, CAUSE_FORWARD_REFUSED, why_refused(&judged));
	enum call_cause cause = check_way(s, c, fwd);
	if (cause != CAUSE_NORMAL)
		return refused(s, c, fwd, cause, slice_str(fwd->to));
	return take_channel(s, c, fwd);
}

/* --- forwarding */

static void forwarded_event(struct shard *s, const struct call *c, const struct call_forward *fwd,
			    uint8_t count)
{
	struct event e = forward_event(s, EVENT_CALL_FORWARDED, c, fwd);
	event_add_text(&e, EVENT_KEY_KIND,
		       slice_str(forward_kind_info((enum forward_kind)fwd->kind)->word));
	event_add_number(&e, EVENT_KEY_COUNT, count);
	event_send(s, &e);
}

/* 181 (RFC 3261 §21.1.3), which promises nothing: not where each provisional response would have to
 * be acknowledged. */
static void tell_caller(struct shard *s, struct call *c)
{
	struct leg *a = leg_of(s, c->leg_a);
	if (ringback_begin(s, c))
		return;
	if (a && a->state == LEG_INVITING && !(a->can & LEG_NEEDS_100REL))
		leg_respond(s, a, a->invite, 181, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

enum call_cause forward_call(struct shard *s, struct call *c, enum forward_kind kind,
			     const char *target)
{
	struct call_forward fwd = {.kind = (uint8_t)kind, .at = io_wall_ms(s->p.io)};
	struct call_forwards *forwards = forward_room(s, c);
	if (target == NULL || forwards == NULL)
		return target ? CAUSE_OVERLOAD : CAUSE_NOT_REGISTERED;
	fwd.record = call_next_uid(s);
	strcpy(fwd.by, forward_callee(s, c));
	strcpy(fwd.to, target);
	enum call_cause cause = check(s, c, &fwd);
	if (cause != CAUSE_NORMAL)
		return cause;
	screen_inbound_give(s, c);
	forwards->v[forwards->count++] = fwd;
	c->max_forwards--;
	c->armed = 0;
	c->forward_ms = 0;
	c->ring_end_ms = now_of(s) + (int64_t)s->config->ring_limit_s * 1000;
	record_detail(s, c, SLICE_NONE); /* of one that came to nothing before */
	forwarded_event(s, c, &fwd, forwards->count);
	tell_caller(s, c);
	return CAUSE_NORMAL;
}

void forward_rings(struct shard *s, struct call *c)
{
	struct call_forwards *forwards = call_forwards_of(s, c);
	if (forwards && forwards->count && forwards->v[forwards->count - 1].ringing_at == 0)
		forwards->v[forwards->count - 1].ringing_at = io_wall_ms(s->p.io);
}

uint8_t forward_armed_of(struct shard *s, const struct call *c, struct forward_settings *ret_f)
{
	forward_settings_init(ret_f);
	if (directory_forward(s->p.directory, slice_str(forward_callee(s, c)), ret_f) != 0)
		return 0;
	return forward_armed(ret_f);
}

void forward_arm(struct shard *s, struct call *c, uint8_t armed, const struct forward_settings *f)
{
	c->armed = armed;
	c->forward_ms = 0;
	if (armed >> FORWARD_NO_ANSWER & 1)
		c->forward_ms = now_of(s) + (int64_t)f->ring_s * 1000;
	call_watch_ringing(s, c);
}

/* A phone's 2xx that waits for the caller's PRACK is an answer. */
static bool is_answering(struct shard *s, const struct call *c)
{
	for (uint8_t i = c->first_branch; i < c->branch_count; i++) {
		const struct leg *b = branch_leg(s, c, i);
		if (b && b->early.held.n)
			return true;
	}
	return false;
}

bool forward_on_no_answer(struct shard *s, struct call *c)
{
	struct forward_settings f;
	c->forward_ms = 0;
	(void)forward_armed_of(s, c, &f);
	if (is_answering(s, c) ||
	    forward_call(s, c, FORWARD_NO_ANSWER, forward_target(&f, FORWARD_NO_ANSWER)) !=
		    CAUSE_NORMAL) {
		c->armed &= (uint8_t) ~(1 << FORWARD_NO_ANSWER);
		return false;
	}
	c->armed = 1 << FORWARD_NO_ANSWER;
	call_forwards_of(s, c)->ready = true;
	return true;
}

enum call_cause forward_carry_out(struct shard *s, struct call *c, enum forward_kind kind)
{
	struct forward_settings f;
	struct call_forwards *forwards = call_forwards_of(s, c);
	if (forwards && forwards->ready) {
		forwards->ready = false;
		return CAUSE_NORMAL;
	}
	(void)forward_armed_of(s, c, &f);
	return forward_call(s, c, kind,
			    kind == FORWARD_DEFLECTED ? forwards->deflected
						      : forward_target(&f, kind));
}

/* The first Contact of a 3xx (RFC 3261 §21.3) that reads as a number; whether it may be called is
 * asked when all phones have said what they say. */
static bool read_contact(const struct sip_msg *msg, char ret_number[CALL_NUMBER_BYTES])
{
	struct sip_values it = sip_msg_values(msg, SIP_HDR_CONTACT);
	struct sip_nameaddr na;
	struct slice value;
	while (sip_values_next(&it, &value)) {
		char number[DIAL_BYTES];
		if (sip_nameaddr_parse(value, &na) != 0 || na.star ||
		    na.uri.scheme == SIP_SCHEME_OTHER ||
		    trunk_number_read(na.uri.user, number) != 0)
			continue;
		strcpy(ret_number, number);
		return true;
	}
	return false;
}

void forward_deflected(struct shard *s, struct call *c, const struct sip_msg *msg)
{
	struct forward_settings f;
	char number[CALL_NUMBER_BYTES];
	(void)forward_armed_of(s, c, &f);
	if (!f.deflection || msg->code > 302 || !read_contact(msg, number))
		return;
	struct call_forwards *forwards = forward_room(s, c);
	if (forwards == NULL)
		return;
	strcpy(forwards->deflected, number);
	c->armed |= 1 << FORWARD_DEFLECTED;
}
