#include "base/arena.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BYTES 256u

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#endif

static int setup(void **state)
{
	*state = malloc(BYTES);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void test_alloc(void **state)
{
	struct arena a;
	char *p;

	memset(*state, 'z', BYTES);
	arena_init(&a, *state, BYTES);
	for (size_t n = 1; (p = arena_alloc(&a, n)) != NULL; n++) {
		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		assert_true(p + n <= (char *)*state + BYTES);
	}
	assert_true(a.used_bytes > BYTES / 2);
}

static void test_exactly_full(void **state)
{
	struct arena a;

	arena_init(&a, *state, BYTES);
	assert_null(arena_alloc(&a, BYTES + 1));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_ptr_equal(arena_alloc(&a, BYTES), *state);
	assert_null(arena_alloc(&a, 1));
	arena_reset(&a);
	assert_ptr_equal(arena_alloc(&a, 8), *state);
	assert_ptr_equal(arena_take(&a, 8), (char *)*state + 16);
	assert_null(arena_take(&a, BYTES));
}

static void test_unaligned_memory(void **state)
{
	struct arena a;

	arena_init(&a, (char *)*state + 1, BYTES - 1);
	assert_int_equal((uintptr_t)arena_alloc(&a, 16) % 16, 0);
	arena_init(&a, (char *)*state + 1, 3);
	assert_null(arena_alloc(&a, 1));
}

static void test_copy(void **state)
{
	struct arena a;

	arena_init(&a, *state, 32);
	assert_string_equal(arena_copy(&a, SLICE("hello")), "hello");
	assert_string_equal(arena_copy(&a, SLICE_NONE), "");
	assert_null(arena_copy(&a, SLICE("sixteen bytes...")));
}

#ifdef WITH_ASAN
static void test_poison(void **state)
{
	char on_stack[64];
	struct arena a;
	char *p;

	arena_init(&a, *state, BYTES);
	assert_true(__asan_address_is_poisoned(*state));
	p = arena_alloc(&a, 20);
	assert_false(__asan_address_is_poisoned(p + 19));
	assert_true(__asan_address_is_poisoned(p + 20));
	(void)arena_copy(&a, SLICE("abc"));
	assert_true(__asan_address_is_poisoned(p + 36));
	arena_reset(&a);
	assert_true(__asan_address_is_poisoned(p));
	arena_init(&a, on_stack, sizeof(on_stack)); /* would outlive the frame */
	assert_false(__asan_address_is_poisoned(on_stack + 1));
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_alloc, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exactly_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unaligned_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
#ifdef WITH_ASAN
		cmocka_unit_test_setup_teardown(test_poison, setup, teardown),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
