/*
 * A transfer being carried out: the target's INVITE with an offer of our own, what the remaining
 * party hears meanwhile, and, when the target has answered, the re-INVITE that joins the two. While
 * the transferor is there the old talk goes on; nobody hears the target before it is joined.
 */
#include "b2bua/transfer_priv.h"

#include "sip/value.h"

#define JOIN_TIMEOUT_MS 32000 /* as for any re-INVITE (exchange.c) */

/* --- the target */

static void write_offer(struct strbuf *b, const struct addr *here)
{
	char ip[ADDR_TEXT_BYTES];
	strbuf_fmt(b,
		   "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP%d %s\r\nt=0 0\r\n"
		   "m=audio 9 RTP/AVP 0 8 101\r\n"
		   "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
		   "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
		   "a=ptime:20\r\na=sendrecv\r\n",
		   here->family, addr_ip_text(here, ip));
}

/* What every telephone can speak. */
int transfer_offer(struct shard *s, struct leg *target, struct slice *ret_body)
{
	struct sdp offer;
	struct strbuf draft = scratch_buf(s, 512), out = scratch_buf(s, 2048);
	int err = media_open(s, target, 0);
	if (err)
		return err;
	const struct addr here = media_address(s, &target->streams[0]);
	write_offer(&draft, &here);
	err = draft.failed ? ERR_TOO_BIG : sdp_parse(strbuf_slice(&draft), &offer);
	if (err == 0)
		err = media_repeat(s, target, &offer, &out);
	*ret_body = strbuf_slice(&out);
	return err;
}

/* RFC 3892 §2.1 */
void transfer_headers(struct shard *s, const struct call *c, const struct leg *target,
		      struct strbuf *more)
{
	struct trunk t;
	const struct call_forward *fwd = transfer_now(s, c);
	bool to_trunk = target->trunk && trunks_get(s->p.trunks, target->trunk, &t);
	struct strbuf b = scratch_buf(s, 256);
	if (fwd == NULL)
		return;
	strbuf_str(&b, "<sip:");
	trunk_number_write(&b, to_trunk ? t.format : TRUNK_NATIONAL, slice_str(fwd->by));
	strbuf_fmt(&b, "@%s>", s->config->domain);
	sip_build_header(more, SIP_HDR_REFERRED_BY, strbuf_slice(&b));
}

void transfer_rings_at(struct shard *s, struct call *c, int code)
{
	forward_rings(s, c);
	refer_notify(s, c, code);
}

/* --- the remaining party waits */

/* The ringing tone, in what the parties have spoken. */
void transfer_play(struct shard *s, struct call *c)
{
	const struct leg *l = transfer_remaining(s, c);
	bool alaw = slice_ieq(slice_str(c->codec), SLICE("PCMA"));
	if (l == NULL || l->stream_count == 0)
		return;
	struct player_list list = {.endpoint = l->streams[0].endpoint,
				   .law = alaw ? PLAYER_ALAW : PLAYER_ULAW,
				   .payload_type = alaw ? 8 : 0};
	while (list.clip_count < PLAYER_CLIPS_MAX)
		list.clips[list.clip_count++] = sounds_tone(s->config->sounds, TONE_RINGBACK);
	player_play(s->players, c->player, &list);
}

static bool speaks_g711(const struct call *c)
{
	return slice_ieq(slice_str(c->codec), SLICE("PCMA")) ||
	       slice_ieq(slice_str(c->codec), SLICE("PCMU"));
}

static bool listens(const struct leg *l)
{
	return l->stream_count && l->streams[0].active &&
	       (l->streams[0].direction == SDP_SENDRECV || l->streams[0].direction == SDP_RECVONLY);
}

void transfer_leave(struct shard *s, struct call *c)
{
	struct leg *gone = transfer_leg(s, c, (enum call_side)c->transferor),
		   *stays = transfer_remaining(s, c);
	if (gone) {
		session_end(s, gone);
		exchange_leave(s, gone);
	}
	for (uint32_t i = 0; stays && i < stays->stream_count; i++)
		relay_disconnect(s->relay, stays->streams[i].endpoint);
	keep_call(s, c);
	if (stays == NULL || !listens(stays) || !speaks_g711(c) || s->config->sounds == NULL ||
	    s->config->announce == ANNOUNCE_OFF || !ringback_open(s, c))
		return;
	transfer_play(s, c);
}

/* --- joining */

static void unjoined(struct shard *s, struct call *c, int code, enum call_cause cause)
{
	call_happens(s, c,
		     &(struct call_event){.kind = CALL_EV_UNJOINED, .code = code, .cause = cause},
		     NULL);
}

