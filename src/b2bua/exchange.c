/*
 * A request inside the call travels from one leg to the other and its answer back: re-INVITE (hold,
 * codec change, late offer), UPDATE, INFO, MESSAGE, OPTIONS; before the answer PRACK and UPDATE.
 * One offer at a time, whichever side began (glare: 491, RFC 3261 §14.2). An UPDATE goes on as a
 * re-INVITE to a phone that knows no UPDATE. An exchange outlives its legs when the call ends
 * meanwhile, so that what a phone still says is acknowledged.
 */
#include "b2bua/b2bua_priv.h"

#include "sip/value.h"

#define REINVITE_TIMEOUT_MS 32000 /* a phone that rings on a re-INVITE is not answering it */

static bool negotiates(const struct exchange *x)
{
	return x->method == SIP_INVITE ||
	       (x->has_offer && (x->method == SIP_UPDATE || x->method == SIP_PRACK));
}

static struct call *open_call(struct shard *s, const struct exchange *x)
{
	struct call *c = call_of(s, x->call);
	bool open = c && (c->state == CALL_ANSWERED || (x->early && c->state == CALL_PROCEEDING));
	return open ? c : NULL;
}

static void release_leg(struct shard *s, struct id leg, const struct exchange *x)
{
	struct leg *l = leg_of(s, leg);
	if (l && id_eq(l->reinvite, x->id))
		l->reinvite = ID_NONE;
}

static void exchange_free(struct shard *s, struct exchange *x)
{
	release_leg(s, x->from, x);
	release_leg(s, x->to, x);
	pool_give(s->exchanges, x->id);
}

void exchange_drop(struct shard *s, struct exchange *x)
{
	exchange_free(s, x);
}

/* Response to the side that asked; its leg may be gone. */
static void respond(struct shard *s, struct exchange *x, int code, struct slice headers,
		    struct slice type, struct slice body)
{
	struct leg *from = leg_of(s, x->from);
	if (from)
		leg_respond(s, from, x->server, code, headers, type, body);
	else
		reply(s, x->server, code, headers);
}

static void respond_text(struct shard *s, struct exchange *x, int code, const char *text)
{
	struct strbuf b = scratch_buf(s, 512);
	sip_build_warning(&b, domain_of(s), slice_str(text));
	if (code == 500)
		sip_build_number(&b, SIP_HDR_RETRY_AFTER, 1 + rng_below(&s->rng, 10));
	respond(s, x, code, strbuf_slice(&b), SLICE_NONE, SLICE_NONE);
}

/* --- onward */

static const enum sip_header_kind carried[] = {
	SIP_HDR_INFO_PACKAGE, SIP_HDR_CONTENT_DISPOSITION, SIP_HDR_ACCEPT, SIP_HDR_SUBJECT,
	SIP_HDR_PRIVACY,
};

/* A Subject may name a caller who withholds his number. */
static void copy_carried(struct strbuf *b, const struct sip_msg *msg, bool nameless)
{
	for (size_t i = 0; i < sizeof(carried) / sizeof(carried[0]); i++) {
		if (!nameless || carried[i] != SIP_HDR_SUBJECT)
			sip_build_copy(b, msg, carried[i]);
	}
}

/* The caller's PRACK answers what the phone offered in a reliable provisional response. */
static int onward_answer(struct shard *s, struct call *c, struct leg *from, struct leg *to,
			 const struct sdp *answer, struct strbuf *out)
{
	int err = media_answer(s, c, from, to, answer, NULL, true, out);
	if (err)
		return err;
	to->early.answer_waits = false;
	to->early.settled = to->early.told_settled = true;
	return 0;
}

/* What the body becomes on the other side: a session description goes through the relay, all else
 * as it is. */
static int onward_body(struct shard *s, struct call *c, struct exchange *x, struct leg *from,
		       struct leg *to, const struct sip_msg *msg, struct slice *ret_body)
{
	const struct sdp *sdp;
	*ret_body = msg->body;
	if (!x->has_answer && !(negotiates(x) && x->has_offer))
		return 0;
	int err = media_sdp_of(s, msg, &sdp);
	if (err)
		return err;
	struct strbuf out = scratch_buf(s, msg->body.n + 2048);
	if (x->early && x->has_offer) {
		media_keep(s, from);
		media_keep(s, to);
	}
	err = x->has_answer ? onward_answer(s, c, from, to, sdp, &out)
			    : media_offer(s, from, to, sdp, false, &out);
	*ret_body = strbuf_slice(&out);
	return err;
}

