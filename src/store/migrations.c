/*
 * The schema, as the sequence of steps that led to it. A step that has been released is never
 * changed; the next one is appended. The file's user_version says how many steps it has behind it.
 */
#include "store/store_priv.h"

#define APPLICATION_ID 0x4f474154 /* "OGAT": marks the file as ours */

#define NOW_MS "CAST(strftime('%s', 'now') AS INTEGER) * 1000"
/* Of one second the last is kept. (INSERT OR REPLACE would do what the statement says that fired
 * the trigger.) */
#define CHANNELS_KEEP(row, at_ms, channels)                                                        \
	"DELETE FROM channel_history WHERE customer = " row ".customer"                            \
	" AND number = " row ".number AND at_ms = " at_ms ";"                                      \
	" INSERT INTO channel_history VALUES(" row ".customer, " row ".number, " at_ms             \
	", " channels ");"
#define CHANNELS_TRIGGER_ADD                                                                       \
	"CREATE TRIGGER number_channels_add AFTER INSERT ON number BEGIN " CHANNELS_KEEP(          \
		"NEW", "NEW.created_at", "NEW.channels") " END;"
#define CHANNELS_TRIGGER_SET                                                                       \
	"CREATE TRIGGER number_channels_set AFTER UPDATE ON number"                                \
	" WHEN OLD.channels <> NEW.channels OR OLD.customer <> NEW.customer BEGIN " CHANNELS_KEEP( \
		"OLD", NOW_MS, "0") " " CHANNELS_KEEP("NEW", NOW_MS, "NEW.channels") " END;"
