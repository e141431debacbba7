#include "media/latch_priv.h"

/* 20 s of speech: further ahead is no NAT that moved a stream, but another stream. */
#define SEQ_AHEAD_MAX  1000
#define SEQ_BEHIND_MAX 64
/* What may be under way from the previous source; if it sends more than that, it has stayed. */
#define PREVIOUS_PACKETS 16

static bool same_host(const struct addr *a, const struct addr *b)
{
	return addr_is(a) && addr_is(b) && addr_ip_eq(a, b);
}

static bool is_believed_host(const struct latch *l, const struct addr *src)
{
	return same_host(src, &l->host) || same_host(src, &l->signalling);
}

/* What settles a source: RTP, where there is any. STUN may come from a port of its own. */
static bool confirms(const struct latch *l, const struct latch_packet *p)
{
	return p->is_rtp || !l->has_rtp;
}

/* A phone behind NAT whose port changed: the same stream goes on. */
static bool goes_on(const struct latch *l, const struct latch_packet *p)
{
	if (!l->has_rtp || !p->is_rtp || p->ssrc != l->ssrc)
		return false;
	int16_t step = (int16_t)(uint16_t)(p->seq - l->seq);
	return step >= -SEQ_BEHIND_MAX && step <= SEQ_AHEAD_MAX;
}

static bool takes_over(const struct latch *l, const struct latch_packet *p)
{
	return l->settled ? goes_on(l, p) : confirms(l, p);
}

enum latch_verdict latch_judge(const struct latch *l, const struct latch_packet *p)
{
	if (addr_is(&l->source) && addr_eq(p->src, &l->source))
		return LATCH_KEEP;
	if (addr_is(&l->expected) && addr_eq(p->src, &l->expected))
		return LATCH_LEARN;
	if (!is_believed_host(l, p->src))
		return LATCH_REFUSE;
	if (addr_is(&l->source))
		return takes_over(l, p) ? LATCH_LEARN : LATCH_REFUSE;
	if (l->previous_left > 0 && addr_eq(p->src, &l->previous))
		return LATCH_PASS;
	return LATCH_LEARN;
}

void latch_take(struct latch *l, const struct latch_packet *p, enum latch_verdict verdict)
{
	if (verdict == LATCH_PASS) {
		l->previous_left--;
		return;
	}
	if (verdict == LATCH_LEARN) {
		l->source = *p->src;
		l->previous = (struct addr){0};
		l->settled = false;
	}
	if (confirms(l, p))
		l->settled = true;
	if (p->is_rtp) {
		l->ssrc = p->ssrc;
		l->seq = p->seq;
	}
}

void latch_reopen(struct latch *l)
{
	if (addr_is(&l->source))
		l->previous = l->source;
	l->previous_left = addr_is(&l->previous) ? PREVIOUS_PACKETS : 0;
	l->source = (struct addr){0};
	l->settled = false;
}

bool latch_expect(struct latch *l, const struct latch_hint *hint)
{
	l->signalling = hint->signalling;
	l->held = hint->held;
	if (hint->held)
		return false;
	if (addr_eq(&l->expected, &hint->expected) && addr_eq(&l->host, &hint->host)) {
		l->settled = false;
		return false;
	}
	l->expected = hint->expected;
	l->host = hint->host;
	latch_reopen(l);
	return true;
}

/* An address of the phone's own network, which from here is another network, or none. */
static bool is_unreachable(const struct latch *l)
{
	return (addr_is_private(&l->expected) || addr_is_loopback(&l->expected)) &&
	       addr_is(&l->signalling) && !addr_ip_eq(&l->expected, &l->signalling);
}

const struct addr *latch_target(const struct latch *l)
{
	if (l->held)
		return NULL;
	if (addr_is(&l->source))
		return &l->source;
	if (addr_is(&l->expected) && !is_unreachable(l))
		return &l->expected;
	return is_believed_host(l, &l->previous) ? &l->previous : NULL;
}
