#include "base/err.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_texts(void **state)
{
	static const struct {
		int err;
		const char *text;
	} rows[] = {
		{0, "success"},
		{ERR_NOMEM, "out of memory"},
		{ERR_TOO_BIG, "too big"},
		{ERR_DAMAGED, "data damaged"},
		{1, "unknown error"},
		{-1000, "unknown error"},
		{-ERR_INDEX_COUNT - 1, "unknown error"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(err_text(rows[i].err), rows[i].text);
}

static void test_every_code_has_its_own_text(void **state)
{
	(void)state;
	for (int a = -1; a >= -ERR_INDEX_COUNT; a--) {
		assert_string_not_equal(err_text(a), "unknown error");
		for (int b = a - 1; b >= -ERR_INDEX_COUNT; b--)
			assert_string_not_equal(err_text(a), err_text(b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_every_code_has_its_own_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
