#include "lists.h"
#include "rating/channels.h"

#define HOUR_MS 3600000

static struct channels_entry at(const char *day, int hour, uint32_t channels)
{
	return (struct channels_entry){day_start_ms(a_day(day)) + (int64_t)hour * HOUR_MS,
				       channels};
}

static struct channels_fee fee_of(const struct channels_entry *entries, size_t n, const char *month,
				  const char *until)
{
	struct channels_fee fee;
	channels_month_fee(entries, n, a_day(month), day_start_ms(a_day(until)), &fee);
	return fee;
}

static void assert_fee(struct channels_fee fee, uint32_t channels, uint32_t days, int64_t yen)
{
	assert_int_equal(fee.channels, channels);
	assert_int_equal(fee.days, days);
	assert_int_equal(fee.uyen, yen * UYEN_PER_YEN);
}

static void test_whole_months(void **state)
{
	const struct channels_entry two[] = {at("2026-01-01", 0, 2)};
	const struct channels_entry five[] = {at("2026-01-01", 0, 2), at("2026-02-01", 0, 5)};
	(void)state;
	assert_fee(fee_of(NULL, 0, "2026-03-01", "2027-01-01"), 0, 0, 0);
	assert_fee(fee_of(two, 1, "2026-03-01", "2027-01-01"), 2, 0, 0);
	/* February is as dear as March */
	assert_fee(fee_of(five, 2, "2026-02-01", "2027-01-01"), 5, 28, 540);
	assert_fee(fee_of(five, 2, "2026-03-01", "2027-01-01"), 5, 31, 540);
	assert_fee(fee_of(five, 2, "2026-01-01", "2027-01-01"), 2, 0, 0);
}

static void test_changes_within(void **state)
{
	/* up at noon of the 21st: that day counts; 10 of 30 days */
	const struct channels_entry up[] = {at("2026-01-01", 0, 2), at("2026-11-21", 12, 5)};
	/* down again on the same day: it counts once, with the most */
	const struct channels_entry up_down[] = {at("2026-01-01", 0, 2), at("2026-11-21", 9, 32),
						 at("2026-11-21", 10, 3), at("2026-11-21", 11, 2)};
	/* removed, and back */
	const struct channels_entry gone[] = {at("2026-01-01", 0, 3), at("2026-11-10", 0, 0),
					      at("2026-11-29", 0, 4)};
	(void)state;
	assert_fee(fee_of(up, 2, "2026-11-01", "2027-01-01"), 5, 10, 180);
	assert_fee(fee_of(up_down, 4, "2026-11-01", "2027-01-01"), 32, 1, 180);
	/* 9 days of one, 2 days of two: 13 * 180 / 30 */
	assert_fee(fee_of(gone, 3, "2026-11-01", "2027-01-01"), 4, 11, 78);
}

/* A part of a yen is not charged: 1 day of 31 is 5.8 yen. */
static void test_rounds_down(void **state)
{
	const struct channels_entry up[] = {at("2026-12-31", 23, 3)};
	(void)state;
	assert_fee(fee_of(up, 1, "2026-12-01", "2027-01-01"), 3, 1, 5);
}

static void test_month_in_progress(void **state)
{
	const struct channels_entry five[] = {at("2026-01-01", 0, 5)};
	(void)state;
	assert_fee(fee_of(five, 1, "2026-11-01", "2026-11-11"), 5, 10, 180);
	assert_fee(fee_of(five, 1, "2026-11-01", "2026-10-01"), 0, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_months),
		cmocka_unit_test(test_changes_within),
		cmocka_unit_test(test_rounds_down),
		cmocka_unit_test(test_month_in_progress),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
