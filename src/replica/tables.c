#include "replica/tables.h"

/* A table refers to those of its members: `replica_parts` holds them all, and this is where each of
 * them stands. */
enum part {
	PART_FLOW,
	PART_DIALOG,
	PART_LEG_STREAM,
	PART_LEG_SESSION,
	PART_LEG,
	PART_BRANCH,
	PART_CALL,
	PART_SETUP,
	PART_ANSWER,
	PART_FORMAT,
	PART_LATCH,
	PART_RTP_STATS,
	PART_RELAY_STATS,
	PART_KEPT,
	PART_KEPT_FIGURES,
	PART_END,
	PART_END_FIGURES,
	PART_ENDS,
	PART_FIGURES,
	PART_LEGS,
	PART_QUALITY,
	PART_RECORD,
	PART_FORWARD,
	PART_FORWARDS,
};
#define PART(name) replica_parts[PART_##name]

/* clang-format off: one row a line */
static const struct replica_field flow_rows[] = {
	F_ADDR(1, flow, remote),
	F_ADDR(2, flow, local),
	F_UPTO(3, flow, transport, SIP_TRANSPORT_OTHER),
	F_UINT(4, flow, shard),
	F_UINT(5, flow, listener),
	F_UINT(6, flow, connection),
};

#define F_DIALOG_TEXT(t, n, what)                                                                  \
	{                                                                                          \
		.tag = t, .type = REPLICA_DIALOG_TEXT, .name = n,                                  \
		.offset = offsetof(struct dialog, text), .bytes = sizeof(char *), .max = what      \
	}
static const struct replica_field dialog_rows[] = {
	F_UPTO(1, dialog, state, DIALOG_ENDED),
	F_BOOL(2, dialog, is_uac),
	F_BOOL(3, dialog, secure),
	F_BOOL(4, dialog, first_route_strict),
	F_UINT(5, dialog, local_cseq),
	F_UINT(6, dialog, remote_cseq),
	F_DIALOG_TEXT(7, "call_id", DIALOG_CALL_ID),
	F_DIALOG_TEXT(8, "local_tag", DIALOG_LOCAL_TAG),
	F_DIALOG_TEXT(9, "remote_tag", DIALOG_REMOTE_TAG),
	F_DIALOG_TEXT(10, "local_uri", DIALOG_LOCAL_URI),
	F_DIALOG_TEXT(11, "remote_uri", DIALOG_REMOTE_URI),
	F_DIALOG_TEXT(12, "remote_target", DIALOG_REMOTE_TARGET),
	F_DIALOG_TEXT(13, "routes", DIALOG_ROUTES),
	F_NOT_KEPT(dialog, text_used), /* the texts find their places anew */
	F_NOT_KEPT(dialog, text_cap),
	F_NOT_KEPT(dialog, spans),
	F_NOT_KEPT(dialog, bufs),
};

static const struct replica_field leg_stream_rows[] = {
	F_UPTO(1, leg_stream, direction, SDP_INACTIVE),
	F_BOOL(2, leg_stream, active),
	F_NOT_KEPT(leg_stream, endpoint), /* opened again on the same ports, under a new id */
	F_BOOL(3, leg_stream, offered),
	F_NOT_KEPT(leg_stream, fresh), /* an offer that waits is not undone any more */
	F_NOT_KEPT(leg_stream, was),
};

static const struct replica_field leg_session_rows[] = {
	F_UINT(1, leg_session, expires_s), F_UINT(2, leg_session, min_s),
	F_BOOL(3, leg_session, ours),	   F_INT(4, leg_session, refreshed_at),
	F_NOT_KEPT(leg_session, timer), /* armed again from refreshed_at */
};

