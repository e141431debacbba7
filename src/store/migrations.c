/*
 * The schema, as the sequence of steps that led to it. A step that has been released is never
 * changed; the next one is appended. The file's user_version says how many steps it has behind it.
 */
#include "store/store_priv.h"

#define APPLICATION_ID 0x4f474154 /* "OGAT": marks the file as ours */

static const char *const steps[] = {
	/*
	 * 1: records are found by either party and time; the audit is append-only. Bindings keep
	 * the order in which the phones first came: those that refresh together then stand
	 * together, and a batch dirties a few pages instead of one for each (a quarter of the time
	 * that a table sorted by number takes for phones in random order).
	 */
	"CREATE TABLE customer ("
	" code TEXT PRIMARY KEY NOT NULL,"
	" name TEXT NOT NULL,"
	" address TEXT NOT NULL,"
	" selfcare_hash TEXT NOT NULL,"
	" created_at INTEGER NOT NULL"
	") WITHOUT ROWID;"
	"CREATE TABLE number ("
	" number TEXT PRIMARY KEY NOT NULL,"
	" account TEXT NOT NULL UNIQUE,"
	" customer TEXT NOT NULL REFERENCES customer(code),"
	" option_hash TEXT NOT NULL,"
	" ha1_md5 BLOB NOT NULL CHECK (length(ha1_md5) = 16),"
	" ha1_sha256 BLOB NOT NULL CHECK (length(ha1_sha256) = 32),"
	" realm TEXT NOT NULL,"
	" channels INTEGER NOT NULL,"
	" international INTEGER NOT NULL,"
	" suspended INTEGER NOT NULL,"
	" registration_policy INTEGER NOT NULL,"
	" service_start_at INTEGER NOT NULL,"
	" created_at INTEGER NOT NULL,"
	" password_changed_at INTEGER NOT NULL"
	") WITHOUT ROWID;"
	"CREATE INDEX number_customer ON number(customer, number);"
	"CREATE TABLE binding ("
	" id INTEGER PRIMARY KEY,"
	" number TEXT NOT NULL REFERENCES number(number) ON DELETE CASCADE,"
	" key BLOB NOT NULL,"
	" bytes BLOB NOT NULL,"
	" expires_at INTEGER NOT NULL,"
	" UNIQUE (number, key)"
	");"
	"CREATE TABLE record ("
	" id INTEGER PRIMARY KEY,"
	" from_number TEXT NOT NULL,"
	" to_number TEXT NOT NULL,"
	" dialled TEXT NOT NULL,"
	" customer TEXT NOT NULL,"
	" started_at INTEGER NOT NULL,"
	" ringing_at INTEGER NOT NULL,"
	" answered_at INTEGER NOT NULL,"
	" ended_at INTEGER NOT NULL,"
	" sip_code INTEGER NOT NULL,"
	" reason TEXT NOT NULL,"
	" reason_text TEXT NOT NULL,"
	" ended_by TEXT NOT NULL,"
	" codec TEXT NOT NULL,"
	" has_media INTEGER NOT NULL,"
	" a_packets INTEGER NOT NULL, a_lost INTEGER NOT NULL, a_jitter_ms REAL NOT NULL, a_mos "
	"REAL NOT NULL,"
	" a_r_factor REAL NOT NULL, a_longest_gap_ms INTEGER NOT NULL, a_reordered INTEGER NOT "
	"NULL,"
	" a_refused INTEGER NOT NULL,"
	" b_packets INTEGER NOT NULL, b_lost INTEGER NOT NULL, b_jitter_ms REAL NOT NULL, b_mos "
	"REAL NOT NULL,"
	" b_r_factor REAL NOT NULL, b_longest_gap_ms INTEGER NOT NULL, b_reordered INTEGER NOT "
	"NULL,"
	" b_refused INTEGER NOT NULL"
	");"
	"CREATE INDEX record_started ON record(started_at);"
	"CREATE INDEX record_from ON record(from_number, started_at);"
	"CREATE INDEX record_to ON record(to_number, started_at);"
	"CREATE TABLE setting ("
	" name TEXT PRIMARY KEY NOT NULL,"
	" value BLOB NOT NULL"
	") WITHOUT ROWID;"
	"CREATE TABLE audit ("
	" seq INTEGER PRIMARY KEY AUTOINCREMENT,"
	" at_ms INTEGER NOT NULL,"
	" actor TEXT NOT NULL,"
	" action TEXT NOT NULL,"
	" object TEXT NOT NULL,"
	" detail TEXT NOT NULL"
	");"
	"CREATE INDEX audit_object ON audit(object, seq);"
	"CREATE TRIGGER audit_keep_update BEFORE UPDATE ON audit"
	" BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;"
	"CREATE TRIGGER audit_keep_delete BEFORE DELETE ON audit"
	" BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;",
	/*
	 * 2: an index sorted by number takes each party of a call to a page of its own, and each
	 * page is written twice and summed: two thirds of what a record cost. Now every few
	 * thousand calls (a segment) have an index of their own, of some fifty pages, and a
	 * question asks them all: about three microseconds each. In the order of their start the
	 * records stand by themselves.
	 */
	"CREATE TABLE record_party ("
	" segment INTEGER NOT NULL,"
	" number TEXT NOT NULL,"
	" id INTEGER NOT NULL,"
	" PRIMARY KEY (segment, number, id)"
	") WITHOUT ROWID;"
	"WITH counted AS (SELECT 1 + (row_number() OVER (ORDER BY id) - 1) / 4096 AS segment,"
	" id, from_number, to_number FROM record)"
	" INSERT INTO record_party"
	" SELECT segment, from_number, id FROM counted WHERE from_number <> ''"
	" UNION SELECT segment, to_number, id FROM counted WHERE to_number <> '';"
	"DROP INDEX record_started;"
	"DROP INDEX record_from;"
	"DROP INDEX record_to;",
	/* 3: trunks, and what records say of them. */
	"CREATE TABLE trunk ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" name TEXT NOT NULL UNIQUE,"
	" host TEXT NOT NULL,"
	" port INTEGER NOT NULL,"
	" transport INTEGER NOT NULL,"
	" sources TEXT NOT NULL,"
	" account TEXT NOT NULL,"
	" secret BLOB NOT NULL,"
	" registers INTEGER NOT NULL,"
	" trusted INTEGER NOT NULL,"
	" format INTEGER NOT NULL,"
	" priority INTEGER NOT NULL,"
	" weight INTEGER NOT NULL,"
	" capacity INTEGER NOT NULL,"
	" prefixes TEXT NOT NULL,"
	" created_at INTEGER NOT NULL"
	");"
	"ALTER TABLE record ADD COLUMN direction TEXT NOT NULL DEFAULT 'internal';"
	"ALTER TABLE record ADD COLUMN trunk TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE record ADD COLUMN withheld INTEGER NOT NULL DEFAULT 0;",
};

