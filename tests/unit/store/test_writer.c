#include "fixture.h"

#include "store/store_priv.h"
#include "store/writer_priv.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>

struct failures {
	atomic_int count;
	char last[STORE_TEXT_BYTES];
};

static void on_failed(void *ctx, const char *text)
{
	struct failures *f = ctx;

	snprintf(f->last, sizeof(f->last), "%s", text);
	atomic_fetch_add(&f->count, 1);
}

static int count_binding(void *ctx, const struct store_binding *b)
{
	assert_true(b->bytes.n == 0 || b->bytes.p[0] == 'b');
	(*(uint32_t *)ctx)++;
	return 0;
}

static uint32_t bindings(struct fixture *f)
{
	uint32_t n = 0;

	assert_int_equal(store_binding_each(f->s, count_binding, &n), 0);
	return n;
}

static int find_record(void *ctx, const struct store_record *r)
{
	assert_slice(r->from, "0501");
	assert_slice(r->reason_text, "It is over.");
	assert_slice(r->codec, "");
	assert_slice(r->forward, r->id == 77 ? "busy" : "");
	assert_int_equal(r->call, r->id == 77 ? 70 : 0);
	*(uint64_t *)ctx = r->id;
	return 0;
}

static void test_all_kinds(void **state)
{
	struct fixture *f = *state;
	struct store_binding b = {.number = SLICE("0501"),
				  .key = SLICE("k1"),
				  .bytes = SLICE("bytes"),
				  .expires_at = 9};
	struct store_record r = {.id = 77,
				 .call = 70,
				 .forward = SLICE("busy"),
				 .from = SLICE("0501"),
				 .reason_text = SLICE("It is over.")};
	struct failures failures = {0};
	struct writer *w;
	uint64_t id = 0;

	fixture_fill(f);
	assert_int_equal(writer_new(f->path, 65536, on_failed, &failures, &w), 0);
	assert_int_equal(writer_flush(w), 0);
	assert_int_equal(writer_binding_put(w, &b), 0);
	b.key = SLICE("k2");
	assert_int_equal(writer_binding_put(w, &b), 0);
	assert_int_equal(writer_binding_remove(w, SLICE("0501"), SLICE("k1")), 0);
	assert_int_equal(writer_record_add(w, &r), 0);
	assert_int_equal(writer_flush(w), 0);
	assert_int_equal(bindings(f), 1);
	assert_int_equal(store_record_each(f->s, &(struct store_record_query){0}, find_record, &id),
			 0);
	assert_int_equal(id, 77);
	assert_int_equal(writer_written(w), 4);
	writer_free(w);
	assert_int_equal(failures.count, 0);
}

/* A binding of a number that went meanwhile, and a removal of nothing, hold up nobody. */
static void test_what_has_no_number(void **state)
{
	struct fixture *f = *state;
	struct store_binding b = {.number = SLICE("0509"), .key = SLICE("k"), .bytes = SLICE("b")};
	struct failures failures = {0};
	struct writer *w;

	fixture_fill(f);
	assert_int_equal(writer_new(f->path, 65536, on_failed, &failures, &w), 0);
	assert_int_equal(writer_binding_put(w, &b), 0);
	assert_int_equal(writer_binding_remove(w, SLICE("0501"), SLICE("k")), 0);
	b.number = SLICE("0501");
	assert_int_equal(writer_binding_put(w, &b), 0);
	assert_int_equal(writer_flush(w), 0);
	assert_int_equal(bindings(f), 1);
	writer_free(w);
	assert_int_equal(failures.count, 0);
}

static void test_changes_all_or_none(void **state)
{
	struct fixture *f = *state;
	static char large[6000];
	struct writer_change changes[3] = {
		{.binding = {.number = SLICE("0501"),
			     .key = SLICE("k1"),
			     .bytes = {large, sizeof(large)}}},
		{.binding = {.number = SLICE("0501"), .key = SLICE("k2"), .bytes = SLICE("b")}},
		{.remove = true, .binding = {.number = SLICE("0501"), .key = SLICE("k1")}},
	};
	struct writer *w;

	memset(large, 'b', sizeof(large));
	fixture_fill(f);
	assert_int_equal(writer_new(f->path, 65536, NULL, NULL, &w), 0);
	assert_int_equal(writer_bindings_change(w, changes, 0), 0);
	assert_int_equal(writer_bindings_change(w, changes, 2), 0);
	assert_int_equal(writer_flush(w), 0);
	assert_int_equal(bindings(f), 2);
	assert_int_equal(writer_bindings_change(w, changes, 3), 0);
	writer_free(w);
	assert_int_equal(bindings(f), 1);
}

