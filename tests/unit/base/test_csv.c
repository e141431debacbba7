#include "base/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define VALUES 8

/* The whole text in one line: "line result [a|b|c]". */
static void show(const char *csv, char *out, size_t bytes)
{
	static const char *const names[] = {"end", "row", "open", "stray"};
	char text[256], *values[VALUES];
	struct csv c = {.at = text, .line = 1};
	enum csv_result result;
	size_t count, n = 0;
	uint32_t line;

	snprintf(text, sizeof(text), "%s", csv);
	*out = '\0';
	while ((result = csv_row(&c, values, VALUES, &count, &line)) != CSV_END) {
		n += (size_t)snprintf(out + n, bytes - n, "%u %s [", line, names[result]);
		for (size_t i = 0; i < count && i < VALUES; i++)
			n += (size_t)snprintf(out + n, bytes - n, "%s%s", i ? "|" : "", values[i]);
		n += (size_t)snprintf(out + n, bytes - n, "] ");
	}
}

static void test_rows(void **state)
{
	static const struct {
		const char *csv, *seen;
	} rows[] = {
		{"", ""},
		{"a,b\n", "1 row [a|b] "},
		{"a,b", "1 row [a|b] "},
		{"a,b\r\nc,d\r\n", "1 row [a|b] 2 row [c|d] "},
		{"a,b\rc,d\r", "1 row [a|b] 2 row [c|d] "},
		{"a,,\n", "1 row [a||] "},
		{"\n\na\n", "1 row [] 2 row [] 3 row [a] "},
		{"\"a\",\"b,c\"\n", "1 row [a|b,c] "},
		{"\"say \"\"hi\"\"\"\n", "1 row [say \"hi\"] "},
		{"\"two\nlines\",x\ny\n", "1 row [two\nlines|x] 3 row [y] "},
		{"\"\"\n", "1 row [] "},
		{"a\"b\n", "1 row [a\"b] "},
		{"\"a\"b,c\nd\n", "1 stray [ab|c] 2 row [d] "},
		{"x\n\"a,b\nc", "1 row [x] 2 open [a,b\nc] "},
		{"1,2,3,4,5,6,7,8,9\nz\n", "1 row [1|2|3|4|5|6|7|8] 2 row [z] "},
	};
	char seen[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		show(rows[i].csv, seen, sizeof(seen));
		assert_string_equal(seen, rows[i].seen);
	}
}

static void test_count_beyond_max(void **state)
{
	char text[] = "1,2,3,4\n", *values[2];
	struct csv c = {.at = text, .line = 7};
	size_t count;
	uint32_t line;

	(void)state;
	assert_int_equal(csv_row(&c, values, 2, &count, &line), CSV_ROW);
	assert_int_equal(count, 4);
	assert_int_equal(line, 7);
	assert_string_equal(values[1], "2");
	assert_int_equal(csv_row(&c, values, 2, &count, &line), CSV_END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_count_beyond_max),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
