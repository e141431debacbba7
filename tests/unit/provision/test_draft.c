#include "provision/draft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define TEN	"0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void test_numbers(void **state)
{
	static const struct {
		const char *text, *number; /* NULL: refused */
	} rows[] = {
		{"05010000014", "05010000014"},
		{"050-1000-0014", "05010000014"},
		{"(050) 1000.0014", "05010000014"},
		{"０５０－１０００－００１４", "05010000014"},
		{"+815010000014", "05010000014"},
		{"+81-50-1000-0014", "05010000014"},
		{"tel:05010000014", "05010000014"},
		{"", NULL},
		{"5010000014", NULL},
		{"0501000001", NULL},
		{"050100000141", NULL},
		{"05000000014", NULL},
		{"0312345678", NULL},
		{"18405010000014", NULL},
		{"05010000014;ext=1", NULL},
		{"0501000001x", NULL},
		{"0501000001\xff", NULL},
		{"*43", NULL},
		{HUNDRED, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char number[STORE_NUMBER_BYTES] = "untouched";
		const struct fault *fault = draft_number(rows[i].text, number);

		print_message("%s\n", rows[i].text);
		assert_int_equal(fault == NULL, rows[i].number != NULL);
		assert_string_equal(number, fault ? "untouched" : rows[i].number);
		if (fault)
			assert_string_equal(fault->field, "number");
	}
}

static void test_lost_zero(void **state)
{
	char number[STORE_NUMBER_BYTES];

	(void)state;
	assert_non_null(strstr(draft_number("5010000014", number)->message, "leading 0"));
	assert_null(strstr(draft_number("6010000014", number)->message, "leading 0"));
}

static void test_columns(void **state)
{
	static const struct {
		enum draft_column c;
		const char *text;
		bool good;
	} rows[] = {
		{DRAFT_CUSTOMER, "C9000013", true},
		{DRAFT_CUSTOMER, "A", true},
		{DRAFT_CUSTOMER, "ABCDEFGH12345678", true},
		{DRAFT_CUSTOMER, "ABCDEFGH123456789", false},
		{DRAFT_CUSTOMER, "c9000013", false},
		{DRAFT_CUSTOMER, "C 1", false},
		{DRAFT_CUSTOMER, "", false},
		{DRAFT_ACCOUNT, "10000012", true},
		{DRAFT_ACCOUNT, "1000-0012", true},
		{DRAFT_ACCOUNT, "１００００１２３", true},
		{DRAFT_ACCOUNT, "18412345", true},
		{DRAFT_ACCOUNT, "1000001", false},
		{DRAFT_ACCOUNT, "100000123", false},
		{DRAFT_ACCOUNT, "1000001a", false},
		{DRAFT_ACCOUNT, "+1000012", false},
		{DRAFT_PASSWORD, "secret", true},
		{DRAFT_PASSWORD, "秘密の合言葉", true},
		{DRAFT_PASSWORD, HUNDRED, true},
		{DRAFT_PASSWORD, HUNDRED "x", false},
		{DRAFT_PASSWORD, "five5", false},
		{DRAFT_PASSWORD, "tab\tbed", false},
		{DRAFT_PASSWORD, "bad\xffutf8", false},
		{DRAFT_OPTION_PASSWORD, "123456", true},
		{DRAFT_OPTION_PASSWORD, "12345", false},
		{DRAFT_CHANNELS, "2", true},
		{DRAFT_CHANNELS, "32", true},
		{DRAFT_CHANNELS, "３２", true},
		{DRAFT_CHANNELS, "1", false},
		{DRAFT_CHANNELS, "33", false},
		{DRAFT_CHANNELS, "-2", false},
		{DRAFT_CHANNELS, "2.5", false},
		{DRAFT_CHANNELS, "many", false},
		{DRAFT_CHANNELS, "18446744073709551618", false},
		{DRAFT_POLICY, "fork", true},
		{DRAFT_POLICY, "all", false},
		{DRAFT_INTERNATIONAL, "yes", true},
		{DRAFT_INTERNATIONAL, "OFF", true},
		{DRAFT_INTERNATIONAL, "maybe", false},
		{DRAFT_SUSPENDED, "true", true},
		{DRAFT_SUSPENDED, "1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct draft d, before;

		draft_init(&d);
		before = d;
		const struct fault *fault = draft_take(&d, rows[i].c, rows[i].text);

		print_message("%s %s\n", draft_names[rows[i].c], rows[i].text);
		assert_int_equal(fault == NULL, rows[i].good);
		if (!fault)
			continue;
		assert_string_equal(fault->field, draft_names[rows[i].c]);
		assert_memory_equal(&d, &before, sizeof(d));
	}
}

static void test_values(void **state)
{
	struct draft d;

	(void)state;
	draft_init(&d);
	assert_int_equal(d.channels, 2);
	assert_int_equal(d.policy, REG_NEWEST);
	assert_null(draft_take(&d, DRAFT_ACCOUNT, "１０００－００１２"));
	assert_string_equal(d.account, "10000012");
	assert_null(draft_take(&d, DRAFT_CHANNELS, "5"));
	assert_int_equal(d.channels, 5);
	assert_null(draft_take(&d, DRAFT_POLICY, "reject"));
	assert_int_equal(d.policy, REG_REJECT);
	assert_null(draft_take(&d, DRAFT_INTERNATIONAL, "on"));
	assert_true(d.international);
	assert_null(draft_take(&d, DRAFT_INTERNATIONAL, "no"));
	assert_false(d.international);
}

static void test_absent(void **state)
{
	(void)state;
	assert_string_equal(draft_absent(DRAFT_ACCOUNT)->field, "account");
	assert_string_equal(draft_absent(DRAFT_NUMBER)->field, "number");
	assert_null(draft_absent(DRAFT_PASSWORD));
	assert_null(draft_absent(DRAFT_SUSPENDED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_lost_zero),
		cmocka_unit_test(test_columns), cmocka_unit_test(test_values),
		cmocka_unit_test(test_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
