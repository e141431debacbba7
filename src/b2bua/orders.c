/* Events go into a call, orders come out of it and are carried out here. */
#include "b2bua/b2bua_priv.h"

/* Events that carrying out an order gives rise to; they follow once all orders of the present event
 * are done. */
struct agenda {
	struct call_event v[2 * CALL_BRANCHES_MAX];
	uint32_t count;
};

static void follows(struct agenda *a, struct call_event ev)
{
	if (a->count < sizeof(a->v) / sizeof(a->v[0]))
		a->v[a->count++] = ev;
}

/* --- towards the called phones */

const struct sip_msg *caller_invite(struct shard *s, const struct leg *a)
{
	const struct flow *flow;
	return a ? txn_request_of(s->txns, a->invite, &s->scratch, &flow) : NULL;
}

/* The body of a branch's INVITE: the caller's offer through the relay, or none (late offer). */
static int branch_offer(struct shard *s, struct leg *a, struct leg *b, struct slice *ret_body)
{
	const struct sdp *sdp;
	const struct sip_msg *invite = caller_invite(s, a);
	int err = invite ? media_sdp_of(s, invite, &sdp) : ERR_STALE;
	if (err == ERR_NOT_FOUND) {
		*ret_body = SLICE_NONE;
		return 0;
	}
	if (err)
		return err;
	struct strbuf out = scratch_buf(s, sdp->text.n + 2048);
	err = media_offer(s, a, b, sdp, false, &out);
	*ret_body = strbuf_slice(&out);
	return err;
}

static enum call_cause cause_of_offer(int err)
{
	return err == ERR_LIMIT || err == ERR_UNSUPPORTED ? CAUSE_NO_MEDIA_PORT : CAUSE_NO_RESPONSE;
}

/* CAUSE_NORMAL: it is on its way. */
static enum call_cause send_invite(struct shard *s, struct call *c, struct leg *a, struct leg *b)
{
	struct slice body;
	int err = c->transfer ? transfer_offer(s, b, &body) : branch_offer(s, a, b, &body);
	if (err)
		return cause_of_offer(err);
	struct strbuf more = scratch_buf(s, c->forwards.v ? 4096 : 512);
	sip_build_header(&more, SIP_HDR_ALLOW, slice_str(reply_allow));
	/* Without an offer the phone would make one in a reliable response, and only a caller that
	 * knows PRACK could answer it. */
	if (c->transfer)
		transfer_headers(s, c, b, &more);
	else if (body.n || a->can & LEG_CAN_100REL)
		sip_build_header(&more, SIP_HDR_SUPPORTED, SLICE("100rel"));
	session_request(s, b, &more);
	history_headers(s, c, b, &more);
	if (b->trunk)
		trunk_headers(s, c, b, &more);
	else if (shown_of(s, c).anonymous)
		sip_build_header(&more, SIP_HDR_PRIVACY, SLICE("id"));
	struct leg_request r = {
		.method = SIP_INVITE,
		.cseq = b->invite_cseq,
		.max_forwards = c->max_forwards,
		.user = user_of(USER_LEG, b->id),
		.first_ms = b->trunk ? s->config->trunk_answer_ms : 0,
		.headers = strbuf_slice(&more),
		.content_type = SLICE("application/sdp"),
		.body = body,
	};
	err = leg_send_request(s, b, &r, &b->invite);
	if (err == ERR_NOT_FOUND || err == ERR_UNSUPPORTED)
		return CAUSE_NO_ADDRESS;
	return err ? CAUSE_NO_RESPONSE : CAUSE_NORMAL;
}

bool branch_invite_again(struct shard *s, struct call *c, struct leg *b)
{
	struct leg *a = leg_of(s, c->leg_a);
	b->invite_cseq = dialog_next_cseq(&b->dialog);
	if (a == NULL || send_invite(s, c, a, b) != CAUSE_NORMAL)
		return false;
	if (c->transfer)
		keep_transfer(s, c);
	else
		keep_setup(s, c); /* what would be cancelled after a restart */
	return true;
}

static void leg_started(struct shard *s, struct call *c, const struct leg *b)
{
	struct event e = event_of(s, EVENT_LEG_STARTED, c);
	event_add_text(&e, EVENT_KEY_CALL_ID, dialog_text(&b->dialog, DIALOG_CALL_ID));
	event_add_text(&e, EVENT_KEY_CONTACT, dialog_text(&b->dialog, DIALOG_REMOTE_TARGET));
	event_add_number(&e, EVENT_KEY_COUNT, b->branch + 1);
	if (b->trunk)
		event_add_text(&e, EVENT_KEY_TRUNK, slice_str(forward_trunk(s, c)));
	event_send(s, &e);
}

