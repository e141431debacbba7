/*
 * day: days and months of Japan's calendar (UTC+9, no summer time), which bills, price lists and
 * daily limits go by. Pure. A day is counted from 1970-01-01, a month is named by its first day.
 */
#pragma once

#include "base/slice.h"

#define DAY_CHARS   10 /* "2026-11-25" */
#define MONTH_CHARS 7  /* "2026-11" */
#define DAY_MS	    86400000

int32_t day_of(int64_t wall_ms);
int64_t day_start_ms(int32_t day);   /* its first moment */
int64_t day_minute(int64_t wall_ms); /* minutes since midnight */
int day_weekday(int32_t day);	     /* 0: Sunday */
int32_t day_first_of_month(int32_t day);
int32_t day_next_month(int32_t day); /* the first day of the month after that of day */

/* "2026-11-25", from 1970 to 9999. 0 or ERR_SYNTAX (also 2026-02-30). */
int day_parse(struct slice text, int32_t *ret_day);
/* "2026-11": its first day. 0 or ERR_SYNTAX. */
int day_parse_month(struct slice text, int32_t *ret_day);
void day_text(int32_t day, char ret_text[DAY_CHARS + 1]);
void day_month_text(int32_t day, char ret_text[MONTH_CHARS + 1]);
