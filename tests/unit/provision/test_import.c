#include "../tmp.h"
#include "base/err.h"
#include "provision/import.h"

#include <jansson.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char directory_path[64], path[96];
	struct store *store;
	struct directory *directory;
	struct import *import;
	unsigned status;
	json_t *answer;
};

static int setup(void **state)
{
	static const struct hash_key key = {"import"};
	struct fixture *f = calloc(1, sizeof(*f));
	struct directory_params d = {.hash_key = &key};
	struct store_customer c = {.code = SLICE("C1"), .name = SLICE("One")};

	assert_non_null(f);
	snprintf(f->directory_path, sizeof(f->directory_path), "%.30s/opengate-import-XXXXXX",
		 tmp_dir());
	assert_non_null(mkdtemp(f->directory_path));
	snprintf(f->path, sizeof(f->path), "%s/a.db", f->directory_path);
	assert_int_equal(store_open(f->path, &f->store, NULL, 0), 0);
	assert_int_equal(store_customer_add(f->store, &c), 0);
	assert_int_equal(directory_new(&d, &f->directory), 0);
	struct import_params p = {
		.data_file = f->path, .domain = "a.example", .directory = f->directory};
	assert_int_equal(import_new(&p, &f->import), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	json_decref(f->answer);
	import_free(f->import);
	directory_free(f->directory);
	store_close(f->store);
	snprintf(command, sizeof(command), "rm -r %s", f->directory_path);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void run(struct fixture *f, const char *csv)
{
	char *copy = strdup(csv), *text = NULL;

	assert_non_null(copy);
	json_decref(f->answer);
	import_run(f->import, copy, strlen(copy), &f->status, &text);
	free(copy);
	assert_non_null(text);
	f->answer = json_loads(text, 0, NULL);
	assert_non_null(f->answer);
	free(text);
}

static int count(void *ctx, const struct store_number *n)
{
	(void)n;
	++*(int *)ctx;
	return 0;
}

static int stored(struct fixture *f)
{
	int n = 0;

	assert_int_equal(store_number_each(f->store, SLICE_NONE, count, &n), 0);
	assert_int_equal(directory_numbers(f->directory), n);
	return n;
}

/* "line column message" of every bad row, joined. */
static void assert_bad(struct fixture *f, const char *wanted)
{
	const json_t *rows = json_object_get(json_object_get(f->answer, "error"), "rows");
	char seen[2048] = "";
	size_t i;
	json_t *row;

	assert_int_equal(f->status, 400);
	json_array_foreach(rows, i, row)
	{
		const char *column = json_string_value(json_object_get(row, "column"));
		size_t n = strlen(seen);

		snprintf(seen + n, sizeof(seen) - n, "%d %s; ",
			 (int)json_integer_value(json_object_get(row, "line")),
			 column ? column : "-");
		assert_true(json_is_string(json_object_get(row, "message")));
	}
	assert_string_equal(seen, wanted);
	assert_int_equal(stored(f), 0);
}

static void assert_whole(struct fixture *f, const char *words)
{
	const char *message =
		json_string_value(json_object_get(json_object_get(f->answer, "error"), "message"));

	assert_int_equal(f->status, 400);
	assert_non_null(message);
	assert_non_null(strstr(message, words));
	assert_int_equal(stored(f), 0);
}

#define HEAD "number,customer,account\n"

static void test_good(void **state)
{
	struct fixture *f = *state;
	struct directory_number n;
	struct digest_ha1 ha1;

	run(f, "\xef\xbb\xbfNumber, customer ,account,password,channels,registration_policy,"
	       "international,suspended\r\n"
	       "050-1000-0014,C1,１０００００１２,given-secret,4,fork,yes,no\r\n"
	       ",,,,,,,\r\n"
	       "\r\n"
	       "05010000022,C1,10000020,,,,,\r\n");
	assert_int_equal(f->status, 200);
	assert_int_equal(json_integer_value(json_object_get(f->answer, "imported")), 2);
	const json_t *passwords = json_object_get(f->answer, "passwords");
	assert_int_equal(json_array_size(passwords), 1);
	const json_t *made = json_array_get(passwords, 0);
	assert_string_equal(json_string_value(json_object_get(made, "account")), "10000020");
	assert_int_equal(stored(f), 2);
	assert_int_equal(directory_by_number(f->directory, SLICE("05010000014"), &n), 0);
	assert_int_equal(n.channels, 4);
	assert_int_equal(n.policy, REG_FORK);
	assert_true(n.international);
	assert_int_equal(digest_ha1(SLICE("10000020"), SLICE("a.example"),
				    slice_str(json_string_value(json_object_get(made, "password"))),
				    &ha1),
			 0);
	assert_int_equal(directory_by_account(f->directory, SLICE("10000020"), &n), 0);
	assert_memory_equal(n.ha1.md5, ha1.md5, sizeof(ha1.md5));
}

static void test_every_mistake_is_named(void **state)
{
	struct fixture *f = *state;

	run(f, HEAD "0501000001,C1,10000012\n" /* 2 */
		    "05010000022,C1,1234\n"
		    "05010000030,c1,10000038\n"
		    "x,y z,w\n" /* 5: all three */
		    "05010000048,C1\n"
		    "05010000048,C1,10000046,more\n"
		    ",C1,10000053\n"
		    "05010000055,C9,10000053\n" /* 9: no such customer */
		    "05010000063,C1,10000061\n"
		    "05010000063,C1,10000079\n" /* 11: number of 10 */
		    "05010000071,C1,10000061\n" /* 12: account of 10 */
		    "\"05010000089\"x,C1,10000087\n");
	assert_bad(f, "2 number; 3 account; 4 customer; 5 number; 5 customer; 5 account; 6 -; 7 -; "
		      "8 number; 9 customer; 11 number; 12 account; 13 -; ");
}

static void test_line_numbers_with_quoted_line_ends(void **state)
{
	struct fixture *f = *state;

	run(f, "number,customer,account,password\n"
	       "05010000014,C1,10000012,\"two\nlines\"\n"
	       "bad,C1,10000020,\n"
	       "\"open");
	assert_bad(f, "2 password; 4 number; 5 -; ");
}

static void test_what_is_there_already(void **state)
{
	struct fixture *f = *state;

	run(f, HEAD "05010000014,C1,10000012\n");
	assert_int_equal(f->status, 200);
	run(f, HEAD "05010000022,C1,10000020\n05010000014,C1,10000038\n05010000030,C1,10000012\n");
	assert_int_equal(f->status, 400);
	assert_int_equal(stored(f), 1);
	const json_t *rows = json_object_get(json_object_get(f->answer, "error"), "rows");
	assert_int_equal(json_array_size(rows), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "column")),
			    "number");
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 1), "column")),
			    "account");
}

