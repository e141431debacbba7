/* Records for tests: call i of minute i, of customers C0 and C1 in turn. */
#pragma once

#include "fixture.h"

#include "store/store_priv.h"

#define BASE_MS INT64_C(1790000000000)

static inline int64_t minute(int i)
{
	return BASE_MS + (int64_t)i * 60000;
}

static inline struct store_record record_of_minute(int i)
{
	return (struct store_record){.id = (uint64_t)minute(i) << 22,
				     .from = i % 2 ? SLICE("1") : SLICE("2"),
				     .to = i % 3 ? SLICE("3") : SLICE("1"),
				     .customer = i % 2 ? SLICE("C1") : SLICE("C0"),
				     .started_at = minute(i) + 1};
}

static inline void add_records(struct store *s, int from, int to)
{
	assert_int_equal(store_begin(s), 0);
	for (int i = from; i < to; i++) {
		struct store_record r = record_of_minute(i);
		assert_int_equal(store_record_add(s, &r), 0);
	}
	assert_int_equal(store_commit(s), 0);
}

static inline int64_t number_of(struct store *s, const char *sql)
{
	sqlite3_stmt *st;

	assert_int_equal(sqlite3_prepare_v2(s->db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}
