/*
 * stage: the server itself in the simulated network: directory, event stream and one or more real
 * shards, a store that can be told to be full or slow, and telephones by name. What stands here is
 * the daemon's own code but for three things: the kernel (net/sim_io.h), the writer's thread
 * (stage/vault.h) and main's threads; shards take turns on the network's clock.
 *
 * stage_step lets one thing happen and then walks the invariants (stage/watch.c). The first one
 * that is broken is the stage's fault, which stays: later steps only make it harder to see.
 *
 * The server has 192.0.2.1 and 2001:db8::1, UDP and TCP port 5060, relay ports 20000-29999.
 */
#pragma once

#include "net/ladder.h"
#include "replica/image.h"
#include "shard/set.h"
#include "stage/names.h"
#include "stage/vault.h"
#include "ua/ua.h"

#define STAGE_DOMAIN	  "sip.example.jp"
#define STAGE_TEXT_BYTES  512
#define STAGE_NUMBERS_MAX 256
#define STAGE_PHONES_MAX  256
#define STAGE_SHARDS_MAX  8
#define STAGE_TRUNKS_MAX  8

struct stage_params {
	uint64_t seed;
	uint16_t shards;
	uint32_t inbox_bytes;
	/* Times, limits, digest; calls_max is of the whole server; addresses and ports are the
	 * stage's. */
	struct shard_config config;
	/* Tests that let memory run short (short/): true: what follows is not the server's doing
	 * and must come through. NULL: memory is never short. */
	void (*outside)(bool on);
};
/* What a new installation has, but for pings (none) and calls (200). */
void stage_params_default(struct stage_params *p);

/* A call as the event stream told of it. */
struct stage_call {
	uint64_t uid;
	uint32_t records;
	uint32_t forwards; /* that are still without a record */
};

struct watch;

struct stage {
	struct stage_params p;
	struct sim_net *net;
	struct ladder *ladder;
	struct vault *vault;
	struct watch *watch;
	struct names names;
	struct hash_key hash_key;
	struct digest_nonce_key nonce_key;
	struct sim_rand rand;

	/* The running server; directory NULL: it is down. */
	struct directory *directory;
	struct trunks *trunks;
	struct trunk trunk_v[STAGE_TRUNKS_MAX]; /* as provisioned: they stay through a crash */
	uint32_t trunk_n;
	char own[1][TRUNK_OWN_BYTES]; /* beginning of our numbers; "": not said */
	struct event_stream *events;
	struct shard_set *set;
	struct io *ios[STAGE_SHARDS_MAX];
	struct shard *shards[STAGE_SHARDS_MAX];
	char dir[64]; /* of the call files; the stage's own */
	struct replica_image kept;
	struct shard_config configs[STAGE_SHARDS_MAX];
	uint32_t sockets_at_start; /* of each shard */

	struct ua *phones[STAGE_PHONES_MAX];
	uint32_t phone_n;
	bool drained;	/* the running server takes no calls any more */
	bool was_short; /* of memory: a phone may have been forgotten in its call */
	bool crashed;	/* at some time: records may come twice */
	/* Not 0: the seed by which the next start finds its calls hurt. From then on it is no
	 * matter who is still in a call at the end, and what records say. */
	uint64_t hurt;
	char fault[STAGE_TEXT_BYTES];
};

/* The server is down: stage_start it. */
struct stage *stage_new(const struct stage_params *p);
void stage_free(struct stage *st);

/* --- The server. */
/* What the vault holds is loaded, and calls are taken up from the call files. */
void stage_start(struct stage *st);
/* As kill -9: sockets break; the vault and the call files stay. */
void stage_crash(struct stage *st);
/* Full: no call file can be made, none can grow. */
void stage_disk(bool full);
void stage_drain(struct stage *st);
void stage_end_calls(struct stage *st);
/* Takes over what was changed in st->p.config. */
void stage_reconfigure(struct stage *st);
/* Durable at once, as provisioning is; ha1 is made from the password, or stays without. */
void stage_number(struct stage *st, struct directory_number n, const char *password);
void stage_rule(struct stage *st, struct plan_rule rule);
void stage_rules_forget(struct stage *st);
/* Whether what its telephones say with a 3xx is followed. */
void stage_deflection(struct stage *st, const char *number, bool on);
/* Row 1 + kind of its list gets the target; NULL: that kind is off. ring_s 0: as it was. */
void stage_forward(struct stage *st, const char *number, enum forward_kind kind, const char *target,
		   int64_t ring_s);
/* What a number has set of calls to it, for the caller to change; in force with put. block: one
 * more.
 */
struct screen_settings *stage_screen(struct stage *st, const char *number);
void stage_screen_block(struct stage *st, const char *number, const char *caller);
void stage_screen_put(struct stage *st, const char *number);
void stage_number_remove(struct stage *st, const char *number);
bool stage_number_get(struct stage *st, const char *number, struct directory_number *ret_number);
/* A new trunk, or a change of the one with that name; in force at once. */
void stage_trunk(struct stage *st, const struct trunk *t);
void stage_trunk_remove(struct stage *st, const char *name);
struct trunk *stage_trunk_find(struct stage *st, const char *name); /* NULL: there is none */
/* Sums over the shards; all zero when the server is down. */
void stage_counts(struct stage *st, struct shard_counts *ret_counts);
struct addr stage_addr(int family);

/* --- Telephones. */
/* local with port 0: 5060. p.net, domain, server and seed are the stage's. */
struct ua *stage_phone_add(struct stage *st, struct ua_params p);
struct ua *stage_phone(struct stage *st, const char *name); /* NULL: there is none */

/* --- Running. */
/* One step; false: nothing is to happen until until_us, or there is a fault. */
bool stage_step(struct stage *st, int64_t until_us);
/* Many. False: there is a fault. */
bool stage_run_ms(struct stage *st, int64_t ms);
/*
 * The end: the server has nothing more to do. Waits for the last timer, then everything must be
 * back at what it was at the start: no slot, transaction, endpoint, buffer or socket taken, no
 * channel held, one record for each call that began, no phone in a call. False: there is a fault.
 */
bool stage_settle(struct stage *st);
void stage_fault(struct stage *st, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- What happened (watch.c). */
uint64_t stage_events(const struct stage *st, enum event_type type);
/* Of the last event of that type, a field's text; "" without. */
const char *stage_event_text(const struct stage *st, enum event_type type, enum event_key key);