static const struct replica_field leg_rows[] = {
	F_UINT(1, leg, branch),
	F_UPTO(2, leg, state, LEG_GONE),
	F_BOOL(3, leg, acked),
	F_BOOL(4, leg, ack_waits),
	F_BOOL(5, leg, bye_waits),
	F_BOOL(6, leg, cancelled),
	F_UINT(7, leg, bye_cause),
	F_UINT(8, leg, invite_cseq),
	F_TEXT(9, leg, invite_branch),
	F_STRUCT(10, leg, flow, PART(FLOW)),
	F_STRUCT(11, leg, dialog, PART(DIALOG)),
	F_FIXED(12, leg, sdp_session),
	F_UINT(13, leg, sdp_version),
	F_FIXED(14, leg, sdp_hash),
	F_LIST(15, leg, streams, stream_count, PART(LEG_STREAM)),
	F_TEXT(16, leg, user_agent),
	F_UINT(17, leg, can),
	F_STRUCT(18, leg, session, PART(LEG_SESSION)),
	F_SLICE(19, leg, said),
	F_UPTO(20, leg, offered_count, SDP_STREAMS_MAX),
	F_UINT(31, leg, trunk),
	F_BOOL(32, leg, trunk_held),
	F_NOT_KEPT(leg, challenges),
	F_NOT_KEPT(leg, credentials),
	F_NOT_KEPT(leg, said_before),
	F_NOT_KEPT(leg, early),	 /* only answered calls go on after a restart */
	F_NOT_KEPT(leg, id),	 /* its tag says it */
	F_NOT_KEPT(leg, call),	 /* the call does */
	F_NOT_KEPT(leg, invite), /* transactions do not outlive the process */
	F_NOT_KEPT(leg, reinvite),
	F_NOT_KEPT(leg, way_known), /* found out anew */
	F_NOT_KEPT(leg, ack),	    /* built again when it is asked for */
	F_NOT_KEPT(leg, ack_cseq),
	F_NOT_KEPT(leg, timer),
	F_NOT_KEPT(leg, refers), /* the phones name no subscription after a restart */
};

static const struct replica_field branch_rows[] = {
	F_UPTO(1, call_branch, state, BRANCH_GONE),
	F_INT(2, call_branch, code),
	F_NOT_KEPT(call_branch, leg),
	F_UINT(3, call_branch, cause), /* a number that another version counts otherwise */
	F_UINT(4, call_branch, trunk),
};

static const struct replica_field call_rows[] = {
	F_FIXED(1, call, uid),
	F_UPTO(2, call, state, CALL_STATES - 1),
	F_UPTO(3, call, winner, CALL_BRANCHES_MAX),
	F_UINT(4, call, cause),
	F_UPTO(5, call, ended_by, CALL_SERVER),
	F_INT(6, call, sip_code),
	F_LIST(7, call, branches, branch_count, PART(BRANCH)),
	F_TEXT(8, call, codec),
	F_TEXT(9, call, from),
	F_TEXT(10, call, to),
	F_TEXT(11, call, dialled),
	F_TEXT(12, call, customer),
	F_BOOL(13, call, anonymous),
	F_BOOL(14, call, channel_held),
	F_INT(15, call, started_at),
	F_INT(16, call, ringing_at),
	F_INT(17, call, answered_at),
	F_INT(18, call, ended_at),
	F_UINT(19, call, max_forwards),
	F_UPTO(20, call, service, CALL_SERVICES - 1),
	F_UPTO(21, call, service_format, 127),
	F_TEXT(31, call, shown),
	F_TEXT(32, call, trunk),
	F_UPTO(33, call, direction, CALL_IN),
	F_UINT(34, call, withheld),
	F_UPTO(35, call, first_branch, CALL_BRANCHES_MAX),
	F_BOOL(36, call, inbound_held),
	F_UPTO(37, call, transfer, CALL_TRANSFER_JOINING),
	F_UPTO(38, call, transferor, CALL_CALLEE),
	F_BOOL(39, call, left),
	F_NOT_KEPT(call, target), /* after a restart a transfer is dropped */
	F_NOT_KEPT(call, referrer),
	F_NOT_KEPT(call, refer_cseq),
	F_NOT_KEPT(call, refer_told),
	F_NOT_KEPT(call, join_ms),
	F_NOT_KEPT(call, armed), /* of calls that are being set up */
	F_NOT_KEPT(call, forward_ms),
	F_NOT_KEPT(call, forwards), /* by a table of their own */
	F_NOT_KEPT(call, hears_us),
	F_NOT_KEPT(call, ringback),
	F_NOT_KEPT(call, in_live), /* counted anew */
	F_NOT_KEPT(call, player),  /* taken anew */
	F_NOT_KEPT(call, id),	   /* nobody outside knows it */
	F_NOT_KEPT(call, leg_a),
	F_NOT_KEPT(call, finished), /* a finished call is a record */
	F_NOT_KEPT(call, record_due),
	F_NOT_KEPT(call, detail),	 /* of a call that was refused, which is none to take up */
	F_NOT_KEPT(call, media_seen_ms), /* begins anew */
	F_NOT_KEPT(call, timer),
	F_NOT_KEPT(call, ring_end_ms), /* of calls that are being set up */
	F_NOT_KEPT(call, ring_last_ms),
	F_NOT_KEPT(call, early_count),
	F_NOT_KEPT(call, kept), /* where these records stand */
};

