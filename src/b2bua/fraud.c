/* The fraud guard and a call: asked before it goes out, told when it has ended. */
#include "b2bua/b2bua_priv.h"

static struct fraud_call call_of_guard(const struct call *c)
{
	return (struct fraud_call){
		.number = slice_str(c->from),
		.customer = slice_str(c->customer),
		.to = slice_str(c->to),
		.on_net = c->direction == CALL_INTERNAL,
	};
}

static struct fraud_call forward_of_guard(const struct call_forward *fwd)
{
	return (struct fraud_call){
		.number = slice_str(fwd->by),
		.customer = slice_str(fwd->customer),
		.to = slice_str(fwd->to),
		.on_net = fwd->direction == CALL_INTERNAL,
	};
}

/* With the value that decided and the limit that it met. */
static void tell(struct shard *s, const struct call *c, const struct fraud_call *asked,
		 const struct fraud_verdict *v)
{
	static const enum event_type types[FRAUD_REASONS] = {
		[FRAUD_SUSPENDED] = EVENT_FRAUD_REFUSED,
		[FRAUD_NEW_COUNTRY] = EVENT_FRAUD_NEW_COUNTRY,
		[FRAUD_SPEND] = EVENT_FRAUD_SPEND,
		[FRAUD_MINUTES] = EVENT_FRAUD_MINUTES,
		[FRAUD_RATE] = EVENT_FRAUD_RATE,
	};
	struct event e = event_of(s, types[v->reason], c);
	e.number = asked->number;
	event_add_text(&e, EVENT_KEY_TO, asked->to);
	event_add_text(&e, EVENT_KEY_KIND,
		       slice_str(v->suspends  ? "suspend"
				 : v->refused ? "refuse"
					      : "alert"));
	event_add_number(&e, EVENT_KEY_COUNT, v->value);
	event_add_number(&e, EVENT_KEY_LIMIT, v->limit);
	event_send(s, &e);
}

static enum call_cause ask(struct shard *s, const struct call *c, const struct fraud_call *asked)
{
	struct fraud_verdict v;
	fraud_try(s->p.fraud, asked, io_wall_ms(s->p.io), &v);
	if (v.reason != FRAUD_NONE)
		tell(s, c, asked, &v);
	if (!v.refused)
		return CAUSE_NORMAL;
	return v.reason == FRAUD_NEW_COUNTRY ? CAUSE_FRAUD_NEW_COUNTRY : CAUSE_FRAUD_SUSPENDED;
}

static bool watches(const struct shard *s)
{
	return s->p.fraud && fraud_watches(s->p.fraud);
}

enum call_cause fraud_check(struct shard *s, const struct call *c)
{
	struct fraud_call asked = call_of_guard(c);
	return watches(s) ? ask(s, c, &asked) : CAUSE_NORMAL;
}

enum call_cause fraud_check_forward(struct shard *s, const struct call *c,
				    const struct call_forward *fwd)
{
	struct fraud_call asked = forward_of_guard(fwd);
	return watches(s) ? ask(s, c, &asked) : CAUSE_NORMAL;
}

void fraud_note(struct shard *s, const struct call *c)
{
	const struct call_forwards *forwards = call_forwards_of(s, c);
	if (!watches(s) || c->answered_at == 0)
		return;
	int64_t duration_ms = c->ended_at - c->answered_at;
	struct fraud_call ended = call_of_guard(c);
	if (c->direction != CALL_IN)
		fraud_ended(s->p.fraud, &ended, c->started_at, c->ended_at, duration_ms);
	for (uint8_t i = 0; forwards && i < forwards->count; i++) {
		ended = forward_of_guard(&forwards->v[i]);
		const struct call_forward *fwd = &forwards->v[i];
		int64_t end_ms = fwd->ended_at ? fwd->ended_at : c->ended_at;
		if (fwd->kind == FORWARD_TRANSFERRED)
			duration_ms = fwd->answered_at ? end_ms - fwd->answered_at : 0;
		else
			duration_ms = c->ended_at - c->answered_at;
		fraud_ended(s->p.fraud, &ended, fwd->at, end_ms, duration_ms);
	}
}
