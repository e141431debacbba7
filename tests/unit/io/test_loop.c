#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

static void test_wakes_are_one(void **state)
{
	struct world *w = *state;

	for (int round = 1; round <= 3; round++) {
		for (int i = 0; i < 100; i++)
			loop_wake(w->loop);
		world_settle(w, (size_t)round);
		assert_int_equal(w->notes[round - 1].what, NOTE_WAKE);
	}
}

static struct loop *signalled; /* a signal handler has no other way */

static void wake_by_signal(int number)
{
	(void)number;
	loop_wake(signalled);
}

static void test_wake_by_signal(void **state)
{
	struct world *w = *state;
	struct sigaction act = {.sa_handler = wake_by_signal}, before;

	signalled = w->loop;
	sigaction(SIGUSR1, &act, &before);
	raise(SIGUSR1);
	world_settle(w, 1);
	sigaction(SIGUSR1, &before, NULL);
}

#define WAKES 20000

static void *wake_often(void *arg)
{
	struct world *w = arg;

	for (int i = 0; i < WAKES; i++)
		loop_wake(w->loop);
	loop_stop(w->loop);
	return NULL;
}

static void ignore_wakes(struct world *w, const struct note *n)
{
	(void)n;
	w->count = 0;
}

static void test_run_until_stopped_by_a_thread(void **state)
{
	struct world *w = *state;
	pthread_t thread;

	w->react = ignore_wakes;
	assert_int_equal(pthread_create(&thread, NULL, wake_often, w), 0);
	assert_int_equal(loop_run(w->loop), 0);
	pthread_join(thread, NULL);
}

/* A mailbox of one number: each round trip needs its own wake-up. */
struct ping {
	struct world *w;
	_Atomic int asked, answered;
};

static int64_t answer_on_turn(void *ctx, int64_t now_ms)
{
	struct ping *p = ctx;

	(void)now_ms;
	p->answered = p->asked;
	return INT64_MAX;
}

static void *ask(void *arg)
{
	struct ping *p = arg;

	for (int i = 1; i <= 2000; i++) {
		p->asked = i;
		loop_wake(p->w->loop);
		while (p->answered != i)
			sched_yield();
	}
	loop_stop(p->w->loop);
	return NULL;
}

static void test_no_wake_is_lost(void **state)
{
	struct world *w = *state;
	struct ping ping = {.w = w};
	pthread_t thread;

	io_set_handler(w->io, &(struct io_handler){.ctx = &ping, .on_turn = answer_on_turn});
	assert_int_equal(pthread_create(&thread, NULL, ask, &ping), 0);
	assert_int_equal(loop_run(w->loop), 0);
	pthread_join(thread, NULL);
	assert_int_equal(ping.answered, 2000);
}

static void test_stop_before_run(void **state)
{
	struct world *w = *state;

	loop_stop(w->loop);
	assert_int_equal(loop_run(w->loop), 0);
	loop_stop(w->loop); /* and it can run again */
	assert_int_equal(loop_run(w->loop), 0);
}

struct alarm {
	struct world *w;
	int64_t at_ms;
	int turns;
};

static int64_t alarm_on_turn(void *ctx, int64_t now_ms)
{
	struct alarm *a = ctx;

	a->turns++;
	if (a->at_ms == 0)
		a->at_ms = now_ms + 20;
	if (now_ms < a->at_ms)
		return a->at_ms;
	loop_stop(a->w->loop);
	return INT64_MAX;
}

/* The loop sleeps for on_turn's time: it comes back, not early, and without counting milliseconds.
 */
static void test_on_turn_sets_the_time(void **state)
{
	struct world *w = *state;
	struct alarm alarm = {.w = w};

	io_set_handler(w->io, &(struct io_handler){.ctx = &alarm, .on_turn = alarm_on_turn});
	assert_int_equal(loop_run(w->loop), 0);
	assert_true(io_now_ms(w->io) >= alarm.at_ms);
	assert_true(alarm.turns <= 3);
}

static void test_clocks(void **state)
{
	struct world *w = *state;
	int64_t ms = io_now_ms(w->io), us = io_now_us(w->io);

	assert_true(us / 1000 >= ms);
	assert_true(io_now_us(w->io) >= us);
	while (io_now_us(w->io) / 1000 <= ms + 1)
		;
	assert_true(io_now_ms(w->io) == ms); /* the same until the next turn */
	assert_int_equal(loop_turn(w->loop, 0), 0);
	assert_true(io_now_ms(w->io) > ms);
	assert_true(io_wall_ms(w->io) > (int64_t)1700000000 * 1000);
}

static void test_no_handlers(void **state)
{
	struct world *w = *state;

	io_set_handler(w->io, &(struct io_handler){0});
	loop_wake(w->loop);
	assert_int_equal(loop_turn(w->loop, 0), 0);
	io_close(w->io, -1);
	io_close(w->io, 0);
	io_close(w->io, 1 << 30);
	io_set_cookie(w->io, 12345, 1);
	loop_free(NULL);
}

/* When turns begin, by the clock that is read afresh. */
struct turns {
	struct world *w;
	int64_t begun_us[4];
	int count;
};

static void count_turn(void *ctx)
{
	struct turns *t = ctx;

	t->begun_us[t->count++] = io_now_us(t->w->io);
}

#define GATHER_US 20000

/* A turn that follows a busy one leaves what comes time to gather; what came meanwhile is one wake.
 */
static void test_busy_turns_gather(void **state)
{
	struct world *w = *state;
	struct turns t = {.w = w};

	io_set_handler(w->io, &(struct io_handler){.ctx = &t, .on_wake = count_turn});
	loop_set_gather(w->loop, GATHER_US);
	for (int i = 0; i < 3; i++) {
		loop_wake(w->loop);
		assert_int_equal(loop_turn(w->loop, TURN_WAIT_MS), 0);
		assert_int_equal(t.count, i + 1);
	}
	assert_true(t.begun_us[2] - t.begun_us[0] >= GATHER_US);
	loop_set_gather(w->loop, 0);
	loop_wake(w->loop);
	assert_int_equal(loop_turn(w->loop, TURN_WAIT_MS), 0);
	assert_int_equal(t.count, 4);
}

#define T(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_wakes_are_one),
		T(test_wake_by_signal),
		T(test_run_until_stopped_by_a_thread),
		T(test_no_wake_is_lost),
		T(test_stop_before_run),
		T(test_on_turn_sets_the_time),
		T(test_clocks),
		T(test_busy_turns_gather),
		T(test_no_handlers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
