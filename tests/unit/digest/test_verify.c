#include "digest/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

#define NONCE_2617  "dcd98b7102dd2f0e8b11d0f600bfb0c093"
#define NONCE_7616  "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define CNONCE_7616 "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

/* The numbers of RFC 2617 §3.5 and RFC 7616 §3.9.1, with and without qop. */
static const struct {
	const char *realm, *password, *header;
} rows[] = {
	{"testrealm@host.com", "Circle Of Life",
	 "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"" NONCE_2617
	 "\", uri=\"/dir/index.html\", qop=auth, nc=00000001, cnonce=\"0a4f113b\", "
	 "response=\"6629fae49393a05397450978507c4ef1\""},
	{"testrealm@host.com", "Circle Of Life",
	 "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"" NONCE_2617
	 "\", uri=\"/dir/index.html\", response=\"670fd8c2df070c60b045671b8b24ff02\""},
	{"testrealm@host.com", "Circle Of Life",
	 "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"" NONCE_2617
	 "\", uri=\"/dir/index.html\", response=\"670FD8C2DF070C60B045671B8B24FF02\""},
	{"http-auth@example.org", "Circle of Life",
	 "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", nonce=\"" NONCE_7616
	 "\", uri=\"/dir/index.html\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"" CNONCE_7616
	 "\", response=\"8ca523f5e9506fed4657c9700eebdbec\""},
	{"http-auth@example.org", "Circle of Life",
	 "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", nonce=\"" NONCE_7616
	 "\", uri=\"/dir/index.html\", algorithm=SHA-256, qop=auth, nc=00000001, "
	 "cnonce=\"" CNONCE_7616 "\", "
	 "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""},
};

static struct digest_credentials credentials_of(size_t row)
{
	struct digest_credentials cred;
	assert_int_equal(digest_credentials_parse(slice_str(rows[row].header), &cred), 0);
	return cred;
}

static struct digest_ha1 ha1_of(size_t row)
{
	struct digest_ha1 ha1;
	assert_int_equal(digest_ha1(SLICE("Mufasa"), slice_str(rows[row].realm),
				    slice_str(rows[row].password), &ha1),
			 0);
	return ha1;
}

static void test_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct digest_credentials cred = credentials_of(i);
		struct digest_ha1 ha1 = ha1_of(i);
		assert_true(digest_verify(&cred, &ha1, SLICE("GET")));
	}
}

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct digest_credentials cred = credentials_of(i), bad;
		struct digest_ha1 ha1 = ha1_of(i), other = ha1;
		other.md5[0] ^= 1;
		other.sha256[0] ^= 1;
		assert_false(digest_verify(&cred, &ha1, SLICE("POST")));
		assert_false(digest_verify(&cred, &other, SLICE("GET")));
		bad = cred;
		bad.uri = SLICE("/dir/index.htm");
		assert_false(digest_verify(&bad, &ha1, SLICE("GET")));
		bad = cred;
		bad.nonce = slice_from(cred.nonce, 1);
		assert_false(digest_verify(&bad, &ha1, SLICE("GET")));
		bad = cred;
		bad.nc_text = SLICE("00000002");
		assert_int_equal(digest_verify(&bad, &ha1, SLICE("GET")), !cred.has_qop);
	}
}

/* Responses that are no digest at all. */
static void test_malformed(void **state)
{
	static const struct slice responses[] = {
		SLICE_NONE,
		SLICE(""),
		SLICE("6629fae49393a05397450978507c4ef"),
		SLICE("6629fae49393a05397450978507c4ef11"),
		SLICE("6629fae49393a05397450978507c4eg1"),
		SLICE("6629fae49393a05397450978507c4e\0\1"),
		SLICE("753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
	};
	struct digest_credentials cred = credentials_of(0);
	struct digest_ha1 ha1 = ha1_of(0);
	(void)state;
	for (size_t i = 0; i < COUNT(responses); i++) {
		cred.response = responses[i];
		assert_false(digest_verify(&cred, &ha1, SLICE("GET")));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
