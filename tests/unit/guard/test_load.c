/* What the guard knows after a restart, and when rules change while it runs. */
#include "fixture.h"

static struct fraud_state shown(struct fixture *x, int64_t now_ms)
{
	struct fraud_state state;
	(void)fraud_show(x->f, SLICE(NUMBER), SLICE("C1"), now_ms, &state);
	return state;
}

/* Of the calls of today each is counted once, whichever way. */
static void test_day_after_restart(void **state)
{
	struct fixture *x = *state;
	struct store_guard_rule rule = a_rule();
	rule.spend_yen = 1000;
	set(x, rule, NOW);
	put_record(x, US, NOW - 11 * HOUR, MINUTE);  /* yesterday */
	put_record(x, US, NOW - 9 * HOUR, 2 * HOUR); /* began yesterday, ended today */
	put_record(x, HOME, NOW - HOUR, MINUTE);
	fixture_guard(x, NOW);
	assert_int_equal(shown(x, NOW).usage.talk_ms, 121 * MINUTE);
	assert_int_equal(shown(x, NOW).usage.spend_uyen, 1201 * UYEN_PER_YEN);
	assert_int_equal(try(x, US, NOW).reason, FRAUD_SPEND);
	/* a call that ran through the restart and ends now */
	ended(x, US, NOW - 5, MINUTE);
	assert_int_equal(shown(x, NOW).usage.talk_ms, 122 * MINUTE);
	assert_int_equal(fraud_tick(x->f, x->s, NOW + HOUR), 0);
	assert_int_equal(shown(x, NOW).usage.talk_ms, 122 * MINUTE);
}

static void test_suspension_survives(void **state)
{
	struct fixture *x = *state;
	struct store_guard_rule rule = a_rule();
	rule.minutes = 30;
	rule.action = LIMITS_SUSPEND;
	set(x, rule, NOW - HOUR);
	ended(x, HOME, NOW, 31 * MINUTE);
	assert_true(try(x, US, NOW).suspends);
	assert_int_equal(fraud_tick(x->f, x->s, NOW), 0);
	fixture_guard(x, NOW + 48 * HOUR);
	assert_true(try(x, US, NOW + 48 * HOUR).refused);
	assert_int_equal(shown(x, NOW).suspended_by, FRAUD_MINUTES);
	assert_int_equal(shown(x, NOW).value, 31);
	/* also when all rules are gone */
	assert_int_equal(store_guard_rule_remove(x->s, 0, SLICE(""), false), 0);
	fixture_guard(x, NOW + 48 * HOUR);
	assert_true(try(x, US, NOW + 48 * HOUR).refused);
}

/* Killed before the keeper had kept it: what was done today decides again. */
static void test_killed_before_it_was_kept(void **state)
{
	struct fixture *x = *state;
	struct store_guard_rule rule = a_rule();
	rule.minutes = 30;
	rule.action = LIMITS_SUSPEND;
	set(x, rule, NOW - HOUR);
	put_record(x, HOME, NOW, 31 * MINUTE);
	fixture_guard(x, NOW);
	assert_true(try(x, US, NOW + 1).refused);
}

static void test_release_survives(void **state)
{
	struct fixture *x = *state;
	struct store_guard_rule rule = a_rule();
	const struct store_guard_number released = {.number = SLICE(NUMBER), .released_at = NOW};
	rule.minutes = 30;
	rule.action = LIMITS_SUSPEND;
	set(x, rule, NOW - HOUR);
	put_record(x, HOME, NOW - MINUTE, 31 * MINUTE);
	put_record(x, HOME, NOW + HOUR, 5 * MINUTE);
	assert_int_equal(store_guard_number_put(x->s, &released), 0);
	fixture_guard(x, NOW + HOUR);
	assert_int_equal(shown(x, NOW + HOUR).usage.talk_ms, 5 * MINUTE);
	assert_false(try(x, US, NOW + HOUR).refused);
}

