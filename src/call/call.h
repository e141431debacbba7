/*
 * call: one call from a caller (leg A) to whoever answers first (branches, legs B), as a state
 * machine over plain data. A call advances by one event and gives back orders for its shard to
 * carry out; the same call and the same event always give the same orders. No I/O, no clock, no
 * SIP: the words between legs are TRY, RING, CONNECT, FAIL, BYE. Branches that are there from the
 * start ring together (phones); one that comes later takes the place of one that was given up
 * (trunks, and whoever the callee forwards to).
 *
 * Life: NEW -TRY-> ROUTING -ROUTED-> PROCEEDING -CONNECT-> ANSWERED -BYE-> ENDING. Any refusal,
 * cancellation or loss leads to ENDING, and ORDER_FINISH is given exactly once: the channel is
 * given back and the record written. The slot goes when its last leg is gone; that is the shard's
 * to see.
 *
 * Where the callee is busy or does not answer and has set a forwarding for that (`armed`), the call
 * goes back to ROUTING, and on to the target; the branches before first_branch are behind it then.
 * Each forwarding (call/forward.h) is an outgoing call of the one that forwards.
 *
 * A party of an answered call may send the other one on (REFER): the call stays ANSWERED while
 * branches for the target are tried (`transfer`), goes on as it was when that comes to nothing, and
 * has the target in the transferor's place when the remaining party has agreed (JOINED). The
 * transferor may hang up meanwhile (`left`).
 *
 * What the rules or the called side refuse passes through ANNOUNCING, where the caller may be told
 * why, in words or by a tone; the refusal follows. It is decided by then, and nobody but the caller
 * can change what becomes of it. A service of ours (echo test) has no branch: ROUTED answers it.
 */
#pragma once

#include "base/pool.h"
#include "base/wheel.h"
#include "call/cause.h"
#include "policy/forward.h"

#define CALL_BRANCHES_MAX 16
#define CALL_NUMBER_BYTES 40
#define CALL_TRUNK_BYTES  32

/* The call file keeps states by their number: new ones go to the end. */
#define CALL_STATE_TABLE(X) X(NEW) X(ROUTING) X(PROCEEDING) X(ANSWERED) X(ENDING) X(ANNOUNCING)
enum call_state {
#define X(name) CALL_##name,
	CALL_STATE_TABLE(X)
#undef X
		CALL_STATES
};

#define CALL_EVENT_TABLE(X)                                                                        \
	X(TRY)	   /* the caller is known; find the way */                                         \
	X(ROUTED)  /* the way is known: `count` more branches, a service, or refused with `cause`  \
		    */                                                                             \
	X(RING)	   /* branch: a provisional response `code` above 100 */                           \
	X(CONNECT) /* branch: answered */                                                          \
	X(FAIL)	   /* branch: final refusal `code`, or `cause` when there was no response */       \
	X(CANCEL)  /* the caller gave up before the answer */                                      \
	X(BYE)	   /* a party hung up: side */                                                     \
	X(REROUTE) /* branch: given up, though it may still answer; another one stands ready */    \
	X(LOST)	   /* a party's signalling is gone: side, cause */                                 \
	X(RING_LIMIT) /* nobody answered in time */                                                \
	X(END)	      /* ended by us: cause */                                                     \
	X(ANNOUNCED)  /* the caller was told why, or cannot be */                                  \
	X(TRANSFER)   /* side sends the other one on: `count` more branches, or `cause` */         \
	X(JOINED)     /* the remaining party talks with the target now */                          \
	X(UNJOINED)   /* or will not: code, cause */

enum call_event_kind {
#define X(name) CALL_EV_##name,
	CALL_EVENT_TABLE(X)
#undef X
		CALL_EVENTS
};

enum call_side { CALL_CALLER, CALL_CALLEE, CALL_SERVER };

/* How far a transfer has come. */
enum call_transfer { CALL_NO_TRANSFER, CALL_TRANSFER_RINGING, CALL_TRANSFER_JOINING };

/* As seen from here to the telephone network. */
enum call_direction { CALL_INTERNAL, CALL_OUT, CALL_IN };
/* What we answer ourselves. By number in the call file. */
enum call_service {
	CALL_NO_SERVICE,
	CALL_ECHO,    /* *43: what the caller says comes back */
	CALL_QUALITY, /* *44: the same for a while, then how good it was */
	CALL_SERVICES,
};

struct call_event {
	enum call_event_kind kind;
	uint8_t branch;
	uint8_t count;
	bool service;
	enum call_side side;
	int code;
	enum call_cause cause;
	bool judged; /* FAIL: code and cause stand as they are (a trunk's); else the code is a
			phone's */
	bool more;   /* FAIL: another branch stands ready, as with REROUTE */
	bool stands; /* ROUTED: the forwarding comes to nothing, and what the callee refused with
			stands */
};

