/*
 * sdp: session descriptions (RFC 8866) as a B2BUA with a relay needs them: read what matters
 * (addresses, ports, directions, payload types), write the same description with other addresses.
 * Everything else is passed untouched, so that whatever two phones agree on works (G.711, Opus,
 * video, RFC 4733, T.38, SDES keys).
 */
#pragma once

#include "base/addr.h"
#include "base/strbuf.h"

#define SDP_STREAMS_MAX 8
#define SDP_FORMATS_MAX 32
#define SDP_BYTES_MAX	16384

enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };
enum sdp_kind {
	SDP_AUDIO,
	SDP_VIDEO,
	SDP_IMAGE,
	SDP_TEXT,
	SDP_APPLICATION,
	SDP_MESSAGE,
	SDP_KIND_OTHER
};
enum sdp_proto {
	SDP_RTP_AVP,
	SDP_RTP_SAVP,
	SDP_RTP_AVPF,
	SDP_RTP_SAVPF,
	SDP_RTP_DTLS,
	SDP_UDPTL,
	SDP_PROTO_OTHER
};

struct sdp_format {
	uint8_t payload_type;
	uint32_t clock_hz; /* rtpmap or the static table of RFC 3551; 0 unknown */
	struct slice name; /* "PCMU"; empty unknown */
};

struct sdp_stream {
	enum sdp_kind kind;
	enum sdp_proto proto;
	struct slice media_text, proto_text, formats_text;
	uint16_t port;	       /* 0: refused or removed */
	bool has_address;      /* false: the address is a host name or there is no c= at all */
	struct addr rtp, rtcp; /* connection address with port; rtcp: a=rtcp (RFC 3605) or port + 1,
				  = rtp with mux */
	bool rtcp_mux;	       /* RFC 5761 */
	enum sdp_direction direction;
	bool on_hold_address; /* c=0.0.0.0, the hold of RFC 2543 */
	struct sdp_format formats[SDP_FORMATS_MAX];
	uint32_t format_count;
	uint32_t ptime_ms; /* 0: not given */
	struct slice text; /* the whole section from m= on */
};

struct sdp {
	struct slice text;
	struct slice origin;	   /* o= value */
	struct slice session_text; /* from v= to the first m= */
	struct sdp_stream streams[SDP_STREAMS_MAX];
	uint32_t stream_count;
};

/* 0; ERR_SYNTAX (no v=/o=/m= shape, bad port, ...); ERR_LIMIT (more than SDP_STREAMS_MAX streams);
 * ERR_TOO_BIG. Bare LF line ends are accepted; so is a description without any stream (RFC 3264
 * §5). ret_sdp points into text; its streams from stream_count on and formats from format_count on
 * are not written. */
int sdp_parse(struct slice text, struct sdp *ret_sdp);

/* Where our relay stands in for each stream: what is written in place of the phone's own address.
 */
struct sdp_rewrite {
	struct addr
		rtp[SDP_STREAMS_MAX]; /* family 0: the stream is written with port 0 (refused); so
				       * is one that came with port 0, whatever stands here */
	struct addr rtcp[SDP_STREAMS_MAX]; /* family 0: no a=rtcp line (port + 1 is implied) */
	uint64_t session_id, version; /* o= of ours: one session id per leg, version + 1 whenever
					 the text changes */
	struct addr origin;
	struct slice origin_user; /* "-" or "opengate" */
	bool nameless;		  /* whose description it is is withheld: s= and i= may say it */
};

/*
 * Appends sdp with our addresses: o= replaced (the phone's name and address never reach the other
 * side), s= kept unless nameless, c= of session and streams replaced, m= ports replaced, a=rtcp
 * replaced, ICE (a=candidate, ice-*, remote-candidates, end-of-candidates), a=rtcp-mux kept as
 * negotiated between the phones, other addresses' attributes (a=alt, X-nat) dropped. 0.0.0.0 of an
 * old-style hold stays 0.0.0.0. Dropped as well: u=, e= and p= (they name the caller, who may have
 * withheld that) and a=group:BUNDLE (the relay has one port pair for each stream).
 */
void sdp_write(struct strbuf *b, const struct sdp *sdp, const struct sdp_rewrite *rw);

/*
 * Does an RTP stream's answer name a codec of its offer (RFC 3264 §6.1: at least one)? By number,
 * or by name. Telephone events and comfort noise are no speech, so they do not count; an answer of
 * nothing else fits, as does what is not RTP.
 */
bool sdp_answer_fits(const struct sdp_stream *offer, const struct sdp_stream *answer);

/* Do two descriptions of ours say the same, whatever their o= lines (the version) are? */
bool sdp_same_but_origin(struct slice a, struct slice b);

/* Direction as the other side must see it: sendonly <-> recvonly. */
enum sdp_direction sdp_direction_mirror(enum sdp_direction d);
const char *sdp_direction_name(enum sdp_direction d);
