#include "lists.h"

#define LIST                                                                                       \
	"class,country,prefix,price,unit,fee,tax,rounding,valid_from,valid_to\r\n"                 \
	"on_net,,,0,1,,,,,\r\n"                                                                    \
	"geographic,,,8,180,,,,,\r\n"                                                              \
	"ip_phone,,,8,180,,,,,\r\n"                                                                \
	"mobile,,,16,60,,,,,\r\n"                                                                  \
	"mobile,,0901,20,60,,,,,\r\n"                                                              \
	"international,,,100,60,,,,,\r\n"                                                          \
	",US,,9,60,,,,2026-01-01,2026-06-30\r\n"                                                   \
	",US,,7,60,,,,2026-07-01,\r\n"                                                             \
	",US,+1907,30,60,,,,,\r\n"                                                                 \
	",GB,,0.65,1,5,,half_up,,\r\n"                                                             \
	",FR,,0.65,1,5,,exact,,\r\n"                                                               \
	",DE,,0.65,1,5,,down,,\r\n"

static void test_charges(void **state)
{
	static const struct {
		const char *to, *day;
		bool on_net;
		int64_t talk_ms;
		int64_t units, uyen; /* uyen -1: no price */
		uint8_t tax;
	} rows[] = {
		/* every unit that was begun */
		{"0312345678", "2026-11-25", false, 0, 0, 0, 10},
		{"0312345678", "2026-11-25", false, 1, 1, 8000000, 10},
		{"0312345678", "2026-11-25", false, 180000, 1, 8000000, 10},
		{"0312345678", "2026-11-25", false, 180001, 2, 16000000, 10},
		{"0312345678", "2026-11-25", false, -5, 0, 0, 10},
		/* the longest prefix, however it was dialled */
		{"09012345678", "2026-11-25", false, 60000, 1, 20000000, 10},
		{"090-1234-5678", "2026-11-25", false, 60000, 1, 20000000, 10},
		{"09087654321", "2026-11-25", false, 60000, 1, 16000000, 10},
		/* on net */
		{"05010000014", "2026-11-25", true, 60000, 60, 0, 10},
		{"05010000014", "2026-11-25", false, 60000, 1, 8000000, 10},
		/* abroad: prefix before country before class; by the day */
		{"0101907123456789", "2026-11-25", false, 60000, 1, 30000000, 0},
		{"01012125551234", "2026-11-25", false, 60000, 1, 7000000, 0},
		{"01012125551234", "2026-06-30", false, 60000, 1, 9000000, 0},
		{"01012125551234", "2026-07-01", false, 60000, 1, 7000000, 0},
		{"01012125551234", "2025-12-31", false, 60000, 1, 100000000, 0},
		{"0108613812345678", "2026-11-25", false, 60000, 1, 100000000, 0},
		/* a call's sum, rounded as the row says: 5 + 0.65 * 3 = 6.95 */
		{"010442071234567", "2026-11-25", false, 2001, 3, 7000000, 0},
		{"01033123456789", "2026-11-25", false, 2001, 3, 6950000, 0},
		{"010493012345678", "2026-11-25", false, 2001, 3, 6000000, 0},
		/* no row; a service of ours is nobody's number */
		{"*43", "2026-11-25", true, 60000, 0, -1, 0},
		{"0120123456", "2026-11-25", false, 60000, 0, -1, 0},
		{"nonsense", "2026-11-25", false, 60000, 0, -1, 0},
	};
	struct rating_table *t = a_list(LIST);
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rating_call c = a_call(rows[i].to, rows[i].day, rows[i].talk_ms);
		struct rating_charge got;
		c.on_net = rows[i].on_net;
		rating_charge_of(t, &c, &got);
		if ((got.row == NULL) != (rows[i].uyen < 0) ||
		    (got.row && (got.uyen != rows[i].uyen || got.row->tax_percent != rows[i].tax ||
				 got.units != (uint64_t)rows[i].units)))
			fail_msg("row %zu, %s: %lld", i, rows[i].to, (long long)got.uyen);
	}
	rating_table_free(t);
}

/* Midnight in Japan parts the days. */
static void test_validity_is_japanese(void **state)
{
	struct rating_table *t = a_list("price,unit,valid_from,valid_to\n1,60,,2026-06-30\n"
					"2,60,2026-07-01,\n");
	struct rating_call c = {.to = SLICE("0312345678"), .talk_ms = 1};
	struct rating_charge got;
	(void)state;
	c.started_at_ms = day_start_ms(a_day("2026-07-01")) - 1;
	rating_charge_of(t, &c, &got);
	assert_int_equal(got.uyen, 1000000);
	c.started_at_ms++;
	rating_charge_of(t, &c, &got);
	assert_int_equal(got.uyen, 2000000);
	rating_table_free(t);
}

static void test_without_a_list(void **state)
{
	struct rating_call c = a_call("01012125551234", "2026-11-25", 60000);
	struct rating_charge got;
	(void)state;
	rating_charge_of(NULL, &c, &got);
	assert_null(got.row);
	assert_int_equal(got.uyen, 0);
	assert_int_equal(got.class, PLAN_INTERNATIONAL);
	assert_string_equal(got.country->id, "US");
}

/* A clock that jumped: the amount stays within its bounds. */
static void test_endless_call(void **state)
{
	struct rating_table *t = a_list("price,unit,fee\n1000000,1,1000000\n");
	struct rating_call c = a_call("0312345678", "2026-11-25", INT64_MAX);
	struct rating_charge got;
	(void)state;
	rating_charge_of(t, &c, &got);
	assert_true(got.uyen > 0);
	rating_table_free(t);
}

/* On net a list without such rows asks what any call to that number costs. */
static void test_on_net_otherwise(void **state)
{
	struct rating_table *t = a_list("class,prefix,price,unit\nip_phone,,8,180\n"
					"on_net,0501,3,60\n");
	struct rating_call c = a_call("05020000014", "2026-11-25", 1);
	struct rating_charge got;
	(void)state;
	c.on_net = true;
	rating_charge_of(t, &c, &got);
	assert_int_equal(got.uyen, 8000000);
	c.to = SLICE("05010000014");
	rating_charge_of(t, &c, &got);
	assert_int_equal(got.uyen, 3000000);
	c.on_net = false;
	rating_charge_of(t, &c, &got);
	assert_int_equal(got.uyen, 8000000);
	rating_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_charges),
		cmocka_unit_test(test_validity_is_japanese),
		cmocka_unit_test(test_without_a_list),
		cmocka_unit_test(test_endless_call),
		cmocka_unit_test(test_on_net_otherwise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