static void start_branch(struct shard *s, struct call *c, uint8_t branch, struct agenda *agenda)
{
	struct leg *a = leg_of(s, c->leg_a), *b = branch_leg(s, c, branch);
	if (a && b)
		leg_started(s, c, b); /* before its first message */
	enum call_cause cause = a && b ? send_invite(s, c, a, b) : CAUSE_NO_RESPONSE;
	if (cause == CAUSE_NORMAL) {
		if (b->trunk)
			trunk_watch(s, b);
		return;
	}
	bool more = b && b->trunk && trunk_next(s, c, b, 0);
	if (b) {
		b->state = LEG_GONE;
		trunk_place_give(s, b);
	}
	follows(agenda,
		(struct call_event){
			.kind = CALL_EV_FAIL, .branch = branch, .cause = cause, .more = more});
}

/* A 2xx that was kept back for the caller's PRACK: the phone has answered and gets a BYE. */
static bool answered_meanwhile(struct shard *s, struct leg *b, struct agenda *agenda)
{
	const struct sip_msg *msg = early_held(s, b);
	if (msg == NULL || dialog_from_response(&b->dialog, msg) != 0)
		return false;
	b->state = LEG_ANSWERED;
	follows(agenda, (struct call_event){.kind = CALL_EV_CONNECT, .branch = b->branch});
	return true;
}

void cancel_branch(struct shard *s, struct call *c, uint8_t branch, enum call_cause cause,
		   const struct sip_msg *why)
{
	struct leg *b = branch_leg(s, c, branch);
	if (b == NULL || b->state != LEG_INVITING)
		return;
	struct strbuf reason = scratch_buf(s, 256);
	struct slice given =
		why && why->is_request ? sip_msg_value(why, SIP_HDR_REASON) : SLICE_NONE;
	if (given.n && given.n < 200)
		strbuf_add(&reason, given);
	else if (cause == CAUSE_ELSEWHERE)
		strbuf_str(&reason, "SIP;cause=200;text=\"Call completed elsewhere\"");
	else
		strbuf_fmt(&reason, "Q.850;cause=%d;text=\"%s\"", call_cause_info(cause)->q850,
			   call_cause_info(cause)->text);
	b->cancelled = true;
	txn_cancel(s->txns, b->invite, strbuf_slice(&reason), &s->scratch, now_of(s));
}

static void stop_branch(struct shard *s, struct call *c, uint8_t branch, enum call_cause cause,
			const struct sip_msg *why, struct agenda *agenda)
{
	struct leg *b = branch_leg(s, c, branch);
	if (b == NULL || b->state != LEG_INVITING || answered_meanwhile(s, b, agenda))
		return;
	if (!pursuit_withdraw(s, user_of(USER_LEG, b->id), SIP_INVITE)) {
		cancel_branch(s, c, branch, cause, why);
		return;
	}
	b->state = LEG_GONE; /* as if its 487 had come */
	follows(agenda, (struct call_event){.kind = CALL_EV_FAIL, .branch = branch, .code = 487});
}

static void bye_branch(struct shard *s, struct call *c, uint8_t branch, enum call_cause cause,
		       const struct sip_msg *why)
{
	struct leg *b = branch_leg(s, c, branch);
	if (b == NULL || b->state != LEG_ANSWERED)
		return;
	if (!b->acked)
		leg_send_ack(s, b, b->invite_cseq, SLICE_NONE);
	leg_send_bye(s, b, cause, why);
}

/* --- towards the caller */

static void ring_caller(struct shard *s, struct call *c, uint8_t branch, int code,
			const struct sip_msg *msg)
{
	struct leg *a = leg_of(s, c->leg_a), *b = branch_leg(s, c, branch);
	if (a == NULL || b == NULL || msg == NULL)
		return;
	c->ring_end_ms = now_of(s) + (int64_t)s->config->ring_limit_s * 1000;
	forward_rings(s, c);
	if (c->ringing_at == 0) {
		c->ringing_at = io_wall_ms(s->p.io);
		keep_call(s, c);
		struct event e = event_of(s, EVENT_CALL_RINGING, c);
		event_add_number(&e, EVENT_KEY_CODE, code);
		event_send(s, &e);
	}
	early_ring_caller(s, c, a, b, code, msg);
}

