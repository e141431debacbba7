#include "digest/digest_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static void check_hex(const uint8_t *bytes, size_t n, const char *want)
{
	char hex[2 * DIGEST_HA1_BYTES + 1];
	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	assert_string_equal(hex, want);
}

/* Users and passwords of RFC 2617 §3.5 and RFC 7616 §3.9.1; the sums by md5sum and sha256sum. */
static void test_ha1(void **state)
{
	static const struct {
		const char *user, *realm, *password, *md5, *sha256;
	} rows[] = {
		{"Mufasa", "testrealm@host.com", "Circle Of Life",
		 "939e7578ed9e3c518a452acee763bce9",
		 "3ba6cd94661c5ef34598040c868f13b8775df29109986be50ad35ae537dd3aa4"},
		{"Mufasa", "http-auth@example.org", "Circle of Life",
		 "3d78807defe7de2157e2b0b6573a855f",
		 "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"},
		{"", "", "", "4501c091b0366d76ea3218b6cfdd8097",
		 "71546855d6279ef70d20909b292c42c2dcb02cd06bde01485da52d13e304ebf4"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct digest_ha1 ha1;
		assert_int_equal(digest_ha1(slice_str(rows[i].user), slice_str(rows[i].realm),
					    slice_str(rows[i].password), &ha1),
				 0);
		check_hex(ha1.md5, sizeof ha1.md5, rows[i].md5);
		check_hex(ha1.sha256, sizeof ha1.sha256, rows[i].sha256);
	}
}

/* An empty password is one, whether its slice has a pointer or not. */
static void test_no_password(void **state)
{
	struct digest_ha1 a, b;
	(void)state;
	assert_int_equal(digest_ha1(SLICE("u"), SLICE("r"), SLICE(""), &a), 0);
	assert_int_equal(digest_ha1(SLICE("u"), SLICE("r"), SLICE_NONE, &b), 0);
	assert_memory_equal(&a, &b, sizeof a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ha1),
		cmocka_unit_test(test_no_password),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
