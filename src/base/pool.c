#include "base/pool.h"

#include "base/asan_priv.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)256 * 1024)
#define SLOT_IN_USE UINT32_MAX
#define SLOT_NONE   (UINT32_MAX - 1)
#define SLOT_PASSED (UINT32_MAX - 2) /* free, but not on the list yet (pool_take_id) */
#define SLOT_ALIGN  8u

/* In front of every slot, in the same cache line as the beginning of its data. */
struct slot {
	uint32_t generation; /* of the id that holds now, or of the next one */
	uint32_t next;	     /* SLOT_IN_USE, or the next free slot */
	void *block[];	     /* its data; under ASan, in its place, a heap block, NULL while free */
};

/*
 * Slots lie in chunks. One that has a slot to give is on the list of open ones; the slots of a
 * chunk are made one by one, so that memory is touched only when it is needed. When no slot of a
 * chunk is used any more its pages go back to the system, but for those of one chunk, so that
 * coming and going at the edge of one costs nothing. Its next slots have generations above all that
 * it had.
 */
struct chunk {
	char *slots;
	TAILQ_ENTRY(chunk) open;
	uint32_t made; /* so many slots, from the first one on */
	uint32_t used;
	uint32_t free_head;  /* among those made: last given back, first taken */
	uint32_t generation; /* where those begin that are made now */
};

TAILQ_HEAD(chunk_list, chunk);

struct pool {
	struct pool_params p;
	size_t stride_bytes;
	uint32_t chunk_shift; /* log2 of the slots in a chunk */
	uint32_t chunk_count; /* the chunks from here on were never looked at */
	uint32_t used;
	struct chunk_list open;
	struct chunk *spare; /* not used, but not emptied; or NULL */
	struct chunk chunks[];
};

static void *data_of(struct slot *s)
{
	return BASE_ASAN ? s->block[0] : s->block;
}

static uint32_t chunk_slots(const struct pool *pool)
{
	return 1u << pool->chunk_shift;
}

static struct slot *slot_in(const struct pool *pool, const struct chunk *c, uint32_t in_chunk)
{
	return (struct slot *)(void *)(c->slots + in_chunk * pool->stride_bytes);
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
	size_t data_bytes = BASE_ASAN ? sizeof(void *) : p->slot_bytes;
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
	TAILQ_INIT(&pool->open);
	*ret_pool = pool;
	return 0;
}

static void chunk_free(const struct pool *pool, struct chunk *c)
{
	for (uint32_t i = 0; BASE_ASAN && i < c->made; i++)
		free(data_of(slot_in(pool, c, i)));
	free(c->slots);
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	for (uint32_t i = 0; i < pool->chunk_count; i++)
		chunk_free(pool, &pool->chunks[i]);
	free(pool);
}

/* How many slots a chunk may have: the last one ends at the limit. */
static uint32_t cap_of(const struct pool *pool, const struct chunk *c)
{
	uint32_t left = pool->p.limit - ((uint32_t)(c - pool->chunks) << pool->chunk_shift);

	return left < chunk_slots(pool) ? left : chunk_slots(pool);
}

static bool is_open(const struct pool *pool, const struct chunk *c)
{
	return c->free_head != SLOT_NONE || c->made < cap_of(pool, c);
}

/* The chunks up to n, without memory yet. */
static struct chunk *chunk_at(struct pool *pool, uint32_t n)
{
	for (; pool->chunk_count <= n; pool->chunk_count++) {
		struct chunk *c = &pool->chunks[pool->chunk_count];
		c->generation = 1;
		c->free_head = SLOT_NONE;
		TAILQ_INSERT_TAIL(&pool->open, c, open);
	}
	return &pool->chunks[n];
}

static bool have_memory(const struct pool *pool, struct chunk *c)
{
	if (!c->slots)
		c->slots = calloc(chunk_slots(pool), pool->stride_bytes);
	return c->slots != NULL;
}

/* The next slot that was never there, on no list. */
static void make_slot(const struct pool *pool, struct chunk *c)
{
	*slot_in(pool, c, c->made++) =
		(struct slot){.generation = c->generation, .next = SLOT_PASSED};
}

static void push(const struct pool *pool, struct chunk *c, uint32_t in_chunk)
{
	slot_in(pool, c, in_chunk)->next = c->free_head;
	c->free_head = in_chunk;
}

static bool zero_data(struct slot *s, size_t bytes)
{
	if (BASE_ASAN)
		s->block[0] = calloc(1, bytes);
	else
		memset(s->block, 0, bytes);
	return data_of(s) != NULL;
}

static void note_taken(struct pool *pool, struct chunk *c, struct slot *s)
{
	s->next = SLOT_IN_USE;
	c->used++;
	pool->used++;
	if (pool->spare == c)
		pool->spare = NULL;
}

/* After slots of an open chunk have been taken or passed over. */
static void close_full(struct pool *pool, struct chunk *c)
{
	if (!is_open(pool, c))
		TAILQ_REMOVE(&pool->open, c, open);
}

/* One with a free slot; NULL at the limit or without memory. */
static struct chunk *open_chunk(struct pool *pool)
{
	struct chunk *c = TAILQ_FIRST(&pool->open);

