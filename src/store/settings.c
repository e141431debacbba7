/* Settings of the installation, and the audit. */
#include "store/store_priv.h"

int store_setting_get(struct store *s, struct slice name, struct slice *ret_value)
{
	struct slice value, *const texts[] = {&value};
	struct query q;
	int r;

	query_init(&q, s, PLACE_SETTING_GET, "SELECT value FROM setting WHERE name = ?");
	query_text(&q, name);
	r = query_next(&q);
	if (r <= 0)
		return r < 0 ? r
			     : store_refuse(s, ERR_NOT_FOUND, "There is no setting %.*s.",
					    SLICE_ARG(name));
	value = query_get_blob(&q);
	r = query_keep(&q, texts, 1);
	query_end(&q);
	if (r == 0)
		*ret_value = value;
	return r;
}

int store_setting_put(struct store *s, struct slice name, struct slice value)
{
	struct query q;

	query_init(&q, s, PLACE_SETTING_PUT,
		   "INSERT INTO setting(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET "
		   "value = excluded.value");
	query_text(&q, name);
	query_blob(&q, value.p, value.n);
	return query_run(&q, NULL);
}

int store_audit_add(struct store *s, int64_t at_ms, struct slice actor, struct slice action,
		    struct slice object, struct slice detail)
{
	struct query q;

	query_init(&q, s, PLACE_AUDIT_ADD,
		   "INSERT INTO audit(at_ms, actor, action, object, detail) VALUES(?, ?, ?, ?, ?)");
	query_int(&q, at_ms);
	query_text(&q, actor);
	query_text(&q, action);
	query_text(&q, object);
	query_text(&q, detail);
	return query_run(&q, NULL);
}

int store_audit_each(struct store *s, struct slice object, uint32_t limit, store_audit_fn *fn,
		     void *ctx)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_AUDIT_EACH,
		   "SELECT seq, at_ms, actor, action, object, detail FROM audit"
		   " WHERE ?1 = '' OR object = ?1 ORDER BY seq DESC LIMIT ?2");
	query_text(&q, object);
	query_int(&q, limit ? (int64_t)limit : -1);
	while ((r = query_next(&q)) > 0) {
		struct store_audit a = {.seq = (uint64_t)query_get_int(&q)};

		a.at_ms = query_get_int(&q);
		a.actor = query_get_text(&q);
		a.action = query_get_text(&q);
		a.object = query_get_text(&q);
		a.detail = query_get_text(&q);
		r = fn(ctx, &a);
		if (r != 0)
			break;
	}
	query_end(&q);
	return r;
}
