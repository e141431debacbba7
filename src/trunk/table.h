/*
 * table: the trunks of the process, asked by all shards: an immutable set, swapped whole by
 * provisioning, and beside it what is known of each trunk at the moment.
 *
 * Threads: any function from any thread. One mutex guards the set and the states; it is held for a
 * walk over some dozens of trunks. Why not messages to an owner thread: a place on a trunk must be
 * counted before an INVITE goes on, as a channel must (directory.h).
 *
 * A place is taken for each leg to or from a trunk and given back once, by whoever holds it.
 */
#pragma once

#include "base/rng.h"
#include "digest/digest.h"
#include "store/store.h"
#include "trunk/seal.h"
#include "trunk/trunk.h"

struct trunks;

/* key: for trunks_load; NULL: no passwords are read. 0 or ERR_NOMEM. */
int trunks_new(const struct trunk_key *key, struct trunks **ret_trunks);
void trunks_free(struct trunks *t);
const struct trunk_key *trunks_key(const struct trunks *t);

/* Takes this set from now on; what is known of a trunk stays with its id, also the places that are
 * taken. What changed of the way to it (host, account) makes what is known of that way void.
 * count: TRUNKS_MAX at most. 0 or ERR_NOMEM. */
int trunks_swap(struct trunks *t, const struct trunk *v, uint32_t count);
/* The store's. A password that cannot be read leaves its trunk without one: *ret_unread (may be
 * NULL) counts them. 0, ERR_NOMEM, ERR_LIMIT (more than TRUNKS_MAX) or what the store says. */
int trunks_load(struct trunks *t, struct store *store, uint32_t *ret_unread);
/* Changes with each swap; 0 before the first. */
uint32_t trunks_version(const struct trunks *t);
uint32_t trunks_count(const struct trunks *t);

/* The numbers that are ours, by their beginnings. count: TRUNK_OWN_MAX at most. */
void trunks_set_own(struct trunks *t, const char (*v)[TRUNK_OWN_BYTES], uint32_t count);
/* There is a trunk, and a number that nobody here has may be somebody's there: it is not of ours.
 * t: may be NULL. */
bool trunks_may_know(const struct trunks *t, struct slice number);

/* --- for calls */
/* trunk_choose, and its place is taken. */
enum trunk_verdict trunks_take(struct trunks *t, const struct trunk_ask *ask,
			       struct trunk *ret_trunk);
/* A place for a call that came from it. 0; ERR_LIMIT: full; ERR_NOT_FOUND. */
int trunks_take_this(struct trunks *t, uint32_t id);
/* After a restart, whatever the capacity is now. False: there is no such trunk any more. */
bool trunks_restore(struct trunks *t, uint32_t id);
/* Of a trunk that is gone there is nothing to give back. */
void trunks_give(struct trunks *t, uint32_t id);
/* Places taken, of one trunk or of all (0). */
uint32_t trunks_places(const struct trunks *t, uint32_t id);
/* False: none (trunk_of_source). */
bool trunks_of_source(struct trunks *t, const struct flow *flow, struct trunk *ret_trunk);
/* False: there is no such trunk. */
bool trunks_get(struct trunks *t, uint32_t id, struct trunk *ret_trunk);

/* --- digest */
/* The challenge that this trunk last put; the count of its nonce begins anew when it is another
 * one. False: it is the one that was answered already and not called stale, or there is no
 * password: answering once more would not help. */
bool trunks_challenged(struct trunks *t, uint32_t id, const struct digest_challenge *c,
		       bool answered);
/* An answer to the last challenge with the next count, as a header line; nothing without one. */
void trunks_answer(struct trunks *t, uint32_t id, struct slice method, struct slice uri,
		   struct rng *rng, struct strbuf *b);

/* --- health and registration (the shard that looks after trunks) */
/* What there is to know of one, for people. */
struct trunk_view {
	struct trunk trunk; /* without its password */
	bool has_password;
	struct trunk_state state;
	uint64_t attempts, failures; /* calls sent there, and given up for another trunk or none */
	int64_t changed_at;	     /* wall ms: up or down since */
	int64_t registered_until;    /* wall ms; 0: not registered */
	int16_t register_code;	     /* of the last answer to a REGISTER; 0: none came */
	int16_t options_code;
	uint32_t options_ms; /* round trip of the last OPTIONS */
	uint32_t probes;     /* OPTIONS that are over: answered or given up */
};
typedef void trunks_view_fn(void *ctx, const struct trunk_view *v);
/* In the order of the set; the callback runs without the lock. */
int trunks_each(struct trunks *t, trunks_view_fn *fn, void *ctx);
bool trunks_view(struct trunks *t, struct slice name, struct trunk_view *ret_view);

/* Somebody wants to know: an OPTIONS soon. False: there is no such trunk. */
bool trunks_probe(struct trunks *t, struct slice name);
/* True, once for each trunks_probe before it. */
bool trunks_probe_wanted(struct trunks *t, uint32_t id);
/* True: that changed whether it is up. failures: so many in a row make it down. */
bool trunks_heard(struct trunks *t, uint32_t id, bool answered, enum trunk_why why,
		  uint32_t failures, int64_t wall_ms);
void trunks_options_done(struct trunks *t, uint32_t id, int code, uint32_t ms);
void trunks_addresses(struct trunks *t, uint32_t id, const struct addr *v, uint32_t count);
/* True: that changed enum trunk_registration. *ret_turned: it is up now and was not, or the other
 * way round. */
bool trunks_registered(struct trunks *t, uint32_t id, enum trunk_registration r, int code,
		       int64_t until_ms, int64_t wall_ms, bool *ret_turned);
/* A call that was sent there is given up. */
void trunks_attempt_failed(struct trunks *t, uint32_t id);
