#include "base/rng.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define CHACHA_BLOCK_BYTES 64u
#define TOKEN_CHARS_A_WORD 12u /* 5 bits each out of 64 */

_Static_assert(RNG_SEED_BYTES == crypto_stream_chacha20_KEYBYTES, "ChaCha20 key");

void rng_init(struct rng *rng, const uint8_t seed[RNG_SEED_BYTES])
{
	*rng = (struct rng){0};
	memcpy(rng->key, seed, RNG_SEED_BYTES);
}

void rng_init_os(struct rng *rng)
{
	uint8_t seed[RNG_SEED_BYTES];

	randombytes_buf(seed, sizeof(seed));
	rng_init(rng, seed);
	sodium_memzero(seed, sizeof(seed));
}

static void refill(struct rng *rng)
{
	static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

	memset(rng->ready, 0, sizeof(rng->ready));
	crypto_stream_chacha20_xor_ic(rng->ready, rng->ready, sizeof(rng->ready), nonce, rng->block,
				      rng->key);
	rng->block += sizeof(rng->ready) / CHACHA_BLOCK_BYTES;
	rng->left = sizeof(rng->ready);
}

void rng_bytes(struct rng *rng, void *dst, size_t n)
{
	char *to = dst;

	while (n) {
		size_t now;

		if (rng->left == 0)
			refill(rng);
		now = n < rng->left ? n : rng->left;
		memcpy(to, rng->ready + sizeof(rng->ready) - rng->left, now);
		rng->left -= now;
		to += now;
		n -= now;
	}
}

uint64_t rng_u64(struct rng *rng)
{
	uint64_t v;

	rng_bytes(rng, &v, sizeof(v));
	return v;
}

/* The upper half of a product; draws that would favour some results are thrown away (Lemire, 2019).
 */
uint32_t rng_below(struct rng *rng, uint32_t below)
{
	uint32_t refused, draw;
	uint64_t product;

	assert(below > 0);
	refused = -below % below;
	do {
		rng_bytes(rng, &draw, sizeof(draw));
		product = (uint64_t)draw * below;
	} while ((uint32_t)product < refused);
	return (uint32_t)(product >> 32);
}

void rng_token(struct rng *rng, char *dst, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint64_t bits = 0;

	for (size_t i = 0; i < n; i++) {
		if (i % TOKEN_CHARS_A_WORD == 0)
			bits = rng_u64(rng);
		dst[i] = letters[bits & 31];
		bits >>= 5;
	}
}
