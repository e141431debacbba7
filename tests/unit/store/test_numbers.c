#include "fixture.h"

static void assert_number(const struct store_number *got, const struct store_number *want)
{
	assert_true(slice_eq(got->number, want->number));
	assert_true(slice_eq(got->account, want->account));
	assert_true(slice_eq(got->customer, want->customer));
	assert_true(slice_eq(got->option_hash, want->option_hash));
	assert_true(slice_eq(got->realm, want->realm));
	assert_memory_equal(got->ha1_md5, want->ha1_md5, 16);
	assert_memory_equal(got->ha1_sha256, want->ha1_sha256, 32);
	assert_int_equal(got->channels, want->channels);
	assert_int_equal(got->international, want->international);
	assert_int_equal(got->suspended, want->suspended);
	assert_int_equal(got->registration_policy, want->registration_policy);
	assert_true(got->service_start_at == want->service_start_at);
	assert_true(got->created_at == want->created_at);
	assert_true(got->password_changed_at == want->password_changed_at);
}

static void test_add_get_put_remove(void **state)
{
	struct fixture *f = *state;
	struct store_number n = a_number("0501", "1", "C1"), got;

	fixture_fill(f);
	fixture_reopen(f);
	assert_int_equal(store_number_get(f->s, SLICE("0501"), &got), 0);
	assert_number(&got, &n);
	assert_int_equal(store_number_get_by_account(f->s, SLICE("1"), &got), 0);
	assert_number(&got, &n);
	n.suspended = true;
	n.channels = 32;
	n.account = SLICE("9");
	n.ha1_md5[0] = 0;
	assert_int_equal(store_number_put(f->s, &n), 0);
	assert_int_equal(store_number_get_by_account(f->s, SLICE("9"), &got), 0);
	assert_number(&got, &n);
	assert_int_equal(store_number_get_by_account(f->s, SLICE("1"), &got), ERR_NOT_FOUND);
	assert_string_equal(store_error(f->s), "There is no account 1.");
	assert_int_equal(store_number_remove(f->s, SLICE("0501")), 0);
	assert_int_equal(store_number_remove(f->s, SLICE("0501")), ERR_NOT_FOUND);
	assert_int_equal(store_number_get(f->s, SLICE("0501"), &got), ERR_NOT_FOUND);
}

static void test_refusals(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *number, *account, *customer;
		int add, put;
	} rows[] = {
		{"0501", "2", "C1", ERR_EXISTS, 0},
		{"0502", "2", "C1", ERR_EXISTS,
		 ERR_EXISTS}, /* the put of the row above took account 2 */
		{"0502", "3", "C9", ERR_NOT_FOUND, ERR_NOT_FOUND},
		{"0502", "3", "C1", 0, 0},
	};

	fixture_fill(f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store_number n = a_number(rows[i].number, rows[i].account, rows[i].customer);

		assert_int_equal(store_number_add(f->s, &n), rows[i].add);
		assert_int_equal(store_number_put(f->s, &n), rows[i].put);
	}
}

static int append(void *ctx, const struct store_number *n)
{
	char *text = ctx;

	snprintf(text + strlen(text), 64 - strlen(text), "%.*s ", SLICE_ARG(n->number));
	return 0;
}

static void test_each_of_all_and_of_one_customer(void **state)
{
	static const char *const rows[][3] = {
		{"0504", "4", "C2"}, {"0503", "3", "C1"}, {"0502", "2", "C2"}};
	struct fixture *f = *state;
	struct store_customer c2 = a_customer("C2");
	char text[64] = "";

	fixture_fill(f);
	assert_int_equal(store_customer_add(f->s, &c2), 0);
	for (size_t i = 0; i < 3; i++) {
		struct store_number n = a_number(rows[i][0], rows[i][1], rows[i][2]);

		assert_int_equal(store_number_add(f->s, &n), 0);
	}
	assert_int_equal(store_number_each(f->s, SLICE_NONE, append, text), 0);
	assert_string_equal(text, "0501 0502 0503 0504 ");
	text[0] = '\0';
	assert_int_equal(store_number_each(f->s, SLICE("C2"), append, text), 0);
	assert_string_equal(text, "0502 0504 ");
	text[0] = '\0';
	assert_int_equal(store_number_each_after(f->s, SLICE_NONE, SLICE("0502"), append, text), 0);
	assert_string_equal(text, "0503 0504 ");
	text[0] = '\0';
	assert_int_equal(store_number_each_after(f->s, SLICE("C2"), SLICE("05020"), append, text),
			 0);
	assert_string_equal(text, "0504 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_add_get_put_remove),
		TEST(test_refusals),
		TEST(test_each_of_all_and_of_one_customer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
