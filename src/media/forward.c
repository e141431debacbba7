/* The way of a packet: what is it, is its sender believed, count it, send it on from the peer's
 * socket. */
#include "media/relay_priv.h"

enum packet_class {
	PACKET_RTP,
	PACKET_RTCP,
	PACKET_UDPTL,
	PACKET_BESIDE, /* STUN, ZRTP, DTLS: passed on, not counted as media */
	PACKET_EMPTY,  /* a keepalive (RFC 6263): opens the phone's NAT, ends here */
	PACKET_MALFORMED,
};

/* One datagram on its way. */
struct passage {
	struct endpoint *e;
	bool on_rtcp; /* came to the odd port */
	enum packet_class class;
	struct slice bytes;
	struct latch_packet from;
	struct rtp_header rtp; /* of PACKET_RTP */
	int64_t now_us;
};

/* First bytes of what may share a port with RTP (RFC 7983): STUN 0-3, ZRTP 16-19, DTLS 20-63. */
static bool is_beside(uint8_t first)
{
	return first <= 3 || (first >= 16 && first <= 63);
}

static enum packet_class classify(const struct endpoint *e, bool on_rtcp, struct slice bytes,
				  struct rtp_header *ret_rtp)
{
	if (bytes.n == 0)
		return PACKET_EMPTY;
	if (e->kind == RELAY_UDPTL)
		return on_rtcp ? PACKET_MALFORMED : PACKET_UDPTL;
	if (rtp_is_rtcp(bytes))
		return bytes.n >= 8 ? PACKET_RTCP : PACKET_MALFORMED;
	if (is_beside((uint8_t)bytes.p[0]))
		return PACKET_BESIDE;
	if (on_rtcp || rtp_parse(bytes, ret_rtp) != 0)
		return PACKET_MALFORMED;
	return PACKET_RTP;
}

/* True when the source has been told of already, or there are too many of them. */
static bool is_old_news(const struct endpoint *e, uint32_t source)
{
	for (uint32_t i = 0; i < e->refused_count; i++)
		if (e->refused[i] == source)
			return true;
	return e->refused_count == RELAY_REFUSED_MAX;
}

/* While nobody is expected yet nobody is a stranger: a phone's first packets overtake its 200. */
static void refuse(struct relay *relay, struct endpoint *e, const struct addr *src)
{
	if (!e->has_peer)
		return;
	e->stats.refused_packets++;
	uint32_t source =
		(uint32_t)hash_slice(&relay->hash_key, slice_of((const char *)src, sizeof(*src)));
	if (is_old_news(e, source))
		return;
	e->refused[e->refused_count++] = source;
	if (relay->p.ops.on_refused)
		relay->p.ops.on_refused(relay->p.ops.ctx, e->owner, e->self, src);
}

/* When the phone's NAT moved its RTP, RTCP will have moved too. */
static void note_learned(struct relay *relay, const struct passage *p, bool moved)
{
	struct endpoint *e = p->e;
	if (moved && !p->on_rtcp)
		latch_reopen(&e->rtcp);
	if (relay->p.ops.on_learned)
		relay->p.ops.on_learned(relay->p.ops.ctx, e->owner, e->self, p->from.src,
					p->on_rtcp);
}

static uint32_t clock_of(const struct relay *relay, const struct endpoint *e, uint8_t payload_type)
{
	const struct rtp_stats *s = &e->stats.received;
	if (s->started && s->payload_type == payload_type)
		return s->clock_hz;
	const struct clocks *clocks = pool_get(relay->clocks, e->clocks);
	for (uint8_t i = 0; clocks && i < clocks->count; i++)
		if (clocks->payload_types[i] == payload_type)
			return clocks->hz[i];
	return RELAY_CLOCK_HZ;
}

/* UDPTL has no header to go by: packets, bytes and gaps are what there is. */
static void count_udptl(struct rtp_stats *s, size_t bytes, int64_t now_us)
{
	if (s->packets++ == 0)
		s->first_us = now_us;
	if (s->started && now_us - s->last_us > s->longest_gap_us)
		s->longest_gap_us = now_us - s->last_us;
	s->bytes += bytes;
	s->last_us = now_us;
	s->started = true;
}

