/* The ways to the telephone network. An id is given once: records and calls mean that very trunk.
 */
#include "store/store_priv.h"

#define COLUMNS                                                                                    \
	"name, host, port, transport, sources, account, secret, registers, trusted, format, "      \
	"priority, weight, capacity, prefixes, created_at"

static void bind_row(struct query *q, const struct store_trunk *t)
{
	query_text(q, t->name);
	query_text(q, t->host);
	query_int(q, t->port);
	query_int(q, t->transport);
	query_text(q, t->sources);
	query_text(q, t->account);
	query_blob(q, t->secret.p, t->secret.n);
	query_int(q, t->registers);
	query_int(q, t->trusted);
	query_int(q, t->format);
	query_int(q, t->priority);
	query_int(q, t->weight);
	query_int(q, t->capacity);
	query_text(q, t->prefixes);
	query_int(q, t->created_at);
}

static void read_row(struct query *q, struct store_trunk *t)
{
	t->id = (uint32_t)query_get_int(q);
	t->name = query_get_text(q);
	t->host = query_get_text(q);
	t->port = (uint16_t)query_get_int(q);
	t->transport = (uint8_t)query_get_int(q);
	t->sources = query_get_text(q);
	t->account = query_get_text(q);
	t->secret = query_get_blob(q);
	t->registers = query_get_int(q) != 0;
	t->trusted = query_get_int(q) != 0;
	t->format = (uint8_t)query_get_int(q);
	t->priority = (uint32_t)query_get_int(q);
	t->weight = (uint32_t)query_get_int(q);
	t->capacity = (uint32_t)query_get_int(q);
	t->prefixes = query_get_text(q);
	t->created_at = query_get_int(q);
}

static int not_found(struct store *s, struct slice name)
{
	return store_refuse(s, ERR_NOT_FOUND, "There is no trunk %.*s.", SLICE_ARG(name));
}

int store_trunk_add(struct store *s, const struct store_trunk *t)
{
	struct query q;
	query_init(&q, s, PLACE_TRUNK_ADD,
		   "INSERT INTO trunk(" COLUMNS
		   ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	bind_row(&q, t);
	int r = query_run(&q, NULL);
	if (r == ERR_EXISTS)
		store_refuse(s, r, "Trunk %.*s exists already.", SLICE_ARG(t->name));
	return r;
}

int store_trunk_put(struct store *s, const struct store_trunk *t)
{
	struct query q;
	int changed = 0;
	query_init(&q, s, PLACE_TRUNK_PUT,
		   "UPDATE trunk SET (" COLUMNS
		   ") = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE name = ?1");
	bind_row(&q, t);
	int r = query_run(&q, &changed);
	return r == 0 && changed == 0 ? not_found(s, t->name) : r;
}

int store_trunk_get(struct store *s, struct slice name, struct store_trunk *ret_trunk)
{
	struct store_trunk t;
	struct slice *const texts[] = {&t.name,	   &t.host,   &t.sources,
				       &t.account, &t.secret, &t.prefixes};
	struct query q;
	query_init(&q, s, PLACE_TRUNK_GET, "SELECT id, " COLUMNS " FROM trunk WHERE name = ?");
	query_text(&q, name);
	int r = query_next(&q);
	if (r <= 0)
		return r < 0 ? r : not_found(s, name);
	read_row(&q, &t);
	r = query_keep(&q, texts, sizeof(texts) / sizeof(texts[0]));
	query_end(&q);
	if (r == 0)
		*ret_trunk = t;
	return r;
}

int store_trunk_remove(struct store *s, struct slice name)
{
	struct query q;
	int changed = 0;
	query_init(&q, s, PLACE_TRUNK_REMOVE, "DELETE FROM trunk WHERE name = ?");
	query_text(&q, name);
	int r = query_run(&q, &changed);
	return r == 0 && changed == 0 ? not_found(s, name) : r;
}

int store_trunk_each(struct store *s, store_trunk_fn *fn, void *ctx)
{
	struct query q;
	int r;
	query_init(&q, s, PLACE_TRUNK_EACH,
		   "SELECT id, " COLUMNS " FROM trunk ORDER BY priority, name");
	while ((r = query_next(&q)) > 0) {
		struct store_trunk t;
		read_row(&q, &t);
		r = fn(ctx, &t);
		if (r != 0)
			break;
	}
	query_end(&q);
	return r;
}
