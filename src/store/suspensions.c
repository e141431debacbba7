#include "store/store_priv.h"

int store_suspension_put(struct store *s, const struct store_suspension *p)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_SUSPENSION_PUT,
		   "INSERT INTO suspension(number, reason, requester, at_ms) VALUES(?, ?, ?, ?)"
		   " ON CONFLICT(number) DO UPDATE SET reason = excluded.reason,"
		   " requester = excluded.requester, at_ms = excluded.at_ms");
	query_text(&q, p->number);
	query_text(&q, p->reason);
	query_text(&q, p->requester);
	query_int(&q, p->at_ms);
	r = query_run(&q, NULL);
	return r == ERR_CONFLICT ? store_refuse(s, ERR_NOT_FOUND, "There is no number %.*s.",
						SLICE_ARG(p->number))
				 : r;
}

int store_suspension_get(struct store *s, struct slice number,
			 struct store_suspension *ret_suspension)
{
	struct store_suspension p;
	struct slice *const texts[] = {&p.number, &p.reason, &p.requester};
	struct query q;
	int r;

	query_init(&q, s, PLACE_SUSPENSION_GET,
		   "SELECT number, reason, requester, at_ms FROM suspension WHERE number = ?");
	query_text(&q, number);
	r = query_next(&q);
	if (r <= 0)
		return r < 0 ? r
			     : store_refuse(s, ERR_NOT_FOUND, "Number %.*s is not suspended.",
					    SLICE_ARG(number));
	p.number = query_get_text(&q);
	p.reason = query_get_text(&q);
	p.requester = query_get_text(&q);
	p.at_ms = query_get_int(&q);
	r = query_keep(&q, texts, sizeof(texts) / sizeof(texts[0]));
	query_end(&q);
	if (r == 0)
		*ret_suspension = p;
	return r;
}

int store_suspension_remove(struct store *s, struct slice number)
{
	struct query q;
	int r, changed = 0;

	query_init(&q, s, PLACE_SUSPENSION_REMOVE, "DELETE FROM suspension WHERE number = ?");
	query_text(&q, number);
	r = query_run(&q, &changed);
	return r == 0 && changed == 0
		       ? store_refuse(s, ERR_NOT_FOUND, "Number %.*s is not suspended.",
				      SLICE_ARG(number))
		       : r;
}