static const struct replica_field setup_rows[] = {
	F_SLICE(1, replica_setup, head),
	F_REFS(2, replica_setup, legs, leg_count, PART(LEG)),
};

static const struct replica_field answer_rows[] = {
	F_SLICE(1, replica_answer, headers),
	F_SLICE(2, replica_answer, body),
};

static const struct replica_field format_rows[] = {
	F_UINT(1, relay_format, payload_type),
	F_UINT(2, relay_format, clock_hz),
};

static const struct replica_field latch_rows[] = {
	F_ADDR(1, latch, expected), F_ADDR(2, latch, host),	F_ADDR(3, latch, signalling),
	F_ADDR(4, latch, source),   F_ADDR(5, latch, previous), F_UINT(6, latch, previous_left),
	F_BOOL(7, latch, has_rtp),  F_BOOL(8, latch, settled),	F_BOOL(9, latch, held),
	F_UINT(10, latch, ssrc),    F_UINT(11, latch, seq),
};

static const struct replica_field rtp_stats_rows[] = {
	F_UINT(1, rtp_stats, packets),	      F_UINT(2, rtp_stats, bytes),
	F_UINT(3, rtp_stats, expected),	      F_UINT(4, rtp_stats, lost),
	F_UINT(5, rtp_stats, reordered),      F_UINT(6, rtp_stats, duplicates),
	F_UINT(7, rtp_stats, bursts),	      F_UINT(8, rtp_stats, loss_events),
	F_UINT(9, rtp_stats, ssrc),	      F_UINT(10, rtp_stats, ssrc_changes),
	F_UINT(11, rtp_stats, seq_top),	      F_UINT(12, rtp_stats, cycles),
	F_UINT(13, rtp_stats, base_seq_ext),  F_FIXED(14, rtp_stats, window),
	F_INT(15, rtp_stats, first_us),	      F_INT(16, rtp_stats, last_us),
	F_INT(17, rtp_stats, longest_gap_us), F_INT(18, rtp_stats, transit_us),
	F_INT(19, rtp_stats, timestamp_ext),  F_REAL(20, rtp_stats, jitter_us),
	F_REAL(21, rtp_stats, jitter_max_us), F_UINT(22, rtp_stats, payload_type),
	F_UINT(23, rtp_stats, clock_hz),      F_UINT(24, rtp_stats, timestamp_last),
	F_UINT(25, rtp_stats, jump_seq),      F_BOOL(26, rtp_stats, started),
};

static const struct replica_field relay_stats_rows[] = {
	F_STRUCT(1, relay_stats, received, PART(RTP_STATS)),
	F_UINT(2, relay_stats, sent_packets),
	F_UINT(3, relay_stats, sent_bytes),
	F_UINT(4, relay_stats, refused_packets),
	F_UINT(5, relay_stats, rtcp_received),
	F_UINT(6, relay_stats, rtcp_sent),
	F_UINT(7, relay_stats, malformed_packets),
	F_INT(8, relay_stats, last_received_ms),
	/* 9 was the last one refused */
};

/* What an offer or answer changes. */
static const struct replica_field kept_rows[] = {
	F_ADDR(1, relay_kept, rtp),
	F_ADDR(2, relay_kept, rtcp),
	F_UPTO(3, relay_kept, kind, RELAY_UDPTL),
	F_BOOL(4, relay_kept, rtcp_mux),
	F_BOOL(5, relay_kept, has_peer),
	F_LIST(6, relay_kept, formats, format_count, PART(FORMAT)),
	F_NOT_KEPT(relay_kept, rtp_latch), /* by the other table */
	F_NOT_KEPT(relay_kept, rtcp_latch),
	F_NOT_KEPT(relay_kept, stats),
};

