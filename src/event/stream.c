#include "event/stream.h"

#include "base/err.h"
#include "base/ring.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#define READERS_MAX 8u
/* The largest datagram, and the texts that go with it. */
#define SCRATCH_BYTES ((size_t)128 * 1024)

/* So many are told of at once, ... */
#define HANDFUL 64
/* ... or so many bytes: the producers get them back while they are still in its cache. */
#define HANDFUL_BYTES ((size_t)32 * 1024)

/* One of the two. */
struct reader {
	event_reader_fn *fn;
	event_bytes_reader_fn *bytes_fn;
	void *ctx;
};

/* One per producer thread. */
struct producer {
	struct ring *ring;
	char *scratch; /* where that thread encodes */
	atomic_uint_fast64_t dropped;
};

struct event_stream {
	void (*wake)(void *);
	void *wake_ctx;
	size_t reader_count;
	bool decodes; /* somebody wants them decoded */
	struct reader readers[READERS_MAX];
	uint32_t producer_count;
	struct producer producers[];
};

static int producer_init(struct producer *p, size_t ring_bytes)
{
	p->scratch = malloc(SCRATCH_BYTES);
	return p->scratch ? ring_new(ring_bytes, &p->ring) : ERR_NOMEM;
}

int event_stream_new(uint32_t producers, size_t ring_bytes, void (*wake)(void *), void *wake_ctx,
		     struct event_stream **ret_stream)
{
	struct event_stream *s = calloc(1, sizeof(*s) + producers * sizeof(s->producers[0]));

	if (!s)
		return ERR_NOMEM;
	s->wake = wake;
	s->wake_ctx = wake_ctx;
	s->producer_count = producers;
	for (uint32_t i = 0; i < producers; i++) {
		if (producer_init(&s->producers[i], ring_bytes) != 0) {
			event_stream_free(s);
			return ERR_NOMEM;
		}
	}
	*ret_stream = s;
	return 0;
}

void event_stream_free(struct event_stream *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->producer_count; i++) {
		ring_free(s->producers[i].ring);
		free(s->producers[i].scratch);
	}
	free(s);
}

static int add_reader(struct event_stream *s, struct reader reader)
{
	if (s->reader_count == READERS_MAX)
		return ERR_LIMIT;
	s->readers[s->reader_count++] = reader;
	s->decodes |= reader.fn != NULL;
	return 0;
}

int event_stream_add_reader(struct event_stream *s, event_reader_fn *fn, void *ctx)
{
	return add_reader(s, (struct reader){.fn = fn, .ctx = ctx});
}

int event_stream_add_bytes_reader(struct event_stream *s, event_bytes_reader_fn *fn, void *ctx)
{
	return add_reader(s, (struct reader){.bytes_fn = fn, .ctx = ctx});
}

/* Traces give way while a quarter of the ring is still free for what matters more. */
static bool gives_way(const struct ring *ring, enum event_type type)
{
	size_t cap = ring_cap_bytes(ring);

	return event_level(type) == 0 && ring_used_bytes(ring) > cap - cap / 4;
}

static int put(struct producer *p, const struct event *e, bool *ret_was_empty)
{
	size_t n;

	if (gives_way(p->ring, e->type))
		return ERR_AGAIN;
	if (event_encode(e, p->scratch, SCRATCH_BYTES, &n) != 0)
		return ERR_TOO_BIG;
	return ring_put(p->ring, slice_of(p->scratch, n), SLICE_NONE, ret_was_empty);
}

void event_stream_emit(struct event_stream *s, uint32_t producer, struct event *e)
{
	struct producer *p;
	bool was_empty = false;

	assert(producer < s->producer_count);
	p = &s->producers[producer];
	e->shard = (uint16_t)producer;
	if (put(p, e, &was_empty) != 0)
		atomic_fetch_add_explicit(&p->dropped, 1, memory_order_relaxed);
	else if (was_empty && s->wake)
		s->wake(s->wake_ctx);
}

uint64_t event_stream_dropped(const struct event_stream *s)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < s->producer_count; i++)
		sum += atomic_load_explicit(&s->producers[i].dropped, memory_order_relaxed);
	return sum;
}

static void tell_decoded(const struct event_stream *s, struct slice bytes)
{
	struct event e;
	int err = event_decode(bytes, &e);

	assert(err == 0); /* we have encoded it ourselves */
	for (size_t i = 0; i < s->reader_count; i++)
		if (s->readers[i].fn)
			s->readers[i].fn(s->readers[i].ctx, &e);
}

static void tell_readers(const struct event_stream *s, const struct event_bytes *v, size_t n)
{
	for (size_t i = 0; i < s->reader_count; i++)
		if (s->readers[i].bytes_fn)
			s->readers[i].bytes_fn(s->readers[i].ctx, v, n);
	for (size_t i = 0; i < n && s->decodes; i++)
		tell_decoded(s, v[i].bytes);
}

/* The next ones behind the cursor. */
static size_t take_handful(const struct ring *ring, size_t *cursor,
			   struct event_bytes ret_events[HANDFUL])
{
	size_t n = 0, sum = 0;
	struct slice bytes;

	while (n < HANDFUL && sum < HANDFUL_BYTES && (bytes = ring_peek_on(ring, cursor)).p) {
		int err = event_peek(bytes, &ret_events[n++]);

		assert(err == 0); /* we have encoded it ourselves */
		sum += bytes.n;
	}
	return n;
}

static size_t drain_ring(const struct event_stream *s, struct ring *ring)
{
	struct event_bytes events[HANDFUL];
	size_t count = 0, cursor, n;

	if (!ring_peek(ring).p)
		return 0;
	cursor = ring_cursor(ring);
	while ((n = take_handful(ring, &cursor, events)) > 0) {
		tell_readers(s, events, n);
		ring_pop_to(ring, cursor);
		count += n;
	}
	return count;
}

size_t event_stream_drain(struct event_stream *s)
{
	size_t count = 0;

	for (uint32_t i = 0; i < s->producer_count; i++)
		count += drain_ring(s, s->producers[i].ring);
	return count;
}
