#include "fixture.h"

static struct forward_settings some_settings(void)
{
	struct forward_settings f;
	forward_settings_init(&f);
	strcpy(f.targets[2], "09012345678");
	f.rules[FORWARD_BUSY] = (struct forward_rule){true, 3};
	return f;
}

static void test_kept(void **state)
{
	struct fixture *f = *state;
	struct forward_settings set = some_settings(), got;
	struct directory_number n = a_number("0501", "1");

	assert_int_equal(directory_forward(f->d, SLICE("0501"), &got), ERR_NOT_FOUND);
	assert_int_equal(directory_forward_put(f->d, SLICE("0501"), &set), 0);
	assert_int_equal(directory_forward(f->d, SLICE("0501"), &got), 0);
	assert_string_equal(forward_target(&got, FORWARD_BUSY), "09012345678");
	assert_int_equal(directory_forward(f->d, SLICE("0502"), &got), ERR_NOT_FOUND);
	/* what else is said of the number leaves it */
	n.channels = 7;
	assert_int_equal(directory_put(f->d, &n), 0);
	assert_int_equal(directory_forward(f->d, SLICE("0501"), &got), 0);
	assert_int_equal(got.rules[FORWARD_BUSY].row, 3);
	set.ring_s = 5;
	assert_int_equal(directory_forward_put(f->d, SLICE("0501"), &set), 0);
	assert_int_equal(directory_forward(f->d, SLICE("0501"), &got), 0);
	assert_int_equal(got.ring_s, 5);
}

static void test_gone(void **state)
{
	struct fixture *f = *state;
	struct forward_settings set = some_settings(), got;
	struct directory_number n = a_number("0501", "1");

	assert_int_equal(directory_forward_put(f->d, SLICE("0501"), &set), 0);
	forward_settings_init(&set);
	assert_int_equal(directory_forward_put(f->d, SLICE("0501"), &set), 0);
	assert_int_equal(directory_forward(f->d, SLICE("0501"), &got), ERR_NOT_FOUND);
	set = some_settings();
	assert_int_equal(directory_forward_put(f->d, SLICE("0501"), &set), 0);
	assert_int_equal(directory_remove(f->d, SLICE("0501")), 0);
	assert_int_equal(directory_forward_put(f->d, SLICE("0501"), &set), ERR_NOT_FOUND);
	assert_int_equal(directory_put(f->d, &n), 0); /* the next one of that number begins anew */
	assert_int_equal(directory_forward(f->d, SLICE("0501"), &got), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_kept), TEST(test_gone)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
