/*
 * limits: what a number may do before the fraud guard speaks up, and which of the rules that the
 * operator has set counts for it now. Pure.
 *
 * A rule belongs to a number, to a customer or to all; and to every hour or to off hours only: the
 * night (22:00 to 6:00), Saturdays, Sundays and holidays, Japan's. For each limit the first rule
 * that sets it counts: the number's for off hours, the number's, the customer's for off hours, the
 * customer's, all's for off hours, all's.
 */
#pragma once

#include "base/day.h"

#define LIMITS_NIGHT_FROM (22 * 60) /* minutes since midnight */
#define LIMITS_NIGHT_TO	  (6 * 60)

#define LIMITS_TABLE(X)                                                                            \
	X(spend_yen)	    /* of calls that ended today, without tax */                           \
	X(minutes)	    /* of calls that ended today */                                        \
	X(calls_per_minute) /* attempts within a minute of the clock */                            \
	X(new_country_days) /* a country not called for so long is held */                         \
	X(action)	    /* enum limits_action */

#define LIMITS_UNSET (-1)

enum limits_action { LIMITS_ALERT, LIMITS_SUSPEND /* calls abroad, until they are released */ };

/* LIMITS_UNSET: the rule does not say; 0: no limit. */
struct limits {
#define X(name) int64_t name;
	LIMITS_TABLE(X)
#undef X
};

extern const struct limits limits_unset;

/* What `over` sets counts, the rest stays. */
void limits_take(struct limits *l, const struct limits *over);
/* What no rule set: no limit, and an alert. */
void limits_settle(struct limits *l);
bool limits_any(const struct limits *l);

/* holidays: sorted. */
bool limits_off_hours(int64_t wall_ms, const int32_t *holidays, size_t count);
