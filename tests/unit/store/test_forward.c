#include "fixture.h"

#include "store/store_priv.h"

static struct store_forward some(const char *number)
{
	return (struct store_forward){
		.number = slice_str(number),
		.ring_s = 12,
		.deflection = true,
		.rules = {{true, 1}, {false, 2}, {true, 5}, {false, 0}},
		.targets = {[0] = {SLICE("0312345678"), SLICE("会社")},
			    [1] = {SLICE_NONE, SLICE("nobody")},
			    [4] = {SLICE("01012125551234"), SLICE_NONE}},
	};
}

static void assert_same(const struct store_forward *got, const struct store_forward *want)
{
	assert_true(slice_eq(got->number, want->number));
	assert_int_equal(got->ring_s, want->ring_s);
	assert_int_equal(got->deflection, want->deflection);
	for (int i = 0; i < STORE_FORWARD_KINDS; i++) {
		assert_int_equal(got->rules[i].on, want->rules[i].on);
		assert_int_equal(got->rules[i].row, want->rules[i].row);
	}
	for (int i = 0; i < STORE_FORWARD_TARGETS; i++) {
		assert_true(slice_eq(got->targets[i].digits, want->targets[i].digits));
		assert_true(slice_eq(got->targets[i].memo, want->targets[i].memo));
	}
}

static int append(void *ctx, const struct store_forward *f)
{
	char *text = ctx;

	snprintf(text + strlen(text), 64 - strlen(text), "%.*s:%d ", SLICE_ARG(f->number),
		 f->ring_s);
	return 0;
}

static void assert_listed(struct fixture *f, const char *want)
{
	char text[64] = "";

	assert_int_equal(store_forward_each(f->s, append, text), 0);
	assert_string_equal(text, want);
}

static int64_t targets(struct fixture *f)
{
	sqlite3_stmt *st;

	assert_int_equal(
		sqlite3_prepare_v2(f->s->db, "SELECT count(*) FROM forward_target", -1, &st, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

static void test_what_was_put_comes_back(void **state)
{
	struct fixture *f = *state;
	struct store_forward set = some("0501"), got;

	fixture_fill(f);
	assert_int_equal(store_forward_get(f->s, SLICE("0501"), &got), ERR_NOT_FOUND);
	assert_int_equal(store_forward_put(f->s, &set), 0);
	fixture_reopen(f);
	assert_int_equal(store_forward_get(f->s, SLICE("0501"), &got), 0);
	set.targets[1].memo = SLICE_NONE; /* of an empty row */
	assert_same(&got, &set);
	/* the whole is replaced */
	set = (struct store_forward){.number = SLICE("0501"), .ring_s = 3};
	set.targets[2].digits = SLICE("09012345678");
	assert_int_equal(store_forward_put(f->s, &set), 0);
	assert_int_equal(store_forward_get(f->s, SLICE("0501"), &got), 0);
	assert_same(&got, &set);
	assert_int_equal(targets(f), 1);
}

static void test_of_whom(void **state)
{
	struct fixture *f = *state;
	struct store_number n = a_number("0502", "2", "C1");
	struct store_forward set = some("0509"), got;

	fixture_fill(f);
	assert_int_equal(store_number_add(f->s, &n), 0);
	assert_int_equal(store_forward_put(f->s, &set), ERR_NOT_FOUND);
	assert_non_null(strstr(store_error(f->s), "no number 0509"));
	set = some("0502");
	assert_int_equal(store_forward_put(f->s, &set), 0);
	set = some("0501");
	assert_int_equal(store_forward_put(f->s, &set), 0);
	assert_listed(f, "0501:12 0502:12 ");
	/* what else changes of a number leaves them; with it they go */
	n.channels = 7;
	assert_int_equal(store_number_put(f->s, &n), 0);
	assert_listed(f, "0501:12 0502:12 ");
	assert_int_equal(store_number_remove(f->s, SLICE("0502")), 0);
	assert_listed(f, "0501:12 ");
	assert_int_equal(targets(f), 2);
	assert_int_equal(store_forward_get(f->s, SLICE("0502"), &got), ERR_NOT_FOUND);
}

/* Within a batch it is part of it. */
static void test_undone_batch(void **state)
{
	struct fixture *f = *state;
	struct store_forward set = some("0501");

	fixture_fill(f);
	assert_int_equal(store_begin(f->s), 0);
	assert_int_equal(store_forward_put(f->s, &set), 0);
	store_rollback(f->s);
	assert_listed(f, "");
	assert_int_equal(store_begin(f->s), 0);
	assert_int_equal(store_forward_put(f->s, &set), 0);
	assert_int_equal(store_commit(f->s), 0);
	assert_listed(f, "0501:12 ");
}

/* A change that fails half way leaves what was. */
static void test_whole_or_not(void **state)
{
	struct fixture *f = *state;
	struct store_forward set = some("0501");

	fixture_fill(f);
	assert_int_equal(store_forward_put(f->s, &set), 0);
	assert_int_equal(sqlite3_exec(f->s->db,
				      "CREATE TEMP TRIGGER fails BEFORE INSERT ON forward_target"
				      " WHEN NEW.place = 5 BEGIN SELECT RAISE(ABORT, 'x'); END",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	set.ring_s = 1;
	assert_true(store_forward_put(f->s, &set) < 0);
	assert_listed(f, "0501:12 ");
	assert_int_equal(targets(f), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_was_put_comes_back),
		TEST(test_of_whom),
		TEST(test_undone_batch),
		TEST(test_whole_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
