/*
 * params: what a shard is given, and what it counts.
 */
#pragma once

#include "base/ring.h"
#include "base/rng.h"
#include "digest/digest.h"
#include "directory/directory.h"
#include "event/stream.h"
#include "guard/fraud.h"
#include "io/io.h"
#include "media/sounds.h"
#include "store/writer.h"
#include "transport/transport.h"
#include "trunk/table.h"

#define SHARDS_MAX	   64
#define TRUSTED_MAX	   16
#define ANNOUNCE_OFF_WORDS 2
#define CALL_ID_CHARS	   16 /* a call's uid in hexadecimal, as people and the API see it */

struct shard;
struct replica_image;

/* What callers hear before a refusal. */
enum announce_play {
	ANNOUNCE_OFF,
	ANNOUNCE_FILES, /* the operator's file, where there is one for the cause */
	ANNOUNCE_ALL,	/* that, else a tone */
};

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
	uint32_t trunk_answer_ms;   /* a trunk that says nothing to an INVITE for so long */
	uint32_t trunk_progress_s;  /* nothing but 100 for so long; 0: no limit */
	uint32_t trunk_options_s;   /* between OPTIONS; 0: none, and trunks are always up */
	uint32_t trunk_failures;    /* OPTIONS without an answer before it is down */
	uint32_t trunk_expires_s;   /* of our registrations there */
	struct addr media4, media6; /* relay addresses; family 0: none */
	uint16_t media_port_first, media_port_last; /* of this shard's share */
	uint32_t media_ready_pairs; /* port pairs that stay open between calls; 0: none */
	/* Announcements, and the services that callers are answered by (core/announcement.h). */
	const struct sounds *sounds; /* the process's; NULL: nobody is played anything */
	enum announce_play announce;
	uint64_t announce_off[ANNOUNCE_OFF_WORDS]; /* bits of enum call_cause: not these */
	uint32_t announce_limit_s;
	char announce_language[SOUNDS_LANGUAGE_BYTES]; /* where the caller asks for none that there
							  is */
	uint32_t players_max; /* at a time, of this shard; not changed by reconfigure */
};

struct shard_params {
	uint16_t index, count;
	struct io *io;
	struct directory *directory;
	struct trunks *trunks;	     /* NULL: there are none */
	struct event_stream *events; /* producer number = index */
	struct writer *writer;	     /* call records; NULL: none are kept */
	struct fraud *fraud;	     /* the guard; NULL: none */
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

struct shard_counts {
	uint64_t channels_held;
	uint64_t channels_forwarding; /* of those, the ones of numbers that forward */
	uint64_t inbound_held;	      /* inbound places */
	uint64_t calls_live, calls_total, calls_answered_total, calls_refused_total;
	uint64_t registers_total, registers_rejected_total;
	uint64_t messages_in, messages_out, messages_moved, messages_bad;
	uint64_t txn_servers, txn_clients, endpoints, pairs_ready, connections, timers, buf_bytes;
	uint64_t overload_total, inbox_full_total;
	uint64_t calls_used, forwards_used, legs_used, exchanges_used, pings_used; /* slots taken */
	uint64_t pursuits_used, comebacks_used, players_used;
	uint64_t ringbacks;	/* of players_used, those whose call holds a channel beside it */
	uint64_t calls_in_live; /* of calls_live, those from trunks: they hold no channel */
	uint64_t trunk_places;	/* that legs of this shard hold */
};
