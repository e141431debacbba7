/*
 * locate: RFC 3263 server location over c-ares: NAPTR, SRV (priority, weight), A and AAAA. Numeric
 * hosts need no DNS. One locator per process with a thread of its own; whoever asks is never kept
 * waiting: the answer comes back through `post`, on the locator's thread, which carries it to the
 * asking shard.
 *
 * Answers are kept for as long as their records' TTL says, absent names for as long as their zone's
 * SOA says, failures for a few seconds. Everything is bounded: open questions, kept answers, hosts
 * and addresses of one answer, and the time of one question (LOCATE_LIMIT_MS).
 */
#pragma once

#include "base/hash.h"
#include "base/rng.h"
#include "transport/flow.h"

#define LOCATE_TARGETS_MAX 16
#define LOCATE_LIMIT_MS	   6000 /* a question is answered by then, with what has been found */

struct locate_target {
	enum sip_transport transport;
	struct addr addr;
};

struct locate_answer {
	uint64_t token; /* of the question */
	uint16_t shard;
	int err; /* 0; ERR_NOT_FOUND: no such name, or it names no server; ERR_TIMEOUT: no answer
		  * from DNS; ERR_UNSUPPORTED: only over a transport that we do not have; ERR_LIMIT
		  */
	struct locate_target targets[LOCATE_TARGETS_MAX]; /* in the order to try */
	uint32_t target_count;
};

/* Without DNS when the URI allows it. 0: *ret_answer is complete; ERR_AGAIN: ask a locator;
 * ERR_UNSUPPORTED. */
int locate_numeric(const struct sip_uri *uri, struct locate_answer *ret_answer);

uint16_t locate_port(enum sip_transport t); /* where none is given */

/* The sent-by of a Via as the URI that a response goes to (RFC 3263 §5). */
struct sip_uri locate_sent_by(const struct sip_via *via);

struct locator;
struct locator_params {
	const char *servers; /* "192.0.2.53,[2001:db8::53]:5353"; NULL: the system's */
	uint32_t transports; /* 1 << enum sip_transport for each that can be sent over */
	struct hash_key hash_key;
	uint8_t seed[RNG_SEED_BYTES]; /* for the choice by weight */
	void *ctx;
	void (*post)(void *ctx, const struct locate_answer *answer); /* on the locator's thread */
};
/* 0, ERR_INVALID (servers), ERR_NOMEM, ERR_LIMIT (threads, descriptors). */
int locator_new(const struct locator_params *p, struct locator **ret_locator);
/* Questions that are still open stay unanswered. */
void locator_free(struct locator *l);
/* Any thread. The URI is copied. 0; ERR_LIMIT: too many questions are open; ERR_UNSUPPORTED,
 * ERR_SYNTAX: nothing that DNS could be asked. Only after 0 an answer is posted. */
int locator_ask(struct locator *l, const struct sip_uri *uri, uint16_t shard, uint64_t token);
