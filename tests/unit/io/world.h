/* A loop under test, and all that it has told. Included after cmocka.h. */
#pragma once

#include "base/err.h"
#include "io/loop.h"

#include <stdlib.h>

/* A test that waits for something that never comes gives up after so many turns. */
#define TURNS_MAX    200
#define TURN_WAIT_MS 100
#define NOTES_MAX    600
#define TEXT_MAX     16

struct note {
	enum { NOTE_DATAGRAM, NOTE_UDP_ERROR, NOTE_STREAM, NOTE_WAKE } what;
	uint64_t cookie;
	struct addr addr, local; /* source, destination, peer */
	size_t n;
	char text[TEXT_MAX]; /* the beginning */
	enum io_stream_event event;
	int handle, err;
};

struct world {
	struct loop *loop;
	struct io *io;
	size_t count;
	struct note notes[NOTES_MAX];
	int turns;
	/* Called with every note, from within the handler; may be NULL. */
	void (*react)(struct world *w, const struct note *n);
	int handles[8]; /* for react */
	char *bytes;	/* all stream data, when not NULL */
	size_t bytes_n, bytes_cap;
};

static inline void world_note(struct world *w, struct note n)
{
	assert_true(w->count < NOTES_MAX);
	w->notes[w->count++] = n;
	if (w->react)
		w->react(w, &n);
}

static inline void world_on_datagrams(void *ctx, uint64_t cookie, struct io_datagram *v,
				      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct note n = {
			.what = NOTE_DATAGRAM, .cookie = cookie, .addr = v[i].src, .n = v[i].n};

		assert_int_equal(v[i].p[v[i].n], '\0');
		memcpy(n.text, v[i].p, v[i].n < TEXT_MAX - 1 ? v[i].n : TEXT_MAX - 1);
		world_note(ctx, n);
	}
}

static inline void world_on_udp_error(void *ctx, uint64_t cookie, const struct addr *dst, int err)
{
	world_note(
		ctx,
		(struct note){.what = NOTE_UDP_ERROR, .cookie = cookie, .addr = *dst, .err = err});
}

static inline void world_on_stream(void *ctx, const struct io_stream_note *s)
{
	struct world *w = ctx;
	struct note n = {.what = NOTE_STREAM,
			 .cookie = s->cookie,
			 .addr = *s->peer,
			 .local = *s->local,
			 .n = s->bytes.n,
			 .event = s->event,
			 .handle = s->handle,
			 .err = s->err};

	if (s->bytes.n)
		memcpy(n.text, s->bytes.p, s->bytes.n < TEXT_MAX - 1 ? s->bytes.n : TEXT_MAX - 1);
	if (s->event == IO_STREAM_DATA && w->bytes) {
		assert_true(s->bytes.n <= w->bytes_cap - w->bytes_n);
		memcpy(w->bytes + w->bytes_n, s->bytes.p, s->bytes.n);
		w->bytes_n += s->bytes.n;
		return;
	}
	world_note(w, n);
}

static inline void world_on_wake(void *ctx)
{
	world_note(ctx, (struct note){.what = NOTE_WAKE});
}

static inline int64_t world_on_turn(void *ctx, int64_t now_ms)
{
	struct world *w = ctx;

	assert_true(now_ms == io_now_ms(w->io));
	w->turns++;
	return INT64_MAX;
}

static inline int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct io_handler h = {.ctx = w,
			       .on_datagrams = world_on_datagrams,
			       .on_stream = world_on_stream,
			       .on_udp_error = world_on_udp_error,
			       .on_wake = world_on_wake,
			       .on_turn = world_on_turn};

	if (!w || loop_new(&w->loop) != 0) {
		free(w);
		return -1;
	}
	w->io = loop_io(w->loop);
	io_set_handler(w->io, &h);
	*state = w;
	return 0;
}

static inline int world_teardown(void **state)
{
	struct world *w = *state;

	loop_free(w->loop);
	free(w->bytes);
	free(w);
	return 0;
}

/* Turns until so many notes are there. */
static inline void world_expect(struct world *w, size_t count)
{
	for (int i = 0; w->count < count && i < TURNS_MAX; i++)
		assert_int_equal(loop_turn(w->loop, TURN_WAIT_MS), 0);
	assert_int_equal(w->count, count);
}

/* Turns on while anything is left to be told: nothing more must come than is expected. */
static inline void world_settle(struct world *w, size_t count)
{
	world_expect(w, count);
	for (int i = 0; i < 5; i++)
		assert_int_equal(loop_turn(w->loop, 0), 0);
	assert_int_equal(w->count, count);
}

static inline struct addr world_addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(slice_str(text), 0, &a), 0);
	return a;
}

static inline int world_udp(struct world *w, const char *text, uint64_t cookie,
			    struct addr *ret_local)
{
	struct io_udp_params p = {.local = world_addr(text), .cookie = cookie};
	int handle;

	assert_int_equal(io_udp_open(w->io, &p, &handle, ret_local), 0);
	return handle;
}
