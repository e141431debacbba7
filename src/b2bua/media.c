/*
 * Session descriptions through the relay: each description that passes is written anew with our
 * endpoint facing the side that reads it. Endpoints are opened when a stream is first offered and
 * closed when it is refused or removed.
 */
#include "b2bua/b2bua_priv.h"

static bool holds_sdp(const struct sip_msg *msg)
{
	struct slice type = sip_msg_value(msg, SIP_HDR_CONTENT_TYPE);
	return msg->body.n && slice_ieq(slice_trim(slice_first(type, slice_find(type, ';'))),
					SLICE("application/sdp"));
}

/* Whether it can be used is asked before it is used: the answer to both is read once. The bytes of
 * a message stay as they are until the scratch arena is reset. */
int media_sdp_of(struct shard *s, const struct sip_msg *msg, const struct sdp **ret_sdp)
{
	if (!holds_sdp(msg))
		return ERR_NOT_FOUND;
	if (s->sdp == NULL || s->sdp_text.p != msg->body.p || s->sdp_text.n != msg->body.n) {
		struct sdp *sdp = arena_take(&s->scratch, sizeof(*sdp));
		int err = sdp ? sdp_parse(msg->body, sdp) : ERR_NOMEM;
		if (err)
			return err;
		s->sdp_text = msg->body;
		s->sdp = sdp;
	}
	*ret_sdp = s->sdp;
	return 0;
}

/* What the relay can carry: datagrams. A stream over TCP (MSRP, BFCP) is refused, not passed by. */
static bool relayable(const struct sdp_stream *st)
{
	return st->port != 0 && !slice_istarts(st->proto_text, SLICE("TCP"));
}

struct addr media_address(const struct shard *s, const struct leg_stream *st)
{
	struct addr rtp = {0}, rtcp;
	(void)relay_endpoint_addr(s->relay, st->endpoint, &rtp, &rtcp);
	return rtp;
}

static void close_stream(struct shard *s, struct leg *l, uint32_t i)
{
	if (id_is(l->streams[i].was))
		relay_endpoint_close(s->relay, l->streams[i].was);
	if (id_is(l->streams[i].endpoint))
		relay_endpoint_close(s->relay, l->streams[i].endpoint);
	l->streams[i] = (struct leg_stream){0};
}

/* The endpoint that faced the party stays open beside the new one until the offer is answered. */
static void keep_previous(struct shard *s, struct leg_stream *st, const struct leg_stream *old)
{
	if (!id_is(old->endpoint))
		st->fresh = true;
	else if (id_is(st->was) || old->fresh)
		relay_endpoint_close(s->relay, old->endpoint); /* of an offer before this one */
	else
		st->was = old->endpoint;
}

/* The family that the party's description speaks, else that of its signalling; the other one when
 * we have no address of it. */
static int open_stream(struct shard *s, struct leg *l, uint32_t i, const struct sdp_stream *said)
{
	struct leg_stream *st = &l->streams[i], old = *st;
	struct addr rtp, rtcp;
	int family = said && said->has_address && !said->on_hold_address ? said->rtp.family
									 : l->flow.remote.family;
	if (id_is(st->endpoint) && (said == NULL || !said->has_address || said->on_hold_address ||
				    media_address(s, st).family == said->rtp.family))
		return 0;
	int err = relay_endpoint_open(s->relay, l->id, family, &st->endpoint, &rtp, &rtcp);
	if (err == ERR_UNSUPPORTED && id_is(st->endpoint))
		return 0;
	if (err == ERR_UNSUPPORTED)
		err = relay_endpoint_open(s->relay, l->id, family == 4 ? 6 : 4, &st->endpoint, &rtp,
					  &rtcp);
	if (err == 0)
		keep_previous(s, st, &old);
	return err;
}

static void drop_said(struct shard *s, struct slice *said)
{
	bufs_give(s->bufs, (char *)said->p);
	*said = SLICE_NONE;
}

static void settle_stream(struct shard *s, struct leg *l, uint32_t i)
{
	if (id_is(l->streams[i].was))
		relay_endpoint_close(s->relay, l->streams[i].was);
	l->streams[i].was = ID_NONE;
	l->streams[i].fresh = false;
}

