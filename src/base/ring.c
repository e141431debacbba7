/*
 * Positions count bytes since the beginning and never wrap; their low bits are the place in the
 * buffer. A producer reserves its bytes by moving `head`, copies, then commits by writing the
 * record's header word. The consumer waits at `tail` for a header that is not zero, so it zeroes
 * every byte before it gives the place back: no stale text can pass for a header.
 *
 * A record never wraps around the end of the buffer. What is left there is skipped by a header of
 * its own; that one is committed after the record, so that the consumer, once it is past the gap,
 * finds the record.
 *
 * A consumer that finds nothing and stands far from the beginning moves there, by reserving what is
 * left before the end and giving it back at once. So a ring that is emptied now and then keeps to
 * its first pages, whatever its size: the rest costs neither memory nor cache until it is needed.
 * Producers that come in between find less room, but never less than what lies behind the consumer.
 *
 * In shared memory the tail stands before the bytes. It is told where it will be before the bytes
 * are zeroed: whenever the process ends, recovery begins at a header that is whole or at none.
 */
#include "base/ring.h"

#include "base/err.h"

#include <stdatomic.h>
#include <stdlib.h>

#define HEADER_BYTES   8u
#define RING_BYTES_MIN 64u
#define COMMITTED      ((uint64_t)1 << 63)
#define SKIP	       ((uint64_t)1 << 62)
#define LENGTH(header) ((size_t)((header)&0xffffffffu))
#define CACHE_LINE     64
/* So far into the ring, or half of it, an empty one begins anew: more than one burst brings. */
#define ANEW_BYTES ((size_t)512 * 1024)
/* What was put lies in another processor's cache: a walk asks for it so far ahead. */
#define AHEAD_BYTES 2048

struct ring {
	_Alignas(CACHE_LINE) atomic_size_t head; /* producers reserve from here */
	_Alignas(CACHE_LINE) atomic_size_t tail; /* the consumer reads here */
	_Alignas(CACHE_LINE) char *bytes;
	size_t cap_bytes;
	struct shared *shared; /* NULL: memory of ours */
};

struct shared {
	char magic[8];
	uint64_t cap_bytes;
	uint64_t tail; /* where the next record to be popped stands, or will once it is put */
};
static const char magic[8] = "og ring";

/* Where a record will stand. */
struct place {
	size_t start;	   /* what was reserved, from here ... */
	size_t gap_bytes;  /* ... skipping this ... */
	size_t need_bytes; /* ... then header and record */
};

int ring_new(size_t bytes, struct ring **ret_ring)
{
	size_t cap = RING_BYTES_MIN;
	struct ring *r;

	while (cap < bytes && cap < (size_t)1 << 31)
		cap *= 2;
	r = aligned_alloc(CACHE_LINE, sizeof(*r));
	if (!r)
		return ERR_NOMEM;
	*r = (struct ring){.bytes = calloc(1, cap), .cap_bytes = cap};
	if (!r->bytes) {
		free(r);
		return ERR_NOMEM;
	}
	*ret_ring = r;
	return 0;
}

int ring_new_at(void *memory, size_t bytes, struct ring **ret_ring)
{
	struct ring *r;

	if (bytes < RING_SHARED_BYTES || (bytes & (bytes - 1)))
		return ERR_INVALID;
	r = aligned_alloc(CACHE_LINE, sizeof(*r));
	if (!r)
		return ERR_NOMEM;
	*r = (struct ring){
		.bytes = (char *)memory + RING_SHARED_BYTES, .cap_bytes = bytes, .shared = memory};
	memcpy(r->shared->magic, magic, sizeof(magic));
	r->shared->cap_bytes = bytes;
	*ret_ring = r;
	return 0;
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	if (!r->shared)
		free(r->bytes);
	free(r);
}

static _Atomic uint64_t *header_at(const struct ring *r, size_t position)
{
	return (_Atomic uint64_t *)(r->bytes + (position & (r->cap_bytes - 1)));
}

static size_t whole(size_t record_bytes)
{
	return HEADER_BYTES + (record_bytes + HEADER_BYTES - 1) / HEADER_BYTES * HEADER_BYTES;
}

static int reserve(struct ring *r, size_t need, struct place *ret_place)
{
	size_t head = atomic_load_explicit(&r->head, memory_order_relaxed), gap;

	do {
		/* Acquire: the consumer has zeroed what it gave back. It may be ahead of an old
		 * head. */
		size_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
		size_t used = head > tail ? head - tail : 0;
		size_t to_end = r->cap_bytes - (head & (r->cap_bytes - 1));

		gap = to_end < need ? to_end : 0;
		if (gap + need > r->cap_bytes - used)
			return ERR_AGAIN;
	} while (!atomic_compare_exchange_weak_explicit(
		&r->head, &head, head + gap + need, memory_order_relaxed, memory_order_relaxed));
	*ret_place = (struct place){.start = head, .gap_bytes = gap, .need_bytes = need};
	return 0;
}

static void copy_in(char *to, struct slice head, struct slice body)
{
	if (head.n)
		memcpy(to, head.p, head.n);
	if (body.n)
		memcpy(to + head.n, body.p, body.n);
}

/*
 * The commit and the look at `tail` are sequentially consistent, as are the consumer's advance and
 * its look at the next header: of a producer that commits and a consumer that finds nothing, at
 * least one sees the other.
 */
