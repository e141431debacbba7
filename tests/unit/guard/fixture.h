/* A guard on a store of its own, with a price list: 10 yen a minute abroad, 1 yen elsewhere. */
#pragma once

#include "base/err.h"
#include "guard/load.h"
#include "store/store_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NUMBER "05010000014"
#define US     "01012125551234"
#define GB     "010442071234567"
#define HOME   "0312345678"

/* A Wednesday, ten in the morning in Japan. */
#define NOW    INT64_C(1795568400000)
#define HOUR   INT64_C(3600000)
#define MINUTE INT64_C(60000)

struct fixture {
	char directory[64], path[96];
	struct store *s;
	struct fraud *f;
};

static inline void fixture_guard(struct fixture *x, int64_t now_ms)
{
	static const struct hash_key key = {"guard"};
	fraud_free(x->f);
	assert_int_equal(fraud_new(&key, &x->f), 0);
	assert_int_equal(fraud_open(x->f, x->s, now_ms), 0);
	if (fraud_watches(x->f))
		assert_int_equal(fraud_open_day(x->f, x->s, now_ms), 0);
}

static inline int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));
	const struct store_price_list l = {
		.csv = SLICE("class,price,unit\ninternational,10,60\n,1,60\n")};
	assert_non_null(x);
	snprintf(x->directory, sizeof(x->directory), "/tmp/opengate-guard-XXXXXX");
	assert_non_null(mkdtemp(x->directory));
	snprintf(x->path, sizeof(x->path), "%s/a.db", x->directory);
	assert_int_equal(store_open(x->path, &x->s, NULL, 0), 0);
	assert_int_equal(store_prices_add(x->s, &l), 0);
	fixture_guard(x, NOW);
	*state = x;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *x = *state;
	char command[128];
	fraud_free(x->f);
	store_close(x->s);
	snprintf(command, sizeof(command), "rm -r %s", x->directory);
	assert_int_equal(system(command), 0);
	free(x);
	return 0;
}

static inline struct store_guard_rule a_rule(void)
{
	return (struct store_guard_rule){.spend_yen = -1,
					 .minutes = -1,
					 .calls_per_minute = -1,
					 .new_country_days = -1,
					 .action = -1};
}

static inline void set(struct fixture *x, struct store_guard_rule rule, int64_t now_ms)
{
	assert_int_equal(store_guard_rule_put(x->s, &rule), 0);
	assert_int_equal(fraud_reload(x->f, x->s, now_ms), 0);
}

static inline struct fraud_call a_call(const char *to)
{
	return (struct fraud_call){
		.number = SLICE(NUMBER), .customer = SLICE("C1"), .to = slice_str(to)};
}

static inline struct fraud_verdict try(struct fixture *x, const char *to, int64_t now_ms)
{
	struct fraud_call c = a_call(to);
	struct fraud_verdict v;
	fraud_try(x->f, &c, now_ms, &v);
	return v;
}

static inline void ended(struct fixture *x, const char *to, int64_t ended_at, int64_t talk_ms)
{
	struct fraud_call c = a_call(to);
	fraud_ended(x->f, &c, ended_at - talk_ms, ended_at, talk_ms);
}

static inline void put_record(struct fixture *x, const char *to, int64_t ended_at, int64_t talk_ms)
{
	struct store_record r = {.id = (uint64_t)(ended_at - talk_ms) << 22,
				 .from = SLICE(NUMBER),
				 .to = slice_str(to),
				 .customer = SLICE("C1"),
				 .started_at = ended_at - talk_ms,
				 .answered_at = ended_at - talk_ms,
				 .ended_at = ended_at};
	assert_int_equal(store_record_add(x->s, &r), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
