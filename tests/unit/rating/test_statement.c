#include "lists.h"
#include "rating/statement.h"

static void add_call(struct statement *s, const struct rating_table *t, const char *number,
		     const char *to, int64_t talk_ms)
{
	struct rating_call c = a_call(to, "2026-11-25", talk_ms);
	struct rating_charge charge;
	rating_charge_of(t, &c, &charge);
	statement_add_call(s, slice_str(number), &charge, talk_ms);
}

static void test_lines_and_sums(void **state)
{
	struct rating_table *t = a_list("class,country,price,unit,rounding\nmobile,,0.3,1,exact\n"
					"geographic,,8,180,\n,US,9,60,\n,GB,10,60,\n");
	const struct channels_fee fee = {.channels = 5, .uyen = 540 * UYEN_PER_YEN},
				  none = {.channels = 2};
	struct statement s;
	(void)state;
	statement_init(&s);
	add_call(&s, t, "05010000022", "09012345678", 1500); /* 0.6 yen */
	add_call(&s, t, "05010000014", "01012125551234", 60000);
	add_call(&s, t, "05010000014", "010442071234567", 60001);
	add_call(&s, t, "05010000014", "09012345678", 1000); /* 0.3 */
	add_call(&s, t, "05010000014", "0312345678", 180000);
	add_call(&s, t, "05010000014", "0312345678", 1);
	add_call(&s, t, "05010000014", "010861381234567", 1); /* no price */
	add_call(&s, t, "05010000014", "*43", 60000);	      /* a test call needs none */
	statement_add_channels(&s, SLICE("05010000022"), &fee);
	statement_add_channels(&s, SLICE("05010000014"), &none);
	assert_int_equal(statement_close(&s), 0);

	assert_int_equal(s.calls_count, 6);
	assert_string_equal(s.calls[0].number, "05010000014");
	assert_int_equal(s.calls[0].class, PLAN_GEOGRAPHIC);
	assert_int_equal(s.calls[0].calls, 2);
	assert_int_equal(s.calls[0].talk_ms, 180001);
	assert_int_equal(s.calls[0].uyen, 16 * UYEN_PER_YEN);
	assert_string_equal(s.calls[2].country->id, "CN");
	assert_false(s.calls[2].priced);
	assert_string_equal(s.calls[3].country->id, "GB");
	assert_string_equal(s.calls[5].number, "05010000022");
	assert_int_equal(s.unpriced, 1);
	assert_int_equal(s.channels_count, 1);

	/* 10 %: 0.6 + 0.3 + 16 + 540 = 556.9, 556 and 55.6; 0 %: 9 + 20 */
	assert_int_equal(s.sum_count, 2);
	assert_int_equal(s.sums[0].tax_percent, 10);
	assert_int_equal(s.sums[0].net_yen, 556);
	assert_int_equal(s.sums[0].tax_yen, 55);
	assert_int_equal(s.sums[1].tax_percent, 0);
	assert_int_equal(s.sums[1].net_yen, 29);
	assert_int_equal(s.sums[1].tax_yen, 0);
	assert_int_equal(s.total_yen, 556 + 55 + 29);
	statement_free(&s);
	rating_table_free(t);
}

/* One channel above two costs 198 with tax. */
static void test_channel_with_tax(void **state)
{
	const struct channels_fee fee = {.channels = 3, .uyen = CHANNEL_MONTH_UYEN};
	struct statement s;
	(void)state;
	statement_init(&s);
	statement_add_channels(&s, SLICE("05010000014"), &fee);
	assert_int_equal(statement_close(&s), 0);
	assert_int_equal(s.total_yen, 198);
	statement_free(&s);
}

static void test_empty(void **state)
{
	struct statement s;
	(void)state;
	statement_init(&s);
	assert_int_equal(statement_close(&s), 0);
	assert_int_equal(s.total_yen, 0);
	assert_int_equal(s.sum_count, 0);
	statement_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_and_sums),
		cmocka_unit_test(test_channel_with_tax),
		cmocka_unit_test(test_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
