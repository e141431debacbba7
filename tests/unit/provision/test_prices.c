/* Price lists through the store. */
#include "../tmp.h"
#include "base/err.h"
#include "provision/prices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char directory[64], path[96];
	struct store *s;
	struct rating_faults faults;
	size_t rows;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->directory, sizeof(f->directory), "%.30s/opengate-prices-XXXXXX", tmp_dir());
	assert_non_null(mkdtemp(f->directory));
	snprintf(f->path, sizeof(f->path), "%s/a.db", f->directory);
	assert_int_equal(store_open(f->path, &f->s, NULL, 0), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	store_close(f->s);
	snprintf(command, sizeof(command), "rm -r %s", f->directory);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static int32_t day(const char *text)
{
	int32_t d = 0;
	assert_int_equal(day_parse(slice_str(text), &d), 0);
	return d;
}

static int add(struct fixture *f, const char *csv, const char *from, const char *today)
{
	char *copy = strdup(csv);
	int err = prices_add(f->s, copy, strlen(copy), day(from), day_start_ms(day(today)),
			     &f->rows, &f->faults);
	free(copy);
	return err;
}

static int64_t price(struct fixture *f, const char *on)
{
	struct rating_book *book = NULL;
	struct rating_call c = {
		.to = SLICE("0312345678"), .started_at_ms = day_start_ms(day(on)), .talk_ms = 1};
	struct rating_charge charge;
	assert_int_equal(prices_load(f->s, &book), 0);
	rating_book_charge(book, &c, &charge);
	rating_book_free(book);
	return charge.row ? charge.uyen / UYEN_PER_YEN : -1;
}

static void test_past_months_are_closed(void **state)
{
	struct fixture *f = *state;

	/* the first one may reach back */
	assert_int_equal(add(f, "price,unit\r\n8,180\r\n", "2026-01-01", "2026-11-25"), 0);
	assert_int_equal(f->rows, 1);
	assert_int_equal(add(f, "price,unit\n9,180\n", "2026-10-31", "2026-11-25"), ERR_DENIED);
	assert_int_equal(price(f, "2026-10-31"), 8);
	/* within the running month a mistake can be mended */
	assert_int_equal(add(f, "price,unit\n9,180\n", "2026-11-01", "2026-11-25"), 0);
	assert_int_equal(price(f, "2026-10-31"), 8);
	assert_int_equal(price(f, "2026-11-01"), 9);
	assert_int_equal(add(f, "price,unit\n10,180\n", "2027-04-01", "2026-11-25"), 0);
	assert_int_equal(price(f, "2027-03-31"), 9);
	assert_int_equal(price(f, "2027-04-01"), 10);
}

static void test_wrong_lists_are_not_kept(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(add(f, "price,unit\n8,180\nx,1\n", "2026-11-25", "2026-11-25"),
			 ERR_INVALID);
	assert_int_equal(f->faults.count, 1);
	assert_int_equal(f->faults.v[0].line, 3);
	assert_int_equal(price(f, "2026-11-25"), -1);
}

/* What cannot be read any more stops the rating instead of making calls free. */
static void test_damaged(void **state)
{
	const struct store_price_list l = {.csv = SLICE("price\n8\n")};
	struct fixture *f = *state;
	struct rating_book *book = NULL;

	assert_int_equal(store_prices_add(f->s, &l), 0);
	assert_int_equal(prices_load(f->s, &book), ERR_DAMAGED);
	assert_null(book);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_past_months_are_closed),
		TEST(test_wrong_lists_are_not_kept),
		TEST(test_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
