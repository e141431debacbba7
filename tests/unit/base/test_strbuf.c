#include "base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_appends(void **state)
{
	char memory[64];
	struct strbuf b;

	(void)state;
	strbuf_init(&b, memory, sizeof(memory));
	strbuf_str(&b, "a");
	strbuf_add(&b, SLICE("bc"));
	strbuf_add(&b, SLICE_NONE);
	strbuf_char(&b, ' ');
	strbuf_u64(&b, 0);
	strbuf_char(&b, ' ');
	strbuf_u64(&b, UINT64_MAX);
	strbuf_fmt(&b, " %d%s", -7, "x");
	assert_false(b.failed);
	assert_true(slice_eq(strbuf_slice(&b), SLICE("abc 0 18446744073709551615 -7x")));
}

static void test_never_overflows(void **state)
{
	char memory[5] = "....z";
	struct strbuf b;

	(void)state;
	strbuf_init(&b, memory, 4);
	strbuf_str(&b, "abcd"); /* to the last byte */
	assert_false(b.failed);
	strbuf_add(&b, SLICE_NONE);
	strbuf_str(&b, "");
	assert_false(b.failed);
	strbuf_char(&b, 'e');
	assert_true(b.failed);
	assert_true(slice_eq(strbuf_slice(&b), SLICE("abcd")));
	assert_int_equal(memory[4], 'z');
}

static void test_stays_failed(void **state)
{
	char memory[4];
	struct strbuf b;

	(void)state;
	strbuf_init(&b, memory, sizeof(memory));
	strbuf_str(&b, "ab");
	strbuf_str(&b, "cde");
	strbuf_char(&b, 'f'); /* would fit, but would leave a hole in the text */
	strbuf_fmt(&b, "g");
	strbuf_u64(&b, 1);
	assert_true(b.failed);
	assert_true(slice_eq(strbuf_slice(&b), SLICE("ab")));
}

static void test_fmt_wants_room_for_nul(void **state)
{
	char memory[4];
	struct strbuf b;

	(void)state;
	strbuf_init(&b, memory, sizeof(memory));
	strbuf_fmt(&b, "%s", "abc");
	assert_false(b.failed);
	strbuf_fmt(&b, "%s", "d");
	assert_true(b.failed);
	strbuf_init(&b, NULL, 0);
	strbuf_fmt(&b, "x");
	assert_true(b.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appends),
		cmocka_unit_test(test_never_overflows),
		cmocka_unit_test(test_stays_failed),
		cmocka_unit_test(test_fmt_wants_room_for_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
