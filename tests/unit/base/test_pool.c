#include "base/err.h"
#include "base/pool.h"
#include "base/rng.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static struct pool *make(uint32_t limit, size_t bytes)
{
	struct pool *pool;

	assert_int_equal(pool_new(&(struct pool_params){.name = "things",
							.shard = 3,
							.slot_bytes = bytes,
							.limit = limit},
				  &pool),
			 0);
	return pool;
}

static void test_params(void **state)
{
	static const struct pool_params bad[] = {
		{.slot_bytes = 0, .limit = 1},
		{.slot_bytes = 8, .limit = 0},
		{.slot_bytes = 8, .limit = ID_SLOTS},
		{.slot_bytes = 8, .limit = 1, .shard = ID_SHARDS},
	};
	struct pool *pool = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(pool_new(&bad[i], &pool), ERR_INVALID);
	assert_null(pool);
	pool_free(NULL);
	pool = make(7, 24);
	assert_int_equal(pool_limit(pool), 7);
	assert_string_equal(pool_name(pool), "things");
	pool_free(pool);
}

static void test_life(void **state)
{
	struct pool *pool = make(2, 40);
	struct id a, b, c;
	char *p = pool_take(pool, &a);

	(void)state;
	assert_int_equal(id_shard(a), 3);
	assert_int_equal((uintptr_t)p % 8, 0);
	memset(p, 'x', 40);
	assert_ptr_equal(pool_get(pool, a), p);
	assert_non_null(pool_take(pool, &b));
	assert_null(pool_take(pool, &c)); /* the limit */
	assert_int_equal(pool_used(pool), 2);

	pool_give(pool, a);
	assert_null(pool_get(pool, a));
	pool_give(pool, a); /* stale: nothing happens */
	assert_int_equal(pool_used(pool), 1);
	p = pool_take(pool, &c);
	assert_int_equal(id_slot(c), id_slot(a));
	assert_false(id_eq(a, c));
	for (size_t i = 0; i < 40; i++)
		assert_int_equal(p[i], 0);
	assert_null(pool_get(pool, a));
	pool_free(pool);
}

static void test_strange_ids(void **state)
{
	struct pool *pool = make(100, 8);
	struct id a;

	(void)state;
	assert_null(pool_get(pool, ID_NONE));
	pool_take(pool, &a);
	assert_null(pool_get(pool, ID_NONE));
	assert_null(pool_get(pool, id_make(2, id_slot(a), (uint32_t)a.v))); /* another shard */
	assert_null(pool_get(pool, id_make(3, 99, 1)));			    /* never taken */
	assert_null(pool_get(pool, id_make(3, ID_SLOTS - 1, 1)));
	pool_give(pool, a);
	assert_null(pool_get(pool, id_make(3, id_slot(a), (uint32_t)a.v + 1))); /* next, guessed */
	pool_free(pool);
}

static void test_last_in_first_out(void **state)
{
	struct pool *pool = make(10, 8);
	struct id id[3], again;

	(void)state;
	for (int i = 0; i < 3; i++)
		pool_take(pool, &id[i]);
	for (int i = 0; i < 3; i++)
		pool_give(pool, id[i]);
	for (int i = 2; i >= 0; i--) {
		pool_take(pool, &again);
		assert_int_equal(id_slot(again), id_slot(id[i]));
	}
	pool_free(pool);
}

static void test_walk(void **state)
{
	struct pool *pool = make(5000, 100);
	struct id id, walked;
	uint32_t cursor = 0, seen = 0;
	uint32_t *n;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		n = pool_take(pool, &id);
		assert_non_null(n);
		*n = i;
	}
	while ((n = pool_next(pool, &cursor, &walked)) != NULL) {
		assert_ptr_equal(pool_get(pool, walked), n);
		assert_int_equal(*n, seen++);
		if (seen % 2)
			pool_give(pool, walked);
	}
	assert_int_equal(seen, 5000);
	assert_int_equal(pool_used(pool), 2500);
	cursor = 0;
	for (seen = 0; pool_next(pool, &cursor, &walked); seen++)
		;
	assert_int_equal(seen, 2500);
	pool_free(pool);
}

#define MODEL 300 /* with slots of 8 KiB: ten chunks */

/* Random takes and gives; every id that was ever given out answers as the model says. */
static void test_random(void **state)
{
	static const uint8_t seed[RNG_SEED_BYTES] = {1};
	struct pool *pool = make(MODEL, 8192);
	struct id ids[MODEL], stale[MODEL];
	struct rng rng;
	uint32_t n = 0, gone = 0;

	(void)state;
	rng_init(&rng, seed);
	for (int step = 0; step < 100000; step++) {
		if (rng_below(&rng, 2) && n < MODEL) {
			uint64_t *p = pool_take(pool, &ids[n]);

			assert_non_null(p);
			assert_true(*p == 0);
			*p = ids[n++].v;
		} else if (n) {
			uint32_t k = rng_below(&rng, n);

			pool_give(pool, ids[k]);
			stale[gone++ % MODEL] = ids[k];
			ids[k] = ids[--n];
		}
		if (n) {
			uint32_t k = rng_below(&rng, n);

			assert_true(*(uint64_t *)pool_get(pool, ids[k]) == ids[k].v);
		}
		if (gone)
			assert_null(pool_get(pool,
					     stale[rng_below(&rng, gone < MODEL ? gone : MODEL)]));
		assert_int_equal(pool_used(pool), n);
	}
	pool_free(pool);
}

