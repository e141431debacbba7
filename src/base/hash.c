#include "base/hash.h"

#include <sodium.h>

_Static_assert(sizeof(struct hash_key) == crypto_shorthash_KEYBYTES, "SipHash key");
_Static_assert(sizeof(struct hash_key) == crypto_shorthash_siphashx24_KEYBYTES, "SipHash key");
_Static_assert(sizeof(struct hash_pair) == crypto_shorthash_siphashx24_BYTES, "SipHash result");
_Static_assert(sizeof(uint64_t) == crypto_shorthash_BYTES, "SipHash result");

static uint64_t siphash(const struct hash_key *key, const void *p, size_t n)
{
	uint64_t h;

	crypto_shorthash((unsigned char *)&h, p, n, key->bytes);
	return h;
}

uint64_t hash_slice(const struct hash_key *key, struct slice s)
{
	return siphash(key, s.p, s.n);
}

struct hash_pair hash_slice_pair(const struct hash_key *key, struct slice s)
{
	struct hash_pair h;

	crypto_shorthash_siphashx24((unsigned char *)&h, (const unsigned char *)s.p, s.n,
				    key->bytes);
	return h;
}

uint64_t hash_u64(const struct hash_key *key, uint64_t v)
{
	return siphash(key, &v, sizeof(v));
}
