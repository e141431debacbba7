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

/* With the value that decided and the limit that it met. */
static void tell(struct shard *s, const struct call *c, const struct fraud_verdict *v)
{
	static const enum event_type types[FRAUD_REASONS] = {
		[FRAUD_SUSPENDED] = EVENT_FRAUD_REFUSED,
		[FRAUD_NEW_COUNTRY] = EVENT_FRAUD_NEW_COUNTRY,
		[FRAUD_SPEND] = EVENT_FRAUD_SPEND,
		[FRAUD_MINUTES] = EVENT_FRAUD_MINUTES,
		[FRAUD_RATE] = EVENT_FRAUD_RATE,
	};
	struct event e = event_of(s, types[v->reason], c);
	event_add_text(&e, EVENT_KEY_TO, slice_str(c->to));
	event_add_text(&e, EVENT_KEY_KIND,
		       slice_str(v->suspends  ? "suspend"
				 : v->refused ? "refuse"
					      : "alert"));
	event_add_number(&e, EVENT_KEY_COUNT, v->value);
	event_add_number(&e, EVENT_KEY_LIMIT, v->limit);
	event_send(s, &e);
}

enum call_cause fraud_check(struct shard *s, const struct call *c)
{
	struct fraud_verdict v;
	if (s->p.fraud == NULL || !fraud_watches(s->p.fraud))
		return CAUSE_NORMAL;
	struct fraud_call asked = call_of_guard(c);
	fraud_try(s->p.fraud, &asked, io_wall_ms(s->p.io), &v);
	if (v.reason != FRAUD_NONE)
		tell(s, c, &v);
	if (!v.refused)
		return CAUSE_NORMAL;
	return v.reason == FRAUD_NEW_COUNTRY ? CAUSE_FRAUD_NEW_COUNTRY : CAUSE_FRAUD_SUSPENDED;
}

void fraud_note(struct shard *s, const struct call *c)
{
	if (s->p.fraud == NULL || !fraud_watches(s->p.fraud) || c->answered_at == 0 ||
	    c->direction == CALL_IN)
		return;
	struct fraud_call ended = call_of_guard(c);
	fraud_ended(s->p.fraud, &ended, c->started_at, c->ended_at, c->ended_at - c->answered_at);
}
