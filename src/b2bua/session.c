/*
 * Session timers (RFC 4028), each leg on its own: what one phone asks for does not concern the
 * other. Where we are the refresher we refresh by UPDATE without a body, or by a re-INVITE with the
 * same description to a phone that knows no UPDATE. A session that nobody refreshed in time ends.
 */
#include "b2bua/b2bua_priv.h"

#include "sip/value.h"

#define MIN_SE_DEFAULT_S 90 /* RFC 4028 §5: without a Min-SE */
#define OURS_LEAST_S	 20 /* so that a phone that agrees on a second is not asked without a pause */
#define RESUME_MS	 35000 /* timer F of the phone's refresh, and a little */
#define AGAIN_MS	 2100  /* after 491 or a busy leg, RFC 3261 §14.1: 2.1 to 4 s */

static uint32_t least(const struct shard *s)
{
	return s->config->session_min_s;
}

/* Session-Expires: delta-seconds [;refresher=uac|uas]. False: absent or not to be read. */
static bool asked(const struct sip_msg *msg, uint32_t *ret_s, struct slice *ret_refresher)
{
	struct slice rest = sip_msg_value(msg, SIP_HDR_SESSION_EXPIRES);
	uint64_t v;
	if (slice_u64(slice_trim(slice_cut(&rest, ';')), UINT32_MAX, &v) != 0)
		return false;
	*ret_s = (uint32_t)v;
	*ret_refresher = SLICE_NONE;
	(void)sip_param(rest, SLICE("refresher"), ret_refresher);
	return true;
}

/* As refresher half way through; else when it is too late for a refresh to come (§10). */
static int64_t due_in_ms(const struct leg *l)
{
	uint32_t t = l->session.expires_s, early = t / 3 < 32 ? t / 3 : 32;
	return (int64_t)(l->session.ours ? t / 2 : t - early) * 1000;
}

static void arm(struct shard *s, struct leg *l)
{
	s->touched = l->call;
	l->session.refreshed_at = io_wall_ms(s->p.io);
	wheel_arm(s->wheel, &l->session.timer, now_of(s) + due_in_ms(l), TIMER_SESSION, l->id);
}

/* A phone whose refresh met nobody while the server was away gets the time to say it again. */
void session_resume(struct shard *s, struct leg *l)
{
	int64_t since_ms = io_wall_ms(s->p.io) - l->session.refreshed_at,
		left_ms = due_in_ms(l) - since_ms;
	if (l->session.expires_s)
		wheel_arm(s->wheel, &l->session.timer,
			  now_of(s) + (left_ms < RESUME_MS ? RESUME_MS : left_ms), TIMER_SESSION,
			  l->id);
}

void session_end(struct shard *s, struct leg *l)
{
	wheel_cancel(s->wheel, &l->session.timer);
	l->session.expires_s = 0;
}

bool session_usable(struct shard *s, struct id server, const struct sip_msg *msg)
{
	uint32_t t;
	struct slice refresher;
	bool negotiates = msg->method == SIP_INVITE || msg->method == SIP_UPDATE;
	if (!negotiates || s->config->session_expires_s == 0 || !asked(msg, &t, &refresher) ||
	    t >= least(s) || !sip_msg_has_token(msg, SIP_HDR_SUPPORTED, SLICE("timer")))
		return true;
	struct strbuf b = scratch_buf(s, 128);
	sip_build_number(&b, SIP_HDR_MIN_SE, least(s));
	reply(s, server, 422, strbuf_slice(&b));
	return false;
}

static void header(struct strbuf *b, const struct leg *l, bool refresher_uac)
{
	sip_build_header_fmt(b, SIP_HDR_SESSION_EXPIRES, "%u;refresher=%s", l->session.expires_s,
			     refresher_uac ? "uac" : "uas");
}

/* Our first INVITE proposes a time and leaves to the phone who refreshes; later ones keep to what
 * was agreed, or a session that has a timer would lose it (§7.4). */
