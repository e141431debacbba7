/*
 * Random numbers nobody outside can foresee (ChaCha20 over a seed, libsodium): tags, branches,
 * Call-IDs, SSRCs, ports. In simulation the seed is given, so that a run can be repeated to the
 * byte. One owner, no lock.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define RNG_SEED_BYTES 32

struct rng {
	uint8_t key[RNG_SEED_BYTES];
	uint64_t block;
	uint8_t ready[256];
	size_t left;
};

void rng_init(struct rng *rng, const uint8_t seed[RNG_SEED_BYTES]);
/* Seed from the operating system. */
void rng_init_os(struct rng *rng);
void rng_bytes(struct rng *rng, void *dst, size_t n);
uint64_t rng_u64(struct rng *rng);
/* Uniform in [0, below); below > 0. */
uint32_t rng_below(struct rng *rng, uint32_t below);
/* n characters out of a-z and 2-7 (5 bits each), no NUL appended. */
void rng_token(struct rng *rng, char *dst, size_t n);
