/* What the two halves of the user-space relay share: endpoints' lives (relay.c) and packets' ways
 * (forward.c). */
#pragma once

#include "base/hash.h"
#include "media/latch_priv.h"
#include "media/ports_priv.h"
#include "media/ready_priv.h"
#include "media/relay.h"

#define RELAY_REFUSED_MAX 4

struct endpoint {
	struct id self, owner;
	struct id peer;	  /* ID_NONE: not connected */
	struct id clocks; /* ID_NONE: all of 8000 Hz */
	int rtp_handle, rtcp_handle;
	struct addr rtp_local;
	uint8_t kind; /* enum relay_kind */
	bool rtcp_mux;
	bool has_peer; /* relay_endpoint_expect was called */
	uint8_t refused_count;
	uint32_t refused[RELAY_REFUSED_MAX]; /* hashes of who was told of */
	struct latch rtp, rtcp;
	struct relay_stats stats;
};

/* The formats of an endpoint's phone whose clocks are not of 8000 Hz: most calls have none. */
struct clocks {
	uint8_t count;
	uint8_t payload_types[RELAY_FORMATS_MAX];
	uint32_t hz[RELAY_FORMATS_MAX];
};
#define RELAY_CLOCK_HZ 8000

struct relay {
	struct relay_params p;
	struct pool *endpoints, *clocks;
	struct hash_key hash_key;
	struct ports *ports;
	struct ready *ready; /* NULL: pairs are not kept open */
	struct id ids[];     /* slot -> id of the endpoint there now; cookies carry no generation */
};

/*
 * Cookies count on from cookie_base: (slot << 1) + is_rtcp for endpoints, and behind endpoints_max
 * slots likewise for the places of `ready`.
 */
static inline uint64_t relay_ready_slot(const struct relay *relay, uint32_t place)
{
	return (uint64_t)relay->p.endpoints_max + place;
}

static inline struct addr relay_rtcp_of(struct addr rtp)
{
	rtp.port++;
	return rtp;
}

/* Takes note of the formats' clocks. Without memory for them they count as 8000 Hz. */
void relay_set_clocks(struct relay *relay, struct endpoint *e, const struct relay_format *v,
		      uint32_t count);

/* Sockets on both ports of the pair, or on neither. Errors as io_udp_open. */
int relay_open_pair(struct relay *relay, struct endpoint *e, struct addr local);
