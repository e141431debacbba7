#include "provision/secrets.h"

#include "base/err.h"

#include <sodium.h>
#include <string.h>

/* Without letters and digits that look alike on paper. */
void secret_make(struct rng *rng, char ret_secret[SECRET_CHARS + 1])
{
	static const char alphabet[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
	for (size_t i = 0; i < SECRET_CHARS; i++)
		ret_secret[i] = alphabet[rng_below(rng, sizeof(alphabet) - 1)];
	ret_secret[SECRET_CHARS] = '\0';
}

_Static_assert(HASH_CHARS >= crypto_pwhash_STRBYTES, "an Argon2id hash must fit");

int secret_hash(const char *secret, char ret_hash[HASH_CHARS])
{
	int failed = crypto_pwhash_str(ret_hash, secret, strlen(secret),
				       crypto_pwhash_OPSLIMIT_INTERACTIVE,
				       crypto_pwhash_MEMLIMIT_INTERACTIVE);
	return failed ? ERR_NOMEM : 0;
}

int secret_hash_made(const char *secret, char ret_hash[HASH_CHARS])
{
	int failed = crypto_pwhash_str(ret_hash, secret, strlen(secret), crypto_pwhash_OPSLIMIT_MIN,
				       crypto_pwhash_MEMLIMIT_MIN);
	return failed ? ERR_NOMEM : 0;
}
