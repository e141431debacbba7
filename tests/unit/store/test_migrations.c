#include "fixture.h"

#include "store/store_priv.h"

#include <pthread.h>

static void run(struct fixture *f, const char *sql)
{
	assert_int_equal(sqlite3_exec(f->s->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static int open_again(struct fixture *f, char *text, size_t bytes)
{
	store_close(f->s);
	f->s = NULL;
	return store_open(f->path, &f->s, text, bytes);
}

static void test_newer_version(void **state)
{
	struct fixture *f = *state;
	char text[STORE_TEXT_BYTES];

	run(f, "PRAGMA user_version = 1000");
	assert_int_equal(open_again(f, text, sizeof(text)), ERR_CONFLICT);
	assert_non_null(strstr(text, "made by a newer version"));
	assert_int_equal(store_open(f->path, &f->s, NULL, 0), ERR_CONFLICT);
}

static void test_of_another_program(void **state)
{
	struct fixture *f = *state;
	char text[STORE_TEXT_BYTES];

	run(f, "PRAGMA user_version = 0; PRAGMA application_id = 0");
	assert_int_equal(open_again(f, text, sizeof(text)), ERR_CONFLICT);
	assert_non_null(strstr(text, "another program"));
}

static void *open_one(void *arg)
{
	struct store *s;

	if (store_open(arg, &s, NULL, 0) != 0)
		return (void *)1;
	store_close(s);
	return NULL;
}

/* Several handles meet an empty file at the same moment. */
static void test_opened_by_many_at_once(void **state)
{
	struct fixture *f = *state;
	char path[128];
	pthread_t threads[6];
	void *failed;

	store_close(f->s);
	f->s = NULL;
	for (int round = 0; round < 5; round++) {
		snprintf(path, sizeof(path), "%s", f->path);
		unlink(path);
		for (size_t i = 0; i < 6; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, open_one, path), 0);
		for (size_t i = 0; i < 6; i++) {
			pthread_join(threads[i], &failed);
			assert_null(failed);
		}
	}
	fixture_open(f);
	fixture_fill(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_newer_version),
		TEST(test_of_another_program),
		TEST(test_opened_by_many_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
