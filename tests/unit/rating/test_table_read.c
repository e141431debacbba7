#include "lists.h"

#include <stdio.h>

/* "line/other column value: message; ..." of what is wrong. */
static void faults_of(const char *csv, char *out, size_t bytes)
{
	struct rating_table *t = NULL;
	struct rating_faults f;
	size_t n = 0;
	char *copy = strdup(csv);
	int err = rating_table_read(copy, strlen(copy), &t, &f);
	*out = '\0';
	assert_int_equal(err, f.count ? ERR_INVALID : 0);
	for (size_t i = 0; i < f.count; i++)
		n += (size_t)snprintf(out + n, bytes - n, "%u/%u %s %s: %s; ", f.v[i].line,
				      f.v[i].other_line, f.v[i].column ? f.v[i].column : "-",
				      f.v[i].value ? f.v[i].value : "-", f.v[i].message);
	rating_table_free(t);
	free(copy);
}

#define NO_COLUMN   "There is no such column; "
#define MISSING	    "The column is missing; "
#define NO_AMOUNT   "This is no amount in yen; "
#define NO_DATE	    "This is no date; "
#define NOT_SO_MANY "The row has not as many values as line 1 names; "
#define OVERLAP	    "Another row has a price for the same calls and days; "

static void test_faults(void **state)
{
	static const struct {
		const char *csv, *faults;
	} rows[] = {
		{"price,unit\n8,180\n", ""},
		{"\xef\xbb\xbfprice,unit\r\n8,180\r\n\r\n", ""},
		{"PRICE , Unit\n 8 , 180 \n", ""},
		{"", "1/0 - -: The first line names no columns; "},
		{"price,unit\n", "1/0 - -: The list has no prices; "},
		{"class\nmobile\n", "1/0 price -: " MISSING "1/0 unit -: " MISSING},
		{"price,unit,prise\n8,180,1\n", "1/0 - prise: " NO_COLUMN},
		{"price,unit,price\n8,180,1\n", "1/0 price -: The column stands twice; "},
		{"price,unit\n8\n8,180,1\n", "2/0 - -: " NOT_SO_MANY "3/0 - -: " NOT_SO_MANY},
		{"price,unit\n,180\n8,\n",
		 "2/0 price -: The value is missing; 3/0 unit -: The value is missing; "},
		{"price,unit\n-8,180\n8 yen,0\n",
		 "2/0 price -8: " NO_AMOUNT "3/0 price 8 yen: " NO_AMOUNT
		 "3/0 unit 0: The unit is no whole number of seconds; "},
		{"price,unit,class\n8,180,mobil\n",
		 "2/0 class mobil: There is no such class of numbers; "},
		{"price,unit,country\n8,180,XX\n8,180,USA\n",
		 "2/0 country XX: There is no such country; 3/0 country USA: There is no such "
		 "country; "},
		{"price,unit,prefix\n8,180,12a\n8,180,1876\n",
		 "2/0 prefix 12a: The prefix is no run of digits; 3/0 prefix 1876: A prefix begins "
		 "with 0 "
		 "or +; "},
		{"price,unit,tax,rounding\n8,180,101,up\n",
		 "2/0 rounding up: There is no such rounding; 2/0 tax 101: This is no rate of "
		 "tax; "},
		{"price,unit,valid_from,valid_to\n8,180,2026-02-30,tomorrow\n",
		 "2/0 valid_from 2026-02-30: " NO_DATE "2/0 valid_to tomorrow: " NO_DATE},
		{"price,unit,valid_from,valid_to\n8,180,2026-07-01,2026-06-30\n",
		 "2/0 valid_to -: The last day is before the first; "},
		{"price,unit,class,country\n8,180,mobile,US\n8,180,on_net,US\n",
		 "2/0 class -: A row for a country is of the class international; "
		 "3/0 class -: A call on net leads to no country; "},
		{"price,unit,prefix\n8,180,03\n9,180,+813\n", "3/2 - -: " OVERLAP},
		{"price,unit,valid_from,valid_to\n8,180,,\n9,180,2026-01-01,2026-01-31\n"
		 "9,180,2026-03-01,2026-03-31\n",
		 "3/2 - -: " OVERLAP "4/2 - -: " OVERLAP},
		{"price,unit,valid_from,valid_to\n8,180,,2025-12-31\n9,180,2026-01-01,\n", ""},
		{"price,unit\n\"8,180\n", "2/0 - -: A quote is opened here and never closed; "},
		{"price,unit\n\"8\"x,180\n", "2/0 - -: Something stands behind a closing quote; "},
		{"price,unit\n\xff,180\n", "1/0 - -: The list is not UTF-8; "},
	};
	char got[1024];
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		faults_of(rows[i].csv, got, sizeof(got));
		assert_string_equal(got, rows[i].faults);
	}
}

static void test_defaults(void **state)
{
	struct rating_table *t = a_list("class,country,prefix,price,unit\n,,,8,180\n,US,,9,60\n"
					"international,,,10,60\n,,+44,11,60\n,,+8190,12,60\n");
	static const struct {
		const char *key;
		uint8_t tax;
	} rows[] = {{"*", 10}, {"cUS", 0}, {"kinternational", 0}, {"p01044", 0}, {"p090", 10}};
	(void)state;
	assert_int_equal(rating_table_rows(t), sizeof(rows) / sizeof(rows[0]));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct rating_row *row = rating_table_row(t, i);
		assert_string_equal(row->key, rows[i].key);
		assert_int_equal(row->tax_percent, rows[i].tax);
		assert_int_equal(row->rounding, RATING_DOWN);
		assert_int_equal(row->fee_uyen, 0);
		assert_int_equal(row->class == PLAN_INTERNATIONAL, i == 2);
	}
	rating_table_free(t);
}

/* Thousands of mistakes: the first hundred are told, and that there were more. */
static void test_many_faults(void **state)
{
	struct rating_table *t;
	struct rating_faults f;
	char *csv = malloc(100000);
	size_t n = 0;
	(void)state;
	assert_non_null(csv);
	n += (size_t)sprintf(csv, "price,unit\n");
	for (int i = 0; i < 5000; i++)
		n += (size_t)sprintf(csv + n, "x,1\n");
	assert_int_equal(rating_table_read(csv, n, &t, &f), ERR_INVALID);
	assert_true(f.count > RATING_FAULTS_MAX);
	assert_int_equal(f.v[RATING_FAULTS_MAX - 1].line, RATING_FAULTS_MAX + 1);
	free(csv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_many_faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