/* The caller's dialog is now the one of the phone that answered. */
static void answered(struct shard *s, struct call *c, struct leg *a, const struct leg *b)
{
	token_number(&a->dialog, b->early.number);
	a->dialog.remote_cseq = b->early.caller_cseq;
	call_answered(s, c, a);
}

void call_answered(struct shard *s, struct call *c, struct leg *a)
{
	a->state = LEG_ANSWERED;
	c->answered_at = io_wall_ms(s->p.io);
	call_watch_media(s, c);
	s->counts.calls_answered_total++;
	struct event e = event_of(s, EVENT_CALL_ANSWERED, c);
	event_add_text(&e, EVENT_KEY_KIND, slice_str(c->codec));
	event_add_number(&e, EVENT_KEY_DURATION_MS, c->answered_at - c->started_at);
	event_send(s, &e);
}

/* The answer came before the 2xx, for good in a reliable response or, of phones that do not repeat
 * it, in any. */
static int early_body(struct shard *s, struct leg *a, struct leg *b, struct slice *ret_body)
{
	if (!b->early.settled && b->early.told.n == 0)
		return ERR_NOT_FOUND;
	media_settle(s, b, a);
	*ret_body = b->early.told_settled ? SLICE_NONE : b->early.told;
	return 0;
}

/* In one dialog an offer has one answer (RFC 3261 §13.2.1). Where the phone's 2xx says something
 * else than its provisional response did, or another dialog of a fork answers, the caller's 2xx
 * opens another dialog, as that of a fork would. */
static void final_answer(struct shard *s, struct call *c, struct leg *b, struct slice *body)
{
	struct slice told = b->early.told;
	if (told.n && !sdp_same_but_origin(told, *body))
		early_begin(s, c, b);
	else if (b->early.told_settled)
		*body = SLICE_NONE; /* acknowledged with the PRACK (RFC 6337 §2.2) */
	else if (told.n)
		*body = told;
}

/* What the caller's 200 says: the answer to its offer, or (late offer) the callee's offer. */
static int connect_body(struct shard *s, struct call *c, struct leg *a, struct leg *b,
			const struct sip_msg *invite, const struct sip_msg *msg,
			struct slice *ret_body)
{
	const struct sdp *theirs, *offer;
	int has = media_sdp_of(s, msg, &theirs);
	int offered = invite ? media_sdp_of(s, invite, &offer) : ERR_STALE;
	if (has == ERR_NOT_FOUND && offered == ERR_NOT_FOUND) {
		*ret_body = SLICE_NONE; /* a call without media: nothing to relay */
		return 0;
	}
	if (has == ERR_NOT_FOUND || b->early.settled)
		return early_body(s, a, b, ret_body);
	if (has)
		return has;
	struct strbuf out = scratch_buf(s, theirs->text.n + 2048);
	int err;
	if (offered == 0) {
		err = media_answer(s, c, b, a, theirs, offer, true, &out);
	} else {
		b->ack_waits = true;
		err = media_offer(s, b, a, theirs, true, &out);
	}
	*ret_body = strbuf_slice(&out);
	if (offered == 0)
		final_answer(s, c, b, ret_body);
	return err;
}

static void connect_caller(struct shard *s, struct call *c, uint8_t branch,
			   const struct sip_msg *msg, struct agenda *agenda)
{
	struct leg *a = leg_of(s, c->leg_a), *b = branch_leg(s, c, branch);
	struct slice body = SLICE_NONE;
	if (a == NULL || b == NULL || msg == NULL)
		return;
	const struct sip_msg *invite = caller_invite(s, a);
	int err = connect_body(s, c, a, b, invite, msg, &body);
	ringback_end(s, c);
	if (err == 0) {
		answered(s, c, a, b);
		session_answered(s, b, msg);
		if (!b->ack_waits)
			leg_send_ack(s, b, b->invite_cseq, SLICE_NONE);
		struct strbuf more = scratch_buf(s, 512);
		sip_build_header(&more, SIP_HDR_ALLOW, slice_str(reply_allow));
		if (invite)
			session_accept(s, a, invite, &more);
		keep_answered(s, c, strbuf_slice(&more), body);
		leg_respond(s, a, a->invite, 200, strbuf_slice(&more), SLICE("application/sdp"),
			    body);
		early_over(s, b);
		return;
	}
	c->sip_code = (int16_t)call_cause_info(CAUSE_BAD_OFFER)->sip_code;
	struct strbuf more = scratch_buf(s, 512);
	header_reason(&more, s, CAUSE_BAD_OFFER);
	leg_respond(s, a, a->invite, c->sip_code, strbuf_slice(&more), SLICE_NONE, SLICE_NONE);
	a->state = LEG_GONE;
	follows(agenda, (struct call_event){.kind = CALL_EV_END, .cause = CAUSE_BAD_OFFER});
}

