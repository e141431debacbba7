#include "event/event.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static void assert_line(const struct event *e, const char *want)
{
	char buf[1024];
	struct slice line = event_log_line(e, buf, sizeof(buf));

	if (!slice_eq(line, slice_str(want)))
		fail_msg("\"%.*s\" instead of \"%s\"", SLICE_ARG(line), want);
}

static void test_whole_line(void **state)
{
	struct event e = {.type = EVENT_CALL_ANSWERED,
			  .wall_ms = 1795552867123,
			  .call = 0x0190abcdef,
			  .number = SLICE("05012345678")};

	(void)state;
	event_add_number(&e, EVENT_KEY_CODE, 200);
	event_add_text(&e, EVENT_KEY_REMOTE, SLICE("[2001:db8::1]:5060"));
	assert_line(&e, "2026-11-24T20:41:07.123Z info call answered call=0000000190abcdef "
			"number=05012345678 code=200 remote=[2001:db8::1]:5060");
}

static void test_levels_and_times(void **state)
{
	static const struct {
		enum event_type type;
		int64_t wall_ms;
		const char *want;
	} rows[] = {
		{EVENT_KEEPALIVE, 0, "1970-01-01T00:00:00.000Z trace keepalive"},
		{EVENT_SERVER_STARTED, 951782400007,
		 "2000-02-29T00:00:00.007Z info server started"},
		{EVENT_MEDIA_SILENT, 999, "1970-01-01T00:00:00.999Z warning no media"},
		{EVENT_STORE_FAILED, -1, "1969-12-31T23:59:59.999Z error store failed"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct event e = {.type = rows[i].type, .wall_ms = rows[i].wall_ms};

		assert_line(&e, rows[i].want);
	}
}

static void test_quoting(void **state)
{
	static const struct {
		struct slice text;
		const char *want;
	} rows[] = {
		{SLICE("plain"), "plain"},
		{SLICE(""), "\"\""},
		{SLICE("two words"), "\"two words\""},
		{SLICE("a=b"), "\"a=b\""},
		{SLICE("say \"hi\" \\o/"), "\"say \\\"hi\\\" \\\\o/\""},
		{SLICE("a\r\nb"), "\"a\\x0d\\x0ab\""},
		{SLICE("a\0b"), "\"a\\x00b\""},
		{SLICE("\x1b[31m\x7f"), "\"\\x1b[31m\\x7f\""},
		{SLICE("\xe9\x9b\xbb\xe8\xa9\xb1"), "\xe9\x9b\xbb\xe8\xa9\xb1"},
		{SLICE("caf\xe9"), "\"caf\\xe9\""},
		{SLICE("\xc2\x85\xc2\xa0"),
		 "\"\\xc2\\x85\xc2\xa0\""}, /* C1 control, no-break space */
		{SLICE("\xed\xa0\x80"), "\"\\xed\\xa0\\x80\""},
		{SLICE("cut \xe9\x9b"), "\"cut \\xe9\\x9b\""},
	};
	char want[200];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct event e = {.type = EVENT_KEEPALIVE};

		event_add_text(&e, EVENT_KEY_DETAIL, rows[i].text);
		snprintf(want, sizeof(want), "1970-01-01T00:00:00.000Z trace keepalive detail=%s",
			 rows[i].want);
		assert_line(&e, want);
	}
}

static void test_numbers(void **state)
{
	struct event e = {.type = EVENT_KEEPALIVE};

	(void)state;
	event_add_number(&e, EVENT_KEY_COUNT, INT64_MIN);
	event_add_number(&e, EVENT_KEY_COUNT, INT64_MAX);
	assert_line(&e, "1970-01-01T00:00:00.000Z trace keepalive count=-9223372036854775808 "
			"count=9223372036854775807");
}

/* Cut anywhere, the line stays well-formed text: no half character, no half escape. */
static void test_cut(void **state)
{
	struct event e = {.type = EVENT_KEEPALIVE};
	char buf[200], whole[200];
	struct slice full, line;

	(void)state;
	event_add_text(&e, EVENT_KEY_DETAIL, SLICE("\xe9\x9b\xbb\x01\xe8\xa9\xb1\x02"));
	full = event_log_line(&e, whole, sizeof(whole));
	for (size_t cap = 0; cap <= full.n; cap++) {
		line = event_log_line(&e, buf, cap);
		assert_true(line.n <= cap);
		assert_true(slice_starts(full, line));
		assert_true(slice_is_utf8(line));
		assert_false(slice_ends(line, SLICE("\\")) || slice_ends(line, SLICE("\\x")) ||
			     slice_ends(line, SLICE("\\x0")));
	}
	assert_int_equal(line.n, full.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_line), cmocka_unit_test(test_levels_and_times),
		cmocka_unit_test(test_quoting),	   cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