#define STEPS ((int)(sizeof(steps) / sizeof(steps[0])))

static int run(struct store *s, const char *sql)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : store_failed(s, rc);
}

static int number_of(struct store *s, const char *sql, int *ret_number)
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

	if (rc != SQLITE_OK)
		return store_failed(s, rc);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret_number = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : store_failed(s, rc);
}

/* Ours, or empty; and not from the future. The tables are counted first: another handle may make
 * them and our mark in one commit between the two questions, and then the mark must be seen. */
static int check_origin(struct store *s, int version)
{
	int application = 0, tables = 0;
	int r = number_of(s, "SELECT count(*) FROM sqlite_schema", &tables);

	if (r == 0)
		r = number_of(s, "PRAGMA application_id", &application);
	if (r != 0)
		return r;
	if (application != APPLICATION_ID && (tables > 0 || application != 0))
		return store_refuse(
			s, ERR_CONFLICT,
			"%s is the database of another program. Name another file in the "
			"configuration.",
			s->path);
	if (version > STEPS)
		return store_refuse(
			s, ERR_CONFLICT,
			"The database %s was made by a newer version (schema %d, this one knows "
			"%d). Install that version again, or restore a backup from before the "
			"upgrade.",
			s->path, version, STEPS);
	return 0;
}

static int climb(struct store *s, int version)
{
	char sql[96];
	int r = 0;

	for (int i = version; i < STEPS && r == 0; i++)
		r = run(s, steps[i]);
	sqlite3_snprintf(sizeof(sql), sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
			 APPLICATION_ID, STEPS);
	return r == 0 ? run(s, sql) : r;
}

/* The version is read under the write lock: two handles may open a new file at the same time. */
int store_migrate(struct store *s)
{
	int version = 0, r = number_of(s, "PRAGMA user_version", &version);

	if (r == 0)
		r = check_origin(s, version);
	if (r != 0 || version == STEPS)
		return r;
	r = run(s, "BEGIN IMMEDIATE");
	if (r != 0)
		return r;
	r = number_of(s, "PRAGMA user_version", &version);
	if (r == 0)
		r = climb(s, version);
	if (r == 0)
		r = run(s, "COMMIT");
	if (r != 0)
		store_rollback(s);
	return r;
}
