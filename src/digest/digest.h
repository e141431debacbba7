/*
 * digest: HTTP/SIP digest authentication (RFC 3261 §22, RFC 7616, RFC 8760) as values. MD5 and
 * SHA-256, qop=auth, and RFC 2069 style responses without qop. Passwords are kept as HA1 only. The
 * nonce is stateless: time, realm-keyed MAC, so that every shard and every restart with the same
 * key accepts it until it is old.
 */
#pragma once

#include "base/slice.h"
#include "base/strbuf.h"

enum digest_algorithm { DIGEST_MD5, DIGEST_SHA256 };

/*
 * What a challenge offers. RFC 8760 lets a server offer several, the strongest first, and a phone
 * take the first that it knows; but phones older than that give up on any challenge that they do
 * not know, even beside one that they do (seen with baresip 1.0 and SIPp 3.6). So MD5 alone is
 * offered unless the operator knows better.
 */
enum digest_offer { DIGEST_OFFER_MD5, DIGEST_OFFER_BOTH, DIGEST_OFFER_SHA256 };

#define DIGEST_HA1_BYTES   32 /* MD5 uses 16 of them */
#define DIGEST_NONCE_CHARS 48 /* at most */

struct digest_ha1 {
	uint8_t md5[16];
	uint8_t sha256[32];
};

/* HA1 = H(user ":" realm ":" password). 0 or ERR_NOMEM. */
int digest_ha1(struct slice user, struct slice realm, struct slice password,
	       struct digest_ha1 *ret_ha1);

struct digest_nonce_key {
	uint8_t bytes[32];
};

/* A nonce made at wall_ms. salt makes two nonces of one millisecond differ. Returns its length. */
size_t digest_nonce_make(const struct digest_nonce_key *key, int64_t wall_ms, uint64_t salt,
			 char ret_nonce[DIGEST_NONCE_CHARS + 1]);

enum digest_nonce_state { DIGEST_NONCE_GOOD, DIGEST_NONCE_OLD, DIGEST_NONCE_FOREIGN };
/* Ours? Young enough? *ret_made_ms (may be NULL): when it was made. */
enum digest_nonce_state digest_nonce_check(const struct digest_nonce_key *key, struct slice nonce,
					   int64_t wall_ms, int64_t life_ms, int64_t *ret_made_ms);

/* What an Authorization or Proxy-Authorization header says; all slices unquoted, pointing into the
 * header. */
struct digest_credentials {
	struct slice username, realm, nonce, uri, response, cnonce, opaque, nc_text;
	enum digest_algorithm algorithm;
	bool has_qop;
	uint32_t nc;
};

/* 0; ERR_UNSUPPORTED: another scheme, algorithm or qop than ours; ERR_SYNTAX. */
int digest_credentials_parse(struct slice header_value, struct digest_credentials *ret_cred);

/* Is the response right for that HA1 and method? Compares in constant time. */
bool digest_verify(const struct digest_credentials *cred, const struct digest_ha1 *ha1,
		   struct slice method);

/* Appends the value of one WWW-/Proxy-Authenticate header (without name and CRLF). */
void digest_challenge_write(struct strbuf *b, struct slice realm, struct slice nonce,
			    enum digest_algorithm algorithm, bool stale);

/*
 * The other side: a challenge that somebody puts to us, and our answer. Kept by value, so that
 * later requests can answer it at once with the next nonce count.
 */
#define DIGEST_TEXT_BYTES 256
struct digest_challenge {
	char realm[DIGEST_TEXT_BYTES], nonce[DIGEST_TEXT_BYTES], opaque[DIGEST_TEXT_BYTES];
	enum digest_algorithm algorithm;
	bool has_qop, has_opaque;
	bool stale; /* the password is not doubted, only the nonce too old */
	bool proxy; /* 407: answered in Proxy-Authorization; the caller's to set */
};
/* 0; ERR_UNSUPPORTED: another scheme, algorithm or qop than ours; ERR_SYNTAX; ERR_TOO_BIG. */
int digest_challenge_parse(struct slice header_value, struct digest_challenge *ret_challenge);

struct digest_request {
	struct slice user, password, method, uri;
	struct slice cnonce;
	uint32_t nc; /* of this nonce, from 1 */
};
/* Appends the value of Authorization or Proxy-Authorization. 0, ERR_NOMEM; b->failed as ever. */
int digest_answer_write(struct strbuf *b, const struct digest_challenge *c,
			const struct digest_request *r);

/*
 * Which nonces were used, with which counts (RFC 7616 §5.12). digest_replay_check returns true when
 * (nonce, nc) is new, and records it. To be asked last, after digest_nonce_check and digest_verify:
 * a stranger must not be able to fill the table. Credentials without qop have nc 0, which makes
 * their nonce good for one use.
 *
 * A phone may hold several nonces (calls set up at the same time are challenged one by one) and a
 * number several phones, so nonces are remembered one by one: sets * 8 of them, the oldest of a set
 * giving way. A nonce older than one that gave way is refused, since it may have been used: answer
 * with stale=true; the phone tries again by itself. Only a clock set back by 10 minutes and more
 * opens that door again, as long as nonces live less than that.
 *
 * Not for several threads at a time.
 */
struct digest_replay;
/* sets: a power of two. 0, ERR_INVALID or ERR_NOMEM. */
int digest_replay_new(uint32_t sets, struct digest_replay **ret_replay);
void digest_replay_free(struct digest_replay *r);
bool digest_replay_check(struct digest_replay *r, struct slice nonce, uint32_t nc);
