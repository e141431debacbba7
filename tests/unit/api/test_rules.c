/* The operator's rules: taken, kept, in force, removed. */
#include "core/judge.h"
#include "fixture.h"

#define RULES "/api/v1/plan/rules"

static enum call_cause judged(struct fixture *f, const char *dialled)
{
	struct directory_number line;
	struct judgement j;

	assert_int_equal(directory_by_number(f->api.p.directory, SLICE("05010000014"), &line), 0);
	judge(f->api.p.directory, NULL, &line, slice_str(dialled), &j);
	return j.cause;
}

static long long add_rule(struct fixture *f, const char *body)
{
	assert_int_equal(ask(f, "POST", RULES, body), 201);
	return (long long)json_integer_value(json_object_get(f->r.json, "id"));
}

static void test_in_force_at_once(void **state)
{
	struct fixture *f = *state;
	char path[64];

	add(f);
	assert_int_equal(judged(f, "0312345678"), CAUSE_NORMAL);
	long long all = add_rule(f, "{\"all\":true,\"prefix\":\"+81 3\",\"decision\":\"deny\"}");
	assert_string_equal(answered(f, "key"), "03");
	assert_int_equal(judged(f, "0312345678"), CAUSE_BLOCKED);
	add_rule(f, "{\"customer\":\"C1\",\"class\":\"geographic\",\"decision\":\"allow\"}");
	assert_int_equal(judged(f, "0312345678"), CAUSE_NORMAL);
	add_rule(f, "{\"number\":\"050-1000-0014\",\"prefix\":\"031\",\"decision\":\"deny\","
		    "\"memo\":\"why\"}");
	assert_string_equal(answered(f, "who"), "05010000014");
	assert_int_equal(judged(f, "0312345678"), CAUSE_BLOCKED);
	assert_int_equal(judged(f, "0322345678"), CAUSE_NORMAL);
	snprintf(path, sizeof(path), RULES "/%lld", all);
	assert_int_equal(ask(f, "DELETE", path, NULL), 200);
	assert_int_equal(ask(f, "DELETE", path, NULL), 404);
	assert_int_equal(judged(f, "0322345678"), CAUSE_NORMAL);
}

static void test_go_with_their_number(void **state)
{
	struct fixture *f = *state;

	add(f);
	add_rule(f, "{\"number\":\"05010000014\",\"prefix\":\"03\",\"decision\":\"deny\"}");
	assert_int_equal(ask(f, "DELETE", "/api/v1/numbers/05010000014", NULL), 200);
	assert_int_equal(ask(f, "POST", "/api/v1/numbers", NUMBER), 201);
	assert_int_equal(judged(f, "0312345678"), CAUSE_NORMAL);
}

static void test_from_the_store(void **state)
{
	struct fixture *f = *state;

	add(f);
	add_rule(f, "{\"all\":true,\"class\":\"mobile\",\"decision\":\"deny\"}");
	struct plan_rules *none;
	assert_int_equal(plan_rules_new(NULL, 0, &none), 0);
	directory_rules_put(f->api.p.directory, none);
	assert_int_equal(judged(f, "09012345678"), CAUSE_NORMAL);
	assert_int_equal(directory_load(f->api.p.directory, f->api.store, 1), 0);
	assert_int_equal(judged(f, "09012345678"), CAUSE_BLOCKED);
}

static void test_refused(void **state)
{
	static const struct {
		unsigned status;
		const char *field, *body;
	} rows[] = {
		{400, NULL, "{\"class\":\"mobile\",\"decision\":\"deny\"}"},
		{400, NULL,
		 "{\"all\":true,\"number\":\"05010000014\",\"class\":\"mobile\",\"decision\":"
		 "\"deny\"}"},
		{400, "all", "{\"all\":false,\"class\":\"mobile\",\"decision\":\"deny\"}"},
		{400, NULL, "{\"all\":true,\"decision\":\"deny\"}"},
		{400, NULL,
		 "{\"all\":true,\"class\":\"mobile\",\"prefix\":\"03\",\"decision\":\"deny\"}"},
		{400, "decision", "{\"all\":true,\"class\":\"mobile\",\"decision\":\"maybe\"}"},
		{400, "decision", "{\"all\":true,\"class\":\"mobile\"}"},
		{400, "class", "{\"all\":true,\"class\":\"phones\",\"decision\":\"deny\"}"},
		{400, "class", "{\"all\":true,\"class\":\"emergency\",\"decision\":\"allow\"}"},
		{400, "class",
		 "{\"all\":true,\"class\":\"carrier_select\",\"decision\":\"allow\"}"},
		{400, "country", "{\"all\":true,\"country\":\"JP\",\"decision\":\"deny\"}"},
		{400, "prefix", "{\"all\":true,\"prefix\":\"abc\",\"decision\":\"deny\"}"},
		{400, "prefix", "{\"all\":true,\"prefix\":\"18403\",\"decision\":\"deny\"}"},
		{400, "memo",
		 "{\"all\":true,\"prefix\":\"03\",\"decision\":\"deny\",\"memo\":\"a\\nb\"}"},
		{404, NULL, "{\"number\":\"05010000099\",\"prefix\":\"03\",\"decision\":\"deny\"}"},
		{404, "customer",
		 "{\"customer\":\"C404\",\"prefix\":\"03\",\"decision\":\"deny\"}"},
		{404, "customer", "{\"customer\":\"\",\"prefix\":\"03\",\"decision\":\"deny\"}"},
	};
	struct fixture *f = *state;

	add(f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned status = ask(f, "POST", RULES, rows[i].body);
		const char *field = answered(f, "field");

		if (status != rows[i].status || (field == NULL) != (rows[i].field == NULL) ||
		    (field && strcmp(field, rows[i].field) != 0))
			fail_msg("%s: %u, field %s", rows[i].body, status, field ? field : "none");
	}
	add_rule(f, "{\"all\":true,\"prefix\":\"03\",\"decision\":\"deny\"}");
	assert_int_equal(
		ask(f, "POST", RULES, "{\"all\":true,\"prefix\":\"+813\",\"decision\":\"allow\"}"),
		409);
	assert_int_equal(ask(f, "DELETE", RULES "/x", NULL), 404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_in_force_at_once),
		TEST(test_go_with_their_number),
		TEST(test_from_the_store),
		TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
