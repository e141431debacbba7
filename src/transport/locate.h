/*
 * locate: RFC 3263 server location over c-ares: NAPTR, SRV (priority, weight), A/AAAA; numeric
 * hosts and explicit ports need no DNS. One locator per process with a thread of its own; answers
 * come back through `post`, which may carry them to the asking shard.
 */
#pragma once

#include "transport/flow.h"

#define LOCATE_TARGETS_MAX 16

struct locate_target {
	enum sip_transport transport;
	struct addr addr;
};

struct locate_answer {
	uint64_t token; /* of the question */
	uint16_t shard;
	int err; /* 0, ERR_NOT_FOUND (no such name), ERR_TIMEOUT, ERR_UNSUPPORTED */
	struct locate_target targets[LOCATE_TARGETS_MAX]; /* in the order to try */
	uint32_t target_count;
};

/* Without DNS when the URI allows it. 0: *ret_answer is complete; ERR_AGAIN: ask a locator;
 * ERR_UNSUPPORTED. */
int locate_numeric(const struct sip_uri *uri, struct locate_answer *ret_answer);

struct locator;
struct locator_params {
	const char *servers; /* "127.0.0.1:5353" for tests; NULL: the system's */
	void *ctx;
	void (*post)(void *ctx, const struct locate_answer *answer); /* on the locator's thread */
};
int locator_new(const struct locator_params *p, struct locator **ret_locator);
void locator_free(struct locator *l);
/* Any thread. The URI is copied. 0, ERR_LIMIT (too many questions open) or ERR_NOMEM. */
int locator_ask(struct locator *l, const struct sip_uri *uri, uint16_t shard, uint64_t token);
