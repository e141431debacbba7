#include "rating/channels.h"

#include "base/day.h"

/* The most that were held at any moment of the day. *i stands at the first entry behind it then. */
static uint32_t most_of_day(const struct channels_entry *entries, size_t n, int32_t day, size_t *i)
{
	uint32_t most = 0;
	int64_t from_ms = day_start_ms(day), to_ms = day_start_ms(day + 1);
	while (*i < n && entries[*i].at_ms <= from_ms)
		(*i)++;
	if (*i > 0)
		most = entries[*i - 1].channels;
	for (; *i < n && entries[*i].at_ms < to_ms; (*i)++) {
		if (entries[*i].channels > most)
			most = entries[*i].channels;
	}
	return most;
}

void channels_month_fee(const struct channels_entry *entries, size_t n, int32_t month,
			int64_t until_ms, struct channels_fee *ret_fee)
{
	struct channels_fee fee = {0};
	int32_t end = day_next_month(month);
	size_t i = 0;
	for (int32_t day = month; day < end && day_start_ms(day) < until_ms; day++) {
		uint32_t channels = most_of_day(entries, n, day, &i);
		if (channels > fee.channels)
			fee.channels = channels;
		if (channels <= CHANNELS_FREE)
			continue;
		fee.days++;
		fee.channel_days += channels - CHANNELS_FREE;
	}
	fee.uyen = fee.channel_days * CHANNEL_MONTH_UYEN / (end - month);
	fee.uyen -= fee.uyen % UYEN_PER_YEN;
	*ret_fee = fee;
}