static void commit(struct ring *r, const struct place *at, size_t record_bytes, bool *ret_was_empty)
{
	atomic_store(header_at(r, at->start + at->gap_bytes), COMMITTED | record_bytes);
	if (at->gap_bytes)
		atomic_store(header_at(r, at->start), COMMITTED | SKIP | at->gap_bytes);
	if (ret_was_empty)
		*ret_was_empty = atomic_load(&r->tail) == at->start;
}

int ring_put(struct ring *r, struct slice head, struct slice body, bool *ret_was_empty)
{
	size_t n = head.n + body.n;
	struct place at;

	/* In an empty ring the end may be near: half the buffer is what fits wherever head stands.
	 */
	if (n > r->cap_bytes || whole(n) > r->cap_bytes / 2)
		return ERR_TOO_BIG;
	if (reserve(r, whole(n), &at) != 0)
		return ERR_AGAIN;
	copy_in((char *)header_at(r, at.start + at.gap_bytes) + HEADER_BYTES, head, body);
	commit(r, &at, n, ret_was_empty);
	return 0;
}

/* Zeroes n bytes, then lets the producers have them. */
static void give_back(struct ring *r, size_t n)
{
	size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	size_t at = tail & (r->cap_bytes - 1), to_end = r->cap_bytes - at;

	if (r->shared)
		__atomic_store_n(&r->shared->tail, tail + n, __ATOMIC_SEQ_CST);
	memset(r->bytes + at, 0, n < to_end ? n : to_end);
	if (n > to_end)
		memset(r->bytes, 0, n - to_end);
	atomic_store(&r->tail, tail + n);
}

/* The header at tail, past a gap; 0 when nothing is committed there. */
static uint64_t next_header(struct ring *r)
{
	uint64_t header;

	while ((header = atomic_load(
			header_at(r, atomic_load_explicit(&r->tail, memory_order_relaxed)))) &
	       SKIP)
		give_back(r, LENGTH(header));
	return header;
}

/* False: not far enough, or a producer was quicker. The look at the next header must follow, as
 * after every advance. */
static bool begin_anew(struct ring *r)
{
	size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed), head = tail;
	size_t in = tail & (r->cap_bytes - 1), next = tail + r->cap_bytes - in;

	if (in < ANEW_BYTES && in < r->cap_bytes / 2)
		return false;
	if (!atomic_compare_exchange_strong_explicit(&r->head, &head, next, memory_order_relaxed,
						     memory_order_relaxed))
		return false;
	if (r->shared)
		__atomic_store_n(&r->shared->tail, next, __ATOMIC_SEQ_CST);
	atomic_store(&r->tail, next);
	return true;
}

struct slice ring_peek(struct ring *r)
{
	uint64_t header = next_header(r);
	size_t tail;

	if (!header && begin_anew(r))
		header = next_header(r);
	tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	if (!header)
		return SLICE_NONE;
	return slice_of((const char *)header_at(r, tail) + HEADER_BYTES, LENGTH(header));
}

void ring_pop(struct ring *r)
{
	uint64_t header = next_header(r);

	if (header)
		give_back(r, whole(LENGTH(header)));
}

void ring_pop_to(struct ring *r, size_t cursor)
{
	size_t n = cursor - ring_cursor(r);

	if (n)
		give_back(r, n);
}

size_t ring_cursor(const struct ring *r)
{
	return atomic_load_explicit(&r->tail, memory_order_relaxed);
}

struct slice ring_peek_on(const struct ring *r, size_t *cursor)
{
	size_t tail = ring_cursor(r);
	uint64_t header = SKIP;

	while (header & SKIP) {
		if (*cursor - tail >= r->cap_bytes)
			return SLICE_NONE;
		header = atomic_load(header_at(r, *cursor));
		if (header & SKIP)
			*cursor += LENGTH(header);
	}
	if (!header)
		return SLICE_NONE;
	struct slice record =
		slice_of((const char *)header_at(r, *cursor) + HEADER_BYTES, LENGTH(header));
	for (size_t i = 0; i < whole(record.n); i += CACHE_LINE)
		__builtin_prefetch(record.p + AHEAD_BYTES + i, 1);
	*cursor += whole(record.n);
	return record;
}

int ring_recover(const void *memory, size_t bytes, ring_record_fn *fn, void *ctx)
{
	const struct shared *s = memory;
	const char *ring = (const char *)memory + RING_SHARED_BYTES;
	uint64_t header;

	if (memcmp(s->magic, magic, sizeof(magic)) != 0 || s->cap_bytes != bytes ||
	    s->tail % HEADER_BYTES)
		return ERR_DAMAGED;
	for (size_t walked = 0, n; walked < bytes; walked += n) {
		size_t at = (s->tail + walked) & (bytes - 1), to_end = bytes - at;
		memcpy(&header, ring + at, sizeof(header));
		n = header & SKIP ? LENGTH(header) : whole(LENGTH(header));
		if (!(header & COMMITTED) || n == 0 || n > to_end || n % HEADER_BYTES)
			return 0;
		int r = header & SKIP ? 0
				      : fn(ctx, slice_of(ring + at + HEADER_BYTES, LENGTH(header)));
		if (r)
			return r;
	}
	return 0;
}

size_t ring_used_bytes(const struct ring *r)
{
	size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

	return head > tail ? head - tail : 0;
}

size_t ring_cap_bytes(const struct ring *r)
{
	return r->cap_bytes;
}
