#include "base/spell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_distance(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} rows[] = {
		{"", "", 0},
		{"a", "", 1},
		{"", "ab", 2},
		{"domain", "domain", 0},
		{"domian", "domain", 1},
		{"doman", "domain", 1},
		{"domaiin", "domain", 1},
		{"dumain", "domain", 1},
		{"list", "show", 4},
		{"ca", "abc", 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(spell_distance(slice_str(rows[i].a), slice_str(rows[i].b)),
				 rows[i].distance);
}

static void test_too_long(void **state)
{
	static const char text[] = "a-word-that-is-longer-than-any-word-we-know";
	struct slice word = slice_str(text);

	(void)state;
	assert_int_equal(spell_distance(word, word), SPELL_CHARS);
	assert_int_equal(spell_distance(slice_first(word, SPELL_CHARS), SLICE("")), SPELL_CHARS);
}

static void test_near(void **state)
{
	(void)state;
	assert_true(spell_is_near(SLICE("lst"), SLICE("list")));
	assert_true(spell_is_near(SLICE("registrtaoins"), SLICE("registrations")));
	assert_false(spell_is_near(SLICE("shop"), SLICE("list")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