void media_keep(struct shard *s, struct leg *l)
{
	drop_said(s, &l->said_before);
	for (uint32_t i = 0; i < l->stream_count; i++)
		settle_stream(s, l, i);
}

void media_undo(struct shard *s, struct leg *l)
{
	if (l->said_before.p) {
		drop_said(s, &l->said);
		l->said = l->said_before;
		l->said_before = SLICE_NONE;
	}
	for (uint32_t i = 0; i < l->stream_count; i++) {
		struct leg_stream *st = &l->streams[i];
		if (st->fresh) {
			close_stream(s, l, i);
		} else if (id_is(st->was)) {
			relay_endpoint_close(s->relay, st->endpoint);
			st->endpoint = st->was;
			st->was = ID_NONE;
		}
		st->offered = id_is(st->endpoint);
	}
}

static void expect(struct shard *s, struct leg *l, uint32_t i, const struct sdp_stream *said)
{
	struct leg_stream *st = &l->streams[i];
	struct relay_peer peer = {
		.kind = said->proto == SDP_UDPTL ? RELAY_UDPTL : RELAY_RTP,
		.signalling = l->flow.remote,
		.rtcp_mux = said->rtcp_mux,
	};
	uint8_t direction = (uint8_t)(said->on_hold_address ? SDP_INACTIVE : said->direction);
	if (st->active && st->direction != direction)
		relay_endpoint_turned(s->relay, st->endpoint);
	st->active = true;
	st->direction = direction;
	if (said->has_address) {
		peer.rtp = said->rtp;
		peer.rtcp = said->rtcp;
	}
	for (uint32_t f = 0; f < said->format_count && f < RELAY_FORMATS_MAX; f++) {
		peer.formats[f].payload_type = said->formats[f].payload_type;
		peer.formats[f].clock_hz = said->formats[f].clock_hz;
		peer.format_count = f + 1;
	}
	relay_endpoint_expect(s->relay, st->endpoint, &peer);
}

/* A description whose text is the same as the last one keeps its version (RFC 3264 §8). */
static void next_version(struct shard *s, struct leg *l, const struct sdp *sdp,
			 const struct sdp_rewrite *rw)
{
	size_t at = (size_t)(sdp->origin.p - sdp->text.p);
	uint64_t h = hash_slice(&s->p.hash_key, slice_first(sdp->text, at));
	h = hash_mix(h, hash_slice(&s->p.hash_key, slice_from(sdp->text, at + sdp->origin.n)));
	for (uint32_t i = 0; i < sdp->stream_count; i++)
		h = hash_mix(h, rw->rtp[i].port);
	if (h == l->sdp_hash && l->sdp_version > 0)
		return;
	l->sdp_hash = h;
	l->sdp_version++;
}

/* Only for who will be refreshed by re-INVITE; most phones know UPDATE. */
static void keep_said(struct shard *s, struct leg *l, struct slice text)
{
	if (s->config->session_expires_s == 0 || l->can & LEG_CAN_UPDATE)
		return;
	if (l->said_before.p == NULL)
		l->said_before = l->said;
	else
		drop_said(s, &l->said);
	l->said = bufs_copy(s->bufs, text);
}

/* The callee of a caller who withholds his number. */
static bool reads_of_nobody(const struct shard *s, const struct leg *l)
{
	const struct call *c = call_of(s, l->call);
	return c && c->anonymous && l->branch != LEG_IS_CALLER;
}

static int write_for(struct shard *s, struct leg *l, const struct sdp *sdp, struct sdp_rewrite *rw,
		     struct strbuf *b)
{
	next_version(s, l, sdp, rw);
	rw->session_id = l->sdp_session;
	rw->version = l->sdp_version;
	rw->origin_user = SLICE("opengate");
	rw->nameless = reads_of_nobody(s, l);
	rw->origin = l->flow.local;
	for (uint32_t i = 0; i < sdp->stream_count; i++) {
		if (addr_is(&rw->rtp[i])) {
			rw->origin = rw->rtp[i];
			break;
		}
	}
	size_t at = b->n;
	sdp_write(b, sdp, rw);
	if (!b->failed)
		keep_said(s, l, slice_from(strbuf_slice(b), at));
	return b->failed ? ERR_TOO_BIG : 0;
}

