/* Keyed hash (SipHash-2-4, libsodium) for tables whose keys come from strangers. The key is drawn
 * at start. */
#pragma once

#include "base/slice.h"

struct hash_key {
	uint8_t bytes[16];
};

uint64_t hash_slice(const struct hash_key *key, struct slice s);
uint64_t hash_u64(const struct hash_key *key, uint64_t v);
/* 128 bits in one pass: two hashes that do not depend on each other. */
struct hash_pair {
	uint64_t first, second;
};
struct hash_pair hash_slice_pair(const struct hash_key *key, struct slice s);
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	a ^= b + 0x9e3779b97f4a7c15u + (a << 6) + (a >> 2);
	return a * 0xff51afd7ed558ccdu;
}
