#include "records.h"
#include "store/keeper.h"
#include "store/writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

struct told {
	_Atomic uint64_t deleted, runs, ticks;
};

static void pruned(void *ctx, int64_t before_ms, uint64_t deleted, const char *text)
{
	struct told *told = ctx;

	assert_null(text);
	assert_true(before_ms > 0);
	atomic_fetch_add(&told->deleted, deleted);
	atomic_fetch_add(&told->runs, 1);
}

static void tick(void *ctx, struct store *s)
{
	struct told *told = ctx;

	assert_non_null(s);
	atomic_fetch_add(&told->ticks, 1);
}

static void pause_ms(long ms)
{
	const struct timespec t = {.tv_nsec = ms * 1000000};

	nanosleep(&t, NULL);
}

static void wait_until_done(struct keeper *k, struct keeper_progress *ret_progress)
{
	do {
		pause_ms(5);
		keeper_progress(k, ret_progress);
	} while (ret_progress->running);
}

static struct keeper *a_keeper(struct fixture *f, struct told *told, uint32_t days)
{
	const struct keeper_params p = {
		.path = f->path, .keep_days = days, .pruned = pruned, .tick = tick, .ctx = told};
	struct keeper *k = NULL;

	assert_int_equal(keeper_new(&p, &k), 0);
	return k;
}

static void test_asked_for(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};
	struct keeper_progress p;
	struct keeper *k = a_keeper(f, &told, 0);

	add_records(f->s, 0, 1000);
	assert_true(keeper_prune(k, minute(900), "operator"));
	assert_false(keeper_prune(k, minute(950), "operator"));
	wait_until_done(k, &p);
	assert_int_equal(p.deleted, 900);
	assert_false(p.failed);
	assert_int_equal(number_of(f->s, "SELECT count(*) FROM record"), 100);
	assert_int_equal(number_of(f->s, "SELECT count(*) FROM audit WHERE actor = 'operator' AND "
					 "action = 'records.prune' AND detail LIKE '900 %'"),
			 1);
	/* nothing left to do is no news */
	assert_true(keeper_prune(k, minute(900), "operator"));
	wait_until_done(k, &p);
	assert_int_equal(p.deleted, 0);
	keeper_free(k);
	assert_int_equal(told.runs, 1);
	assert_int_equal(told.deleted, 900);
	assert_true(told.ticks > 0);
}

/* Days are those before today; the records of the fixture are of 2026-09 and long past or not yet,
 * so two of their own are made. */
static void test_by_age(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};
	struct timespec now;
	const struct keeper_params p = {.path = f->path, .pruned = pruned, .ctx = &told};
	struct keeper *k = NULL;

	clock_gettime(CLOCK_REALTIME, &now);
	for (int days = 0; days <= 20; days += 10) {
		int64_t ms = ((int64_t)now.tv_sec - days * 86400) * 1000;
		struct store_record r = {.id = (uint64_t)ms << 22, .started_at = ms};
		assert_int_equal(store_record_add(f->s, &r), 0);
	}
	assert_int_equal(keeper_new(&p, &k), 0);
	keeper_set_days(k, 15);
	while (atomic_load(&told.runs) == 0)
		pause_ms(5);
	assert_int_equal(told.deleted, 1);
	assert_int_equal(number_of(f->s, "SELECT count(*) FROM audit WHERE actor = 'server'"), 1);
	keeper_free(k);
	assert_int_equal(number_of(f->s, "SELECT count(*) FROM record"), 2);
}

static void write_failed(void *ctx, const char *text)
{
	(void)ctx;
	fail_msg("%s", text);
}

/* While much is deleted the writer goes on. */
static void test_writer_goes_on(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};
	struct keeper_progress p;
	struct writer *w = NULL;

	add_records(f->s, 0, 4000);
	struct keeper *k = a_keeper(f, &told, 0);
	assert_int_equal(writer_new(f->path, 1 << 20, write_failed, NULL, &w), 0);
	assert_true(keeper_prune(k, minute(4000), "operator"));
	for (int i = 4000;; i++) {
		struct store_record r = record_of_minute(i);

		assert_int_equal(writer_record_add(w, &r), 0);
		assert_int_equal(writer_flush(w), 0);
		keeper_progress(k, &p);
		if (!p.running)
			break;
	}
	assert_int_equal(p.deleted, 4000);
	uint64_t written = writer_written(w);
	writer_free(w);
	keeper_free(k);
	assert_int_equal(number_of(f->s, "SELECT count(*) FROM record"), (int64_t)written);
}

/* Stopped in between it leaves the rest, whole. */
static void test_stop(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	add_records(f->s, 0, 5000);
	struct keeper *k = a_keeper(f, &told, 0);
	assert_true(keeper_prune(k, minute(5000), "operator"));
	keeper_free(k);
	assert_true(number_of(f->s, "SELECT count(*) FROM record") > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_asked_for),
		TEST(test_by_age),
		TEST(test_writer_goes_on),
		TEST(test_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
