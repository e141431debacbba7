/* What the files of the room share: one way to hash. */
#pragma once

#include "digest/digest.h"

/*
 * Hashing with OpenSSL's EVP: the context is made once for a set of hashes and used again for each
 * of them. struct digest_hash h; if (digest_hash_open(&h, DIGEST_MD5) == 0) { ...; }
 *   digest_hash_close(&h);
 */
struct digest_hash {
	struct evp_md_ctx_st *ctx;
	const struct evp_md_st *md;
	bool failed; /* sticky: something went wrong since open */
};

/* 0 or ERR_NOMEM. digest_hash_close is to be called either way. */
int digest_hash_open(struct digest_hash *h, enum digest_algorithm algorithm);
void digest_hash_close(struct digest_hash *h);

void digest_hash_begin(struct digest_hash *h);
void digest_hash_add(struct digest_hash *h, struct slice s);
/* Writes digest_hash_bytes(algorithm) bytes. */
void digest_hash_end(struct digest_hash *h, uint8_t *ret_bytes);

/* H(a ":" b ":" c); c.p == NULL: H(a ":" b). */
void digest_hash_joined(struct digest_hash *h, struct slice a, struct slice b, struct slice c,
			uint8_t *ret_bytes);

static inline size_t digest_hash_bytes(enum digest_algorithm algorithm)
{
	return algorithm == DIGEST_SHA256 ? 32 : 16;
}

/* 0..15, -1: not a hexadecimal digit. */
int digest_hex_digit(char c);

/* "Digest" and at least one space; *s is then behind them. 0, ERR_SYNTAX or ERR_UNSUPPORTED. */
int digest_take_scheme(struct slice *s);
/* Between two parameters; a forgotten or doubled comma is seen and harmless. */
struct slice digest_skip_separators(struct slice s);
/* name=value or name="value", cut off *s. 0 or ERR_SYNTAX. */
int digest_take_parameter(struct slice *s, struct slice *ret_name, struct slice *ret_value);

/* The response to cred's challenge (its own `response` is not looked at). ret_bytes:
 * DIGEST_HA1_BYTES. */
bool digest_response_of(const struct digest_credentials *cred, const uint8_t *ha1,
			struct slice method, uint8_t *ret_bytes);

/* What a nonce of ours says, before anybody asked whether it is genuine. */
#define DIGEST_NONCE_TIME_BYTES 6
#define DIGEST_NONCE_SALT_BYTES 8
#define DIGEST_NONCE_MAC_BYTES	16
#define DIGEST_NONCE_BYTES                                                                         \
	(DIGEST_NONCE_TIME_BYTES + DIGEST_NONCE_SALT_BYTES + DIGEST_NONCE_MAC_BYTES)

/* 40 characters of base64url to 30 bytes; false: not of that shape. */
bool digest_nonce_decode(struct slice nonce, uint8_t ret_bytes[DIGEST_NONCE_BYTES]);
