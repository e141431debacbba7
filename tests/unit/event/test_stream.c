#include "base/err.h"
#include "event/stream.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What one reader saw. */
struct seen {
	size_t count;
	int64_t last_number[4]; /* per producer */
	bool in_order;
};

static void read_event(void *ctx, const struct event *e)
{
	struct seen *seen = ctx;
	int64_t number = event_find(e, EVENT_KEY_COUNT)->number;

	seen->count++;
	if (number <= seen->last_number[e->shard])
		seen->in_order = false;
	seen->last_number[e->shard] = number;
}

static void emit(struct event_stream *s, uint32_t producer, enum event_type type, int64_t number)
{
	struct event e = {.type = type};

	event_add_number(&e, EVENT_KEY_COUNT, number);
	event_stream_emit(s, producer, &e);
}

static void count_wake(void *ctx)
{
	++*(int *)ctx;
}

static void test_readers(void **state)
{
	struct seen a = {.in_order = true}, b = {.in_order = true};
	struct event_stream *s;
	int wakes = 0;

	(void)state;
	assert_int_equal(event_stream_new(2, 4096, count_wake, &wakes, &s), 0);
	assert_int_equal(event_stream_add_reader(s, read_event, &a), 0);
	assert_int_equal(event_stream_add_reader(s, read_event, &b), 0);
	assert_int_equal(event_stream_drain(s), 0);
	emit(s, 0, EVENT_CALL_STARTED, 1);
	emit(s, 0, EVENT_CALL_STARTED, 2);
	emit(s, 1, EVENT_CALL_STARTED, 7);
	assert_int_equal(wakes, 2); /* one a ring */
	assert_int_equal(event_stream_drain(s), 3);
	assert_int_equal(a.count, 3);
	assert_int_equal(b.count, 3);
	assert_true(a.in_order);
	assert_int_equal(a.last_number[0], 2);
	assert_int_equal(a.last_number[1], 7);
	emit(s, 1, EVENT_CALL_STARTED, 8);
	assert_int_equal(wakes, 3);
	event_stream_free(s);
	event_stream_free(NULL);
}

static void test_reader_limit(void **state)
{
	struct event_stream *s;
	struct seen seen;

	(void)state;
	assert_int_equal(event_stream_new(1, 4096, NULL, NULL, &s), 0);
	for (int i = 0; i < 8; i++)
		assert_int_equal(event_stream_add_reader(s, read_event, &seen), 0);
	assert_int_equal(event_stream_add_reader(s, read_event, &seen), ERR_LIMIT);
	event_stream_free(s);
}

/* Traces are dropped first; what matters more still finds room. */
static void test_traces_give_way(void **state)
{
	struct seen seen = {.in_order = true};
	struct event_stream *s;
	uint64_t dropped;

	(void)state;
	assert_int_equal(event_stream_new(1, 4096, NULL, NULL, &s), 0);
	event_stream_add_reader(s, read_event, &seen);
	for (int i = 1; i <= 1000; i++)
		emit(s, 0, EVENT_SIP_MESSAGE, i);
	dropped = event_stream_dropped(s);
	assert_true(dropped > 0);
	emit(s, 0, EVENT_CALL_STARTED, 1001);
	assert_true(event_stream_dropped(s) == dropped);
	for (int i = 1; i <= 1000; i++)
		emit(s, 0, EVENT_CALL_STARTED, 1001 + i);
	assert_true(event_stream_dropped(s) > dropped);
	assert_int_equal(event_stream_drain(s) + event_stream_dropped(s), 2001);
	assert_true(seen.in_order);
	emit(s, 0, EVENT_SIP_MESSAGE, 5000); /* room again */
	assert_int_equal(event_stream_drain(s), 1);
	event_stream_free(s);
}

