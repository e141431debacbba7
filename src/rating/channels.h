/*
 * channels: the monthly fee of channel-up: JPY 180 for each channel above two (198 with tax).
 *
 * A month in which the count changes is charged by days: a day counts with the most channels that
 * the number had on it, and the sum of the days' fees is rounded down to whole yen. A number that
 * had five channels all month pays 3 * 180; one that had five for 10 of 30 days, 3 * 180 * 10/30.
 */
#pragma once

#include "rating/money.h"

#define CHANNELS_FREE	   2
#define CHANNEL_MONTH_UYEN (180 * UYEN_PER_YEN)

/* From a moment on, until the next entry. */
struct channels_entry {
	int64_t at_ms;
	uint32_t channels; /* 0: the number was not in service, or another customer's */
};

struct channels_fee {
	uint32_t channels; /* the most in that month */
	uint32_t days;	   /* on which channels above two were held */
	uint32_t channel_days;
	int64_t uyen; /* whole yen */
};

/* entries: by time. month: its first day. until_ms: what is later has not come yet (a month that
 * is not over). */
void channels_month_fee(const struct channels_entry *entries, size_t n, int32_t month,
			int64_t until_ms, struct channels_fee *ret_fee);