void session_request(struct shard *s, const struct leg *l, struct strbuf *b)
{
	uint32_t t = s->config->session_expires_s, min = l->session.min_s;
	bool first = l->state == LEG_INVITING;
	if (t == 0)
		return;
	sip_build_header(b, SIP_HDR_SUPPORTED, SLICE("timer"));
	if (first && l->branch != LEG_IS_CALLER)
		sip_build_number(b, SIP_HDR_SESSION_EXPIRES, t > min ? t : min);
	else if (!first && l->session.expires_s)
		header(b, l, l->session.ours);
	if (min < least(s))
		min = least(s);
	if (min > MIN_SE_DEFAULT_S)
		sip_build_number(b, SIP_HDR_MIN_SE, min);
}

/* Who refreshes (§9, table 2): whom the phone names; else the phone, when it can. */
static bool we_refresh(bool can, struct slice refresher)
{
	return !can || slice_ieq(refresher, SLICE("uas"));
}

/* This very request counts: a Require in the answer must not surprise its sender. */
static bool knows_timer(const struct sip_msg *request)
{
	return sip_msg_has_token(request, SIP_HDR_SUPPORTED, SLICE("timer")) ||
	       sip_msg_has_token(request, SIP_HDR_REQUIRE, SLICE("timer"));
}

void session_accept(struct shard *s, struct leg *l, const struct sip_msg *request, struct strbuf *b)
{
	uint32_t t = s->config->session_expires_s, theirs, min = 0;
	struct slice refresher = SLICE_NONE;
	if (t == 0 || (request->method != SIP_INVITE && request->method != SIP_UPDATE))
		return;
	bool present = asked(request, &theirs, &refresher), can = knows_timer(request);
	sip_build_header(b, SIP_HDR_SUPPORTED, SLICE("timer"));
	if (!present && !can) {
		session_end(s, l);
		return;
	}
	if (sip_msg_number(request, SIP_HDR_MIN_SE, UINT32_MAX, &min) != 0)
		min = 0;
	if (present && theirs < t)
		t = theirs;
	if (t < min)
		t = min;
	l->session.expires_s = t < least(s) ? least(s) : t;
	l->session.ours = we_refresh(can, refresher);
	header(b, l, !l->session.ours);
	if (!l->session.ours)
		sip_build_header(b, SIP_HDR_REQUIRE, SLICE("timer"));
	arm(s, l);
}

/* No phone may answer with less than 90 s (§9). Of one that does, a call in which it refreshes is
 * not ended earlier than that; where we refresh, nearly as often as it wants. */
static uint32_t lasting(const struct leg *l, uint32_t t)
{
	uint32_t least_s = l->session.ours ? OURS_LEAST_S : MIN_SE_DEFAULT_S;
	return t < least_s ? least_s : t;
}

void session_answered(struct shard *s, struct leg *l, const struct sip_msg *response)
{
	uint32_t t;
	struct slice refresher;
	if (s->config->session_expires_s == 0)
		return;
	if (!asked(response, &t, &refresher) || t == 0) {
		session_end(s, l); /* no timer on this leg (§7.2) */
		return;
	}
	l->session.ours = !slice_ieq(refresher, SLICE("uas"));
	l->session.expires_s = lasting(l, t);
	arm(s, l);
}

bool session_too_short(struct leg *l, const struct sip_msg *response)
{
	uint32_t min;
	if (sip_msg_number(response, SIP_HDR_MIN_SE, UINT32_MAX, &min) != 0 ||
	    min <= l->session.min_s)
		return false;
	l->session.min_s = min;
	if (l->session.expires_s && l->session.expires_s < min)
		l->session.expires_s = min;
	return true;
}

/* --- refreshing */

static void later(struct shard *s, struct leg *l)
{
	wheel_arm(s->wheel, &l->session.timer, now_of(s) + AGAIN_MS + rng_below(&s->rng, 1900),
		  TIMER_SESSION, l->id);
}

static bool refresh_body(struct shard *s, struct leg *l, struct slice *ret_body)
{
	struct sdp sdp;
	if (sdp_parse(l->said, &sdp) != 0)
		return false;
	struct strbuf out = scratch_buf(s, l->said.n + 512);
	bool ok = media_repeat(s, l, &sdp, &out) == 0;
	*ret_body = strbuf_slice(&out);
	return ok;
}

