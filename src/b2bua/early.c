/*
 * Before the answer: provisional responses of the phones on their way to the caller, reliable ones
 * (RFC 3262) on each leg on its own, PRACK, and UPDATE in an early dialog (RFC 3311).
 *
 * A phone's reliable response is acknowledged at once, unless it goes on to the caller as a
 * reliable one too: then the phone's PRACK follows the caller's (they are chained), so that an
 * offer or answer in either finds its way. The caller gets a reliable response when it requires
 * that, or when it can and there is something to lose: a session description, or what the phone
 * made reliable.
 */
#include "b2bua/b2bua_priv.h"

#include "sip/value.h"

#define T1_MS	   500
#define GIVE_UP_MS (64 * T1_MS)

/* --- early dialogs */

struct leg *early_leg(struct shard *s, const struct call *c, uint8_t number)
{
	for (uint8_t i = 0; i < c->branch_count; i++) {
		struct leg *b = branch_leg(s, c, i);
		if (b && b->early.begun && b->early.number == number)
			return b;
	}
	struct leg *a = leg_of(s, c->leg_a);
	return a && a->early.begun && a->early.number == number ? a : NULL;
}

static void drop(struct shard *s, struct slice *kept)
{
	bufs_give(s->bufs, (char *)kept->p);
	*kept = SLICE_NONE;
}

void early_free(struct shard *s, struct leg *l)
{
	wheel_cancel(s->wheel, &l->early.timer);
	drop(s, &l->early.response);
	drop(s, &l->early.told);
	drop(s, &l->early.held);
	l->early.unacked = false;
}

/* The caller's 2xx went out: nothing is repeated any more, a PRACK that is still under way will be
 * answered (RFC 3262 §3). */
void early_over(struct shard *s, struct leg *l)
{
	bool unacked = l->early.unacked;
	early_free(s, l);
	l->early.unacked = unacked;
}

/* A number is given for good: what the caller was told in that dialog cannot be taken back. After
 * the last one (nobody forks so often) the dialogs share it. */
void early_begin(struct shard *s, struct call *c, struct leg *b)
{
	const struct leg *a = leg_of(s, c->leg_a);
	early_free(s, b);
	b->early = (struct leg_early){
		.begun = true,
		.number = c->early_count < TOKEN_NUMBERS ? c->early_count++ : TOKEN_NUMBERS - 1,
		.caller_cseq = a ? a->invite_cseq : 0,
	};
}

/* Another dialog of the same INVITE: a proxy has forked it (RFC 3261 §13.2.2.4). */
static bool is_fork(const struct leg *b, const struct sip_msg *msg)
{
	struct slice tag = dialog_text(&b->dialog, DIALOG_REMOTE_TAG);
	return b->dialog.state == DIALOG_EARLY && msg->to_tag.n && !slice_eq(tag, msg->to_tag);
}

void early_meet(struct shard *s, struct call *c, struct leg *b, const struct sip_msg *msg)
{
	if (!b->early.begun || is_fork(b, msg))
		early_begin(s, c, b);
}

/* --- a phone's reliable responses */

/* Where we did not say that we know PRACK (orders.c) a phone must not ask for it. */
static bool is_reliable(struct shard *s, const struct call *c, const struct sip_msg *msg,
			uint32_t *ret_rseq)
{
	const struct leg *a = leg_of(s, c->leg_a);
	bool offered = a && (a->offered_count || a->can & LEG_CAN_100REL);
	return offered && msg->to_tag.n &&
	       sip_msg_has_token(msg, SIP_HDR_REQUIRE, SLICE("100rel")) &&
	       sip_msg_number(msg, SIP_HDR_RSEQ, INT32_MAX, ret_rseq) == 0 && *ret_rseq > 0;
}

static void send_prack(struct shard *s, struct leg *b, uint32_t rseq)
{
	struct id client;
	struct strbuf more = scratch_buf(s, 128);
	sip_build_header_fmt(&more, SIP_HDR_RACK, "%u %u INVITE", rseq, b->invite_cseq);
	struct leg_request r = {
		.method = SIP_PRACK,
		.cseq = dialog_next_cseq(&b->dialog),
		.user = user_of(USER_EXCHANGE, ID_NONE), /* nobody waits for its answer */
		.headers = strbuf_slice(&more),
	};
	(void)leg_send_request(s, b, &r, &client);
}

