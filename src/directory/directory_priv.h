/*
 * Inside the directory. Four tables, each in STRIPES pieces with a mutex of its own:
 *
 *   numbers   number -> row; guards rows, their bindings (blocks), channels, and the buckets of
 * what is due accounts  account -> row; guards only which row an account leads to ways      remote
 * address (and connection) -> way; guards ways and the chain of blocks behind each
 *
 * Order of locking: a number's stripe first, then an account's or a way's, never two of a kind.
 * Whoever comes from an account or a way copies the number's text under that lock, lets go, and
 * starts anew from the number. A row's texts never change; it leaves `accounts` and all its blocks
 * are turned away from it, under those locks, before it is freed.
 */
#pragma once

#include "base/err.h"
#include "base/index.h"
#include "directory/buckets.h"
#include "directory/directory.h"

#include <pthread.h>
#include <stdatomic.h>

#define STRIPES	       64u
#define STRIPE_BITS    6
#define REALMS_MAX     1024u
#define SHARDS_PINGED  256u
#define EXPIRY_BUCKETS 1024u
#define PING_BUCKETS   64u
#define NONCE_SETS     128u /* of a stripe: 65,536 nonces in all */

/* The key is what counts of a flow, packed (flows.c). */
struct way {
	struct block *first; /* a way without blocks does not exist */
	int64_t last_keepalive_at;
	uint32_t keepalive_interval_ms;
	uint8_t keepalive_kind;
	bool gone;
	uint8_t key_n;
	uint8_t key[];
};

/* A binding, of exact size. What changes between two REGISTERs stands outside of the encoded bytes.
 */
struct block {
	struct block *next; /* of the number */
	struct row *row;
	struct way *way; /* NULL: no way leads there (a stream that ended with an earlier run) */
	struct block *way_next, **way_link;
	struct due expiry, ping;
	int64_t pinged_at, pong_at;
	uint16_t bytes_n;
	uint8_t reach;
	char bytes[]; /* codec.c, the lasting part */
};

struct held {
	uint32_t count, cap;
	uint64_t calls[];
};

struct screen {
	struct screen_settings settings; /* its blocks are those below */
	char blocks[][SCREEN_NUMBER_BYTES];
};

struct row {
	struct digest_ha1 ha1;
	struct block *blocks;
	struct held *held;		  /* channels; NULL: no call */
	struct held *inbound;		  /* inbound places; NULL: no call */
	struct screen *screen;		  /* NULL: takes all calls */
	struct forward_settings *forward; /* NULL: as they are at first */
	uint32_t slot;			  /* in the stripe's rows */
	uint32_t password_changed_s;	  /* known after directory_load only */
	uint16_t realm, channels;
	uint8_t number_n, account_n, customer_n;
	uint8_t policy;
	bool international, suspended;
	char texts[]; /* number, account, customer */
};

struct number_stripe {
	_Alignas(64) pthread_mutex_t lock;
	struct index *index;
	struct row **rows; /* for walks: a row keeps its place; NULL: free */
	uint32_t row_count, row_cap;
	uint32_t first_free; /* no NULL stands before it */
	struct buckets *expiry;
	struct buckets **pings; /* [0]: UDP, [1 + n]: streams of shard n; made when needed */
	uint32_t ping_count;
};

struct account_stripe {
	_Alignas(64) pthread_mutex_t lock;
	struct index *index;
};

struct way_stripe {
	_Alignas(64) pthread_mutex_t lock;
	struct index *index;
};

/* Nonces used, by a hash of the nonce. */
struct nonce_stripe {
	_Alignas(64) pthread_mutex_t lock;
	struct digest_replay *replay;
};

struct directory {
	struct number_stripe numbers[STRIPES];
	struct account_stripe accounts[STRIPES];
	struct way_stripe ways[STRIPES];
	struct nonce_stripe nonces[STRIPES];
	struct hash_key hash_key;
	struct writer *writer;

	pthread_mutex_t realm_lock; /* guards adding; a realm that is there stays */
	char *_Atomic realms[REALMS_MAX];
	_Atomic uint32_t realm_count;