/* What belongs to the method on this leg: the RAck of the phone's response (RFC 3262 §7.2), the
 * session timer (RFC 4028 §7.4). */
static void onward_headers(struct shard *s, const struct exchange *x, struct leg *to,
			   struct strbuf *more)
{
	if (x->onward == SIP_PRACK) {
		sip_build_header_fmt(more, SIP_HDR_RACK, "%u %u INVITE", to->early.chained_rseq,
				     to->invite_cseq);
		to->early.chained_rseq = 0;
	}
	if (x->onward == SIP_INVITE || x->onward == SIP_UPDATE) {
		sip_build_header(more, SIP_HDR_ALLOW, slice_str(reply_allow));
		session_request(s, to, more);
	}
}

static uint32_t hops_of(const struct sip_msg *msg)
{
	uint32_t hops;
	return sip_msg_number(msg, SIP_HDR_MAX_FORWARDS, 70, &hops) == 0 ? hops : 71;
}

static int send_onward(struct shard *s, struct call *c, struct exchange *x, struct leg *from,
		       struct leg *to, const struct sip_msg *msg)
{
	struct strbuf more = scratch_buf(s, 4096);
	struct slice body;
	int err = onward_body(s, c, x, from, to, msg, &body);
	if (err)
		return err;
	copy_carried(&more, msg, c->anonymous && from->branch == LEG_IS_CALLER);
	onward_headers(s, x, to, &more);
	if (more.failed)
		return ERR_TOO_BIG;
	if (x->early && to->branch == LEG_IS_CALLER)
		token_number(&to->dialog, from->early.number);
	x->client_cseq = dialog_next_cseq(&to->dialog);
	struct leg_request r = {
		.method = x->onward,
		.method_text = msg->method_text,
		.cseq = x->client_cseq,
		.max_forwards = hops_of(msg) - 1,
		.user = user_of(USER_EXCHANGE, x->id),
		.timeout_ms = x->onward == SIP_INVITE ? REINVITE_TIMEOUT_MS : 0,
		.headers = strbuf_slice(&more),
		.content_type = sip_msg_value(msg, SIP_HDR_CONTENT_TYPE),
		.body = body,
	};
	return leg_send_request(s, to, &r, &x->client);
}

static int refusal_code(int err)
{
	switch (err) {
	case ERR_LIMIT:
	case ERR_UNSUPPORTED:
	case ERR_SYNTAX:
		return 488;
	case ERR_TOO_BIG:
		return 513;
	default:
		return 500;
	}
}

/* Somebody else's offer is on its way on one of the legs. */
static bool collides(struct shard *s, struct id server, const struct leg *from,
		     const struct leg *to, bool early)
{
	bool acked = early || (from->acked && to->acked);
	if (!id_is(from->reinvite) && !id_is(to->reinvite) && acked)
		return false;
	const struct exchange *x = pool_get(s->exchanges, from->reinvite);
	bool own = x && id_eq(x->from, from->id) && !x->answered;
	struct strbuf b = scratch_buf(s, 256);
	if (own) /* its own last one is not answered yet (RFC 3261 §14.2) */
		sip_build_number(&b, SIP_HDR_RETRY_AFTER, 1 + rng_below(&s->rng, 10));
	reply(s, server, own ? 500 : 491, strbuf_slice(&b));
	return true;
}

static enum sip_method onward_of(const struct leg *to, const struct sip_msg *msg, bool early)
{
	if (msg->method == SIP_PRACK)
		return to->early.chained_rseq ? SIP_PRACK : SIP_UPDATE;
	if (msg->method == SIP_UPDATE && !early && !(to->can & LEG_CAN_UPDATE))
		return SIP_INVITE;
	return msg->method;
}

static void reply_busy(struct shard *s, struct id server)
{
	struct strbuf b = scratch_buf(s, 512);
	sip_build_warning(&b, domain_of(s), slice_str(call_cause_info(CAUSE_OVERLOAD)->text));
	sip_build_number(&b, SIP_HDR_RETRY_AFTER, RETRY_AFTER_S);
	reply(s, server, 503, strbuf_slice(&b));
}

/* The offer came to nothing: the session stays as it was (RFC 3261 §14.1). */
static void undo(struct shard *s, const struct exchange *x)
{
	struct leg *from = leg_of(s, x->from), *to = leg_of(s, x->to);
	if (!negotiates(x))
		return;
	if (from)
		media_undo(s, from);
	if (to)
		media_undo(s, to);
}