enum call_order_kind {
	ORDER_ROUTE,	     /* ask policy and directory; answer with ROUTED */
	ORDER_FORWARD,	     /* forward: the callee's settings lead elsewhere; answer with ROUTED */
	ORDER_START_BRANCH,  /* branch: send its INVITE; FAIL when it cannot be sent */
	ORDER_RING_CALLER,   /* branch, code: pass its provisional response on */
	ORDER_CONNECT,	     /* branch: answer the caller with what it answered */
	ORDER_SERVE,	     /* answer the caller ourselves; END when that cannot be done */
	ORDER_ANNOUNCE,	     /* cause: tell the caller, without a channel; ANNOUNCED follows */
	ORDER_REFUSE_CALLER, /* code, cause: final response to the caller */
	ORDER_CANCEL_BRANCH, /* branch, cause: CANCEL; a 2xx that crosses it is ACKed and BYEd */
	ORDER_BYE_CALLER,    /* cause */
	ORDER_BYE_BRANCH,    /* branch, cause */
	ORDER_TRANSFER_RINGS,  /* branch, code: the transferor is told */
	ORDER_JOIN,	       /* branch: the target has answered; ask the remaining party */
	ORDER_LEAVE,	       /* the transferor has hung up: the remaining party waits */
	ORDER_TRANSFERRED,     /* branch */
	ORDER_TAKE_PLACE,      /* branch: its leg is the caller's from now on */
	ORDER_NOT_TRANSFERRED, /* code, cause */
	ORDER_FINISH,	       /* give the channel back, write the record */
};

struct call_order {
	enum call_order_kind kind;
	uint8_t branch;
	int code;
	enum call_cause cause;
	enum forward_kind forward;
};

#define CALL_ORDERS_MAX (2 * CALL_BRANCHES_MAX + 4)
struct call_orders {
	struct call_order v[CALL_ORDERS_MAX];
	uint32_t count;
};

enum branch_state {
	BRANCH_NONE,
	BRANCH_TRYING,
	BRANCH_RINGING,
	BRANCH_ANSWERED,
	BRANCH_CANCELLED,
	BRANCH_GONE
};

struct call_branch {
	struct id leg; /* the shard's */
	uint8_t state; /* enum branch_state */
	int16_t code;  /* its final refusal as the caller may see it */
	uint8_t cause;
	uint32_t trunk; /* id of the trunk that it goes to; 0: a phone */
};

struct call {
	uint64_t uid;
	uint8_t state; /* enum call_state */
	uint8_t branch_count;
	uint8_t first_branch; /* of the present callee */
	uint8_t armed;	      /* bits 1 << enum forward_kind: what the present callee forwards on */
	uint8_t winner;	      /* the branch that answered; CALL_BRANCHES_MAX: none */
	uint8_t cause;	      /* enum call_cause, once ANNOUNCING or ENDING, or in ROUTING again */
	uint8_t ended_by;     /* enum call_side, likewise */
	bool finished;	      /* ORDER_FINISH was given */
	int16_t sip_code;     /* the final answer to the caller's INVITE: 200 or the refusal */
	uint8_t transfer;     /* enum call_transfer */
	uint8_t transferor;   /* enum call_side, once there was one */
	bool left;	      /* and he has hung up */
	uint8_t target;	      /* the branch that is being joined */
	struct call_branch branches[CALL_BRANCHES_MAX];

	/* The shard's part: who, when, what it holds. */
	struct id id, leg_a;
	char codec[24]; /* of the first answered stream */
	char from[CALL_NUMBER_BYTES], to[CALL_NUMBER_BYTES], dialled[CALL_NUMBER_BYTES],
		customer[24];
	char shown[CALL_NUMBER_BYTES]; /* the caller's number as the callee sees it */
	char trunk[CALL_TRUNK_BYTES];  /* name of the (last) trunk, for the record */
	uint8_t direction;	       /* enum call_direction */
	bool anonymous;		       /* the callee must not see the number */
	uint8_t withheld;	       /* why: enum trunk_withheld */
	bool hears_us;	   /* the caller was sent a session description before the answer */
	bool ringback;	   /* and we play him the ringing tone */
	bool in_live;	   /* counted as a live call from a trunk */
	bool inbound_held; /* a place among the present callee's calls */
	bool channel_held, record_due;
	uint8_t early_count; /* early dialogs that the caller was told of (leg_early.number) */
	uint8_t max_forwards;
	uint8_t service;	/* enum call_service */
	uint8_t service_format; /* payload type that it speaks in */
	struct slice detail;	/* for the record: what stood in the way; in the shard's buffers */
	struct id player;	/* media/player.h, while it is announced to or served */
	struct id referrer;	/* the leg that is told of the transfer */
	uint32_t refer_cseq;	/* of its REFER */
	bool refer_told;	/* it wants to be (RFC 4488) */
	int64_t join_ms;	/* monotonic: when to ask the remaining party; 0: it was asked */
	struct id forwards;	/* struct call_forwards; none: nobody has forwarded it */
	int64_t started_at, ringing_at, answered_at, ended_at; /* wall ms; 0: did not happen */
	int64_t media_seen_ms;		   /* monotonic: last time media or a hold was seen */
	int64_t ring_end_ms, ring_last_ms; /* monotonic: Timer C, and when it ends for good */
	int64_t forward_ms;		   /* monotonic: no answer by then is forwarded; 0: never */
	uint32_t kept[7];		   /* where its records stand in the call file (replica) */
	struct timer timer;		   /* ring limit, then media check, then record retry */
};

const char *call_state_name(enum call_state s);
const char *call_event_name(enum call_event_kind k);
const char *call_side_name(enum call_side side);	/* "caller", "callee", "server" */
const char *call_direction_name(enum call_direction d); /* "internal", "out", "in" */

void call_init(struct call *c, uint64_t uid, struct id id);

/* Advances c by ev. *ret_orders is set. False: the cell is empty (nothing changed, no orders). */
bool call_step(struct call *c, const struct call_event *ev, struct call_orders *ret_orders);

/* Counted as a call of its number: from TRY to ENDING. */
static inline bool call_is_live(const struct call *c)
{
	return c->state != CALL_ENDING;
}
