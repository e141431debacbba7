/*
 * Calls that we answer ourselves: *43 sends back what the caller says, *44 does so for a while and
 * then tells how good it arrived. They hold no channel, and end after a few minutes. The relay's
 * rules on whom it believes hold as for any call.
 */
#include "b2bua/b2bua_priv.h"

#include "core/announcement.h"

#define SERVICE_LIMIT_MS   (5 * 60 * 1000)
#define QUALITY_TALK_MS	   10000
#define QUALITY_CLASSES	   5
#define NOTHING_HEARD_TONE 3 /* cycles of the busy tone */

enum call_service service_of(struct slice digits)
{
	if (slice_eq(digits, SLICE("*43")))
		return CALL_ECHO;
	return slice_eq(digits, SLICE("*44")) ? CALL_QUALITY : CALL_NO_SERVICE;
}

/* --- answering */

/* The stream that was taken; NULL: none (yet). */
static const struct leg_stream *stream_of(const struct leg *a)
{
	for (uint32_t i = 0; a && i < a->stream_count; i++) {
		if (id_is(a->streams[i].endpoint))
			return &a->streams[i];
	}
	return NULL;
}

static void note_codec(struct call *c, const struct sdp *offer, const struct media_own *own)
{
	const struct sdp_stream *st = &offer->streams[own->stream];
	for (uint32_t i = 0; i < st->format_count; i++) {
		if (!own->any_codec && st->formats[i].payload_type != own->payload_type)
			continue;
		(void)slice_copy(st->formats[i].name, c->codec, sizeof(c->codec));
		break;
	}
	c->service_format = own->payload_type;
}

/* Our answer to the caller's offer; what it says comes back while it wants to hear. */
static int answer_body(struct shard *s, struct call *c, struct leg *a, const struct sip_msg *msg,
		       struct slice *ret_body)
{
	struct media_own own;
	const struct sdp *offer;
	if (media_sdp_of(s, msg, &offer) != 0 ||
	    media_own_choose(offer, c->service == CALL_ECHO, &own) != 0)
		return ERR_UNSUPPORTED;
	struct strbuf body = scratch_buf(s, offer->text.n + 2048);
	int err = media_own_answer(s, a, offer, &own, &body);
	if (err)
		return err;
	media_keep(s, a);
	note_codec(c, offer, &own);
	struct id endpoint = a->streams[own.stream].endpoint;
	if (own.heard && !player_is_playing(s->players, c->player))
		relay_connect(s->relay, endpoint, endpoint);
	else
		relay_disconnect(s->relay, endpoint);
	*ret_body = strbuf_slice(&body);
	return 0;
}

enum call_cause service_begin(struct shard *s, struct call *c)
{
	struct leg *a = leg_of(s, c->leg_a);
	const struct sip_msg *invite = caller_invite(s, a);
	struct slice body;
	if (invite == NULL)
		return CAUSE_OVERLOAD;
	enum call_cause cause = announce_open_player(s, c);
	if (cause != CAUSE_NORMAL)
		return cause;
	int err = answer_body(s, c, a, invite, &body);
	if (err)
		return err == ERR_LIMIT ? CAUSE_NO_MEDIA_PORT : CAUSE_BAD_OFFER;
	call_answered(s, c, a);
	struct strbuf more = scratch_buf(s, 512);
	sip_build_header(&more, SIP_HDR_ALLOW, slice_str(reply_allow));
	session_accept(s, a, invite, &more);
	keep_setup(s, c); /* until the ACK: to answer once more after a restart */
	keep_answered(s, c, strbuf_slice(&more), body);
	leg_respond(s, a, a->invite, 200, strbuf_slice(&more), SLICE("application/sdp"), body);
	return CAUSE_NORMAL;
}

void service_connect(struct shard *s, const struct call *c)
{
	const struct leg_stream *st = stream_of(leg_of(s, c->leg_a));
	if (st && (st->direction == SDP_SENDRECV || st->direction == SDP_RECVONLY))
		relay_connect(s->relay, st->endpoint, st->endpoint);
}

/* --- what the caller says within the call */

/* An exchange without another side, for the ACK to our 2xx. False: there is no room. */
static bool await_ack(struct shard *s, struct call *c, struct leg *a, struct id server,
		      const struct sip_msg *msg)
{
	struct id id;
	struct exchange *x = pool_take(s->exchanges, &id);
	if (x == NULL)
		return false;
	*x = (struct exchange){
		.id = id,
		.call = c->id,
		.from = a->id,
		.server = server,
		.server_cseq = msg->cseq.number,
		.method = SIP_INVITE,
		.has_offer = true,
		.answered = true,
	};
	a->reinvite = id;
	txn_set_user(s->txns, server, user_of(USER_EXCHANGE, id));
	return true;
}