void exchange_answer_update(struct shard *s, struct leg *from, struct id server,
			    const struct sip_msg *msg)
{
	struct strbuf more = scratch_buf(s, 512);
	(void)dialog_refresh_target(&from->dialog, msg);
	sip_build_header(&more, SIP_HDR_ALLOW, slice_str(reply_allow));
	session_accept(s, from, msg, &more);
	leg_respond(s, from, server, 200, strbuf_slice(&more), SLICE_NONE, SLICE_NONE);
}

void exchange_start(struct shard *s, struct call *c, struct leg *from, struct leg *to,
		    struct id server, const struct sip_msg *msg)
{
	bool early = c->state != CALL_ANSWERED;
	bool answers = early && msg->method == SIP_PRACK && to->early.answer_waits;
	struct exchange head = {
		.call = c->id,
		.from = from->id,
		.to = to->id,
		.server = server,
		.server_cseq = msg->cseq.number,
		.method = msg->method,
		.onward = onward_of(to, msg, early),
		.early = early,
		.has_offer = msg->body.n > 0 && !answers,
		.has_answer = answers,
	};
	struct id id;
	if (hops_of(msg) == 0) {
		reply_text(s, server, 483, call_cause_info(CAUSE_LOOP)->text);
		return;
	}
	if (negotiates(&head) && collides(s, server, from, to, early))
		return;
	struct exchange *x = pool_take(s->exchanges, &id);
	if (x == NULL) {
		reply_busy(s, server);
		return;
	}
	*x = head;
	x->id = id;
	if (negotiates(x))
		from->reinvite = to->reinvite = id;
	txn_set_user(s->txns, server, user_of(USER_EXCHANGE, id));
	int err = send_onward(s, c, x, from, to, msg);
	if (err == 0)
		return;
	undo(s, x);
	respond_text(s, x, refusal_code(err), "The request cannot be carried to the other phone");
	exchange_free(s, x);
}

/* --- back */

static void changed(struct shard *s, struct call *c, const struct exchange *x)
{
	if (c->state == CALL_ANSWERED) /* before that its timer limits the ringing */
		call_watch_media(s, c);
	struct event e = event_of(s, EVENT_CALL_CHANGED, c);
	event_add_text(&e, EVENT_KEY_METHOD, sip_method_name(x->method));
	event_add_text(&e, EVENT_KEY_DETAIL,
		       media_on_hold(s, c) ? SLICE("on hold") : SLICE("talking"));
	event_send(s, &e);
}

/* The 2xx of a negotiation: an answer to the offer, or the offer that was asked for. */
static int back_body(struct shard *s, struct call *c, struct exchange *x, struct leg *from,
		     struct leg *to, const struct sip_msg *request, const struct sip_msg *msg,
		     struct slice *ret_body)
{
	const struct sdp *theirs, *offer;
	int err = media_sdp_of(s, msg, &theirs);
	if (err)
		return err;
	struct strbuf out = scratch_buf(s, msg->body.n + 2048);
	if (x->has_offer) {
		bool known = request && media_sdp_of(s, request, &offer) == 0;
		err = media_answer(s, c, to, from, theirs, known ? offer : NULL, true, &out);
	} else {
		err = media_offer(s, to, from, theirs, true, &out);
	}
	*ret_body = strbuf_slice(&out);
	return err;
}

static void negotiated(struct shard *s, struct call *c, struct exchange *x, struct leg *from,
		       struct leg *to, const struct sip_msg *msg)
{
	struct slice body = SLICE_NONE;
	const struct flow *flow;
	const struct sip_msg *request = txn_request_of(s->txns, x->server, &s->scratch, &flow);
	int err = back_body(s, c, x, from, to, request, msg, &body);
	if (x->onward == SIP_INVITE && (x->has_offer || err))
		leg_send_ack(s, to, x->client_cseq, SLICE_NONE);
	if (err) {
		undo(s, x);
		respond_text(s, x, 488, "The other phone's session description cannot be used");
		exchange_free(s, x);
		return;
	}
	struct strbuf more = scratch_buf(s, 512);
	sip_build_header(&more, SIP_HDR_ALLOW, slice_str(reply_allow));
	if (request && x->method != SIP_PRACK) {
		(void)dialog_refresh_target(&from->dialog, request); /* only now: §12.2.2 */
		session_accept(s, from, request, &more);
	}
	x->answered = true;
	s->touched = c->id;
	respond(s, x, 200, strbuf_slice(&more), SLICE("application/sdp"), body);
	changed(s, c, x);
	if (x->method != SIP_INVITE)
		exchange_free(s, x);
}