static int refresh_send(struct shard *s, struct leg *l, struct exchange *x)
{
	struct strbuf more = scratch_buf(s, 512);
	struct slice body = SLICE_NONE;
	if (x->onward == SIP_INVITE && !refresh_body(s, l, &body))
		return ERR_UNSUPPORTED;
	sip_build_header(&more, SIP_HDR_ALLOW, slice_str(reply_allow));
	session_request(s, l, &more);
	x->client_cseq = dialog_next_cseq(&l->dialog);
	struct leg_request r = {
		.method = x->onward,
		.cseq = x->client_cseq,
		.user = user_of(USER_EXCHANGE, x->id),
		.headers = strbuf_slice(&more),
		.content_type = SLICE("application/sdp"),
		.body = body,
	};
	return leg_send_request(s, l, &r, &x->client);
}

static void refresh(struct shard *s, struct call *c, struct leg *l)
{
	struct id id;
	bool update = l->can & LEG_CAN_UPDATE;
	/* An UPDATE without an offer may cross anything; an INVITE waits its turn. */
	struct exchange *x =
		update || (l->acked && !id_is(l->reinvite)) ? pool_take(s->exchanges, &id) : NULL;
	if (x == NULL) {
		later(s, l);
		return;
	}
	*x = (struct exchange){
		.id = id,
		.call = c->id,
		.to = l->id,
		.method = update ? SIP_UPDATE : SIP_INVITE,
		.onward = update ? SIP_UPDATE : SIP_INVITE,
		.own = true,
		.has_offer = !update,
	};
	if (!update)
		l->reinvite = id;
	if (refresh_send(s, l, x) == 0)
		return;
	exchange_drop(s, x);
	later(s, l);
}

/* The phone may name another address in its answer; what the other phone hears of it stays. */
static void refresh_answer(struct shard *s, struct leg *l, const struct exchange *x,
			   const struct sip_msg *msg)
{
	const struct sdp *answer;
	if (x->onward != SIP_INVITE)
		return;
	leg_send_ack(s, l, x->client_cseq, SLICE_NONE);
	if (media_sdp_of(s, msg, &answer) == 0)
		media_expect(s, l, answer);
}

static void lost(struct shard *s, struct call *c, struct leg *l, enum call_cause cause)
{
	if (l->state != LEG_ANSWERED)
		return;
	struct call_event ev = {
		.kind = CALL_EV_LOST,
		.side = l->branch == LEG_IS_CALLER ? CALL_CALLER : CALL_CALLEE,
		.cause = cause,
	};
	call_happens(s, c, &ev, NULL);
}

void session_refreshed(struct shard *s, struct call *c, struct leg *l, const struct exchange *x,
		       const struct sip_msg *msg)
{
	if (msg->code < 300) {
		refresh_answer(s, l, x, msg);
		return;
	}
	if (msg->code == 481 || msg->code == 408) {
		lost(s, c, l, CAUSE_SIGNALLING_LOST);
		return;
	}
	if (msg->code == 422)
		(void)session_too_short(l, msg);
	if (x->onward == SIP_UPDATE && (msg->code == 405 || msg->code == 501))
		l->can &= (uint8_t)~LEG_CAN_UPDATE;
	later(s, l);
}

/* Tried again and again, it still ends when the time is over. */
static bool is_over(struct shard *s, const struct leg *l)
{
	return io_wall_ms(s->p.io) - l->session.refreshed_at >=
	       (int64_t)l->session.expires_s * 1000;
}

void session_on_timer(struct shard *s, struct id id)
{
	struct leg *l = leg_of(s, id);
	struct call *c = l ? call_of(s, l->call) : NULL;
	if (c == NULL || c->state != CALL_ANSWERED || l->state != LEG_ANSWERED ||
	    l->session.expires_s == 0)
		return;
	s->out_call = c->uid;
	if (l->session.ours && !is_over(s, l))
		refresh(s, c, l);
	else
		lost(s, c, l, CAUSE_SESSION_EXPIRED);
}