/* What packets change. */
static const struct replica_field kept_figures_rows[] = {
	F_STRUCT(1, relay_kept, rtp_latch, PART(LATCH)),
	F_STRUCT(2, relay_kept, rtcp_latch, PART(LATCH)),
	F_STRUCT(3, relay_kept, stats, PART(RELAY_STATS)),
	F_NOT_KEPT(relay_kept, rtp), /* by the other table */
	F_NOT_KEPT(relay_kept, rtcp),
	F_NOT_KEPT(relay_kept, kind),
	F_NOT_KEPT(relay_kept, rtcp_mux),
	F_NOT_KEPT(relay_kept, has_peer),
	F_NOT_KEPT(relay_kept, format_count),
	F_NOT_KEPT(relay_kept, formats),
};

static const struct replica_field end_rows[] = {
	F_UPTO(1, replica_end, leg, 1),
	F_UPTO(2, replica_end, stream, SDP_STREAMS_MAX - 1),
	F_STRUCT(3, replica_end, kept, PART(KEPT)),
};

static const struct replica_field end_figures_rows[] = {
	F_UPTO(1, replica_end, leg, 1),
	F_UPTO(2, replica_end, stream, SDP_STREAMS_MAX - 1),
	F_STRUCT(3, replica_end, kept, PART(KEPT_FIGURES)),
};

static const struct replica_field ends_rows[] = {
	F_LIST(1, replica_ends, v, count, PART(END)),
};

static const struct replica_field figures_rows[] = {
	F_LIST(1, replica_ends, v, count, PART(END_FIGURES)),
};

static const struct replica_field legs_rows[] = {
	F_REFS(1, replica_legs, legs, leg_count, PART(LEG)),
	F_REFS(2, replica_legs, ends, ends_count, PART(ENDS)),
};

static const struct replica_field quality_rows[] = {
	F_UINT(1, store_quality, packets),   F_UINT(2, store_quality, lost),
	F_REAL(3, store_quality, jitter_ms), F_REAL(4, store_quality, mos),
	F_REAL(5, store_quality, r_factor),  F_UINT(6, store_quality, longest_gap_ms),
	F_UINT(7, store_quality, reordered), F_UINT(8, store_quality, refused),
};

static const struct replica_field record_rows[] = {
	F_FIXED(1, store_record, id),
	F_SLICE(2, store_record, from),
	F_SLICE(3, store_record, to),
	F_SLICE(4, store_record, dialled),
	F_SLICE(5, store_record, customer),
	F_INT(6, store_record, started_at),
	F_INT(7, store_record, ringing_at),
	F_INT(8, store_record, answered_at),
	F_INT(9, store_record, ended_at),
	F_INT(10, store_record, sip_code),
	F_SLICE(11, store_record, reason),
	F_SLICE(12, store_record, reason_text),
	F_SLICE(13, store_record, ended_by),
	F_SLICE(14, store_record, codec),
	F_BOOL(15, store_record, has_media),
	F_STRUCT(16, store_record, a_to_b, PART(QUALITY)),
	F_STRUCT(17, store_record, b_to_a, PART(QUALITY)),
	F_SLICE(18, store_record, detail),
	F_SLICE(19, store_record, direction),
	F_SLICE(20, store_record, trunk),
	F_BOOL(21, store_record, withheld),
	F_FIXED(22, store_record, call),
	F_SLICE(23, store_record, forward),
};

static const struct replica_field forward_rows[] = {
	F_FIXED(1, call_forward, record),
	F_TEXT(2, call_forward, by),
	F_TEXT(3, call_forward, to),
	F_TEXT(4, call_forward, customer),
	F_TEXT(5, call_forward, trunk),
	F_UPTO(6, call_forward, kind, FORWARD_WAYS - 1),
	F_UPTO(7, call_forward, direction, CALL_OUT),
	F_BOOL(8, call_forward, channel_held),
	F_BOOL(9, call_forward, recorded),
	F_INT(10, call_forward, at),
	F_INT(11, call_forward, ringing_at),
	F_UPTO(12, call_forward, side, CALL_CALLEE),
	F_BOOL(13, call_forward, joined),
	F_UINT(14, call_forward, cause),
	F_INT(15, call_forward, sip_code),
	F_INT(16, call_forward, answered_at),
	F_INT(17, call_forward, ended_at),
};