static void pass_back(struct shard *s, struct exchange *x, const struct sip_msg *msg)
{
	static const enum sip_header_kind back[] = {SIP_HDR_WARNING, SIP_HDR_RETRY_AFTER,
						    SIP_HDR_ALLOW,   SIP_HDR_ACCEPT,
						    SIP_HDR_REASON,  SIP_HDR_UNSUPPORTED};
	struct strbuf more = scratch_buf(s, 4096);
	for (size_t i = 0; i < sizeof(back) / sizeof(back[0]); i++)
		sip_build_copy(&more, msg, back[i]);
	bool of_session =
		x->method == SIP_INVITE || x->method == SIP_UPDATE || x->method == SIP_PRACK;
	struct slice body = of_session ? SLICE_NONE : msg->body;
	bool challenge = msg->code == 401 || msg->code == 407; /* cannot be met through us */
	respond(s, x, challenge ? 403 : msg->code, more.failed ? SLICE_NONE : strbuf_slice(&more),
		sip_msg_value(msg, SIP_HDR_CONTENT_TYPE), body);
}

/* 481 and silence mean that the phone has lost the call (RFC 3261 §12.2.1.2). */
static void call_lost(struct shard *s, const struct exchange *x)
{
	struct call *c = call_of(s, x->call);
	struct leg *to = leg_of(s, x->to);
	if (c == NULL || to == NULL || to->state == LEG_GONE)
		return;
	struct call_event ev = {
		.kind = CALL_EV_LOST,
		.side = to->branch == LEG_IS_CALLER ? CALL_CALLER : CALL_CALLEE,
		.cause = CAUSE_SIGNALLING_LOST,
	};
	call_happens(s, c, &ev, NULL);
}

/* The call ended while a re-INVITE was on its way: its 2xx still wants an ACK. */
static void too_late(struct shard *s, struct exchange *x, const struct sip_msg *msg)
{
	struct leg *to = leg_of(s, x->to);
	if (x->onward == SIP_INVITE && msg->code < 300 && to)
		leg_send_ack(s, to, x->client_cseq, SLICE_NONE);
	respond_text(s, x, x->method == SIP_INVITE ? 487 : 481, "The call has ended");
	exchange_free(s, x);
}

/* A 2xx to INVITE or UPDATE says where the phone is now (§12.2.1.2) and until when the session
 * holds. */
static void target_refreshed(struct shard *s, const struct exchange *x, struct leg *to,
			     const struct sip_msg *msg)
{
	if (x->onward != SIP_INVITE && x->onward != SIP_UPDATE)
		return;
	(void)dialog_refresh_target(&to->dialog, msg);
	leg_learn(to, msg);
	session_answered(s, to, msg);
}

/* The session timer was too short for the phone (RFC 4028 §7.3): that is between it and us. */
static bool once_more(struct shard *s, struct call *c, struct exchange *x, struct leg *from,
		      struct leg *to, const struct sip_msg *msg)
{
	const struct flow *flow;
	const struct sip_msg *request = txn_request_of(s->txns, x->server, &s->scratch, &flow);
	return request && session_too_short(to, msg) &&
	       send_onward(s, c, x, from, to, request) == 0;
}

bool exchange_response(struct shard *s, struct id exchange, const struct sip_msg *msg)
{
	struct exchange *x = pool_get(s->exchanges, exchange);
	if (x && msg->code < 200)
		x->heard = true;
	if (x == NULL || msg->code < 200)
		return x != NULL;
	struct leg *from = leg_of(s, x->from), *to = leg_of(s, x->to);
	if (x->answered) { /* a repeated 2xx */
		if (to)
			leg_repeat_ack(s, to, msg->cseq.number);
		return true;
	}
	struct call *c = open_call(s, x);
	s->out_call = c ? c->uid : 0;
	bool left = (from && from->state == LEG_GONE) || (to && to->state == LEG_GONE);
	if (c == NULL || to == NULL || left || (from == NULL && !x->own)) {
		too_late(s, x, msg);
		return true;
	}
	if (msg->code < 300)
		target_refreshed(s, x, to, msg);
	if (x->own) {
		struct exchange own = *x;
		exchange_free(s, x);
		if (own.joins)
			transfer_join_answered(s, c, to, &own, msg);
		else
			session_refreshed(s, c, to, &own, msg);
		return true;
	}
	if (msg->code < 300 && negotiates(x)) {
		negotiated(s, c, x, from, to, msg);
		return true;
	}
	if (msg->code == 422 && once_more(s, c, x, from, to, msg))
		return true;
	undo(s, x);
	pass_back(s, x, msg);
	bool lost = msg->code == 481 || (msg->code == 408 && x->onward == SIP_INVITE && !x->heard);
	struct exchange copy = *x;
	exchange_free(s, x);
	if (lost)
		call_lost(s, &copy);
	return true;
}

