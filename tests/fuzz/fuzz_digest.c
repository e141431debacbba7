/* Any bytes as credentials, as a nonce and as what goes into a challenge. */
#include "base/err.h"
#include "digest/digest.h"
#include "fuzz.h"

static const struct digest_nonce_key key = {{1, 2, 3}};

static bool lies_in(struct slice s, struct slice whole)
{
	return s.n == 0 || (s.p >= whole.p && s.p + s.n <= whole.p + whole.n);
}

static void check_credentials(const struct digest_credentials *c, struct slice whole)
{
	FUZZ_CHECK(c->username.p && c->realm.p && c->nonce.p && c->uri.p && c->response.p);
	FUZZ_CHECK(lies_in(c->username, whole) && lies_in(c->realm, whole));
	FUZZ_CHECK(lies_in(c->nonce, whole) && lies_in(c->uri, whole));
	FUZZ_CHECK(lies_in(c->response, whole) && lies_in(c->cnonce, whole));
	FUZZ_CHECK(lies_in(c->opaque, whole) && lies_in(c->nc_text, whole));
	FUZZ_CHECK(!c->has_qop || (c->nc_text.n > 0 && c->nc_text.n <= 8 && c->cnonce.p));
}

/* A guessed response does not pass; neither does a nonce that we did not make. */
static void try_credentials(struct slice whole)
{
	static const struct digest_ha1 ha1 = {{9}, {9}};
	struct digest_credentials cred;
	struct digest_replay *replay;
	int rc = digest_credentials_parse(whole, &cred);
	FUZZ_CHECK(rc == 0 || rc == ERR_SYNTAX || rc == ERR_UNSUPPORTED);
	if (rc)
		return;
	check_credentials(&cred, whole);
	FUZZ_CHECK(!digest_verify(&cred, &ha1, SLICE("REGISTER")));
	FUZZ_CHECK(digest_nonce_check(&key, cred.nonce, 1790000000000, 60000, NULL) ==
		   DIGEST_NONCE_FOREIGN);
	FUZZ_CHECK(digest_replay_new(1, &replay) == 0);
	if (digest_replay_check(replay, cred.nonce, cred.nc))
		FUZZ_CHECK(!digest_replay_check(replay, cred.nonce, cred.nc));
	digest_replay_free(replay);
}

/* Whatever the realm is made of, it reads back as one parameter of the challenge. */
static void try_challenge(struct slice whole)
{
	static char text[262144];
	struct digest_credentials cred;
	struct strbuf b;
	if (whole.n > sizeof text / 4 || memchr(whole.p, '\0', whole.n))
		return;
	strbuf_init(&b, text, sizeof text);
	digest_challenge_write(&b, whole, SLICE("abc"), DIGEST_MD5, true);
	strbuf_str(&b, ", username=u, uri=u, response=r, nc=1, cnonce=c");
	FUZZ_CHECK(!b.failed);
	FUZZ_CHECK(digest_credentials_parse(strbuf_slice(&b), &cred) == 0);
	FUZZ_CHECK(slice_eq(cred.nonce, SLICE("abc")) && slice_eq(cred.username, SLICE("u")));
}

/* As somebody else's challenge: what can be answered is answered in a form that we read ourselves.
 */
static void try_client(struct slice whole)
{
	char text[4096];
	struct digest_challenge c;
	struct digest_credentials cred;
	struct strbuf b;
	const struct digest_request r = {.user = SLICE("u"),
					 .password = SLICE("p"),
					 .method = SLICE("INVITE"),
					 .uri = SLICE("sip:a@b"),
					 .cnonce = SLICE("c"),
					 .nc = 1};
	int rc = digest_challenge_parse(whole, &c);
	FUZZ_CHECK(rc == 0 || rc == ERR_SYNTAX || rc == ERR_UNSUPPORTED || rc == ERR_TOO_BIG);
	if (rc)
		return;
	strbuf_init(&b, text, sizeof text);
	FUZZ_CHECK(digest_answer_write(&b, &c, &r) == 0 && !b.failed);
	/* What holds a quote or a NUL comes back as it came and is read in another way. */
	if (strcspn(c.realm, "\"\\") != strlen(c.realm) ||
	    strcspn(c.nonce, "\"\\") != strlen(c.nonce) ||
	    strcspn(c.opaque, "\"\\") != strlen(c.opaque))
		return;
	FUZZ_CHECK(digest_credentials_parse(strbuf_slice(&b), &cred) == 0);
	FUZZ_CHECK(slice_eq(cred.realm, slice_str(c.realm)) && slice_eq(cred.username, SLICE("u")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of exactly that size, so that a sanitizer sees one byte too far. */
	char *copy = malloc(size ? size : 1);
	if (size)
		memcpy(copy, data, size);
	struct slice whole = slice_of(copy, size);
	try_credentials(whole);
	try_challenge(whole);
	try_client(whole);
	FUZZ_CHECK(digest_nonce_check(&key, whole, 1790000000000, 60000, NULL) ==
		   DIGEST_NONCE_FOREIGN);
	free(copy);
	return 0;
}