static void test_too_big(void **state)
{
	struct fixture *f = *state;
	static char large[70000];
	struct store_binding b = {
		.number = SLICE("0501"), .key = SLICE("k"), .bytes = {large, sizeof(large)}};
	struct store_record r = {.reason_text = {large, sizeof(large)}};
	struct writer *w;

	assert_int_equal(writer_new(f->path, 4096, NULL, NULL, &w), 0);
	assert_int_equal(writer_binding_put(w, &b), ERR_TOO_BIG);
	assert_int_equal(writer_record_add(w, &r), ERR_TOO_BIG);
	writer_free(w);
}

static void test_cannot_open(void **state)
{
	struct failures failures = {0};
	struct writer *w;

	(void)state;
	assert_int_equal(writer_new("/nowhere/at/all.db", 4096, on_failed, &failures, &w), ERR_IO);
	assert_non_null(strstr(failures.last, "does not exist"));
}

/* Another handle holds the write lock: the queue fills, says so, and nothing is lost when the lock
 * goes. */
static void test_full_queue(void **state)
{
	struct fixture *f = *state;
	struct failures failures = {0};
	struct writer *w;
	uint32_t taken = 0;
	char key[16];
	int r = 0;

	fixture_fill(f);
	assert_int_equal(writer_new(f->path, 8192, on_failed, &failures, &w), 0);
	assert_int_equal(store_begin(f->s), 0);
	for (uint32_t tries = 0; tries < 100000 && r != ERR_AGAIN; tries++) {
		struct store_binding b = {.number = SLICE("0501"), .bytes = SLICE("b")};

		snprintf(key, sizeof(key), "%u", taken);
		b.key = slice_str(key);
		r = writer_binding_put(w, &b);
		taken += r == 0;
	}
	assert_int_equal(r, ERR_AGAIN);
	store_rollback(f->s);
	assert_int_equal(writer_flush(w), 0);
	assert_int_equal(bindings(f), taken);
	assert_int_equal(writer_written(w), taken);
	writer_free(w);
}

