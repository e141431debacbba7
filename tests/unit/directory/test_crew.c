#include "directory/crew.h"

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct tally {
	atomic_int count;
	_Atomic int64_t sum;
	int64_t fails_at;
};

static int add(void *ctx, const struct load_item *item)
{
	struct tally *t = ctx;

	if (item->at_ms == t->fails_at)
		return ERR_NOMEM;
	assert_int_equal(item->bytes.n, 100);
	assert_int_equal(item->bytes.p[99], (char)item->at_ms);
	atomic_fetch_add(&t->count, 1);
	atomic_fetch_add(&t->sum, item->at_ms);
	return 0;
}

static int run(struct tally *t, int64_t count)
{
	struct crew *c;
	int r = crew_new(add, t, &c), done;

	assert_int_equal(r, 0);
	for (int64_t i = 1; i <= count && r == 0; i++) {
		struct batch *b = crew_batch(c);
		struct load_item *item = &b->items[b->count];

		item->at_ms = i;
		item->bytes = slice_of(b->bytes + b->used_bytes, 100);
		memset(b->bytes + b->used_bytes, (int)(char)i, 100);
		b->used_bytes += 100;
		r = crew_add(c);
	}
	done = crew_wait(c);
	crew_free(c);
	return r ? r : done;
}

static void test_all_is_done(void **state)
{
	static const int64_t counts[] = {0,	1, BATCH_ITEMS - 1, BATCH_ITEMS, BATCH_ITEMS + 1,
					 100000};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct tally t = {.fails_at = -1};

		assert_int_equal(run(&t, counts[i]), 0);
		assert_int_equal(t.count, counts[i]);
		assert_int_equal(t.sum, counts[i] * (counts[i] + 1) / 2);
	}
}

static void test_an_error_ends_it(void **state)
{
	struct tally early = {.fails_at = 5}, last = {.fails_at = 50000};

	(void)state;
	assert_int_equal(run(&early, 1000000), ERR_NOMEM);
	assert_true(early.count < 1000000);
	assert_int_equal(run(&last, 50000), ERR_NOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_done),
		cmocka_unit_test(test_an_error_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
