#include "fixture.h"

#include "store/store_priv.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void put(struct store *s, const char *name, const char *value, int want)
{
	assert_int_equal(store_setting_put(s, slice_str(name), slice_str(value)), want);
}

static bool has(struct store *s, const char *name)
{
	struct slice got;

	return store_setting_get(s, slice_str(name), &got) == 0;
}

static void test_batches(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(store_begin(f->s), 0);
	put(f->s, "a", "1", 0);
	store_rollback(f->s);
	store_rollback(f->s);
	assert_false(has(f->s, "a"));
	assert_int_equal(store_begin(f->s), 0);
	put(f->s, "b", "1", 0);
	assert_int_equal(store_commit(f->s), 0);
	assert_int_equal(store_begin(f->s), 0);
	put(f->s, "c", "1", 0);
	fixture_reopen(f);
	assert_true(has(f->s, "b"));
	assert_false(has(f->s, "c"));
}

/* What SQLite undid on its own must not go on as single writes. */
static void test_batch_undone(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(store_begin(f->s), 0);
	assert_int_equal(sqlite3_exec(f->s->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	put(f->s, "a", "1", ERR_IO);
	assert_int_equal(store_commit(f->s), ERR_IO);
	put(f->s, "a", "1", 0);
}

static void test_disk_full(void **state)
{
	struct fixture *f = *state;
	static char big[1 << 20];

	memset(big, 'x', sizeof(big) - 1);
	assert_int_equal(sqlite3_exec(f->s->db, "PRAGMA max_page_count = 40", NULL, NULL, NULL),
			 SQLITE_OK);
	put(f->s, "small", "1", 0);
	put(f->s, "big", big, ERR_LIMIT);
	assert_non_null(strstr(store_error(f->s), "is full. Free some space"));
	assert_true(has(f->s, "small"));
	assert_false(has(f->s, "big"));
	assert_int_equal(store_begin(f->s), 0);
	put(f->s, "other", "1", 0);
	put(f->s, "big", big, ERR_LIMIT);
	store_rollback(f->s);
	assert_false(has(f->s, "other"));
}

static void overwrite(const char *path, off_t from, size_t n)
{
	char rubbish[512];
	int fd = open(path, O_WRONLY);

	memset(rubbish, 0x55, sizeof(rubbish));
	assert_true(fd >= 0);
	for (size_t done = 0; done < n; done += sizeof(rubbish))
		assert_int_equal(pwrite(fd, rubbish, sizeof(rubbish), from + (off_t)done),
				 sizeof(rubbish));
	close(fd);
}

static void test_not_a_database(void **state)
{
	struct fixture *f = *state;
	char text[STORE_TEXT_BYTES];

	store_close(f->s);
	f->s = NULL;
	overwrite(f->path, 0, 512);
	assert_int_equal(store_open(f->path, &f->s, text, sizeof(text)), ERR_DAMAGED);
	assert_non_null(strstr(text, "is damaged. Stop the server"));
}

static int ignore(void *ctx, const struct store_customer *c)
{
	(void)ctx;
	(void)c;
	return 0;
}

static void test_damaged_page(void **state)
{
	struct fixture *f = *state;
	sqlite3_stmt *q;
	int page;

	fixture_fill(f);
	assert_int_equal(sqlite3_prepare_v2(f->s->db,
					    "SELECT rootpage FROM sqlite_schema"
					    " WHERE name = 'customer'",
					    -1, &q, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	page = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	store_close(f->s);
	f->s = NULL;
	overwrite(f->path, (page - 1) * 4096, 4096);
	fixture_open(f);
	assert_int_equal(store_customer_each(f->s, ignore, NULL), ERR_DAMAGED);
}

static void test_paths(void **state)
{
	struct fixture *f = *state;
	char path[160], text[STORE_TEXT_BYTES];
	struct store *s;

	snprintf(path, sizeof(path), "%s/none/x.db", f->directory);
	assert_int_equal(store_open(path, &s, text, sizeof(text)), ERR_IO);
	assert_non_null(strstr(text, "does not exist. Make it"));
	assert_int_equal(store_open(f->directory, &s, text, sizeof(text)), ERR_DENIED);
}

/* As an ordinary user: root may write anywhere. 0, or the code that store_open gave to it. */
static int open_as_nobody(const char *path)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		struct store *s;

		if (geteuid() == 0 && seteuid(65534) != 0)
			_exit(99);
		_exit(-store_open(path, &s, NULL, 0));
	}
	waitpid(child, &status, 0);
	return -WEXITSTATUS(status);
}

static void test_not_writable(void **state)
{
	struct fixture *f = *state;

	store_close(f->s);
	f->s = NULL;
	assert_int_equal(chmod(f->path, 0666), 0);
	assert_int_equal(chmod(f->directory, 0555), 0);
	assert_int_equal(open_as_nobody(f->path), ERR_DENIED);
	assert_int_equal(chmod(f->directory, 0777), 0);
	assert_int_equal(chmod(f->path, 0444), 0);
	assert_int_equal(open_as_nobody(f->path), ERR_DENIED);
	assert_int_equal(chmod(f->path, 0666), 0);
	assert_int_equal(open_as_nobody(f->path), 0);
}

static void test_nobody_else_may_read(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* Says on a pipe what is durable, until it is killed. */
static void put_for_ever(const char *path, int pipe_fd)
{
	struct store *s;
	char name[32];

	if (store_open(path, &s, NULL, 0) != 0)
		_exit(1);
	for (uint32_t i = 1;; i++) {
		snprintf(name, sizeof(name), "%u", i);
		if (store_setting_put(s, slice_str(name), SLICE("x")) != 0)
			_exit(2);
		if (write(pipe_fd, &i, sizeof(i)) != sizeof(i))
			_exit(3);
	}
}

static uint32_t kill_after(pid_t child, int pipe_fd, uint32_t enough)
{
	uint32_t last = 0, i;

	while (last < enough && read(pipe_fd, &i, sizeof(i)) == sizeof(i))
		last = i;
	kill(child, SIGKILL);
	while (read(pipe_fd, &i, sizeof(i)) == sizeof(i))
		last = i;
	waitpid(child, NULL, 0);
	return last;
}

static void test_kill_and_reopen(void **state)
{
	struct fixture *f = *state;
	char name[32];

	store_close(f->s);
	f->s = NULL;
	for (uint32_t round = 1; round <= 5; round++) {
		uint32_t last;
		int fds[2];
		pid_t child;

		assert_int_equal(pipe(fds), 0);
		child = fork();
		if (child == 0)
			put_for_ever(f->path, fds[1]);
		close(fds[1]);
		last = kill_after(child, fds[0], round * 20);
		close(fds[0]);
		assert_true(last >= round * 20);
		fixture_open(f);
		for (uint32_t i = 1; i <= last; i++) {
			snprintf(name, sizeof(name), "%u", i);
			assert_true(has(f->s, name));
		}
		store_close(f->s);
		f->s = NULL;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_batches),	    TEST(test_batch_undone),
		TEST(test_disk_full),	    TEST(test_not_a_database),
		TEST(test_damaged_page),    TEST(test_paths),
		TEST(test_not_writable),    TEST(test_nobody_else_may_read),
		TEST(test_kill_and_reopen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
