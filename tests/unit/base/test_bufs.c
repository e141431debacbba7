#include "base/bufs.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_sizes(void **state)
{
	static const struct {
		size_t n, used;
	} rows[] = {
		{0, 128},     {1, 128},	      {128, 128},     {129, 160},     {160, 160},
		{161, 192},   {256, 256},     {257, 320},     {512, 512},     {513, 640},
		{1500, 1536}, {32769, 40960}, {57345, 65536}, {65536, 65536},
	};
	struct bufs *b;

	(void)state;
	assert_int_equal(bufs_new(1 << 20, &b), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *p = bufs_take(b, rows[i].n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 8, 0);
		memset(p, 'x', rows[i].n);
		assert_int_equal(bufs_used_bytes(b), rows[i].used);
		assert_true(bufs_cap_bytes(p) >= rows[i].n && bufs_cap_bytes(p) <= rows[i].used);
		bufs_give(b, p);
		assert_int_equal(bufs_used_bytes(b), 0);
	}
	assert_null(bufs_take(b, 65537));
	assert_null(bufs_take(b, SIZE_MAX));
	bufs_give(b, NULL);
	bufs_free(b);
	bufs_free(NULL);
}

static void test_limit(void **state)
{
	struct bufs *b;
	char *p[4];

	(void)state;
	assert_int_equal(bufs_new(2048, &b), 0);
	for (int i = 0; i < 4; i++)
		assert_non_null(p[i] = bufs_take(b, 512));
	assert_null(bufs_take(b, 1));
	for (int i = 0; i < 4; i++)
		bufs_give(b, p[i]);
	/* What lies on the small free list does not stand in the way of a big one. */
	assert_non_null(p[0] = bufs_take(b, 2048));
	assert_null(bufs_take(b, 1));
	bufs_give(b, p[0]);
	bufs_free(b);
}

static void test_copy(void **state)
{
	struct bufs *b;
	struct slice s;

	(void)state;
	assert_int_equal(bufs_new(128, &b), 0);
	s = bufs_copy(b, SLICE("hello"));
	assert_true(slice_eq(s, SLICE("hello")));
	assert_null(bufs_copy(b, SLICE("again")).p);
	bufs_give(b, (char *)s.p);
	s = bufs_copy(b, SLICE_NONE);
	assert_non_null(s.p);
	assert_int_equal(s.n, 0);
	bufs_give(b, (char *)s.p);
	bufs_free(b);
}

#define MODEL 64

static void test_random(void **state)
{
	static const uint8_t seed[RNG_SEED_BYTES] = {3};
	struct {
		char *p;
		size_t n;
		char fill;
	} v[MODEL] = {0};
	struct bufs *b;
	struct rng rng;

	(void)state;
	rng_init(&rng, seed);
	assert_int_equal(bufs_new(400000, &b), 0);
	for (int step = 0; step < 50000; step++) {
		uint32_t k = rng_below(&rng, MODEL);

		if (v[k].p) {
			assert_int_equal(v[k].p[0], v[k].fill);
			assert_int_equal(v[k].p[v[k].n - 1], v[k].fill);
			bufs_give(b, v[k].p);
			v[k].p = NULL;
			continue;
		}
		v[k].n = 1 + (rng_below(&rng, 65536) >> rng_below(&rng, 16));
		v[k].p = bufs_take(b, v[k].n);
		v[k].fill = (char)step;
		if (v[k].p)
			memset(v[k].p, v[k].fill, v[k].n);
		assert_true(bufs_used_bytes(b) <= 400000);
	}
	for (int k = 0; k < MODEL; k++)
		bufs_give(b, v[k].p);
	assert_int_equal(bufs_used_bytes(b), 0);
	bufs_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