#define CHANNELS_TRIGGER_REMOVE                                                                    \
	"CREATE TRIGGER number_channels_remove AFTER DELETE ON number BEGIN " CHANNELS_KEEP(       \
		"OLD", NOW_MS, "0") " END;"

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
	/*
	 * 3: price lists, all that ever were, as the operator gave them; and how many channels a
	 * number had when, for the fee of a month. The triggers write that history, so that no way
	 * of changing a number can forget it.
	 */
	"CREATE TABLE price_list ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" from_day INTEGER NOT NULL,"
	" imported_at INTEGER NOT NULL,"
	" row_count INTEGER NOT NULL,"
	" csv TEXT NOT NULL"
	");"
	"CREATE TABLE channel_history ("
	" customer TEXT NOT NULL,"
	" number TEXT NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" channels INTEGER NOT NULL,"
	" PRIMARY KEY (customer, number, at_ms)"
	") WITHOUT ROWID;"
	"INSERT INTO channel_history SELECT customer, number, created_at, channels FROM "
	"number;" CHANNELS_TRIGGER_ADD CHANNELS_TRIGGER_SET CHANNELS_TRIGGER_REMOVE,
	/*
	 * 4: what the operator allows and denies; applications for the permission to call abroad,
	 * at most one waiting for each number; why a number is suspended. Rules go with those they
	 * are for, applications stay as history.
	 */
	"CREATE TABLE rule ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" scope INTEGER NOT NULL,"
	" who TEXT NOT NULL,"
	" about INTEGER NOT NULL,"
	" key TEXT NOT NULL,"
	" allow INTEGER NOT NULL,"
	" memo TEXT NOT NULL,"
	" created_at INTEGER NOT NULL,"
	" UNIQUE (scope, who, about, key)"
	");"
	"CREATE TABLE application ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" number TEXT NOT NULL,"
	" customer TEXT NOT NULL,"
	" kind INTEGER NOT NULL,"
	" state INTEGER NOT NULL,"
	" memo TEXT NOT NULL,"
	" applied_by TEXT NOT NULL,"
	" applied_at INTEGER NOT NULL,"
	" decided_by TEXT NOT NULL,"
	" decided_at INTEGER NOT NULL,"
	" reason TEXT NOT NULL"
	");"
	"CREATE UNIQUE INDEX application_waiting ON application(number) WHERE state = 0;"
	"CREATE INDEX application_number ON application(number, id);"
	"CREATE TABLE suspension ("
	" number TEXT PRIMARY KEY NOT NULL REFERENCES number(number) ON DELETE CASCADE,"
	" reason TEXT NOT NULL,"
	" requester TEXT NOT NULL,"
	" at_ms INTEGER NOT NULL"
	") WITHOUT ROWID;"
	"CREATE TRIGGER number_gone AFTER DELETE ON number BEGIN"
	" DELETE FROM rule WHERE scope = 2 AND who = OLD.number;"
	" UPDATE application SET state = 3, decided_by = 'server', reason = 'number removed',"
	"  decided_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000"
	"  WHERE number = OLD.number AND state = 0;"
	" END;"
	"CREATE TRIGGER customer_gone AFTER DELETE ON customer BEGIN"
	" DELETE FROM rule WHERE scope = 1 AND who = OLD.code;"
	" END;",
	/* 5: a record says what stood in the way. */
	"ALTER TABLE record ADD COLUMN detail TEXT NOT NULL DEFAULT '';",
	/*
	 * 6: the fraud guard. Calls abroad are few, so an index of them costs nothing to the
	 * others. A number that is removed takes along what was decided of it: the next owner
	 * begins anew.
	 */
	"CREATE TABLE guard_rule ("
	" scope INTEGER NOT NULL,"
	" object TEXT NOT NULL,"
	" off_hours INTEGER NOT NULL,"
	" spend_yen INTEGER NOT NULL,"
	" minutes INTEGER NOT NULL,"
	" calls_per_minute INTEGER NOT NULL,"
	" new_country_days INTEGER NOT NULL,"
	" action INTEGER NOT NULL,"
	" PRIMARY KEY (scope, object, off_hours)"
	") WITHOUT ROWID;"
	"CREATE TABLE guard_number ("
	" number TEXT PRIMARY KEY NOT NULL,"
	" suspended_at INTEGER NOT NULL,"
	" released_at INTEGER NOT NULL,"
	" reason TEXT NOT NULL,"
	" value INTEGER NOT NULL,"
	" limit_value INTEGER NOT NULL"
	") WITHOUT ROWID;"
	"CREATE TABLE guard_permit ("
	" number TEXT NOT NULL,"
	" country TEXT NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" PRIMARY KEY (number, country)"
	") WITHOUT ROWID;"
	"CREATE TRIGGER guard_forget AFTER DELETE ON number BEGIN"
	" DELETE FROM guard_rule WHERE scope = 2 AND object = OLD.number;"
	" DELETE FROM guard_number WHERE number = OLD.number;"
	" DELETE FROM guard_permit WHERE number = OLD.number; END;"
	"CREATE TRIGGER guard_forget_customer AFTER DELETE ON customer BEGIN"
	" DELETE FROM guard_rule WHERE scope = 1 AND object = OLD.code; END;"
	"CREATE INDEX record_abroad ON record(id)"
	" WHERE to_number >= '010' AND to_number < '011' AND answered_at > 0;",
	/* 7: trunks, and what records say of them. */
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
	/*
	 * 8: call forwarding: what a number has set, its list of targets, and the records of one
	 * call. A record that is a call by itself is not in the index, so that it costs the others
	 * nothing.
	 */
	"CREATE TABLE forward ("
	" number TEXT PRIMARY KEY NOT NULL REFERENCES number(number) ON DELETE CASCADE,"
	" ring_s INTEGER NOT NULL,"
	" unconditional_on INTEGER NOT NULL,"
	" unconditional_row INTEGER NOT NULL,"
	" busy_on INTEGER NOT NULL,"
	" busy_row INTEGER NOT NULL,"
	" no_answer_on INTEGER NOT NULL,"
	" no_answer_row INTEGER NOT NULL,"
	" not_registered_on INTEGER NOT NULL,"
	" not_registered_row INTEGER NOT NULL"
	") WITHOUT ROWID;"
	"CREATE TABLE forward_target ("
	" number TEXT NOT NULL REFERENCES forward(number) ON DELETE CASCADE,"
	" place INTEGER NOT NULL CHECK (place BETWEEN 1 AND 5),"
	" digits TEXT NOT NULL,"
	" memo TEXT NOT NULL,"
	" PRIMARY KEY (number, place)"
	") WITHOUT ROWID;"
	"ALTER TABLE record ADD COLUMN call INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE record ADD COLUMN forward TEXT NOT NULL DEFAULT '';"
	"CREATE INDEX record_call ON record(call) WHERE call <> 0;",

	/* What its telephones may say, and which calls a number does not take. */
	"ALTER TABLE forward ADD COLUMN deflection INTEGER NOT NULL DEFAULT 1;"
	"CREATE TABLE screen ("
	" number TEXT PRIMARY KEY NOT NULL REFERENCES number(number) ON DELETE CASCADE,"
	" anonymous INTEGER NOT NULL,"
	" abroad INTEGER NOT NULL,"
	" inbound_limit INTEGER NOT NULL CHECK (inbound_limit BETWEEN 0 AND 32)"
	") WITHOUT ROWID;"
	"CREATE TABLE screen_block ("
	" number TEXT NOT NULL REFERENCES screen(number) ON DELETE CASCADE,"
	" caller TEXT NOT NULL,"
	" memo TEXT NOT NULL,"
	" added_at INTEGER NOT NULL,"
	" PRIMARY KEY (number, caller)"
	") WITHOUT ROWID;",
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

static int climb(struct store *s, int version, int to)
{
	char sql[96];
	int r = 0;

	for (int i = version; i < to && r == 0; i++)
		r = run(s, steps[i]);
	sqlite3_snprintf(sizeof(sql), sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
			 APPLICATION_ID, to);
	return r == 0 ? run(s, sql) : r;
}

/* The version is read under the write lock: two handles may open a new file at the same time. */
int store_migrate_to(struct store *s, int step_count)
{
	int version = 0, r = number_of(s, "PRAGMA user_version", &version);

	if (r == 0)
		r = check_origin(s, version);
	if (r != 0 || version >= step_count)
		return r;
	r = run(s, "BEGIN IMMEDIATE");
	if (r != 0)
		return r;
	r = number_of(s, "PRAGMA user_version", &version);
	if (r == 0)
		r = climb(s, version, step_count);
	if (r == 0)
		r = run(s, "COMMIT");
	if (r != 0)
		store_rollback(s);
	return r;
}

int store_migrate(struct store *s)
{
	return store_migrate_to(s, STEPS);
}
