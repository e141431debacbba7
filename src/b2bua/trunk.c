/*
 * Calls on trunks: which one, in which words, and what happens when it does not take the call. One
 * trunk at a time is a branch of the call; when it fails before the callee can have heard of the
 * call, or says nothing, the next one takes its place.
 */
#include "b2bua/b2bua_priv.h"

#include "sip/value.h"

_Static_assert(CALL_TRUNK_BYTES == TRUNK_NAME_BYTES, "a call names its trunk");

/* --- places */

static void place_taken(struct shard *s, struct leg *l, uint32_t id)
{
	l->trunk = id;
	l->trunk_held = true;
	s->counts.trunk_places++;
}

void trunk_place_give(struct shard *s, struct leg *l)
{
	if (!l->trunk_held)
		return;
	l->trunk_held = false;
	s->counts.trunk_places--;
	trunks_give(s->p.trunks, l->trunk);
}

void trunk_places_give(struct shard *s, const struct call *c)
{
	struct leg *a = leg_of(s, c->leg_a);
	if (a)
		trunk_place_give(s, a);
	for (uint8_t i = 0; i < c->branch_count; i++) {
		struct leg *b = branch_leg(s, c, i);
		if (b)
			trunk_place_give(s, b);
	}
}

int trunk_place_take(struct shard *s, struct leg *l, uint32_t id)
{
	int err = trunks_take_this(s->p.trunks, id);
	if (err == 0)
		place_taken(s, l, id);
	return err;
}

void trunk_place_restore(struct shard *s, struct leg *l)
{
	bool held = l->trunk_held;
	l->trunk_held = false;
	if (!held || s->p.trunks == NULL || !trunks_restore(s->p.trunks, l->trunk))
		return;
	place_taken(s, l, l->trunk);
}

/* --- a branch */

static void user_at(struct strbuf *b, const struct trunk *t, const char *number)
{
	trunk_number_write(b, t->format, slice_str(number));
}

/* RFC 3261 §19.1.6: what looks like a number is one. */
static const char *number_param(const struct trunk *t)
{
	return t->format == TRUNK_PLUS ? ";user=phone" : "";
}

static void target_write(const struct shard *s, struct strbuf *b, const struct call *c,
			 const struct trunk *t)
{
	strbuf_str(b, "sip:");
	user_at(b, t, forward_callee(s, c));
	strbuf_char(b, '@');
	trunk_host_write(b, t, true);
	if (t->transport != SIP_TRANSPORT_OTHER)
		strbuf_fmt(b, ";transport=%.*s", SLICE_ARG(sip_transport_param_name(t->transport)));
	strbuf_str(b, number_param(t));
}

static void local_write(struct shard *s, struct strbuf *b, const struct call *c,
			const struct trunk *t)
{
	struct shown as = shown_of(s, c);
	if (as.anonymous) {
		identity_anonymous(b, c);
		return;
	}
	strbuf_char(b, '"');
	user_at(b, t, as.number);
	strbuf_str(b, "\" <sip:");
	user_at(b, t, as.number);
	strbuf_fmt(b, "@%s%s>", s->config->domain, number_param(t));
}

static int dialog_write(struct shard *s, struct call *c, struct leg *b, const struct trunk *t)
{
	char tag[TOKEN_CHARS + 1], call_id[TOKEN_CHARS + 1];
	struct strbuf target = scratch_buf(s, 512), local = scratch_buf(s, 256),
		      remote = scratch_buf(s, 512);
	token_make(s, b->id, tag);
	token_make(s, token_anonymous(s), call_id);
	target_write(s, &target, c, t);
	local_write(s, &local, c, t);
	strbuf_fmt(&remote, "<%.*s>", SLICE_ARG(strbuf_slice(&target)));
	b->invite_cseq = 1;
	if (target.failed || local.failed || remote.failed)
		return ERR_TOO_BIG;
	return dialog_prepare(&b->dialog, slice_str(call_id), slice_str(tag), strbuf_slice(&local),
			      strbuf_slice(&remote), strbuf_slice(&target), b->invite_cseq);
}

