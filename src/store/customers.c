#include "store/store_priv.h"

#define COLUMNS "code, name, address, selfcare_hash, created_at"

static void bind_row(struct query *q, const struct store_customer *c)
{
	query_text(q, c->code);
	query_text(q, c->name);
	query_text(q, c->address);
	query_text(q, c->selfcare_hash);
	query_int(q, c->created_at);
}

static void read_row(struct query *q, struct store_customer *c)
{
	c->code = query_get_text(q);
	c->name = query_get_text(q);
	c->address = query_get_text(q);
	c->selfcare_hash = query_get_text(q);
	c->created_at = query_get_int(q);
}

static int not_found(struct store *s, struct slice code)
{
	return store_refuse(s, ERR_NOT_FOUND, "There is no customer %.*s.", SLICE_ARG(code));
}

int store_customer_add(struct store *s, const struct store_customer *c)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_CUSTOMER_ADD,
		   "INSERT INTO customer(" COLUMNS ") VALUES(?, ?, ?, ?, ?)");
	bind_row(&q, c);
	r = query_run(&q, NULL);
	if (r == ERR_EXISTS)
		store_refuse(s, r, "Customer %.*s exists already.", SLICE_ARG(c->code));
	return r;
}

int store_customer_put(struct store *s, const struct store_customer *c)
{
	struct query q;

	query_init(&q, s, PLACE_CUSTOMER_PUT,
		   "INSERT INTO customer(" COLUMNS
		   ") VALUES(?, ?, ?, ?, ?) ON CONFLICT(code) DO UPDATE SET"
		   " name = excluded.name, address = excluded.address, selfcare_hash = "
		   "excluded.selfcare_hash,"
		   " created_at = excluded.created_at");
	bind_row(&q, c);
	return query_run(&q, NULL);
}

int store_customer_get(struct store *s, struct slice code, struct store_customer *ret_customer)
{
	struct store_customer c;
	struct slice *const texts[] = {&c.code, &c.name, &c.address, &c.selfcare_hash};
	struct query q;
	int r;

	query_init(&q, s, PLACE_CUSTOMER_GET, "SELECT " COLUMNS " FROM customer WHERE code = ?");
	query_text(&q, code);
	r = query_next(&q);
	if (r <= 0)
		return r < 0 ? r : not_found(s, code);
	read_row(&q, &c);
	r = query_keep(&q, texts, sizeof(texts) / sizeof(texts[0]));
	query_end(&q);
	if (r == 0)
		*ret_customer = c;
	return r;
}

int store_customer_remove(struct store *s, struct slice code)
{
	struct query q;
	int r, changed = 0;

	query_init(&q, s, PLACE_CUSTOMER_REMOVE, "DELETE FROM customer WHERE code = ?");
	query_text(&q, code);
	r = query_run(&q, &changed);
	if (r == ERR_CONFLICT)
		return store_refuse(s, r, "Customer %.*s still has numbers; remove them first.",
				    SLICE_ARG(code));
	return r == 0 && changed == 0 ? not_found(s, code) : r;
}

int store_customer_each(struct store *s, store_customer_fn *fn, void *ctx)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_CUSTOMER_EACH, "SELECT " COLUMNS " FROM customer ORDER BY code");
	while ((r = query_next(&q)) > 0) {
		struct store_customer c;

		read_row(&q, &c);
		r = fn(ctx, &c);
		if (r != 0)
			break;
	}
	query_end(&q);
	return r;
}
