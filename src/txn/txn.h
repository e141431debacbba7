/*
 * txn: the four transaction machines of RFC 3261 §17 with RFC 6026 (Accepted state), RFC 4320
 * (non-INVITE) as tables; matching by branch (§17.1.3, §17.2.3) and for RFC 2543 peers by the old
 * rules. One txn layer per shard.
 *
 * Above it stands the user (the shard). It is told of new requests, ACKs to 2xx, responses and
 * failures, with the ids of transactions and, for client transactions, the `user` value that it
 * gave. Below it, `send`.
 *
 * What survives the datagram is copied: a server transaction keeps the request as it was parsed (to
 * build responses from) and the last response (to repeat it); a client transaction keeps the
 * request. Each goes as soon as nobody can ask for it any more, mostly long before the transaction.
 */
#pragma once

#include "base/arena.h"
#include "base/bufs.h"
#include "base/hash.h"
#include "base/pool.h"
#include "base/rng.h"
#include "base/wheel.h"
#include "sip/build.h"
#include "sip/msg.h"

struct txn_layer;
struct flow; /* transport/flow.h; txn copies it as bytes and asks txn_ops.reliable */

enum txn_failure { TXN_DONE, TXN_TIMEOUT, TXN_TRANSPORT, TXN_NO_ACK };

/* The ids of a client and a server transaction come from different pools: kinds are never mixed up.
 */
struct txn_ops {
	void *ctx;
	/* Bytes to a flow. 0, or an error: the transaction then fails with TXN_TRANSPORT. */
	int (*send)(void *ctx, const struct flow *flow, struct slice bytes);
	/* A new server transaction: a request that is not a retransmission, ACK or CANCEL. Must be
	 * answered, now or later, with txn_respond (INVITE: 100 goes out by itself after 200 ms if
	 * the user has not answered). */
	void (*on_request)(void *ctx, struct id server, const struct sip_msg *msg,
			   const struct flow *flow);
	/* ACK that belongs to no transaction or to one in Accepted: the ACK to a 2xx. */
	void (*on_ack)(void *ctx, const struct sip_msg *msg, const struct flow *flow);
	/* A CANCEL matched this INVITE, which has no final response yet. The CANCEL was answered
	 * 200. */
	void (*on_cancel)(void *ctx, struct id server, uint64_t user, const struct sip_msg *cancel);
	/* A response; of final ones each once, but every 2xx to INVITE, also repeated ones and
	 * those of other branches. */
	void (*on_response)(void *ctx, struct id client, uint64_t user, const struct sip_msg *msg,
			    const struct flow *flow);
	/* A response that matches nothing (dropped, RFC 6026 §8.8); for the record. */
	void (*on_stray)(void *ctx, const struct sip_msg *msg, const struct flow *flow);
	/* A client transaction ended without a final response. */
	void (*on_failed)(void *ctx, struct id client, uint64_t user, enum txn_failure why);
	/* A server transaction is over. why: TXN_DONE; TXN_NO_ACK: timer H (non-2xx) or timer L
	 * without the user having called txn_acked (2xx); TXN_TRANSPORT. Its id is stale
	 * afterwards. */
	void (*on_server_end)(void *ctx, struct id server, uint64_t user, enum txn_failure why);
	/* An event fell into an empty cell of a table: recorded, otherwise ignored. */
	void (*on_empty_cell)(void *ctx, const char *machine, const char *state, const char *event);
	/* Where a request that came over flow was sent from: `source` of the responses that the
	 * layer makes itself (100, 482, those to CANCEL). May be NULL: their Via stays as it is. */
	const struct addr *(*source_of)(void *ctx, const struct flow *flow);
	/* Flows that are the same have the same hash; keyed, their addresses are strangers'. */
	uint64_t (*flow_hash)(void *ctx, const struct flow *flow);
	bool (*flow_same)(const struct flow *a, const struct flow *b);
};

struct txn_params {
	uint32_t shard;
	struct wheel *wheel;
	struct bufs *bufs;
	const struct hash_key *hash_key;
	uint32_t servers_max, clients_max;
	uint32_t timer_kind_first; /* the wheel fires kinds first .. first + TXN_TIMER_KINDS - 1 for
				      txn_on_timer */
	uint32_t t1_ms, t2_ms, t4_ms; /* 0: 500, 4000, 5000 */
	size_t flow_bytes;	      /* sizeof(struct flow) */
	struct txn_ops ops;
};
#define TXN_TIMER_KINDS	     16
#define TXN_FLOW_BYTES_MAX   64
#define TXN_BRANCH_BYTES_MAX 64

