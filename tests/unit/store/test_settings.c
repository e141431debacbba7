#include "fixture.h"

#include "store/store_priv.h"

static void test_settings(void **state)
{
	struct fixture *f = *state;
	struct slice secret = {"\0\1\xff", 3}, got;

	assert_int_equal(store_setting_get(f->s, SLICE("nonce_key"), &got), ERR_NOT_FOUND);
	assert_int_equal(store_setting_put(f->s, SLICE("nonce_key"), SLICE("old")), 0);
	assert_int_equal(store_setting_put(f->s, SLICE("nonce_key"), secret), 0);
	fixture_reopen(f);
	assert_int_equal(store_setting_get(f->s, SLICE("nonce_key"), &got), 0);
	assert_true(slice_eq(got, secret));
}

static void test_audit_is_append_only(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(store_audit_add(f->s, 5, SLICE("operator"), SLICE("suspend"),
					 SLICE("0501"), SLICE("unpaid")),
			 0);
	assert_int_not_equal(sqlite3_exec(f->s->db, "DELETE FROM audit", NULL, NULL, NULL),
			     SQLITE_OK);
	assert_int_not_equal(
		sqlite3_exec(f->s->db, "UPDATE audit SET actor = 'x'", NULL, NULL, NULL),
		SQLITE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_settings), TEST(test_audit_is_append_only)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
