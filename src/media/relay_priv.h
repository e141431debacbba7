/* What the two halves of the user-space relay share: endpoints' lives (relay.c) and packets' ways
 * (forward.c). */
#pragma once

#include "media/latch_priv.h"
#include "media/ports_priv.h"
#include "media/ready_priv.h"
#include "media/relay.h"

#define RELAY_REFUSED_MAX 4

struct endpoint {
	struct id self, owner;
	struct id peer; /* ID_NONE: not connected */
	int rtp_handle, rtcp_handle;
	struct addr rtp_local, rtcp_local;
	enum relay_kind kind;
	bool rtcp_mux;
	bool has_peer; /* relay_endpoint_expect was called */
	struct latch rtp, rtcp;
	struct relay_stats stats; /* source is filled in when asked for */
	struct addr refused[RELAY_REFUSED_MAX];
	uint32_t refused_count;
	uint32_t format_count;
	uint8_t payload_types[RELAY_FORMATS_MAX];
	uint32_t clocks_hz[RELAY_FORMATS_MAX];
};

struct relay {
	struct relay_params p;
	struct pool *endpoints;
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

/* Sockets on both ports of the pair, or on neither. Errors as io_udp_open. */
int relay_open_pair(struct relay *relay, struct endpoint *e, struct addr local);