static void test_countries_survive(void **state)
{
	struct fixture *x = *state;
	struct store_guard_rule rule = a_rule();
	rule.new_country_days = 10;
	put_record(x, US, NOW - 9 * 24 * HOUR, MINUTE);
	put_record(x, GB, NOW - 12 * 24 * HOUR, MINUTE);
	set(x, rule, NOW);
	fixture_guard(x, NOW);
	assert_false(try(x, US, NOW).refused);
	assert_true(try(x, GB, NOW).refused);
	assert_int_equal(store_guard_permit_put(x->s, SLICE(NUMBER), SLICE("GB"), NOW), 0);
	fixture_guard(x, NOW);
	assert_false(try(x, GB, NOW).refused);
}

/* Rules set while calls run: what was done before them today is added by the keeper, once; what
 * ends meanwhile is not lost. */
static void test_rules_come_later(void **state)
{
	struct fixture *x = *state;
	struct store_guard_rule rule = a_rule();
	rule.minutes = 1000;
	rule.new_country_days = 10;
	put_record(x, US, NOW - HOUR, 10 * MINUTE);
	set(x, rule, NOW);
	/* ended before the rule has settled: by its record */
	ended(x, US, NOW + 1000, MINUTE);
	put_record(x, US, NOW + 1000, MINUTE);
	/* ended later: at once */
	ended(x, US, NOW + 5000, 2 * MINUTE);
	put_record(x, US, NOW + 5000, 2 * MINUTE);
	assert_int_equal(fraud_tick(x->f, x->s, NOW + 2000), 0);
	assert_int_equal(shown(x, NOW).usage.talk_ms, 2 * MINUTE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(fraud_tick(x->f, x->s, NOW + 10000), 0);
	assert_int_equal(shown(x, NOW).usage.talk_ms, 13 * MINUTE);
	assert_false(try(x, US, NOW + 10000).refused);
	/* more rules: nothing is added twice */
	rule.new_country_days = 30;
	set(x, rule, NOW + 10000);
	assert_int_equal(fraud_tick(x->f, x->s, NOW + 60000), 0);
	assert_int_equal(shown(x, NOW).usage.talk_ms, 13 * MINUTE);
}

static void test_removed_number_is_forgotten(void **state)
{
	struct fixture *x = *state;
	const struct store_customer c = {.code = SLICE("C1")};
	const struct store_number n = {
		.number = SLICE(NUMBER), .account = SLICE("1"), .customer = SLICE("C1")};
	const struct store_guard_number held = {.number = SLICE(NUMBER), .suspended_at = NOW};
	struct store_guard_rule rule = a_rule();
	rule.scope = 2;
	rule.object = SLICE(NUMBER);
	rule.minutes = 5;
	assert_int_equal(store_customer_add(x->s, &c), 0);
	assert_int_equal(store_number_add(x->s, &n), 0);
	set(x, rule, NOW);
	assert_int_equal(store_guard_number_put(x->s, &held), 0);
	assert_int_equal(store_guard_permit_put(x->s, SLICE(NUMBER), SLICE("GB"), NOW), 0);
	assert_int_equal(store_number_remove(x->s, SLICE(NUMBER)), 0);
	fixture_guard(x, NOW);
	assert_false(fraud_watches(x->f));
	assert_int_equal(shown(x, NOW).suspended_at_ms, 0);
}

/* What the store cannot have given us is refused, and the old rules stay. */
static void test_damaged(void **state)
{
	struct fixture *x = *state;
	struct store_guard_rule rule = a_rule();
	rule.minutes = 5;
	set(x, rule, NOW);
	assert_int_equal(store_setting_put(x->s, SLICE("guard_holidays"), SLICE("soon")), 0);
	assert_int_equal(fraud_reload(x->f, x->s, NOW), ERR_DAMAGED);
	assert_int_equal(shown(x, NOW).limits.minutes, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_day_after_restart),		TEST(test_suspension_survives),
		TEST(test_killed_before_it_was_kept),	TEST(test_release_survives),
		TEST(test_countries_survive),		TEST(test_rules_come_later),
		TEST(test_removed_number_is_forgotten), TEST(test_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
