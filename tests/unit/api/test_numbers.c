/* Numbers: what is added and changed is in force. */
#include "fixture.h"

static void test_added_number_is_in_force(void **state)
{
	struct fixture *f = *state;
	struct directory_number n;
	struct digest_ha1 ha1;

	add(f);
	assert_int_equal(digest_ha1(SLICE("10000012"), SLICE("a.example"),
				    slice_str(answered(f, "password")), &ha1),
			 0);
	assert_int_equal(directory_by_account(f->api.p.directory, SLICE("10000012"), &n), 0);
	assert_memory_equal(n.ha1.md5, ha1.md5, sizeof(ha1.md5));
	assert_memory_equal(n.ha1.sha256, ha1.sha256, sizeof(ha1.sha256));
}

/* A change is in the store and in the directory, and leaves the password alone. */
static void test_change(void **state)
{
	struct fixture *f = *state;
	struct directory_number before, after;

	add(f);
	(void)directory_by_number(f->api.p.directory, SLICE("05010000014"), &before);
	assert_int_equal(ask(f, "PATCH", "/api/v1/numbers/05010000014",
			     "{\"channels\":5,\"international\":true}"),
			 200);
	(void)directory_by_number(f->api.p.directory, SLICE("05010000014"), &after);
	assert_int_equal(after.channels, 5);
	assert_true(after.international);
	assert_memory_equal(&after.ha1, &before.ha1, sizeof(before.ha1));
	assert_int_equal(ask(f, "GET", "/api/v1/numbers/05010000014", NULL), 200);
	assert_int_equal(json_integer_value(json_object_get(f->r.json, "channels")), 5);
}

static void test_renewed_password(void **state)
{
	struct fixture *f = *state;
	struct directory_number before, after;

	add(f);
	(void)directory_by_number(f->api.p.directory, SLICE("05010000014"), &before);
	assert_int_equal(
		ask(f, "POST", "/api/v1/numbers/05010000014/password", "{\"kind\":\"option\"}"),
		200);
	(void)directory_by_number(f->api.p.directory, SLICE("05010000014"), &after);
	assert_memory_equal(&after.ha1, &before.ha1, sizeof(before.ha1));
	assert_int_equal(
		ask(f, "POST", "/api/v1/numbers/05010000014/password", "{\"kind\":\"sip\"}"), 200);
	(void)directory_by_number(f->api.p.directory, SLICE("05010000014"), &after);
	assert_memory_not_equal(&after.ha1, &before.ha1, sizeof(before.ha1));
}

static void test_refusals(void **state)
{
	struct fixture *f = *state;

	add(f);
	assert_int_equal(ask(f, "POST", "/api/v1/numbers", NUMBER), 409);
	assert_string_equal(answered(f, "field"), "number");
	assert_int_equal(ask(f, "POST", "/api/v1/customers", CUSTOMER), 409);
	assert_int_equal(ask(f, "DELETE", "/api/v1/customers/C1", NULL), 409);
	assert_int_equal(ask(f, "DELETE", "/api/v1/customers/C1", "{}"), 400);
	assert_int_equal(ask(f, "DELETE", "/api/v1/numbers/05010000022", NULL), 404);
	assert_int_equal(ask(f, "PUT", "/api/v1/numbers", NULL), 405);
	assert_string_equal(f->r.allow, "GET, POST");
	assert_int_equal(directory_numbers(f->api.p.directory), 1);
}

/* What does not fit on the disk is refused with the remedy, and is nowhere. */
static void test_disk_full(void **state)
{
	struct fixture *f = *state;
	unsigned status = 201;
	char body[128];
	int added = 0;

	add(f);
	assert_int_equal(
		sqlite3_exec(f->api.store->db, "PRAGMA max_page_count = 25", NULL, NULL, NULL),
		SQLITE_OK);
	for (int i = 0; i < 2000 && status == 201; i++) {
		snprintf(body, sizeof(body),
			 "{\"number\":\"0502%07d\",\"customer\":\"C1\",\"account\":\"%08d\"}", i,
			 20000000 + i);
		status = ask(f, "POST", "/api/v1/numbers", body);
		added += status == 201;
	}
	assert_int_equal(status, 507);
	assert_string_equal(answered(f, "code"), "disk_full");
	assert_non_null(strstr(answered(f, "message"), "is full. Free some space"));
	assert_int_equal(directory_numbers(f->api.p.directory), added + 1);
	assert_int_equal(ask(f, "GET", "/api/v1/customers/C1", NULL), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_added_number_is_in_force),
		TEST(test_change),
		TEST(test_renewed_password),
		TEST(test_refusals),
		TEST(test_disk_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
