/*
 * shard: one thread's whole service: its sockets, timers, transactions, calls and relay endpoints,
 * and the decisions between them. It dispatches what arrives, asks the directory, lets `call`
 * decide and carries the orders out.
 *
 * A call lives on one shard, both legs. A new call goes to the shard that its Call-ID hashes to;
 * what belongs to an existing one carries the shard's number in our branch or tag. A datagram that
 * lands on another shard is moved once, through that shard's inbox. REGISTER, OPTIONS and
 * keepalives are dealt with where they land.
 *
 * A shard is driven by its io alone (it installs itself as the handler), so that a simulated io
 * runs it unchanged.
 */
#pragma once

#include "base/ring.h"
#include "base/rng.h"
#include "digest/digest.h"
#include "directory/directory.h"
#include "event/stream.h"
#include "io/io.h"
#include "store/writer.h"
#include "transport/transport.h"

#define SHARDS_MAX  64
#define TRUSTED_MAX 16

struct shard;
struct replica_image;

/* Read-only while in use; shard_reconfigure swaps it. Texts are the owner's. */
struct shard_config {
	const char *domain;	 /* SIP domain: digest realm and the host of our AoRs */
	const char *server_name; /* Server and User-Agent; "OpenGate" */
	uint32_t expires_min_s, expires_max_s, expires_default_s;
	uint32_t nonce_life_s;
	enum digest_offer digest_offer;
	uint32_t ping_period_s;	    /* OPTIONS to phones behind NAT; 0: none */
	uint32_t ring_limit_s;	    /* an unanswered call ends (Timer C), 180 */
	uint32_t session_expires_s; /* RFC 4028: what we propose; 0: no session timers */
	uint32_t session_min_s;	    /* Min-SE */
	uint32_t media_timeout_s;   /* silent both ways, not on hold; 0: never */
	uint32_t calls_max;	    /* of this shard */
	/* Of this shard, 0: as many as there are descriptors for; not changed by reconfigure. */
	uint32_t connections_max, connections_per_source_max;
	struct cidr trusted[TRUSTED_MAX]; /* no digest for calls from there */
	uint32_t trusted_count;
	struct addr media4, media6;		    /* relay addresses; family 0: none */
	uint16_t media_port_first, media_port_last; /* of this shard's share */
	uint32_t media_ready_pairs; /* port pairs that stay open between calls; 0: none */
};

struct shard_params {
	uint16_t index, count;
	struct io *io;
	struct directory *directory;
	struct event_stream *events; /* producer number = index */
	struct writer *writer;	     /* call records; NULL: none are kept */
	/* Where the call file is (replica/file.h); NULL: calls end with the process. */
	const char *keep_dir;
	/* What the call files held, those of all shards; until shard_new returns. May be NULL. */
	const struct replica_image *kept;
	const struct shard_config *config;
	struct transport_listener listeners[TRANSPORT_LISTENERS_MAX];
	uint32_t listener_count;
	uint8_t seed[RNG_SEED_BYTES];
	struct hash_key hash_key;
	struct digest_nonce_key nonce_key;
	/* RFC 3263: asks for the servers of a URI; the answer comes through shard_set_located.
	 * Returns as locator_ask. NULL: names cannot be looked up. */
	int (*locate)(void *ctx, const struct sip_uri *uri, uint16_t shard, uint64_t token);
	void *locate_ctx;
	/* The other shards' inboxes: inboxes[i], and how to wake shard i after putting something
	 * in. */
	struct ring *const *inboxes;
	void (*wake)(void *ctx, uint16_t shard);
	void *wake_ctx;
};

/* 0 or an error; *ret_text (a sentence, may be NULL) says what could not be opened and how to mend
 * it. */
int shard_new(const struct shard_params *p, struct shard **ret_shard, char *ret_text,
	      size_t text_bytes);
/* Ends at once, without a word: calls go on when a next shard_new is given what was kept of them,
 * otherwise they are dropped. */
void shard_free(struct shard *s);

/* The addresses that listener i is bound to (port 0 in the configuration: any). */
struct addr shard_listener_addr(const struct shard *s, uint32_t i);

/* --- The rest on the shard's own thread (see set.h for other threads). */
/* New calls get 503 with Retry-After from now on; calls in progress go on. */
void shard_drain(struct shard *s);
/* Ends every call (BYE, CANCEL, 503). */
void shard_end_calls(struct shard *s);
void shard_reconfigure(struct shard *s, const struct shard_config *config);

#define CALL_ID_CHARS 16 /* a call's uid in hexadecimal, as people and the API see it */

struct shard_media_view {
	uint64_t packets, lost, refused;
	double jitter_ms, mos;
	struct addr source;
	int64_t last_packet_ms_ago; /* -1: none yet */
};
struct shard_leg_view {
	char call_id[128], remote[FLOW_TEXT_BYTES], user_agent[96], contact[160];
	const char *state; /* "trying", "ringing", "answered", "ending" */
};
struct shard_call_view {
	uint64_t uid;
	char from[STORE_NUMBER_BYTES], to[STORE_NUMBER_BYTES];
	const char *state;		 /* "trying", "ringing", "answered", "ending" */
	int64_t started_at, answered_at; /* wall ms; 0: not yet */
	bool held;
	struct shard_leg_view leg_a, leg_b; /* leg_b: the answered one, or the first that rings */
	uint32_t ringing_legs;
	char codec[24];
	uint32_t stream_count;
	struct shard_media_view a_to_b, b_to_a; /* of the first stream */
};
typedef void shard_call_fn(void *ctx, const struct shard_call_view *v);
/* All calls, or the one with that uid (not 0). How many. */
uint32_t shard_calls(struct shard *s, uint64_t uid, shard_call_fn *fn, void *ctx);
/* Ends a call from our side. 0 or ERR_NOT_FOUND. */
int shard_hangup(struct shard *s, uint64_t uid);

struct shard_counts {
	uint64_t calls_live, calls_total, calls_answered_total, calls_refused_total;
	uint64_t registers_total, registers_rejected_total;
	uint64_t messages_in, messages_out, messages_moved, messages_bad;
	uint64_t txn_servers, txn_clients, endpoints, pairs_ready, connections, timers, buf_bytes;
	uint64_t overload_total, inbox_full_total;
	uint64_t calls_used, legs_used, exchanges_used, pings_used; /* slots taken */
	uint64_t pursuits_used, comebacks_used;
};
void shard_counts(const struct shard *s, struct shard_counts *ret_counts);

/*
 * Walks everything the shard owns and checks that it fits together: every leg, transaction,
 * endpoint and channel belongs to a live call, nothing is left over. 0, or ERR_CONFLICT with a
 * sentence. For tests; cheap enough after every step.
 */
int shard_check(struct shard *s, char *ret_text, size_t text_bytes);
