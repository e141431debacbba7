#include "fixture.h"

#include "store/store_priv.h"

static const struct store_block two[] = {
	{.caller = SLICE("0312345678"), .memo = SLICE("勧誘"), .added_at = 1790000000001},
	{.caller = SLICE("01012125551234"), .added_at = 1790000000002},
};

static struct store_screen some(const char *number)
{
	return (struct store_screen){.number = slice_str(number),
				     .anonymous = true,
				     .inbound_limit = 4,
				     .block_count = 2,
				     .blocks = two};
}

static int append_screen(void *ctx, const struct store_screen *screen)
{
	char *text = ctx;

	snprintf(text + strlen(text), 256 - strlen(text), "%.*s:%d%d%d ", SLICE_ARG(screen->number),
		 screen->anonymous, screen->abroad, screen->inbound_limit);
	return 0;
}

static int append_block(void *ctx, const struct store_block *b)
{
	char *text = ctx;

	snprintf(text + strlen(text), 256 - strlen(text), "%.*s:%.*s(%.*s)%lld ",
		 SLICE_ARG(b->number), SLICE_ARG(b->caller), SLICE_ARG(b->memo),
		 (long long)(b->added_at % 1000));
	return 0;
}

static void assert_all(struct fixture *f, const char *number, const char *want)
{
	char text[256] = "";

	if (*number == '\0')
		assert_int_equal(store_screen_each(f->s, append_screen, text), 0);
	assert_int_equal(store_block_each(f->s, slice_str(number), append_block, text), 0);
	assert_string_equal(text, want);
}

#define BLOCKED "0501:01012125551234()2 0501:0312345678(勧誘)1 "

static void test_what_was_put_comes_back(void **state)
{
	struct fixture *f = *state;
	struct store_screen set = some("0501"), got;

	fixture_fill(f);
	assert_int_equal(store_screen_get(f->s, SLICE("0501"), &got), ERR_NOT_FOUND);
	assert_int_equal(store_screen_put(f->s, &set), 0);
	fixture_reopen(f);
	assert_int_equal(store_screen_get(f->s, SLICE("0501"), &got), 0);
	assert_true(slice_eq(got.number, SLICE("0501")));
	assert_true(got.anonymous && !got.abroad && got.inbound_limit == 4);
	assert_all(f, "", "0501:104 " BLOCKED);
	assert_all(f, "0501", BLOCKED);
	assert_all(f, "0502", "");
	/* the whole is replaced */
	set = (struct store_screen){.number = SLICE("0501"), .abroad = true};
	assert_int_equal(store_screen_put(f->s, &set), 0);
	assert_all(f, "", "0501:010 ");
}

static void test_of_whom(void **state)
{
	struct fixture *f = *state;
	struct store_number n = a_number("0502", "2", "C1");
	struct store_screen set = some("0509");

	fixture_fill(f);
	assert_int_equal(store_number_add(f->s, &n), 0);
	assert_int_equal(store_screen_put(f->s, &set), ERR_NOT_FOUND);
	assert_non_null(strstr(store_error(f->s), "no number 0509"));
	set = some("0502");
	assert_int_equal(store_screen_put(f->s, &set), 0);
	/* what else changes of a number leaves them; with it they go */
	n.channels = 7;
	assert_int_equal(store_number_put(f->s, &n), 0);
	assert_all(f, "0502", "0502:01012125551234()2 0502:0312345678(勧誘)1 ");
	assert_int_equal(store_number_remove(f->s, SLICE("0502")), 0);
	assert_all(f, "", "");
}

/* Within a batch it is part of it; a change that fails half way leaves what was. */
static void test_whole_or_not(void **state)
{
	struct fixture *f = *state;
	struct store_screen set = some("0501");

	fixture_fill(f);
	assert_int_equal(store_begin(f->s), 0);
	assert_int_equal(store_screen_put(f->s, &set), 0);
	store_rollback(f->s);
	assert_all(f, "", "");
	assert_int_equal(store_screen_put(f->s, &set), 0);
	assert_int_equal(sqlite3_exec(f->s->db,
				      "CREATE TEMP TRIGGER fails BEFORE INSERT ON screen_block"
				      " WHEN NEW.caller = '01012125551234'"
				      " BEGIN SELECT RAISE(ABORT, 'x'); END",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	set.inbound_limit = 1;
	assert_true(store_screen_put(f->s, &set) < 0);
	assert_all(f, "", "0501:104 " BLOCKED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_was_put_comes_back),
		TEST(test_of_whom),
		TEST(test_whole_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