int txn_layer_new(const struct txn_params *p, struct txn_layer **ret_layer);
void txn_layer_free(struct txn_layer *l);

/*
 * A message from the wire: retransmissions and ACKs to non-2xx are dealt with here, the rest goes
 * to the ops. reliable: it came over a stream. 0, or ERR_LIMIT: no transaction or memory left for a
 * new request (answer 503 statelessly). arena: of the message; used for rebuilding (the stored
 * request parsed again).
 */
int txn_receive(struct txn_layer *l, struct sip_msg *msg, const struct flow *flow, bool reliable,
		struct arena *arena, int64_t now_ms);

/* --- server side */
/* Ties the user's value to a server transaction (comes back in on_cancel, on_server_end). */
void txn_set_user(struct txn_layer *l, struct id server, uint64_t user);
/* The flow that its request came over, in the transaction; NULL when stale. */
const struct flow *txn_flow_of(const struct txn_layer *l, struct id server);
/* The request of a server transaction, copied into arena; NULL when stale, dropped or the arena is
 * full. The flow it came over: *ret_flow points into the transaction. Changes nothing. */
const struct sip_msg *txn_request_of(struct txn_layer *l, struct id server, struct arena *arena,
				     const struct flow **ret_flow);
/* Builds (sip_build_reply from the kept request) and sends a response. The Via gets received/rport
 * from `source`. 0; ERR_STALE: no such transaction; ERR_CONFLICT: it has a final response already
 * (2xx may be repeated by the user while in Accepted: TU retransmission of RFC 6026); ERR_TOO_BIG.
 */
int txn_respond(struct txn_layer *l, struct id server, const struct sip_reply *reply,
		int64_t now_ms);
/* The last response of a server transaction as it was sent (for a user who repeats a reliable
 * provisional one, RFC 3262 §3); empty when stale or none. Good until the next call. */
struct slice txn_response_of(const struct txn_layer *l, struct id server);
/* The ACK to our 2xx came: stop repeating it. The layer repeats 2xx to INVITE at T1, doubling to
 * T2, until txn_acked or 64*T1 (RFC 3261 §13.3.1.4), so that the user need not. */
void txn_acked(struct txn_layer *l, struct id server, int64_t now_ms);

/* --- client side */
struct txn_send {
	const struct flow *flow;
	bool reliable;
	struct slice bytes;  /* the whole request; its top Via carries `branch` */
	struct slice branch; /* "z9hG4bK..." */
	enum sip_method method;
	uint64_t user;
	bool resumed;	    /* an INVITE that went out before a restart: nothing is sent, and a
			       provisional response is taken to have come */
	int64_t timeout_ms; /* 0: timer B/F (64*T1); INVITE only otherwise: also ends it after so
			       long without final */
	int64_t first_ms;   /* INVITE: timer B, where there is another target to try; 0: 64*T1 */
};
/* 0, ERR_LIMIT, ERR_TOO_BIG, or what send said. */
int txn_send_request(struct txn_layer *l, const struct txn_send *s, int64_t now_ms,
		     struct id *ret_client);
/* CANCELs an INVITE (RFC 3261 §9.1): at once when a provisional response has come, otherwise as
 * soon as one does. If no final response follows within 64*T1 of the CANCEL the INVITE fails with
 * TXN_TIMEOUT. reason_value may be empty. */
void txn_cancel(struct txn_layer *l, struct id client, struct slice reason_value,
		struct arena *arena, int64_t now_ms);

/* The request as it was sent, parsed into arena, to send it once more in other words: from within
 * on_response of its final response, or before that. NULL when stale or the arena is full. */
const struct sip_msg *txn_sent_of(struct txn_layer *l, struct id client, struct arena *arena);

/* From the wheel. arena: scratch. */
void txn_on_timer(struct txn_layer *l, uint32_t kind, struct id owner, struct arena *arena,
		  int64_t now_ms);
/* A stream went away or a host is unreachable: client transactions over that flow fail (RFC 3261
 * §17.1.4). How many there were; no others are looked at. */
uint32_t txn_on_flow_gone(struct txn_layer *l, const struct flow *flow, int64_t now_ms);

uint32_t txn_servers(const struct txn_layer *l);
uint32_t txn_clients(const struct txn_layer *l);
