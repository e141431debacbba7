#include "api/api_priv.h"

#include "base/day.h"

bool day_of_query(struct request *r, const char *key, int32_t otherwise, int32_t *ret_day)
{
	const char *text = query(r, key);
	*ret_day = otherwise;
	if (text == NULL || day_parse(slice_str(text), ret_day) == 0)
		return true;
	refuse(r, 400, "invalid", "The day is not understood", key,
	       "write it like 2026-11-25; days are Japan's");
	return false;
}

bool month_of_query(struct request *r, const char *key, int32_t *ret_month)
{
	const char *text = query(r, key);
	if (text && day_parse_month(slice_str(text), ret_month) == 0)
		return true;
	refuse(r, 400, text ? "invalid" : "missing",
	       text ? "The month is not understood" : "The month is missing", key,
	       "write it like 2026-11");
	return false;
}
