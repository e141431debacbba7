/* Who may call abroad, and which numbers are suspended: each change whole, in force and audited. */
#include "fixture.h"

#define APPLICATIONS "/api/v1/applications"
#define NUMBER_PATH  "/api/v1/numbers/05010000014"
#define APPLY	     "{\"number\":\"05010000014\",\"applied_by\":\"Hanako\"}"
#define SUSPEND	     "{\"number\":\"05010000014\",\"kind\":\"suspend\",\"applied_by\":\"Hanako\"}"

static struct directory_number line(struct fixture *f)
{
	struct directory_number n;

	assert_int_equal(directory_by_number(f->api.p.directory, SLICE("05010000014"), &n), 0);
	return n;
}

/* As it stands in the store, which a restart would read. */
static struct store_number kept(struct fixture *f)
{
	struct store_number n;

	assert_int_equal(store_number_get(f->api.store, SLICE("05010000014"), &n), 0);
	return n;
}

static unsigned decide(struct fixture *f, int id, const char *how, const char *body)
{
	char path[64];

	snprintf(path, sizeof(path), APPLICATIONS "/%d/%s", id, how);
	return ask(f, "POST", path, body);
}

static int apply(struct fixture *f)
{
	assert_int_equal(ask(f, "POST", APPLICATIONS, APPLY), 201);
	assert_string_equal(answered(f, "state"), "pending");
	return (int)json_integer_value(json_object_get(f->r.json, "id"));
}

/* The latest entry about the number. */
static int first_entry(void *ctx, const struct store_audit *a)
{
	snprintf(ctx, 256, "%.*s: %.*s", SLICE_ARG(a->action), SLICE_ARG(a->detail));
	return 1;
}

static void check_audit(struct fixture *f, const char *want)
{
	char seen[256] = "";

	(void)store_audit_each(f->api.store, SLICE("05010000014"), 1, first_entry, seen);
	assert_string_equal(seen, want);
}

static void test_approved(void **state)
{
	struct fixture *f = *state;

	add(f);
	int id = apply(f);
	check_audit(f, "application.add: applied by Hanako");
	assert_false(line(f).international);
	assert_int_equal(ask(f, "POST", APPLICATIONS, APPLY), 409);
	assert_int_equal(decide(f, id, "approve", "{\"reason\":\"checked\"}"), 200);
	assert_string_equal(answered(f, "state"), "approved");
	assert_string_equal(answered(f, "decided_by"), "operator");
	assert_true(line(f).international);
	assert_true(kept(f).international);
	check_audit(f, "application.approve: application 1: checked");
	assert_int_equal(decide(f, id, "reject", "{\"reason\":\"no\"}"), 409);
	assert_true(line(f).international);
	assert_int_equal(ask(f, "POST", APPLICATIONS, APPLY), 409);
}

static void test_rejected(void **state)
{
	struct fixture *f = *state;

	add(f);
	int id = apply(f);
	assert_int_equal(decide(f, id, "reject", "{}"), 400);
	assert_int_equal(decide(f, id, "reject", "{\"reason\":\"\"}"), 400);
	assert_int_equal(decide(f, id, "reject", "{\"reason\":\"no signature\"}"), 200);
	assert_string_equal(answered(f, "reason"), "no signature");
	assert_false(line(f).international);
	assert_int_equal(decide(f, id, "approve", "{}"), 409);
	assert_int_equal(decide(f, 99, "approve", "{}"), 404);
	assert_true(apply(f) > id);
}

static void test_suspended_by_the_customer(void **state)
{
	struct fixture *f = *state;

	add(f);
	assert_int_equal(ask(f, "POST", APPLICATIONS, SUSPEND), 409);
	int id = apply(f);
	assert_int_equal(ask(f, "POST", APPLICATIONS, SUSPEND), 201);
	assert_int_equal(decide(f, id, "approve", "{}"), 409);
	assert_false(line(f).international);
	id = apply(f);
	assert_int_equal(decide(f, id, "approve", "{}"), 200);
	assert_true(line(f).international);
	assert_int_equal(ask(f, "POST", APPLICATIONS, SUSPEND), 201);
	assert_false(line(f).international);
	assert_false(kept(f).international);
	check_audit(f, "application.suspend: suspended by Hanako");
}

