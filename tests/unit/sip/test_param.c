#include "check.h"

#define PARAMS "a=1; b ;c = \"x;y=\\\"z\\\"\" ;A=2;;d=;e=f=g;  "

static void test_walk(void **state)
{
	static const struct {
		const char *name, *value;
	} want[] = {
		{"a", "1"}, {"b", NULL}, {"c", "x;y=\\\"z\\\""},
		{"A", "2"}, {"d", ""},	 {"e", "f=g"},
	};
	struct slice params = SLICE(PARAMS), name, value;

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_true(sip_param_next(&params, &name, &value));
		check_slice(name, want[i].name, "name");
		check_slice(value, want[i].value, want[i].name);
	}
	assert_false(sip_param_next(&params, &name, &value));
	params = SLICE_NONE;
	assert_false(sip_param_next(&params, &name, &value));
}

static void test_find(void **state)
{
	static const struct {
		const char *name;
		bool found;
		const char *value;
	} rows[] = {
		{"a", true, "1"},   {"A", true, "1"},  {"B", true, NULL},  {"E", true, "f=g"},
		{"y", false, NULL}, {"", false, NULL}, {"f", false, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice value = SLICE("untouched");
		check_number(sip_param(SLICE(PARAMS), slice_str(rows[i].name), &value),
			     rows[i].found, rows[i].name);
		check_slice(value, rows[i].found ? rows[i].value : "untouched", rows[i].name);
	}
}

static void test_sound(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		{"", true},	 {"a=b;c", true},      {"a=\",<>\"", true}, {"a=\"\\\"\"", true},
		{"a=\"", false}, {"a=\"\\\"", false},  {"a,b", false},	    {"a=<b", false},
		{"a>", false},	 {"a=\"x\"\"", false}, {";;;", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_number(sip_params_are_sound(slice_str(rows[i].text)), rows[i].want,
			     rows[i].text);
}

/* A quote that never ends does not hide the parameters behind it. */
static void test_open_quote(void **state)
{
	struct slice params = SLICE("a=\"x;tag=1"), value;

	(void)state;
	assert_true(sip_param(params, SLICE("tag"), &value));
	check_slice(value, "1", "tag");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_open_quote),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
