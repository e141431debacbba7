#include "fixture.h"

#include "store/store_priv.h"

static struct store_application an_application(const char *number)
{
	return (struct store_application){.number = slice_str(number),
					  .customer = SLICE("C1"),
					  .memo = SLICE("form"),
					  .applied_by = SLICE("Hanako"),
					  .applied_at = 5};
}

static uint64_t add(struct fixture *f, const char *number)
{
	struct store_application a = an_application(number);
	uint64_t id = 0;

	assert_int_equal(store_application_add(f->s, &a, &id), 0);
	return id;
}

static int count_row(void *ctx, const struct store_application *a)
{
	(void)a;
	++*(int *)ctx;
	return 0;
}

static int count(struct fixture *f, const char *number, int state)
{
	struct store_application_query q = {.number = slice_str(number), .state = state};
	int n = 0;

	assert_int_equal(store_application_each(f->s, &q, count_row, &n), 0);
	return n;
}

static void test_applications(void **state)
{
	struct fixture *f = *state;
	struct store_application again = an_application("0501"), got;
	struct store_application approved = {.state = APPLICATION_APPROVED,
					     .decided_by = SLICE("operator"),
					     .reason = SLICE("checked"),
					     .decided_at = 9};
	uint64_t first = add(f, "0501"), other = add(f, "0502"), id;

	assert_int_equal(store_application_add(f->s, &again, &id), ERR_EXISTS);
	assert_int_equal(store_application_decide(f->s, first, &approved), 0);
	assert_int_equal(store_application_decide(f->s, first, &approved), ERR_CONFLICT);
	assert_int_equal(store_application_decide(f->s, 99, &approved), ERR_NOT_FOUND);
	fixture_reopen(f);
	assert_int_equal(store_application_get(f->s, first, &got), 0);
	assert_int_equal(got.state, APPLICATION_APPROVED);
	assert_slice(got.number, "0501");
	assert_slice(got.customer, "C1");
	assert_slice(got.memo, "form");
	assert_slice(got.applied_by, "Hanako");
	assert_slice(got.decided_by, "operator");
	assert_slice(got.reason, "checked");
	assert_int_equal(got.applied_at, 5);
	assert_int_equal(got.decided_at, 9);
	add(f, "0501");
	assert_int_equal(count(f, "", -1), 3);
	assert_int_equal(count(f, "0501", -1), 2);
	assert_int_equal(count(f, "", APPLICATION_PENDING), 2);
	assert_int_equal(store_application_decide_waiting(f->s, SLICE("0502"), &approved), 0);
	assert_int_equal(store_application_decide_waiting(f->s, SLICE("0502"), &approved), 0);
	assert_int_equal(store_application_get(f->s, other, &got), 0);
	assert_int_equal(got.state, APPLICATION_APPROVED);
}

static void test_number_gone(void **state)
{
	struct fixture *f = *state;
	struct store_application got;

	fixture_fill(f);
	uint64_t id = add(f, "0501");
	assert_int_equal(store_number_remove(f->s, SLICE("0501")), 0);
	assert_int_equal(store_application_get(f->s, id, &got), 0);
	assert_int_equal(got.state, APPLICATION_WITHDRAWN);
	assert_true(got.decided_at > 1700000000000);
}

static void test_suspensions(void **state)
{
	struct fixture *f = *state;
	struct store_suspension p = {.number = SLICE("0501"),
				     .reason = SLICE("unpaid"),
				     .requester = SLICE("accounts"),
				     .at_ms = 3},
				got;

	fixture_fill(f);
	assert_int_equal(store_suspension_get(f->s, SLICE("0501"), &got), ERR_NOT_FOUND);
	assert_int_equal(store_suspension_put(f->s, &p), 0);
	fixture_reopen(f);
	assert_int_equal(store_suspension_get(f->s, SLICE("0501"), &got), 0);
	assert_slice(got.reason, "unpaid");
	assert_slice(got.requester, "accounts");
	assert_int_equal(got.at_ms, 3);
	assert_int_equal(store_suspension_remove(f->s, SLICE("0501")), 0);
	assert_int_equal(store_suspension_remove(f->s, SLICE("0501")), ERR_NOT_FOUND);
	assert_int_equal(store_suspension_put(f->s, &p), 0);
	assert_int_equal(store_number_remove(f->s, SLICE("0501")), 0);
	assert_int_equal(store_suspension_get(f->s, SLICE("0501"), &got), ERR_NOT_FOUND);
	assert_int_equal(store_suspension_put(f->s, &p), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_applications),
		TEST(test_number_gone),
		TEST(test_suspensions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
