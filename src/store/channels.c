/* The history of channel counts; the triggers of migrations.c write it. */
#include "store/store_priv.h"

int store_channels_each(struct store *s, struct slice customer, store_channels_fn *fn, void *ctx)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_CHANNELS_EACH,
		   "SELECT number, at_ms, channels FROM channel_history WHERE customer = ?"
		   " ORDER BY number, at_ms");
	query_text(&q, customer);
	while ((r = query_next(&q)) > 0) {
		struct slice number = query_get_text(&q);
		int64_t at_ms = query_get_int(&q);

		r = fn(ctx, number, at_ms, (uint32_t)query_get_int(&q));
		if (r != 0)
			break;
	}
	query_end(&q);
	return r;
}