	if (!c && pool->chunk_count < chunk_count(&pool->p, pool->chunk_shift))
		c = chunk_at(pool, pool->chunk_count);
	if (!c || !have_memory(pool, c))
		return NULL;
	if (c->free_head == SLOT_NONE) {
		make_slot(pool, c);
		push(pool, c, c->made - 1);
	}
	return c;
}

void *pool_take(struct pool *pool, struct id *ret_id)
{
	struct chunk *c = open_chunk(pool);
	struct slot *s;
	uint32_t n;

	if (!c)
		return NULL;
	n = c->free_head;
	s = slot_in(pool, c, n);
	if (!zero_data(s, pool->p.slot_bytes))
		return NULL;
	c->free_head = s->next;
	note_taken(pool, c, s);
	close_full(pool, c);
	n += (uint32_t)(c - pool->chunks) << pool->chunk_shift;
	*ret_id = id_make(pool->p.shard, n, s->generation);
	return data_of(s);
}

void *pool_take_id(struct pool *pool, struct id id)
{
	uint32_t n = id_slot(id), in_chunk = n & (chunk_slots(pool) - 1);
	struct chunk *c;
	struct slot *s;

	if (id_shard(id) != pool->p.shard || n >= pool->p.limit || (uint32_t)id.v == 0)
		return NULL;
	c = chunk_at(pool, n >> pool->chunk_shift);
	if (!have_memory(pool, c))
		return NULL;
	bool was_open = is_open(pool, c);
	while (c->made <= in_chunk)
		make_slot(pool, c);
	s = slot_in(pool, c, in_chunk);
	if (was_open)
		close_full(pool, c);
	if (s->next != SLOT_PASSED || !zero_data(s, pool->p.slot_bytes))
		return NULL;
	s->generation = (uint32_t)id.v;
	note_taken(pool, c, s);
	return data_of(s);
}

static void end_passing(struct pool *pool, struct chunk *c)
{
	bool was_open = is_open(pool, c);

	for (uint32_t i = c->made; i-- > 0;) {
		if (slot_in(pool, c, i)->next == SLOT_PASSED)
			push(pool, c, i);
	}
	if (!was_open && is_open(pool, c))
		TAILQ_INSERT_TAIL(&pool->open, c, open);
}

void pool_take_id_end(struct pool *pool)
{
	for (uint32_t i = 0; i < pool->chunk_count; i++)
		end_passing(pool, &pool->chunks[i]);
}

/* An id may have been read off the wire: the free slot whose next generation it guesses is none
 * either. */
static struct slot *find(const struct pool *pool, struct id id)
{
	uint32_t n = id_slot(id), in_chunk = n & (chunk_slots(pool) - 1);
	const struct chunk *c;
	struct slot *s;

	if (id_shard(id) != pool->p.shard || n >= pool->p.limit)
		return NULL;
	c = &pool->chunks[n >> pool->chunk_shift];
	if (in_chunk >= c->made)
		return NULL;
	s = slot_in(pool, c, in_chunk);
	return s->generation == (uint32_t)id.v && s->next == SLOT_IN_USE ? s : NULL;
}

void *pool_get(const struct pool *pool, struct id id)
{
	struct slot *s = find(pool, id);

	return s ? data_of(s) : NULL;
}

/* The whole pages within; what of them is touched again reads as zero. */
static void empty_pages(void *memory, size_t bytes)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)memory;
	uintptr_t first = (from + page - 1) & ~(page - 1), end = (from + bytes) & ~(page - 1);

	if (first < end)
		(void)madvise((void *)first, end - first, MADV_DONTNEED);
}

static void chunk_emptied(struct pool *pool, struct chunk *c)
{
	if (!pool->spare) {
		pool->spare = c;
		return;
	}
	c->made = 0;
	c->free_head = SLOT_NONE;
	empty_pages(c->slots, chunk_slots(pool) * pool->stride_bytes);
	TAILQ_REMOVE(&pool->open, c, open);
	TAILQ_INSERT_TAIL(&pool->open, c, open);
}

void pool_give(struct pool *pool, struct id id)
{
	struct slot *s = find(pool, id);
	struct chunk *c;

	if (!s)
		return;
	c = &pool->chunks[id_slot(id) >> pool->chunk_shift];
	if (BASE_ASAN) {
		free(s->block[0]);
		s->block[0] = NULL;
	}
	if (++s->generation == 0)
		s->generation = 1;
	if (s->generation > c->generation)
		c->generation = s->generation;
	if (!is_open(pool, c))
		TAILQ_INSERT_HEAD(&pool->open, c, open);
	push(pool, c, id_slot(id) & (chunk_slots(pool) - 1));
	c->used--;
	pool->used--;
	if (c->used == 0)
		chunk_emptied(pool, c);
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
	while (*cursor < pool->chunk_count << pool->chunk_shift) {
		uint32_t n = *cursor, in_chunk = n & (chunk_slots(pool) - 1);
		const struct chunk *c = &pool->chunks[n >> pool->chunk_shift];

		if (in_chunk >= c->made) {
			*cursor += chunk_slots(pool) - in_chunk;
			continue;
		}
		struct slot *s = slot_in(pool, c, in_chunk);
		(*cursor)++;
		if (s->next == SLOT_IN_USE) {
			*ret_id = id_make(pool->p.shard, n, s->generation);
			return data_of(s);
		}
	}
	return NULL;
}
