/* rules: the operator's limits by whom they are for, and the holidays. Immutable once made; the
 * guard swaps them whole. */
#pragma once

#include "guard/limits.h"

enum fraud_scope { FRAUD_FOR_ALL, FRAUD_FOR_CUSTOMER, FRAUD_FOR_NUMBER };

#define FRAUD_OBJECT_BYTES 24

struct fraud_rule {
	enum fraud_scope scope;
	char object[FRAUD_OBJECT_BYTES]; /* number or customer; "" for all */
	bool off_hours;
	struct limits limits;
};

struct fraud_rules {
	struct fraud_rule *rules; /* sorted */
	size_t count, cap;
	int32_t *holidays; /* sorted */
	size_t holiday_count;
	int64_t country_days_max; /* the longest memory that a rule wants */
	bool any;		  /* some limit is set */
};

void fraud_rules_init(struct fraud_rules *r);
void fraud_rules_free(struct fraud_rules *r);
/* 0 or ERR_NOMEM. */
int fraud_rules_add(struct fraud_rules *r, const struct fraud_rule *rule);
/* "2026-11-23,2026-12-31" with commas, blanks or line ends between. 0; ERR_SYNTAX; ERR_LIMIT (more
 * than FRAUD_HOLIDAYS_MAX); ERR_NOMEM. */
int fraud_rules_take_holidays(struct fraud_rules *r, struct slice text);
/* After the last add. */
void fraud_rules_settle(struct fraud_rules *r);
/* What counts for that number now. */
void fraud_rules_limits(const struct fraud_rules *r, struct slice number, struct slice customer,
			int64_t wall_ms, struct limits *ret_limits);
