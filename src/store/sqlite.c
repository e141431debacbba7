/* The file: opening, closing, batches, and what SQLite's errors mean. */
#include "store/store_priv.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 10000
#define BUSY_PAUSE_MS	5

/* What each kind of failure asks of the operator. %s: the file. */
static const struct {
	int err;
	const char *sentence;
} sentences[] = {
	{ERR_LIMIT,
	 "The disk that holds %s is full. Free some space on it; nothing has been half written."},
	{ERR_DAMAGED, "The database %s is damaged. Stop the server, keep a copy of the file, and "
		      "restore the last backup or recover it with: sqlite3 FILE .recover"},
	{ERR_DENIED, "The database %s may not be written. Give the file and its directory to the "
		     "user that the server runs as."},
	{ERR_NOMEM, "Out of memory while working on the database %s."},
	{ERR_IO,
	 "The database %s could not be read or written. Look at the disk and at the kernel's log."},
};

static int code_of(struct store *s, int rc)
{
	int os = s->db ? sqlite3_system_errno(s->db) : 0;

	switch (rc & 0xff) {
	case SQLITE_FULL:
		return ERR_LIMIT;
	case SQLITE_IOERR:
		return os == ENOSPC || os == EDQUOT ? ERR_LIMIT : ERR_IO;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_DAMAGED;
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return ERR_DENIED;
	case SQLITE_NOMEM:
		return ERR_NOMEM;
	case SQLITE_CONSTRAINT:
		if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
		    rc == SQLITE_CONSTRAINT_ROWID)
			return ERR_EXISTS;
		return rc == SQLITE_CONSTRAINT_FOREIGNKEY ? ERR_CONFLICT : ERR_INVALID;
	default:
		return ERR_IO;
	}
}

int store_refuse(struct store *s, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(s->error, sizeof(s->error), fmt, args);
	va_end(args);
	return err;
}

int store_failed(struct store *s, int rc)
{
	int err = code_of(s, rc);
	const char *detail = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);

	if ((rc & 0xff) == SQLITE_BUSY)
		return store_refuse(
			s, ERR_IO,
			"Another program holds the database %s (%s). End it, then try again.",
			s->path, detail);
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
		char sentence[STORE_TEXT_BYTES];

		if (sentences[i].err != err)
			continue;
		snprintf(sentence, sizeof(sentence), sentences[i].sentence, s->path);
		return store_refuse(s, err, "%.500s (SQLite: %.100s)", sentence, detail);
	}
	return store_refuse(s, err, "%s", detail);
}

const char *store_error(const struct store *s)
{
	return s->error;
}

/* SQLite would make the file readable by everybody; it holds password digests. Its -wal and -shm
 * inherit the mode. */
static int make_file(struct store *s)
{
	int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return store_refuse(s, ERR_IO,
				    "The directory of %s does not exist. Make it and give it to "
				    "the user that the server runs as.",
				    s->path);
	case ENOSPC:
	case EDQUOT:
		return store_failed(s, SQLITE_FULL);
	case EACCES:
	case EPERM:
	case EROFS:
	case EISDIR:
		return store_failed(s, SQLITE_READONLY);
	default:
		return store_refuse(s, ERR_IO, "The database %s cannot be opened: %s.", s->path,
				    strerror(errno));
	}
}

/* A file that may be written in a directory that may not would fail only at the first write, when
 * the -wal is made. */
static int check_directory(struct store *s)
{
	const char *slash = strrchr(s->path, '/');
	char *directory = !slash	     ? strdup(".")
			  : slash == s->path ? strdup("/")
					     : strndup(s->path, (size_t)(slash - s->path));
	int r = 0;

	if (!directory)
		return store_refuse(s, ERR_NOMEM, "Out of memory.");
	if (access(directory, W_OK | X_OK) != 0)
		r = store_refuse(
			s, ERR_DENIED,
			"The directory %s may not be written. Give it to the user that the server "
			"runs as.",
			directory);
	free(directory);
	return r;
}

/* Where two handles turn a new file into WAL at once SQLite sends one of them away without asking
 * the busy handler, lest they wait for each other: so we do the waiting. */
static int enter_wal(struct store *s)
{
	const struct timespec pause = {.tv_nsec = BUSY_PAUSE_MS * 1000000L};
	const int64_t until_ms = clock_mono_ms() + BUSY_TIMEOUT_MS;
	int rc;
	while (rc = sqlite3_exec(s->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL),
	       (rc & 0xff) == SQLITE_BUSY && clock_mono_ms() < until_ms)
		nanosleep(&pause, NULL);
	return rc;
}

/* SQLite counts its memory under one lock for all threads, and nobody asks for the sum. */
static void configure(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int open_file(struct store *s)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int rc, r = make_file(s);

	if (r == 0)
		r = check_directory(s);
	if (r != 0)
		return r;
	(void)pthread_once(&once, configure);
	rc = sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK)
		return store_failed(s, rc);
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
	rc = enter_wal(s);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(s->db,
				  "PRAGMA synchronous = FULL;"
				  "PRAGMA foreign_keys = ON;"
				  "PRAGMA journal_size_limit = 67108864;"
				  "PRAGMA cache_size = -16384;"
				  /* the same page is written back once for many commits */
				  "PRAGMA wal_autocheckpoint = 4000;",
				  NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : store_failed(s, rc);
}

int store_open(const char *path, struct store **ret_store, char *ret_text, size_t text_bytes)
{
	struct store *s = calloc(1, sizeof(*s));
	int r = ERR_NOMEM;

	if (s && (s->path = strdup(path)) != NULL) {
		r = open_file(s);
		if (r == 0)
			r = store_migrate(s);
	}
	if (r == 0) {
		*ret_store = s;
		return 0;
	}
	if (ret_text && text_bytes)
		snprintf(ret_text, text_bytes, "%s", s && s->error[0] ? s->error : err_text(r));
	store_close(s);
	return r;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < STORE_PLACES; i++)
		sqlite3_finalize(s->prepared[i]);
	sqlite3_close(s->db);
	free(s->kept);
	free(s->path);
	free(s);
}

int store_begin(struct store *s)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_BEGIN, "BEGIN IMMEDIATE");
	r = query_run(&q, NULL);
	s->in_batch = r == 0;
	return r;
}

/* After a failed commit nothing of the batch remains. */
int store_commit(struct store *s)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_COMMIT, "COMMIT");
	r = query_run(&q, NULL);
	if (r != 0)
		store_rollback(s);
	s->in_batch = false;
	return r;
}

/* The error that led here stays to be read. */
void store_rollback(struct store *s)
{
	char error[STORE_TEXT_BYTES];
	struct query q;

	s->in_batch = false;
	if (sqlite3_get_autocommit(s->db))
		return;
	memcpy(error, s->error, sizeof(error));
	query_init(&q, s, PLACE_ROLLBACK, "ROLLBACK");
	(void)query_run(&q, NULL);
	memcpy(s->error, error, sizeof(error));
}
