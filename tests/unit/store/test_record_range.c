#include "records.h"

struct seen {
	char minutes[256];
	size_t n;
	uint64_t last;
};

static int note(void *ctx, const struct store_record *r)
{
	struct seen *seen = ctx;

	seen->n += (size_t)snprintf(seen->minutes + seen->n, sizeof(seen->minutes) - seen->n, "%d ",
				    (int)((r->started_at - BASE_MS) / 60000));
	seen->last = r->id;
	return 0;
}

static void assert_range(struct fixture *f, struct store_record_range range, const char *want)
{
	struct seen seen = {0};

	assert_int_equal(store_record_range_each(f->s, &range, note, &seen), 0);
	assert_string_equal(seen.minutes, want);
}

static void test_ranges(void **state)
{
	const struct store_record_range all = {.from_ms = minute(0), .to_ms = minute(100)};
	struct store_record_range r = all;
	struct fixture *f = *state;

	add_records(f->s, 0, 8);
	assert_range(f, all, "0 1 2 3 4 5 6 7 ");
	r.from_ms = 0;
	r.to_ms = INT64_MAX;
	assert_range(f, r, "0 1 2 3 4 5 6 7 ");
	/* a moment after each minute: from and up to, to the ms */
	r.from_ms = minute(2) + 1;
	r.to_ms = minute(5) + 1;
	assert_range(f, r, "2 3 4 ");
	r.from_ms = minute(2) + 2;
	r.to_ms = minute(5) + 2;
	assert_range(f, r, "3 4 5 ");
	r = all;
	r.customer = SLICE("C1");
	assert_range(f, r, "1 3 5 7 ");
	r = all;
	r.number = SLICE("1");
	assert_range(f, r, "0 1 3 5 6 7 ");
	r.customer = SLICE("C0");
	r.from_ms = minute(1);
	assert_range(f, r, "6 ");
	r.number = SLICE("9");
	assert_range(f, r, "");
}

/* Page by page nothing is missed and nothing comes twice. */
static void page_through(struct fixture *f, struct slice number, const char *want)
{
	struct store_record_range r = {
		.from_ms = minute(1), .to_ms = minute(100000), .number = number, .limit = 2};
	struct seen seen = {0};
	size_t before;

	do {
		before = seen.n;
		r.after_id = seen.last;
		assert_int_equal(store_record_range_each(f->s, &r, note, &seen), 0);
	} while (seen.n > before);
	assert_string_equal(seen.minutes, want);
}

static void test_pages(void **state)
{
	struct fixture *f = *state;

	add_records(f->s, 0, 8);
	page_through(f, SLICE_NONE, "1 2 3 4 5 6 7 ");
	page_through(f, SLICE("1"), "1 3 5 6 7 ");
}

static void test_prune(void **state)
{
	const struct store_record_range all = {.to_ms = INT64_MAX};
	struct fixture *f = *state;
	uint32_t deleted = 99;

	add_records(f->s, 0, 8);
	assert_int_equal(store_record_prune(f->s, minute(0), 3, &deleted), 0);
	assert_int_equal(deleted, 0);
	assert_int_equal(store_record_prune(f->s, minute(5), 3, &deleted), 0);
	assert_int_equal(deleted, 3);
	assert_range(f, all, "3 4 5 6 7 ");
	assert_int_equal(store_record_prune(f->s, minute(5), 3, &deleted), 0);
	assert_int_equal(deleted, 2);
	assert_range(f, all, "5 6 7 ");
	page_through(f, SLICE("1"), "5 6 7 ");
	/* to the ms: one that started then stays */
	assert_int_equal(store_record_prune(f->s, minute(5) + 1, 3, &deleted), 0);
	assert_int_equal(deleted, 0);
	assert_int_equal(store_record_prune(f->s, minute(5) + 2, 3, &deleted), 0);
	assert_int_equal(deleted, 1);
}

/* The index of parties goes with the records, a segment at a time, and what comes later is found.
 */
static void test_parties_go_too(void **state)
{
	const struct store_record_query of_one = {.number = SLICE("1")};
	struct fixture *f = *state;
	struct seen seen = {0};
	uint32_t deleted = 1;

	add_records(f->s, 0, 10000);
	assert_true(number_of(f->s, "SELECT count(DISTINCT segment) FROM record_party") > 1);
	while (deleted)
		assert_int_equal(store_record_prune(f->s, minute(9999), 1000, &deleted), 0);
	assert_int_equal(number_of(f->s, "SELECT count(*) FROM record"), 1);
	assert_int_equal(number_of(f->s, "SELECT count(DISTINCT segment) FROM record_party"), 1);
	add_records(f->s, 10000, 10001);
	assert_int_equal(store_record_each(f->s, &of_one, note, &seen), 0);
	assert_string_equal(seen.minutes, "9999 ");
	fixture_reopen(f);
	deleted = 1;
	while (deleted)
		assert_int_equal(store_record_prune(f->s, minute(20000), 1000, &deleted), 0);
	assert_int_equal(number_of(f->s, "SELECT count(*) FROM record_party"), 0);
	add_records(f->s, 10001, 10002);
	page_through(f, SLICE("1"), "10001 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ranges),
		TEST(test_pages),
		TEST(test_prune),
		TEST(test_parties_go_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
