#include "guard/limits.h"

const struct limits limits_unset = {
#define X(name) .name = LIMITS_UNSET,
	LIMITS_TABLE(X)
#undef X
};

void limits_take(struct limits *l, const struct limits *over)
{
#define X(name) l->name = over->name == LIMITS_UNSET ? l->name : over->name;
	LIMITS_TABLE(X)
#undef X
}

void limits_settle(struct limits *l)
{
	static const struct limits none = {0};
	struct limits settled = none;
	limits_take(&settled, l);
	*l = settled;
}

bool limits_any(const struct limits *l)
{
	return l->spend_yen > 0 || l->minutes > 0 || l->calls_per_minute > 0 ||
	       l->new_country_days > 0;
}

static bool is_holiday(int32_t day, const int32_t *holidays, size_t count)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (holidays[middle] < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && holidays[low] == day;
}

bool limits_off_hours(int64_t wall_ms, const int32_t *holidays, size_t count)
{
	int32_t day = day_of(wall_ms);
	int64_t minute = day_minute(wall_ms);
	int weekday = day_weekday(day);
	return minute >= LIMITS_NIGHT_FROM || minute < LIMITS_NIGHT_TO || weekday == 0 ||
	       weekday == 6 || is_holiday(day, holidays, count);
}