/* The target's answer as an offer; a dialog never has fewer streams than it had (RFC 3264 §8). */
static int join_body(struct shard *s, struct leg *target, struct leg *stays, struct slice *ret_body)
{
	struct sdp *sdp = arena_take(&s->scratch, sizeof(*sdp));
	struct strbuf text = scratch_buf(s, target->early.told.n + 1024),
		      out = scratch_buf(s, target->early.told.n + 2048);
	if (sdp == NULL)
		return ERR_NOMEM;
	strbuf_add(&text, target->early.told);
	int err = text.failed ? ERR_TOO_BIG : sdp_parse(strbuf_slice(&text), sdp);
	if (err)
		return err;
	for (uint32_t i = sdp->stream_count; i < stays->stream_count; i++)
		strbuf_str(&text, "m=audio 0 RTP/AVP 0\r\n");
	err = text.failed ? ERR_TOO_BIG : sdp_parse(strbuf_slice(&text), sdp);
	if (err == 0)
		err = media_offer(s, target, stays, sdp, true, &out);
	*ret_body = strbuf_slice(&out);
	return err;
}

static int join_send(struct shard *s, struct leg *target, struct leg *stays, struct exchange *x)
{
	struct slice body;
	int err = join_body(s, target, stays, &body);
	if (err)
		return err;
	struct strbuf more = scratch_buf(s, 512);
	sip_build_header(&more, SIP_HDR_ALLOW, slice_str(reply_allow));
	session_request(s, stays, &more);
	x->client_cseq = dialog_next_cseq(&stays->dialog);
	struct leg_request r = {
		.method = SIP_INVITE,
		.cseq = x->client_cseq,
		.user = user_of(USER_EXCHANGE, x->id),
		.timeout_ms = JOIN_TIMEOUT_MS,
		.headers = strbuf_slice(&more),
		.content_type = SLICE("application/sdp"),
		.body = body,
	};
	return leg_send_request(s, stays, &r, &x->client);
}

static void undo(struct shard *s, struct leg *target, struct leg *stays)
{
	media_undo(s, stays);
	if (target)
		media_undo(s, target);
}

static void later(struct shard *s, struct call *c)
{
	c->join_ms = now_of(s) + 2100 + rng_below(&s->rng, 1900); /* RFC 3261 §14.1 */
}

/* One offer at a time: it waits for one that is under way. The call may be gone. */
static void ask(struct shard *s, struct call *c)
{
	struct leg *target = branch_leg(s, c, c->target), *stays = transfer_remaining(s, c);
	struct id id;
	if (target == NULL || stays == NULL || stays->state != LEG_ANSWERED) {
		unjoined(s, c, 480, CAUSE_SIGNALLING_LOST);
		return;
	}
	struct exchange *x = id_is(stays->reinvite) ? NULL : pool_take(s->exchanges, &id);
	if (x == NULL) {
		later(s, c);
		return;
	}
	c->join_ms = 0;
	*x = (struct exchange){.id = id,
			       .call = c->id,
			       .to = stays->id,
			       .method = SIP_INVITE,
			       .onward = SIP_INVITE,
			       .own = true,
			       .joins = true,
			       .has_offer = true};
	stays->reinvite = id;
	if (join_send(s, target, stays, x) == 0)
		return;
	undo(s, target, stays);
	exchange_drop(s, x);
	unjoined(s, c, 488, CAUSE_BAD_OFFER);
}

void transfer_target_answered(struct shard *s, struct call *c, uint8_t branch,
			      const struct sip_msg *msg)
{
	struct leg *target = branch_leg(s, c, branch);
	struct call_forward *fwd = transfer_now(s, c);
	if (target == NULL || msg == NULL)
		return;
	session_answered(s, target, msg);
	leg_send_ack(s, target, target->invite_cseq, SLICE_NONE);
	early_free(s, target);
	media_keep(s, target);
	target->early.told = bufs_copy(s->bufs, msg->body); /* to be offered */
	if (fwd)
		fwd->answered_at = io_wall_ms(s->p.io);
	c->join_ms = now_of(s); /* once all orders are carried out */
	keep_transfer(s, c);
}

void transfer_ask(struct shard *s, struct call *c)
{
	if (c->transfer == CALL_TRANSFER_JOINING && c->join_ms && now_of(s) >= c->join_ms)
		ask(s, c);
}

static bool join_media(struct shard *s, struct call *c, struct leg *stays,
		       const struct sip_msg *msg)
{
	struct leg *target = branch_leg(s, c, c->target);
	const struct sdp *answer;
	struct strbuf out = scratch_buf(s, msg->body.n + 2048);
	return target && media_sdp_of(s, msg, &answer) == 0 &&
	       media_answer(s, c, stays, target, answer, NULL, true, &out) == 0;
}

