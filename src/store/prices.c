#include "store/store_priv.h"

int store_prices_add(struct store *s, const struct store_price_list *l)
{
	struct query q;

	query_init(&q, s, PLACE_PRICES_ADD,
		   "INSERT INTO price_list(from_day, imported_at, row_count, csv)"
		   " VALUES(?, ?, ?, ?)");
	query_int(&q, l->from_day);
	query_int(&q, l->imported_at);
	query_int(&q, l->row_count);
	query_text(&q, l->csv);
	return query_run(&q, NULL);
}

static void read_row(struct query *q, struct store_price_list *l)
{
	l->id = (uint64_t)query_get_int(q);
	l->from_day = (int32_t)query_get_int(q);
	l->imported_at = query_get_int(q);
	l->row_count = (uint32_t)query_get_int(q);
	l->csv = query_get_text(q);
}

int store_prices_each(struct store *s, store_prices_fn *fn, void *ctx)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_PRICES_EACH,
		   "SELECT id, from_day, imported_at, row_count, csv FROM price_list ORDER BY id");
	while ((r = query_next(&q)) > 0) {
		struct store_price_list l;

		read_row(&q, &l);
		r = fn(ctx, &l);
		if (r != 0)
			break;
	}
	query_end(&q);
	return r;
}
