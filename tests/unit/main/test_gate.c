#include "main/gate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LONG_MS 3600000

/* A reader that takes what was emitted, and how often it looked. */
struct reader {
	struct event_gate *gate;
	pthread_t thread;
	atomic_int emitted, read, rounds;
};

static void *read_all(void *arg)
{
	struct reader *r = arg;

	while (event_gate_wait(r->gate)) {
		atomic_store(&r->read, atomic_load(&r->emitted));
		atomic_fetch_add(&r->rounds, 1);
	}
	return NULL;
}

static void begin(struct reader *r, int64_t gather_ms)
{
	assert_int_equal(event_gate_new(gather_ms, &r->gate), 0);
	assert_int_equal(pthread_create(&r->thread, NULL, read_all, r), 0);
}

static void end(struct reader *r)
{
	event_gate_close(r->gate);
	pthread_join(r->thread, NULL);
	event_gate_free(r->gate);
}

/* However long it gathers: who settles sees what was emitted before. */
static void test_settle(void **state)
{
	struct reader r = {0};

	(void)state;
	begin(&r, LONG_MS);
	for (int i = 1; i <= 200; i++) {
		atomic_store(&r.emitted, i);
		if (i % 3)
			event_gate_knock(r.gate);
		event_gate_settle(r.gate);
		assert_int_equal(atomic_load(&r.read), i);
	}
	end(&r);
}

static void test_gathers(void **state)
{
	struct reader r = {0};

	(void)state;
	begin(&r, LONG_MS);
	for (int i = 1; i <= 20; i++) {
		atomic_store(&r.emitted, i);
		event_gate_knock(r.gate);
		usleep(1000);
	}
	assert_int_equal(atomic_load(&r.rounds), 0);
	event_gate_settle(r.gate);
	assert_int_equal(atomic_load(&r.rounds), 1);
	end(&r);
}

static void test_knock_is_enough(void **state)
{
	struct reader r = {.emitted = 1};

	(void)state;
	begin(&r, 1);
	event_gate_knock(r.gate);
	while (atomic_load(&r.read) != 1)
		usleep(100);
	end(&r);
}

/* What knocked before is still read, then it ends; nobody waits for a reader that is gone. */
static void test_closed(void **state)
{
	struct event_gate *g;

	(void)state;
	assert_int_equal(event_gate_new(LONG_MS, &g), 0);
	event_gate_knock(g);
	event_gate_close(g);
	assert_true(event_gate_wait(g));
	assert_false(event_gate_wait(g));
	event_gate_settle(g);
	event_gate_free(g);
	event_gate_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settle),
		cmocka_unit_test(test_gathers),
		cmocka_unit_test(test_knock_is_enough),
		cmocka_unit_test(test_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
