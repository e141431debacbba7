/* A relay over the fake io, and short ways to say who sends what. */
#pragma once

#include "fake_io.h"
#include "media/relay.h"

#define OWN4	    "203.0.113.1"
#define OWN6	    "2001:db8::1"
#define COOKIE_BASE 7000

struct note {
	struct id owner, endpoint;
	struct addr source;
	bool rtcp, refused;
};

struct fixture {
	struct fake_io f;
	struct rng rng;
	struct relay *relay;
	struct note notes[64];
	size_t note_count;
	struct id close_on_note; /* this endpoint is closed from within the next callback */
};

struct relay_params fixture_params(struct fixture *x);
void fixture_init(struct fixture *x, const struct relay_params *p);
void fixture_fini(struct fixture *x);

/* An endpoint that expects a phone at sdp (RTP there, RTCP on the next port), signalling from
 * `signalling`. */
struct id fixture_open(struct fixture *x, uint64_t owner, int family, const char *sdp,
		       const char *signalling);
struct relay_peer fixture_peer(const char *sdp, const char *signalling);
/* Tells e of the phone's SDP. */
void fixture_expect(struct fixture *x, struct id e, const char *sdp, const char *signalling);

struct addr address(const char *text);
struct addr rtp_of(struct fixture *x, struct id e);
struct addr rtcp_of(struct fixture *x, struct id e);
struct relay_stats stats_of(struct fixture *x, struct id e);

/* A datagram from src arrives at the endpoint's RTP or RTCP port. */
void arrive(struct fixture *x, struct id e, bool on_rtcp, const char *src, struct slice bytes);
/* An RTP packet (payload type 0, 20 bytes of payload) does. */
void arrive_rtp(struct fixture *x, struct id e, const char *src, uint32_t ssrc, uint16_t seq);

/* The next thing that was sent must be these bytes, from this address to that; then it is
 * forgotten. */
void check_sent(struct fixture *x, struct addr from, const char *to, struct slice bytes);
void check_nothing_sent(struct fixture *x);
