#include "fixture.h"

#define KEY   ((struct slice){"a\0b", 3})
#define BYTES ((struct slice){"\0\1\2", 3})

static int collect(void *ctx, const struct store_binding *b)
{
	char *text = ctx;

	snprintf(text + strlen(text), 128 - strlen(text), "%.*s/%zu/%zu/%d ", SLICE_ARG(b->number),
		 b->key.n, b->bytes.n, (int)b->expires_at);
	return 0;
}

static void assert_all(struct fixture *f, const char *want)
{
	char text[128] = "";

	assert_int_equal(store_binding_each(f->s, collect, text), 0);
	assert_string_equal(text, want);
}

static void test_put_replace_remove(void **state)
{
	struct fixture *f = *state;
	struct store_binding b = {
		.number = SLICE("0501"), .key = KEY, .bytes = BYTES, .expires_at = 10};

	fixture_fill(f);
	assert_int_equal(store_binding_put(f->s, &b), 0);
	b.bytes = SLICE_NONE;
	b.expires_at = 20;
	assert_int_equal(store_binding_put(f->s, &b), 0);
	b.key = SLICE("a");
	b.bytes = BYTES;
	assert_int_equal(store_binding_put(f->s, &b), 0);
	fixture_reopen(f);
	assert_all(f, "0501/3/0/20 0501/1/3/20 ");
	assert_int_equal(store_binding_remove(f->s, SLICE("0501"), KEY), 0);
	assert_int_equal(store_binding_remove(f->s, SLICE("0501"), KEY), ERR_NOT_FOUND);
	assert_all(f, "0501/1/3/20 ");
}

static void test_go_with_their_number(void **state)
{
	struct fixture *f = *state;
	struct store_binding b = {
		.number = SLICE("0501"), .key = KEY, .bytes = BYTES, .expires_at = 10};
	struct store_number n = a_number("0501", "1", "C1");

	fixture_fill(f);
	assert_int_equal(store_binding_put(f->s, &b), 0);
	assert_int_equal(store_number_put(f->s, &n), 0);
	assert_all(f, "0501/3/3/10 ");
	assert_int_equal(store_number_remove(f->s, SLICE("0501")), 0);
	assert_all(f, "");
	assert_int_equal(store_binding_put(f->s, &b), ERR_NOT_FOUND);
	assert_string_equal(store_error(f->s), "There is no number 0501.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_put_replace_remove),
					   TEST(test_go_with_their_number)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