/* Out of order or repeated: such a response is not acknowledged (RFC 3262 §4). One with an offer
 * that cannot be shown to the caller yet is left to be repeated. */
static bool takes(struct shard *s, const struct call *c, const struct leg *b,
		  const struct sip_msg *msg, uint32_t rseq)
{
	const struct leg *a = leg_of(s, c->leg_a);
	bool offers = msg->body.n && a && a->offered_count == 0 && !b->early.settled;
	if (b->early.rseq_in && rseq != b->early.rseq_in + 1)
		return false;
	return !(offers && b->early.unacked);
}

void early_progress(struct shard *s, struct call *c, struct leg *b, const struct sip_msg *msg)
{
	uint32_t rseq = 0;
	bool reliable = is_reliable(s, c, msg, &rseq);
	early_meet(s, c, b, msg);
	if (reliable && !takes(s, c, b, msg, rseq))
		return;
	if (msg->to_tag.n) /* without Contact it leaves the target */
		(void)dialog_from_response(&b->dialog, msg);
	b->way_known = false; /* the routes may be new */
	leg_learn(b, msg);
	if (reliable)
		b->early.rseq_in = rseq;
	struct id id = b->id;
	call_happens(
		s, c,
		&(struct call_event){.kind = CALL_EV_RING, .branch = b->branch, .code = msg->code},
		msg);
	b = leg_of(s, id);
	if (reliable && b && b->state == LEG_INVITING && b->early.chained_rseq != rseq)
		send_prack(s, b, rseq);
}

/* --- to the caller */

static void note_session(struct shard *s, const struct leg *a, struct slice body)
{
	struct call *c = call_of(s, a->call);
	if (c && body.n)
		c->hears_us = true;
}

static void tell(struct shard *s, struct leg *a, struct leg *b, int code, struct slice body)
{
	struct strbuf more = scratch_buf(s, 256);
	sip_build_header(&more, SIP_HDR_ALLOW, slice_str(reply_allow));
	token_number(&a->dialog, b->early.number);
	note_session(s, a, body);
	leg_respond(s, a, a->invite, code, strbuf_slice(&more), SLICE("application/sdp"), body);
}

static void arm(struct shard *s, struct leg *b)
{
	int64_t at_ms = now_of(s) + b->early.interval_ms;
	if (at_ms > b->early.give_up_ms)
		at_ms = b->early.give_up_ms;
	wheel_arm(s->wheel, &b->early.timer, at_ms, TIMER_RELIABLE, b->id);
}

static void tell_reliably(struct shard *s, struct leg *a, struct leg *b, int code,
			  struct slice body)
{
	struct leg_early *e = &b->early;
	struct strbuf more = scratch_buf(s, 256);
	e->rseq_out = e->rseq_out ? e->rseq_out + 1 : 1 + rng_below(&s->rng, INT32_MAX / 2);
	sip_build_header(&more, SIP_HDR_ALLOW, slice_str(reply_allow));
	sip_build_header(&more, SIP_HDR_REQUIRE, SLICE("100rel"));
	sip_build_number(&more, SIP_HDR_RSEQ, e->rseq_out);
	token_number(&a->dialog, e->number);
	note_session(s, a, body);
	leg_respond(s, a, a->invite, code, strbuf_slice(&more), SLICE("application/sdp"), body);
	drop(s, &e->response);
	e->response = bufs_copy(s->bufs, txn_response_of(s->txns, a->invite));
	e->unacked = true;
	e->unacked_sdp = body.n > 0;
	e->interval_ms = T1_MS;
	e->give_up_ms = now_of(s) + GIVE_UP_MS;
	arm(s, b);
}

/* The phone's answer to the caller's offer as the caller is to see it; empty when it has it. */
static struct slice early_answer(struct shard *s, struct call *c, struct leg *a, struct leg *b,
				 const struct sdp *answer, const struct sdp *offer)
{
	struct strbuf out = scratch_buf(s, answer->text.n + 2048);
	if (b->early.told_settled || b->early.unacked_sdp ||
	    media_answer(s, c, b, a, answer, offer, false, &out) != 0)
		return SLICE_NONE;
	ringback_end(s, c);
	drop(s, &b->early.told);
	b->early.told = bufs_copy(s->bufs, strbuf_slice(&out));
	return strbuf_slice(&out);
}

/* The phone offers in a reliable response, since the caller's INVITE did not (RFC 3261 §13.2.1);
 * the caller's PRACK will answer. */
