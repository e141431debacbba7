/*
 * relay: every call's RTP, RTCP and UDPTL pass here (service: "Media"). An endpoint is one port
 * pair of ours facing one phone, for one stream: even RTP port, odd RTCP port. Two endpoints are
 * connected; what one receives from its phone, the other sends to its own. Legs own endpoints, so
 * that several phones may ring, a target may change, and a transferred call may be joined anew.
 *
 * Whom an endpoint believes: a packet is accepted only
 *  - from the very address of the SDP (it always may claim the stream), or
 *  - from the host in the SDP or the host that the signalling came from, while no source is learned
 * yet or when it goes on with the learned stream (same SSRC, sequence number near: the phone's NAT
 * moved it), or after a new offer/answer has opened learning again. Everything else is refused and
 * counted, and nothing is ever sent to such an address. Until a source is learned, packets go to
 * the SDP's address, unless that is a private address that differs from the signalling host's (then
 * there is nobody to send to yet). RTCP learns on its own, by the same rule, without the continuity
 * test.
 *
 * On an RTP endpoint STUN, ZRTP and DTLS pass too (told apart by their first byte, RFC 7983), and
 * may be what teaches the source; RTP from another port of a believed host then still takes over,
 * once. A new SDP address does not let late packets of the old source take the learning: that
 * source is only learned again when it goes on for a while. c=0.0.0.0 (hold of RFC 2543) stops
 * sending and changes nothing else.
 *
 * Nothing is ever sent to a multicast or broadcast address, nor to a port of the relay itself: two
 * calls whose SDP named each other's relay ports would send one packet round for ever.
 *
 * One relay belongs to one shard. It does no timing of its own: the shard hands it datagrams and
 * asks for statistics.
 */
#pragma once

#include "base/addr.h"
#include "base/pool.h"
#include "base/rng.h"
#include "io/io.h"
#include "rtp/rtp.h"

struct relay;

enum relay_kind { RELAY_RTP, RELAY_UDPTL };

#define RELAY_FORMATS_MAX 32

struct relay_format {
	uint8_t payload_type;
	uint32_t clock_hz;
};

/* What the phone's SDP says of its own end, and where its signalling comes from. */
struct relay_peer {
	enum relay_kind kind;
	struct addr rtp;	/* family 0: unknown (host name) */
	struct addr rtcp;	/* family 0: none */
	struct addr signalling; /* host; the port is ignored; family 0: do not use */
	bool rtcp_mux;
	struct relay_format formats[RELAY_FORMATS_MAX];
	uint32_t format_count;
};

struct relay_ops {
	void *ctx;
	/* The endpoint learned or moved its source (RTP or RTCP). */
	void (*on_learned)(void *ctx, struct id owner, struct id endpoint,
			   const struct addr *source, bool rtcp);
	/* A packet was refused; called for the first of each source, four sources per endpoint, and
	 * not before relay_endpoint_expect: what comes earlier is dropped, and not counted. */
	void (*on_refused)(void *ctx, struct id owner, struct id endpoint,
			   const struct addr *source);
};

struct relay_params {
	struct io *io;
	struct rng *rng;
	uint32_t shard;
	struct addr address4, address6; /* bind here; family 0: none of that family */
	uint16_t port_first, port_last; /* of this shard's share; even .. odd */
	uint32_t endpoints_max;
	uint32_t ready_pairs_max; /* so many port pairs stay open between calls; 0: none */
	uint64_t cookie_base;	  /* its sockets carry this and numbers from there on */
	uint8_t dscp;
	struct relay_ops ops; /* may close and open endpoints */
	/* Ports of the whole server, all shards: SDP that points there, at address4 or address6, is
	 * nobody. 0: only the ports that this relay has open itself. Not looked at where the relay
	 * is bound to a loopback address. */
	uint16_t server_port_first, server_port_last;
};

/* 0, ERR_NOMEM or ERR_INVALID (an empty port range). */
int relay_new(const struct relay_params *p, struct relay **ret_relay);
void relay_free(struct relay *relay);

/* Opens a port pair. owner comes back in the callbacks. family: 4 or 6.
 * 0; ERR_LIMIT: no endpoint or no port pair left; ERR_UNSUPPORTED: no address of that family;
 * ERR_IO. */
int relay_endpoint_open(struct relay *relay, struct id owner, int family, struct id *ret_endpoint,
			struct addr *ret_rtp, struct addr *ret_rtcp);
void relay_endpoint_close(struct relay *relay, struct id endpoint);

/*
 * What survives a restart (media/kept.h). kept: false for a stale id. restore: opens the same ports
 * again, also such that lie in another shard's share; 0, or ERR_IN_USE (somebody else has them),
 * ERR_INVALID (no such local address any more), ERR_LIMIT, ERR_IO. It is connected to nothing yet.
 */
struct relay_kept;
bool relay_endpoint_kept(const struct relay *relay, struct id endpoint,
			 struct relay_kept *ret_kept);
int relay_endpoint_restore(struct relay *relay, struct id owner, const struct relay_kept *kept,
			   struct id *ret_endpoint);

/* A new offer or answer of the phone on this endpoint: sets whom to expect. The learned source
 * stays when the SDP's address did not change, though the first RTP after that may come from
 * another port of a believed host (a NAT that forgot the phone during a hold); otherwise learning
 * is open again. */
void relay_endpoint_expect(struct relay *relay, struct id endpoint, const struct relay_peer *peer);
/* The direction of the phone's stream has changed (hold, resume): the pause until its next packet
 * is no gap, nothing in it was lost. */
void relay_endpoint_turned(struct relay *relay, struct id endpoint);

/* What a receives b sends, and the other way round; each is first parted from what it was connected
 * with. a may be b: an echo. A stale id connects nothing. */
void relay_connect(struct relay *relay, struct id a, struct id b);
void relay_disconnect(struct relay *relay, struct id a);

/* RTP of our own (media/player.h) from this endpoint to its phone. False: it went nowhere: the
 * endpoint is stale, or does not know (yet) where its phone is, which is what has_target says. */
bool relay_endpoint_has_target(const struct relay *relay, struct id endpoint);
bool relay_endpoint_send(struct relay *relay, struct id endpoint, struct slice packet);

struct relay_stats {
	struct rtp_stats received;	   /* from the phone */
	uint64_t sent_packets, sent_bytes; /* RTP or UDPTL, as in received */
	uint64_t refused_packets;	   /* from elsewhere, since it is known whom to expect */
	uint64_t rtcp_received, rtcp_sent;
	uint64_t malformed_packets; /* from whom it believes, but neither RTP nor RTCP nor what
				       passes beside them */
	int64_t last_received_ms;   /* RTP, RTCP or UDPTL; monotonic; 0: nothing yet */
};
/* False for a stale id. */
bool relay_endpoint_stats(const struct relay *relay, struct id endpoint,
			  struct relay_stats *ret_stats);
/* Whose RTP or UDPTL it has learned; family 0: nobody's yet, or a stale id. */
struct addr relay_endpoint_source(const struct relay *relay, struct id endpoint);
bool relay_endpoint_addr(const struct relay *relay, struct id endpoint, struct addr *ret_rtp,
			 struct addr *ret_rtcp);

/* The shard's on_datagrams for cookies of the relay. */
void relay_on_datagrams(struct relay *relay, uint64_t cookie, struct io_datagram *v, size_t count);

uint32_t relay_endpoints_used(const struct relay *relay);
/* Port pairs that are open and wait for an endpoint. */
uint32_t relay_pairs_ready(const struct relay *relay);