static enum trunk_verdict take_trunk(struct shard *s, const struct call *c, struct trunk *ret_trunk)
{
	uint32_t tried[CALL_BRANCHES_MAX];
	/* What has led to who is being transferred, or transfers, may take another call. */
	uint8_t first = c->state == CALL_ANSWERED ? c->first_branch : 0, count = 0;
	for (uint8_t i = first; i < c->branch_count; i++)
		tried[count++] = c->branches[i].trunk;
	const struct trunk_ask ask = {
		.number = slice_str(forward_callee(s, c)),
		.tried = tried,
		.tried_count = count,
		.draw = (uint32_t)rng_u64(&s->rng),
	};
	return s->p.trunks ? trunks_take(s->p.trunks, &ask, ret_trunk) : TRUNK_NONE;
}

/* Without a way yet: the first request asks for it. */
static int branch_prepare(struct shard *s, struct call *c, const struct trunk *t)
{
	const struct flow nowhere = {0};
	uint8_t i = c->branch_count;
	struct leg *b;
	int err = leg_new(s, c, i, &nowhere, &b);
	if (err) {
		trunks_give(s->p.trunks, t->id);
		return err;
	}
	place_taken(s, b, t->id);
	err = dialog_write(s, c, b, t);
	if (err) {
		trunk_place_give(s, b);
		leg_let_go(s, b);
		pool_give(s->legs, b->id);
		return err;
	}
	c->branches[i].leg = b->id;
	c->branches[i].trunk = t->id;
	(void)slice_copy(slice_str(t->name), forward_trunk(s, c), CALL_TRUNK_BYTES);
	return 0;
}

enum call_cause trunk_branch(struct shard *s, struct call *c)
{
	struct trunk t;
	switch (take_trunk(s, c, &t)) {
	case TRUNK_FOUND:
		return branch_prepare(s, c, &t) == 0 ? CAUSE_NORMAL : CAUSE_OVERLOAD;
	case TRUNK_ALL_FULL:
		return CAUSE_TRUNKS_FULL;
	default:
		return CAUSE_NO_TRUNK;
	}
}

/* RFC 3325 §5: the trunk is told who calls, and whether anybody else may be. */
void trunk_headers(struct shard *s, const struct call *c, const struct leg *b, struct strbuf *more)
{
	struct trunk t;
	struct shown as = shown_of(s, c);
	if (as.anonymous)
		sip_build_header(more, SIP_HDR_PRIVACY, SLICE("id"));
	if (as.number[0] == '\0' || !trunks_get(s->p.trunks, b->trunk, &t) || !t.trusted)
		return;
	struct strbuf value = scratch_buf(s, 256);
	strbuf_str(&value, "<sip:");
	user_at(&value, &t, as.number);
	strbuf_fmt(&value, "@%s%s>", s->config->domain, number_param(&t));
	sip_build_header(more, SIP_HDR_P_ASSERTED_IDENTITY, strbuf_slice(&value));
}

/* --- when it does not work out */

static void passed_over_event(struct shard *s, const struct call *c, const struct leg *l, int code)
{
	struct trunk t;
	struct event e = event_of(s, EVENT_TRUNK_PASSED_OVER, c);
	if (trunks_get(s->p.trunks, l->trunk, &t))
		event_add_text(&e, EVENT_KEY_TRUNK, slice_str(t.name));
	if (code)
		event_add_number(&e, EVENT_KEY_CODE, code);
	else
		event_add_text(&e, EVENT_KEY_REASON, SLICE("no answer"));
	event_send(s, &e);
}

/* The callee cannot have heard of it, nor the caller of the callee: 408, 5xx and silence are the
 * trunk's, and no sound has come back. */
static bool may_go_on(const struct call *c, const struct leg *l, int code)
{
	bool of_trunk = code == 0 || code == 408 || (code >= 500 && code < 600);
	bool heard = l->early.told.n || l->early.settled;
	return of_trunk && !heard && !l->cancelled && (c->state == CALL_PROCEEDING || c->transfer);
}

