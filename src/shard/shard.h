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

#include "core/params.h"

/* 0 or an error; *ret_text (a sentence, may be NULL) says what could not be opened and how to mend
 * it. */
int shard_new(const struct shard_params *p, struct shard **ret_shard, char *ret_text,
	      size_t text_bytes);
/* Ends at once, without a word: calls go on when a next shard_new is given what was kept of them,
 * otherwise they are dropped. */
void shard_free(struct shard *s);

/* --- The rest on the shard's own thread (see set.h for other threads). */
/* New calls get 503 with Retry-After from now on; calls in progress go on. */
void shard_drain(struct shard *s);
/* Ends every call (BYE, CANCEL, 503). */
void shard_end_calls(struct shard *s);
void shard_reconfigure(struct shard *s, const struct shard_config *config);

struct shard_media_view {
	uint64_t packets, lost, refused;
	double jitter_ms, mos;
	struct addr source;
	int64_t last_packet_ms_ago; /* -1: none yet */
};
struct shard_leg_view {
	char call_id[128], remote[FLOW_TEXT_BYTES], user_agent[96], contact[160];
	const char *state; /* "trying", "ringing", "answered", "announcing", "ending" */
};
struct shard_call_view {
	uint64_t uid;
	bool channel; /* holds one of the caller's channels */
	char from[STORE_NUMBER_BYTES], to[STORE_NUMBER_BYTES];
	char forwarded_to[STORE_NUMBER_BYTES]; /* who is called instead of `to`; "": nobody */
	const char *direction;		       /* "internal", "out", "in" */
	char trunk[TRUNK_NAME_BYTES];	       /* "": none */
	const char *state;		       /* as of a leg */
	int64_t started_at, answered_at;       /* wall ms; 0: not yet */
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

void shard_counts(const struct shard *s, struct shard_counts *ret_counts);

/*
 * Walks everything the shard owns and checks that it fits together: every leg, transaction,
 * endpoint and channel belongs to a live call, nothing is left over. 0, or ERR_CONFLICT with a
 * sentence. For tests; cheap enough after every step.
 */
int shard_check(struct shard *s, char *ret_text, size_t text_bytes);
