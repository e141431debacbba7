#include "base/err.h"
#include "digest/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

#define FIVE                                                                                       \
	"username=\"10000012\", realm=\"example.com\", nonce=\"abc\", uri=\"sip:example.com\", "   \
	"response=\"00\""

static struct digest_credentials parsed(const char *text)
{
	struct digest_credentials cred;
	if (digest_credentials_parse(slice_str(text), &cred) != 0)
		fail_msg("refused: %s", text);
	return cred;
}

static void check_five(const struct digest_credentials *cred)
{
	assert_true(slice_eq(cred->username, SLICE("10000012")));
	assert_true(slice_eq(cred->realm, SLICE("example.com")));
	assert_true(slice_eq(cred->nonce, SLICE("abc")));
	assert_true(slice_eq(cred->uri, SLICE("sip:example.com")));
	assert_true(slice_eq(cred->response, SLICE("00")));
}

static void test_all(void **state)
{
	struct digest_credentials cred = parsed(
		"Digest " FIVE ", algorithm=SHA-256, cnonce=\"x,y\", opaque=\"o\", qop=auth, "
		"nc=0000001f, extra=\"e\"");
	(void)state;
	check_five(&cred);
	assert_int_equal(cred.algorithm, DIGEST_SHA256);
	assert_true(slice_eq(cred.cnonce, SLICE("x,y")));
	assert_true(slice_eq(cred.opaque, SLICE("o")));
	assert_true(cred.has_qop);
	assert_int_equal(cred.nc, 0x1f);
	assert_true(slice_eq(cred.nc_text, SLICE("0000001f")));
}

/* All of them say the same. */
static void test_spellings(void **state)
{
	static const char *const rows[] = {
		"Digest " FIVE,
		"digest " FIVE,
		"DIGEST\t " FIVE "  ",
		"  Digest " FIVE ",",
		"Digest username = \"10000012\" ,realm= \"example.com\",\r\n nonce =\"abc\","
		"uri=\"sip:example.com\",response=\"00\"",
		"Digest response=00, uri=sip:example.com, nonce=abc, realm=example.com, "
		"username=10000012",
		"Digest USERNAME=\"10000012\",Realm=\"example.com\",nonce=\"abc\","
		"uri=\"sip:example.com\",response=\"00\"",
		"Digest username=\"10000012\" realm=\"example.com\" nonce=\"abc\" "
		"uri=\"sip:example.com\" response=\"00\"",
		"Digest " FIVE ", algorithm=MD5",
		"Digest " FIVE ", algorithm=md5",
		"Digest " FIVE ", algorithm=\"MD5\"",
		"Digest " FIVE ", userhash=false",
		"Digest " FIVE ", auth-param=, x=\"\"",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct digest_credentials cred = parsed(rows[i]);
		check_five(&cred);
		assert_int_equal(cred.algorithm, DIGEST_MD5);
		assert_false(cred.has_qop);
	}
}

static void test_qop(void **state)
{
	static const char *const rows[] = {
		"qop=auth",
		"qop=\"auth\"",
		"qop=AUTH",
		"qop=\"auth,auth-int\"",
		"qop=\"auth-int, auth\"",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[512] = "Digest " FIVE ", nc=1, cnonce=\"c\", ";
		strcat(text, rows[i]);
		assert_true(parsed(text).has_qop);
	}
}

/* Escapes end no quoted string, and stay. */
static void test_escapes(void **state)
{
	struct digest_credentials cred = parsed(
		"Digest username=\"a\\\"b\\\\\", realm=\"\", nonce=\"\", uri=\"\", response=\"\"");
	(void)state;
	assert_true(slice_eq(cred.username, SLICE("a\\\"b\\\\")));
	assert_true(cred.realm.p && cred.realm.n == 0);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		int want;
	} rows[] = {
		{"", ERR_SYNTAX},
		{"   ", ERR_SYNTAX},
		{"Digest", ERR_SYNTAX},
		{"Basic YTpi", ERR_UNSUPPORTED},
		{"DigestX " FIVE, ERR_UNSUPPORTED},
		{"Digest username=\"10000012\"", ERR_SYNTAX},
		{"Digest realm=\"r\", nonce=\"n\", uri=\"u\", response=\"00\"", ERR_SYNTAX},
		{"Digest username=\"a\", nonce=\"n\", uri=\"u\", response=\"00\"", ERR_SYNTAX},
		{"Digest username=\"a\", realm=\"r\", uri=\"u\", response=\"00\"", ERR_SYNTAX},
		{"Digest username=\"a\", realm=\"r\", nonce=\"n\", response=\"00\"", ERR_SYNTAX},
		{"Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\"", ERR_SYNTAX},
		{"Digest " FIVE ", username=\"b\"", ERR_SYNTAX},
		{"Digest " FIVE ", NONCE=\"b\"", ERR_SYNTAX},
		{"Digest " FIVE ", opaque=\"b", ERR_SYNTAX},
		{"Digest " FIVE ", opaque=\"b\\\"", ERR_SYNTAX},
		{"Digest " FIVE ", opaque=\"b\\", ERR_SYNTAX},
		{"Digest " FIVE ", opaque", ERR_SYNTAX},
		{"Digest " FIVE ", =x", ERR_SYNTAX},
		{"Digest " FIVE ", qop=auth", ERR_SYNTAX},
		{"Digest " FIVE ", qop=auth, nc=00000001", ERR_SYNTAX},
		{"Digest " FIVE ", qop=auth, cnonce=\"c\"", ERR_SYNTAX},
		{"Digest " FIVE ", nc=000000001", ERR_SYNTAX},
		{"Digest " FIVE ", nc=x", ERR_SYNTAX},
		{"Digest " FIVE ", nc=", ERR_SYNTAX},
		{"Digest " FIVE ", qop=auth-int, nc=1, cnonce=\"c\"", ERR_UNSUPPORTED},
		{"Digest " FIVE ", qop=\"\", nc=1, cnonce=\"c\"", ERR_UNSUPPORTED},
		{"Digest " FIVE ", algorithm=MD5-sess", ERR_UNSUPPORTED},
		{"Digest " FIVE ", algorithm=SHA-512-256", ERR_UNSUPPORTED},
		{"Digest " FIVE ", algorithm=AKAv1-MD5", ERR_UNSUPPORTED},
		{"Digest " FIVE ", algorithm=", ERR_UNSUPPORTED},
		{"Digest " FIVE ", userhash=true", ERR_UNSUPPORTED},
		{"Digest " FIVE ", username*=UTF-8''a", ERR_UNSUPPORTED},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct digest_credentials cred = {.nc = 77};
		if (digest_credentials_parse(slice_str(rows[i].text), &cred) != rows[i].want)
			fail_msg("%s", rows[i].text);
		assert_int_equal(cred.nc, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),	cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_qop),	cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
