#include "digest/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

#define NOW_MS INT64_C(1790000000123)

static const struct digest_nonce_key key = {{1}};

struct step {
	int64_t made_ms; /* of the nonce, from NOW_MS on */
	uint64_t salt;
	uint32_t nc;
	bool want;
};

static void play(const struct step *steps, size_t count)
{
	struct digest_replay r = {0};
	for (size_t i = 0; i < count; i++) {
		char memory[DIGEST_NONCE_CHARS + 1];
		size_t n =
			digest_nonce_make(&key, NOW_MS + steps[i].made_ms, steps[i].salt, memory);
		if (digest_replay_check(&r, slice_of(memory, n), steps[i].nc) != steps[i].want)
			fail_msg("step %zu", i);
	}
}

static void test_counts(void **state)
{
	static const struct step steps[] = {
		{0, 0, 1, true},	   {0, 0, 1, false},  {0, 0, 2, true},
		{0, 0, 5, true},	   {0, 0, 3, true},   {0, 0, 4, true},
		{0, 0, 4, false},	   {0, 0, 5, false},  {0, 0, 68, true},
		{0, 0, 5, false},	   {0, 0, 4, false},  {0, 0, 6, true},
		{0, 0, 6, false},	   {0, 0, 131, true}, {0, 0, 68, false},
		{0, 0, 67, false},	   {0, 0, 69, true},  {0, 0, 1000, true},
		{0, 0, 936, false},	   {0, 0, 937, true}, {0, 0, UINT32_MAX, true},
		{0, 0, UINT32_MAX, false}, {0, 0, 0, false},
	};
	(void)state;
	play(steps, COUNT(steps));
}

/* Back to an earlier nonce is a replay, though only the last one is remembered. */
static void test_nonces(void **state)
{
	static const struct step steps[] = {
		{0, 0, 1, true},     {1000, 0, 1, true}, {0, 0, 1, false},     {0, 0, 2, false},
		{1000, 0, 1, false}, {1000, 0, 2, true}, {599000, 0, 1, true}, {0, 0, 3, false},
	};
	(void)state;
	play(steps, COUNT(steps));
}

/* Without qop there is no count: one use for a nonce. */
static void test_no_count(void **state)
{
	static const struct step steps[] = {
		{0, 0, 0, true},
		{0, 0, 0, false},
		{1, 0, 0, true},
		{1, 0, 0, false},
	};
	(void)state;
	play(steps, COUNT(steps));
}

static void test_clock_set_back(void **state)
{
	static const struct step steps[] = {
		{3600000, 0, 1, true},
		{0, 0, 1, true},
		{0, 0, 1, false},
		{1000, 0, 1, true},
	};
	(void)state;
	play(steps, COUNT(steps));
}

/* Of two nonces of one millisecond one counts as the later; never do both work again and again. */
static void test_same_millisecond(void **state)
{
	(void)state;
	for (uint64_t salt = 0; salt < 100; salt++) {
		char a[DIGEST_NONCE_CHARS + 1], b[DIGEST_NONCE_CHARS + 1];
		size_t n = digest_nonce_make(&key, NOW_MS, 2 * salt, a);
		struct digest_replay r = {0};
		digest_nonce_make(&key, NOW_MS, 2 * salt + 1, b);
		assert_true(digest_replay_check(&r, slice_of(a, n), 1));
		digest_replay_check(&r, slice_of(b, n), 1);
		assert_false(digest_replay_check(&r, slice_of(a, n), 1));
		assert_false(digest_replay_check(&r, slice_of(b, n), 1));
	}
}

static void test_foreign(void **state)
{
	struct digest_replay r = {0};
	(void)state;
	assert_false(digest_replay_check(&r, SLICE("abc"), 1));
	assert_false(digest_replay_check(&r, SLICE_NONE, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),		 cmocka_unit_test(test_nonces),
		cmocka_unit_test(test_no_count),	 cmocka_unit_test(test_clock_set_back),
		cmocka_unit_test(test_same_millisecond), cmocka_unit_test(test_foreign),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
