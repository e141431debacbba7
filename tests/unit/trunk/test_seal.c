#include "base/err.h"
#include "trunk/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct trunk_key key = {{1, 2, 3}}, other = {{9}};

static void test_there_and_back(void **state)
{
	uint8_t a[TRUNK_SEALED_BYTES], b[TRUNK_SEALED_BYTES];
	char back[TRUNK_SECRET_BYTES];
	(void)state;
	size_t n = trunk_seal(&key, "correct horse", a);
	assert_int_equal(n, 24 + 16 + 13);
	assert_null(memmem(a, n, "correct", 7));
	assert_int_equal(trunk_seal(&key, "correct horse", b), n);
	assert_memory_not_equal(a, b, n); /* the same password does not look the same twice */
	assert_int_equal(trunk_unseal(&key, slice_of((char *)a, n), back), 0);
	assert_string_equal(back, "correct horse");
	assert_int_equal(trunk_seal(&key, "", a), 0);
	assert_int_equal(trunk_unseal(&key, SLICE_NONE, back), 0);
	assert_string_equal(back, "");
}

static void test_not_ours(void **state)
{
	uint8_t sealed[TRUNK_SEALED_BYTES];
	char back[TRUNK_SECRET_BYTES] = "as it was";
	(void)state;
	size_t n = trunk_seal(&key, "secret", sealed);
	assert_int_equal(trunk_unseal(&other, slice_of((char *)sealed, n), back), ERR_DAMAGED);
	for (size_t i = 0; i < n; i++) {
		sealed[i] ^= 1;
		assert_int_equal(trunk_unseal(&key, slice_of((char *)sealed, n), back),
				 ERR_DAMAGED);
		sealed[i] ^= 1;
	}
	for (size_t less = 1; less < n; less++)
		assert_int_equal(trunk_unseal(&key, slice_of((char *)sealed, less), back),
				 ERR_DAMAGED);
	assert_string_equal(back, "as it was");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_not_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