static void count_in(struct relay *relay, const struct passage *p)
{
	struct relay_stats *stats = &p->e->stats;
	switch (p->class) {
	case PACKET_RTP:
		rtp_stats_add(&stats->received, &p->rtp, p->bytes.n, p->now_us,
			      clock_of(relay, p->e, p->rtp.payload_type));
		break;
	case PACKET_UDPTL:
		count_udptl(&stats->received, p->bytes.n, p->now_us);
		break;
	case PACKET_RTCP:
		stats->rtcp_received++;
		break;
	case PACKET_BESIDE:
	case PACKET_EMPTY:
	case PACKET_MALFORMED:
		return;
	}
	stats->last_received_ms = io_now_ms(relay->p.io);
}

/* RTCP keeps to the odd port unless the receiving phone wants it on the even one; the rest goes out
 * where it came in. */
static void forward(struct relay *relay, const struct passage *p)
{
	struct endpoint *to = pool_get(relay->endpoints, p->e->peer);
	if (!to || p->class == PACKET_EMPTY)
		return;
	bool is_rtcp = p->class == PACKET_RTCP;
	bool by_rtcp = (is_rtcp || p->on_rtcp) && !to->rtcp_mux;
	const struct addr *dst = latch_target(by_rtcp ? &to->rtcp : &to->rtp);
	if (!dst)
		return;
	if (is_rtcp) {
		to->stats.rtcp_sent++;
	} else if (p->class != PACKET_BESIDE) {
		to->stats.sent_packets++;
		to->stats.sent_bytes += p->bytes.n;
	}
	io_udp_send(relay->p.io, by_rtcp ? to->rtcp_handle : to->rtp_handle, dst, p->bytes);
}

bool relay_endpoint_has_target(const struct relay *relay, struct id endpoint)
{
	const struct endpoint *e = pool_get(relay->endpoints, endpoint);
	return e && latch_target(&e->rtp);
}

bool relay_endpoint_send(struct relay *relay, struct id endpoint, struct slice packet)
{
	struct endpoint *e = pool_get(relay->endpoints, endpoint);
	const struct addr *dst = e ? latch_target(&e->rtp) : NULL;
	if (!dst)
		return false;
	e->stats.sent_packets++;
	e->stats.sent_bytes += packet.n;
	io_udp_send(relay->p.io, e->rtp_handle, dst, packet);
	return true;
}

/* Callbacks come last but for the sending: they may close the endpoint, so e is looked up again
 * after them. */
static void pass(struct relay *relay, struct passage *p)
{
	struct latch *latch = p->on_rtcp ? &p->e->rtcp : &p->e->rtp;
	enum latch_verdict verdict = latch_judge(latch, &p->from);
	bool moved = addr_is(&latch->source);
	if (verdict == LATCH_REFUSE) {
		refuse(relay, p->e, p->from.src);
		return;
	}
	if (p->class == PACKET_MALFORMED) {
		p->e->stats.malformed_packets++;
		return;
	}
	latch_take(latch, &p->from, verdict);
	count_in(relay, p);
	if (verdict == LATCH_LEARN) {
		struct id self = p->e->self;
		note_learned(relay, p, moved);
		p->e = pool_get(relay->endpoints, self);
	}
	if (p->e)
		forward(relay, p);
}

static void take_datagram(struct relay *relay, struct endpoint *e, bool on_rtcp,
			  const struct io_datagram *d, int64_t now_us)
{
	struct passage p = {
		.e = e,
		.on_rtcp = on_rtcp,
		.bytes = slice_of(d->p, d->n),
		.from.src = &d->src,
		.now_us = now_us,
	};
	p.class = classify(e, on_rtcp, p.bytes, &p.rtp);
	if (p.class == PACKET_RTP) {
		p.from.is_rtp = true;
		p.from.ssrc = p.rtp.ssrc;
		p.from.seq = p.rtp.seq;
	}
	pass(relay, &p);
}

/* One reading of the clock does for the batch: its packets were all waiting already. */
void relay_on_datagrams(struct relay *relay, uint64_t cookie, struct io_datagram *v, size_t count)
{
	uint64_t slot = (cookie - relay->p.cookie_base) >> 1;
	bool on_rtcp = (cookie - relay->p.cookie_base) & 1;
	if (slot >= relay->p.endpoints_max) {
		if (relay->ready)
			ready_heard(relay->ready, (uint32_t)(slot - relay->p.endpoints_max),
				    io_now_ms(relay->p.io));
		return;
	}
	struct id id = relay->ids[slot];
	int64_t now_us = io_now_us(relay->p.io);
	for (size_t i = 0; i < count; i++) {
		struct endpoint *e = pool_get(relay->endpoints, id);
		if (!e)
			return;
		take_datagram(relay, e, on_rtcp, &v[i], now_us);
	}
}
