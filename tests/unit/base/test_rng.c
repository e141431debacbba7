#include "base/rng.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint8_t seed[RNG_SEED_BYTES] = {42};

/* Piece by piece or at once: the very key stream of ChaCha20. */
static void test_is_chacha20(void **state)
{
	static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
	uint8_t want[5000], got[5000];
	struct rng rng;
	size_t at = 0;

	(void)state;
	crypto_stream_chacha20(want, sizeof(want), nonce, seed);
	rng_init(&rng, seed);
	for (size_t n = 0; at + n <= sizeof(got); n = (n * 7 + 1) % 611) {
		rng_bytes(&rng, got + at, n);
		at += n;
	}
	assert_true(at > 4000);
	assert_memory_equal(got, want, at);
}

static void test_os_seed(void **state)
{
	struct rng a, b;

	(void)state;
	rng_init_os(&a);
	rng_init_os(&b);
	assert_true(rng_u64(&a) != rng_u64(&b));
}

static void test_below(void **state)
{
	uint32_t seen[10] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, seed);
	for (int i = 0; i < 100000; i++)
		seen[rng_below(&rng, 10)]++;
	for (int i = 0; i < 10; i++)
		assert_in_range(seen[i], 9500, 10500);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(rng_below(&rng, 1), 0);
	for (int i = 0; i < 1000; i++)
		assert_true(rng_below(&rng, 0xc0000000u) < 0xc0000000u);
}

static void test_token(void **state)
{
	char token[100];
	bool seen[256] = {false};
	struct rng rng;
	size_t kinds = 0;

	(void)state;
	rng_init(&rng, seed);
	token[70] = '!';
	for (int i = 0; i < 100; i++) {
		rng_token(&rng, token, 70);
		for (int k = 0; k < 70; k++)
			seen[(unsigned char)token[k]] = true;
	}
	assert_int_equal(token[70], '!');
	for (int c = 0; c < 256; c++) {
		if (seen[c])
			assert_true((c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'));
		kinds += seen[c];
	}
	assert_int_equal(kinds, 32);
	rng_token(&rng, token, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_chacha20),
		cmocka_unit_test(test_os_seed),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_token),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
