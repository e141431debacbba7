#include "fixture.h"

#include "store/store_priv.h"

static struct store_record a_record(uint64_t id, const char *from, const char *to,
				    int64_t started_at)
{
	return (struct store_record){
		.id = id,
		.from = slice_str(from),
		.to = slice_str(to),
		.dialled = SLICE("0312345678"),
		.customer = SLICE("C1"),
		.started_at = started_at,
		.ringing_at = started_at + 1,
		.answered_at = started_at + 2,
		.ended_at = started_at + 3,
		.sip_code = 486,
		.reason = SLICE("busy"),
		.reason_text = SLICE("The callee is busy."),
		.ended_by = SLICE("callee"),
		.codec = SLICE("PCMU"),
		.direction = SLICE("out"),
		.trunk = SLICE("carrier-a"),
		.withheld = true,
		.call = 77,
		.forward = SLICE("no_answer"),
		.detail = SLICE("0123456789abcdef 0123456789abcdf0"),
		.has_media = true,
		.a_to_b = {.packets = UINT32_MAX + 1ull,
			   .lost = 2,
			   .jitter_ms = 1.25,
			   .mos = 4.4,
			   .r_factor = 93.2,
			   .longest_gap_ms = 40,
			   .reordered = 5,
			   .refused = 6},
		.b_to_a = {.packets = 11,
			   .lost = 12,
			   .jitter_ms = 13.5,
			   .mos = 1,
			   .r_factor = 17.5,
			   .longest_gap_ms = 140,
			   .reordered = 15,
			   .refused = 16},
	};
}

static void assert_quality(const struct store_quality *got, const struct store_quality *want)
{
	assert_true(got->packets == want->packets && got->lost == want->lost);
	assert_true(got->jitter_ms >= want->jitter_ms && got->jitter_ms <= want->jitter_ms);
	assert_true(got->mos >= want->mos && got->mos <= want->mos);
	assert_true(got->r_factor >= want->r_factor && got->r_factor <= want->r_factor);
	assert_true(got->longest_gap_ms == want->longest_gap_ms);
	assert_true(got->reordered == want->reordered && got->refused == want->refused);
}

static int compare(void *ctx, const struct store_record *got)
{
	const struct store_record *want = ctx;

	assert_true(got->id == want->id);
	assert_true(slice_eq(got->from, want->from) && slice_eq(got->to, want->to));
	assert_true(slice_eq(got->direction, want->direction) &&
		    slice_eq(got->trunk, want->trunk) && got->withheld == want->withheld);
	assert_true(slice_eq(got->dialled, want->dialled) &&
		    slice_eq(got->customer, want->customer));
	assert_true(got->started_at == want->started_at && got->ringing_at == want->ringing_at);
	assert_true(got->answered_at == want->answered_at && got->ended_at == want->ended_at);
	assert_true(got->call == want->call && slice_eq(got->forward, want->forward));
	assert_int_equal(got->sip_code, want->sip_code);
	assert_true(slice_eq(got->reason, want->reason) &&
		    slice_eq(got->reason_text, want->reason_text));
	assert_true(slice_eq(got->ended_by, want->ended_by) && slice_eq(got->codec, want->codec));
	assert_true(slice_eq(got->detail, want->detail));
	assert_int_equal(got->has_media, want->has_media);
	assert_quality(&got->a_to_b, &want->a_to_b);
	assert_quality(&got->b_to_a, &want->b_to_a);
	return 1;
}

static void test_what_was_put_comes_back(void **state)
{
	struct fixture *f = *state;
	struct store_record r = a_record(INT64_MAX - 5, "0501", "0502", 1000);

	assert_int_equal(store_record_add(f->s, &r), 0);
	r.sip_code = 200;
	assert_int_equal(store_record_add(f->s, &r), 0);
	fixture_reopen(f);
	assert_int_equal(store_record_each(f->s, &(struct store_record_query){0}, compare, &r), 1);
}

static int append(void *ctx, const struct store_record *r)
{
	char *text = ctx;

	snprintf(text + strlen(text), 64 - strlen(text), "%u ", (unsigned)(r->id & 0xffff));
	return 0;
}

/* As the shards make them. */
static uint64_t uid(int64_t started_at, uint32_t count)
{
	return (uint64_t)started_at << 22 | count;
}

#define T INT64_C(1790000000000)

static struct store_record started(int64_t ms, uint32_t count, const char *from, const char *to)
{
	return a_record(uid(T + ms, count), from, to, T + ms);
}