static struct slice early_offer(struct shard *s, struct leg *a, struct leg *b,
				const struct sdp *offer)
{
	struct strbuf out = scratch_buf(s, offer->text.n + 2048);
	if (b->early.settled || media_offer(s, b, a, offer, true, &out) != 0)
		return SLICE_NONE;
	b->early.answer_waits = true;
	return strbuf_slice(&out);
}

static struct slice early_session(struct shard *s, struct call *c, struct leg *a, struct leg *b,
				  const struct sip_msg *msg, bool reliable)
{
	const struct sdp *theirs, *offer;
	if (media_sdp_of(s, msg, &theirs) != 0)
		return SLICE_NONE;
	const struct sip_msg *invite = caller_invite(s, a);
	if (invite == NULL)
		return SLICE_NONE;
	if (media_sdp_of(s, invite, &offer) != 0)
		return reliable && a->can & LEG_CAN_100REL ? early_offer(s, a, b, theirs)
							   : SLICE_NONE;
	struct slice body = early_answer(s, c, a, b, theirs, offer);
	if (reliable)
		b->early.settled = true;
	return body;
}

/* While a reliable response waits for its PRACK the next one would have to wait too; what rings
 * again is not worth that (RFC 3262 §3). */
static void pass_on(struct shard *s, struct leg *a, struct leg *b, int code, struct slice body,
		    uint32_t rseq)
{
	bool must = a->can & LEG_NEEDS_100REL;
	bool may = a->can & LEG_CAN_100REL && (body.n || rseq);
	if (b->early.unacked) {
		if (!must)
			tell(s, a, b, code, SLICE_NONE);
		return;
	}
	if (!must && !may) {
		tell(s, a, b, code, body);
		return;
	}
	b->early.chained_rseq = rseq;
	tell_reliably(s, a, b, code, body);
}

void early_announce(struct shard *s, struct call *c, struct leg *a, struct slice body)
{
	early_begin(s, c, a);
	pass_on(s, a, a, 183, body, 0);
}

void early_ring_caller(struct shard *s, struct call *c, struct leg *a, struct leg *b, int code,
		       const struct sip_msg *msg)
{
	uint32_t rseq = 0;
	bool reliable = is_reliable(s, c, msg, &rseq);
	struct slice body = early_session(s, c, a, b, msg, reliable);
	pass_on(s, a, b, code, body, reliable ? rseq : 0);
}

/* A provisional response every minute keeps the proxies before us from giving up (RFC 3261
 * §13.3.1.1). */
void early_ring_on(struct shard *s, struct call *c)
{
	struct leg *a = leg_of(s, c->leg_a);
	for (uint8_t i = 0; a && i < c->branch_count; i++) {
		struct leg *b = branch_leg(s, c, i);
		if (b == NULL || b->state != LEG_INVITING || !b->early.begun)
			continue;
		pass_on(s, a, b, 180, SLICE_NONE, 0);
		return;
	}
}

void early_on_timer(struct shard *s, struct id id)
{
	struct leg *b = leg_of(s, id);
	struct call *c = b ? call_of(s, b->call) : NULL;
	const struct leg *a = c ? leg_of(s, c->leg_a) : NULL;
	if (a == NULL || a->state != LEG_INVITING || !b->early.unacked)
		return;
	s->out_call = c->uid;
	if (now_of(s) >= b->early.give_up_ms) {
		struct call_event ev = {.kind = CALL_EV_END, .cause = CAUSE_NO_PRACK};
		call_happens(s, c, &ev, NULL);
		return;
	}
	if (b->early.response.p)
		send_message(s, &a->flow, b->early.response);
	b->early.interval_ms *= 2;
	arm(s, b);
}

/* --- the phone's 2xx while the caller's PRACK is out (RFC 3262 §3: not before it) */

bool early_holds(struct shard *s, struct leg *b, const struct sip_msg *msg)
{
	if (!b->early.unacked || !b->early.unacked_sdp || b->cancelled)
		return false;
	drop(s, &b->early.held);
	b->early.held = bufs_copy(s->bufs, msg->raw);
	return b->early.held.p != NULL;
}

