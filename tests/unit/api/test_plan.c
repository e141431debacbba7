/* The plan as the API shows it. */
#include "fixture.h"

/* Percent-encoded by hand: "dialled" as it stands in an address. */
static void check(struct fixture *f, const char *dialled, const char *reason, const char *by)
{
	char path[256];

	snprintf(path, sizeof(path), "/api/v1/plan/check");
	f->asked.count = 2;
	f->asked.values[0] = (struct query_value){"number", "050-1000-0014"};
	f->asked.values[1] = (struct query_value){"dialled", dialled};
	assert_int_equal(ask(f, "GET", path, NULL), 200);
	const json_t *refusal = json_object_get(f->r.json, "refusal");
	assert_int_equal(json_is_true(json_object_get(f->r.json, "allowed")), refusal == NULL);
	assert_string_equal(answered(f, "decided_by"), by);
	assert_string_equal(refusal ? json_string_value(json_object_get(refusal, "reason")) : "",
			    reason);
}

static void test_check(void **state)
{
	struct fixture *f = *state;

	add(f);
	check(f, "0312345678", "", "plan:0");
	check(f, "0120123456", "freephone_not_available", "plan:0120");
	check(f, "184110", "emergency_not_available", "plan:110");
	assert_string_equal(answered(f, "caller_id"), "withheld");
	check(f, "+44 20 7946 0000", "international_not_permitted", "permission");
	assert_string_equal(answered(f, "e164"), "+442079460000");
	check(f, "alice", "not_a_number", "form");
	assert_true(json_is_null(json_object_get(f->r.json, "digits")));
	check(f, "0109991234567", "no_such_country", "country");
	check(f, "05010000014", "", "plan:050");
	assert_true(json_is_true(json_object_get(f->r.json, "on_net")));
	check(f, "05010000015", "unallocated_number", "directory");
}

static void test_check_of_whom(void **state)
{
	struct fixture *f = *state;

	add(f);
	assert_int_equal(ask(f, "GET", "/api/v1/plan/check", NULL), 400);
	assert_string_equal(answered(f, "field"), "number");
	f->asked.count = 1;
	f->asked.values[0] = (struct query_value){"number", "05010000015"};
	assert_int_equal(ask(f, "GET", "/api/v1/plan/check", NULL), 400);
	assert_string_equal(answered(f, "field"), "dialled");
	f->asked.count = 2;
	f->asked.values[1] = (struct query_value){"dialled", "0312345678"};
	assert_int_equal(ask(f, "GET", "/api/v1/plan/check", NULL), 404);
}

static void test_show(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "GET", "/api/v1/plan", NULL), 200);
	assert_true(json_array_size(json_object_get(f->r.json, "table")) > 30);
	assert_true(json_array_size(json_object_get(f->r.json, "countries")) > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_check),
		TEST(test_check_of_whom),
		TEST(test_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
