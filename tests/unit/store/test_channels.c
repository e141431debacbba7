#include "fixture.h"

#include "store/store_priv.h"

struct seen {
	char text[512];
	size_t n;
};

static int note(void *ctx, struct slice number, int64_t at_ms, uint32_t channels)
{
	struct seen *seen = ctx;
	/* what the clock said is not for a test: 2 is the fixture's created_at */
	seen->n += (size_t)snprintf(seen->text + seen->n, sizeof(seen->text) - seen->n,
				    "%.*s %s %u; ", SLICE_ARG(number),
				    at_ms == 2	? "made"
				    : at_ms > 3 ? "now"
						: "?",
				    channels);
	return 0;
}

static void assert_history(struct fixture *f, const char *customer, const char *want)
{
	struct seen seen = {0};

	assert_int_equal(store_channels_each(f->s, slice_str(customer), note, &seen), 0);
	assert_string_equal(seen.text, want);
}

/* As if what was changed so far had been changed earlier than now, so that nothing falls into the
 * same second. */
static void let_time_pass(struct fixture *f)
{
	assert_int_equal(sqlite3_exec(f->s->db,
				      "UPDATE channel_history SET at_ms = at_ms - 5000 WHERE at_ms "
				      "> 1000000",
				      NULL, NULL, NULL),
			 SQLITE_OK);
}

static void put(struct fixture *f, uint32_t channels)
{
	struct store_number n = a_number("0501", "1", "C1");

	n.channels = channels;
	assert_int_equal(store_number_put(f->s, &n), 0);
	let_time_pass(f);
}

static void test_every_change_is_kept(void **state)
{
	struct fixture *f = *state;

	fixture_fill(f);
	assert_history(f, "C1", "0501 made 2; ");
	put(f, 2); /* nothing new */
	assert_history(f, "C1", "0501 made 2; ");
	put(f, 5);
	put(f, 4);
	assert_history(f, "C1", "0501 made 2; 0501 now 5; 0501 now 4; ");
	assert_int_equal(store_number_remove(f->s, SLICE("0501")), 0);
	assert_history(f, "C1", "0501 made 2; 0501 now 5; 0501 now 4; 0501 now 0; ");
	assert_history(f, "C2", "");
}

static void test_moves_to_another_customer(void **state)
{
	struct fixture *f = *state;
	struct store_customer c = a_customer("C2");
	struct store_number n = a_number("0501", "1", "C2");

	fixture_fill(f);
	assert_int_equal(store_customer_add(f->s, &c), 0);
	n.channels = 3;
	assert_int_equal(store_number_put(f->s, &n), 0);
	assert_history(f, "C1", "0501 made 2; 0501 now 0; ");
	assert_history(f, "C2", "0501 now 3; ");
}

/* A batch that is undone leaves no history. */
static void test_rollback(void **state)
{
	struct fixture *f = *state;
	struct store_number n = a_number("0501", "1", "C1");

	fixture_fill(f);
	n.channels = 7;
	assert_int_equal(store_begin(f->s), 0);
	assert_int_equal(store_number_put(f->s, &n), 0);
	store_rollback(f->s);
	assert_history(f, "C1", "0501 made 2; ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_change_is_kept),
		TEST(test_moves_to_another_customer),
		TEST(test_rollback),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
