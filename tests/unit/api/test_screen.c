/* Screening of a number through the table of routes: set, refused, kept. */
#include "fixture.h"

#define SCREENING "/api/v1/numbers/050-1000-0014/screening"

static const char *entry(const struct fixture *f, size_t i, const char *member)
{
	const json_t *o = json_array_get(json_object_get(f->r.json, "blocked"), i);

	return json_string_value(json_object_get(o, member));
}

static void put(struct fixture *f, const char *body)
{
	unsigned status = ask(f, "PUT", SCREENING, body);

	if (status != 200)
		fail_msg("%s: %u %s", body, status, answered(f, "message"));
}

static bool is_on(const struct fixture *f, const char *key)
{
	return json_is_true(json_object_get(f->r.json, key));
}

static enum screen_verdict asked_by(struct fixture *f, const char *caller, bool withheld)
{
	const struct screen_caller c = {slice_str(caller), slice_str(caller), withheld};

	return directory_screen(f->api.p.directory, SLICE("05010000014"), &c);
}

static void test_set(void **state)
{
	struct fixture *f = *state;

	add(f);
	assert_int_equal(ask(f, "GET", SCREENING, NULL), 200);
	assert_false(is_on(f, "reject_anonymous") || is_on(f, "reject_abroad"));
	put(f,
	    "{\"reject_anonymous\":true,\"inbound_limit\":2,\"block\":[{\"caller\":\"０３－１２３４"
	    "－５６７８\",\"memo\":\"勧誘\"},{\"caller\":\"+1 212 555 0100\"}]}");
	assert_int_equal(asked_by(f, "0398765432", true), SCREEN_ANONYMOUS);
	assert_int_equal(asked_by(f, "0312345678", false), SCREEN_BLOCKED);
	assert_int_equal(asked_by(f, "01012125550100", false), SCREEN_BLOCKED);
	assert_int_equal(directory_inbound_take(f->api.p.directory, SLICE("05010000014"), 1), 0);
	assert_int_equal(directory_inbound_take(f->api.p.directory, SLICE("05010000014"), 2), 0);
	assert_int_equal(directory_inbound_take(f->api.p.directory, SLICE("05010000014"), 3),
			 ERR_LIMIT);
	/* what is absent stays; an entry keeps its memo */
	put(f, "{\"reject_abroad\":true,\"block\":[{\"caller\":\"0312345678\"}]}");
	assert_int_equal(ask(f, "GET", SCREENING, NULL), 200);
	assert_true(is_on(f, "reject_anonymous") && is_on(f, "reject_abroad"));
	assert_int_equal(json_integer_value(json_object_get(f->r.json, "inbound_limit")), 2);
	assert_string_equal(entry(f, 0, "caller"), "01012125550100");
	assert_string_equal(entry(f, 1, "caller"), "0312345678");
	assert_string_equal(entry(f, 1, "memo"), "勧誘");
	assert_non_null(entry(f, 1, "added_at"));
	put(f,
	    "{\"unblock\":[\"+81-3-1234-5678\"],\"reject_anonymous\":false,\"inbound_limit\":0}");
	assert_int_equal(asked_by(f, "0312345678", true), SCREEN_PASS);
	assert_int_equal(asked_by(f, "01012125550101", false), SCREEN_ABROAD);
	assert_int_equal(directory_inbound_take(f->api.p.directory, SLICE("05010000014"), 3), 0);
}

static void test_full(void **state)
{
	struct fixture *f = *state;
	char body[128];

	add(f);
	for (int i = 0; i < SCREEN_BLOCKS_MAX; i++) {
		snprintf(body, sizeof(body), "{\"block\":[{\"caller\":\"03%08d\"}]}", 12345000 + i);
		put(f, body);
	}
	put(f, "{\"block\":[{\"caller\":\"0312345042\",\"memo\":\"there\"}]}");
	assert_int_equal(ask(f, "PUT", SCREENING, "{\"block\":[{\"caller\":\"0612345678\"}]}"),
			 409);
	assert_string_equal(answered(f, "field"), "block.1.caller");
	put(f, "{\"unblock\":[\"0312345000\"],\"block\":[{\"caller\":\"0612345678\"}]}");
	assert_int_equal(asked_by(f, "0612345678", false), SCREEN_BLOCKED);
	assert_int_equal(asked_by(f, "0312345000", false), SCREEN_PASS);
}

#define CALLER(text) "{\"block\":[{\"caller\":\"" text "\"}]}"

static void test_refused(void **state)
{
	const struct {
		unsigned status;
		const char *field, *body;
	} rows[] = {
		{400, NULL, "{}"},
		{400, "inbound_limit", "{\"inbound_limit\":33}"},
		{400, "inbound_limit", "{\"inbound_limit\":-1}"},
		{400, "block.1", "{\"block\":[{}]}"},
		{400, "block.1", "{\"block\":[{\"caller\":3}]}"},
		{400, "block.1", "{\"block\":[{\"caller\":\"0312345678\",\"memo\":1}]}"},
		{400, "block.1", "{\"block\":[{\"caller\":\"0312345678\",\"note\":\"\"}]}"},
		{400, "block.2.caller",
		 "{\"block\":[{\"caller\":\"0312345678\"},{\"caller\":\"x\"}]}"},
		{400, "block.1.caller", CALLER("")},
		{400, "block.1.caller", CALLER("110")},
		{400, "block.1.caller", CALLER("*43")},
		{400, "block.1.caller", CALLER("031234567")},
		{400, "block.1.caller", CALLER("12345678")},
		{400, "block.1.caller", CALLER("1840312345678")},
		{400, "block.1.caller", CALLER("0101234567890123456789")},
		{400, "block.1.caller", CALLER("050-1000-0014")},
		{400, "block.1.memo",
		 "{\"block\":[{\"caller\":\"0312345678\",\"memo\":\"two\\nlines\"}]}"},
		{404, "unblock.1", "{\"unblock\":[\"0312345678\"]}"},
		{400, "unblock.1", "{\"unblock\":[\"alice\"]}"},
	};
	struct fixture *f = *state;

	add(f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s\n", rows[i].body);
		assert_int_equal(ask(f, "PUT", SCREENING, rows[i].body), rows[i].status);
		if (rows[i].field)
			assert_string_equal(answered(f, "field"), rows[i].field);
		assert_non_null(answered(f, "message"));
		assert_non_null(answered(f, "message_ja"));
	}
	assert_int_equal(ask(f, "GET", "/api/v1/numbers/05010000099/screening", NULL), 404);
	assert_int_equal(asked_by(f, "0312345678", false), SCREEN_PASS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_set), TEST(test_full), TEST(test_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
