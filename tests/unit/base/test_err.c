#include "base/err.h"

#include <string.h>

#include <errno.h>
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

static void test_of_file(void **state)
{
	static const struct {
		int errno_value, err;
	} rows[] = {
		{ENOSPC, ERR_LIMIT},  {EDQUOT, ERR_LIMIT}, {EFBIG, ERR_LIMIT},
		{EACCES, ERR_DENIED}, {EPERM, ERR_DENIED}, {EROFS, ERR_DENIED},
		{ENOMEM, ERR_NOMEM},  {EIO, ERR_IO},	   {ENOENT, ERR_IO},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(err_of_file(rows[i].errno_value), rows[i].err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_every_code_has_its_own_text),
		cmocka_unit_test(test_of_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
