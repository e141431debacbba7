#include "base/err.h"
#include "base/ring.h"
#include "base/rng.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct ring *make(size_t bytes)
{
	struct ring *r;

	assert_int_equal(ring_new(bytes, &r), 0);
	return r;
}

static void assert_next(struct ring *r, struct slice want)
{
	struct slice got = ring_peek(r);

	assert_non_null(got.p);
	assert_int_equal((uintptr_t)got.p % 8, 0);
	assert_true(slice_eq(got, want));
	ring_pop(r);
}

static void test_in_and_out(void **state)
{
	struct ring *r = make(100);
	bool was_empty = false;

	(void)state;
	assert_int_equal(ring_cap_bytes(r), 128);
	assert_null(ring_peek(r).p);
	ring_pop(r); /* nothing */
	assert_int_equal(ring_put(r, SLICE("head"), SLICE("body"), &was_empty), 0);
	assert_true(was_empty);
	assert_int_equal(ring_put(r, SLICE_NONE, SLICE("x"), &was_empty), 0);
	assert_false(was_empty);
	assert_int_equal(ring_put(r, SLICE_NONE, SLICE_NONE, NULL), 0);
	assert_int_equal(ring_used_bytes(r), 16 + 16 + 8);
	assert_true(slice_eq(ring_peek(r), SLICE("headbody"))); /* a second look */
	assert_next(r, SLICE("headbody"));
	assert_next(r, SLICE("x"));
	assert_next(r, SLICE(""));
	assert_null(ring_peek(r).p);
	assert_int_equal(ring_used_bytes(r), 0);
	assert_int_equal(ring_put(r, SLICE("y"), SLICE_NONE, &was_empty), 0);
	assert_true(was_empty);
	ring_free(r);
	ring_free(NULL);
}

static void test_full_and_too_big(void **state)
{
	char big[200] = {0};
	struct ring *r = make(256);

	(void)state;
	assert_int_equal(ring_put(r, slice_of(big, 121), SLICE_NONE, NULL), ERR_TOO_BIG);
	assert_int_equal(ring_put(r, slice_of(big, 60), slice_of(big, 61), NULL), ERR_TOO_BIG);
	assert_int_equal(ring_put(r, slice_of(big, 120), SLICE_NONE, NULL), 0);
	assert_int_equal(ring_put(r, slice_of(big, 120), SLICE_NONE, NULL), 0);
	assert_int_equal(ring_put(r, SLICE_NONE, SLICE_NONE, NULL), ERR_AGAIN);
	ring_pop(r);
	assert_int_equal(ring_put(r, SLICE_NONE, SLICE_NONE, NULL), 0);
	ring_free(r);
}

/* The largest record fits into an empty ring wherever the last one ended. */
static void test_every_offset(void **state)
{
	char big[120];

	(void)state;
	memset(big, 0xff, sizeof(big)); /* would pass for headers */
	for (size_t first = 0; first <= sizeof(big); first++) {
		struct ring *r = make(256);

		for (int round = 0; round < 5; round++) {
			bool was_empty = false;

			assert_int_equal(ring_put(r, slice_of(big, first), SLICE_NONE, NULL), 0);
			assert_next(r, slice_of(big, first));
			assert_int_equal(
				ring_put(r, slice_of(big, sizeof(big)), SLICE_NONE, &was_empty), 0);
			assert_true(was_empty);
			assert_next(r, slice_of(big, sizeof(big)));
			assert_null(ring_peek(r).p);
		}
		ring_free(r);
	}
}

/* 100 times its size passes through, and only the beginning is ever touched. */
static void test_emptied_stays_small(void **state)
{
	const size_t cap = (size_t)16 << 20, record = 4096;
	struct ring *r = make(cap);
	const char *bytes, *first = NULL, *last = NULL;

	(void)state;
	char *body = calloc(1, record);
	assert_non_null(body);
	for (size_t sum = 0; sum < 100 * cap; sum += record) {
		assert_int_equal(ring_put(r, slice_of(body, record), SLICE_NONE, NULL), 0);
		bytes = ring_peek(r).p;
		assert_non_null(bytes);
		first = !first || bytes < first ? bytes : first;
		last = !last || bytes > last ? bytes : last;
		ring_pop(r);
		assert_null(ring_peek(r).p);
	}
	assert_true((size_t)(last - first) < (size_t)1 << 20);
	free(body);
	ring_free(r);
}

#define PRODUCERS 2u
#define RECORDS	  100000u
#define BODY_MAX  100u

struct head {
	uint32_t producer, number;
};

struct producer {
	struct ring *r;
	sem_t *wake;
	uint32_t number;
	pthread_t thread;
};

static size_t body_bytes(struct head h)
{
	return (h.number * 2654435761u >> 16) % (BODY_MAX + 1);
}

static void *produce(void *arg)
{
	struct producer *p = arg;
	char body[BODY_MAX];

	for (uint32_t i = 0; i < RECORDS; i++) {
		struct head h = {p->number, i};
		bool was_empty;

		memset(body, (char)i, sizeof(body));
		while (ring_put(p->r, slice_of((char *)&h, sizeof(h)),
				slice_of(body, body_bytes(h)), &was_empty) != 0)
			sched_yield();
		if (was_empty)
			sem_post(p->wake);
	}
	return NULL;
}

