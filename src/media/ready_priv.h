/*
 * ready: port pairs that stay open between two calls. Opening and closing four sockets for each
 * call costs more than all that is said about it; so an endpoint that closes leaves its pair here,
 * and the next one takes it over.
 *
 * Late packets of the old call must not find the new one: a pair is handed out again only when
 * nothing has come to it for READY_QUIET_MS, or, where most places are taken, for
 * READY_QUIET_CROWDED_MS: otherwise a server with many calls a second would close and open pairs
 * all the time. What does come meanwhile is read and forgotten, and the pair waits on. Pairs keep
 * their ports taken. The oldest one goes first; when there are too many it is closed.
 */
#pragma once

#include "base/addr.h"

#define READY_QUIET_MS	       1000
#define READY_QUIET_CROWDED_MS 250

struct ready;

struct ready_pair {
	int rtp_handle, rtcp_handle;
	struct addr rtp, rtcp;
};

/* pairs_max: of both families together, at least 1. 0 or ERR_NOMEM. */
int ready_new(uint32_t pairs_max, struct ready **ret_ready);
/* Its pairs are the caller's: ready_take_any first. */
void ready_free(struct ready *r);

/* A place for a pair that is now idle; its number comes back to ready_heard. ERR_LIMIT: there is no
 * room. */
int ready_put(struct ready *r, const struct ready_pair *pair, int64_t now_ms, uint32_t *ret_place);
/* The pair that has been quiet longest, of that family (4 or 6). False: none is quiet enough. */
bool ready_take(struct ready *r, int family, int64_t now_ms, struct ready_pair *ret_pair);
/* The one that was put first, whatever came to it; family 0: of either. False: there is none. */
bool ready_take_any(struct ready *r, int family, struct ready_pair *ret_pair);
/* Something came to the pair in that place. */
void ready_heard(struct ready *r, uint32_t place, int64_t now_ms);
uint32_t ready_count(const struct ready *r);
