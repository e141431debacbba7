#include "store/store_priv.h"

#define COLUMNS "id, scope, who, about, key, allow, memo, created_at"

static void read_row(struct query *q, struct store_rule *r)
{
	r->id = (uint64_t)query_get_int(q);
	r->scope = (uint8_t)query_get_int(q);
	r->who = query_get_text(q);
	r->about = (uint8_t)query_get_int(q);
	r->key = query_get_text(q);
	r->allow = query_get_int(q) != 0;
	r->memo = query_get_text(q);
	r->created_at = query_get_int(q);
}

static int not_found(struct store *s, uint64_t id)
{
	return store_refuse(s, ERR_NOT_FOUND, "There is no rule %llu.", (unsigned long long)id);
}

int store_rule_add(struct store *s, const struct store_rule *r, uint64_t *ret_id)
{
	struct query q;
	int err;

	query_init(&q, s, PLACE_RULE_ADD,
		   "INSERT INTO rule(scope, who, about, key, allow, memo, created_at)"
		   " VALUES(?, ?, ?, ?, ?, ?, ?)");
	query_int(&q, r->scope);
	query_text(&q, r->who);
	query_int(&q, r->about);
	query_text(&q, r->key);
	query_int(&q, r->allow);
	query_text(&q, r->memo);
	query_int(&q, r->created_at);
	err = query_run(&q, NULL);
	if (err == ERR_EXISTS)
		return store_refuse(s, err, "There is a rule about the same already.");
	if (err == 0)
		*ret_id = (uint64_t)sqlite3_last_insert_rowid(s->db);
	return err;
}

int store_rule_get(struct store *s, uint64_t id, struct store_rule *ret_rule)
{
	struct store_rule rule;
	struct slice *const texts[] = {&rule.who, &rule.key, &rule.memo};
	struct query q;
	int r;

	query_init(&q, s, PLACE_RULE_GET, "SELECT " COLUMNS " FROM rule WHERE id = ?");
	query_int(&q, (int64_t)id);
	r = query_next(&q);
	if (r <= 0)
		return r < 0 ? r : not_found(s, id);
	read_row(&q, &rule);
	r = query_keep(&q, texts, sizeof(texts) / sizeof(texts[0]));
	query_end(&q);
	if (r == 0)
		*ret_rule = rule;
	return r;
}

int store_rule_remove(struct store *s, uint64_t id)
{
	struct query q;
	int r, changed = 0;

	query_init(&q, s, PLACE_RULE_REMOVE, "DELETE FROM rule WHERE id = ?");
	query_int(&q, (int64_t)id);
	r = query_run(&q, &changed);
	return r == 0 && changed == 0 ? not_found(s, id) : r;
}

int store_rule_each(struct store *s, store_rule_fn *fn, void *ctx)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_RULE_EACH, "SELECT " COLUMNS " FROM rule ORDER BY scope, who, id");
	while ((r = query_next(&q)) > 0) {
		struct store_rule rule;

		read_row(&q, &rule);
		r = fn(ctx, &rule);
		if (r != 0)
			break;
	}
	query_end(&q);
	return r;
}
