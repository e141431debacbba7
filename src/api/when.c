#include "api/when.h"

#include "base/slice.h"

#include <time.h>

/* Exactly n digits off the front. */
static bool take(struct slice *s, size_t n, int *ret_value)
{
	uint64_t v;
	if (s->n < n || slice_u64(slice_first(*s, n), 9999, &v) != 0)
		return false;
	*ret_value = (int)v;
	*s = slice_from(*s, n);
	return true;
}

static bool skip(struct slice *s, const char *any_of)
{
	if (s->n == 0 || strchr(any_of, *s->p) == NULL || *s->p == '\0')
		return false;
	*s = slice_from(*s, 1);
	return true;
}

static bool take_date(struct slice *s, struct tm *tm)
{
	if (!take(s, 4, &tm->tm_year) || !skip(s, "-") || !take(s, 2, &tm->tm_mon) ||
	    !skip(s, "-") || !take(s, 2, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return true;
}

/* A leap second counts as the one before it. */
static bool take_clock(struct slice *s, struct tm *tm)
{
	if (!take(s, 2, &tm->tm_hour) || !skip(s, ":") || !take(s, 2, &tm->tm_min) ||
	    !skip(s, ":") || !take(s, 2, &tm->tm_sec))
		return false;
	if (tm->tm_sec == 60)
		tm->tm_sec = 59;
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60;
}

static bool take_fraction(struct slice *s, int64_t *ret_ms)
{
	int64_t ms = 0, unit = 100;
	*ret_ms = 0;
	if (!skip(s, ".,"))
		return true;
	if (s->n == 0 || *s->p < '0' || *s->p > '9')
		return false;
	for (; s->n && *s->p >= '0' && *s->p <= '9'; *s = slice_from(*s, 1)) {
		ms += unit * (*s->p - '0');
		unit /= 10;
	}
	*ret_ms = ms;
	return true;
}

static bool take_zone(struct slice *s, int64_t *ret_offset_ms)
{
	int hours, minutes, sign;
	*ret_offset_ms = 0;
	if (s->n == 0 || skip(s, "Zz"))
		return s->n == 0;
	sign = *s->p == '-' ? -1 : 1;
	if (!skip(s, "+-") || !take(s, 2, &hours) || (skip(s, ":"), !take(s, 2, &minutes)))
		return false;
	*ret_offset_ms = (int64_t)sign * (hours * 60 + minutes) * 60000;
	return s->n == 0 && hours < 24 && minutes < 60;
}

/* The 31st of a month that has 30 days is a mistake, not the 1st of the next. */
static bool exists(const struct tm *tm, time_t t)
{
	struct tm back;
	return gmtime_r(&t, &back) && back.tm_mday == tm->tm_mday && back.tm_mon == tm->tm_mon &&
	       back.tm_year == tm->tm_year;
}

static int64_t calendar(struct slice s)
{
	struct tm tm = {0};
	int64_t ms = 0, offset_ms = 0;
	if (!take_date(&s, &tm))
		return -1;
	if (s.n && (!skip(&s, "Tt ") || !take_clock(&s, &tm) || !take_fraction(&s, &ms) ||
		    !take_zone(&s, &offset_ms)))
		return -1;
	struct tm copy = tm;
	time_t t = timegm(&copy);
	int64_t at_ms = (int64_t)t * 1000 + ms - offset_ms;
	return exists(&tm, t) && at_ms >= 0 ? at_ms : -1;
}

static int64_t age(struct slice s, int64_t now_ms)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}, {'w', 604800000}};
	uint64_t n;
	for (size_t i = 0; s.n > 1 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (s.p[s.n - 1] != units[i].unit ||
		    slice_u64(slice_first(s, s.n - 1), 1000000000, &n) != 0)
			continue;
		int64_t at_ms = now_ms - (int64_t)n * units[i].ms;
		return at_ms > 0 ? at_ms : 0;
	}
	return -1;
}

int64_t when_parse(const char *text, int64_t now_ms)
{
	struct slice s = slice_trim(slice_str(text));
	uint64_t seconds;
	if (slice_u64(s, 1ull << 40, &seconds) == 0)
		return (int64_t)seconds * 1000;
	int64_t at_ms = age(s, now_ms);
	return at_ms >= 0 ? at_ms : calendar(s);
}
