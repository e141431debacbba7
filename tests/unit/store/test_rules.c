#include "fixture.h"

static struct store_rule a_rule(uint8_t scope, const char *who, const char *key)
{
	return (struct store_rule){.scope = scope,
				   .about = 2,
				   .who = slice_str(who),
				   .key = slice_str(key),
				   .memo = SLICE("why"),
				   .allow = scope == 2,
				   .created_at = 7};
}

static uint64_t add(struct fixture *f, uint8_t scope, const char *who, const char *key)
{
	struct store_rule r = a_rule(scope, who, key);
	uint64_t id = 0;

	assert_int_equal(store_rule_add(f->s, &r, &id), 0);
	return id;
}

static int count_row(void *ctx, const struct store_rule *r)
{
	(void)r;
	++*(int *)ctx;
	return 0;
}

static int count(struct fixture *f)
{
	int n = 0;

	assert_int_equal(store_rule_each(f->s, count_row, &n), 0);
	return n;
}

static void test_rules(void **state)
{
	struct fixture *f = *state;
	struct store_rule r = a_rule(0, "", "03"), got;
	uint64_t first = add(f, 0, "", "03"), second = add(f, 2, "0501", "03"), id;

	assert_int_equal(store_rule_add(f->s, &r, &id), ERR_EXISTS);
	fixture_reopen(f);
	assert_int_equal(store_rule_get(f->s, second, &got), 0);
	assert_int_equal(got.scope, 2);
	assert_int_equal(got.about, 2);
	assert_true(got.allow);
	assert_slice(got.who, "0501");
	assert_slice(got.key, "03");
	assert_slice(got.memo, "why");
	assert_int_equal(got.created_at, 7);
	assert_int_equal(count(f), 2);
	assert_int_equal(store_rule_remove(f->s, first), 0);
	assert_int_equal(store_rule_remove(f->s, first), ERR_NOT_FOUND);
	assert_int_equal(store_rule_get(f->s, first, &got), ERR_NOT_FOUND);
	/* An id is never given again: the audit names rules by it. */
	assert_true(add(f, 0, "", "04") > second);
}

static void test_go_with_whom_they_are_for(void **state)
{
	struct fixture *f = *state;

	fixture_fill(f);
	add(f, 0, "", "03");
	add(f, 1, "C1", "03");
	add(f, 1, "C2", "03");
	add(f, 2, "0501", "03");
	assert_int_equal(store_number_remove(f->s, SLICE("0501")), 0);
	assert_int_equal(count(f), 3);
	assert_int_equal(store_customer_remove(f->s, SLICE("C1")), 0);
	assert_int_equal(count(f), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_rules), TEST(test_go_with_whom_they_are_for)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
