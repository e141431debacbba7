#include "store/store_priv.h"

#define COLUMNS                                                                                    \
	"id, number, customer, kind, state, memo, applied_by, applied_at, decided_by, decided_at," \
	" reason"

static void read_row(struct query *q, struct store_application *a)
{
	a->id = (uint64_t)query_get_int(q);
	a->number = query_get_text(q);
	a->customer = query_get_text(q);
	a->kind = (enum application_kind)query_get_int(q);
	a->state = (enum application_state)query_get_int(q);
	a->memo = query_get_text(q);
	a->applied_by = query_get_text(q);
	a->applied_at = query_get_int(q);
	a->decided_by = query_get_text(q);
	a->decided_at = query_get_int(q);
	a->reason = query_get_text(q);
}

int store_application_add(struct store *s, const struct store_application *a, uint64_t *ret_id)
{
	struct query q;
	int err;

	query_init(&q, s, PLACE_APPLICATION_ADD,
		   "INSERT INTO application(number, customer, kind, state, memo, applied_by,"
		   " applied_at, decided_by, decided_at, reason)"
		   " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	query_text(&q, a->number);
	query_text(&q, a->customer);
	query_int(&q, a->kind);
	query_int(&q, a->state);
	query_text(&q, a->memo);
	query_text(&q, a->applied_by);
	query_int(&q, a->applied_at);
	query_text(&q, a->decided_by);
	query_int(&q, a->decided_at);
	query_text(&q, a->reason);
	err = query_run(&q, NULL);
	if (err == ERR_EXISTS)
		return store_refuse(s, err, "An application of %.*s waits already.",
				    SLICE_ARG(a->number));
	if (err == 0)
		*ret_id = (uint64_t)sqlite3_last_insert_rowid(s->db);
	return err;
}

int store_application_get(struct store *s, uint64_t id, struct store_application *ret_application)
{
	struct store_application a;
	struct slice *const texts[] = {&a.number,     &a.customer,   &a.memo,
				       &a.applied_by, &a.decided_by, &a.reason};
	struct query q;
	int r;

	query_init(&q, s, PLACE_APPLICATION_GET,
		   "SELECT " COLUMNS " FROM application WHERE id = ?");
	query_int(&q, (int64_t)id);
	r = query_next(&q);
	if (r <= 0)
		return r < 0 ? r
			     : store_refuse(s, ERR_NOT_FOUND, "There is no application %llu.",
					    (unsigned long long)id);
	read_row(&q, &a);
	r = query_keep(&q, texts, sizeof(texts) / sizeof(texts[0]));
	query_end(&q);
	if (r == 0)
		*ret_application = a;
	return r;
}

static void bind_decision(struct query *q, const struct store_application *d)
{
	query_int(q, d->state);
	query_text(q, d->decided_by);
	query_text(q, d->reason);
	query_int(q, d->decided_at);
}

#define DECIDE                                                                                     \
	"UPDATE application SET state = ?, decided_by = ?, reason = ?, decided_at = ?"             \
	" WHERE state = 0 AND "

int store_application_decide(struct store *s, uint64_t id, const struct store_application *d)
{
	struct store_application there;
	struct query q;
	int r, changed = 0;

	query_init(&q, s, PLACE_APPLICATION_DECIDE, DECIDE "id = ?");
	bind_decision(&q, d);
	query_int(&q, (int64_t)id);
	r = query_run(&q, &changed);
	if (r != 0 || changed)
		return r;
	r = store_application_get(s, id, &there);
	return r ? r
		 : store_refuse(s, ERR_CONFLICT, "Application %llu is decided already.",
				(unsigned long long)id);
}

int store_application_decide_waiting(struct store *s, struct slice number,
				     const struct store_application *d)
{
	struct query q;

	query_init(&q, s, PLACE_APPLICATION_DECIDE_WAITING, DECIDE "number = ?");
	bind_decision(&q, d);
	query_text(&q, number);
	return query_run(&q, NULL);
}

int store_application_each(struct store *s, const struct store_application_query *what,
			   store_application_fn *fn, void *ctx)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_APPLICATION_EACH,
		   "SELECT " COLUMNS " FROM application WHERE (?1 = '' OR number = ?1)"
		   " AND (?2 < 0 OR state = ?2) ORDER BY id DESC");
	query_text(&q, what->number);
	query_int(&q, what->state);
	while ((r = query_next(&q)) > 0) {
		struct store_application a;

		read_row(&q, &a);
		r = fn(ctx, &a);
		if (r != 0)
			break;
	}
	query_end(&q);
	return r;
}
