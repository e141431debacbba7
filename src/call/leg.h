/*
 * leg: one party's side of a call as plain data: its dialog, the way to it, its transactions by id,
 * and its part of the session description. Legs belong to a call and know each other only through
 * it.
 */
#pragma once

#include "base/pool.h"
#include "base/wheel.h"
#include "dialog/dialog.h"
#include "sdp/sdp.h"
#include "transport/flow.h"

#define LEG_STATE_TABLE(X)                                                                         \
	X(INVITING) /* INVITE received (A) or sent (B), no final response yet */                   \
	X(ANSWERED) /* 2xx sent (A) or received (B) */                                             \
	X(BYE_SENT) /* waiting for the answer to our BYE */                                        \
	X(GONE)	    /* nothing more to come; the slot can be given back */

enum leg_state {
#define X(name) LEG_##name,
	LEG_STATE_TABLE(X)
#undef X
		LEG_STATES
};

#define LEG_IS_CALLER 0xff

struct leg_stream {
	struct id endpoint; /* the relay's, facing this party */
	struct addr rtp;    /* the endpoint's own address, as written into SDP; RTCP one port up */
	uint8_t direction;  /* enum sdp_direction of the party's last description */
	bool active;	    /* the port in the party's last description was not 0 */
};

struct leg {
	struct id id, call;
	uint8_t branch; /* index in the call, or LEG_IS_CALLER */
	uint8_t state;	/* enum leg_state */
	bool acked;	/* A: ACK to our 2xx came; B: we have sent ours */
	bool ack_waits; /* B: the answer for our ACK must come from the other leg first (late offer)
			 */
	bool bye_waits; /* A: BYE as soon as the ACK comes (RFC 3261 §15.1.1) */
	bool cancelled; /* B: CANCEL sent or waiting */
	uint8_t bye_cause; /* enum call_cause for the waiting BYE */
	uint32_t invite_cseq;
	char invite_branch[32]; /* B: of our INVITE's Via, for a CANCEL after a restart */
	struct flow flow;	/* the way to the phone */
	bool way_known;		/* the flow was settled for the dialog's route set as it is now */
	struct id invite;	/* transaction of the first INVITE: server (A) or client (B) */
	struct id reinvite;	/* exchange in which an INVITE or UPDATE with an offer is pending on
				   this leg, either way */
	struct dialog dialog;
	/* the session as we describe it to this party */
	uint64_t sdp_session;
	uint32_t sdp_version;
	uint64_t sdp_hash; /* of the last description that we sent, without its o= line */
	uint8_t stream_count;
	struct leg_stream streams[SDP_STREAMS_MAX];
	char user_agent[64];
	/* ACK kept for repeated 2xx to the INVITE with that CSeq; a buffer of the shard's bufs */
	struct slice ack;
	uint32_t ack_cseq;
	struct timer timer; /* forget the ACK */
};

const char *leg_state_name(enum leg_state s);
/* The party of that leg on hold, as its last description says: no stream flows both ways. */
bool leg_on_hold(const struct leg *l);