static const struct replica_field forwards_rows[] = {
	F_LIST(1, call_forwards, v, count, PART(FORWARD)),
	F_NOT_KEPT(call_forwards, deflected), /* of calls that are being set up */
	F_NOT_KEPT(call_forwards, ready),
};

const struct replica_table replica_parts[] = {
	[PART_FLOW] = REPLICA_TABLE("flow", flow, flow_rows),
	[PART_DIALOG] = REPLICA_TABLE("dialog", dialog, dialog_rows),
	[PART_LEG_STREAM] = REPLICA_TABLE("leg_stream", leg_stream, leg_stream_rows),
	[PART_LEG_SESSION] = REPLICA_TABLE("leg_session", leg_session, leg_session_rows),
	[PART_LEG] = REPLICA_TABLE("leg", leg, leg_rows),
	[PART_BRANCH] = REPLICA_TABLE("branch", call_branch, branch_rows),
	[PART_CALL] = REPLICA_TABLE("call", call, call_rows),
	[PART_SETUP] = REPLICA_TABLE("setup", replica_setup, setup_rows),
	[PART_ANSWER] = REPLICA_TABLE("answer", replica_answer, answer_rows),
	[PART_FORMAT] = REPLICA_TABLE("format", relay_format, format_rows),
	[PART_LATCH] = REPLICA_TABLE("latch", latch, latch_rows),
	[PART_RTP_STATS] = REPLICA_TABLE("rtp_stats", rtp_stats, rtp_stats_rows),
	[PART_RELAY_STATS] = REPLICA_TABLE("relay_stats", relay_stats, relay_stats_rows),
	[PART_KEPT] = REPLICA_TABLE("endpoint", relay_kept, kept_rows),
	[PART_KEPT_FIGURES] = REPLICA_TABLE("endpoint_figures", relay_kept, kept_figures_rows),
	[PART_END] = REPLICA_TABLE("end", replica_end, end_rows),
	[PART_END_FIGURES] = REPLICA_TABLE("end_figures", replica_end, end_figures_rows),
	[PART_ENDS] = REPLICA_TABLE("ends", replica_ends, ends_rows),
	[PART_FIGURES] = REPLICA_TABLE("figures", replica_ends, figures_rows),
	[PART_LEGS] = REPLICA_TABLE("legs", replica_legs, legs_rows),
	[PART_QUALITY] = REPLICA_TABLE("quality", store_quality, quality_rows),
	[PART_RECORD] = REPLICA_TABLE("record", store_record, record_rows),
	[PART_FORWARD] = REPLICA_TABLE("forward", call_forward, forward_rows),
	[PART_FORWARDS] = REPLICA_TABLE("forwards", call_forwards, forwards_rows),
};
/* clang-format on */
const uint32_t replica_part_count = sizeof(replica_parts) / sizeof(replica_parts[0]);

const struct replica_table *const replica_tables[REPLICA_KINDS] = {
	[REPLICA_CALL] = &PART(CALL),	      [REPLICA_SETUP] = &PART(SETUP),
	[REPLICA_ANSWER] = &PART(ANSWER),     [REPLICA_LEGS] = &PART(LEGS),
	[REPLICA_FIGURES] = &PART(FIGURES),   [REPLICA_RECORD] = &PART(RECORD),
	[REPLICA_FORWARDS] = &PART(FORWARDS),
};

static const struct relay_kept *figures_of(const struct replica_ends *figures,
					   const struct replica_end *end)
{
	for (uint8_t i = 0; i < figures->count; i++) {
		const struct replica_end *f = &figures->v[i];
		if (f->leg == end->leg && f->stream == end->stream)
			return &f->kept;
	}
	return NULL;
}

void replica_figures_onto(const struct replica_ends *figures, struct replica_ends *ends)
{
	for (uint8_t i = 0; i < ends->count; i++) {
		struct relay_kept *kept = &ends->v[i].kept;
		const struct relay_kept *f = figures_of(figures, &ends->v[i]);
		if (f == NULL)
			continue;
		kept->rtp_latch = f->rtp_latch;
		kept->rtcp_latch = f->rtcp_latch;
		kept->stats = f->stats;
	}
}