/* Permitted by hand, there is nothing left to decide. */
static void test_set_by_hand(void **state)
{
	struct fixture *f = *state;

	add(f);
	int id = apply(f);
	assert_int_equal(ask(f, "PATCH", NUMBER_PATH, "{\"channels\":3}"), 200);
	assert_int_equal(ask(f, "GET", APPLICATIONS "/1", NULL), 200);
	assert_string_equal(answered(f, "state"), "pending");
	assert_int_equal(ask(f, "PATCH", NUMBER_PATH, "{\"international\":true}"), 200);
	check_audit(f, "number.set: {\"international\":true}");
	assert_int_equal(ask(f, "GET", APPLICATIONS "/1", NULL), 200);
	assert_string_equal(answered(f, "state"), "approved");
	assert_int_equal(decide(f, id, "reject", "{\"reason\":\"x\"}"), 409);
}

static void test_number_removed(void **state)
{
	struct fixture *f = *state;

	add(f);
	int id = apply(f);
	assert_int_equal(ask(f, "DELETE", NUMBER_PATH, NULL), 200);
	assert_int_equal(decide(f, id, "approve", "{}"), 409);
	assert_int_equal(ask(f, "POST", "/api/v1/numbers", NUMBER), 201);
	assert_false(line(f).international);
}

static void test_suspension(void **state)
{
	struct fixture *f = *state;
	const char *body = "{\"reason\":\"unpaid\",\"requester\":\"accounts\"}";

	add(f);
	assert_int_equal(ask(f, "POST", NUMBER_PATH "/suspend", "{\"requester\":\"a\"}"), 400);
	assert_int_equal(
		ask(f, "POST", NUMBER_PATH "/suspend", "{\"reason\":\"\",\"requester\":\"a\"}"),
		400);
	assert_int_equal(ask(f, "POST", NUMBER_PATH "/suspend", body), 200);
	const json_t *s = json_object_get(f->r.json, "suspension");
	assert_string_equal(json_string_value(json_object_get(s, "reason")), "unpaid");
	assert_string_equal(json_string_value(json_object_get(s, "requester")), "accounts");
	assert_true(json_is_string(json_object_get(s, "since_at")));
	assert_true(line(f).suspended);
	assert_true(kept(f).suspended);
	check_audit(f, "number.suspend: requested by accounts: unpaid");
	assert_int_equal(ask(f, "POST", NUMBER_PATH "/suspend", body), 409);
	assert_int_equal(ask(f, "GET", NUMBER_PATH, NULL), 200);
	assert_true(json_is_object(json_object_get(f->r.json, "suspension")));
	assert_int_equal(ask(f, "POST", NUMBER_PATH "/resume", "{\"requester\":\"accounts\"}"),
			 200);
	assert_true(json_is_null(json_object_get(f->r.json, "suspension")));
	assert_false(line(f).suspended);
	assert_false(kept(f).suspended);
	check_audit(f, "number.resume: requested by accounts");
	assert_int_equal(ask(f, "POST", NUMBER_PATH "/resume", "{\"requester\":\"accounts\"}"),
			 409);
	assert_int_equal(ask(f, "POST", "/api/v1/numbers/05010000099/suspend", body), 404);
}

/* One that was added suspended has no reason, and can be resumed. */
static void test_added_suspended(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "POST", "/api/v1/customers", CUSTOMER), 201);
	assert_int_equal(ask(f, "POST", "/api/v1/numbers",
			     "{\"number\":\"05010000014\",\"customer\":\"C1\",\"account\":"
			     "\"10000012\",\"suspended\":true}"),
			 201);
	assert_true(json_is_null(json_object_get(f->r.json, "suspension")));
	assert_int_equal(ask(f, "POST", NUMBER_PATH "/resume", "{\"requester\":\"a\"}"), 200);
	assert_false(line(f).suspended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_approved),
		TEST(test_rejected),
		TEST(test_suspended_by_the_customer),
		TEST(test_set_by_hand),
		TEST(test_number_removed),
		TEST(test_suspension),
		TEST(test_added_suspended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