/* A batch that cannot be written is told of, tried again, and not lost. */
static void test_failure_and_recovery(void **state)
{
	struct fixture *f = *state;
	struct failures failures = {0};
	struct store_binding b = {.number = SLICE("0501"), .key = SLICE("k"), .bytes = SLICE("b")};
	struct writer *w;

	fixture_fill(f);
	assert_int_equal(writer_new(f->path, 8192, on_failed, &failures, &w), 0);
	assert_int_equal(
		sqlite3_exec(f->s->db, "ALTER TABLE binding RENAME TO hidden", NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(writer_binding_put(w, &b), 0);
	assert_int_equal(writer_flush(w), ERR_IO);
	assert_true(failures.count > 0);
	assert_int_equal(writer_written(w), 0);
	assert_int_equal(
		sqlite3_exec(f->s->db, "ALTER TABLE hidden RENAME TO binding", NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(writer_flush(w), 0);
	assert_int_equal(bindings(f), 1);
	writer_free(w);
}

static void test_gives_up_at_the_end(void **state)
{
	struct fixture *f = *state;
	struct failures failures = {0};
	struct store_binding b = {.number = SLICE("0501"), .key = SLICE("k"), .bytes = SLICE("b")};
	struct writer *w;

	fixture_fill(f);
	assert_int_equal(writer_new(f->path, 8192, on_failed, &failures, &w), 0);
	assert_int_equal(
		sqlite3_exec(f->s->db, "ALTER TABLE binding RENAME TO hidden", NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(writer_binding_put(w, &b), 0);
	writer_free(w);
	assert_non_null(strstr(failures.last, "wait for its next start"));
	assert_true(failures.count > 1);
	assert_int_equal(
		sqlite3_exec(f->s->db, "ALTER TABLE hidden RENAME TO binding", NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(bindings(f), 0);
	assert_int_equal(writer_new(f->path, 8192, on_failed, &failures, &w), 0);
	assert_int_equal(bindings(f), 1); /* before anybody reads the store */
	writer_free(w);
}

/* Hands over while the store cannot be written, and dies. */
static void die_with_a_queue(struct fixture *f)
{
	struct store_binding b = {.number = SLICE("0501"), .key = SLICE("k"), .bytes = SLICE("b")};
	struct store_record r = {.id = 77,
				 .call = 70,
				 .forward = SLICE("busy"),
				 .from = SLICE("0501"),
				 .reason_text = SLICE("It is over.")};
	struct writer *w;

	if (writer_new(f->path, 8192, NULL, NULL, &w) != 0 || writer_binding_put(w, &b) != 0 ||
	    writer_record_add(w, &r) != 0)
		_exit(2);
	b.key = SLICE("gone");
	if (writer_binding_put(w, &b) != 0 ||
	    writer_binding_remove(w, SLICE("0501"), SLICE("gone")) != 0)
		_exit(2);
	kill(getpid(), SIGKILL);
}

/* What was handed over and not written when the process was killed is written by the next one. */
static void test_killed_with_a_queue(void **state)
{
	struct fixture *f = *state;
	struct failures failures = {0};
	struct writer *w;
	uint64_t id = 0;
	int status;

	fixture_fill(f);
	pid_t child = fork();
	if (child == 0) {
		fixture_reopen(f);
		if (sqlite3_exec(f->s->db, "ALTER TABLE binding RENAME TO hidden", NULL, NULL,
				 NULL) != SQLITE_OK)
			_exit(2);
		die_with_a_queue(f);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	fixture_reopen(f);
	assert_int_equal(
		sqlite3_exec(f->s->db, "ALTER TABLE hidden RENAME TO binding", NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(writer_new(f->path, 8192, on_failed, &failures, &w), 0);
	assert_int_equal(failures.count, 0);
	assert_int_equal(bindings(f), 1);
	assert_int_equal(store_record_each(f->s, &(struct store_record_query){0}, find_record, &id),
			 0);
	assert_int_equal(id, 77);
	writer_free(w);
}

/* A queue that is none, or of another layout, is told of and replaced. */
static void test_unread_queue(void **state)
{
	struct fixture *f = *state;
	struct failures failures = {0};
	struct store_binding b = {.number = SLICE("0501"), .key = SLICE("k"), .bytes = SLICE("b")};
	struct writer *w;
	char path[128];

	fixture_fill(f);
	snprintf(path, sizeof(path), "%s.queue", f->path);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fputs("no queue", out);
	fclose(out);
	assert_int_equal(writer_new(f->path, 8192, on_failed, &failures, &w), 0);
	assert_int_equal(failures.count, 1);
	assert_non_null(strstr(failures.last, ".queue"));
	assert_int_equal(writer_binding_put(w, &b), 0);
	writer_free(w);
	assert_int_equal(bindings(f), 1);
	assert_int_equal(failures.count, 1);
}

/* A full disk: the queue is in memory, it is said, and the old one is not written twice. */
static void test_no_room_for_a_queue(void **state)
{
	const struct rlimit small = {4096 * 1024, RLIM_INFINITY};
	struct fixture *f = *state;
	struct failures failures = {0};
	struct store_binding b = {.number = SLICE("0501"), .key = SLICE("k"), .bytes = SLICE("b")};
	struct rlimit had;
	struct writer *w;
	char path[128];

	fixture_fill(f);
	snprintf(path, sizeof(path), "%s.queue", f->path);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &had), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(writer_new(f->path, 8 << 20, on_failed, &failures, &w), 0);
	had.rlim_cur = had.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &had), 0);
	assert_int_equal(failures.count, 1);
	assert_non_null(strstr(failures.last, "would not outlive a crash"));
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(writer_binding_put(w, &b), 0);
	writer_free(w);
	assert_int_equal(bindings(f), 1);
}

#define PRODUCERS 4
#define EACH	  500

struct producer {
	struct writer *w;
	int number;
};

static void *produce(void *arg)
{
	struct producer *p = arg;
	char key[32];

	for (int i = 0; i < EACH; i++) {
		struct store_binding b = {.number = SLICE("0501"), .bytes = SLICE("b")};

		snprintf(key, sizeof(key), "%d/%d", p->number, i);
		b.key = slice_str(key);
		while (writer_binding_put(p->w, &b) == ERR_AGAIN)
			usleep(100);
		if (i % 100 == 0 && writer_flush(p->w) != 0)
			return p;
	}
	return NULL;
}

static void test_many_producers(void **state)
{
	struct fixture *f = *state;
	struct producer producers[PRODUCERS];
	pthread_t threads[PRODUCERS];
	struct writer *w;
	void *failed;

	fixture_fill(f);
	assert_int_equal(writer_new(f->path, 4096, NULL, NULL, &w), 0);
	for (int i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){w, i};
		assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
	}
	for (int i = 0; i < PRODUCERS; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	writer_free(w);
	assert_int_equal(bindings(f), PRODUCERS * EACH);
}

/* What a flush has confirmed is there after SIGKILL. */
static void test_kill_after_flush(void **state)
{
	struct fixture *f = *state;
	int fds[2];
	char ready = 0;
	pid_t child;

	fixture_fill(f);
	store_close(f->s);
	f->s = NULL;
	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		struct writer *w;
		struct store_binding b = {
			.number = SLICE("0501"), .key = SLICE("k"), .bytes = SLICE("b")};

		if (writer_new(f->path, 8192, NULL, NULL, &w) == 0 &&
		    writer_binding_put(w, &b) == 0 && writer_flush(w) == 0 &&
		    write(fds[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(fds[1]);
	ssize_t n = read(fds[0], &ready, 1);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(fds[0]);
	assert_int_equal(n, 1);
	fixture_open(f);
	assert_int_equal(bindings(f), 1);
}

/* ---- gathering: a batch waits for company, unless somebody presses */

#define LONG_MS	 3600000
#define SHORT_MS 1

static const struct store_binding a_binding = {
	.number = {"0501", 4}, .key = {"k", 1}, .bytes = {"b", 1}};
static const struct store_record gathered = {
	.id = 78, .from = {"0501", 4}, .reason_text = {"It is over.", 11}};

static void wait_for_written(struct writer *w, uint64_t count)
{
	while (writer_written(w) < count)
		usleep(1000);
}

static void test_gathers_until_flushed(void **state)
{
	struct fixture *f = *state;
	struct writer *w;

	fixture_fill(f);
	assert_int_equal(writer_new(f->path, 65536, NULL, NULL, &w), 0);
	writer_gather_for(w, LONG_MS, LONG_MS);
	assert_int_equal(writer_record_add(w, &gathered), 0);
	assert_int_equal(writer_binding_put(w, &a_binding), 0);
	usleep(100000);
	assert_int_equal(writer_written(w), 0);
	assert_int_equal(writer_flush(w), 0);
	assert_int_equal(writer_written(w), 2);
	assert_int_equal(writer_record_add(w, &gathered), 0);
	writer_free(w); /* does not wait either */
	assert_int_equal(bindings(f), 1);
}

static void test_binding_hastens_records(void **state)
{
	struct fixture *f = *state;
	struct writer *w;

	fixture_fill(f);
	assert_int_equal(writer_new(f->path, 65536, NULL, NULL, &w), 0);
	writer_gather_for(w, SHORT_MS, LONG_MS);
	for (uint64_t i = 1; i <= 20; i++) {
		assert_int_equal(writer_record_add(w, &gathered), 0);
		if (i % 2)
			usleep(2000); /* the thread may sleep already, or not */
		assert_int_equal(writer_binding_put(w, &a_binding), 0);
		wait_for_written(w, 2 * i);
	}
	writer_free(w);
}

/* Otherwise those who hand over would be refused for as long as the thread gathers. */
static void test_filling_queue_hastens(void **state)
{
	struct fixture *f = *state;
	struct writer *w;

	fixture_fill(f);
	assert_int_equal(writer_new(f->path, 8192, NULL, NULL, &w), 0);
	writer_gather_for(w, LONG_MS, LONG_MS);
	for (int i = 0; i < 200; i++)
		while (writer_record_add(w, &gathered) == ERR_AGAIN)
			usleep(100);
	wait_for_written(w, 190);
	writer_free(w);
}

/* What waits for company when the process is killed waits for the next one. */
static void test_killed_while_gathering(void **state)
{
	struct fixture *f = *state;
	struct store_record_query all = {0};
	struct writer *w;
	uint64_t id = 0;
	int status;

	fixture_fill(f);
	pid_t child = fork();
	if (child == 0) {
		fixture_reopen(f);
		if (writer_new(f->path, 65536, NULL, NULL, &w) != 0)
			_exit(2);
		writer_gather_for(w, LONG_MS, LONG_MS);
		if (writer_record_add(w, &gathered) != 0 || writer_binding_put(w, &a_binding) != 0)
			_exit(2);
		usleep(20000);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	fixture_reopen(f);
	assert_int_equal(bindings(f), 0);
	assert_int_equal(writer_new(f->path, 65536, NULL, NULL, &w), 0);
	assert_int_equal(bindings(f), 1);
	assert_int_equal(store_record_each(f->s, &all, find_record, &id), 0);
	assert_int_equal(id, 78);
	writer_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_kinds),
		TEST(test_what_has_no_number),
		TEST(test_changes_all_or_none),
		TEST(test_too_big),
		TEST(test_cannot_open),
		TEST(test_full_queue),
		TEST(test_failure_and_recovery),
		TEST(test_gives_up_at_the_end),
		TEST(test_killed_with_a_queue),
		TEST(test_unread_queue),
		TEST(test_no_room_for_a_queue),
		TEST(test_many_producers),
		TEST(test_kill_after_flush),
		TEST(test_gathers_until_flushed),
		TEST(test_binding_hastens_records),
		TEST(test_filling_queue_hastens),
		TEST(test_killed_while_gathering),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
