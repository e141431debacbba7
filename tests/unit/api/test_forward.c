/* Call forwarding of a number through the table of routes: set, refused, kept. */
#include "fixture.h"

#include "policy/forward.h"

#define FORWARD "/api/v1/numbers/050-1000-0014/forward"

static const json_t *at(const struct fixture *f, const char *key, const char *member)
{
	return json_object_get(json_object_get(f->r.json, key), member);
}

static const char *target(const struct fixture *f, int row, const char *member)
{
	const json_t *o = json_array_get(json_object_get(f->r.json, "targets"), (size_t)row - 1);

	assert_int_equal(json_integer_value(json_object_get(o, "row")), row);
	return json_string_value(json_object_get(o, member));
}

static void put(struct fixture *f, const char *body)
{
	unsigned status = ask(f, "PUT", FORWARD, body);

	if (status != 200)
		fail_msg("%s: %u %s", body, status, answered(f, "message"));
}

/* What calls go by is what the store has. */
static void check_in_force(struct fixture *f)
{
	struct forward_settings there, kept;
	struct store_forward stored;

	assert_int_equal(directory_forward(f->api.p.directory, SLICE("05010000014"), &there), 0);
	assert_int_equal(store_forward_get(f->api.store, SLICE("05010000014"), &stored), 0);
	assert_int_equal(directory_forward_of_store(&stored, &kept), 0);
	assert_memory_equal(there.targets, kept.targets, sizeof(there.targets));
	assert_memory_equal(there.rules, kept.rules, sizeof(there.rules));
	assert_int_equal(there.ring_s, kept.ring_s);
	assert_int_equal(there.deflection, kept.deflection);
}

static void test_nothing_set(void **state)
{
	struct fixture *f = *state;

	add(f);
	assert_int_equal(ask(f, "GET", FORWARD, NULL), 200);
	assert_string_equal(answered(f, "number"), "05010000014");
	assert_true(json_is_false(at(f, "busy", "on")));
	assert_true(json_is_null(at(f, "busy", "row")));
	assert_string_equal(json_string_value(at(f, "no_answer", "name_ja")), "不応答転送");
	assert_int_equal(json_integer_value(json_object_get(f->r.json, "ring_s")), 20);
	assert_null(target(f, 5, "digits"));
	assert_int_equal(ask(f, "GET", "/api/v1/numbers/05010000099/forward", NULL), 404);
	assert_int_equal(ask(f, "PUT", "/api/v1/numbers/05010000099/forward", "{\"ring_s\":1}"),
			 404);
}

static void test_set(void **state)
{
	struct fixture *f = *state;

	add(f);
	put(f, "{\"targets\":[{\"row\":2,\"digits\":\"０９０－１２３４－５６７８\",\"memo\":\"携帯"
	       "\"},{\"row\":5,\"digits\":\"+81 3-1234-5678\"}],\"busy\":{\"on\":true,\"row\":2},"
	       "\"no_answer\":{\"row\":5},\"ring_s\":7}");
	assert_string_equal(target(f, 2, "digits"), "09012345678");
	assert_string_equal(target(f, 2, "memo"), "携帯");
	assert_string_equal(target(f, 5, "digits"), "0312345678");
	assert_string_equal(json_string_value(at(f, "busy", "target")), "09012345678");
	assert_true(json_is_false(at(f, "no_answer", "on")));
	check_in_force(f);
	assert_true(json_is_true(json_object_get(f->r.json, "deflection")));
	put(f, "{\"deflection\":false}");
	check_in_force(f);
	/* what is absent stays */
	put(f, "{\"no_answer\":{\"on\":true}}");
	assert_true(json_is_false(json_object_get(f->r.json, "deflection")));
	put(f, "{\"targets\":[{\"row\":2,\"memo\":\"mobile\"},{\"row\":1,\"digits\":\"0312345678\"}"
	       "]}");
	assert_int_equal(ask(f, "GET", FORWARD, NULL), 200);
	assert_string_equal(target(f, 2, "digits"), "09012345678");
	assert_string_equal(target(f, 2, "memo"), "mobile");
	assert_string_equal(target(f, 1, "digits"), "0312345678"); /* twice is fine */
	assert_string_equal(json_string_value(at(f, "no_answer", "target")), "0312345678");
	assert_int_equal(json_integer_value(json_object_get(f->r.json, "ring_s")), 7);
	/* a row goes with its memo once no kind that is on uses it */
	put(f, "{\"busy\":{\"on\":false},\"targets\":[{\"row\":2,\"digits\":\"\"}]}");
	assert_null(target(f, 2, "digits"));
	assert_string_equal(target(f, 2, "memo"), "");
	check_in_force(f);
}

