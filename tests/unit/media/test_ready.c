#include "media/ready_priv.h"

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct ready *ready;

static int setup(void **state)
{
	(void)state;
	return ready_new(3, &ready);
}

static int teardown(void **state)
{
	(void)state;
	ready_free(ready);
	return 0;
}

static uint32_t put(int family, uint16_t port, int64_t now_ms)
{
	struct ready_pair pair = {.rtp = {.family = (uint8_t)family, .port = port}};
	uint32_t place = UINT32_MAX;

	assert_int_equal(ready_put(ready, &pair, now_ms, &place), 0);
	return place;
}

/* The port, 0: none. */
static uint16_t take(int family, int64_t now_ms)
{
	struct ready_pair pair;

	return ready_take(ready, family, now_ms, &pair) ? pair.rtp.port : 0;
}

static uint16_t take_any(int family)
{
	struct ready_pair pair;

	return ready_take_any(ready, family, &pair) ? pair.rtp.port : 0;
}

static void test_rests_until_quiet(void **state)
{
	(void)state;
	assert_int_equal(take(4, 0), 0);
	put(4, 100, 0);
	assert_int_equal(take(4, READY_QUIET_MS - 1), 0);
	assert_int_equal(take(4, READY_QUIET_MS), 100);
	assert_int_equal(take(4, 2 * READY_QUIET_MS), 0);
	assert_int_equal(ready_count(ready), 0);
}

static void test_what_comes_makes_it_wait_on(void **state)
{
	uint32_t noisy;

	(void)state;
	noisy = put(4, 100, 0);
	put(4, 102, 10);
	ready_heard(ready, noisy, 500);
	assert_int_equal(take(4, READY_QUIET_MS + 10), 102); /* the other was quiet before it */
	assert_int_equal(take(4, READY_QUIET_MS + 499), 0);
	assert_int_equal(take(4, READY_QUIET_MS + 500), 100);
	ready_heard(ready, noisy, 9999); /* late: nobody is there any more */
	ready_heard(ready, 77, 9999);
}

static void test_families_are_kept_apart(void **state)
{
	(void)state;
	put(6, 200, 0);
	assert_int_equal(take(4, READY_QUIET_MS), 0);
	assert_int_equal(take_any(4), 0);
	put(4, 100, 5);
	assert_int_equal(take_any(6), 200);
	assert_int_equal(take_any(0), 100);
	assert_int_equal(take_any(0), 0);
}

static void test_full(void **state)
{
	struct ready_pair pair = {.rtp = {.family = 4, .port = 106}};
	uint32_t place = 42;

	(void)state;
	put(4, 100, 0);
	put(4, 102, 0);
	put(4, 104, 0);
	assert_int_equal(ready_put(ready, &pair, 0, &place), ERR_LIMIT);
	assert_int_equal(place, 42);
	assert_int_equal(take_any(0), 100); /* the oldest, quiet or not */
	assert_int_equal(ready_put(ready, &pair, 0, &place), 0);
	assert_int_equal(ready_count(ready), 3);
}

/* Where most places are taken a shorter quiet will do, until there is room again. */
static void test_crowded(void **state)
{
	(void)state;
	put(4, 100, 0);
	put(4, 102, 0);
	assert_int_equal(take(4, READY_QUIET_CROWDED_MS), 0);
	put(4, 104, 0);
	assert_int_equal(take(4, READY_QUIET_CROWDED_MS - 1), 0);
	assert_int_equal(take(4, READY_QUIET_CROWDED_MS), 100);
	assert_int_equal(take(4, READY_QUIET_CROWDED_MS), 0);
	assert_int_equal(take(4, READY_QUIET_MS), 102);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_rests_until_quiet),
		T(test_what_comes_makes_it_wait_on),
		T(test_families_are_kept_apart),
		T(test_full),
		T(test_crowded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
