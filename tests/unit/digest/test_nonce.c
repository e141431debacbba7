#include "digest/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

#define NOW_MS	INT64_C(1790000000123)
#define LIFE_MS INT64_C(60000)

static const struct digest_nonce_key key = {{1, 2, 3}};

static struct slice nonce_at(int64_t wall_ms, uint64_t salt, char memory[DIGEST_NONCE_CHARS + 1])
{
	size_t n = digest_nonce_make(&key, wall_ms, salt, memory);
	assert_true(n > 0 && n <= DIGEST_NONCE_CHARS);
	assert_int_equal(memory[n], '\0');
	return slice_of(memory, n);
}

static void test_life(void **state)
{
	static const struct {
		int64_t age_ms;
		enum digest_nonce_state want;
	} rows[] = {
		{0, DIGEST_NONCE_GOOD},		 {LIFE_MS, DIGEST_NONCE_GOOD},
		{LIFE_MS + 1, DIGEST_NONCE_OLD}, {100 * LIFE_MS, DIGEST_NONCE_OLD},
		{-LIFE_MS, DIGEST_NONCE_GOOD},	 {-LIFE_MS - 1, DIGEST_NONCE_OLD},
	};
	char memory[DIGEST_NONCE_CHARS + 1];
	struct slice nonce = nonce_at(NOW_MS, 7, memory);
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t made_ms = 0;
		assert_int_equal(
			digest_nonce_check(&key, nonce, NOW_MS + rows[i].age_ms, LIFE_MS, &made_ms),
			rows[i].want);
		assert_int_equal(made_ms, NOW_MS);
	}
	assert_int_equal(digest_nonce_check(&key, nonce, NOW_MS, LIFE_MS, NULL), DIGEST_NONCE_GOOD);
}

/* Any changed, missing or added character makes it somebody else's; so does another key. */
static void test_foreign(void **state)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=\" \0";
	const struct digest_nonce_key other = {{1, 2, 4}};
	char memory[DIGEST_NONCE_CHARS + 1];
	struct slice nonce = nonce_at(NOW_MS, 7, memory);
	(void)state;
	for (size_t i = 0; i < nonce.n; i++) {
		char kept = memory[i];
		for (size_t k = 0; k < sizeof alphabet - 1; k++) {
			memory[i] = alphabet[k];
			if (kept != alphabet[k])
				assert_int_equal(
					digest_nonce_check(&key, nonce, NOW_MS, LIFE_MS, NULL),
					DIGEST_NONCE_FOREIGN);
		}
		memory[i] = kept;
	}
	for (size_t n = 0; n < nonce.n; n++)
		assert_int_equal(
			digest_nonce_check(&key, slice_of(memory, n), NOW_MS, LIFE_MS, NULL),
			DIGEST_NONCE_FOREIGN);
	assert_int_equal(
		digest_nonce_check(&key, slice_of(memory, nonce.n + 1), NOW_MS, LIFE_MS, NULL),
		DIGEST_NONCE_FOREIGN);
	assert_int_equal(digest_nonce_check(&other, nonce, NOW_MS, LIFE_MS, NULL),
			 DIGEST_NONCE_FOREIGN);
	assert_int_equal(digest_nonce_check(&key, SLICE_NONE, NOW_MS, LIFE_MS, NULL),
			 DIGEST_NONCE_FOREIGN);
}

static void test_salt(void **state)
{
	char a[DIGEST_NONCE_CHARS + 1], b[DIGEST_NONCE_CHARS + 1];
	(void)state;
	assert_false(slice_eq(nonce_at(NOW_MS, 1, a), nonce_at(NOW_MS, 2, b)));
	assert_true(slice_eq(nonce_at(NOW_MS, 1, a), nonce_at(NOW_MS, 1, b)));
}

/* Goes into a quoted string as it is. */
static void test_characters(void **state)
{
	(void)state;
	for (uint64_t salt = 0; salt < 1000; salt++) {
		char memory[DIGEST_NONCE_CHARS + 1];
		struct slice nonce = nonce_at(NOW_MS, salt * 0x9e3779b97f4a7c15u, memory);
		for (size_t i = 0; i < nonce.n; i++)
			assert_non_null(
				strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-_",
				       nonce.p[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_salt),
		cmocka_unit_test(test_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