/* A number instead of a row: the row that has it, else the first empty one. */
static void test_to(void **state)
{
	struct fixture *f = *state;

	add(f);
	put(f, "{\"targets\":[{\"row\":1,\"digits\":\"0312345678\"},{\"row\":3,\"digits\":"
	       "\"09012345678\"}]}");
	put(f, "{\"busy\":{\"on\":true,\"to\":\"090-1234-5678\"}}");
	assert_int_equal(json_integer_value(at(f, "busy", "row")), 3);
	put(f, "{\"no_answer\":{\"on\":true,\"to\":\"0612345678\"}}");
	assert_int_equal(json_integer_value(at(f, "no_answer", "row")), 2);
	put(f, "{\"targets\":[{\"row\":4,\"digits\":\"0312345679\"},{\"row\":5,\"digits\":"
	       "\"0312345670\"}]}");
	assert_int_equal(ask(f, "PUT", FORWARD, "{\"busy\":{\"to\":\"0312345671\"}}"), 409);
	assert_string_equal(answered(f, "field"), "busy.to");
	assert_non_null(answered(f, "message_ja"));
	check_in_force(f);
}

static const char *long_memo(void)
{
	static char body[400];
	char memo[202];

	memset(memo, 'a', 201);
	memo[201] = '\0';
	snprintf(body, sizeof(body),
		 "{\"targets\":[{\"row\":1,\"digits\":\"0312345678\",\"memo\":\"%s\"}]}", memo);
	return body;
}

#define TARGET(digits) "{\"targets\":[{\"row\":1,\"digits\":\"" digits "\"}]}"

static void test_refused(void **state)
{
	const struct {
		unsigned status;
		const char *field, *body;
	} rows[] = {
		{400, NULL, "{}"},
		{400, "ring_s", "{\"ring_s\":0}"},
		{400, "ring_s", "{\"ring_s\":31}"},
		{400, "busy.row", "{\"busy\":{\"row\":0}}"},
		{400, "busy.row", "{\"busy\":{\"row\":6}}"},
		{400, "busy.row", "{\"busy\":{\"row\":\"1\"}}"},
		{400, "busy.row", "{\"busy\":{\"on\":true}}"},
		{400, "busy.row", "{\"busy\":{\"on\":true,\"row\":null}}"},
		{400, "unconditional.row", "{\"unconditional\":{\"on\":true,\"row\":4}}"},
		{400, "busy.on", "{\"busy\":{\"on\":1}}"},
		{400, "busy", "{\"busy\":{\"onn\":true}}"},
		{400, "busy", "{\"busy\":{\"row\":1,\"to\":\"0312345678\"}}"},
		{400, "busy.to", "{\"busy\":{\"to\":3}}"},
		{400, "busy.to", "{\"busy\":{\"to\":\"110\"}}"},
		{400, "targets", "{\"targets\":[{\"digits\":\"0312345678\"}]}"},
		{400, "targets", "{\"targets\":[{\"row\":3},{\"row\":3}]}"},
		{400, "targets", "{\"targets\":[{\"row\":1,\"number\":\"03\"}]}"},
		{400, "targets.row", "{\"targets\":[{\"row\":6,\"digits\":\"0312345678\"}]}"},
		{400, "targets.1.digits", "{\"targets\":[{\"row\":1,\"digits\":3}]}"},
		{400, "targets.1.memo", "{\"targets\":[{\"row\":1,\"memo\":\"nobody\"}]}"},
		{400, "targets.2.memo", "{\"targets\":[{\"row\":2,\"memo\":\"a\\nb\"}]}"},
		{400, "targets.2.memo", "{\"targets\":[{\"row\":2,\"memo\":\"a\\u0085b\"}]}"},
		{400, "targets.1.memo", long_memo()},
		{400, "targets.1.digits", TARGET("nobody")},
		{400, "targets.1.digits", TARGET("119")},
		{400, "targets.1.digits", TARGET("117")},
		{400, "targets.1.digits", TARGET("0120-123-456")},
		{400, "targets.1.digits", TARGET("0033 03 1234 5678")},
		{400, "targets.1.digits", TARGET("#9110")},
		{400, "targets.1.digits", TARGET("*43")},
		{400, "targets.1.digits", TARGET("1840312345678")},
		{400, "targets.1.digits", TARGET("010-1-212-555-1234")},
		{400, "targets.1.digits", TARGET("+81 50 1000 0014")},
		{400, "targets.1.digits", TARGET("05010000099")},
		/* in use */
		{409, "targets.2.digits", "{\"targets\":[{\"row\":2,\"digits\":\"\"}]}"},
		{400, "busy.row",
		 "{\"targets\":[{\"row\":2,\"digits\":\"\"}],\"busy\":{\"on\":true,\"row\":2},"
		 "\"no_answer\":{\"on\":false}}"},
	};
	struct fixture *f = *state;
	struct forward_settings before, after;

	add(f);
	put(f, "{\"targets\":[{\"row\":2,\"digits\":\"0312345678\"}],\"no_answer\":{\"on\":true,"
	       "\"row\":2}}");
	directory_forward(f->api.p.directory, SLICE("05010000014"), &before);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned status = ask(f, "PUT", FORWARD, rows[i].body);
		const char *field = answered(f, "field"), *ja = answered(f, "message_ja");

		if (status != rows[i].status ||
		    strcmp(field ? field : "", rows[i].field ? rows[i].field : "") != 0 ||
		    ja == NULL || !answered(f, "message"))
			fail_msg("%s: %u %s %s %s", rows[i].body, status, field, ja,
				 answered(f, "message"));
		directory_forward(f->api.p.directory, SLICE("05010000014"), &after);
		assert_memory_equal(&before, &after, sizeof(before));
	}
	check_in_force(f);
}

