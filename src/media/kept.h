/* What an endpoint of the relay must know again after a restart (relay_endpoint_kept,
 * relay_endpoint_restore), as plain data: its ports, whom it believes, what it has counted. To what
 * it is connected its owner knows. */
#pragma once

#include "media/latch.h"
#include "media/relay.h"

struct relay_kept {
	struct addr rtp, rtcp; /* its own */
	uint8_t kind;	       /* enum relay_kind */
	bool rtcp_mux;
	bool has_peer; /* relay_endpoint_expect was called */
	uint8_t format_count;
	struct relay_format formats[RELAY_FORMATS_MAX]; /* those that are not of 8000 Hz */
	struct latch rtp_latch, rtcp_latch;
	struct relay_stats stats;
};
