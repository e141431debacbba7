#include "store/store_priv.h"

int store_binding_put(struct store *s, const struct store_binding *b)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_BINDING_PUT,
		   "INSERT INTO binding(number, key, bytes, expires_at) VALUES(?, ?, ?, ?)"
		   " ON CONFLICT(number, key) DO UPDATE SET bytes = excluded.bytes, expires_at = "
		   "excluded.expires_at");
	query_text(&q, b->number);
	query_blob(&q, b->key.p, b->key.n);
	query_blob(&q, b->bytes.p, b->bytes.n);
	query_int(&q, b->expires_at);
	r = query_run(&q, NULL);
	if (r == ERR_CONFLICT)
		return store_refuse(s, ERR_NOT_FOUND, "There is no number %.*s.",
				    SLICE_ARG(b->number));
	return r;
}

int store_binding_remove(struct store *s, struct slice number, struct slice key)
{
	struct query q;
	int r, changed = 0;

	query_init(&q, s, PLACE_BINDING_REMOVE, "DELETE FROM binding WHERE number = ? AND key = ?");
	query_text(&q, number);
	query_blob(&q, key.p, key.n);
	r = query_run(&q, &changed);
	if (r == 0 && changed == 0)
		return store_refuse(s, ERR_NOT_FOUND, "There is no such binding of number %.*s.",
				    SLICE_ARG(number));
	return r;
}

int store_binding_remove_expired(struct store *s, int64_t now_ms)
{
	struct query q;

	query_init(&q, s, PLACE_BINDING_REMOVE_EXPIRED,
		   "DELETE FROM binding WHERE expires_at <= ?");
	query_int(&q, now_ms);
	return query_run(&q, NULL);
}

int store_binding_each(struct store *s, store_binding_fn *fn, void *ctx)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_BINDING_EACH, "SELECT number, key, bytes, expires_at FROM binding");
	while ((r = query_next(&q)) > 0) {
		struct store_binding b;

		b.number = query_get_text(&q);
		b.key = query_get_blob(&q);
		b.bytes = query_get_blob(&q);
		b.expires_at = query_get_int(&q);
		r = fn(ctx, &b);
		if (r != 0)
			break;
	}
	query_end(&q);
	return r;
}