void exchange_failed(struct shard *s, struct id exchange, enum txn_failure why)
{
	struct exchange *x = pool_get(s->exchanges, exchange);
	if (x == NULL || x->answered)
		return;
	struct call *c = open_call(s, x);
	s->out_call = c ? c->uid : 0;
	undo(s, x);
	respond_text(s, x, x->method == SIP_INVITE ? 408 : 504, "The other phone did not answer");
	/* One that takes its time over a re-INVITE (it asks its user) is not lost. */
	bool lost = !x->heard || x->onward != SIP_INVITE || why == TXN_TRANSPORT;
	struct exchange copy = *x;
	exchange_free(s, x);
	if (c && lost)
		call_lost(s, &copy);
	else if (c && copy.joins)
		transfer_join_failed(s, c);
}

void exchange_end(struct shard *s, struct id exchange)
{
	struct exchange *x = pool_get(s->exchanges, exchange);
	if (x == NULL || x->answered || x->own)
		return;
	respond_text(s, x, x->method == SIP_INVITE ? 487 : 481, "The call has ended");
	x->server = ID_NONE;
}

/* Whoever stays gets its answer now, or the ACK that it would have got. */
void exchange_leave(struct shard *s, struct leg *l)
{
	struct exchange *x = pool_get(s->exchanges, l->reinvite);
	if (x == NULL || x->own)
		return;
	bool asked = id_eq(x->from, l->id);
	if (!x->answered) {
		struct leg *other = leg_of(s, asked ? x->to : x->from);
		exchange_end(s, x->id);
		if (other)
			media_undo(s, other);
		if (other && !asked) /* it has its answer */
			other->reinvite = ID_NONE;
		return;
	}
	if (!asked)
		return; /* the ACK comes */
	struct leg *to = leg_of(s, x->to);
	txn_acked(s->txns, x->server, now_of(s));
	if (!x->has_offer && to)
		leg_send_ack(s, to, x->client_cseq, SLICE_NONE);
	exchange_free(s, x);
}

void exchange_set_client(struct shard *s, struct id exchange, struct id client)
{
	struct exchange *x = pool_get(s->exchanges, exchange);
	if (x)
		x->client = client;
}

void exchange_cancel(struct shard *s, struct id exchange)
{
	struct exchange *x = pool_get(s->exchanges, exchange);
	if (x == NULL || x->answered)
		return;
	if (pursuit_withdraw(s, user_of(USER_EXCHANGE, exchange), SIP_INVITE)) {
		respond_text(s, x, 487, "Cancelled before the other phone was asked");
		exchange_free(s, x);
		return;
	}
	txn_cancel(s->txns, x->client, SLICE_NONE, &s->scratch, now_of(s));
}

void exchange_ack(struct shard *s, struct exchange *x, const struct sip_msg *ack)
{
	struct call *c = open_call(s, x);
	struct leg *from = leg_of(s, x->from), *to = leg_of(s, x->to);
	const struct sdp *answer;
	bool ok = true;
	txn_acked(s->txns, x->server, now_of(s));
	s->touched = x->call;
	if (!x->has_offer && c && from && to) {
		struct strbuf out = scratch_buf(s, ack->body.n + 2048);
		ok = media_sdp_of(s, ack, &answer) == 0 &&
		     media_answer(s, c, from, to, answer, NULL, true, &out) == 0;
		leg_send_ack(s, to, x->client_cseq, ok ? strbuf_slice(&out) : SLICE_NONE);
		changed(s, c, x);
	}
	exchange_free(s, x);
	if (!ok)
		call_happens(s, c,
			     &(struct call_event){.kind = CALL_EV_END, .cause = CAUSE_BAD_OFFER},
			     NULL);
}

/* The 2xx to a re-INVITE was never acknowledged: the side that asked is gone (RFC 3261 §14.2). */
void exchange_server_end(struct shard *s, struct id exchange, enum txn_failure why)
{
	struct exchange *x = pool_get(s->exchanges, exchange);
	if (x == NULL || !x->answered || why == TXN_DONE)
		return;
	struct exchange lost = *x;
	lost.to = x->from;
	exchange_free(s, x);
	call_lost(s, &lost);
}
