#include "trunk/seal.h"

#include "base/err.h"

#include <sodium.h>

_Static_assert(crypto_secretbox_KEYBYTES == 32 && crypto_secretbox_NONCEBYTES == 24 &&
		       crypto_secretbox_MACBYTES == 16,
	       "as seal.h says");

size_t trunk_seal(const struct trunk_key *key, const char *password,
		  uint8_t ret_sealed[TRUNK_SEALED_BYTES])
{
	size_t n = strlen(password);
	if (n == 0 || n >= TRUNK_SECRET_BYTES)
		return 0;
	randombytes_buf(ret_sealed, crypto_secretbox_NONCEBYTES);
	(void)crypto_secretbox_easy(ret_sealed + crypto_secretbox_NONCEBYTES,
				    (const uint8_t *)password, n, ret_sealed, key->bytes);
	return crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + n;
}

int trunk_unseal(const struct trunk_key *key, struct slice sealed,
		 char ret_password[TRUNK_SECRET_BYTES])
{
	const size_t head = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
	const uint8_t *p = (const uint8_t *)sealed.p;
	char password[TRUNK_SECRET_BYTES] = "";
	if (sealed.n && (sealed.n <= head || sealed.n - head >= TRUNK_SECRET_BYTES ||
			 crypto_secretbox_open_easy(
				 (uint8_t *)password, p + crypto_secretbox_NONCEBYTES,
				 sealed.n - crypto_secretbox_NONCEBYTES, p, key->bytes) != 0))
		return ERR_DAMAGED;
	memcpy(ret_password, password, sizeof(password));
	sodium_memzero(password, sizeof(password));
	return 0;
}
