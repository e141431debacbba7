/* A file as an earlier version of the program left it. */
#pragma once

#include "fixture.h"

#include "store/store_priv.h"

/* In place of the fixture's own: made by the version that had so many steps, filled by sql. Closed;
 * fixture_open lets the present version have it. */
static inline void make_version(struct fixture *f, int step_count, const char *sql)
{
	struct store old = {.path = f->path};

	store_close(f->s);
	f->s = NULL;
	unlink(f->path);
	assert_int_equal(sqlite3_open(f->path, &old.db), SQLITE_OK);
	assert_int_equal(store_migrate_to(&old, step_count), 0);
	assert_int_equal(sqlite3_exec(old.db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(old.db);
}
