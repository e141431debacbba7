/*
 * Pool: slots of one fixed size with one owner each. Everyone else holds a struct id, never a
 * pointer; an id whose slot was given back since simply misses. One pool belongs to one shard
 * (thread); it takes no lock.
 *
 * Life of a slot: pool_take (zeroed) -> pool_get by id, as often as wanted -> pool_give. The
 * pointer stays valid until pool_give. Every pool has a limit; exhaustion is an ordinary answer.
 * What a peak has taken goes back to the system by and by. Under ASan every slot is a heap block of
 * its own, so that use after pool_give is caught.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {shard:8, slot:24, generation:32}. v == 0 is "none": generations start at 1. */
struct id {
	uint64_t v;
};

#define ID_NONE	  ((struct id){0})
#define ID_SHARDS 256u
#define ID_SLOTS  (1u << 24)

static inline struct id id_make(uint32_t shard, uint32_t slot, uint32_t generation)
{
	return (struct id){(uint64_t)shard << 56 | (uint64_t)slot << 32 | generation};
}

static inline uint32_t id_shard(struct id id)
{
	return (uint32_t)(id.v >> 56);
}

static inline uint32_t id_slot(struct id id)
{
	return (uint32_t)(id.v >> 32) & (ID_SLOTS - 1);
}

static inline bool id_is(struct id id)
{
	return id.v != 0;
}

static inline bool id_eq(struct id a, struct id b)
{
	return a.v == b.v;
}

struct pool_params {
	const char *name; /* for metrics and messages; a string literal */
	uint32_t shard;	  /* goes into the ids */
	size_t slot_bytes;
	uint32_t limit; /* slots at most, below ID_SLOTS */
};

struct pool;

/* 0, ERR_NOMEM or ERR_INVALID. Memory for slots is taken in chunks as they are needed, and given
 * back in chunks of which nothing is used any more. */
int pool_new(const struct pool_params *p, struct pool **ret_pool);
void pool_free(struct pool *pool);

/* A zeroed slot and its id; NULL at the limit or without memory. */
void *pool_take(struct pool *pool, struct id *ret_id);

/*
 * After a restart: the very slot and generation that an id of before names, zeroed. Slots that this
 * passes over are nobody's until pool_take_id_end, so that each of a million ids is taken in
 * constant time. NULL: in use, beyond the limit, of another shard, no memory.
 */
void *pool_take_id(struct pool *pool, struct id id);
void pool_take_id_end(struct pool *pool);

/* NULL for ID_NONE, a stale id, or one of another shard. */
void *pool_get(const struct pool *pool, struct id id);

/* The slot is gone, its id stale. A stale id is ignored. */
void pool_give(struct pool *pool, struct id id);

uint32_t pool_used(const struct pool *pool);
uint32_t pool_limit(const struct pool *pool);
const char *pool_name(const struct pool *pool);

/* Walks the slots in use: start with *cursor = 0; NULL at the end. The present slot may be given
 * back meanwhile. */
void *pool_next(const struct pool *pool, uint32_t *cursor, struct id *ret_id);
