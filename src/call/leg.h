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

/* What a party says that it can do, or wants. */
enum leg_ability {
	LEG_CAN_100REL = 1,   /* RFC 3262 */
	LEG_NEEDS_100REL = 2, /* Require in its INVITE */
	LEG_CAN_UPDATE = 4,   /* RFC 3311 */
};

/*
 * A called phone before it answers, and what the caller knows of it (in leg A: what it knows of an
 * announcement of ours, which is an early dialog too). Each phone, and each dialog
 * that a proxy's fork makes of one INVITE (RFC 3261 §13.2.2.4), is an early dialog of its own
 * towards the caller: two answers to one offer never stand in one dialog.
 */
struct leg_early {
	bool begun;	       /* it has said something, and has its number */
	uint8_t number;	       /* its dialog towards the caller: how our tag ends */
	bool settled;	       /* on this leg the first offer is answered for good (RFC 3262 §5) */
	bool told_settled;     /* towards the caller too */
	bool answer_waits;     /* its offer went to the caller, whose PRACK will answer it */
	uint32_t caller_cseq;  /* of the caller's last request in that dialog */
	uint32_t rseq_in;      /* the phone's last reliable response, 0: none yet (RFC 3262 §4) */
	uint32_t chained_rseq; /* of the response whose PRACK waits for the caller's; 0: none */
	/* a reliable response of ours to the caller, repeated until its PRACK (RFC 3262 §3) */
	uint32_t rseq_out;
	bool unacked, unacked_sdp;
	uint32_t interval_ms;
	int64_t give_up_ms;    /* monotonic */
	struct slice response; /* these three are buffers of the shard's bufs */
	struct slice told;     /* the answer that the caller was told early */
	struct slice held;     /* the phone's 2xx, which waits for the caller's PRACK */
	struct timer timer;
};

struct leg_stream {
	struct id endpoint; /* the relay's, facing this party */
	struct id was;	    /* while an offer waits: the one before it, of another address family */
	uint8_t direction;  /* enum sdp_direction of the party's last description */
	bool active;	    /* the port in the party's last description was not 0 */
	/* While an offer waits for its answer, what stands to be undone: */
	bool offered; /* the offer has this stream */
	bool fresh;   /* the endpoint was opened for the offer */
};

/* The session timer of this leg (RFC 4028). */
struct leg_session {
	uint32_t expires_s;   /* agreed; 0: none runs */
	uint32_t min_s;	      /* the longest Min-SE that a 422 told us */
	bool ours;	      /* we refresh */
	int64_t refreshed_at; /* wall ms */
	struct timer timer;
};

struct leg {
	struct id id, call;
	struct id invite;   /* transaction of the first INVITE: server (A) or client (B) */
	struct id reinvite; /* exchange in which an INVITE or UPDATE with an offer is pending on
			       this leg, either way */
	uint8_t branch;	    /* index in the call, or LEG_IS_CALLER */
	uint8_t state;	    /* enum leg_state */
	bool acked;	    /* A: ACK to our 2xx came; B: we have sent ours */
	bool ack_waits; /* B: the answer for our ACK must come from the other leg first (late offer)
			 */
	bool bye_waits; /* A: BYE as soon as the ACK comes (RFC 3261 §15.1.1) */
	bool cancelled; /* B: CANCEL sent or waiting */
	uint8_t bye_cause; /* enum call_cause for the waiting BYE */
	uint8_t can;	   /* enum leg_ability */
	bool way_known;	   /* the flow was settled for the dialog's route set as it is now */
	uint8_t stream_count;
	uint8_t offered_count; /* streams in the last offer of this party */
	bool trunk_held;       /* a place on its trunk is this leg's */
	uint8_t refers;	       /* REFERs that it has sent */
	uint8_t challenges;    /* that the trunk has put to this leg in a row */
	uint32_t trunk;	       /* the trunk that it leads to or comes from; 0: a phone */
	uint32_t invite_cseq;
	char invite_branch[32]; /* B: of our INVITE's Via, for a CANCEL after a restart */
	struct flow flow;	/* the way to the phone */
	char user_agent[64];
	struct dialog dialog;
	/* Repeated 2xx to the INVITE with that CSeq get our ACK once more: written again, or where
	 * it brought a description as it was; a buffer of the shard's bufs. 0: none */
	uint32_t ack_cseq;
	/* the session as we describe it to this party */
	uint32_t sdp_version;
	uint64_t sdp_session;
	uint64_t sdp_hash; /* of the last description that we sent, without its o= line */
	struct leg_stream streams[SDP_STREAMS_MAX];
	struct leg_early early;
	struct leg_session session;
	/* the last description that we gave this party, and the one before an offer that waits;
	 * buffers of the shard's bufs, kept where a refresh needs them */
	struct slice said, said_before;
	struct slice ack; /* see ack_cseq */
	/* What the INVITE to a trunk said to prove who we are, for its ACK (RFC 3261 §13.2.2.4); a
	 * buffer of the shard's bufs. */
	struct slice credentials;
	struct timer timer; /* forget that ACK; before the answer, a trunk's patience */
};

/* The party of that leg on hold, as its last description says: no stream flows both ways. */
bool leg_on_hold(const struct leg *l);
