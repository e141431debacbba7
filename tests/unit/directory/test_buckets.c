#include "directory/buckets.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_to_the_millisecond(void **state)
{
	struct buckets *b = buckets_new(4);
	struct due d[3] = {0};

	(void)state;
	assert_non_null(b);
	assert_null(buckets_next(b, 0));
	buckets_arm(b, &d[0], 1500);
	buckets_arm(b, &d[1], 1501);
	buckets_arm(b, &d[2], 9000);
	assert_null(buckets_next(b, 1499));
	assert_ptr_equal(buckets_next(b, 1500), &d[0]);
	assert_null(buckets_next(b, 1500));
	assert_ptr_equal(buckets_next(b, 1501), &d[1]);
	assert_null(d[1].link);
	/* once around does not make it due */
	assert_null(buckets_next(b, 8999));
	assert_ptr_equal(buckets_next(b, 9000), &d[2]);
	buckets_free(b);
	buckets_free(NULL);
}

static void test_rearm_and_cancel(void **state)
{
	struct buckets *b = buckets_new(8);
	struct due d[2] = {0};

	(void)state;
	assert_non_null(b);
	buckets_cancel(&d[0]);
	buckets_arm(b, &d[0], 5000);
	buckets_arm(b, &d[0], 2000);
	buckets_arm(b, &d[1], 2000);
	buckets_cancel(&d[1]);
	assert_ptr_equal(buckets_next(b, 3000), &d[0]);
	assert_null(buckets_next(b, 6000));
	/* armed for the past, found at once */
	buckets_arm(b, &d[0], 10);
	assert_ptr_equal(buckets_next(b, 6000), &d[0]);
	buckets_arm(b, &d[0], 6000);
	assert_ptr_equal(buckets_next(b, 6000), &d[0]);
	buckets_free(b);
}

static void test_clock_leaps(void **state)
{
	struct buckets *b = buckets_new(8);
	struct due d[2] = {0};

	(void)state;
	assert_non_null(b);
	assert_null(buckets_next(b, 1700000000000));
	buckets_arm(b, &d[0], 1700000005000);
	/* a year ahead, then back again */
	assert_ptr_equal(buckets_next(b, 1731536000000), &d[0]);
	buckets_arm(b, &d[1], 1700000009000);
	assert_ptr_equal(buckets_next(b, 1731536000000), &d[1]);
	buckets_arm(b, &d[0], 1700000010000);
	assert_ptr_equal(buckets_next(b, 1700000010000), &d[0]);
	buckets_arm(b, &d[0], 1700000011000);
	assert_null(buckets_next(b, 1700000010999));
	assert_ptr_equal(buckets_next(b, 1700000011000), &d[0]);
	buckets_free(b);
}

#define COUNT 500

/* Against the simplest model: at each look exactly those whose time has come are found. */
static void test_against_a_model(void **state)
{
	struct rng rng;
	struct buckets *b = buckets_new(16);
	struct due *d = calloc(COUNT, sizeof(*d));
	int64_t now = 1000000;

	(void)state;
	assert_non_null(b);
	rng_init(&rng, (const uint8_t[RNG_SEED_BYTES]){3});
	for (int step = 0; step < 20000; step++) {
		struct due *it = &d[rng_below(&rng, COUNT)], *found;
		uint32_t action = rng_below(&rng, 10);

		if (action < 6)
			buckets_arm(b, it, now - 500 + rng_below(&rng, 40000));
		else if (action == 6)
			buckets_cancel(it);
		else
			now += rng_below(&rng, 700);
		if (action < 7)
			continue;
		while ((found = buckets_next(b, now)) != NULL)
			assert_true(found->at_ms <= now && !found->link);
		for (int i = 0; i < COUNT; i++)
			assert_true(!d[i].link || d[i].at_ms > now);
	}
	free(d);
	buckets_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to_the_millisecond),
		cmocka_unit_test(test_rearm_and_cancel),
		cmocka_unit_test(test_clock_leaps),
		cmocka_unit_test(test_against_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
