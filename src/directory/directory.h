/*
 * directory: accounts, numbers, bindings and channel counters, asked by all shards. Question in,
 * answer out, both plain values: this implementation answers at once from memory (loaded from the
 * store, written behind by the writer).
 *
 * Threads: any function from any thread. State is split over stripes (by number), each with a mutex
 * that guards the accounts, bindings and counters of its numbers and is held for well under a
 * microsecond or two. Why not messages to an owner thread: a channel must be counted before an
 * INVITE goes on, and two hops between threads cost more than a hundred uncontended locks.
 *
 * The keys: number ("05010000014") and account ("10000012"); each number has exactly one account.
 */
#pragma once

#include "base/hash.h"
#include "digest/digest.h"
#include "event/event.h"
#include "policy/forward.h"
#include "policy/rules.h"
#include "policy/screen.h"
#include "reg/reg.h"
#include "store/store.h"
#include "store/writer.h"
#include "transport/transport.h"

struct directory;

struct directory_params {
	const struct hash_key *hash_key;
	struct writer *writer; /* NULL: nothing is kept (simulation, tests) */
};

int directory_new(const struct directory_params *p, struct directory **ret_directory);
void directory_free(struct directory *d);
/* All numbers with their forwarding and screening, and all bindings that have not expired by now_ms
 * (wall). 0, ERR_NOMEM or what the store says. */
int directory_load(struct directory *d, struct store *store, int64_t now_ms);

/* What a shard needs to know of a number. Plain data, copied out. */
struct directory_number {
	char number[STORE_NUMBER_BYTES], account[STORE_ACCOUNT_BYTES],
		customer[STORE_CUSTOMER_BYTES];
	char realm[64];
	struct digest_ha1 ha1;
	uint32_t channels;
	bool international, suspended;
	enum reg_policy policy;
};

/* After the store has made it durable: insert or replace, keeping bindings and counters. Changing
 * the HA1 removes the number's bindings (the phone must register anew). 0 or ERR_NOMEM. */
int directory_put(struct directory *d, const struct directory_number *n);
/* With its bindings. 0 or ERR_NOT_FOUND. */
int directory_remove(struct directory *d, struct slice number);
uint64_t directory_numbers(const struct directory *d);

/* 0 or ERR_NOT_FOUND. */
int directory_by_account(struct directory *d, struct slice account,
			 struct directory_number *ret_number);
int directory_by_number(struct directory *d, struct slice number,
			struct directory_number *ret_number);

/* nc of an accepted digest response: true when (nonce, nc) was not used before; recorded
 * (digest_replay_check). */
bool directory_nonce_use(struct directory *d, struct slice nonce, uint32_t nc);

/* reg_apply under the number's lock, and the result kept (and handed to the writer before it is
 * acknowledged). 0: *ret_outcome, whose slices live in arena; ERR_NOT_FOUND; ERR_AGAIN: the
 * writer's queue is full (503); ERR_NOMEM. */
int directory_register(struct directory *d, struct slice number, const struct reg_request *request,
		       struct arena *arena, struct reg_outcome *ret_outcome);
/* Live bindings by q, then newest first. *ret_bindings in arena. 0 or ERR_NOT_FOUND (no such
 * number); none: count 0. */
int directory_bindings(struct directory *d, struct slice number, int64_t now_ms,
		       struct arena *arena, struct reg_binding **ret_bindings, uint32_t *ret_count);

/* A sign of life over a flow. True when it belongs to a binding; then its number is copied to
 * ret_number. */
bool directory_keepalive(struct directory *d, const struct flow *flow,
			 enum transport_keepalive kind, int64_t now_ms,
			 char ret_number[STORE_NUMBER_BYTES]);
/* A connection has gone: bindings over it become unreachable. */
void directory_flow_gone(struct directory *d, const struct flow *flow, int64_t now_ms);

/*
 * Pings: bindings behind NAT (and those that asked for outbound) that are due, at most `max`, of
 * those this shard is to ping (streams: the flow's shard; UDP: shard = hash % shards). Each handed
 * out is marked pinged at now_ms.
 */
struct directory_ping {
	char number[STORE_NUMBER_BYTES];
	char contact[512];
	struct flow flow;
};
uint32_t directory_pings_due(struct directory *d, uint32_t shard, uint32_t shards, int64_t now_ms,
			     int64_t period_ms, struct directory_ping *ret_pings, uint32_t max);