const struct sip_msg *early_held(struct shard *s, struct leg *b)
{
	char *copy = b->early.held.n ? arena_copy(&s->scratch, b->early.held) : NULL;
	struct sip_msg *msg = copy ? arena_alloc(&s->scratch, sizeof(*msg)) : NULL;
	size_t n = b->early.held.n;
	drop(s, &b->early.held);
	return msg && sip_msg_parse(slice_of(copy, n), &s->scratch, msg) == 0 ? msg : NULL;
}

/* --- the caller's PRACK */

static struct slice cut_word(struct slice *rest)
{
	*rest = slice_trim(*rest);
	return slice_cut(rest, ' ');
}

/* RAck: response-num, CSeq number, method (RFC 3262 §7.2). */
static bool acknowledges(const struct leg *a, const struct leg *b, const struct sip_msg *prack)
{
	struct slice rest = sip_msg_value(prack, SIP_HDR_RACK);
	uint64_t rseq, cseq;
	return slice_u64(cut_word(&rest), UINT32_MAX, &rseq) == 0 &&
	       slice_u64(cut_word(&rest), UINT32_MAX, &cseq) == 0 &&
	       slice_eq(slice_trim(rest), SLICE("INVITE")) && b->early.unacked &&
	       rseq == b->early.rseq_out && cseq == a->invite_cseq;
}

static void acked(struct shard *s, struct leg *b)
{
	struct leg_early *e = &b->early;
	wheel_cancel(s->wheel, &e->timer);
	drop(s, &e->response);
	e->unacked = false;
	if (e->unacked_sdp && !e->answer_waits)
		e->told_settled = true;
	e->unacked_sdp = false;
}

/* What the PRACK brings, and the phone's own that waits for it, go on to the phone. */
static void carry_prack(struct shard *s, struct call *c, struct leg *a, struct leg *b,
			struct id server, const struct sip_msg *msg)
{
	bool chained = b->early.chained_rseq && b->state == LEG_INVITING;
	if (b->early.answer_waits && msg->body.n == 0) {
		reply_text(s, server, 400, "The answer to the offer is missing");
		call_happens(s, c,
			     &(struct call_event){.kind = CALL_EV_END, .cause = CAUSE_BAD_OFFER},
			     NULL);
		return;
	}
	if (!chained && msg->body.n == 0)
		leg_respond(s, a, server, 200, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	else if (!chained && (!b->early.settled || !(b->can & LEG_CAN_UPDATE)))
		reply_text(s, server, 488, "The other phone cannot change the session now");
	else
		exchange_start(s, c, a, b, server, msg);
}

void early_prack(struct shard *s, struct call *c, struct leg *a, struct id server,
		 const struct sip_msg *msg)
{
	struct leg *b = early_leg(s, c, token_number_of(msg->to_tag));
	if (b == NULL || !acknowledges(a, b, msg)) {
		reply_text(s, server, 481, "No reliable response waits for this PRACK");
		return;
	}
	struct id call = c->id, leg = b->id;
	acked(s, b);
	carry_prack(s, c, a, b, server, msg);
	if (call_of(s, call) == NULL || (b = leg_of(s, leg)) == NULL)
		return;
	const struct sip_msg *answer = early_held(s, b);
	if (answer)
		indialog_response(s, b, answer, &b->flow);
}

/* --- UPDATE in an early dialog */

static void not_now(struct shard *s, struct id server, int code)
{
	struct strbuf b = scratch_buf(s, 128);
	if (code == 500)
		sip_build_number(&b, SIP_HDR_RETRY_AFTER, rng_below(&s->rng, 11));
	reply(s, server, code, strbuf_slice(&b));
}

void early_update(struct shard *s, struct call *c, struct leg *from, struct id server,
		  const struct sip_msg *msg)
{
	bool caller = from->branch == LEG_IS_CALLER;
	struct leg *b = caller ? early_leg(s, c, token_number_of(msg->to_tag)) : from;
	struct leg *a = leg_of(s, c->leg_a), *to = caller ? b : a;
	if (b == NULL || a == NULL)
		reply_text(s, server, 481, "There is no such early dialog");
	else if (msg->body.n == 0)
		exchange_answer_update(s, from, server, msg);
	else if (!b->early.settled || !b->early.told_settled) /* RFC 3311 §5.2 */
		not_now(s, server, caller ? 500 : 491);
	else if (!(to->can & LEG_CAN_UPDATE))
		reply_text(s, server, 488, "The other phone cannot change the session now");
	else
		exchange_start(s, c, from, to, server, msg);
}