	/* Guards which set is in force: a shard takes a reference while the API may put another
	 * one in its place. A message to each shard would leave them unequal for a moment. */
	pthread_mutex_t rules_lock;
	const struct plan_rules *rules;

	_Atomic uint64_t number_count, binding_count;
	_Atomic uint32_t held_count, inbound_count;
	_Atomic int64_t ping_period_ms; /* of the last directory_pings_due */
	_Atomic uint32_t expire_from;	/* stripes to go on with */
	_Atomic uint32_t ping_from[SHARDS_PINGED];
};

/* ---- numbers.c ---- */

static inline struct slice row_number(const struct row *r)
{
	return slice_of(r->texts, r->number_n);
}
static inline struct slice row_account(const struct row *r)
{
	return slice_of(r->texts + r->number_n, r->account_n);
}
static inline struct slice row_customer(const struct row *r)
{
	return slice_of(r->texts + r->number_n + r->account_n, r->customer_n);
}

/* A number's stripe, locked, and its row; NULL (and nothing locked) when there is none. */
struct row *number_lock(struct directory *d, struct slice number,
			struct number_stripe **ret_stripe);
/* As directory_put, with what only the store knows. */
int number_put(struct directory *d, const struct directory_number *n, int64_t password_changed_at);

/* ---- codec.c ---- */

/* What reg allows in texts, and the rest. */
#define ENCODED_BYTES                                                                              \
	(REG_CONTACT_BYTES + REG_CALL_ID_BYTES + REG_INSTANCE_BYTES + REG_USER_AGENT_BYTES +       \
	 REG_PATH_BYTES + 256)
#define KEY_BYTES 8

/* Returns the length; 0: a text is longer than reg allows. The first *ret_lasting_n bytes are what
 * does not change until the next REGISTER. expires_at is not among them: the store keeps it beside.
 */
size_t binding_encode(const struct reg_binding *b, char dst[ENCODED_BYTES], size_t *ret_lasting_n);
/* Slices point into bytes. 0 or ERR_DAMAGED. Unknown tags are skipped. */
int binding_decode(struct slice bytes, struct reg_binding *ret_binding);
/* The binding's key within its number, the same in every run: a hash of instance and reg-id, or of
 * Call-ID and Contact. */
struct slice binding_key(const struct reg_binding *b, char dst[KEY_BYTES]);

/* ---- block.c: all under the lock of the number's stripe ---- */

/* Encoded, with its way, not yet in the row's list. ERR_NOMEM or ERR_TOO_BIG. */
int block_new(struct directory *d, struct row *row, const struct reg_binding *b,
	      struct block **ret_block);
/* Into the list and into the buckets. */
void block_link(struct directory *d, struct number_stripe *stripe, struct block *block,
		int64_t next_ping_ms);
/* Out of the list, the buckets and its way: nobody else can see it from now on. */
void block_unlink(struct directory *d, struct block *block);
/* Not linked, or not any more; NULL is ignored. */
void block_free(struct directory *d, struct block *block);
static inline void block_drop(struct directory *d, struct block *block)
{
	block_unlink(d, block);
	block_free(d, block);
}
/* All of what is known of it; slices point into the block. */
void block_read(struct directory *d, const struct block *block, struct reg_binding *ret_binding);
/* Copies the texts of b into arena. 0 or ERR_NOMEM. */
int binding_copy_texts(struct reg_binding *b, struct arena *arena);

/* ---- flows.c ---- */

/* Puts the block in the chain of its flow's way; a new way begins with what the binding knows of
 * keepalives. */
int way_attach(struct directory *d, struct block *block, const struct reg_binding *b);
void way_detach(struct directory *d, struct block *block);
/* The block's row has moved. */
void way_turn(struct directory *d, struct block *block, struct row *row);
bool way_leads(const struct way *way, const struct flow *flow);
bool way_is_gone(struct directory *d, const struct way *way);
/* An answer came over it. */
void way_is_alive(struct directory *d, struct way *way);
/* Adds the way's part to *b. */
void way_read(struct directory *d, const struct way *way, struct reg_binding *b);

/* ---- channels.c ---- */

void held_free(struct directory *d, struct row *row);
