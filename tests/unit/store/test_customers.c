#include "fixture.h"

static void test_add_get_put_remove(void **state)
{
	struct fixture *f = *state;
	struct store_customer c = a_customer("C1"), got;

	assert_int_equal(store_customer_get(f->s, SLICE("C1"), &got), ERR_NOT_FOUND);
	assert_string_equal(store_error(f->s), "There is no customer C1.");
	assert_int_equal(store_customer_add(f->s, &c), 0);
	assert_int_equal(store_customer_add(f->s, &c), ERR_EXISTS);
	assert_string_equal(store_error(f->s), "Customer C1 exists already.");
	fixture_reopen(f);
	assert_int_equal(store_customer_get(f->s, SLICE("C1"), &got), 0);
	assert_slice(got.code, "C1");
	assert_slice(got.name, "楽天 太郎");
	assert_slice(got.address, "Tokyo\n1-2-3");
	assert_slice(got.selfcare_hash, "$argon2id$x");
	assert_true(got.created_at == 1700000000123);
	c.name = SLICE_NONE;
	assert_int_equal(store_customer_put(f->s, &c), 0);
	assert_int_equal(store_customer_get(f->s, SLICE("C1"), &got), 0);
	assert_slice(got.name, "");
	assert_int_equal(store_customer_remove(f->s, SLICE("C1")), 0);
	assert_int_equal(store_customer_remove(f->s, SLICE("C1")), ERR_NOT_FOUND);
}

static void test_with_numbers_stays(void **state)
{
	struct fixture *f = *state;
	struct store_customer c = a_customer("C1");

	fixture_fill(f);
	assert_int_equal(store_customer_remove(f->s, SLICE("C1")), ERR_CONFLICT);
	assert_string_equal(store_error(f->s), "Customer C1 still has numbers; remove them first.");
	assert_int_equal(store_customer_put(f->s, &c), 0);
	assert_int_equal(store_number_remove(f->s, SLICE("0501")), 0);
	assert_int_equal(store_customer_remove(f->s, SLICE("C1")), 0);
}

static int append(void *ctx, const struct store_customer *c)
{
	char *text = ctx;

	snprintf(text + strlen(text), 64 - strlen(text), "%.*s ", SLICE_ARG(c->code));
	return slice_eq(c->code, SLICE("C3")) ? 7 : 0;
}

static void test_each_in_order_until_told(void **state)
{
	static const char *const codes[] = {"C4", "C1", "C3", "C2"};
	struct fixture *f = *state;
	char text[64] = "";

	assert_int_equal(store_customer_each(f->s, append, text), 0);
	assert_string_equal(text, "");
	for (size_t i = 0; i < 4; i++) {
		struct store_customer c = a_customer(codes[i]);

		assert_int_equal(store_customer_add(f->s, &c), 0);
	}
	assert_int_equal(store_customer_each(f->s, append, text), 7);
	assert_string_equal(text, "C1 C2 C3 ");
}

struct nested {
	struct store *s;
	int numbers;
};

static int count_number(void *ctx, const struct store_number *n)
{
	(void)n;
	(*(int *)ctx)++;
	return 0;
}

static int same_walk_again(void *ctx, const struct store_customer *c)
{
	(void)ctx;
	(void)c;
	return 0;
}

static int ask_within(void *ctx, const struct store_customer *c)
{
	struct nested *n = ctx;
	struct store_customer got;

	assert_int_equal(store_number_each(n->s, c->code, count_number, &n->numbers), 0);
	assert_int_equal(store_customer_get(n->s, c->code, &got), 0);
	assert_true(slice_eq(got.code, c->code));
	assert_int_equal(store_customer_each(n->s, same_walk_again, NULL), ERR_CONFLICT);
	return 0;
}

static void test_questions_within_a_walk(void **state)
{
	struct fixture *f = *state;
	struct nested n = {.s = f->s};

	fixture_fill(f);
	assert_int_equal(store_customer_each(f->s, ask_within, &n), 0);
	assert_int_equal(n.numbers, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_add_get_put_remove),
		TEST(test_with_numbers_stays),
		TEST(test_each_in_order_until_told),
		TEST(test_questions_within_a_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
