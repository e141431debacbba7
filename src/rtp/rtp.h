/*
 * rtp: RTP and RTCP headers as values (RFC 3550, RFC 5761), reception statistics, and the E-model
 * (ITU-T G.107, G.113) that turns them into R and MOS. No I/O.
 */
#pragma once

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct rtp_header {
	uint8_t payload_type;
	bool marker;
	uint16_t seq;
	uint32_t timestamp, ssrc;
	size_t payload_bytes;
};

/* 0, or ERR_SYNTAX: not RTP version 2, or its lengths (CSRC, extension) do not fit. The packet may
 * be SRTP: there the count of padding bytes is encrypted, so padding is not looked at and
 * payload_bytes includes it (and SRTP's tag). */
int rtp_parse(struct slice packet, struct rtp_header *ret_header);
/* RTCP by its payload type 192..223 (RFC 5761 §4). */
bool rtp_is_rtcp(struct slice packet);

/* What one receiver sees of one stream (RFC 3550 appendix A.1, A.8). Plain data. */
struct rtp_stats {
	uint64_t packets, bytes;
	uint64_t expected;		/* by sequence numbers */
	uint64_t lost;			/* expected - received distinct, never below 0 */
	uint64_t reordered, duplicates; /* both count as packets, a duplicate not as received */
	uint64_t bursts;		/* losses that followed a loss */
	uint64_t loss_events;
	uint32_t ssrc;
	uint32_t ssrc_changes;
	uint16_t seq_top;
	uint32_t cycles;
	uint32_t base_seq_ext;
	uint64_t window; /* which of the last 64 sequence numbers came */
	int64_t first_us, last_us;
	int64_t longest_gap_us; /* between two packets, silence by comfort noise or hold not told
				   apart */
	int64_t transit_us;	/* arrival less sending time, from an arbitrary origin */
	int64_t timestamp_ext;	/* clock units since the origin */
	double jitter_us, jitter_max_us;
	uint8_t payload_type;
	uint32_t clock_hz;
	uint32_t timestamp_last;
	uint32_t jump_seq; /* a run may start anew here: number expected next, plus 1; 0: no */
	bool started;
};

/* Takes in one packet. clock_hz: of its payload type; 0: 8000. */
void rtp_stats_add(struct rtp_stats *s, const struct rtp_header *h, size_t packet_bytes,
		   int64_t arrival_us, uint32_t clock_hz);
/* Closes a run at a change of SSRC or after hold: what is counted stays, sequence tracking starts
 * anew. */
void rtp_stats_break(struct rtp_stats *s);

struct rtp_quality {
	double loss_percent, jitter_ms, r_factor, mos;
};
/* codec: rtpmap name ("PCMU", "opus", ...); an unknown one is taken for G.711. one_way_delay_ms:
 * what is known of the network; the jitter buffer assumed (2 x jitter, at least 40 ms) is added
 * here. r_factor and mos are 0 when nothing was received. */
void rtp_quality_of(const struct rtp_stats *s, struct slice codec, double one_way_delay_ms,
		    struct rtp_quality *ret_quality);
