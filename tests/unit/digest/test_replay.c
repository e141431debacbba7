#include "base/err.h"
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

static struct digest_replay *fresh(uint32_t sets)
{
	struct digest_replay *r;
	assert_int_equal(digest_replay_new(sets, &r), 0);
	return r;
}

static void play(const struct step *steps, size_t count)
{
	struct digest_replay *r = fresh(1);
	for (size_t i = 0; i < count; i++) {
		char memory[DIGEST_NONCE_CHARS + 1];
		size_t n =
			digest_nonce_make(&key, NOW_MS + steps[i].made_ms, steps[i].salt, memory);
		if (digest_replay_check(r, slice_of(memory, n), steps[i].nc) != steps[i].want)
			fail_msg("step %zu", i);
	}
	digest_replay_free(r);
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

/* Calls that are set up at the same time: each nonce has its own count, in whatever order they
 * come. */
static void test_several_nonces(void **state)
{
	static const struct step steps[] = {
		{1000, 0, 1, true}, {0, 0, 1, true},	 {0, 0, 1, false},   {2000, 0, 1, true},
		{0, 0, 2, true},    {1000, 0, 1, false}, {1000, 0, 2, true}, {0, 0, 2, false},
	};
	(void)state;
	play(steps, COUNT(steps));
}

/* Eight are remembered; what is older than one that gave way is refused, used or not. */
static void test_forgotten_nonces(void **state)
{
	static const struct step steps[] = {
		{100, 0, 1, true}, {200, 0, 1, true},  {300, 0, 1, true},  {400, 0, 1, true},
		{500, 0, 1, true}, {600, 0, 1, true},  {700, 0, 1, true},  {800, 0, 1, true},
		{900, 0, 1, true}, {100, 0, 2, false}, {50, 0, 1, false},  {200, 0, 1, false},
		{200, 0, 2, true}, {150, 0, 1, true},  {200, 0, 3, false}, {900, 0, 1, false},
		{900, 0, 2, true},
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
		{3600100, 0, 1, true}, {3600200, 0, 1, true}, {3600300, 0, 1, true},
		{3600400, 0, 1, true}, {3600500, 0, 1, true}, {3600600, 0, 1, true},
		{3600700, 0, 1, true}, {3600800, 0, 1, true}, {3600900, 0, 1, true},
		{0, 0, 1, true},       {0, 0, 1, false},      {1000, 0, 1, true},
	};
	(void)state;
	play(steps, COUNT(steps));
}

static void test_same_millisecond(void **state)
{
	struct digest_replay *r = fresh(64);
	(void)state;
	for (uint64_t salt = 0; salt < 100; salt++) {
		char a[DIGEST_NONCE_CHARS + 1], b[DIGEST_NONCE_CHARS + 1];
		size_t n = digest_nonce_make(&key, NOW_MS, 2 * salt, a);
		digest_nonce_make(&key, NOW_MS, 2 * salt + 1, b);
		assert_true(digest_replay_check(r, slice_of(a, n), 1));
		assert_true(digest_replay_check(r, slice_of(b, n), 1));
		assert_false(digest_replay_check(r, slice_of(a, n), 1));
		assert_false(digest_replay_check(r, slice_of(b, n), 1));
	}
	digest_replay_free(r);
}

static void test_foreign(void **state)
{
	struct digest_replay *r = fresh(1);
	(void)state;
	assert_false(digest_replay_check(r, SLICE("abc"), 1));
	assert_false(digest_replay_check(r, SLICE_NONE, 1));
	digest_replay_free(r);
}

static void test_sets(void **state)
{
	struct digest_replay *r;
	(void)state;
	assert_int_equal(digest_replay_new(0, &r), ERR_INVALID);
	assert_int_equal(digest_replay_new(3, &r), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),		 cmocka_unit_test(test_several_nonces),
		cmocka_unit_test(test_forgotten_nonces), cmocka_unit_test(test_no_count),
		cmocka_unit_test(test_clock_set_back),	 cmocka_unit_test(test_same_millisecond),
		cmocka_unit_test(test_foreign),		 cmocka_unit_test(test_sets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
