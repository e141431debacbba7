/* Within the room txn: what its files share. */
#pragma once

#include "base/err.h"
#include "base/index.h"
#include "txn/table_priv.h"
#include "txn/txn.h"

/* What a message is matched by (match.c): a keyed hash for the index and a second, independent one
 * that is compared. 128 bits under a secret key stand for the texts themselves, so that a
 * transaction need not keep its request. */
struct txn_key {
	uint64_t hash, check;
};

/* What client and server transactions have in common. Two timers do for all letters: one that
 * repeats something and one that ends something; the slot remembers which letter each stands for.
 */
struct txn_core {
	struct id id;
	struct timer retry, end;
	struct txn_key key;
	uint64_t user;
	int64_t limit_at_ms; /* client: timer C or the user's limit for F; 0: none */
	int64_t first_at_ms; /* client: the user's timer B; 0: none */
	uint32_t retry_ms;   /* the present interval of A, E, G, 2xx; 0: not yet */
	uint8_t kind, state; /* enum txn_kind, enum txn_state */
	uint8_t retry_event, end_event;
	bool reliable;
	bool own;  /* the layer's own business (CANCEL, 482): the user does not know of it */
	bool told; /* the user has heard that it failed */
	bool cancel_wanted, cancelled,
		acked; /* INVITE client: extra holds the Reason, no more, the ACK */
	_Alignas(8) char flow[TXN_FLOW_BYTES_MAX];
};

struct txn_client {
	struct txn_core core;
	uint64_t flow_hash;
	struct id flow_prev, flow_next; /* over the same flow */
	bool flow_joined;
	struct slice request; /* a buf */
	struct slice
		extra; /* a buf: the Reason of a CANCEL that waits, then the ACK to a non-2xx */
};

struct txn_server {
	struct txn_core core;
	uint64_t merge_hash;	 /* 0: not in the index of merged requests */
	struct sip_msg *request; /* a buf; NULL: dropped */
	struct slice response;	 /* a buf: the last one */
};

_Static_assert(sizeof(struct txn_client) < 400 && sizeof(struct txn_server) < 400,
	       "slots stay small");

enum { TXN_FIRE_CLIENT_RETRY, TXN_FIRE_CLIENT_END, TXN_FIRE_SERVER_RETRY, TXN_FIRE_SERVER_END };

struct txn_layer {
	struct txn_params p;
	struct pool *clients, *servers;
	struct index *client_index, *server_index, *merge_index;
	struct index *flow_index; /* one client transaction of each flow */
	/* While on_request runs, its message stands for the kept request: no need to parse that
	 * again. */
	struct id fresh;
	const struct sip_msg *fresh_msg;
	char scratch[SIP_MESSAGE_BYTES_MAX]; /* messages are written here, then kept in a buf of the
						right size */
};

/* One event on its way through a machine. */
struct txn_run {
	struct txn_layer *l;
	int64_t now_ms;
	struct arena *arena;
	struct sip_msg *msg;	 /* what came in; NULL for timers and the user's doing */
	const struct flow *flow; /* over which it came */
	bool reliable;		 /* that flow is a stream */
	struct slice bytes;	 /* a new response; empty: to be swallowed (408 to non-INVITE) */
	int err;		 /* what send said */
};

static inline const struct flow *txn_flow(const struct txn_core *c)
{
	return (const struct flow *)(const void *)c->flow;
}

/* --- match.c */
struct txn_key txn_client_key(const struct txn_layer *l, struct slice branch, struct slice method);
/* The transaction that msg would belong to if its method were `method` (ACK and CANCEL look for
 * INVITE), RFC 3261 §17.2.3; without a magic cookie by the rules for RFC 2543. */
struct txn_key txn_server_key(const struct txn_layer *l, const struct sip_msg *msg,
			      enum sip_method method);
/* From tag, Call-ID and CSeq (§8.2.2.2); never 0. */
uint64_t txn_merge_hash(const struct txn_layer *l, const struct sip_msg *msg);
struct txn_client *txn_find_client(struct txn_layer *l, const struct txn_key *key);
struct txn_server *txn_find_server(struct txn_layer *l, const struct txn_key *key);

/* --- flows.c */
/* 0, ERR_LIMIT or ERR_NOMEM. */
int txn_flow_join(struct txn_layer *l, struct txn_client *t);
void txn_flow_leave(struct txn_layer *l, struct txn_client *t);

/* --- timers.c */
/* Stops and arms what the actions say. */
void txn_timers_do(struct txn_run *run, struct txn_core *c, uint32_t actions);
/* TXN_EV_TIMER_FAILED, from the wheel and not from within the call that met the failure; where the
 * state has no cell for it nothing happens. */
void txn_post_failure(struct txn_layer *l, struct txn_core *c, int64_t now_ms);

/* --- client.c, server.c: an event into the machine. The transaction may be gone afterwards. */
void txn_client_event(struct txn_run *run, struct txn_client *t, enum txn_event event);
void txn_server_event(struct txn_run *run, struct txn_server *t, enum txn_event event);
/* Live ones only: a transaction that is about to be given back counts as gone. */
struct txn_client *txn_client_get(const struct txn_layer *l, struct id id);
struct txn_server *txn_server_get(const struct txn_layer *l, struct id id);
void txn_client_free(struct txn_layer *l, struct txn_client *t);
void txn_server_free(struct txn_layer *l, struct txn_server *t);
int txn_client_start(struct txn_layer *l, const struct txn_send *s, bool own, int64_t now_ms,
		     struct id *ret_client);
/* A slot for the request in run->msg, still in TXN_START and without a copy of it; NULL at the
 * limit. */
struct txn_server *txn_server_new(struct txn_run *run, enum txn_kind kind,
				  const struct txn_key *key);
/* A request that belongs to no transaction: up to the user. 0 or ERR_LIMIT. */
int txn_receive_new(struct txn_run *run, const struct txn_key *key);

/* --- own.c: what the layer does on its own account */
/* CANCEL from the wire, key as CANCEL. */
void txn_receive_cancel(struct txn_run *run, const struct txn_key *key);
/* 482 to a request that came here before by another way. 0 or ERR_LIMIT. */
int txn_refuse_merged(struct txn_run *run, const struct txn_key *key);
/* 100 Trying to req in the layer's scratch. p == NULL: does not fit. */
struct slice txn_build_100(struct txn_layer *l, const struct sip_msg *req, const struct flow *flow);
/* Sends CANCEL for t as a transaction of its own. */
void txn_send_cancel(struct txn_run *run, struct txn_client *t);

/* --- layer.c */
int txn_send_bytes(struct txn_layer *l, const struct flow *flow, struct slice bytes);
void txn_empty_cell(struct txn_layer *l, const struct txn_core *c, enum txn_event event);
/* Writes a response to req into the layer's scratch. p == NULL: too big. */
struct slice txn_build_reply(struct txn_layer *l, const struct sip_msg *req,
			     const struct sip_reply *reply);
/* Parses kept bytes in place; NULL when the arena is full. */
const struct sip_msg *txn_parse(struct slice kept, struct arena *arena);
/* Gives a kept text back to the bufs. */
void txn_drop(struct txn_layer *l, struct slice *kept);
