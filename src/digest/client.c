/* A challenge of somebody else's, and the answer to it (RFC 7616 §3.3, §3.4). */
#include "digest/digest_priv.h"

#include "base/err.h"

#include <sodium.h>

struct reading {
	struct digest_challenge c;
	bool realm, nonce;
};

static bool has_auth(struct slice list)
{
	while (list.n) {
		if (slice_ieq(slice_trim(slice_cut(&list, ',')), SLICE("auth")))
			return true;
	}
	return false;
}

static int take_algorithm(struct slice value, struct digest_challenge *c)
{
	if (slice_ieq(value, SLICE("SHA-256")))
		c->algorithm = DIGEST_SHA256;
	else if (!slice_ieq(value, SLICE("MD5")))
		return ERR_UNSUPPORTED;
	return 0;
}

static int keep(struct reading *r, struct slice name, struct slice value)
{
	struct digest_challenge *c = &r->c;
	if (slice_ieq(name, SLICE("realm"))) {
		r->realm = true;
		return slice_copy(value, c->realm, sizeof(c->realm));
	}
	if (slice_ieq(name, SLICE("nonce"))) {
		r->nonce = value.n > 0;
		return slice_copy(value, c->nonce, sizeof(c->nonce));
	}
	if (slice_ieq(name, SLICE("opaque"))) {
		c->has_opaque = true;
		return slice_copy(value, c->opaque, sizeof(c->opaque));
	}
	if (slice_ieq(name, SLICE("algorithm")))
		return take_algorithm(value, c);
	if (slice_ieq(name, SLICE("stale")))
		c->stale = slice_ieq(value, SLICE("true"));
	if (slice_ieq(name, SLICE("qop"))) {
		c->has_qop = true;
		return has_auth(value) ? 0 : ERR_UNSUPPORTED;
	}
	return 0;
}

int digest_challenge_parse(struct slice header_value, struct digest_challenge *ret_challenge)
{
	struct reading r = {.c.algorithm = DIGEST_MD5};
	struct slice rest = header_value, name, value;
	int err = digest_take_scheme(&rest);
	for (rest = digest_skip_separators(rest); err == 0 && rest.n;
	     rest = digest_skip_separators(rest)) {
		err = digest_take_parameter(&rest, &name, &value);
		if (err == 0)
			err = keep(&r, name, value);
	}
	if (err)
		return err;
	if (!r.realm || !r.nonce)
		return ERR_SYNTAX;
	*ret_challenge = r.c;
	return 0;
}

/* What came quoted goes back quoted, its escapes as they were; the user name is ours. */
static void add_quoted(struct strbuf *b, const char *name, struct slice value)
{
	strbuf_fmt(b, ", %s=\"%.*s\"", name, SLICE_ARG(value));
}

static void add_user(struct strbuf *b, struct slice user)
{
	strbuf_str(b, "Digest username=\"");
	for (size_t i = 0; i < user.n; i++) {
		if (user.p[i] == '"' || user.p[i] == '\\')
			strbuf_char(b, '\\');
		strbuf_char(b, user.p[i]);
	}
	strbuf_char(b, '"');
}

static int response_text(const struct digest_credentials *cred, const struct digest_request *r,
			 char ret_hex[2 * DIGEST_HA1_BYTES + 1])
{
	struct digest_ha1 ha1;
	uint8_t bytes[DIGEST_HA1_BYTES];
	bool sha = cred->algorithm == DIGEST_SHA256;
	int err = digest_ha1(r->user, cred->realm, r->password, &ha1);
	if (err == 0 && !digest_response_of(cred, sha ? ha1.sha256 : ha1.md5, r->method, bytes))
		err = ERR_NOMEM;
	if (err == 0)
		sodium_bin2hex(ret_hex, 2 * DIGEST_HA1_BYTES + 1, bytes,
			       digest_hash_bytes(cred->algorithm));
	sodium_memzero(&ha1, sizeof(ha1));
	return err;
}

int digest_answer_write(struct strbuf *b, const struct digest_challenge *c,
			const struct digest_request *r)
{
	char nc[9], hex[2 * DIGEST_HA1_BYTES + 1];
	struct strbuf count;
	strbuf_init(&count, nc, sizeof(nc));
	strbuf_fmt(&count, "%08x", r->nc);
	const struct digest_credentials cred = {
		.realm = slice_str(c->realm),
		.nonce = slice_str(c->nonce),
		.uri = r->uri,
		.cnonce = r->cnonce,
		.nc_text = strbuf_slice(&count),
		.algorithm = c->algorithm,
		.has_qop = c->has_qop,
	};
	int err = response_text(&cred, r, hex);
	if (err)
		return err;
	add_user(b, r->user);
	add_quoted(b, "realm", cred.realm);
	add_quoted(b, "nonce", cred.nonce);
	add_quoted(b, "uri", r->uri);
	add_quoted(b, "response", slice_str(hex));
	strbuf_str(b, c->algorithm == DIGEST_SHA256 ? ", algorithm=SHA-256" : ", algorithm=MD5");
	if (c->has_qop) {
		add_quoted(b, "cnonce", r->cnonce);
		strbuf_fmt(b, ", qop=auth, nc=%.*s", SLICE_ARG(cred.nc_text));
	}
	if (c->has_opaque)
		add_quoted(b, "opaque", slice_str(c->opaque));
	return 0;
}
