#include "base/err.h"
#include "media/ports_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static const uint8_t seed[RNG_SEED_BYTES] = {1};

static struct ports *ports_of(uint16_t first, uint16_t last)
{
	struct ports *p;
	assert_int_equal(ports_new(first, last, &p), 0);
	return p;
}

static void test_ranges(void **state)
{
	static const struct {
		uint16_t first, last;
		uint32_t count; /* 0: refused */
	} rows[] = {
		{10000, 65535, 27768}, {10000, 10001, 1}, {10000, 10000, 0}, {10001, 10002, 0},
		{10001, 10003, 1},     {10000, 10002, 1}, {10000, 9999, 0},  {0, 100, 0},
		{65534, 65535, 1},     {65535, 65535, 0}, {1, 65535, 32767}, {10000, 10127, 64},
		{10000, 10129, 65},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ports *p = NULL;
		int err = ports_new(rows[i].first, rows[i].last, &p);
		assert_int_equal(err, rows[i].count ? 0 : ERR_INVALID);
		if (!err)
			assert_int_equal(ports_count(p), rows[i].count);
		ports_free(p);
	}
}

/* Every pair comes once, even ports only, and then no more. */
static void test_all(void **state)
{
	static bool seen[65536];
	struct ports *p = ports_of(10001, 10400);
	struct rng rng;
	uint16_t port;
	(void)state;
	memset(seen, 0, sizeof seen);
	rng_init(&rng, seed);
	for (uint32_t i = 0; i < ports_count(p); i++) {
		assert_int_equal(ports_take(p, &rng, 0, &port), 0);
		assert_true(port % 2 == 0 && port >= 10002 && port <= 10399 && !seen[port]);
		assert_true(ports_is_taken(p, port) && ports_is_taken(p, (uint16_t)(port + 1)));
		seen[port] = true;
	}
	assert_int_equal(ports_take(p, &rng, 0, &port), ERR_LIMIT);
	ports_give(p, 10002, 0);
	assert_false(ports_is_taken(p, 10002));
	assert_int_equal(ports_take(p, &rng, 0, &port), 0);
	assert_int_equal(port, 10002);
	assert_int_equal(ports_take(p, &rng, 0, &port), ERR_LIMIT);
	ports_free(p);
}

/* A pair that was given back is not seen for 10 s as long as there is another. */
static void test_rest(void **state)
{
	struct ports *p = ports_of(10000, 10007);
	struct rng rng;
	uint16_t first, port;
	(void)state;
	rng_init(&rng, seed);
	assert_int_equal(ports_take(p, &rng, 0, &first), 0);
	ports_give(p, first, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ports_take(p, &rng, PORTS_REST_MS - 1, &port), 0);
		assert_int_not_equal(port, first);
	}
	assert_int_equal(ports_take(p, &rng, PORTS_REST_MS, &port), 0);
	assert_int_equal(port, first);
	ports_free(p);
}

/* When nothing else is left, the one that rested longest. */
static void test_oldest_first(void **state)
{
	struct ports *p = ports_of(10000, 10007);
	struct rng rng;
	uint16_t port[4], again;
	(void)state;
	rng_init(&rng, seed);
	for (int i = 0; i < 4; i++)
		assert_int_equal(ports_take(p, &rng, 0, &port[i]), 0);
	for (int i = 0; i < 4; i++)
		ports_give(p, port[(i + 2) % 4], i);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(ports_take(p, &rng, 10, &again), 0);
		assert_int_equal(again, port[(i + 2) % 4]);
	}
	ports_free(p);
}

static void test_ill_gives(void **state)
{
	struct ports *p = ports_of(10000, 10003);
	struct rng rng;
	uint16_t port;
	(void)state;
	rng_init(&rng, seed);
	assert_int_equal(ports_take(p, &rng, 0, &port), 0);
	ports_give(p, port, 0);
	ports_give(p, port, 0);
	ports_give(p, 9998, 0);
	ports_give(p, 10004, 0);
	assert_false(ports_is_taken(p, 9998) || ports_is_taken(p, 10004));
	assert_int_equal(ports_take(p, &rng, 0, &port), 0);
	assert_int_equal(ports_take(p, &rng, 0, &port), 0);
	assert_int_equal(ports_take(p, &rng, 0, &port), ERR_LIMIT);
	ports_free(p);
}

/* Where a call will be cannot be guessed from the one before. */
static void test_spread(void **state)
{
	struct ports *p = ports_of(10000, 65535);
	struct rng rng;
	uint16_t before = 0, port;
	int near = 0;
	(void)state;
	rng_init(&rng, seed);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(ports_take(p, &rng, 0, &port), 0);
		near += port > before && port < before + 20;
		before = port;
	}
	assert_true(near < 20);
	ports_free(p);
}

/* Any order of taking and giving against a plain list of what is out. */
static void test_property(void **state)
{
	enum { PAIRS = 100 };
	struct ports *p = ports_of(10000, 10000 + 2 * PAIRS - 1);
	uint16_t out[PAIRS], port;
	uint32_t n = 0;
	int64_t now_ms = 0;
	struct rng rng;
	(void)state;
	rng_init(&rng, seed);
	for (int i = 0; i < 100000; i++) {
		now_ms += rng_below(&rng, 500);
		if (n > 0 && rng_below(&rng, 20) < 9) {
			uint32_t k = rng_below(&rng, n);
			ports_give(p, out[k], now_ms);
			out[k] = out[--n];
			continue;
		}
		assert_int_equal(ports_take(p, &rng, now_ms, &port), n < PAIRS ? 0 : ERR_LIMIT);
		if (n == PAIRS)
			continue;
		for (uint32_t k = 0; k < n; k++)
			assert_int_not_equal(out[k], port);
		out[n++] = port;
	}
	ports_free(p);
}

static void test_take_this(void **state)
{
	struct ports *p = NULL;
	struct rng rng;
	uint16_t port;
	(void)state;
	rng_init_os(&rng);
	assert_int_equal(ports_new(10000, 10007, &p), 0);
	assert_int_equal(ports_take_this(p, 10004), 0);
	ports_untake_this(p, 10004);
	ports_untake_this(p, 10004);
	ports_untake_this(p, 10008);
	assert_false(ports_is_taken(p, 10004));
	assert_int_equal(ports_take_this(p, 10004), 0);
	assert_true(ports_is_taken(p, 10004) && ports_is_taken(p, 10005));
	assert_int_equal(ports_take_this(p, 10004), ERR_IN_USE);
	assert_int_equal(ports_take_this(p, 10005), ERR_NOT_FOUND);
	assert_int_equal(ports_take_this(p, 9998), ERR_NOT_FOUND);
	assert_int_equal(ports_take_this(p, 10008), ERR_NOT_FOUND);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ports_take(p, &rng, 0, &port), 0);
		assert_int_not_equal(port, 10004);
	}
	assert_int_equal(ports_take(p, &rng, 0, &port), ERR_LIMIT);
	ports_give(p, 10004, 0);
	assert_int_equal(ports_take_this(p, 10004), ERR_IN_USE); /* it rests */
	assert_int_equal(ports_take(p, &rng, PORTS_REST_MS, &port), 0);
	assert_int_equal(port, 10004);
	ports_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),	  cmocka_unit_test(test_all),
		cmocka_unit_test(test_rest),	  cmocka_unit_test(test_oldest_first),
		cmocka_unit_test(test_ill_gives), cmocka_unit_test(test_spread),
		cmocka_unit_test(test_property),  cmocka_unit_test(test_take_this),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
