/*
 * The stateless nonce: 6 bytes of time (ms since 1970), 8 of salt, 16 of MAC (keyed BLAKE2b) over
 * both, as 40 characters of base64url. 30 bytes fill their characters to the last bit, so a nonce
 * has exactly one spelling.
 */
#include "digest/digest_priv.h"

#include <sodium.h>

#define SIGNED_BYTES (DIGEST_NONCE_TIME_BYTES + DIGEST_NONCE_SALT_BYTES)
#define NONCE_CHARS  ((size_t)DIGEST_NONCE_BYTES / 3 * 4)

_Static_assert(DIGEST_NONCE_BYTES % 3 == 0, "no padding, no spare bits");
_Static_assert(NONCE_CHARS <= DIGEST_NONCE_CHARS, "fits the caller's buffer");

static void put_be(uint8_t *dst, size_t n, uint64_t v)
{
	while (n > 0) {
		dst[--n] = (uint8_t)v;
		v >>= 8;
	}
}

static void mac_of(const struct digest_nonce_key *key, const uint8_t signed_bytes[SIGNED_BYTES],
		   uint8_t ret_mac[DIGEST_NONCE_MAC_BYTES])
{
	crypto_generichash(ret_mac, DIGEST_NONCE_MAC_BYTES, signed_bytes, SIGNED_BYTES, key->bytes,
			   sizeof key->bytes);
}

size_t digest_nonce_make(const struct digest_nonce_key *key, int64_t wall_ms, uint64_t salt,
			 char ret_nonce[DIGEST_NONCE_CHARS + 1])
{
	uint8_t bytes[DIGEST_NONCE_BYTES];
	put_be(bytes, DIGEST_NONCE_TIME_BYTES, (uint64_t)wall_ms);
	put_be(bytes + DIGEST_NONCE_TIME_BYTES, DIGEST_NONCE_SALT_BYTES, salt);
	mac_of(key, bytes, bytes + SIGNED_BYTES);
	sodium_bin2base64(ret_nonce, DIGEST_NONCE_CHARS + 1, bytes, sizeof bytes,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return NONCE_CHARS;
}

bool digest_nonce_decode(struct slice nonce, uint8_t ret_bytes[DIGEST_NONCE_BYTES])
{
	size_t n = 0;
	return nonce.n == NONCE_CHARS &&
	       sodium_base642bin(ret_bytes, DIGEST_NONCE_BYTES, nonce.p, nonce.n, NULL, &n, NULL,
				 sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	       n == DIGEST_NONCE_BYTES;
}

static int64_t time_of(const uint8_t bytes[DIGEST_NONCE_BYTES])
{
	int64_t ms = 0;
	for (size_t i = 0; i < DIGEST_NONCE_TIME_BYTES; i++)
		ms = ms << 8 | bytes[i];
	return ms;
}

/* A nonce from a future beyond its own life comes from a clock that was set back: as good as old.
 */
enum digest_nonce_state digest_nonce_check(const struct digest_nonce_key *key, struct slice nonce,
					   int64_t wall_ms, int64_t life_ms, int64_t *ret_made_ms)
{
	uint8_t bytes[DIGEST_NONCE_BYTES], mac[DIGEST_NONCE_MAC_BYTES];
	if (!digest_nonce_decode(nonce, bytes))
		return DIGEST_NONCE_FOREIGN;
	mac_of(key, bytes, mac);
	if (sodium_memcmp(mac, bytes + SIGNED_BYTES, sizeof mac) != 0)
		return DIGEST_NONCE_FOREIGN;
	int64_t made_ms = time_of(bytes);
	if (ret_made_ms)
		*ret_made_ms = made_ms;
	int64_t age_ms = wall_ms - made_ms;
	return age_ms > life_ms || age_ms < -life_ms ? DIGEST_NONCE_OLD : DIGEST_NONCE_GOOD;
}
