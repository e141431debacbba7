#include "base/err.h"
#include "digest/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static void test_parse(void **state)
{
	static const struct {
		const char *value;
		int want;
	} rows[] = {
		{"Digest realm=\"a\", nonce=\"n\"", 0},
		{"digest nonce=n, realm=a, algorithm=md5, qop=\"auth-int, auth\"", 0},
		{"Digest realm=\"a\", nonce=\"n\", algorithm=SHA-256, opaque=\"\", stale=TRUE", 0},
		{"Digest realm=\"a\"", ERR_SYNTAX},
		{"Digest nonce=\"n\"", ERR_SYNTAX},
		{"Digest realm=\"a\", nonce=\"\"", ERR_SYNTAX},
		{"Digest realm=\"a, nonce=\"n", ERR_SYNTAX},
		{"Digest", ERR_SYNTAX},
		{"", ERR_SYNTAX},
		{"Basic realm=\"a\"", ERR_UNSUPPORTED},
		{"Digest realm=\"a\", nonce=\"n\", algorithm=AKAv1-MD5", ERR_UNSUPPORTED},
		{"Digest realm=\"a\", nonce=\"n\", qop=\"auth-int\"", ERR_UNSUPPORTED},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct digest_challenge c;
		assert_int_equal(digest_challenge_parse(slice_str(rows[i].value), &c),
				 rows[i].want);
	}
}

static void test_too_long(void **state)
{
	char value[600] = "Digest realm=\"a\", nonce=\"";
	struct digest_challenge c;
	(void)state;
	memset(value + strlen(value), 'x', 300);
	strcat(value, "\"");
	assert_int_equal(digest_challenge_parse(slice_str(value), &c), ERR_TOO_BIG);
}

static void answer(const char *challenge, const struct digest_request *r, const char *want)
{
	char memory[1024];
	struct digest_challenge c;
	struct strbuf b;
	assert_int_equal(digest_challenge_parse(slice_str(challenge), &c), 0);
	strbuf_init(&b, memory, sizeof memory);
	assert_int_equal(digest_answer_write(&b, &c, r), 0);
	assert_false(b.failed);
	memory[b.n] = '\0';
	assert_string_equal(memory, want);
}

/* RFC 7616 §3.9.1, both algorithms, and RFC 2069 (no qop; the value of its erratum). */
static void test_examples(void **state)
{
	const struct digest_request r = {
		.user = SLICE("Mufasa"),
		.password = SLICE("Circle of Life"),
		.method = SLICE("GET"),
		.uri = SLICE("/dir/index.html"),
		.cnonce = SLICE("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
		.nc = 1,
	};
	const struct digest_request old = {
		.user = SLICE("Mufasa"),
		.password = SLICE("CircleOfLife"),
		.method = SLICE("GET"),
		.uri = SLICE("/dir/index.html"),
	};
	(void)state;
	answer("Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, "
	       "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
	       "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
	       &r,
	       "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
	       "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", "
	       "response=\"8ca523f5e9506fed4657c9700eebdbec\", algorithm=MD5, "
	       "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, nc=00000001, "
	       "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"");
	answer("Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, "
	       "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\"",
	       &r,
	       "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
	       "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", "
	       "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", "
	       "algorithm=SHA-256, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", "
	       "qop=auth, nc=00000001");
	answer("Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"",
	       &old,
	       "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
	       "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", "
	       "response=\"1949323746fe6a43ef61f9606e7febea\", algorithm=MD5");
}

/* What we answer, we would accept. */
static void test_both_sides(void **state)
{
	struct digest_credentials cred;
	struct digest_challenge c;
	struct digest_ha1 ha1;
	char memory[1024];
	struct strbuf b;
	const struct digest_request r = {
		.user = SLICE("a\"b"),
		.password = SLICE("secret"),
		.method = SLICE("INVITE"),
		.uri = SLICE("sip:0312345678@192.0.2.9"),
		.cnonce = SLICE("xyz"),
		.nc = 0x1f,
	};
	(void)state;
	strbuf_init(&b, memory, sizeof memory);
	digest_challenge_write(&b, SLICE("example.jp"), SLICE("abc"), DIGEST_SHA256, true);
	assert_int_equal(digest_challenge_parse(strbuf_slice(&b), &c), 0);
	assert_true(c.stale);
	strbuf_init(&b, memory, sizeof memory);
	assert_int_equal(digest_answer_write(&b, &c, &r), 0);
	assert_int_equal(digest_credentials_parse(strbuf_slice(&b), &cred), 0);
	assert_int_equal(cred.nc, 0x1f);
	assert_int_equal(digest_ha1(r.user, SLICE("example.jp"), r.password, &ha1), 0);
	assert_true(digest_verify(&cred, &ha1, r.method));
	assert_false(digest_verify(&cred, &ha1, SLICE("BYE")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_both_sides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
