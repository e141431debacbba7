#include "fixture.h"

static const char two[][SCREEN_NUMBER_BYTES] = {"0312345678", "0398765432"};

static enum screen_verdict asked(struct fixture *f, const char *number, const char *caller,
				 bool withheld)
{
	struct screen_caller c = {slice_str(caller), slice_str(caller), withheld};

	return directory_screen(f->d, slice_str(number), &c);
}

static void test_kept(void **state)
{
	struct fixture *f = *state;
	struct screen_settings set = {.anonymous = true, .block_count = 2, .blocks = two};
	struct directory_number n = a_number("0501", "1");

	assert_int_equal(asked(f, "0501", "0312345678", true), SCREEN_PASS);
	assert_int_equal(directory_screen_put(f->d, SLICE("0501"), &set), 0);
	assert_int_equal(directory_screen_put(f->d, SLICE("0509"), &set), ERR_NOT_FOUND);
	assert_int_equal(asked(f, "0501", "0398765432", false), SCREEN_BLOCKED);
	assert_int_equal(asked(f, "0501", "0398765432", true), SCREEN_ANONYMOUS);
	assert_int_equal(asked(f, "0502", "0398765432", true), SCREEN_PASS);
	assert_int_equal(asked(f, "0509", "0398765432", true), SCREEN_PASS);
	/* what else is said of the number leaves it */
	n.channels = 7;
	assert_int_equal(directory_put(f->d, &n), 0);
	assert_int_equal(asked(f, "0501", "0398765432", false), SCREEN_BLOCKED);
	set = (struct screen_settings){.abroad = true};
	assert_int_equal(directory_screen_put(f->d, SLICE("0501"), &set), 0);
	assert_int_equal(asked(f, "0501", "0398765432", true), SCREEN_PASS);
	assert_int_equal(asked(f, "0501", "01012125550100", false), SCREEN_ABROAD);
	set = (struct screen_settings){0};
	assert_int_equal(directory_screen_put(f->d, SLICE("0501"), &set), 0);
	assert_int_equal(asked(f, "0501", "01012125550100", false), SCREEN_PASS);
}

static void test_gone(void **state)
{
	struct fixture *f = *state;
	struct screen_settings set = {.block_count = 2, .blocks = two};
	struct directory_number n = a_number("0501", "1");

	assert_int_equal(directory_screen_put(f->d, SLICE("0501"), &set), 0);
	assert_int_equal(directory_inbound_take(f->d, SLICE("0501"), 1), 0);
	assert_int_equal(directory_remove(f->d, SLICE("0501")), 0);
	assert_int_equal(directory_inbound_held(f->d, SLICE_NONE), 0);
	assert_int_equal(directory_put(f->d, &n), 0); /* the next one of that number begins anew */
	assert_int_equal(asked(f, "0501", "0398765432", false), SCREEN_PASS);
	assert_false(directory_inbound_give(f->d, SLICE("0501"), 1));
}

static void test_blocks_one_by_one(void **state)
{
	struct fixture *f = *state;
	char number[SCREEN_NUMBER_BYTES];

	assert_int_equal(directory_block_add(f->d, SLICE("0509"), SLICE("03")), ERR_NOT_FOUND);
	for (int i = 0; i < SCREEN_BLOCKS_MAX; i++) {
		snprintf(number, sizeof(number), "03%08d", i);
		assert_int_equal(directory_block_add(f->d, SLICE("0501"), slice_str(number)), 0);
	}
	assert_int_equal(asked(f, "0501", "0300000000", false), SCREEN_BLOCKED);
	assert_int_equal(asked(f, "0501", "0300000099", false), SCREEN_BLOCKED);
	assert_int_equal(directory_block_add(f->d, SLICE("0501"), SLICE("0300000042")), 0);
	assert_int_equal(directory_block_add(f->d, SLICE("0501"), SLICE("0312345678")), ERR_LIMIT);
	assert_int_equal(
		directory_block_add(f->d, SLICE("0502"), SLICE("0123456789012345678901234567890")),
		ERR_TOO_BIG);
	assert_int_equal(asked(f, "0501", "0312345678", false), SCREEN_PASS);
}

static void test_inbound(void **state)
{
	struct fixture *f = *state;
	struct screen_settings set = {.inbound_limit = 2};

	for (uint64_t call = 1; call <= 40; call++) /* no limit is set */
		assert_int_equal(directory_inbound_take(f->d, SLICE("0502"), call), 0);
	assert_int_equal(directory_inbound_held(f->d, SLICE("0502")), 40);
	assert_int_equal(directory_screen_put(f->d, SLICE("0501"), &set), 0);
	assert_int_equal(directory_inbound_take(f->d, SLICE("0501"), 1), 0);
	assert_int_equal(directory_inbound_take(f->d, SLICE("0501"), 2), 0);
	assert_int_equal(directory_inbound_take(f->d, SLICE("0501"), 2), 0); /* has it */
	assert_int_equal(directory_inbound_take(f->d, SLICE("0501"), 3), ERR_LIMIT);
	assert_int_equal(directory_inbound_restore(f->d, SLICE("0501"), 3), 0);
	assert_int_equal(directory_inbound_held(f->d, SLICE("0501")), 3);
	assert_int_equal(directory_inbound_held(f->d, SLICE_NONE), 43);
	assert_true(directory_inbound_give(f->d, SLICE("0501"), 1));
	assert_false(directory_inbound_give(f->d, SLICE("0501"), 1));
	assert_int_equal(directory_inbound_take(f->d, SLICE("0501"), 4), ERR_LIMIT);
	assert_int_equal(directory_channels_held(f->d, SLICE_NONE), 0); /* of their own */
	assert_int_equal(directory_inbound_take(f->d, SLICE("0509"), 1), ERR_NOT_FOUND);
	assert_int_equal(directory_inbound_restore(f->d, SLICE("0509"), 1), ERR_NOT_FOUND);
	assert_int_equal(directory_inbound_held(f->d, SLICE("0509")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kept),
		TEST(test_gone),
		TEST(test_blocks_one_by_one),
		TEST(test_inbound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
