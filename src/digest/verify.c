/* The response (RFC 7616 §3.4.1): H(HA1 ":" nonce ":" nc ":" cnonce ":" qop ":" H(method ":" uri)).
 */
#include "digest/digest_priv.h"

#include <sodium.h>

static struct slice hex_of(const uint8_t *bytes, size_t n, char ret_hex[2 * DIGEST_HA1_BYTES + 1])
{
	sodium_bin2hex(ret_hex, 2 * DIGEST_HA1_BYTES + 1, bytes, n);
	return slice_of(ret_hex, 2 * n);
}

int digest_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Exactly n bytes of hexadecimal digits, in either case. */
static bool unhex(struct slice hex, uint8_t *ret_bytes, size_t n)
{
	if (hex.n != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = digest_hex_digit(hex.p[2 * i]);
		int low = digest_hex_digit(hex.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		ret_bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void hash_response(struct digest_hash *h, const struct digest_credentials *cred,
			  struct slice ha1_hex, struct slice ha2_hex, uint8_t *ret_bytes)
{
	const struct slice with_qop[] = {ha1_hex,      cred->nonce,   cred->nc_text,
					 cred->cnonce, SLICE("auth"), ha2_hex};
	const struct slice without[] = {ha1_hex, cred->nonce, ha2_hex};
	const struct slice *part = cred->has_qop ? with_qop : without;
	size_t count = cred->has_qop ? sizeof with_qop / sizeof with_qop[0]
				     : sizeof without / sizeof without[0];
	digest_hash_begin(h);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			digest_hash_add(h, SLICE(":"));
		digest_hash_add(h, part[i]);
	}
	digest_hash_end(h, ret_bytes);
}

bool digest_response_of(const struct digest_credentials *cred, const uint8_t *ha1,
			struct slice method, uint8_t *ret_bytes)
{
	size_t n = digest_hash_bytes(cred->algorithm);
	uint8_t ha2[DIGEST_HA1_BYTES];
	char ha1_hex[2 * DIGEST_HA1_BYTES + 1], ha2_hex[2 * DIGEST_HA1_BYTES + 1];
	struct digest_hash h;
	if (digest_hash_open(&h, cred->algorithm) == 0) {
		digest_hash_joined(&h, method, cred->uri, SLICE_NONE, ha2);
		hash_response(&h, cred, hex_of(ha1, n, ha1_hex), hex_of(ha2, n, ha2_hex),
			      ret_bytes);
	}
	digest_hash_close(&h);
	return !h.failed;
}

bool digest_verify(const struct digest_credentials *cred, const struct digest_ha1 *ha1,
		   struct slice method)
{
	size_t n = digest_hash_bytes(cred->algorithm);
	uint8_t given[DIGEST_HA1_BYTES], right[DIGEST_HA1_BYTES];
	return unhex(cred->response, given, n) &&
	       digest_response_of(cred, cred->algorithm == DIGEST_SHA256 ? ha1->sha256 : ha1->md5,
				  method, right) &&
	       sodium_memcmp(given, right, n) == 0;
}