static bool record_is(struct slice s, struct head want)
{
	if (s.n != sizeof(want) + body_bytes(want) || memcmp(s.p, &want, sizeof(want)) != 0)
		return false;
	for (size_t i = sizeof(want); i < s.n; i++) {
		if (s.p[i] != (char)want.number)
			return false;
	}
	return true;
}

/* Sleeps whenever the ring is empty: a wake-up that gets lost stops the test for good. */
static void consume_all(struct ring *r, sem_t *wake)
{
	uint32_t next[PRODUCERS] = {0};

	for (uint32_t got = 0; got < PRODUCERS * RECORDS; got++) {
		struct slice s;
		struct head h;

		while ((s = ring_peek(r)).p == NULL)
			sem_wait(wake);
		memcpy(&h, s.p, sizeof(h));
		assert_in_range(h.producer, 0, PRODUCERS - 1);
		assert_true(record_is(s, (struct head){h.producer, next[h.producer]++}));
		ring_pop(r);
	}
	assert_null(ring_peek(r).p);
}

static void run_threads(size_t ring_bytes)
{
	struct producer producers[PRODUCERS];
	struct ring *r = make(ring_bytes);
	sem_t wake;

	sem_init(&wake, 0, 0);
	for (uint32_t i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){.r = r, .wake = &wake, .number = i};
		assert_int_equal(pthread_create(&producers[i].thread, NULL, produce, &producers[i]),
				 0);
	}
	consume_all(r, &wake);
	for (uint32_t i = 0; i < PRODUCERS; i++)
		pthread_join(producers[i].thread, NULL);
	sem_destroy(&wake);
	ring_free(r);
}

static void test_threads_roomy(void **state)
{
	(void)state;
	run_threads(1 << 16);
}

static void test_threads_tight(void **state)
{
	(void)state;
	run_threads(256);
}

/* --- in memory that outlives the process */

#define SHARED_BYTES 4096u

struct left {
	uint32_t next;
	uint32_t count;
};

static int take_left(void *ctx, struct slice record)
{
	struct left *l = ctx;

	assert_true(record_is(record, (struct head){7, l->next++}));
	l->count++;
	return 0;
}

static void put_numbered(struct ring *r, uint32_t number)
{
	struct head h = {7, number};
	char body[BODY_MAX];

	memset(body, (char)number, sizeof(body));
	assert_int_equal(
		ring_put(r, slice_of((char *)&h, sizeof(h)), slice_of(body, body_bytes(h)), NULL),
		0);
}

/* Wherever the ring stands, what was put and not popped is found, whether looked at or not. */
static void test_recover(void **state)
{
	char *memory = calloc(1, RING_SHARED_BYTES + SHARED_BYTES);
	struct ring *r;

	(void)state;
	assert_non_null(memory);
	assert_int_equal(ring_new_at(memory, SHARED_BYTES - 8, &r), ERR_INVALID);
	assert_int_equal(ring_recover(memory, SHARED_BYTES, take_left, NULL), ERR_DAMAGED);
	assert_int_equal(ring_new_at(memory, SHARED_BYTES, &r), 0);
	for (uint32_t i = 0, put = 0, popped = 0; i < 2000; i++) {
		struct left l = {.next = popped};
		for (; put - popped < i % 5; put++)
			put_numbered(r, put);
		assert_int_equal(ring_recover(memory, SHARED_BYTES, take_left, &l), 0);
		assert_int_equal(l.count, put - popped);
		size_t cursor = ring_cursor(r);
		for (uint32_t k = popped; k < put; k++)
			assert_true(record_is(ring_peek_on(r, &cursor), (struct head){7, k}));
		assert_null(ring_peek_on(r, &cursor).p);
		if (i % 7 == 0) {
			ring_pop_to(r, cursor);
			popped = put;
			assert_int_equal(ring_used_bytes(r), 0);
		}
		for (uint32_t k = i % 3; k > 0 && popped < put; k--, popped++) {
			assert_true(record_is(ring_peek(r), (struct head){7, popped}));
			ring_pop(r);
		}
	}
	ring_free(r);
	free(memory);
}

static int count_bytes(void *ctx, struct slice record)
{
	for (size_t i = 0; i < record.n; i++)
		*(unsigned *)ctx += (unsigned char)record.p[i];
	return 0;
}

/* Any bit of it turned: an end, and nothing read beyond the memory. */
static void test_recover_damaged(void **state)
{
	char *memory = calloc(1, RING_SHARED_BYTES + SHARED_BYTES);
	struct ring *r;
	unsigned sum = 0;

	(void)state;
	assert_non_null(memory);
	assert_int_equal(ring_new_at(memory, SHARED_BYTES, &r), 0);
	for (uint32_t i = 0; i < 5; i++)
		put_numbered(r, i);
	ring_free(r);
	for (size_t bit = 0; bit < (RING_SHARED_BYTES + 512) * 8; bit++) {
		memory[bit / 8] = (char)(memory[bit / 8] ^ 1 << bit % 8);
		int err = ring_recover(memory, SHARED_BYTES, count_bytes, &sum);
		assert_true(err == 0 || err == ERR_DAMAGED);
		memory[bit / 8] = (char)(memory[bit / 8] ^ 1 << bit % 8);
	}
	assert_true(sum > 0);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_and_out),    cmocka_unit_test(test_full_and_too_big),
		cmocka_unit_test(test_every_offset),  cmocka_unit_test(test_emptied_stays_small),
		cmocka_unit_test(test_threads_roomy), cmocka_unit_test(test_threads_tight),
		cmocka_unit_test(test_recover),	      cmocka_unit_test(test_recover_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