/* What a target may be is asked when it is set; later what stands there hinders nothing else. */
static void test_permission_taken_back(void **state)
{
	struct fixture *f = *state;

	add(f);
	assert_int_equal(ask(f, "PATCH", "/api/v1/numbers/05010000014", "{\"international\":true}"),
			 200);
	put(f, TARGET("010-1-212-555-1234"));
	put(f, "{\"busy\":{\"on\":true,\"row\":1}}");
	assert_int_equal(
		ask(f, "PATCH", "/api/v1/numbers/05010000014", "{\"international\":false}"), 200);
	assert_int_equal(ask(f, "PUT", FORWARD, "{\"no_answer\":{\"on\":true,\"row\":1}}"), 400);
	assert_string_equal(answered(f, "field"), "no_answer.row");
	assert_non_null(strstr(answered(f, "message"), "Row 1: International calls"));
	assert_non_null(strstr(answered(f, "message_ja"), "1行目の転送先番号：この番号では国際"));
	put(f, "{\"ring_s\":9,\"targets\":[{\"row\":1,\"digits\":\"01012125551234\",\"memo\":\"x\"}"
	       "]}");
	put(f, "{\"busy\":{\"on\":false},\"targets\":[{\"row\":1,\"digits\":\"\"}]}");
}

static int keep_entry(void *ctx, const struct store_audit *a)
{
	char *text = ctx;

	if (!slice_eq(a->action, SLICE("number.forward")))
		return 0;
	snprintf(text, 512, "%.*s: %.*s", SLICE_ARG(a->object), SLICE_ARG(a->detail));
	return 1;
}

static void assert_audited(struct fixture *f, const char *want)
{
	char text[512] = "";

	(void)store_audit_each(f->api.store, SLICE("05010000014"), 1, keep_entry, text);
	assert_string_equal(text, want);
}

static void test_audit(void **state)
{
	struct fixture *f = *state;

	add(f);
	put(f, "{\"targets\":[{\"row\":2,\"digits\":\"0312345678\",\"memo\":\"会社\"}],"
	       "\"no_answer\":{\"on\":true,\"row\":2},\"ring_s\":5}");
	assert_audited(f, "05010000014: no_answer on, row 2; row 2 0312345678 (会社); ring 5 s");
	put(f, "{\"no_answer\":{\"on\":false},\"targets\":[{\"row\":2,\"digits\":\"\"}]}");
	assert_audited(f, "05010000014: no_answer off, row 2; row 2 cleared");
	put(f, "{\"ring_s\":5}"); /* changes nothing */
	assert_audited(f, "05010000014: no_answer off, row 2; row 2 cleared");
}

/* The next owner of the number begins with nothing. */
static void test_number_removed(void **state)
{
	struct fixture *f = *state;
	struct forward_settings there;

	add(f);
	put(f, "{\"unconditional\":{\"on\":true,\"to\":\"0312345678\"}}");
	assert_int_equal(ask(f, "DELETE", "/api/v1/numbers/05010000014", NULL), 200);
	assert_int_equal(ask(f, "POST", "/api/v1/numbers", NUMBER), 201);
	assert_int_equal(directory_forward(f->api.p.directory, SLICE("05010000014"), &there),
			 ERR_NOT_FOUND);
	assert_int_equal(ask(f, "GET", FORWARD, NULL), 200);
	assert_true(json_is_false(at(f, "unconditional", "on")));
	assert_null(target(f, 1, "digits"));
}

/* What was acknowledged is there after a restart. */
static void test_restart(void **state)
{
	static const struct hash_key key = {"forward"};
	struct directory_params p = {.hash_key = &key};
	struct fixture *f = *state;

	add(f);
	put(f, "{\"unconditional\":{\"on\":true,\"to\":\"0312345678\"}}");
	directory_free(f->api.p.directory);
	assert_int_equal(directory_new(&p, &f->api.p.directory), 0);
	assert_int_equal(directory_load(f->api.p.directory, f->api.store, 1), 0);
	check_in_force(f);
}

static void test_store_fails(void **state)
{
	struct fixture *f = *state;
	struct forward_settings there;

	add(f);
	assert_int_equal(sqlite3_exec(f->api.store->db,
				      "CREATE TEMP TRIGGER fails BEFORE INSERT ON forward_target"
				      " BEGIN SELECT RAISE(ABORT, 'x'); END",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(ask(f, "PUT", FORWARD, TARGET("0312345678")), 500);
	assert_int_equal(directory_forward(f->api.p.directory, SLICE("05010000014"), &there),
			 ERR_NOT_FOUND);
	assert_audited(f, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_set),
		TEST(test_set),
		TEST(test_to),
		TEST(test_refused),
		TEST(test_permission_taken_back),
		TEST(test_audit),
		TEST(test_number_removed),
		TEST(test_restart),
		TEST(test_store_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