int media_repeat(struct shard *s, struct leg *l, const struct sdp *said, struct strbuf *b)
{
	struct sdp_rewrite rw = {0};
	for (uint32_t i = 0; i < said->stream_count && i < l->stream_count; i++) {
		if (said->streams[i].port == 0)
			continue;
		rw.rtp[i] = media_address(s, &l->streams[i]);
		if (!addr_is(&rw.rtp[i])) /* still to be opened after a restart, on that port */
			rw.rtp[i] = said->streams[i].rtp;
	}
	return write_for(s, l, said, &rw, b);
}

void media_expect(struct shard *s, struct leg *l, const struct sdp *sdp)
{
	for (uint32_t i = 0; i < sdp->stream_count && i < l->stream_count; i++) {
		if (id_is(l->streams[i].endpoint) && relayable(&sdp->streams[i]))
			expect(s, l, i, &sdp->streams[i]);
	}
}

static void count_streams(struct leg *l, const struct sdp *sdp)
{
	if (sdp->stream_count > l->stream_count)
		l->stream_count = (uint8_t)sdp->stream_count;
}

int media_offer(struct shard *s, struct leg *from, struct leg *to, const struct sdp *offer,
		bool expect_now, struct strbuf *b)
{
	struct sdp_rewrite rw = {0};
	count_streams(from, offer);
	count_streams(to, offer);
	from->offered_count = (uint8_t)offer->stream_count;
	for (uint32_t i = 0; i < offer->stream_count; i++) {
		from->streams[i].offered = relayable(&offer->streams[i]);
		to->streams[i].offered = from->streams[i].offered;
		if (!from->streams[i].offered)
			continue;
		int err = open_stream(s, from, i, &offer->streams[i]);
		if (err == 0)
			err = open_stream(s, to, i, NULL);
		if (err)
			return err;
		rw.rtp[i] = media_address(s, &to->streams[i]);
		if (expect_now)
			expect(s, from, i, &offer->streams[i]);
	}
	return write_for(s, to, offer, &rw, b);
}

int media_face(struct shard *s, struct leg *l, uint32_t i, const struct sdp *offer)
{
	count_streams(l, offer);
	l->offered_count = (uint8_t)offer->stream_count;
	for (uint32_t other = 0; other < l->stream_count; other++)
		l->streams[other].offered = other == i;
	int err = open_stream(s, l, i, &offer->streams[i]);
	if (err == 0)
		expect(s, l, i, &offer->streams[i]);
	return err;
}

int media_open(struct shard *s, struct leg *l, uint32_t i)
{
	if (l->stream_count <= i)
		l->stream_count = (uint8_t)(i + 1);
	return open_stream(s, l, i, NULL);
}

static void note_codec(struct call *c, const struct sdp_stream *st)
{
	if (st->kind != SDP_AUDIO && c->codec[0])
		return;
	struct slice name = st->format_count ? st->formats[0].name : SLICE_NONE;
	(void)slice_copy(name.n ? name : st->proto_text, c->codec, sizeof(c->codec));
}

static void join(struct shard *s, struct leg *answerer, struct leg *offerer, uint32_t i,
		 const struct sdp *answer, const struct sdp *offer)
{
	expect(s, answerer, i, &answer->streams[i]);
	if (offer && i < offer->stream_count)
		expect(s, offerer, i, &offer->streams[i]);
	relay_connect(s->relay, offerer->streams[i].endpoint, answerer->streams[i].endpoint);
}

/* An early answer speaks for one phone only: another one may still take what this one refuses. */
static void refuse_stream(struct shard *s, struct leg *answerer, struct leg *offerer, uint32_t i,
			  bool final)
{
	if (!final) {
		answerer->streams[i].active = false;
		return;
	}
	close_stream(s, answerer, i);
	close_stream(s, offerer, i);
}

/* Phones that leave out what they refuse: an answer has as many m= lines as its offer (RFC 3264
 * §6). */
static void refuse_rest(struct strbuf *b, const struct sdp *offer, uint32_t from)
{
	for (uint32_t i = from; i < offer->stream_count; i++)
		strbuf_fmt(b, "m=%.*s 0 %.*s %.*s\r\n", SLICE_ARG(offer->streams[i].media_text),
			   SLICE_ARG(offer->streams[i].proto_text),
			   SLICE_ARG(offer->streams[i].formats_text));
}