static void test_too_big_is_counted(void **state)
{
	struct event e = {.type = EVENT_SIP_MESSAGE};
	struct event_stream *s;
	char *big = calloc(1, 200000);

	(void)state;
	assert_int_equal(event_stream_new(1, 4096, NULL, NULL, &s), 0);
	event_add_text(&e, EVENT_KEY_BYTES, slice_of(big, 200000)); /* more than is ever encoded */
	event_stream_emit(s, 0, &e);
	e.fields[0].text.n = 5000; /* more than the ring takes */
	event_stream_emit(s, 0, &e);
	assert_true(event_stream_dropped(s) == 2);
	assert_int_equal(event_stream_drain(s), 0);
	event_stream_free(s);
	free(big);
}

/* The bytes of those that a reader of bytes saw, one after another. */
struct heap {
	size_t count, calls, n;
	char bytes[1 << 16];
};

static void read_bytes(void *ctx, const struct event_bytes *events, size_t n)
{
	struct heap *h = ctx;

	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		h->count++;
		h->calls += events[i].type == EVENT_CALL_STARTED && events[i].call == 7;
		memcpy(h->bytes + h->n, events[i].bytes.p, events[i].bytes.n);
		h->n += events[i].bytes.n;
	}
}

/* A reader of bytes sees the same events as the others in the same order, wherever the ring stands,
 * more of them than it is told of at once. */
static void test_bytes(void **state)
{
	static struct heap h;
	struct seen seen = {.in_order = true};
	struct event_stream *s;
	size_t at, count = 0;

	(void)state;
	assert_int_equal(event_stream_new(1, 1 << 14, NULL, NULL, &s), 0);
	assert_int_equal(event_stream_add_bytes_reader(s, read_bytes, &h), 0);
	assert_int_equal(event_stream_add_reader(s, read_event, &seen), 0);
	for (int64_t i = 1; i <= 400; i++) {
		struct event e = {.type = i % 2 ? EVENT_CALL_STARTED : EVENT_CALL_ENDED, .call = 7};

		event_add_number(&e, EVENT_KEY_COUNT, i);
		event_stream_emit(s, 0, &e);
		if (i % 130 == 0 || i == 400)
			count += event_stream_drain(s);
	}
	assert_true(event_stream_dropped(s) == 0);
	assert_int_equal(count, 400);
	assert_int_equal(h.count, 400);
	assert_int_equal(h.calls, 200);
	assert_int_equal(seen.count, 400);
	assert_true(seen.in_order);
	for (at = 0, count = 1; at < h.n; count++) {
		size_t n = h.n / 400; /* they are of one size */
		struct event e;

		assert_int_equal(event_decode(slice_of(h.bytes + at, n), &e), 0);
		assert_int_equal(event_find(&e, EVENT_KEY_COUNT)->number, count);
		at += n;
	}
	event_stream_free(s);
}

#define EVENTS 50000

struct producer {
	struct event_stream *s;
	uint32_t number;
	pthread_t thread;
};

static void *produce(void *arg)
{
	struct producer *p = arg;

	for (int64_t i = 1; i <= EVENTS; i++)
		emit(p->s, p->number, EVENT_CALL_STARTED, i);
	return NULL;
}

static void test_threads(void **state)
{
	struct seen seen = {.in_order = true};
	struct event_stream *s;
	struct producer p[2];

	(void)state;
	assert_int_equal(event_stream_new(2, 1 << 14, NULL, NULL, &s), 0);
	event_stream_add_reader(s, read_event, &seen);
	for (uint32_t i = 0; i < 2; i++) {
		p[i] = (struct producer){.s = s, .number = i};
		assert_int_equal(pthread_create(&p[i].thread, NULL, produce, &p[i]), 0);
	}
	while (seen.count + event_stream_dropped(s) < 2 * EVENTS) {
		if (event_stream_drain(s) == 0)
			sched_yield();
	}
	for (int i = 0; i < 2; i++)
		pthread_join(p[i].thread, NULL);
	assert_int_equal(event_stream_drain(s), 0);
	assert_true(seen.in_order);
	assert_true(seen.count + event_stream_dropped(s) == 2 * EVENTS);
	event_stream_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readers),
		cmocka_unit_test(test_reader_limit),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_traces_give_way),
		cmocka_unit_test(test_too_big_is_counted),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
