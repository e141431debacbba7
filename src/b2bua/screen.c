/*
 * Rejection services (service "Rejecting calls"): may the caller reach this callee, and does the
 * callee take one call more. Asked of each callee in turn, whoever was dialled or forwarded to.
 */
#include "b2bua/b2bua_priv.h"

static enum call_cause cause_of(enum screen_verdict verdict)
{
	static const enum call_cause causes[SCREEN_VERDICTS] = {
		[SCREEN_PASS] = CAUSE_NORMAL,
		[SCREEN_ANONYMOUS] = CAUSE_ANONYMOUS_REJECTED,
		[SCREEN_BLOCKED] = CAUSE_CALLER_BLOCKED,
		[SCREEN_ABROAD] = CAUSE_ABROAD_REJECTED,
	};
	return causes[verdict];
}

/* Who called stands in the call's first event and is not said again: he may be withheld. */
static void screened_event(struct shard *s, const struct call *c, enum call_cause cause)
{
	const char *callee = forward_callee(s, c);
	struct event e = event_of(s, EVENT_CALL_SCREENED, c);
	e.number = slice_str(callee);
	event_add_text(&e, EVENT_KEY_TO, slice_str(callee));
	event_add_text(&e, EVENT_KEY_REASON, slice_str(call_cause_info(cause)->word));
	event_send(s, &e);
}

enum call_cause screen_caller(struct shard *s, const struct call *c)
{
	const struct screen_caller caller = {
		.number = slice_str(c->from),
		.shown = slice_str(c->shown),
		.withheld = c->anonymous && c->withheld == TRUNK_WITHHELD_USER,
	};
	enum call_cause cause = cause_of(
		directory_screen(s->p.directory, slice_str(forward_callee(s, c)), &caller));
	if (cause != CAUSE_NORMAL)
		screened_event(s, c, cause);
	return cause;
}

/* Whose call it is: where it was forwarded to, whoever it is transferred to later. */
static struct slice callee_of_place(const struct shard *s, const struct call *c)
{
	const struct call_forwards *forwards = call_forwards_of(s, c);
	uint8_t n = forwards ? forwards->count : 0;
	while (n && forwards->v[n - 1].kind == FORWARD_TRANSFERRED)
		n--;
	return slice_str(n ? forwards->v[n - 1].to : c->to);
}

enum call_cause screen_inbound_take(struct shard *s, struct call *c)
{
	const char *callee = forward_callee(s, c);
	int err = directory_inbound_take(s->p.directory, slice_str(callee), c->uid);
	if (err == ERR_LIMIT)
		screened_event(s, c, CAUSE_INBOUND_LIMIT);
	if (err == ERR_LIMIT)
		return CAUSE_INBOUND_LIMIT;
	if (err)
		return err == ERR_NOT_FOUND ? CAUSE_NOT_REGISTERED : CAUSE_OVERLOAD;
	c->inbound_held = true;
	s->counts.inbound_held++;
	return CAUSE_NORMAL;
}

void screen_inbound_give(struct shard *s, struct call *c)
{
	if (!c->inbound_held)
		return;
	(void)directory_inbound_give(s->p.directory, callee_of_place(s, c), c->uid);
	c->inbound_held = false;
	s->counts.inbound_held--;
}

void screen_inbound_restore(struct shard *s, struct call *c)
{
	c->inbound_held =
		c->inbound_held &&
		directory_inbound_restore(s->p.directory, callee_of_place(s, c), c->uid) == 0;
	s->counts.inbound_held += c->inbound_held;
}
