/* The fraud guard through the table of routes. */
#include "fixture.h"

#include "base/clock.h"
#include "guard/load.h"

static struct fraud_verdict call_abroad(struct fixture *f, const char *to)
{
	const struct fraud_call c = {
		.number = SLICE("05010000014"), .customer = SLICE("C1"), .to = slice_str(to)};
	struct fraud_verdict v;
	fraud_try(f->api.p.fraud, &c, clock_wall_ms(), &v);
	return v;
}

static int setup_guard(void **state)
{
	static const struct hash_key key = {"guard"};
	int err = setup(state);
	struct fixture *f = *state;
	add(f);
	assert_int_equal(fraud_new(&key, &f->api.p.fraud), 0);
	assert_int_equal(fraud_open(f->api.p.fraud, f->api.store, clock_wall_ms()), 0);
	return err;
}

static int teardown_guard(void **state)
{
	struct fixture *f = *state;
	fraud_free(f->api.p.fraud);
	return teardown(state);
}

/* What was set counts for the next call. */
static void test_hold_and_permit(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(ask(f, "PUT", "/api/v1/guard", "{\"new_country_days\":30}"), 200);
	assert_int_equal(call_abroad(f, "01012125551234").reason, FRAUD_NEW_COUNTRY);
	assert_int_equal(
		ask(f, "POST", "/api/v1/guard/05010000014/release", "{\"country\":\"us\"}"), 200);
	assert_false(call_abroad(f, "01012125551234").refused);
	assert_true(call_abroad(f, "010442071234567").refused);
	assert_int_equal(
		ask(f, "POST", "/api/v1/guard/05010000014/release", "{\"country\":\"ZZ\"}"), 400);
	/* the number's own rule: none */
	assert_int_equal(ask(f, "PUT", "/api/v1/guard",
			     "{\"number\":\"050-1000-0014\",\"new_country_days\":0}"),
			 200);
	assert_false(call_abroad(f, "010442071234567").refused);
	assert_int_equal(
		ask(f, "PUT", "/api/v1/guard", "{\"number\":\"05010000014\",\"clear\":true}"), 200);
	assert_true(call_abroad(f, "010442071234567").refused);
}

static void test_suspend_and_release(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(ask(f, "PUT", "/api/v1/guard",
			     "{\"customer\":\"C1\",\"calls_per_minute\":1,\"action\":\"suspend\"}"),
			 200);
	assert_int_equal(call_abroad(f, "01012125551234").reason, FRAUD_NONE);
	/* three, for a minute may end in between */
	(void)call_abroad(f, "01012125551234");
	(void)call_abroad(f, "01012125551234");
	assert_true(call_abroad(f, "01012125551234").refused);
	assert_int_equal(fraud_tick(f->api.p.fraud, f->api.store, clock_wall_ms()), 0);
	assert_int_equal(ask(f, "GET", "/api/v1/guard", ""), 200);
	assert_int_equal(json_array_size(json_object_get(f->r.json, "suspended")), 1);
	assert_int_equal(ask(f, "GET", "/api/v1/guard/05010000014", ""), 200);
	assert_true(json_is_object(json_object_get(f->r.json, "suspension")));
	assert_int_equal(ask(f, "POST", "/api/v1/guard/05010000014/release", "{}"), 200);
	assert_true(json_is_null(json_object_get(f->r.json, "suspension")));
	assert_false(call_abroad(f, "01012125551234").refused);
	assert_int_equal(ask(f, "GET", "/api/v1/guard", ""), 200);
	assert_int_equal(json_array_size(json_object_get(f->r.json, "suspended")), 0);
}

/* What is left out of a change stays. */
static void test_changes_add_up(void **state)
{
	struct fixture *f = *state;
	const json_t *rule;
	assert_int_equal(ask(f, "PUT", "/api/v1/guard", "{\"minutes\":60}"), 200);
	assert_int_equal(
		ask(f, "PUT", "/api/v1/guard", "{\"spend_yen\":1000,\"holidays\":\"2026-12-31\"}"),
		200);
	assert_int_equal(ask(f, "PUT", "/api/v1/guard", "{\"off_hours\":true,\"minutes\":5}"), 200);
	assert_int_equal(json_array_size(json_object_get(f->r.json, "rules")), 2);
	rule = json_array_get(json_object_get(f->r.json, "rules"), 0);
	assert_int_equal(json_integer_value(json_object_get(rule, "minutes")), 60);
	assert_int_equal(json_integer_value(json_object_get(rule, "spend_yen")), 1000);
	assert_true(json_is_null(json_object_get(rule, "action")));
	assert_string_equal(answered(f, "holidays"), "2026-12-31");
}

/* A number that comes back is another's: no rule, no suspension. */
static void test_number_removed(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(ask(f, "PUT", "/api/v1/guard",
			     "{\"number\":\"05010000014\",\"new_country_days\":30}"),
			 200);
	assert_true(call_abroad(f, "01012125551234").refused);
	assert_int_equal(ask(f, "DELETE", "/api/v1/numbers/05010000014", ""), 200);
	assert_int_equal(ask(f, "POST", "/api/v1/numbers", NUMBER), 201);
	assert_false(call_abroad(f, "01012125551234").refused);
	assert_int_equal(ask(f, "GET", "/api/v1/guard", ""), 200);
	assert_int_equal(json_array_size(json_object_get(f->r.json, "rules")), 0);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *body;
		unsigned status;
	} rows[] = {
		{"{}", 400},
		{"{\"off_hours\":true}", 400},
		{"{\"minutes\":-1}", 400},
		{"{\"minutes\":1000000001}", 400},
		{"{\"action\":\"shout\"}", 400},
		{"{\"holidays\":\"soon\"}", 400},
		{"{\"customer\":\"C1\",\"number\":\"05010000014\",\"minutes\":1}", 400},
		{"{\"customer\":\"C2\",\"minutes\":1}", 404},
		{"{\"number\":\"05099999999\",\"minutes\":1}", 404},
		{"{\"number\":\"117\",\"minutes\":1}", 400},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(ask(f, "PUT", "/api/v1/guard", rows[i].body), rows[i].status);
	assert_int_equal(ask(f, "GET", "/api/v1/guard/05099999999", ""), 404);
	assert_false(fraud_watches(f->api.p.fraud));
}

#define GUARD(name) cmocka_unit_test_setup_teardown(name, setup_guard, teardown_guard)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUARD(test_hold_and_permit), GUARD(test_suspend_and_release),
		GUARD(test_changes_add_up),  GUARD(test_number_removed),
		GUARD(test_refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