/* What a live call holds: a place of the callee; a channel, or that it came from a trunk and needs
 * none. */
static void give_channel(struct shard *s, struct call *c)
{
	if (c->in_live)
		s->counts.calls_in_live--;
	c->in_live = false;
	forward_channels_give(s, c);
	screen_inbound_give(s, c);
	if (!c->channel_held)
		return;
	directory_channel_give(s->p.directory, slice_str(c->from), c->uid);
	c->channel_held = false;
	s->counts.channels_held--;
}

/* What the network says of it is worth more than our words for it. */
static void reason_headers(struct shard *s, const struct call *c, enum call_cause cause,
			   const struct sip_msg *why, struct strbuf *b)
{
	bool told = forward_goes_out(s, c) && why && !why->is_request && why->code >= 300 &&
		    sip_msg_header(why, SIP_HDR_REASON);
	if (told)
		sip_build_copy(b, why, SIP_HDR_REASON);
	if (told && !b->failed)
		sip_build_warning(b, domain_of(s), slice_str(call_cause_info(cause)->text));
	if (told && !b->failed)
		return;
	strbuf_init(b, b->p, b->cap_bytes);
	header_reason(b, s, cause);
}

void refuse_caller(struct shard *s, struct call *c, int code, enum call_cause cause,
		   const struct sip_msg *why)
{
	struct leg *a = leg_of(s, c->leg_a);
	if (a == NULL)
		return;
	struct strbuf b = scratch_buf(s, 1024);
	reason_headers(s, c, cause, why, &b);
	if (code == 503)
		sip_build_number(&b, SIP_HDR_RETRY_AFTER, RETRY_AFTER_S);
	leg_respond(s, a, a->invite, code, strbuf_slice(&b), SLICE_NONE, SLICE_NONE);
	a->state = LEG_GONE;
	s->counts.calls_refused_total++;
	struct event e = event_of(s, EVENT_CALL_REFUSED, c);
	event_add_number(&e, EVENT_KEY_CODE, code);
	event_add_text(&e, EVENT_KEY_REASON, slice_str(call_cause_info(cause)->word));
	if (c->detail.n)
		event_add_text(&e, EVENT_KEY_DETAIL, c->detail);
	event_send(s, &e);
}

static void serve(struct shard *s, struct call *c, struct agenda *agenda)
{
	enum call_cause cause = service_begin(s, c);
	if (cause == CAUSE_NORMAL)
		return;
	c->sip_code = (int16_t)call_cause_info(cause)->sip_code;
	refuse_caller(s, c, c->sip_code, cause, NULL);
	follows(agenda, (struct call_event){.kind = CALL_EV_END, .cause = cause});
}

static void announce(struct shard *s, struct call *c, struct agenda *agenda)
{
	give_channel(s, c);
	ringback_end(s, c);
	if (!announce_begin(s, c))
		follows(agenda, (struct call_event){.kind = CALL_EV_ANNOUNCED});
}

static void bye_caller(struct shard *s, struct call *c, enum call_cause cause,
		       const struct sip_msg *why)
{
	struct leg *a = leg_of(s, c->leg_a);
	if (a == NULL || a->state != LEG_ANSWERED)
		return;
	if (a->acked) {
		leg_send_bye(s, a, cause, why);
		return;
	}
	a->bye_waits = true;
	a->bye_cause = (uint8_t)cause;
}

static void end_exchanges(struct shard *s, const struct leg *l)
{
	if (l && id_is(l->reinvite))
		exchange_end(s, l->reinvite);
}

