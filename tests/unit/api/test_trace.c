#include "api/trace.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MEMORY ((size_t)1 << 20)

static void tell(struct trace *t, const struct event *e)
{
	static char buf[400000];
	struct event_bytes bytes;
	size_t n;

	assert_int_equal(event_encode(e, buf, sizeof(buf), &n), 0);
	assert_int_equal(event_peek(slice_of(buf, n), &bytes), 0);
	trace_events(t, &bytes, 1);
}

static void say(struct trace *t, enum event_type type, uint64_t call, const char *call_id,
		struct slice text)
{
	struct event e = {.type = type, .call = call};

	if (call_id)
		event_add_text(&e, EVENT_KEY_CALL_ID, slice_str(call_id));
	event_add_text(&e, EVENT_KEY_DETAIL, text);
	tell(t, &e);
}

/* The details of a call's events, one after another. */
static void assert_ladder(struct trace *t, uint64_t call, const char *want)
{
	json_t *all = trace_of_call(t, call), *one;
	char got[256] = "";
	size_t i;

	json_array_foreach(all, i, one)
		strncat(got, json_string_value(json_object_get(one, "detail")), 20);
	assert_string_equal(got, want);
	json_decref(all);
}

/* A call's events, and the messages of its legs that came before it had its number. */
static void test_ladder(void **state)
{
	struct trace *t;

	(void)state;
	assert_int_equal(trace_new(MEMORY, &t), 0);
	assert_null(trace_of_call(t, 7));
	say(t, EVENT_SIP_MESSAGE, 0, "one", SLICE("a"));
	say(t, EVENT_SIP_MESSAGE, 0, "other", SLICE("b"));
	say(t, EVENT_KEEPALIVE, 0, "one", SLICE("c")); /* of no call */
	say(t, EVENT_SIP_MESSAGE, 7, "one", SLICE("d"));
	say(t, EVENT_CALL_STARTED, 7, NULL, SLICE("e"));
	say(t, EVENT_CALL_STARTED, 8, "other", SLICE("f"));
	say(t, EVENT_SIP_MESSAGE, 7, "two", SLICE("g"));
	say(t, EVENT_SIP_MESSAGE, 0, "two", SLICE("h"));
	assert_ladder(t, 7, "adegh");
	assert_ladder(t, 8, "bf");
	assert_null(trace_of_call(t, 9));
	trace_free(t);
	trace_free(NULL);
}

static void test_fields(void **state)
{
	struct event e = {.type = EVENT_CALL_ENDED, .call = 7, .wall_ms = 1, .mono_ms = 2};
	struct trace *t;
	json_t *all, *one;

	(void)state;
	assert_int_equal(trace_new(MEMORY, &t), 0);
	event_add_number(&e, EVENT_KEY_CODE, 486);
	event_add_text(&e, EVENT_KEY_REASON, SLICE("busy"));
	tell(t, &e);
	all = trace_of_call(t, 7);
	one = json_array_get(all, 0);
	assert_string_equal(json_string_value(json_object_get(one, "event")), "CALL_ENDED");
	assert_string_equal(json_string_value(json_object_get(one, "text")), "call ended");
	assert_string_equal(json_string_value(json_object_get(one, "reason")), "busy");
	assert_int_equal(json_integer_value(json_object_get(one, "code")), 486);
	assert_int_equal(json_integer_value(json_object_get(one, "mono_ms")), 2);
	json_decref(all);
	trace_free(t);
}

/* The oldest go, never the newest half, however often the memory was filled. */
static void test_oldest_go(void **state)
{
	const size_t lengths[] = {100, 3000, 70000, 17, 5000};
	char *text = calloc(1, 70000);
	struct trace *t;
	size_t sum = 0;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 70000);
	assert_int_equal(trace_new(MEMORY, &t), 0);
	for (uint64_t call = 1; call <= 500; call++) {
		size_t n = lengths[call % 5];
		uint64_t kept = call;

		say(t, EVENT_CALL_STARTED, call, NULL, slice_of(text, n));
		sum = n;
		for (; kept > 1 && sum + lengths[(kept - 1) % 5] < MEMORY / 2; kept--)
			sum += lengths[(kept - 1) % 5];
		for (uint64_t i = kept; i <= call; i++) {
			json_t *all = trace_of_call(t, i);
			assert_int_equal(json_array_size(all), 1);
			json_decref(all);
		}
	}
	assert_null(trace_of_call(t, 1));
	assert_null(trace_of_call(t, 400));
	trace_free(t);
	free(text);
}

/* More than a block holds is not kept, and does no harm. */
static void test_too_large(void **state)
{
	char *text = calloc(1, 300000);
	struct trace *t;

	(void)state;
	assert_non_null(text);
	assert_int_equal(trace_new(MEMORY, &t), 0);
	say(t, EVENT_CALL_STARTED, 7, NULL, SLICE("a"));
	say(t, EVENT_CALL_STARTED, 7, NULL, slice_of(text, 300000));
	say(t, EVENT_CALL_STARTED, 7, NULL, SLICE("b"));
	assert_ladder(t, 7, "ab");
	trace_free(t);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ladder),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_oldest_go),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