bool trunk_next(struct shard *s, struct call *c, const struct leg *failed, int code)
{
	if (!may_go_on(c, failed, code))
		return false;
	trunks_attempt_failed(s->p.trunks, failed->trunk);
	passed_over_event(s, c, failed, code);
	return c->branch_count < CALL_BRANCHES_MAX && trunk_branch(s, c) == CAUSE_NORMAL;
}

void trunk_turned(struct shard *s, uint32_t id, bool up, enum trunk_why why)
{
	struct trunk t;
	struct event e = event_of(s, up ? EVENT_TRUNK_UP : EVENT_TRUNK_DOWN, NULL);
	if (trunks_get(s->p.trunks, id, &t))
		event_add_text(&e, EVENT_KEY_TRUNK, slice_str(t.name));
	if (!up)
		event_add_text(&e, EVENT_KEY_REASON, slice_str(trunk_why_word(why)));
	event_send(s, &e);
}

/* It said nothing at all to an INVITE: until it answers an OPTIONS no other call is to wait. */
static void was_silent(struct shard *s, const struct leg *l)
{
	if (s->config->trunk_options_s &&
	    trunks_heard(s->p.trunks, l->trunk, false, TRUNK_WHY_INVITE, 1, io_wall_ms(s->p.io)))
		trunk_turned(s, l->trunk, false, TRUNK_WHY_INVITE);
}

void trunk_silent(struct shard *s, struct call *c, struct leg *l)
{
	struct call_event ev = {
		.kind = CALL_EV_FAIL,
		.branch = l->branch,
		.code = call_cause_info(CAUSE_NO_TRUNK)->sip_code,
		.cause = CAUSE_NO_TRUNK,
		.judged = true,
	};
	if (!l->early.begun && !l->cancelled)
		was_silent(s, l);
	l->state = LEG_GONE;
	trunk_place_give(s, l);
	ev.more = trunk_next(s, c, l, 0);
	call_happens(s, c, &ev, NULL);
}

/* "Q.850;cause=17;text=..." */
static int q850_of(const struct sip_msg *msg)
{
	struct sip_values it = sip_msg_values(msg, SIP_HDR_REASON);
	struct slice value, cause;
	uint64_t n;
	while (sip_values_next(&it, &value)) {
		struct slice protocol = slice_trim(slice_cut(&value, ';'));
		if (slice_ieq(protocol, SLICE("Q.850")) &&
		    sip_param(value, SLICE("cause"), &cause) && slice_u64(cause, 127, &n) == 0)
			return (int)n;
	}
	return 0;
}

void trunk_refused(struct shard *s, struct call *c, struct leg *l, const struct sip_msg *msg)
{
	struct call_event ev = {.kind = CALL_EV_FAIL, .branch = l->branch, .judged = true};
	ev.cause = call_cause_of_network(msg->code, q850_of(msg), &ev.code);
	l->state = LEG_GONE;
	trunk_place_give(s, l);
	ev.more = trunk_next(s, c, l, msg->code);
	call_happens(s, c, &ev, msg);
}

/* --- nothing but 100 */

void trunk_watch(struct shard *s, struct leg *l)
{
	int64_t patience_ms = (int64_t)s->config->trunk_progress_s * 1000;
	if (patience_ms)
		wheel_arm(s->wheel, &l->timer, now_of(s) + patience_ms, TIMER_TRUNK, l->id);
}

void trunk_on_timer(struct shard *s, struct id leg)
{
	struct leg *l = leg_of(s, leg);
	struct call *c = l ? call_of(s, l->call) : NULL;
	if (c == NULL || l->state != LEG_INVITING || l->early.begun)
		return;
	s->out_call = c->uid;
	if (trunk_next(s, c, l, 0))
		call_happens(s, c,
			     &(struct call_event){.kind = CALL_EV_REROUTE,
						  .branch = l->branch,
						  .cause = CAUSE_NO_TRUNK},
			     NULL);
}
