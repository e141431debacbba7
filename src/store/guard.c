/* The fraud guard's rules, suspensions and permits. */
#include "store/store_priv.h"

int store_guard_rule_put(struct store *s, const struct store_guard_rule *r)
{
	struct query q;

	query_init(&q, s, PLACE_GUARD_RULE_PUT,
		   "INSERT OR REPLACE INTO guard_rule(scope, object, off_hours, spend_yen, minutes,"
		   " calls_per_minute, new_country_days, action) VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
	query_int(&q, r->scope);
	query_text(&q, r->object);
	query_int(&q, r->off_hours);
	query_int(&q, r->spend_yen);
	query_int(&q, r->minutes);
	query_int(&q, r->calls_per_minute);
	query_int(&q, r->new_country_days);
	query_int(&q, r->action);
	return query_run(&q, NULL);
}

int store_guard_rule_remove(struct store *s, uint8_t scope, struct slice object, bool off_hours)
{
	struct query q;
	int r, changed = 0;

	query_init(&q, s, PLACE_GUARD_RULE_REMOVE,
		   "DELETE FROM guard_rule WHERE scope = ? AND object = ? AND off_hours = ?");
	query_int(&q, scope);
	query_text(&q, object);
	query_int(&q, off_hours);
	r = query_run(&q, &changed);
	return r == 0 && changed == 0 ? store_refuse(s, ERR_NOT_FOUND, "There is no such rule.")
				      : r;
}

static void read_rule(struct query *q, struct store_guard_rule *r)
{
	r->scope = (uint8_t)query_get_int(q);
	r->object = query_get_text(q);
	r->off_hours = query_get_int(q) != 0;
	r->spend_yen = query_get_int(q);
	r->minutes = query_get_int(q);
	r->calls_per_minute = query_get_int(q);
	r->new_country_days = query_get_int(q);
	r->action = query_get_int(q);
}

int store_guard_rule_each(struct store *s, store_guard_rule_fn *fn, void *ctx)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_GUARD_RULE_EACH,
		   "SELECT scope, object, off_hours, spend_yen, minutes, calls_per_minute,"
		   " new_country_days, action FROM guard_rule ORDER BY scope, object, off_hours");
	while ((r = query_next(&q)) > 0) {
		struct store_guard_rule rule;

		read_rule(&q, &rule);
		r = fn(ctx, &rule);
		if (r != 0)
			break;
	}
	query_end(&q);
	return r;
}

int store_guard_number_put(struct store *s, const struct store_guard_number *n)
{
	struct query q;

	query_init(&q, s, PLACE_GUARD_NUMBER_PUT,
		   "INSERT OR REPLACE INTO guard_number(number, suspended_at, released_at, reason,"
		   " value, limit_value) VALUES(?, ?, ?, ?, ?, ?)");
	query_text(&q, n->number);
	query_int(&q, n->suspended_at);
	query_int(&q, n->released_at);
	query_text(&q, n->reason);
	query_int(&q, n->value);
	query_int(&q, n->limit);
	return query_run(&q, NULL);
}

static void read_number(struct query *q, struct store_guard_number *n)
{
	n->number = query_get_text(q);
	n->suspended_at = query_get_int(q);
	n->released_at = query_get_int(q);
	n->reason = query_get_text(q);
	n->value = query_get_int(q);
	n->limit = query_get_int(q);
}

int store_guard_number_each(struct store *s, store_guard_number_fn *fn, void *ctx)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_GUARD_NUMBER_EACH,
		   "SELECT number, suspended_at, released_at, reason, value, limit_value"
		   " FROM guard_number ORDER BY number");
	while ((r = query_next(&q)) > 0) {
		struct store_guard_number n;

		read_number(&q, &n);
		r = fn(ctx, &n);
		if (r != 0)
			break;
	}
	query_end(&q);
	return r;
}

int store_guard_permit_put(struct store *s, struct slice number, struct slice country,
			   int64_t at_ms)
{
	struct query q;

	query_init(&q, s, PLACE_GUARD_PERMIT_PUT,
		   "INSERT OR REPLACE INTO guard_permit(number, country, at_ms) VALUES(?, ?, ?)");
	query_text(&q, number);
	query_text(&q, country);
	query_int(&q, at_ms);
	return query_run(&q, NULL);
}

int store_guard_permit_each(struct store *s, store_guard_permit_fn *fn, void *ctx)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_GUARD_PERMIT_EACH,
		   "SELECT number, country, at_ms FROM guard_permit");
	while ((r = query_next(&q)) > 0) {
		struct slice number = query_get_text(&q), country = query_get_text(&q);

		r = fn(ctx, number, country, query_get_int(&q));
		if (r != 0)
			break;
	}
	query_end(&q);
	return r;
}