static void answer_offer(struct shard *s, struct call *c, struct leg *a, struct id server,
			 const struct sip_msg *msg)
{
	struct slice body;
	if (id_is(a->reinvite) || !a->acked) {
		reply_text(s, server, 491, "Another offer is not settled yet; try again");
		return;
	}
	if (answer_body(s, c, a, msg, &body) != 0) {
		media_undo(s, a);
		reply_text(s, server, 488, "This offer cannot be used with a service code");
		return;
	}
	if (msg->method == SIP_INVITE && !await_ack(s, c, a, server, msg)) {
		reply_text(s, server, 503, call_cause_info(CAUSE_OVERLOAD)->text);
		return;
	}
	struct strbuf more = scratch_buf(s, 512);
	(void)dialog_refresh_target(&a->dialog, msg);
	sip_build_header(&more, SIP_HDR_ALLOW, slice_str(reply_allow));
	session_accept(s, a, msg, &more);
	s->touched = c->id;
	leg_respond(s, a, server, 200, strbuf_slice(&more), SLICE("application/sdp"), body);
}

static void not_here(struct shard *s, struct leg *a, struct id server)
{
	struct strbuf b = scratch_buf(s, 512);
	sip_build_header(&b, SIP_HDR_ALLOW,
			 SLICE("INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE"));
	sip_build_warning(&b, domain_of(s), SLICE("A service code takes no such request"));
	leg_respond(s, a, server, 405, strbuf_slice(&b), SLICE_NONE, SLICE_NONE);
}

void service_request(struct shard *s, struct call *c, struct leg *a, struct id server,
		     const struct sip_msg *msg)
{
	switch (msg->method) {
	case SIP_INVITE:
	case SIP_UPDATE:
		answer_offer(s, c, a, server, msg);
		return;
	case SIP_INFO:
	case SIP_OPTIONS:
		leg_respond(s, a, server, 200, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return;
	default:
		not_here(s, a, server);
		return;
	}
}

/* --- the quality, told */

/* How satisfied users are at that R (ITU-T G.107, table B.1): 5 best. */
static uint32_t class_of(double r_factor)
{
	static const double least[QUALITY_CLASSES - 1] = {60, 70, 80, 90};
	uint32_t class = 1;
	while (class < QUALITY_CLASSES && r_factor >= least[class - 1])
		class ++;
	return class;
}

static void add(struct player_list *list, const struct clip *clip, uint32_t times)
{
	while (times-- && list->clip_count < PLAYER_CLIPS_MAX)
		list->clips[list->clip_count++] = clip;
}

/* "4.3" in the operator's voice. False: a file is missing. */
static bool speak(const struct shard *s, double mos, struct player_list *list)
{
	uint32_t tenths = (uint32_t)(mos * 10 + 0.5);
	const struct clip *clips[] = {
		announce_file(s, NULL, ANNOUNCEMENT_DIGIT(tenths / 10)),
		announce_file(s, NULL, ANNOUNCEMENT_POINT),
		announce_file(s, NULL, ANNOUNCEMENT_DIGIT(tenths % 10)),
	};
	if (clips[0] == NULL || clips[1] == NULL || clips[2] == NULL)
		return false;
	for (size_t i = 0; i < 3; i++)
		add(list, clips[i], 1);
	return true;
}

static void tell_quality(struct shard *s, struct call *c)
{
	const struct leg_stream *stream = stream_of(leg_of(s, c->leg_a));
	struct relay_stats st;
	struct rtp_quality q;
	struct player_list list = {
		.endpoint = stream ? stream->endpoint : ID_NONE,
		.law = slice_ieq(slice_str(c->codec), SLICE("PCMA")) ? PLAYER_ALAW : PLAYER_ULAW,
		.payload_type = c->service_format,
	};
	if (!relay_endpoint_stats(s->relay, list.endpoint, &st))
		return;
	rtp_quality_of(&st.received, slice_str(c->codec), ASSUMED_DELAY_MS, &q);
	if (st.received.packets == 0)
		add(&list, sounds_tone(s->config->sounds, TONE_BUSY), NOTHING_HEARD_TONE);
	else if (!speak(s, q.mos, &list))
		add(&list, sounds_tone(s->config->sounds, TONE_BEEP), class_of(q.r_factor));
	relay_disconnect(s->relay, list.endpoint);
	player_play(s->players, c->player, &list);
}

/* --- its time */

static void end(struct shard *s, struct call *c)
{
	call_happens(s, c, &(struct call_event){.kind = CALL_EV_END, .cause = CAUSE_NORMAL}, NULL);
}

bool service_ends(struct shard *s, struct call *c)
{
	int64_t talked_ms = io_wall_ms(s->p.io) - c->answered_at;
	bool tells = c->service == CALL_QUALITY && talked_ms >= QUALITY_TALK_MS;
	/* After a restart there may be no player left for it. */
	if (talked_ms >= SERVICE_LIMIT_MS || (tells && !id_is(c->player))) {
		end(s, c);
		return true;
	}
	if (tells && !player_is_playing(s->players, c->player))
		tell_quality(s, c);
	return false;
}

void service_played(struct shard *s, struct call *c)
{
	if (c->state == CALL_ANSWERED && c->service == CALL_QUALITY)
		end(s, c);
}