/* A phone that answers with a codec it was not offered would be heard as noise, or not at all:
 * better that the call does not come about, and says why. Of several streams one that fits is
 * enough. */
static bool answer_fits(const struct sdp *answer, const struct sdp *offer)
{
	bool any = false;
	for (uint32_t i = 0; i < answer->stream_count && i < offer->stream_count; i++) {
		if (answer->streams[i].port == 0)
			continue;
		if (sdp_answer_fits(&offer->streams[i], &answer->streams[i]))
			return true;
		any = true;
	}
	return !any;
}

int media_answer(struct shard *s, struct call *c, struct leg *answerer, struct leg *offerer,
		 const struct sdp *answer, const struct sdp *offer, bool final, struct strbuf *b)
{
	struct sdp_rewrite rw = {0};
	size_t at = b->n;
	if (answer->stream_count > offerer->offered_count || (offer && !answer_fits(answer, offer)))
		return ERR_SYNTAX;
	for (uint32_t i = 0; i < offerer->offered_count; i++) {
		struct leg_stream *st = &offerer->streams[i];
		bool taken = i < answer->stream_count && relayable(&answer->streams[i]);
		if (!st->offered || !id_is(st->endpoint) || !taken) {
			refuse_stream(s, answerer, offerer, i, final);
			continue;
		}
		int err = open_stream(s, answerer, i, &answer->streams[i]);
		if (err)
			return err;
		join(s, answerer, offerer, i, answer, offer);
		if (i == 0)
			note_codec(c, &answer->streams[i]);
		rw.rtp[i] = media_address(s, st);
		if (!final)
			continue;
		settle_stream(s, answerer, i);
		settle_stream(s, offerer, i);
	}
	int err = write_for(s, offerer, answer, &rw, b);
	if (offer && offer->stream_count > answer->stream_count) {
		refuse_rest(b, offer, answer->stream_count);
		keep_said(s, offerer, slice_from(strbuf_slice(b), at));
	}
	if (final) {
		drop_said(s, &answerer->said_before);
		drop_said(s, &offerer->said_before);
	}
	return err ? err : b->failed ? ERR_TOO_BIG : 0;
}

void media_settle(struct shard *s, struct leg *answerer, struct leg *offerer)
{
	for (uint32_t i = 0; i < offerer->offered_count; i++) {
		if (!offerer->streams[i].offered || !answerer->streams[i].active) {
			refuse_stream(s, answerer, offerer, i, true);
			continue;
		}
		relay_connect(s->relay, offerer->streams[i].endpoint,
			      answerer->streams[i].endpoint);
		settle_stream(s, answerer, i);
		settle_stream(s, offerer, i);
	}
}

void media_close(struct shard *s, struct leg *l)
{
	for (uint32_t i = 0; i < l->stream_count; i++)
		close_stream(s, l, i);
	l->stream_count = 0;
}

bool media_on_hold(const struct shard *s, const struct call *c)
{
	const struct leg *a = leg_of(s, c->leg_a), *b = branch_leg(s, c, c->winner);
	return (a && leg_on_hold(a)) || (b && leg_on_hold(b));
}

static int64_t last_on_leg(const struct shard *s, const struct leg *l)
{
	int64_t last = 0;
	struct relay_stats st;
	for (uint32_t i = 0; l && i < l->stream_count; i++) {
		if (relay_endpoint_stats(s->relay, l->streams[i].endpoint, &st) &&
		    st.last_received_ms > last)
			last = st.last_received_ms;
	}
	return last;
}

int64_t media_last_ms(const struct shard *s, const struct call *c)
{
	int64_t a = last_on_leg(s, leg_of(s, c->leg_a)),
		b = last_on_leg(s, branch_leg(s, c, c->winner));
	return a > b ? a : b;
}

bool media_has_streams(const struct shard *s, const struct call *c)
{
	const struct leg *a = leg_of(s, c->leg_a);
	for (uint32_t i = 0; a && i < a->stream_count; i++) {
		if (id_is(a->streams[i].endpoint))
			return true;
	}
	return false;
}
