/*
 * Inside the store room: the handle, its migrations, and a small way of asking SQLite.
 *
 * Every statement has its place in the handle and is prepared once. A question is a struct query on
 * the stack: init, bind in the order of the `?`, then either run (nothing comes back) or next until
 * it says 0, end. The first thing that goes wrong stays in the query, all later calls do nothing,
 * and run or next report it: callers need no check in between.
 */
#pragma once

#include "base/err.h"
#include "store/store.h"

#include <sqlite3.h>

enum store_place {
	PLACE_BEGIN,
	PLACE_COMMIT,
	PLACE_ROLLBACK,
	PLACE_CUSTOMER_ADD,
	PLACE_CUSTOMER_PUT,
	PLACE_CUSTOMER_GET,
	PLACE_CUSTOMER_REMOVE,
	PLACE_CUSTOMER_EACH,
	PLACE_NUMBER_ADD,
	PLACE_NUMBER_PUT,
	PLACE_NUMBER_GET,
	PLACE_NUMBER_BY_ACCOUNT,
	PLACE_NUMBER_REMOVE,
	PLACE_NUMBER_EACH,
	PLACE_NUMBER_EACH_OF,
	PLACE_TRUNK_ADD,
	PLACE_TRUNK_PUT,
	PLACE_TRUNK_GET,
	PLACE_TRUNK_REMOVE,
	PLACE_TRUNK_EACH,
	PLACE_BINDING_PUT,
	PLACE_BINDING_REMOVE,
	PLACE_BINDING_REMOVE_EXPIRED,
	PLACE_BINDING_EACH,
	PLACE_RECORD_ADD,
	PLACE_RECORD_SEGMENT,
	PLACE_RECORD_PARTY,
	PLACE_RECORD_BY_ID,
	PLACE_RECORD_ALL,
	PLACE_RECORD_OF_NUMBER,
	PLACE_RECORD_OF_CALL,
	PLACE_RECORD_RANGE,
	PLACE_RECORD_RANGE_OF_NUMBER,
	PLACE_RECORD_PRUNE,
	PLACE_RECORD_PARTY_DEAD,
	PLACE_RECORD_PARTY_PRUNE,
	PLACE_RECORD_ABROAD,
	PLACE_GUARD_RULE_PUT,
	PLACE_GUARD_RULE_REMOVE,
	PLACE_GUARD_RULE_EACH,
	PLACE_GUARD_NUMBER_PUT,
	PLACE_GUARD_NUMBER_EACH,
	PLACE_GUARD_PERMIT_PUT,
	PLACE_GUARD_PERMIT_EACH,
	PLACE_PRICES_ADD,
	PLACE_PRICES_EACH,
	PLACE_CHANNELS_EACH,
	PLACE_SETTING_GET,
	PLACE_SETTING_PUT,
	PLACE_AUDIT_ADD,
	PLACE_AUDIT_EACH,
	PLACE_RULE_ADD,
	PLACE_RULE_GET,
	PLACE_RULE_REMOVE,
	PLACE_RULE_EACH,
	PLACE_APPLICATION_ADD,
	PLACE_APPLICATION_GET,
	PLACE_APPLICATION_DECIDE,
	PLACE_APPLICATION_DECIDE_WAITING,
	PLACE_APPLICATION_EACH,
	PLACE_FORWARD_GET,
	PLACE_FORWARD_PUT,
	PLACE_FORWARD_PUT_TARGET,
	PLACE_FORWARD_REMOVE,
	PLACE_FORWARD_EACH,
	PLACE_SCREEN_GET,
	PLACE_SCREEN_PUT,
	PLACE_SCREEN_REMOVE,
	PLACE_SCREEN_EACH,
	PLACE_BLOCK_PUT,
	PLACE_BLOCK_EACH,
	PLACE_BLOCK_EACH_OF,
	PLACE_SUSPENSION_PUT,
	PLACE_SUSPENSION_GET,
	PLACE_SUSPENSION_REMOVE,
	STORE_PLACES
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *prepared[STORE_PLACES];
	char *path;
	char *kept; /* the texts that the last get gave out */
	bool in_batch;
	int64_t segment;       /* of record_party, that records go into; 0: not asked yet */
	uint32_t segment_left; /* rows until the next one */
	char error[STORE_TEXT_BYTES];
};

struct query {
	struct store *s;
	sqlite3_stmt *st;
	int bound, column; /* the last one bound, the next one to read */
	int err;
};

/* Brings the schema up to date. 0, ERR_CONFLICT (made by a newer version or another program) or as
 * SQLite says. */
int store_migrate(struct store *s);
/* The same, as far as the version that had so many steps. */
int store_migrate_to(struct store *s, int step_count);

/* Writes the sentence for SQLite's last error and returns our code. */
int store_failed(struct store *s, int sqlite_code);
/* Writes a sentence of the caller's and returns err. */
int store_refuse(struct store *s, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void query_init(struct query *q, struct store *s, enum store_place place, const char *sql);
void query_text(struct query *q, struct slice v); /* absent and empty are the same: '' */
void query_blob(struct query *q, const void *p, size_t n);
void query_int(struct query *q, int64_t v);
void query_real(struct query *q, double v);
/* To the end. 0 and how many rows were changed, or a negative code: ERR_EXISTS (taken),
 * ERR_CONFLICT (a foreign key). */
int query_run(struct query *q, int *ret_changed);
/* 1: a row to read; 0: no more; negative: failed. */
int query_next(struct query *q);
/* Columns of the row, in order. Slices live until the next query_next or query_end. */
struct slice query_get_text(struct query *q);
struct slice query_get_blob(struct query *q);
int64_t query_get_int(struct query *q);
double query_get_real(struct query *q);
/* Copies an array of n slices' texts into the handle, where they outlive the query. 0 or ERR_NOMEM.
 */
int query_keep(struct query *q, struct slice *const *texts, size_t n);
void query_end(struct query *q);
