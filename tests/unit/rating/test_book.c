#include "lists.h"

static int64_t cost(const struct rating_book *b, const char *day)
{
	struct rating_call c = a_call("0312345678", day, 1);
	struct rating_charge got;
	rating_book_charge(b, &c, &got);
	return got.row ? got.uyen / UYEN_PER_YEN : -1;
}

static void add(struct rating_book *b, const char *from, const char *csv)
{
	assert_int_equal(rating_book_add(b, a_day(from), a_list(csv)), 0);
}

/* What was charged in a month that is over stays, whatever is imported later. */
static void test_past_stays(void **state)
{
	struct rating_book *b = NULL;
	(void)state;
	assert_int_equal(rating_book_new(&b), 0);
	assert_int_equal(cost(b, "2026-01-01"), -1);
	add(b, "2026-01-01", "price,unit\n8,180\n");
	add(b, "2026-12-01", "price,unit\n10,180\n");
	assert_int_equal(cost(b, "2025-12-31"), -1);
	assert_int_equal(cost(b, "2026-11-30"), 8);
	assert_int_equal(cost(b, "2026-12-01"), 10);
	/* one in between ends where the next begins */
	add(b, "2026-11-01", "price,unit\n9,180\n");
	assert_int_equal(cost(b, "2026-10-31"), 8);
	assert_int_equal(cost(b, "2026-11-30"), 9);
	assert_int_equal(cost(b, "2026-12-31"), 10);
	/* the same first day: the later one corrects the earlier */
	add(b, "2026-11-01", "price,unit\n7,180\n");
	assert_int_equal(cost(b, "2026-11-01"), 7);
	assert_int_equal(cost(b, "2026-12-01"), 10);
	rating_book_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_past_stays)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
