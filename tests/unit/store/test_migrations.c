#include "versions.h"

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

#define FIRST_RECORDS 5000

/* A file as the first version made it, with a number, and with calls between numbers 1 to 7, caller
 * and callee in turn the same. */
static void make_first_version(struct fixture *f)
{
	make_version(
		f, 1,
		"INSERT INTO customer VALUES('C1', 'one', '', '', 1);"
		"INSERT INTO number VALUES('0501', '1', 'C1', '', zeroblob(16), zeroblob(32),"
		" 'a.example', 2, 1, 0, 1, 1, 2, 3);"
		"WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 5000)"
		" INSERT INTO record SELECT (1790000000000 + n) << 22, n % 7 + 1, n % 5 + 1, '',"
		" '', 1790000000000 + n, 0, 0, 0, 200, '', '', '', '', 0, 0, 0, 0, 0, 0, 0, 0,"
		" 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM i");
}

static int count_record(void *ctx, const struct store_record *r)
{
	(void)r;
	++*(uint32_t *)ctx;
	return 0;
}

static uint32_t records_of(struct fixture *f, const char *number)
{
	const struct store_record_query q = {.number = slice_str(number)};
	uint32_t count = 0;

	assert_int_equal(store_record_each(f->s, &q, count_record, &count), 0);
	return count;
}

/* Who took part in calls before there were segments is found as before, and new calls beside them.
 */
static void test_records_of_first_version(void **state)
{
	const char *const numbers[] = {"1", "2", "3", "4", "5", "6", "7"};
	struct store_record r = {.id = UINT64_C(1790000006000) << 22, .from = SLICE("7")};
	struct fixture *f = *state;
	uint32_t want[8] = {0};

	make_first_version(f);
	for (uint32_t n = 1; n <= FIRST_RECORDS; n++) {
		want[n % 7 + 1]++;
		want[n % 5 + 1] += n % 5 != n % 7;
	}
	fixture_open(f);
	assert_int_equal(store_record_add(f->s, &r), 0);
	want[7]++;
	assert_int_equal(records_of(f, ""), FIRST_RECORDS + 1);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(records_of(f, numbers[i]), want[i + 1]);
}

/* Its numbers go on, and what later versions keep of a number finds them. */
static void test_numbers_of_first_version(void **state)
{
	struct fixture *f = *state;
	struct store_suspension p = {.number = SLICE("0501"), .at_ms = 3};
	struct store_number n;

	make_first_version(f);
	fixture_open(f);
	assert_int_equal(store_number_get(f->s, SLICE("0501"), &n), 0);
	assert_int_equal(store_suspension_put(f->s, &p), 0);
	assert_int_equal(store_number_remove(f->s, SLICE("0501")), 0);
	assert_int_equal(store_suspension_get(f->s, SLICE("0501"), &p), ERR_NOT_FOUND);
}

/* The version before call forwarding: its records are calls by themselves, its numbers forward
 * nothing and can from now on. */
static void make_version_7(struct fixture *f)
{
	make_version(
		f, 7,
		"INSERT INTO customer VALUES('C1', 'one', '', '', 1);"
		"INSERT INTO number VALUES('0501', '1', 'C1', '', zeroblob(16), zeroblob(32),"
		" 'a.example', 2, 1, 0, 1, 1, 2, 3);"
		"INSERT INTO record VALUES(1790000000001 << 22, '0501', '0312345678', '03', 'C1',"
		" 1790000000001, 0, 7, 9, 200, 'normal', '', 'caller', 'PCMU', 0, 0, 0, 0, 0, 0,"
		" 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'd', 'out', 'carrier', 1);"
		"INSERT INTO record_party VALUES(1, '0501', 1790000000001 << 22)");
}

static int check_old_record(void *ctx, const struct store_record *r)
{
	(void)ctx;
	assert_true(r->call == 0);
	assert_slice(r->forward, "");
	assert_slice(r->trunk, "carrier");
	assert_slice(r->detail, "d");
	assert_true(r->withheld && r->answered_at == 7);
	return 1;
}

static void test_version_before_forwarding(void **state)
{
	struct fixture *f = *state;
	struct store_record_query q = {.call = UINT64_C(1790000000001) << 22};
	struct store_forward set = {.number = SLICE("0501"),
				    .ring_s = 20,
				    .rules = {{true, 1}},
				    .targets = {{.digits = SLICE("0312345678")}}},
			     got;

	make_version_7(f);
	fixture_open(f);
	assert_int_equal(store_record_each(f->s, &q, check_old_record, NULL), 1);
	assert_int_equal(records_of(f, "0501"), 1);
	assert_int_equal(store_forward_get(f->s, SLICE("0501"), &got), ERR_NOT_FOUND);
	assert_int_equal(store_forward_put(f->s, &set), 0);
	fixture_reopen(f);
	assert_int_equal(store_forward_get(f->s, SLICE("0501"), &got), 0);
	assert_slice(got.targets[0].digits, "0312345678");
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
		TEST(test_records_of_first_version),
		TEST(test_numbers_of_first_version),
		TEST(test_version_before_forwarding),
		TEST(test_opened_by_many_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
