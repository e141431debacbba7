#include "base/err.h"
#include "base/index.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool is_value(const void *ctx, uint64_t value)
{
	return *(const uint64_t *)ctx == value;
}

static void test_basics(void **state)
{
	struct index *ix;
	uint64_t want = 2;

	(void)state;
	assert_int_equal(index_new(3, &ix), 0);
	assert_true(index_find(ix, 7, NULL, NULL) == 0);
	assert_false(index_remove(ix, 7, 1));
	assert_false(index_remove(ix, 0, 0));
	assert_int_equal(index_put(ix, 7, 0), ERR_INVALID);
	assert_int_equal(index_put(ix, 7, 1), 0);
	assert_int_equal(index_put(ix, 7, 2), 0);
	assert_int_equal(index_put(ix, 0, 3), 0);
	assert_int_equal(index_put(ix, 8, 4), ERR_LIMIT);
	assert_int_equal(index_count(ix), 3);
	assert_true(index_find(ix, 7, NULL, NULL) == 1);
	assert_true(index_find(ix, 7, is_value, &want) == 2);
	assert_true(index_find(ix, 0, NULL, NULL) == 3);
	want = 3;
	assert_true(index_find(ix, 7, is_value, &want) == 0);
	assert_false(index_remove(ix, 7, 3));
	assert_true(index_remove(ix, 7, 1));
	assert_true(index_find(ix, 7, NULL, NULL) == 2);
	assert_int_equal(index_count(ix), 2);
	index_free(ix);
	index_free(NULL);
}

/* Values under one hash keep their order through growth and removal. */
static void test_order_under_one_hash(void **state)
{
	struct index *ix;

	(void)state;
	for (uint64_t hash = 0; hash < 300; hash++) {
		assert_int_equal(index_new(1000, &ix), 0);
		for (uint64_t v = 1; v <= 40; v++)
			assert_int_equal(index_put(ix, hash, v), 0);
		for (uint64_t v = 1; v <= 40; v++) {
			assert_true(index_find(ix, hash, NULL, NULL) == v);
			assert_true(index_remove(ix, hash, v));
		}
		index_free(ix);
	}
}

#define MODEL 2000

struct pair {
	uint64_t hash, value;
};

static void check_all(const struct index *ix, const struct pair *model, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		assert_true(index_find(ix, model[i].hash, is_value, &model[i].value) ==
			    model[i].value);
}

/* hashes: how many different ones; few make long runs and many collisions. */
static void run_random(uint64_t hash_step, uint32_t hashes)
{
	static const uint8_t seed[RNG_SEED_BYTES] = {2};
	struct pair model[MODEL];
	struct index *ix;
	struct rng rng;
	uint32_t n = 0;
	uint64_t next = 1;

	rng_init(&rng, seed);
	assert_int_equal(index_new(MODEL, &ix), 0);
	for (int step = 0; step < 100000; step++) {
		bool growing = step / 10000 % 2 == 0;
		bool put = rng_below(&rng, 10) < (growing ? 7u : 3u);

		if (put && n < MODEL) {
			model[n] = (struct pair){rng_below(&rng, hashes) * hash_step, next++};
			assert_int_equal(index_put(ix, model[n].hash, model[n].value), 0);
			n++;
		} else if (!put && n) {
			uint32_t k = rng_below(&rng, n);

			assert_true(index_remove(ix, model[k].hash, model[k].value));
			assert_false(index_remove(ix, model[k].hash, model[k].value));
			model[k] = model[--n];
		}
		assert_int_equal(index_count(ix), n);
		if (step % 1000 == 0)
			check_all(ix, model, n);
	}
	check_all(ix, model, n);
	index_free(ix);
}

/* The entry keeps its place and its hash. */
static void test_replace(void **state)
{
	struct index *ix;

	(void)state;
	assert_int_equal(index_new(4, &ix), 0);
	for (uint64_t v = 1; v <= 4; v++)
		assert_int_equal(index_put(ix, 7, v), 0);
	index_replace(ix, 7, 1, 9);
	assert_int_equal(index_find(ix, 7, NULL, NULL), 9);
	index_replace(ix, 7, 1, 10); /* not there any more */
	index_replace(ix, 8, 9, 10);
	assert_int_equal(index_count(ix), 4);
	assert_false(index_remove(ix, 7, 1));
	assert_false(index_remove(ix, 7, 10));
	for (uint64_t v = 2; v <= 4; v++)
		assert_true(index_remove(ix, 7, v));
	assert_true(index_remove(ix, 7, 9));
	assert_int_equal(index_count(ix), 0);
	index_free(ix);
}

static void test_random_spread(void **state)
{
	(void)state;
	run_random(0x123456789abcdefu, UINT32_MAX);
}

static void test_random_weak_hash(void **state)
{
	(void)state;
	run_random(1, 5000);
}

static void test_random_collisions(void **state)
{
	(void)state;
	run_random(1, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_basics),
		cmocka_unit_test(test_order_under_one_hash),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_random_spread),
		cmocka_unit_test(test_random_weak_hash),
		cmocka_unit_test(test_random_collisions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