static void finish(struct shard *s, struct call *c)
{
	if (c->ended_at == 0)
		c->ended_at = io_wall_ms(s->p.io);
	wheel_cancel(s->wheel, &c->timer);
	trunk_places_give(s, c);
	give_channel(s, c);
	ringback_end(s, c);
	announce_close_player(s, c);
	s->counts.calls_live--;
	end_exchanges(s, leg_of(s, c->leg_a));
	end_exchanges(s, branch_leg(s, c, c->winner));
	record_write(s, c);
}

/* The request that ends the call says why, to the other side too; but nothing that a caller who
 * withholds his number may have written there. */
static const struct sip_msg *bye_of(const struct call *c, const struct sip_msg *msg)
{
	bool ends = msg && msg->is_request && (msg->method == SIP_BYE || msg->method == SIP_CANCEL);
	return ends && !c->anonymous ? msg : NULL;
}

static void carry_out(struct shard *s, struct call *c, const struct call_order *o,
		      const struct sip_msg *msg, struct agenda *agenda)
{
	struct call_event ev;
	switch (o->kind) {
	case ORDER_ROUTE:
		route_call(s, c, &ev);
		follows(agenda, ev);
		return;
	case ORDER_FORWARD:
		route_forward(s, c, o->forward, &ev);
		follows(agenda, ev);
		return;
	case ORDER_START_BRANCH:
		start_branch(s, c, o->branch, agenda);
		return;
	case ORDER_RING_CALLER:
		ring_caller(s, c, o->branch, o->code, msg);
		return;
	case ORDER_CONNECT:
		connect_caller(s, c, o->branch, msg, agenda);
		return;
	case ORDER_SERVE:
		serve(s, c, agenda);
		return;
	case ORDER_ANNOUNCE:
		announce(s, c, agenda);
		return;
	case ORDER_REFUSE_CALLER:
		refuse_caller(s, c, o->code, o->cause, msg);
		return;
	case ORDER_CANCEL_BRANCH:
		stop_branch(s, c, o->branch, o->cause, bye_of(c, msg), agenda);
		return;
	case ORDER_BYE_CALLER:
		bye_caller(s, c, o->cause, bye_of(c, msg));
		return;
	case ORDER_BYE_BRANCH:
		bye_branch(s, c, o->branch, o->cause, bye_of(c, msg));
		return;
	case ORDER_TRANSFER_RINGS:
		transfer_rings_at(s, c, o->code);
		return;
	case ORDER_JOIN:
		transfer_target_answered(s, c, o->branch, msg);
		return;
	case ORDER_LEAVE:
		transfer_leave(s, c);
		return;
	case ORDER_TRANSFERRED:
		transfer_succeeded(s, c);
		return;
	case ORDER_TAKE_PLACE:
		transfer_take_place(s, c, o->branch);
		return;
	case ORDER_NOT_TRANSFERRED:
		transfer_failed(s, c, o->code, o->cause);
		return;
	case ORDER_FINISH:
		finish(s, c);
		return;
	}
}

static void step(struct shard *s, struct call *c, const struct call_event *ev,
		 const struct sip_msg *msg, struct agenda *agenda)
{
	struct call_orders orders;
	enum call_state before = (enum call_state)c->state;
	if (!call_step(c, ev, &orders)) {
		struct event e = event_of(s, EVENT_EMPTY_CELL, c);
		event_add_text(&e, EVENT_KEY_KIND, SLICE("call"));
		event_add_text(&e, EVENT_KEY_DETAIL, slice_str(call_state_name(before)));
		event_add_text(&e, EVENT_KEY_OTHER, slice_str(call_event_name(ev->kind)));
		event_send(s, &e);
	}
	for (uint32_t i = 0; i < orders.count; i++)
		carry_out(s, c, &orders.v[i], msg, agenda);
	if (before == CALL_ROUTING && c->state == CALL_PROCEEDING)
		keep_setup(s, c);
	else if (ev->kind == CALL_EV_TRANSFER && c->transfer)
		keep_transfer(s, c); /* what would be cancelled after a restart */
}

void call_happens(struct shard *s, struct call *c, const struct call_event *ev,
		  const struct sip_msg *msg)
{
	struct agenda agenda = {.count = 0};
	uint64_t outer = s->out_call;
	s->out_call = c->uid;
	step(s, c, ev, msg, &agenda);
	for (uint32_t i = 0; i < agenda.count; i++) {
		struct call_event next = agenda.v[i];
		step(s, c, &next, msg, &agenda);
	}
	s->out_call = outer;
	call_settle(s, c);
}