/* The target is gone, the transferor is still there: what it answered is where it is. */
static void too_late(struct shard *s, struct leg *stays, const struct sip_msg *msg)
{
	const struct sdp *answer;
	media_undo(s, stays);
	if (msg->code < 300 && media_sdp_of(s, msg, &answer) == 0)
		media_expect(s, stays, answer);
}

void transfer_join_answered(struct shard *s, struct call *c, struct leg *stays,
			    const struct exchange *x, const struct sip_msg *msg)
{
	bool now = c->transfer == CALL_TRANSFER_JOINING && transfer_remaining(s, c) == stays;
	if (msg->code < 300)
		leg_send_ack(s, stays, x->client_cseq, SLICE_NONE);
	if (!now) {
		too_late(s, stays, msg);
	} else if (msg->code < 300 && join_media(s, c, stays, msg)) {
		call_happens(s, c, &(struct call_event){.kind = CALL_EV_JOINED}, NULL);
	} else if (msg->code == 491 || (msg->code == 422 && session_too_short(stays, msg))) {
		undo(s, branch_leg(s, c, c->target), stays);
		later(s, c);
	} else {
		undo(s, branch_leg(s, c, c->target), stays);
		unjoined(s, c, msg->code < 300 ? 488 : msg->code, CAUSE_BAD_OFFER);
	}
}

void transfer_join_failed(struct shard *s, struct call *c)
{
	unjoined(s, c, 408, CAUSE_NO_RESPONSE);
}

/* --- what came of it */

static void outcome_event(struct shard *s, const struct call *c, const struct call_forward *fwd,
			  enum event_type type, int code)
{
	struct event e = forward_event(s, type, c, fwd);
	event_add_number(&e, EVENT_KEY_CODE, code);
	if (type == EVENT_CALL_NOT_TRANSFERRED)
		event_add_text(&e, EVENT_KEY_REASON,
			       slice_str(call_cause_info((enum call_cause)fwd->cause)->word));
	event_send(s, &e);
}

void transfer_succeeded(struct shard *s, struct call *c)
{
	struct call_forward *fwd = transfer_now(s, c);
	struct leg *target = branch_leg(s, c, c->target);
	ringback_end(s, c);
	refer_notify(s, c, 200);
	if (target)
		early_free(s, target);
	if (fwd) {
		fwd->joined = true;
		outcome_event(s, c, fwd, EVENT_CALL_TRANSFERRED, 200);
	}
	keep_transfer_over(s, c);
	call_watch_media(s, c);
}

void transfer_failed(struct shard *s, struct call *c, int code, enum call_cause cause)
{
	struct call_forward *fwd = transfer_now(s, c);
	ringback_end(s, c);
	refer_notify(s, c, code);
	if (fwd) {
		fwd->ended_at = io_wall_ms(s->p.io);
		fwd->sip_code = (int16_t)code;
		fwd->cause = (uint8_t)cause;
		forward_channel_give(s, fwd);
		outcome_event(s, c, fwd, EVENT_CALL_NOT_TRANSFERRED, code);
	}
	keep_transfer_over(s, c);
	call_watch_media(s, c);
}

static void call_id_changed(struct shard *s, const struct call *c, const struct leg *from,
			    const struct leg *to)
{
	index_remove(s->by_call_id,
		     hash_slice(&s->p.hash_key, dialog_text(&from->dialog, DIALOG_CALL_ID)),
		     c->id.v);
	/* Without memory for it: only a stranger's INVITE with that Call-ID would be looked up. */
	(void)index_put(s->by_call_id,
			hash_slice(&s->p.hash_key, dialog_text(&to->dialog, DIALOG_CALL_ID)),
			c->id.v);
}

void transfer_take_place(struct shard *s, struct call *c, uint8_t branch)
{
	struct leg *was = leg_of(s, c->leg_a), *now = branch_leg(s, c, branch);
	if (was == NULL || now == NULL)
		return;
	call_id_changed(s, c, was, now);
	c->leg_a = now->id;
	now->branch = LEG_IS_CALLER;
	now->invite = ID_NONE; /* a caller's is a server transaction */
	c->branches[branch].leg = was->id;
	was->branch = branch;
	s->touched = c->id;
	call_watch_media(s, c);
}

bool transfer_on_timer(struct shard *s, struct call *c)
{
	if (!c->transfer)
		return false;
	wheel_arm(s->wheel, &c->timer, now_of(s) + TICK_MS, TIMER_CALL, c->id);
	keep_figures(s, c);
	if (now_of(s) < c->ring_end_ms)
		transfer_ask(s, c);
	else if (c->transfer == CALL_TRANSFER_RINGING)
		call_happens(s, c, &(struct call_event){.kind = CALL_EV_RING_LIMIT}, NULL);
	else if (c->join_ms)
		unjoined(s, c, 480, CAUSE_NO_RESPONSE);
	return true;
}
