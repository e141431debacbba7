/* Writing WWW-Authenticate and Proxy-Authenticate (RFC 7616 §3.3). */
#include "digest/digest_priv.h"

static void add_quoted(struct strbuf *b, struct slice s)
{
	strbuf_char(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			strbuf_char(b, '\\');
		strbuf_char(b, s.p[i]);
	}
	strbuf_char(b, '"');
}

void digest_challenge_write(struct strbuf *b, struct slice realm, struct slice nonce,
			    enum digest_algorithm algorithm, bool stale)
{
	strbuf_str(b, "Digest realm=");
	add_quoted(b, realm);
	strbuf_str(b, ", nonce=\"");
	strbuf_add(b, nonce);
	strbuf_str(b, algorithm == DIGEST_SHA256 ? "\", algorithm=SHA-256" : "\", algorithm=MD5");
	strbuf_str(b, ", qop=\"auth\"");
	if (stale)
		strbuf_str(b, ", stale=true");
}
