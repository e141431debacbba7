#include "digest/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static void test_write(void **state)
{
	static const struct {
		const char *realm, *nonce;
		enum digest_algorithm algorithm;
		bool stale;
		const char *want;
	} rows[] = {
		{"example.com", "abc", DIGEST_MD5, false,
		 "Digest realm=\"example.com\", nonce=\"abc\", algorithm=MD5, qop=\"auth\""},
		{"example.com", "abc", DIGEST_SHA256, true,
		 "Digest realm=\"example.com\", nonce=\"abc\", algorithm=SHA-256, qop=\"auth\", "
		 "stale=true"},
		{"a\"b\\c", "abc", DIGEST_MD5, false,
		 "Digest realm=\"a\\\"b\\\\c\", nonce=\"abc\", algorithm=MD5, qop=\"auth\""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char memory[256];
		struct strbuf b;
		strbuf_init(&b, memory, sizeof memory);
		digest_challenge_write(&b, slice_str(rows[i].realm), slice_str(rows[i].nonce),
				       rows[i].algorithm, rows[i].stale);
		assert_false(b.failed);
		assert_true(slice_eq(strbuf_slice(&b), slice_str(rows[i].want)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