static void assert_found(struct fixture *f, const struct store_record_query *q, const char *want)
{
	char text[64] = "";

	assert_int_equal(store_record_each(f->s, q, append, text), 0);
	assert_string_equal(text, want);
}

static void test_queries(void **state)
{
	const struct {
		struct store_record_query q;
		const char *want;
	} rows[] = {
		{{.since_ms = 0}, "5 4 3 2 1 "},
		{{.limit = 2}, "5 4 "},
		{{.since_ms = T + 300}, "5 4 3 "},
		{{.since_ms = T + 301}, "5 4 "},
		{{.since_ms = INT64_MAX}, ""},
		{{.number = SLICE("0501")}, "5 3 2 1 "},
		{{.number = SLICE("0501"), .limit = 3}, "5 3 2 "},
		{{.number = SLICE("0501"), .since_ms = T + 200, .limit = 9}, "5 3 2 "},
		{{.number = SLICE("0501"), .since_ms = T + 5000}, ""},
		{{.number = SLICE("0509")}, ""},
		{{.id = uid(T + 300, 3)}, "3 "},
		{{.id = uid(T + 300, 3), .number = SLICE("0501")}, "3 "},
		{{.id = uid(T + 300, 3), .number = SLICE("0502")}, "3 "},
		{{.id = uid(T + 300, 3), .number = SLICE("0503")}, ""},
		{{.id = uid(T + 300, 3), .since_ms = T + 301}, ""},
		{{.id = 9}, ""},
	};
	const struct store_record records[] = {
		started(100, 1, "0501", "0502"), started(300, 3, "0502", "0501"),
		started(200, 2, "0501", "0501"), started(400, 4, "0502", "0503"),
		started(400, 5, "0501", "0503"),
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < 5; i++)
		assert_int_equal(store_record_add(f->s, &records[i]), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_found(f, &rows[i].q, rows[i].want);
}

static int64_t number_of(struct fixture *f, const char *sql)
{
	sqlite3_stmt *st;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(f->s->db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

static void add_part(struct fixture *f, uint32_t count, uint32_t of, const char *from,
		     const char *to)
{
	struct store_record r = started(count * 100, count, from, to);

	r.call = of ? uid(T + of * 100, of) : 0;
	assert_int_equal(store_record_add(f->s, &r), 0);
}

/* Each part leads to all of the same call, also when the first has gone. */
static void test_parts_of_a_call(void **state)
{
	const struct {
		struct store_record_query q;
		const char *want;
	} rows[] = {
		{{.call = uid(T + 200, 2)}, "5 3 2 "},
		{{.call = uid(T + 300, 3)}, "5 3 2 "},
		{{.call = uid(T + 500, 5)}, "5 3 2 "},
		{{.call = uid(T + 500, 5), .limit = 1}, "5 "},
		{{.call = uid(T + 500, 5), .number = SLICE("0501")}, "2 "},
		{{.call = uid(T + 500, 5), .since_ms = T + 201}, "5 3 "},
		{{.call = uid(T + 400, 4)}, "4 "},
		{{.call = uid(T + 600, 6)}, "7 "},
		{{.call = 9}, ""},
	};
	struct fixture *f = *state;

	add_part(f, 1, 1, "0501", "0502");
	add_part(f, 2, 2, "0501", "0502");
	add_part(f, 3, 2, "0502", "0503");
	add_part(f, 4, 0, "0501", "0502");
	add_part(f, 5, 2, "0503", "0504");
	add_part(f, 7, 6, "0502", "0503");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_found(f, &rows[i].q, rows[i].want);
	/* a call by itself is not in the index, whichever way it is said */
	assert_int_equal(number_of(f, "SELECT count(*) FROM record WHERE call <> 0"), 3);
}

/* The time of a call is noted a moment after its id was drawn. */
static void test_started_after_its_id(void **state)
{
	struct fixture *f = *state;
	struct store_record r = started(100, 1, "0501", "0502");

	r.started_at += 3;
	assert_int_equal(store_record_add(f->s, &r), 0);
	assert_found(f, &(struct store_record_query){.since_ms = T + 103}, "1 ");
	assert_found(f, &(struct store_record_query){.since_ms = T + 103, .number = SLICE("0501")},
		     "1 ");
	assert_found(f, &(struct store_record_query){.since_ms = T + 104}, "");
}

/* The record that replaces one counts, for whom it is found by too. */
static void test_replaced(void **state)
{
	struct fixture *f = *state;
	struct store_record r = started(100, 1, "0501", "0502");

	assert_int_equal(store_record_add(f->s, &r), 0);
	fixture_reopen(f);
	r.to = SLICE("0503");
	assert_int_equal(store_record_add(f->s, &r), 0);
	assert_int_equal(store_record_add(f->s, &r), 0);
	assert_found(f, &(struct store_record_query){.number = SLICE("0501")}, "1 ");
	assert_found(f, &(struct store_record_query){.number = SLICE("0502")}, "");
	assert_found(f, &(struct store_record_query){.number = SLICE("0503")}, "1 ");
	assert_found(f, &(struct store_record_query){0}, "1 ");
}

static void add_many(struct fixture *f, uint32_t from, uint32_t to)
{
	assert_int_equal(store_begin(f->s), 0);
	for (uint32_t i = from; i < to; i++) {
		struct store_record r = started(i, i, i % 4096 == 7 ? "0501" : "0502", "0503");

		assert_int_equal(store_record_add(f->s, &r), 0);
	}
	assert_int_equal(store_commit(f->s), 0);
}

/* Segment after segment, also by a handle that comes later; a question finds what is in any. */
static void test_segments(void **state)
{
	struct fixture *f = *state;

	add_many(f, 0, 6000);
	fixture_reopen(f);
	add_many(f, 6000, 13000);
	assert_int_equal(number_of(f, "SELECT count(*) FROM record_party"), 26000);
	assert_int_equal(number_of(f, "SELECT count(DISTINCT segment) FROM record_party"), 4);
	assert_int_equal(number_of(f, "SELECT max(segment) FROM record_party"), 4);
	assert_int_equal(number_of(f, "SELECT max(n) FROM (SELECT count(*) AS n FROM record_party"
				      " GROUP BY segment)"),
			 8192);
	assert_found(f, &(struct store_record_query){.number = SLICE("0501")},
		     "12295 8199 4103 7 ");
	assert_found(f, &(struct store_record_query){.number = SLICE("0501"), .limit = 2},
		     "12295 8199 ");
}

/* A segment that was begun in a batch that was undone. */
static void test_undone_batch(void **state)
{
	struct fixture *f = *state;
	struct store_record r = started(100, 1, "0501", "0502");

	add_many(f, 100, 4196);
	assert_int_equal(store_begin(f->s), 0);
	assert_int_equal(store_record_add(f->s, &r), 0);
	store_rollback(f->s);
	assert_found(f, &(struct store_record_query){.id = r.id}, "");
	assert_int_equal(store_record_add(f->s, &r), 0);
	assert_found(f, &(struct store_record_query){.number = SLICE("0501"), .limit = 1}, "4103 ");
	assert_found(f, &(struct store_record_query){.id = r.id, .number = SLICE("0501")}, "1 ");
}

/* No question walks the records one by one. */
static void assert_plan(struct fixture *f, enum store_place place)
{
	char sql[4096];
	sqlite3_stmt *st;

	assert_non_null(f->s->prepared[place]);
	snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", sqlite3_sql(f->s->prepared[place]));
	assert_int_equal(sqlite3_prepare_v2(f->s->db, sql, -1, &st, NULL), SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW) {
		const char *step = (const char *)sqlite3_column_text(st, 3);

		if (strstr(step, "SCAN record") || strstr(step, "SCAN p") ||
		    strstr(step, "TEMP B-TREE"))
			fail_msg("%s", step);
	}
	sqlite3_finalize(st);
}

static void test_plans(void **state)
{
	struct fixture *f = *state;
	struct store_record r = started(100, 1, "0501", "0502");

	assert_int_equal(store_record_add(f->s, &r), 0);
	assert_found(f, &(struct store_record_query){.since_ms = T}, "1 ");
	assert_found(f, &(struct store_record_query){.id = r.id}, "1 ");
	assert_found(f, &(struct store_record_query){.number = SLICE("0501")}, "1 ");
	assert_plan(f, PLACE_RECORD_ALL);
	assert_plan(f, PLACE_RECORD_BY_ID);
	assert_plan(f, PLACE_RECORD_OF_NUMBER);
	assert_plan(f, PLACE_RECORD_SEGMENT);
	assert_found(f, &(struct store_record_query){.call = r.id}, "1 ");
	assert_plan(f, PLACE_RECORD_OF_CALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_was_put_comes_back),
		TEST(test_queries),
		TEST(test_parts_of_a_call),
		TEST(test_started_after_its_id),
		TEST(test_replaced),
		TEST(test_segments),
		TEST(test_undone_batch),
		TEST(test_plans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
