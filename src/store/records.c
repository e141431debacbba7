#include "store/store_priv.h"

#define COLUMNS                                                                                    \
	"id, from_number, to_number, dialled, customer, started_at, ringing_at, answered_at, "     \
	"ended_at, sip_code,"                                                                      \
	" reason, reason_text, ended_by, codec, has_media,"                                        \
	" a_packets, a_lost, a_jitter_ms, a_mos, a_r_factor, a_longest_gap_ms, a_reordered, "      \
	"a_refused,"                                                                               \
	" b_packets, b_lost, b_jitter_ms, b_mos, b_r_factor, b_longest_gap_ms, b_reordered, "      \
	"b_refused, detail, direction, trunk, withheld, call, forward"
#define SEGMENT_ROWS 8192 /* two for a call */
/* Below the time in an id (store.h): the id is drawn a moment before the time is noted. */
#define ID_TIME_BITS 22
#define ID_EARLY_MS  1000

static void bind_quality(struct query *q, const struct store_quality *v)
{
	query_int(q, (int64_t)v->packets);
	query_int(q, (int64_t)v->lost);
	query_real(q, v->jitter_ms);
	query_real(q, v->mos);
	query_real(q, v->r_factor);
	query_int(q, (int64_t)v->longest_gap_ms);
	query_int(q, (int64_t)v->reordered);
	query_int(q, (int64_t)v->refused);
}

static void read_quality(struct query *q, struct store_quality *v)
{
	v->packets = (uint64_t)query_get_int(q);
	v->lost = (uint64_t)query_get_int(q);
	v->jitter_ms = query_get_real(q);
	v->mos = query_get_real(q);
	v->r_factor = query_get_real(q);
	v->longest_gap_ms = (uint64_t)query_get_int(q);
	v->reordered = (uint64_t)query_get_int(q);
	v->refused = (uint64_t)query_get_int(q);
}

static void bind_row(struct query *q, const struct store_record *r)
{
	query_int(q, (int64_t)r->id);
	query_text(q, r->from);
	query_text(q, r->to);
	query_text(q, r->dialled);
	query_text(q, r->customer);
	query_int(q, r->started_at);
	query_int(q, r->ringing_at);
	query_int(q, r->answered_at);
	query_int(q, r->ended_at);
	query_int(q, r->sip_code);
	query_text(q, r->reason);
	query_text(q, r->reason_text);
	query_text(q, r->ended_by);
	query_text(q, r->codec);
	query_int(q, r->has_media);
	bind_quality(q, &r->a_to_b);
	bind_quality(q, &r->b_to_a);
	query_text(q, r->detail);
	query_text(q, r->direction.n ? r->direction : SLICE("internal"));
	query_text(q, r->trunk);
	query_int(q, r->withheld);
	query_int(q, r->call == r->id ? 0 : (int64_t)r->call);
	query_text(q, r->forward);
}

static void read_row(struct query *q, struct store_record *r)
{
	r->id = (uint64_t)query_get_int(q);
	r->from = query_get_text(q);
	r->to = query_get_text(q);
	r->dialled = query_get_text(q);
	r->customer = query_get_text(q);
	r->started_at = query_get_int(q);
	r->ringing_at = query_get_int(q);
	r->answered_at = query_get_int(q);
	r->ended_at = query_get_int(q);
	r->sip_code = (int32_t)query_get_int(q);
	r->reason = query_get_text(q);
	r->reason_text = query_get_text(q);
	r->ended_by = query_get_text(q);
	r->codec = query_get_text(q);
	r->has_media = query_get_int(q) != 0;
	read_quality(q, &r->a_to_b);
	read_quality(q, &r->b_to_a);
	r->detail = query_get_text(q);
	r->direction = query_get_text(q);
	r->trunk = query_get_text(q);
	r->withheld = query_get_int(q) != 0;
	r->call = (uint64_t)query_get_int(q);
	r->forward = query_get_text(q);
}

/* ---- who took part: an index in segments (migrations.c) ---- */

/* Where an earlier handle stopped. */
static int find_segment(struct store *s)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_RECORD_SEGMENT,
		   "SELECT segment, count(*) FROM record_party"
		   " WHERE segment = (SELECT max(segment) FROM record_party)");
	r = query_next(&q);
	if (r > 0) {
		int64_t segment = query_get_int(&q), rows = query_get_int(&q);

		s->segment = segment ? segment : 1;
		s->segment_left = rows < SEGMENT_ROWS ? (uint32_t)(SEGMENT_ROWS - rows) : 0;
	}
	query_end(&q);
	return r < 0 ? r : 0;
}

static int add_party(struct store *s, struct slice number, uint64_t id)
{
	struct query q;

	if (number.n == 0)
		return 0;
	if (s->segment_left == 0) {
		s->segment++;
		s->segment_left = SEGMENT_ROWS;
	}
	s->segment_left--;
	query_init(&q, s, PLACE_RECORD_PARTY,
		   "INSERT OR IGNORE INTO record_party(segment, number, id) VALUES(?, ?, ?)");
	query_int(&q, s->segment);
	query_text(&q, number);
	query_int(&q, (int64_t)id);
	return query_run(&q, NULL);
}

