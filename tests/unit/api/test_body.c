#include "api/api_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct body_field fields[] = {
	{"name", BODY_TEXT, true},
	{"channels", BODY_COUNT, false},
	{"suspended", BODY_SWITCH, false},
	{0},
};

static const char *part(const struct request *r, const char *key)
{
	return json_string_value(json_object_get(json_object_get(r->json, "error"), key));
}

static void test_bodies(void **state)
{
	static const struct {
		const char *body, *code, *field; /* code NULL: good */
	} rows[] = {
		{"{\"name\":\"x\"}", NULL, NULL},
		{"{\"name\":\"日本\",\"channels\":3,\"suspended\":false}", NULL, NULL},
		{"{\"name\":\"x\",\"channels\":9223372036854775807}", NULL, NULL},
		{"{\"name\":\"x\",\"channels\":9223372036854775808}", "syntax", NULL},
		{"", "syntax", NULL},
		{"[]", "syntax", NULL},
		{"null", "syntax", NULL},
		{"{", "syntax", NULL},
		{"{\"name\":\"x\"} trailing", "syntax", NULL},
		{"{\"name\":\"x\",\"name\":\"y\"}", "syntax", NULL},
		{"{\"name\":\"\xff\"}", "syntax", NULL},
		{"{\"name\":\"a\\u0000b\"}", "syntax", NULL},
		{"{}", "missing", "name"},
		{"{\"name\":7}", "wrong_type", "name"},
		{"{\"name\":null}", "wrong_type", "name"},
		{"{\"name\":\"x\",\"channels\":\"3\"}", "wrong_type", "channels"},
		{"{\"name\":\"x\",\"channels\":3.0}", "wrong_type", "channels"},
		{"{\"name\":\"x\",\"channels\":true}", "wrong_type", "channels"},
		{"{\"name\":\"x\",\"suspended\":1}", "wrong_type", "suspended"},
		{"{\"name\":\"x\",\"suspended\":\"yes\"}", "wrong_type", "suspended"},
		{"{\"nmae\":\"x\"}", "unknown", "nmae"},
		{"{\"name\":\"x\",\"\":1}", "unknown", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request r = {.raw = slice_str(rows[i].body)};
		bool good = body_read(&r, fields);

		print_message("%s\n", rows[i].body);
		assert_int_equal(good, rows[i].code == NULL);
		if (!good) {
			assert_int_equal(r.status, 400);
			assert_string_equal(part(&r, "code"), rows[i].code);
			if (rows[i].field)
				assert_string_equal(part(&r, "field"), rows[i].field);
		}
		json_decref(r.json);
		json_decref(r.body);
	}
}

static void test_hints(void **state)
{
	struct request r = {.raw = SLICE("{\"chanels\":2}")}, s = {.raw = SLICE("{\"colour\":2}")};

	(void)state;
	assert_false(body_read(&r, fields));
	assert_string_equal(part(&r, "hint"), "did you mean \"channels\"?");
	assert_false(body_read(&s, fields));
	assert_string_equal(part(&s, "hint"), "known here: name, channels, suspended");
	json_decref(r.json);
	json_decref(r.body);
	json_decref(s.json);
	json_decref(s.body);
}

/* A strange name of any length is cut at a character's end. */
static void test_long_name(void **state)
{
	char body[400];
	struct request r = {0};

	(void)state;
	int n = snprintf(body, sizeof(body), "{\"%s\":1}",
			 "長い名前長い名前長い名前長い名前長い名前長い名前長い名前長い名前");
	r.raw = slice_of(body, (size_t)n);
	assert_false(body_read(&r, fields));
	assert_int_equal(strlen(part(&r, "field")), 63);
	json_decref(r.json);
	json_decref(r.body);
}

static void test_too_big(void **state)
{
	char *body = calloc(1, JSON_BODY_BYTES_MAX + 2);
	struct request r = {.raw = {body, JSON_BODY_BYTES_MAX + 1}};

	(void)state;
	assert_false(body_read(&r, fields));
	assert_int_equal(r.status, 413);
	json_decref(r.json);
	free(body);
}

/* What is refused never repeats what was sent: it could be a password. */
static void test_no_value_is_repeated(void **state)
{
	static const char *const bodies[] = {
		"{\"name\":\"x\",\"pasword\":\"hunter22\"}",
		"{\"name\":hunter22}",
		"{\"name\":\"x\",\"channels\":\"hunter22\"}",
		"\"hunter22\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct request r = {.raw = slice_str(bodies[i])};

		assert_false(body_read(&r, fields));
		char *text = json_dumps(r.json, 0);
		assert_null(strstr(text, "hunter22"));
		free(text);
		json_decref(r.json);
		json_decref(r.body);
	}
}

static void test_query(void **state)
{
	static const char *const known[ROUTE_QUERY_MAX] = {"since", "limit"};
	struct request good = {.query = {{"limit", "3"}}, .query_count = 1};
	struct request bad = {.query = {{"limti", "3"}}, .query_count = 1};
	struct request none = {.query = {{"limit", NULL}}, .query_count = 1};
	struct request binary = {.query = {{"limit", "\xff"}}, .query_count = 1};
	struct request many = {.query_count = QUERY_MAX + 1};

	(void)state;
	assert_true(query_check(&good, known));
	assert_string_equal(query(&good, "limit"), "3");
	assert_null(query(&good, "since"));
	assert_false(query_check(&bad, known));
	assert_string_equal(part(&bad, "hint"), "did you mean \"limit\"?");
	assert_false(query_check(&none, known));
	assert_false(query_check(&binary, known));
	assert_false(query_check(&many, known));
	json_decref(bad.json);
	json_decref(none.json);
	json_decref(binary.json);
	json_decref(many.json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_no_value_is_repeated),
		cmocka_unit_test(test_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
