/*
 * set: all shards of the process as other threads may see them. Questions travel through the
 * shards' inboxes and the asker waits for the answer, so that a shard never shares its memory.
 */
#pragma once

#include "shard/shard.h"
#include "transport/locate.h"

struct shard_set;

/* Knows the inboxes and how to wake a shard; made before the shards. inbox_bytes: each. 0 or
 * ERR_NOMEM. */
int shard_set_new(uint16_t count, size_t inbox_bytes, void (*wake)(void *ctx, uint16_t shard),
		  void *wake_ctx, struct shard_set **ret_set);
void shard_set_free(struct shard_set *set);
uint16_t shard_set_count(const struct shard_set *set);
/* For shard_params. */
struct ring *const *shard_set_inboxes(struct shard_set *set);

/* From any thread: brings a locator's answer to the shard that asked. A full inbox loses it; the
 * shard does not wait for ever. */
void shard_set_located(struct shard_set *set, const struct locate_answer *answer);

/*
 * From any thread but a shard's. Runs fn(shard, arg) on each shard's thread, one after the other,
 * and waits. ERR_TIMEOUT: a shard did not answer within 5 s (fn will not be run any more);
 * ERR_AGAIN: an inbox is full.
 */
int shard_set_run(struct shard_set *set, void (*fn)(struct shard *s, void *arg), void *arg);

/* Calls of all shards. Callbacks run on the shards' threads, one at a time. 0 or as shard_set_run.
 */
int shard_set_calls(struct shard_set *set, uint64_t uid, shard_call_fn *fn, void *ctx);
/* 0, ERR_NOT_FOUND or as shard_set_run. */
int shard_set_hangup(struct shard_set *set, uint64_t uid);
/* Sums over all shards. */
int shard_set_counts(struct shard_set *set, struct shard_counts *ret_counts);