static int add_parties(struct store *s, const struct store_record *r)
{
	int err = s->segment ? 0 : find_segment(s);

	if (err == 0)
		err = add_party(s, r->from, r->id);
	if (err == 0 && !slice_eq(r->from, r->to))
		err = add_party(s, r->to, r->id);
	return err;
}

static int add_row(struct store *s, const struct store_record *r)
{
	struct query q;

	query_init(&q, s, PLACE_RECORD_ADD,
		   "INSERT OR REPLACE INTO record(" COLUMNS
		   ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
		   " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	bind_row(&q, r);
	return query_run(&q, NULL);
}

/* Parties first: without its row a party is nobody, a row without its parties would not be found.
 */
int store_record_add(struct store *s, const struct store_record *r)
{
	int err = add_parties(s, r);

	return err ? err : add_row(s, r);
}

/* ---- asking ---- */

/* No record that started since then has a lower id. */
static int64_t first_id(int64_t since_ms)
{
	int64_t ms = since_ms - ID_EARLY_MS;

	if (ms <= 0)
		return INT64_MIN;
	return ms < INT64_MAX >> ID_TIME_BITS ? ms << ID_TIME_BITS : INT64_MAX;
}

static void ask_by_id(struct query *q, struct store *s, const struct store_record_query *ask)
{
	query_init(q, s, PLACE_RECORD_BY_ID,
		   "SELECT " COLUMNS " FROM record WHERE id = ?1 AND started_at >= ?2"
		   " AND (?3 = '' OR from_number = ?3 OR to_number = ?3)");
	query_int(q, (int64_t)ask->id);
	query_int(q, ask->since_ms);
	query_text(q, ask->number);
}

static void ask_all(struct query *q, struct store *s, const struct store_record_query *ask,
		    int64_t limit)
{
	query_init(q, s, PLACE_RECORD_ALL,
		   "SELECT " COLUMNS " FROM record WHERE id >= ?1 AND started_at >= ?2"
		   " ORDER BY id DESC LIMIT ?3");
	query_int(q, first_id(ask->since_ms));
	query_int(q, ask->since_ms);
	query_int(q, limit);
}

/* The parties are looked at again in the row: a record that replaced another may have others. */
static void ask_of_number(struct query *q, struct store *s, const struct store_record_query *ask,
			  int64_t limit)
{
	query_init(q, s, PLACE_RECORD_OF_NUMBER,
		   "WITH RECURSIVE numbered(segment) AS"
		   " (SELECT max(segment) FROM record_party"
		   " UNION ALL SELECT segment - 1 FROM numbered"
		   " WHERE segment > (SELECT min(segment) FROM record_party))"
		   " SELECT " COLUMNS " FROM record WHERE id IN"
		   " (SELECT p.id FROM numbered CROSS JOIN record_party AS p"
		   " ON p.segment = numbered.segment AND p.number = ?1 AND p.id >= ?2)"
		   " AND started_at >= ?3 AND (from_number = ?1 OR to_number = ?1)"
		   " ORDER BY id DESC LIMIT ?4");
	query_text(q, ask->number);
	query_int(q, first_id(ask->since_ms));
	query_int(q, ask->since_ms);
	query_int(q, limit);
}

/* Any of its parts names the call. The first one is found by its id, the others by the index, whose
 * condition this is word for word (migrations.c). */
static void ask_of_call(struct query *q, struct store *s, const struct store_record_query *ask,
			int64_t limit)
{
	query_init(q, s, PLACE_RECORD_OF_CALL,
		   "WITH head(id) AS"
		   " (SELECT coalesce((SELECT nullif(call, 0) FROM record WHERE id = ?1), ?1))"
		   " SELECT " COLUMNS " FROM record WHERE id IN (SELECT id FROM head"
		   " UNION ALL SELECT r.id FROM head CROSS JOIN record AS r INDEXED BY record_call"
		   " ON r.call = head.id WHERE r.call <> 0)"
		   " AND started_at >= ?2 AND (?3 = '' OR from_number = ?3 OR to_number = ?3)"
		   " ORDER BY id DESC LIMIT ?4");
	query_int(q, (int64_t)ask->call);
	query_int(q, ask->since_ms);
	query_text(q, ask->number);
	query_int(q, limit);
}

static int walk(struct query *q, store_record_fn *fn, void *ctx)
{
	int r;

	while ((r = query_next(q)) > 0) {
		struct store_record record;

		read_row(q, &record);
		r = fn(ctx, &record);
		if (r != 0)
			break;
	}
	query_end(q);
	return r;
}

int store_record_each(struct store *s, const struct store_record_query *ask, store_record_fn *fn,
		      void *ctx)
{
	int64_t limit = ask->limit ? (int64_t)ask->limit : -1;
	struct query q;

	if (ask->id)
		ask_by_id(&q, s, ask);
	else if (ask->call)
		ask_of_call(&q, s, ask, limit);
	else if (ask->number.n)
		ask_of_number(&q, s, ask, limit);
	else
		ask_all(&q, s, ask, limit);
	return walk(&q, fn, ctx);
}

/* ---- many at a time ---- */

/* No record that started before then has this id or a higher. */
static int64_t end_id(int64_t until_ms)
{
	if (until_ms <= 0)
		return 0;
	return until_ms < INT64_MAX >> ID_TIME_BITS ? until_ms << ID_TIME_BITS : INT64_MAX;
}

#define RANGE                                                                                      \
	" AND started_at >= ?3 AND started_at < ?4 AND (?5 = '' OR customer = ?5)"                 \
	" ORDER BY id LIMIT ?6"

int store_record_range_each(struct store *s, const struct store_record_range *range,
			    store_record_fn *fn, void *ctx)
{
	int64_t first = first_id(range->from_ms), after = (int64_t)range->after_id;
	struct query q;

	if (range->number.n)
		query_init(&q, s, PLACE_RECORD_RANGE_OF_NUMBER,
			   "WITH RECURSIVE numbered(segment) AS"
			   " (SELECT max(segment) FROM record_party"
			   " UNION ALL SELECT segment - 1 FROM numbered"
			   " WHERE segment > (SELECT min(segment) FROM record_party))"
			   " SELECT " COLUMNS " FROM record WHERE id IN"
			   " (SELECT p.id FROM numbered CROSS JOIN record_party AS p"
			   " ON p.segment = numbered.segment AND p.number = ?7"
			   " AND p.id > ?1 AND p.id < ?2)"
			   " AND (from_number = ?7 OR to_number = ?7)" RANGE);
	else
		query_init(&q, s, PLACE_RECORD_RANGE,
			   "SELECT " COLUMNS " FROM record WHERE id > ?1 AND id < ?2" RANGE);
	query_int(&q, after && after >= first ? after : first - (first > INT64_MIN));
	query_int(&q, end_id(range->to_ms));
	query_int(&q, range->from_ms);
	query_int(&q, range->to_ms);
	query_text(&q, range->customer);
	query_int(&q, range->limit ? (int64_t)range->limit : -1);
	if (range->number.n)
		query_text(&q, range->number);
	return walk(&q, fn, ctx);
}

/* The condition is that of the index (migrations.c), word for word. */
int store_record_abroad_each(struct store *s, int64_t since_ms, store_record_fn *fn, void *ctx)
{
	struct query q;

	query_init(&q, s, PLACE_RECORD_ABROAD,
		   "SELECT " COLUMNS " FROM record INDEXED BY record_abroad"
		   " WHERE to_number >= '010' AND to_number < '011' AND answered_at > 0"
		   " AND id >= ?1 AND started_at >= ?2 ORDER BY id");
	query_int(&q, first_id(since_ms));
	query_int(&q, since_ms);
	return walk(&q, fn, ctx);
}

/* The oldest segment of parties goes when none of its calls is left. */
static int prune_parties(struct store *s)
{
	struct query q;
	int64_t segment = 0;
	int r;

	query_init(&q, s, PLACE_RECORD_PARTY_DEAD,
		   "SELECT segment FROM record_party"
		   " WHERE segment = (SELECT min(segment) FROM record_party)"
		   " GROUP BY segment"
		   " HAVING max(id) < (SELECT coalesce(min(id), 9223372036854775807) FROM record)");
	r = query_next(&q);
	if (r > 0)
		segment = query_get_int(&q);
	query_end(&q);
	if (r <= 0)
		return r;
	query_init(&q, s, PLACE_RECORD_PARTY_PRUNE, "DELETE FROM record_party WHERE segment = ?");
	query_int(&q, segment);
	return query_run(&q, NULL);
}

static int prune(struct store *s, int64_t before_ms, uint32_t max, int *ret_deleted)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_RECORD_PRUNE,
		   "DELETE FROM record WHERE id IN (SELECT id FROM record"
		   " WHERE id < ?1 AND started_at < ?2 ORDER BY id LIMIT ?3)");
	query_int(&q, end_id(before_ms));
	query_int(&q, before_ms);
	query_int(&q, max);
	r = query_run(&q, ret_deleted);
	return r == 0 ? prune_parties(s) : r;
}

int store_record_prune(struct store *s, int64_t before_ms, uint32_t max, uint32_t *ret_deleted)
{
	int deleted = 0, r = store_begin(s);

	if (r == 0)
		r = prune(s, before_ms, max, &deleted);
	if (r == 0)
		r = store_commit(s);
	else
		store_rollback(s);
	if (r == 0)
		*ret_deleted = (uint32_t)deleted;
	return r;
}
