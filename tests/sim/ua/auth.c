/* The phone's half of digest (RFC 7616, RFC 8760), computed with OpenSSL directly so that it can
 * judge the server's. */
#include "ua_priv.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <strings.h>

static bool known_algorithm(const char *name)
{
	return name[0] == 0 || strcasecmp(name, "MD5") == 0 || strcasecmp(name, "SHA-256") == 0;
}

static void read_challenge(struct slice value, struct ua_auth *a)
{
	ua_text(a->realm, sizeof(a->realm), wire_auth_param(value, "realm"));
	ua_text(a->nonce, sizeof(a->nonce), wire_auth_param(value, "nonce"));
	ua_text(a->opaque, sizeof(a->opaque), wire_auth_param(value, "opaque"));
	ua_text(a->algorithm, sizeof(a->algorithm), wire_auth_param(value, "algorithm"));
	a->qop = wire_auth_param(value, "qop").n > 0;
	a->known = true;
}

/* Among the challenges of a 401/407 the one that the phone prefers. False when there is none that
 * it can do. */
bool ua_auth_learn(struct ua *ua, const struct wire_msg *challenge)
{
	const bool proxy = challenge->code == 407;
	const char *header = proxy ? "Proxy-Authenticate" : "WWW-Authenticate";
	for (uint32_t i = 0; i < wire_header_count(challenge, header); i++) {
		struct ua_auth a = {.proxy = proxy};
		read_challenge(wire_header(challenge, header, i), &a);
		if (!known_algorithm(a.algorithm))
			continue;
		if (ua->habits.algorithm[0] &&
		    strcasecmp(ua->habits.algorithm, a.algorithm[0] ? a.algorithm : "MD5") != 0)
			continue;
		ua->auth = a;
		return true;
	}
	return false;
}

static void digest_hex(const char *algorithm, const char *text, char hex[65])
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	size_t n = 0;
	const char *name = strcasecmp(algorithm, "SHA-256") == 0 ? "SHA256" : "MD5";
	EVP_Q_digest(NULL, name, NULL, text, strlen(text), raw, &n);
	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", raw[i]);
}

static void respond(const struct ua *ua, const char *method, const char *uri, const char *nc,
		    const char *cnonce, char hex[65])
{
	const struct ua_auth *a = &ua->auth;
	char text[2048], ha1[65], ha2[65];
	snprintf(text, sizeof(text), "%s:%s:%s", ua->account, a->realm, ua->password);
	digest_hex(a->algorithm, text, ha1);
	snprintf(text, sizeof(text), "%s:%s", method, uri);
	digest_hex(a->algorithm, text, ha2);
	if (a->qop)
		snprintf(text, sizeof(text), "%s:%s:%s:%s:auth:%s", ha1, a->nonce, nc, cnonce, ha2);
	else
		snprintf(text, sizeof(text), "%s:%s:%s", ha1, a->nonce, ha2);
	digest_hex(a->algorithm, text, hex);
}

const char *ua_credentials(struct ua *ua, const char *method, const char *uri, char *buf,
			   size_t cap_bytes)
{
	struct ua_auth *a = &ua->auth;
	char nc[9], cnonce[17], hex[65];
	struct strbuf b;
	buf[0] = 0;
	if (!a->known)
		return buf;
	a->nc += !ua->habits.same_nc;
	ua->habits.same_nc = false;
	snprintf(nc, sizeof(nc), "%08x", a->nc);
	ua_token(ua, cnonce, sizeof(cnonce), "");
	respond(ua, method, uri, nc, cnonce, hex);
	strbuf_init(&b, buf, cap_bytes - 1);
	strbuf_fmt(
		&b,
		"Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", response=\"%s\"",
		ua->account, a->realm, a->nonce, uri, hex);
	if (a->algorithm[0])
		strbuf_fmt(&b, ", algorithm=%s", a->algorithm);
	if (a->opaque[0])
		strbuf_fmt(&b, ", opaque=\"%s\"", a->opaque);
	if (a->qop)
		strbuf_fmt(&b, ", qop=auth, nc=%s, cnonce=\"%s\"", nc, cnonce);
	buf[b.n] = 0;
	return buf;
}
