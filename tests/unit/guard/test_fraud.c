#include "fixture.h"

#include <pthread.h>

static void test_nothing_is_watched(void **state)
{
	struct fixture *x = *state;
	assert_false(fraud_watches(x->f));
	ended(x, US, NOW, HOUR);
	assert_int_equal(try(x, US, NOW).reason, FRAUD_NONE);
}

/* 100 yen, 10 a minute: the call after the tenth minute is told of, once a day. */
static void test_alert_by_spend(void **state)
{
	struct fixture *x = *state;
	struct store_guard_rule rule = a_rule();
	rule.spend_yen = 100;
	set(x, rule, NOW - HOUR);
	ended(x, US, NOW, 9 * MINUTE);
	assert_int_equal(try(x, US, NOW).reason, FRAUD_NONE);
	ended(x, US, NOW, MINUTE);
	struct fraud_verdict v = try(x, US, NOW);
	assert_int_equal(v.reason, FRAUD_SPEND);
	assert_int_equal(v.value, 100);
	assert_false(v.refused);
	assert_int_equal(try(x, US, NOW + 1).reason, FRAUD_NONE);
	/* a new day begins at midnight in Japan, 14 hours later */
	assert_int_equal(try(x, US, NOW + 14 * HOUR).reason, FRAUD_NONE);
	ended(x, US, NOW + 14 * HOUR, 10 * MINUTE);
	assert_int_equal(try(x, US, NOW + 14 * HOUR).reason, FRAUD_SPEND);
}

static void test_suspension_and_release(void **state)
{
	struct fixture *x = *state;
	struct store_guard_rule rule = a_rule();
	struct fraud_state shown;
	rule.minutes = 30;
	rule.action = LIMITS_SUSPEND;
	set(x, rule, NOW - HOUR);
	ended(x, HOME, NOW, 31 * MINUTE);
	/* within the country it goes on, abroad it does not */
	struct fraud_verdict v = try(x, HOME, NOW);
	assert_true(v.suspends && !v.refused);
	assert_int_equal(v.reason, FRAUD_MINUTES);
	assert_false(try(x, HOME, NOW).refused);
	assert_true(try(x, US, NOW).refused);
	/* another day is no release */
	assert_true(try(x, US, NOW + 24 * HOUR).refused);
	assert_true(fraud_show(x->f, SLICE(NUMBER), SLICE("C1"), NOW, &shown));
	assert_true(shown.usage.suspended);
	assert_int_equal(shown.suspended_by, FRAUD_MINUTES);
	assert_int_equal(shown.value, 31);
	assert_int_equal(shown.limits.minutes, 30);
	fraud_release(x->f, SLICE(NUMBER), NOW + 24 * HOUR);
	assert_false(try(x, US, NOW + 24 * HOUR).refused);
}

static void test_rate(void **state)
{
	struct fixture *x = *state;
	struct store_guard_rule rule = a_rule();
	rule.calls_per_minute = 3;
	set(x, rule, NOW - HOUR);
	for (int i = 0; i < 3; i++)
		assert_int_equal(try(x, HOME, NOW + i).reason, FRAUD_NONE);
	assert_int_equal(try(x, HOME, NOW + 3).reason, FRAUD_RATE);
	assert_int_equal(try(x, HOME, NOW + 4).reason, FRAUD_NONE);
	/* told again in another minute */
	for (int i = 0; i < 3; i++)
		assert_int_equal(try(x, HOME, NOW + MINUTE).reason, FRAUD_NONE);
	assert_int_equal(try(x, HOME, NOW + MINUTE).reason, FRAUD_RATE);
}

static void test_new_country(void **state)
{
	struct fixture *x = *state;
	struct store_guard_rule rule = a_rule();
	struct fraud_call on_net = {
		.number = SLICE(NUMBER), .to = SLICE("05010000022"), .on_net = true};
	struct fraud_verdict v;
	rule.new_country_days = 10;
	set(x, rule, NOW - HOUR);
	assert_int_equal(try(x, US, NOW).reason, FRAUD_NEW_COUNTRY);
	assert_true(try(x, US, NOW).refused);
	assert_false(try(x, HOME, NOW).refused);
	fraud_try(x->f, &on_net, NOW, &v);
	assert_false(v.refused);
	fraud_permit(x->f, SLICE(NUMBER), SLICE("US"), NOW);
	assert_false(try(x, US, NOW).refused);
	assert_true(try(x, GB, NOW).refused);
	/* each call makes it known anew, ten days of silence forget it */
	ended(x, US, NOW + 10 * 24 * HOUR, MINUTE);
	assert_false(try(x, US, NOW + 20 * 24 * HOUR).refused);
	assert_true(try(x, US, NOW + 21 * 24 * HOUR).refused);
}

static void test_forget(void **state)
{
	struct fixture *x = *state;
	struct store_guard_rule rule = a_rule();
	rule.minutes = 30;
	rule.new_country_days = 10;
	rule.action = LIMITS_SUSPEND;
	set(x, rule, NOW - HOUR);
	fraud_forget(x->f, SLICE(NUMBER)); /* of whom nothing is known */
	ended(x, US, NOW, 31 * MINUTE);
	assert_true(try(x, US, NOW).suspends);
	fraud_forget(x->f, SLICE(NUMBER));
	struct fraud_verdict v = try(x, US, NOW);
	assert_int_equal(v.reason, FRAUD_NEW_COUNTRY);
	fraud_permit(x->f, SLICE(NUMBER), SLICE("US"), NOW);
	assert_false(try(x, US, NOW).refused);
	assert_int_equal(fraud_tick(x->f, x->s, NOW), 0);
	fixture_guard(x, NOW);
	assert_false(try(x, HOME, NOW).suspends);
}

struct caller {
	struct fixture *x;
	int first;
};

static void *call_much(void *arg)
{
	const struct caller *c = arg;
	for (int i = 0; i < 2000; i++) {
		char number[16];
		snprintf(number, sizeof(number), "050%08d", (c->first + i) % 500);
		const struct fraud_call call = {.number = slice_str(number), .to = SLICE(US)};
		struct fraud_verdict v;
		fraud_try(c->x->f, &call, NOW, &v);
		fraud_ended(c->x->f, &call, NOW, NOW + MINUTE, MINUTE);
	}
	return NULL;
}

/* Shards and the operator at the same time: nothing is lost. */
static void test_threads(void **state)
{
	struct fixture *x = *state;
	struct store_guard_rule rule = a_rule();
	struct caller callers[2] = {{x, 0}, {x, 250}};
	pthread_t threads[2];
	struct fraud_state shown;
	rule.minutes = 1000000;
	set(x, rule, NOW - HOUR);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, call_much, &callers[i]), 0);
	for (int i = 0; i < 20; i++) {
		set(x, rule, NOW);
		assert_int_equal(fraud_reload_prices(x->f, x->s), 0);
		assert_int_equal(fraud_tick(x->f, x->s, NOW), 0);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 500; i++) {
		char number[16];
		snprintf(number, sizeof(number), "050%08d", i);
		assert_true(fraud_show(x->f, slice_str(number), SLICE(""), NOW, &shown));
		assert_int_equal(shown.usage.talk_ms, 8 * MINUTE);
		assert_int_equal(shown.usage.spend_uyen, 80 * UYEN_PER_YEN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_is_watched),
		TEST(test_alert_by_spend),
		TEST(test_suspension_and_release),
		TEST(test_rate),
		TEST(test_new_country),
		TEST(test_forget),
		TEST(test_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
