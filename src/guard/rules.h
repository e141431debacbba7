/* rules: the operator's limits by whom they are for, and the holidays. Immutable once made; the
 * guard swaps them whole. */
#pragma once

#include "guard/limits.h"

enum rule_scope { RULE_ALL, RULE_CUSTOMER, RULE_NUMBER };

#define RULE_OBJECT_BYTES 24

struct rule {
	enum rule_scope scope;
	char object[RULE_OBJECT_BYTES]; /* number or customer; "" for all */
	bool off_hours;
	struct limits limits;
};

struct rules {
	struct rule *rules; /* sorted */
	size_t count, cap;
	int32_t *holidays; /* sorted */
	size_t holiday_count;
	int64_t country_days_max; /* the longest memory that a rule wants */
	bool any;		  /* some limit is set */
};

void rules_init(struct rules *r);
void rules_free(struct rules *r);
/* 0 or ERR_NOMEM. */
int rules_add(struct rules *r, const struct rule *rule);
/* "2026-11-23,2026-12-31" with commas, blanks or line ends between. 0; ERR_SYNTAX; ERR_LIMIT (more
 * than FRAUD_HOLIDAYS_MAX); ERR_NOMEM. */
int rules_take_holidays(struct rules *r, struct slice text);
/* After the last add. */
void rules_settle(struct rules *r);
/* What counts for that number now. */
void rules_limits(const struct rules *r, struct slice number, struct slice customer,
		  int64_t wall_ms, struct limits *ret_limits);
