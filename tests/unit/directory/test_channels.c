#include "fixture.h"

static void test_limit(void **state)
{
	struct fixture *f = *state;
	uint64_t holders[32] = {0};
	uint32_t count = 77;

	assert_int_equal(directory_channel_take(f->d, SLICE("0501"), 11, holders, &count), 0);
	assert_int_equal(directory_channel_take(f->d, SLICE("0501"), 11, holders, &count), 0);
	assert_int_equal(directory_channel_take(f->d, SLICE("0501"), 12, holders, &count), 0);
	assert_int_equal(count, 77);
	assert_int_equal(directory_channel_take(f->d, SLICE("0501"), 13, holders, &count),
			 ERR_LIMIT);
	assert_int_equal(count, 2);
	assert_true(holders[0] == 11 && holders[1] == 12);
	assert_int_equal(directory_channel_take(f->d, SLICE("0501"), 13, NULL, NULL), ERR_LIMIT);
	/* held already: no question of a limit */
	assert_int_equal(directory_channel_take(f->d, SLICE("0501"), 12, holders, &count), 0);
	assert_int_equal(directory_channels_held(f->d, SLICE("0501")), 2);
	assert_int_equal(directory_channel_take(f->d, SLICE("0502"), 13, holders, &count), 0);
	assert_int_equal(directory_channels_held(f->d, SLICE_NONE), 3);
	assert_true(directory_channel_give(f->d, SLICE("0501"), 11));
	assert_false(directory_channel_give(f->d, SLICE("0501"), 11));
	assert_false(directory_channel_give(f->d, SLICE("0501"), 13));
	assert_int_equal(directory_channel_take(f->d, SLICE("0501"), 13, holders, &count), 0);
	assert_int_equal(directory_channels_held(f->d, SLICE("0501")), 2);
	assert_int_equal(directory_channel_take(f->d, SLICE("0509"), 1, holders, &count),
			 ERR_NOT_FOUND);
	assert_false(directory_channel_give(f->d, SLICE("0509"), 1));
	assert_int_equal(directory_channels_held(f->d, SLICE("0509")), 0);
}

static void test_limits_change(void **state)
{
	struct fixture *f = *state;
	struct directory_number n = a_number("0501", "1");
	uint64_t holders[32];
	uint32_t count;

	n.channels = 40;
	assert_int_equal(directory_put(f->d, &n), 0);
	for (uint64_t call = 1; call <= 40; call++)
		assert_int_equal(directory_channel_take(f->d, SLICE("0501"), call, holders, &count),
				 0);
	assert_int_equal(directory_channel_take(f->d, SLICE("0501"), 41, holders, &count),
			 ERR_LIMIT);
	assert_int_equal(count, 32);
	/* lowered: those that are there stay, no further one comes in */
	n.channels = 3;
	assert_int_equal(directory_put(f->d, &n), 0);
	assert_int_equal(directory_channels_held(f->d, SLICE("0501")), 40);
	for (uint64_t call = 1; call <= 37; call++)
		assert_true(directory_channel_give(f->d, SLICE("0501"), call));
	assert_int_equal(directory_channel_take(f->d, SLICE("0501"), 50, holders, &count),
			 ERR_LIMIT);
	assert_int_equal(count, 3);
	n.channels = 0;
	assert_int_equal(directory_put(f->d, &n), 0);
	for (uint64_t call = 38; call <= 40; call++)
		assert_true(directory_channel_give(f->d, SLICE("0501"), call));
	assert_int_equal(directory_channel_take(f->d, SLICE("0501"), 50, holders, &count),
			 ERR_LIMIT);
	assert_int_equal(count, 0);
	assert_int_equal(directory_channels_held(f->d, SLICE_NONE), 0);
}

/* Those that a restart brings back are counted, also above a limit that was lowered meanwhile. */
static void test_restore(void **state)
{
	struct fixture *f = *state;
	uint64_t holders[32];
	uint32_t count;

	for (uint64_t call = 1; call <= 3; call++)
		assert_int_equal(directory_channel_restore(f->d, SLICE("0501"), call), 0);
	assert_int_equal(directory_channel_restore(f->d, SLICE("0501"), 2), 0);
	assert_int_equal(directory_channels_held(f->d, SLICE("0501")), 3);
	assert_int_equal(directory_channel_take(f->d, SLICE("0501"), 4, holders, &count),
			 ERR_LIMIT);
	assert_true(directory_channel_give(f->d, SLICE("0501"), 1));
	assert_true(directory_channel_give(f->d, SLICE("0501"), 2));
	assert_int_equal(directory_channel_take(f->d, SLICE("0501"), 4, holders, &count), 0);
	assert_int_equal(directory_channels_held(f->d, SLICE_NONE), 2);
	assert_int_equal(directory_channel_restore(f->d, SLICE("0509"), 1), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_limit), TEST(test_limits_change),
					   TEST(test_restore)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
