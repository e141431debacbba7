/*
 * latch: whom one socket of an endpoint believes (relay.h, "Whom an endpoint believes"), as a
 * function of values. RTP bleed (strangers who send to a relay port and are sent the call) ends
 * here.
 *
 * Life: latch_expect with every offer or answer; for each packet latch_judge, and latch_take when
 * it was not refused.
 */
#pragma once

#include "media/latch.h"

struct latch_packet {
	const struct addr *src;
	bool is_rtp;
	uint32_t ssrc;
	uint16_t seq;
};

enum latch_verdict {
	LATCH_REFUSE,
	LATCH_KEEP,  /* from the learned source */
	LATCH_LEARN, /* believed, and the source from now on */
	LATCH_PASS,  /* believed, but not (yet) the source */
};

/* What an offer or answer says. Family 0: not known, or none that may be sent to. */
struct latch_hint {
	struct addr expected, host, signalling;
	bool held; /* then expected and host are not looked at: hold changes neither */
};

/*
 * True when learning is open again: the SDP's address changed. Otherwise the source stays, but is
 * to be confirmed: during a hold the phone's NAT may have forgotten it, and on resuming the phone
 * comes from another port with another stream.
 */
bool latch_expect(struct latch *l, const struct latch_hint *hint);
/* Opens learning again; the source becomes the previous one. */
void latch_reopen(struct latch *l);

enum latch_verdict latch_judge(const struct latch *l, const struct latch_packet *p);
/* Takes note of a packet that was judged so; not for LATCH_REFUSE. */
void latch_take(struct latch *l, const struct latch_packet *p, enum latch_verdict verdict);

/* Where to send; NULL: nowhere (yet). */
const struct addr *latch_target(const struct latch *l);