/* Ids of before come back in any order; the slots between are free afterwards, the ids of before
 * that did not come back are stale. */
static void test_take_id(void **state)
{
	struct pool *pool = make(10, 8);
	const struct id far = id_make(3, 7, 41), near = id_make(3, 2, UINT32_MAX);
	struct id id;
	bool seen[10] = {0};
	uint64_t *p;

	(void)state;
	p = pool_take_id(pool, far);
	assert_non_null(p);
	assert_int_equal(*p, 0);
	*p = 77;
	assert_ptr_equal(pool_get(pool, far), p);
	assert_null(pool_take_id(pool, far));
	assert_null(pool_take_id(pool, id_make(3, 7, 42)));
	assert_non_null(pool_take_id(pool, near));
	assert_null(pool_take_id(pool, id_make(3, 10, 1)));
	assert_null(pool_take_id(pool, id_make(4, 1, 1)));
	assert_null(pool_take_id(pool, id_make(3, 1, 0)));
	assert_null(pool_take_id(pool, ID_NONE));
	assert_int_equal(pool_used(pool), 2);
	/* new ones may be taken meanwhile */
	assert_non_null(pool_take(pool, &id));
	assert_int_equal(id_slot(id), 8);
	pool_take_id_end(pool);
	seen[2] = seen[7] = seen[8] = true;
	for (int i = 0; i < 7; i++) {
		assert_non_null(pool_take(pool, &id));
		assert_false(seen[id_slot(id)]);
		seen[id_slot(id)] = true;
	}
	assert_null(pool_take(pool, &id));
	assert_null(pool_get(pool, id_make(3, 7, 40)));
	pool_give(pool, near);
	assert_non_null(pool_take(pool, &id));
	assert_true(id_eq(id, id_make(3, 2, 1)));
	pool_free(pool);
}

#ifdef __SANITIZE_ADDRESS__
#define IN_CHUNKS 0 /* every slot is a block of its own */
#else
#define IN_CHUNKS 1
#endif

static bool is_resident(const void *p)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	unsigned char resident = 0;

	assert_int_equal(mincore((void *)((uintptr_t)p & ~(page - 1)), 1, &resident), 0);
	return resident & 1;
}

#define PEAK 20000

/* Slots of 100 bytes in chunks of 256 KiB: what a peak took goes back, but for a chunk; the ids of
 * before are stale for good. */
static void test_peak(void **state)
{
	static struct id first[PEAK], second[PEAK];
	static void *where[PEAK];
	struct pool *pool = make(PEAK, 100);
	uint32_t resident = 0, cursor = 0;
	struct id id;

	(void)state;
	for (uint32_t i = 0; i < PEAK; i++)
		assert_non_null(where[i] = pool_take(pool, &first[i]));
	assert_null(pool_take(pool, &id));
	for (uint32_t i = 0; i < PEAK; i++)
		pool_give(pool, first[i]);
	for (uint32_t i = 0; IN_CHUNKS && i < PEAK; i++)
		resident += is_resident(where[i]);
	assert_true(resident < PEAK / 4);
	assert_null(pool_next(pool, &cursor, &id));
	for (uint32_t i = 0; i < PEAK; i++) {
		uint64_t *p = pool_take(pool, &second[i]);
		assert_non_null(p);
		assert_true(*p == 0);
		*p = second[i].v;
	}
	assert_null(pool_take(pool, &id));
	for (uint32_t i = 0; i < PEAK; i++) {
		assert_null(pool_get(pool, first[i]));
		assert_true(*(uint64_t *)pool_get(pool, second[i]) == second[i].v);
	}
	pool_free(pool);
}

/* After ids of before have come back, far apart, in several chunks. */
static void test_take_id_chunks(void **state)
{
	struct pool *pool = make(PEAK, 100);
	const struct id near = id_make(3, 5, 9), far = id_make(3, PEAK - 1, 7);
	struct id id;
	uint32_t n = 0;

	(void)state;
	assert_non_null(pool_take_id(pool, far));
	assert_non_null(pool_take_id(pool, near));
	pool_take_id_end(pool);
	for (; pool_take(pool, &id); n++) {
		assert_false(id_eq(id, near) || id_eq(id, far));
	}
	assert_int_equal(n, PEAK - 2);
	pool_give(pool, far);
	assert_non_null(pool_take(pool, &id));
	assert_true(id_eq(id, id_make(3, PEAK - 1, 8)));
	pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_params),	       cmocka_unit_test(test_life),
		cmocka_unit_test(test_strange_ids),    cmocka_unit_test(test_last_in_first_out),
		cmocka_unit_test(test_walk),	       cmocka_unit_test(test_random),
		cmocka_unit_test(test_take_id),	       cmocka_unit_test(test_peak),
		cmocka_unit_test(test_take_id_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
