#include "provision/make.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct rng rng;

static struct draft draft_of(const char *password, const char *option_password)
{
	struct draft d;

	draft_init(&d);
	assert_null(draft_take(&d, DRAFT_NUMBER, "05010000014"));
	assert_null(draft_take(&d, DRAFT_CUSTOMER, "C9000013"));
	assert_null(draft_take(&d, DRAFT_ACCOUNT, "10000012"));
	d.password = password;
	d.option_password = option_password;
	return d;
}

static bool fits(const char *hash, const char *secret)
{
	return crypto_pwhash_str_verify(hash, secret, strlen(secret)) == 0;
}

static void test_given(void **state)
{
	struct draft d = draft_of("given-password", "given-option");
	struct digest_ha1 ha1;
	struct made m;

	(void)state;
	assert_int_equal(made_of(&d, "a.example", &rng, true, NULL, 1234, &m), 0);
	assert_int_equal(
		digest_ha1(SLICE("10000012"), SLICE("a.example"), SLICE("given-password"), &ha1),
		0);
	assert_memory_equal(m.n.ha1_md5, ha1.md5, sizeof(ha1.md5));
	assert_memory_equal(m.n.ha1_sha256, ha1.sha256, sizeof(ha1.sha256));
	assert_string_equal(m.password, "");
	assert_string_equal(m.option_password, "");
	assert_true(fits(m.option_hash, "given-option"));
	assert_non_null(strstr(m.option_hash, "m=65536"));
	assert_int_equal(m.n.created_at, 1234);
}

static void test_made(void **state)
{
	struct draft d = draft_of(NULL, NULL);
	struct made m, other;

	(void)state;
	assert_int_equal(made_of(&d, "a.example", &rng, true, NULL, 1, &m), 0);
	assert_int_equal(strlen(m.password), SECRET_CHARS);
	assert_true(fits(m.option_hash, m.option_password));
	assert_int_equal(made_of(&d, "a.example", &rng, false, NULL, 1, &other), 0);
	assert_string_not_equal(m.password, other.password);
	assert_string_equal(other.option_hash, "");
	assert_string_equal(other.option_password, "");
	assert_int_equal(made_of(&d, "a.example", &rng, false, "hashed", 1, &other), 0);
	assert_string_equal(other.option_hash, "hashed");
}

static void test_directory(void **state)
{
	struct draft d = draft_of("given-password", NULL);
	struct directory_number n;
	struct made m;

	(void)state;
	assert_null(draft_take(&d, DRAFT_POLICY, "fork"));
	assert_null(draft_take(&d, DRAFT_SUSPENDED, "yes"));
	assert_int_equal(made_of(&d, "a.example", &rng, false, NULL, 1, &m), 0);
	made_directory(&m.n, &n);
	assert_string_equal(n.number, "05010000014");
	assert_string_equal(n.account, "10000012");
	assert_string_equal(n.customer, "C9000013");
	assert_string_equal(n.realm, "a.example");
	assert_int_equal(n.policy, REG_FORK);
	assert_true(n.suspended);
	assert_memory_equal(n.ha1.md5, m.n.ha1_md5, sizeof(n.ha1.md5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_made),
		cmocka_unit_test(test_directory),
	};

	rng_init_os(&rng);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
