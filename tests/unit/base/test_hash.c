#include "base/hash.h"

#include <sodium.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The reference vectors of SipHash-2-4 (Aumasson and Bernstein): key 00..0f, input 00, 00 01, ...
 */
static void test_reference_vectors(void **state)
{
	static const struct {
		size_t n;
		uint64_t want;
	} rows[] = {
		{0, 0x726fdb47dd0e0e31u}, {1, 0x74f839c593dc67fdu},  {7, 0xab0200f58b01d137u},
		{8, 0x93f5f5799a932462u}, {15, 0xa129ca6149be45e5u},
	};
	struct hash_key key;
	char in[16];

	(void)state;
	for (size_t i = 0; i < 16; i++) {
		key.bytes[i] = (uint8_t)i;
		in[i] = (char)i;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(hash_slice(&key, slice_of(in, rows[i].n)) == rows[i].want);
	assert_true(hash_slice(&key, SLICE_NONE) == rows[0].want);
	assert_true(hash_u64(&key, 0x0706050403020100u) == rows[3].want);
}

static void test_key_matters(void **state)
{
	const struct hash_key a = {{1}}, b = {{2}};

	(void)state;
	assert_true(hash_u64(&a, 1) != hash_u64(&b, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reference_vectors),
		cmocka_unit_test(test_key_matters),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