enum directory_reach_change {
	DIRECTORY_REACH_SAME,
	DIRECTORY_BECAME_UNREACHABLE,
	DIRECTORY_BECAME_REACHABLE
};
/* An answer (any SIP response) or none. */
enum directory_reach_change directory_ping_result(struct directory *d, struct slice number,
						  const struct flow *flow, bool answered,
						  int64_t now_ms);

/* Takes out bindings whose time is over, at most max; each is reported. Call with a growing cursor
 * from one thread. */
typedef void directory_expired_fn(void *ctx, const char *number, const struct reg_binding *b);
uint32_t directory_expire(struct directory *d, int64_t now_ms, uint32_t max,
			  directory_expired_fn *fn, void *ctx);

/*
 * Channels: concurrent outgoing calls of a number. A call (by uid) holds at most one channel of a
 * number; taking it twice or giving back what is not held changes nothing (give returns false), so
 * that the count is exact whatever happens. 0; ERR_LIMIT: all in use (*ret_holders, up to 32 uids);
 * ERR_NOT_FOUND.
 */
int directory_channel_take(struct directory *d, struct slice number, uint64_t call,
			   uint64_t *ret_holders, uint32_t *ret_holder_count);
/* After a restart: the channel that the call held before it, whatever the limit is now. 0;
 * ERR_NOT_FOUND; ERR_NOMEM. */
int directory_channel_restore(struct directory *d, struct slice number, uint64_t call);
bool directory_channel_give(struct directory *d, struct slice number, uint64_t call);
/* How many are held: of one number, or of all when number is empty. */
uint32_t directory_channels_held(struct directory *d, struct slice number);

/*
 * Rejection services of a number. put: after the store has it, and blocks are copied; 0,
 * ERR_NOT_FOUND, ERR_NOMEM. block_add: one more; there already: 0; ERR_LIMIT: the list is full.
 */
int directory_screen_put(struct directory *d, struct slice number,
			 const struct screen_settings *settings);
int directory_block_add(struct directory *d, struct slice number, struct slice caller);
/* Nothing set, or no such number: SCREEN_PASS. */
enum screen_verdict directory_screen(struct directory *d, struct slice number,
				     const struct screen_caller *caller);

/*
 * Inbound places: concurrent calls to a number, counted as channels are, limit or none. take: 0;
 * ERR_LIMIT: as many as the number takes (screen_settings.inbound_limit); ERR_NOT_FOUND; ERR_NOMEM.
 */
int directory_inbound_take(struct directory *d, struct slice number, uint64_t call);
/* After a restart, whatever the limit is now. 0; ERR_NOT_FOUND; ERR_NOMEM. */
int directory_inbound_restore(struct directory *d, struct slice number, uint64_t call);
bool directory_inbound_give(struct directory *d, struct slice number, uint64_t call);
/* Of one number, or of all when number is empty. */
uint32_t directory_inbound_held(struct directory *d, struct slice number);

/* Call forwarding of a number. get: 0; ERR_NOT_FOUND: nothing was ever set, or there is no such
 * number. put: after the store has it; 0, ERR_NOT_FOUND, ERR_NOMEM. */
int directory_forward(struct directory *d, struct slice number,
		      struct forward_settings *ret_settings);
int directory_forward_put(struct directory *d, struct slice number,
			  const struct forward_settings *settings);
/* As the store keeps them, without the memos. 0; ERR_DAMAGED: a target longer than any number. */
int directory_forward_of_store(const struct store_forward *from,
			       struct forward_settings *ret_settings);

/* The operator's rules in force, the caller's to unref; NULL: none. put: takes over the caller's
 * reference. */
const struct plan_rules *directory_rules(struct directory *d);
void directory_rules_put(struct directory *d, const struct plan_rules *rules);
/* As the store has them now; what was in force stays when that fails. */
int directory_rules_load(struct directory *d, struct store *store);

/* Live registrations, of one number or all (empty); a copy in a callback without a lock held. */
typedef void directory_registration_fn(void *ctx, const char *number, const char *account,
				       const struct reg_binding *b);
void directory_registrations(struct directory *d, struct slice number, int64_t now_ms,
			     directory_registration_fn *fn, void *ctx);
uint64_t directory_registration_count(const struct directory *d);
