/* MD5 and SHA-256 by OpenSSL, and HA1. */
#include "digest/digest_priv.h"

#include "base/err.h"

#include <openssl/evp.h>
#include <pthread.h>

/*
 * Fetching an algorithm from OpenSSL takes longer than hashing with it, and EVP_md5() fetches at
 * every use. Hence the exception to "no globals": handles fetched once for the process, constant
 * from then on.
 */
static EVP_MD *fetched_md5, *fetched_sha256;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void fetch(void)
{
	fetched_md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	fetched_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

int digest_hash_open(struct digest_hash *h, enum digest_algorithm algorithm)
{
	pthread_once(&fetched, fetch);
	*h = (struct digest_hash){
		.ctx = EVP_MD_CTX_new(),
		.md = algorithm == DIGEST_SHA256 ? fetched_sha256 : fetched_md5,
	};
	h->failed = !h->ctx || !h->md;
	return h->failed ? ERR_NOMEM : 0;
}

void digest_hash_close(struct digest_hash *h)
{
	EVP_MD_CTX_free(h->ctx);
	h->ctx = NULL;
}

void digest_hash_begin(struct digest_hash *h)
{
	h->failed = h->failed || EVP_DigestInit_ex2(h->ctx, h->md, NULL) != 1;
}

void digest_hash_add(struct digest_hash *h, struct slice s)
{
	h->failed = h->failed || (s.n > 0 && EVP_DigestUpdate(h->ctx, s.p, s.n) != 1);
}

void digest_hash_end(struct digest_hash *h, uint8_t *ret_bytes)
{
	h->failed = h->failed || EVP_DigestFinal_ex(h->ctx, ret_bytes, NULL) != 1;
}

void digest_hash_joined(struct digest_hash *h, struct slice a, struct slice b, struct slice c,
			uint8_t *ret_bytes)
{
	digest_hash_begin(h);
	digest_hash_add(h, a);
	digest_hash_add(h, SLICE(":"));
	digest_hash_add(h, b);
	if (c.p) {
		digest_hash_add(h, SLICE(":"));
		digest_hash_add(h, c);
	}
	digest_hash_end(h, ret_bytes);
}

static int ha1_of(enum digest_algorithm algorithm, struct slice user, struct slice realm,
		  struct slice password, uint8_t *ret_bytes)
{
	struct digest_hash h;
	int err = digest_hash_open(&h, algorithm);
	if (!err) {
		struct slice secret = password.p ? password : SLICE("");
		digest_hash_joined(&h, user, realm, secret, ret_bytes);
		err = h.failed ? ERR_NOMEM : 0;
	}
	digest_hash_close(&h);
	return err;
}

int digest_ha1(struct slice user, struct slice realm, struct slice password,
	       struct digest_ha1 *ret_ha1)
{
	struct digest_ha1 ha1;
	int err = ha1_of(DIGEST_MD5, user, realm, password, ha1.md5);
	if (!err)
		err = ha1_of(DIGEST_SHA256, user, realm, password, ha1.sha256);
	if (!err)
		*ret_ha1 = ha1;
	return err;
}
