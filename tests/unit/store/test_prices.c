#include "fixture.h"

struct seen {
	char text[256];
	size_t n;
};

static int note(void *ctx, const struct store_price_list *l)
{
	struct seen *seen = ctx;

	seen->n += (size_t)snprintf(seen->text + seen->n, sizeof(seen->text) - seen->n,
				    "%d %lld %u %.*s; ", l->from_day, (long long)l->imported_at,
				    l->row_count, SLICE_ARG(l->csv));
	return 0;
}

/* All lists stay, byte for byte, in the order in which they came. */
static void test_lists_are_kept(void **state)
{
	const struct store_price_list later = {.from_day = 20,
					       .imported_at = 1,
					       .row_count = 2,
					       .csv = SLICE("price,unit\r\n8,180\r\n")};
	const struct store_price_list earlier = {
		.from_day = -10, .imported_at = 2, .row_count = 1, .csv = SLICE("円")};
	struct fixture *f = *state;
	struct seen seen = {0};

	assert_int_equal(store_prices_add(f->s, &later), 0);
	assert_int_equal(store_prices_add(f->s, &earlier), 0);
	fixture_reopen(f);
	assert_int_equal(store_prices_each(f->s, note, &seen), 0);
	assert_string_equal(seen.text, "20 1 2 price,unit\r\n8,180\r\n; -10 2 1 円; ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_lists_are_kept)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