static void test_files_as_a_whole(void **state)
{
	static const struct {
		const char *csv, *words;
	} rows[] = {
		{"", "empty"},
		{"number,customer\n", "Line 1 must name"},
		{"05010000014,C1,10000012\n", "Line 1 must name"},
		{"number;customer;account\n", "Line 1 must name"},
		{"number,customer,account,number\n", "twice"},
		{"number,customer,account\n\x93\x8c\x8b\x9e,C1,1\n", "not UTF-8"},
	};
	struct fixture *f = *state;
	char utf16[] = "n\0u\0m\0", *text = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		run(f, rows[i].csv);
		assert_whole(f, rows[i].words);
	}
	import_run(f->import, utf16, 6, &f->status, &text);
	assert_int_equal(f->status, 400);
	assert_non_null(strstr(text, "UTF-16"));
	free(text);
}

static void test_unknown_column(void **state)
{
	struct fixture *f = *state;

	run(f, "number,customer,account,pasword\n05010000014,C1,10000012,secret\n");
	assert_bad(f, "1 -; ");
}

/* A mistake never repeats a secret. */
static void test_secrets_are_not_shown(void **state)
{
	struct fixture *f = *state;
	char *copy = strdup("number,customer,account,password,option_password\n"
			    "05010000014,C1,10000012,five5,tiny!\n"),
	     *text = NULL;

	import_run(f->import, copy, strlen(copy), &f->status, &text);
	assert_int_equal(f->status, 400);
	assert_null(strstr(text, "five5"));
	assert_null(strstr(text, "tiny!"));
	free(text);
	free(copy);
}

static void test_option_password(void **state)
{
	struct fixture *f = *state;
	struct store_number n;

	run(f, "number,customer,account,option_password\n"
	       "05010000014,C1,10000012,chosen-one\n05010000022,C1,10000020,\n");
	assert_int_equal(f->status, 200);
	assert_int_equal(store_number_get(f->store, SLICE("05010000014"), &n), 0);
	assert_true(slice_starts(n.option_hash, SLICE("$argon2id$")));
	assert_int_equal(store_number_get(f->store, SLICE("05010000022"), &n), 0);
	assert_int_equal(n.option_hash.n, 0);
}

static void test_many(void **state)
{
	enum { ROWS = 20000 };
	struct fixture *f = *state;
	char *csv = malloc(64 * (ROWS + 1));
	size_t n = (size_t)sprintf(csv, HEAD);

	for (int i = 0; i < ROWS; i++)
		n += (size_t)sprintf(csv + n, "0501%07d,C1,%08d\n", i, i);
	run(f, csv);
	assert_int_equal(f->status, 200);
	assert_int_equal(stored(f), ROWS);
	run(f, csv);
	assert_int_equal(f->status, 400);
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(f->answer, "error"), "rows")),
		ROWS);
	assert_int_equal(stored(f), ROWS);
	free(csv);
}

/* The answer is told on the import's thread; a second one is turned away meanwhile, and so is one
 * after the stop. */
struct waiting {
	pthread_mutex_t lock;
	unsigned status;
};

static void done(void *ctx, unsigned status, char *text)
{
	struct waiting *w = ctx;

	pthread_mutex_lock(&w->lock); /* the test holds it until it has looked */
	w->status = status;
	pthread_mutex_unlock(&w->lock);
	free(text);
}

static void test_thread(void **state)
{
	struct fixture *f = *state;
	struct waiting w = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct import_progress p;
	char *csv = strdup(HEAD "05010000014,C1,10000012\n"), *other = strdup(HEAD);

	pthread_mutex_lock(&w.lock);
	assert_true(import_start(f->import, csv, strlen(csv), done, &w));
	pthread_mutex_unlock(&w.lock);
	import_stop(f->import);
	assert_true(w.status == 200 || w.status == 503);
	assert_int_equal(stored(f), w.status == 200 ? 1 : 0);
	assert_false(import_start(f->import, other, strlen(other), done, &w));
	free(other);
	import_progress(f->import, &p);
	assert_false(p.running);
	assert_string_equal(p.phase, "idle");
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_good),
		TEST(test_every_mistake_is_named),
		TEST(test_line_numbers_with_quoted_line_ends),
		TEST(test_what_is_there_already),
		TEST(test_files_as_a_whole),
		TEST(test_unknown_column),
		TEST(test_secrets_are_not_shown),
		TEST(test_option_password),
		TEST(test_many),
		TEST(test_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
