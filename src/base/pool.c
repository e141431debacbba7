#include "base/pool.h"

#include "base/asan_priv.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)256 * 1024)
#define SLOT_IN_USE UINT32_MAX
#define SLOT_NONE   (UINT32_MAX - 1)
#define SLOT_PASSED (UINT32_MAX - 2) /* free, but not on the list yet (pool_take_id) */
#define SLOT_ALIGN  16u

/* In front of every slot, in the same cache line as the beginning of its data. */
struct slot {
	uint32_t generation; /* of the id that holds now, or of the next one */
	uint32_t next;	     /* SLOT_IN_USE, or the next free slot */
	void *data;	     /* what follows; under ASan a heap block, NULL while free */
};

struct pool {
	struct pool_params p;
	size_t stride_bytes;
	uint32_t chunk_shift; /* log2 of the slots in a chunk */
	uint32_t fresh;	      /* the slots from here on were never taken */
	uint32_t free_head;   /* last given back, first taken */
	uint32_t used;
	char *chunks[];
};

static struct slot *slot_at(const struct pool *pool, uint32_t n)
{
	uint32_t in_chunk = n & ((1u << pool->chunk_shift) - 1);

	return (struct slot *)(pool->chunks[n >> pool->chunk_shift] +
			       in_chunk * pool->stride_bytes);
}

static uint32_t chunk_count(const struct pool_params *p, uint32_t shift)
{
	return (p->limit + (1u << shift) - 1) >> shift;
}

static uint32_t pick_chunk_shift(const struct pool_params *p, size_t stride)
{
	uint32_t shift = 0;

	while ((stride << (shift + 1)) <= CHUNK_BYTES && (1u << shift) < p->limit)
		shift++;
	return shift;
}

int pool_new(const struct pool_params *p, struct pool **ret_pool)
{
	size_t data_bytes = BASE_ASAN ? 0 : p->slot_bytes;
	size_t stride =
		sizeof(struct slot) + (data_bytes + SLOT_ALIGN - 1) / SLOT_ALIGN * SLOT_ALIGN;
	uint32_t shift;
	struct pool *pool;

	if (p->slot_bytes == 0 || p->slot_bytes > UINT32_MAX || p->limit == 0 ||
	    p->limit >= ID_SLOTS || p->shard >= ID_SHARDS)
		return ERR_INVALID;
	shift = pick_chunk_shift(p, stride);
	pool = calloc(1, sizeof(*pool) + chunk_count(p, shift) * sizeof(pool->chunks[0]));
	if (!pool)
		return ERR_NOMEM;
	pool->p = *p;
	pool->stride_bytes = stride;
	pool->chunk_shift = shift;
	pool->free_head = SLOT_NONE;
	*ret_pool = pool;
	return 0;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	for (uint32_t n = 0; BASE_ASAN && n < pool->fresh; n++)
		free(slot_at(pool, n)->data);
	for (uint32_t i = 0; i < chunk_count(&pool->p, pool->chunk_shift); i++)
		free(pool->chunks[i]);
	free(pool);
}

/* The first slot that was never taken, with its link still to be set; NULL at the limit. */
static struct slot *make_slot(struct pool *pool)
{
	uint32_t n = pool->fresh;
	struct slot *s;

	if (n == pool->p.limit)
		return NULL;
	char **chunk = &pool->chunks[n >> pool->chunk_shift];
	if (!*chunk)
		*chunk = calloc((size_t)1 << pool->chunk_shift, pool->stride_bytes);
	if (!*chunk)
		return NULL;
	s = slot_at(pool, n);
	*s = (struct slot){.generation = 1, .next = SLOT_PASSED, .data = BASE_ASAN ? NULL : s + 1};
	pool->fresh++;
	return s;
}

static bool make_fresh(struct pool *pool)
{
	uint32_t n = pool->fresh;
	struct slot *s = make_slot(pool);

	if (!s)
		return false;
	s->next = pool->free_head;
	pool->free_head = n;
	return true;
}

static bool zero_data(struct slot *s, size_t bytes)
{
	if (BASE_ASAN)
		s->data = calloc(1, bytes);
	else
		memset(s->data, 0, bytes);
	return s->data != NULL;
}

void *pool_take(struct pool *pool, struct id *ret_id)
{
	uint32_t n;
	struct slot *s;

	if (pool->free_head == SLOT_NONE && !make_fresh(pool))
		return NULL;
	n = pool->free_head;
	s = slot_at(pool, n);
	if (!zero_data(s, pool->p.slot_bytes))
		return NULL;
	pool->free_head = s->next;
	s->next = SLOT_IN_USE;
	pool->used++;
	*ret_id = id_make(pool->p.shard, n, s->generation);
	return s->data;
}

void *pool_take_id(struct pool *pool, struct id id)
{
	uint32_t n = id_slot(id);
	struct slot *s;

	if (id_shard(id) != pool->p.shard || n >= pool->p.limit || (uint32_t)id.v == 0)
		return NULL;
	while (pool->fresh <= n) {
		if (!make_slot(pool))
			return NULL;
	}
	s = slot_at(pool, n);
	if (s->next != SLOT_PASSED || !zero_data(s, pool->p.slot_bytes))
		return NULL;
	s->generation = (uint32_t)id.v;
	s->next = SLOT_IN_USE;
	pool->used++;
	return s->data;
}

void pool_take_id_end(struct pool *pool)
{
	for (uint32_t n = pool->fresh; n-- > 0;) {
		struct slot *s = slot_at(pool, n);

		if (s->next != SLOT_PASSED)
			continue;
		s->next = pool->free_head;
		pool->free_head = n;
	}
}

/* An id may have been read off the wire: the free slot whose next generation it guesses is none
 * either. */
static struct slot *find(const struct pool *pool, struct id id)
{
	struct slot *s;

	if (id_shard(id) != pool->p.shard || id_slot(id) >= pool->fresh)
		return NULL;
	s = slot_at(pool, id_slot(id));
	return s->generation == (uint32_t)id.v && s->next == SLOT_IN_USE ? s : NULL;
}

void *pool_get(const struct pool *pool, struct id id)
{
	struct slot *s = find(pool, id);

	return s ? s->data : NULL;
}

void pool_give(struct pool *pool, struct id id)
{
	struct slot *s = find(pool, id);

	if (!s)
		return;
	if (BASE_ASAN) {
		free(s->data);
		s->data = NULL;
	}
	if (++s->generation == 0)
		s->generation = 1;
	s->next = pool->free_head;
	pool->free_head = id_slot(id);
	pool->used--;
}

uint32_t pool_used(const struct pool *pool)
{
	return pool->used;
}

uint32_t pool_limit(const struct pool *pool)
{
	return pool->p.limit;
}

const char *pool_name(const struct pool *pool)
{
	return pool->p.name;
}

void *pool_next(const struct pool *pool, uint32_t *cursor, struct id *ret_id)
{
	while (*cursor < pool->fresh) {
		uint32_t n = (*cursor)++;
		struct slot *s = slot_at(pool, n);

		if (s->next == SLOT_IN_USE) {
			*ret_id = id_make(pool->p.shard, n, s->generation);
			return s->data;
		}
	}
	return NULL;
}
