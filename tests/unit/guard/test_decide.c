#include "guard/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define YEN 1000000

static void test_decisions(void **state)
{
	const struct limits none = {0};
	const struct limits alert = {.spend_yen = 1000, .minutes = 60, .calls_per_minute = 10};
	const struct limits suspend = {.spend_yen = 1000, .action = LIMITS_SUSPEND};
	const struct limits country = {.new_country_days = 30};
	const struct fraud_usage new_country = {.country_days = -1},
				 old_country = {.country_days = 31},
				 known_country = {.country_days = 30};
	const struct {
		const struct limits *limits;
		struct fraud_usage usage;
		bool abroad;
		enum fraud_reason reason;
		bool refused, suspends;
		int64_t value, limit;
	} rows[] = {
		{&none, {.spend_uyen = INT64_MAX / 2}, true, FRAUD_NONE, false, false, 0, 0},
		/* at the limit, and a part of a yen below it */
		{&alert, {.spend_uyen = 1000 * YEN - 1}, true, FRAUD_NONE, false, false, 0, 0},
		{&alert, {.spend_uyen = 1000 * YEN}, true, FRAUD_SPEND, false, false, 1000, 1000},
		{&alert, {.talk_ms = 60 * 60000 - 1}, false, FRAUD_NONE, false, false, 0, 0},
		{&alert, {.talk_ms = 60 * 60000}, false, FRAUD_MINUTES, false, false, 60, 60},
		/* the tenth attempt of a minute is within, the eleventh is not */
		{&alert, {.calls_in_minute = 10}, false, FRAUD_NONE, false, false, 0, 0},
		{&alert, {.calls_in_minute = 11}, false, FRAUD_RATE, false, false, 11, 10},
		/* told once, then the next */
		{&alert,
		 {.spend_uyen = 2000 * (int64_t)YEN, .talk_ms = 7200000, .told = 1u << FRAUD_SPEND},
		 true,
		 FRAUD_MINUTES,
		 false,
		 false,
		 120,
		 60},
		{&alert,
		 {.spend_uyen = 2000 * (int64_t)YEN, .told = 1u << FRAUD_SPEND},
		 true,
		 FRAUD_NONE,
		 false,
		 false,
		 0,
		 0},
		/* suspended: abroad is refused, this country is not */
		{&suspend, {.spend_uyen = 1000 * YEN}, true, FRAUD_SPEND, true, true, 1000, 1000},
		{&suspend, {.spend_uyen = 1000 * YEN}, false, FRAUD_SPEND, false, true, 1000, 1000},
		{&suspend,
		 {.spend_uyen = 1000 * YEN, .suspended = true, .told = 1u << FRAUD_SPEND},
		 true,
		 FRAUD_SUSPENDED,
		 true,
		 false,
		 0,
		 0},
		{&suspend,
		 {.spend_uyen = 1000 * YEN, .suspended = true, .told = 1u << FRAUD_SPEND},
		 false,
		 FRAUD_NONE,
		 false,
		 false,
		 0,
		 0},
		{&none, {.suspended = true}, true, FRAUD_SUSPENDED, true, false, 0, 0},
		/* told while it was an alert; the rule has changed */
		{&suspend,
		 {.spend_uyen = 1000 * YEN, .told = 1u << FRAUD_SPEND},
		 true,
		 FRAUD_SPEND,
		 true,
		 true,
		 1000,
		 1000},
		/* new countries */
		{&country, new_country, true, FRAUD_NEW_COUNTRY, true, false, -1, 30},
		{&country, old_country, true, FRAUD_NEW_COUNTRY, true, false, 31, 30},
		{&country, known_country, true, FRAUD_NONE, false, false, 0, 0},
		{&country, new_country, false, FRAUD_NONE, false, false, 0, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fraud_verdict v;
		fraud_decide(rows[i].limits, &rows[i].usage, rows[i].abroad, &v);
		if (v.reason != rows[i].reason || v.refused != rows[i].refused ||
		    v.suspends != rows[i].suspends || v.value != rows[i].value ||
		    v.limit != rows[i].limit)
			fail_msg("row %zu: %s%s%s, %lld of %lld", i, fraud_reason_word(v.reason),
				 v.refused ? " refused" : "", v.suspends ? " suspends" : "",
				 (long long)v.value, (long long)v.limit);
	}
}

static void test_words(void **state)
{
	enum fraud_reason r = FRAUD_NONE;
	(void)state;
	for (enum fraud_reason i = FRAUD_SUSPENDED; i < FRAUD_REASONS; i++) {
		assert_true(fraud_reason_of(slice_str(fraud_reason_word(i)), &r));
		assert_int_equal(r, i);
	}
	assert_false(fraud_reason_of(SLICE(""), &r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
