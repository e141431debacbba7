#include "base/day.h"

#include "base/err.h"

#include <time.h>

#define JAPAN_MS (9 * 3600000)
#define DAY_S	 (DAY_MS / 1000)

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int32_t day_of(int64_t wall_ms)
{
	return (int32_t)floor_div(wall_ms + JAPAN_MS, DAY_MS);
}

int64_t day_start_ms(int32_t day)
{
	return (int64_t)day * DAY_MS - JAPAN_MS;
}

int64_t day_minute(int64_t wall_ms)
{
	return (wall_ms - day_start_ms(day_of(wall_ms))) / 60000;
}

int day_weekday(int32_t day)
{
	return (int)((day % 7 + 7 + 4) % 7); /* the first was a Thursday */
}

static struct tm calendar(int32_t day)
{
	struct tm tm = {0};
	time_t t = (time_t)day * DAY_S;
	(void)gmtime_r(&t, &tm);
	return tm;
}

int32_t day_first_of_month(int32_t day)
{
	return day - calendar(day).tm_mday + 1;
}

int32_t day_next_month(int32_t day)
{
	return day_first_of_month(day_first_of_month(day) + 31);
}

/* Exactly n digits off the front. */
static int take(struct slice *s, size_t n, int *ret_value)
{
	uint64_t v;
	if (s->n < n || slice_u64(slice_first(*s, n), 9999, &v) != 0)
		return ERR_SYNTAX;
	*ret_value = (int)v;
	*s = slice_from(*s, n);
	return 0;
}

static int skip_dash(struct slice *s)
{
	if (s->n == 0 || *s->p != '-')
		return ERR_SYNTAX;
	*s = slice_from(*s, 1);
	return 0;
}

static int take_month(struct slice *s, struct tm *tm)
{
	if (take(s, 4, &tm->tm_year) || skip_dash(s) || take(s, 2, &tm->tm_mon) ||
	    tm->tm_year < 1970)
		return ERR_SYNTAX;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return 0;
}

/* The 30th of February would be the 2nd of March: that is a mistake, no date. */
static int number(const struct tm *tm, int32_t *ret_day)
{
	struct tm copy = *tm;
	int32_t day = (int32_t)(timegm(&copy) / DAY_S);
	if (copy.tm_mday != tm->tm_mday || copy.tm_mon != tm->tm_mon)
		return ERR_SYNTAX;
	*ret_day = day;
	return 0;
}

int day_parse(struct slice text, int32_t *ret_day)
{
	struct tm tm = {0};
	if (take_month(&text, &tm) || skip_dash(&text) || take(&text, 2, &tm.tm_mday) || text.n)
		return ERR_SYNTAX;
	return number(&tm, ret_day);
}

int day_parse_month(struct slice text, int32_t *ret_day)
{
	struct tm tm = {.tm_mday = 1};
	if (take_month(&text, &tm) || text.n)
		return ERR_SYNTAX;
	return number(&tm, ret_day);
}

void day_text(int32_t day, char ret_text[DAY_CHARS + 1])
{
	struct tm tm = calendar(day);
	if (strftime(ret_text, DAY_CHARS + 1, "%Y-%m-%d", &tm) == 0)
		*ret_text = '\0'; /* behind the year 9999 */
}

void day_month_text(int32_t day, char ret_text[MONTH_CHARS + 1])
{
	struct tm tm = calendar(day);
	if (strftime(ret_text, MONTH_CHARS + 1, "%Y-%m", &tm) == 0)
		*ret_text = '\0';
}
