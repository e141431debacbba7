#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_wall_clock_is_the_machines(void **state)
{
	(void)state;
	int64_t before_s = time(NULL), now_ms = clock_wall_ms(), after_s = time(NULL);
	assert_in_range(now_ms / 1000, before_s - 1, after_s + 1);
}

static void test_monotonic_clock_never_goes_back(void **state)
{
	(void)state;
	int64_t last_ms = clock_mono_ms();
	for (int i = 0; i < 10000; i++) {
		int64_t now_ms = clock_mono_ms();
		assert_true(now_ms >= last_ms);
		last_ms = now_ms;
	}
}

static int64_t ms_of(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void test_a_moment_is_so_far_ahead(void **state)
{
	static const int64_t waits_ms[] = {0, 1, 999, 1000, 1001, 86400000};
	(void)state;
	for (size_t i = 0; i < sizeof(waits_ms) / sizeof(waits_ms[0]); i++) {
		int64_t before_ms = clock_mono_ms();
		struct timespec t = clock_moment(waits_ms[i]);
		assert_in_range(t.tv_nsec, 0, 999999999);
		assert_in_range(ms_of(t), before_ms + waits_ms[i], clock_mono_ms() + waits_ms[i]);
	}
}

static void test_a_moment_ends_a_wait(void **state)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_condattr_t attr;
	pthread_cond_t cond;
	(void)state;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&cond, &attr);
	pthread_condattr_destroy(&attr);
	struct timespec until = clock_moment(2);
	int64_t until_ms = ms_of(until);
	int rc = 0;
	pthread_mutex_lock(&lock);
	while (rc == 0)
		rc = pthread_cond_timedwait(&cond, &lock, &until);
	pthread_mutex_unlock(&lock);
	assert_int_equal(rc, ETIMEDOUT);
	assert_true(clock_mono_ms() >= until_ms);
	pthread_cond_destroy(&cond);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wall_clock_is_the_machines),
		cmocka_unit_test(test_monotonic_clock_never_goes_back),
		cmocka_unit_test(test_a_moment_is_so_far_ahead),
		cmocka_unit_test(test_a_moment_ends_a_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
