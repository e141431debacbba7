#include "store/store_priv.h"

#include <stdlib.h>

/* A batch that SQLite has rolled back on its own must not go on as single writes. */
static int check_batch(struct store *s)
{
	if (s->in_batch && sqlite3_get_autocommit(s->db))
		return store_refuse(s, ERR_IO,
				    "The batch was undone by an earlier error; begin it anew.");
	return 0;
}

void query_init(struct query *q, struct store *s, enum store_place place, const char *sql)
{
	sqlite3_stmt **st = &s->prepared[place];

	*q = (struct query){.s = s, .err = check_batch(s)};
	if (q->err)
		return;
	if (!*st) {
		int rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, st, NULL);

		if (rc != SQLITE_OK) {
			q->err = store_failed(s, rc);
			return;
		}
	}
	if (sqlite3_stmt_busy(*st)) {
		q->err = store_refuse(s, ERR_CONFLICT,
				      "A walk over these rows is under way in this handle.");
		return;
	}
	q->st = *st;
}

static void check(struct query *q, int rc)
{
	if (rc != SQLITE_OK && !q->err)
		q->err = store_failed(q->s, rc);
}

void query_text(struct query *q, struct slice v)
{
	if (!q->err)
		check(q, sqlite3_bind_text64(q->st, ++q->bound, v.p ? v.p : "", v.n, SQLITE_STATIC,
					     SQLITE_UTF8));
}

void query_blob(struct query *q, const void *p, size_t n)
{
	if (!q->err)
		check(q, sqlite3_bind_blob64(q->st, ++q->bound, p ? p : "", n, SQLITE_STATIC));
}

void query_int(struct query *q, int64_t v)
{
	if (!q->err)
		check(q, sqlite3_bind_int64(q->st, ++q->bound, v));
}

void query_real(struct query *q, double v)
{
	if (!q->err)
		check(q, sqlite3_bind_double(q->st, ++q->bound, v));
}

int query_next(struct query *q)
{
	int rc;

	if (q->err)
		return q->err;
	rc = sqlite3_step(q->st);
	q->column = 0;
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		q->err = store_failed(q->s, rc);
	query_end(q);
	return q->err;
}

int query_run(struct query *q, int *ret_changed)
{
	int r = query_next(q);

	if (r == 0 && ret_changed)
		*ret_changed = sqlite3_changes(q->s->db);
	return r;
}

/* Bindings go too: they point into the caller's memory. */
void query_end(struct query *q)
{
	if (!q->st)
		return;
	sqlite3_reset(q->st);
	sqlite3_clear_bindings(q->st);
	q->st = NULL;
}

struct slice query_get_text(struct query *q)
{
	const void *p = sqlite3_column_text(q->st, q->column);
	int n = sqlite3_column_bytes(q->st, q->column++);

	return slice_of(p ? p : "", (size_t)n);
}

struct slice query_get_blob(struct query *q)
{
	const void *p = sqlite3_column_blob(q->st, q->column);
	int n = sqlite3_column_bytes(q->st, q->column++);

	return slice_of(p ? p : "", (size_t)n);
}

int64_t query_get_int(struct query *q)
{
	return sqlite3_column_int64(q->st, q->column++);
}

double query_get_real(struct query *q)
{
	return sqlite3_column_double(q->st, q->column++);
}

int query_keep(struct query *q, struct slice *const *texts, size_t n)
{
	size_t bytes = 1, at = 0;
	char *kept;

	for (size_t i = 0; i < n; i++)
		bytes += texts[i]->n;
	kept = realloc(q->s->kept, bytes);
	if (!kept)
		return store_refuse(q->s, ERR_NOMEM, "Out of memory.");
	q->s->kept = kept;
	for (size_t i = 0; i < n; i++) {
		memcpy(kept + at, texts[i]->p, texts[i]->n);
		texts[i]->p = kept + at;
		at += texts[i]->n;
	}
	return 0;
}
