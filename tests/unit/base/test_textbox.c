#include "base/err.h"
#include "base/rng.h"
#include "base/textbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPANS 8
#define BYTES 100

struct fixture {
	char bytes[BYTES];
	uint16_t used;
	struct span spans[SPANS];
	struct textbox box;
};

static void make(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->box = (struct textbox){.bytes = f->bytes,
				  .cap_bytes = BYTES,
				  .used = &f->used,
				  .spans = f->spans,
				  .span_count = SPANS};
}

static void assert_holds(struct fixture *f, uint16_t i, const char *want)
{
	struct slice s = textbox_get(f->box.bytes, f->spans[i]);

	assert_non_null(s.p);
	if (!slice_eq(s, slice_str(want)))
		fail_msg("span %u: \"%.*s\" instead of \"%s\"", i, SLICE_ARG(s), want);
}

static void test_set_get_clear(void **state)
{
	struct fixture f;

	(void)state;
	make(&f);
	assert_null(textbox_get(f.box.bytes, f.spans[0]).p);
	assert_int_equal(textbox_set(&f.box, 0, SLICE("hello")), 0);
	assert_int_equal(textbox_set(&f.box, 1, SLICE("")), 0);
	assert_holds(&f, 0, "hello");
	assert_holds(&f, 1, "");
	textbox_clear(&f.box, 1);
	assert_null(textbox_get(f.box.bytes, f.spans[1]).p);
	assert_int_equal(textbox_set(&f.box, 0, SLICE_NONE), 0);
	assert_null(textbox_get(f.box.bytes, f.spans[0]).p);
	assert_int_equal(f.used, 0);
}

static void test_empty_first(void **state)
{
	struct fixture f;

	(void)state;
	make(&f);
	assert_int_equal(textbox_set(&f.box, 0, SLICE("")), 0);
	assert_holds(&f, 0, "");
	assert_int_equal(textbox_set(&f.box, 1, SLICE("x")), 0);
	assert_holds(&f, 0, "");
	assert_holds(&f, 1, "x");
	assert_int_equal(textbox_set(&f.box, 1, SLICE("")), 0);
	assert_holds(&f, 1, "");
}

static void test_own_string(void **state)
{
	struct fixture f;
	struct slice own;

	(void)state;
	make(&f);
	assert_int_equal(textbox_set(&f.box, 0, SLICE("abcdef")), 0);
	own = textbox_get(f.box.bytes, f.spans[0]);
	assert_int_equal(textbox_set(&f.box, 0, own), 0);
	assert_holds(&f, 0, "abcdef");
	assert_int_equal(textbox_set(&f.box, 0, slice_from(own, 2)), 0);
	assert_holds(&f, 0, "cdef");
}

static void test_full_then_compacted(void **state)
{
	struct fixture f;
	char big[BYTES + 1];

	(void)state;
	make(&f);
	memset(big, 'x', sizeof(big));
	assert_int_equal(textbox_set(&f.box, 0, slice_of(big, 50)), 0);
	assert_int_equal(textbox_set(&f.box, 1, slice_of(big, 50)), 0);
	assert_int_equal(textbox_set(&f.box, 2, SLICE("y")), ERR_TOO_BIG);
	assert_int_equal(textbox_set(&f.box, 0, slice_of(big, 51)), ERR_TOO_BIG);
	assert_int_equal(textbox_get(f.box.bytes, f.spans[0]).n, 50); /* nothing has changed */
	assert_int_equal(textbox_set(&f.box, 0, SLICE("short")), 0);
	assert_int_equal(textbox_set(&f.box, 2, slice_of(big, 45)), 0);
	assert_holds(&f, 0, "short");
	assert_int_equal(textbox_set(&f.box, 3, SLICE("y")), ERR_TOO_BIG);
	textbox_clear(&f.box, 0);
	textbox_clear(&f.box, 1);
	textbox_clear(&f.box, 2);
	assert_int_equal(textbox_set(&f.box, 3, slice_of(big, BYTES + 1)), ERR_TOO_BIG);
	assert_int_equal(textbox_set(&f.box, 3, slice_of(big, BYTES)), 0);
	assert_int_equal(textbox_set(&f.box, 4, SLICE("")), 0); /* takes no place */
	assert_holds(&f, 4, "");
}

static void test_random(void **state)
{
	static const uint8_t seed[RNG_SEED_BYTES] = {4};
	struct {
		char text[BYTES];
		int n; /* -1: absent */
	} model[SPANS];
	struct fixture f;
	struct rng rng;

	(void)state;
	rng_init(&rng, seed);
	make(&f);
	for (int i = 0; i < SPANS; i++)
		model[i].n = -1;
	for (int step = 0; step < 100000; step++) {
		uint16_t k = (uint16_t)rng_below(&rng, SPANS);
		int n = (int)rng_below(&rng, 36) - 2, sum = n > 0 ? n : 0, err;
		char text[BYTES];

		for (int i = 0; i < SPANS; i++)
			sum += i != k && model[i].n > 0 ? model[i].n : 0;
		if (n < 0) {
			textbox_clear(&f.box, k);
			model[k].n = -1;
		} else {
			rng_bytes(&rng, text, (size_t)n);
			err = textbox_set(&f.box, k, slice_of(text, (size_t)n));
			assert_int_equal(err, sum > BYTES ? ERR_TOO_BIG : 0);
			if (!err) {
				memcpy(model[k].text, text, (size_t)n);
				model[k].n = n;
			}
		}
		for (int i = 0; i < SPANS; i++) {
			struct slice s = textbox_get(f.box.bytes, f.spans[i]);

			assert_int_equal(s.p ? (int)s.n : -1, model[i].n);
			assert_memory_equal(s.p ? s.p : "", model[i].text, s.n);
		}
		assert_true(f.used <= BYTES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_get_clear), cmocka_unit_test(test_empty_first),
		cmocka_unit_test(test_own_string),    cmocka_unit_test(test_full_then_compacted),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
