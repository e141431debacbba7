#include "ladder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COLUMNS 100

static json_t *add(json_t *trace, int64_t ms, const char *event)
{
	json_t *e = json_pack("{s:s,s:I,s:s}", "event", event, "mono_ms", (json_int_t)ms, "text",
			      "something happened");
	json_array_append_new(json_object_get(trace, "events"), e);
	return e;
}

static void add_message(json_t *trace, int64_t ms, const char *direction, const char *remote,
			const char *bytes)
{
	json_t *e = add(trace, ms, "SIP_MESSAGE");
	json_object_set_new(e, "direction", json_string(direction));
	json_object_set_new(e, "remote", json_string(remote));
	json_object_set_new(e, "local", json_string("192.0.2.1:5060"));
	json_object_set_new(e, "transport", json_string("udp"));
	json_object_set_new(e, "bytes", json_string(bytes));
}

static char *ladder_of(json_t *trace, bool color)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);
	assert_non_null(f);
	print_ladder(f, trace, color);
	fclose(f);
	json_decref(trace);
	return text;
}

static void assert_lines(const char *text, const char *const *want)
{
	for (; *want; want++) {
		size_t n = strcspn(text, "\n");
		if (n != strlen(*want) || strncmp(text, *want, n) != 0)
			fail_msg("\nwant %s\nhave %.*s", *want, (int)n, text);
		text += n + 1;
	}
	assert_string_equal(text, "");
}

#define CALLER	     "198.51.100.7:5062"
#define CALLEE	     "203.0.113.9:5064"
#define OTHER	     "203.0.113.10:5066"
#define INVITE_A     "INVITE sip:b SIP/2.0\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n"
#define RINGING_A    "SIP/2.0 180 Ringing\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n\r\n"
#define INVITE_B     "INVITE sip:b SIP/2.0\r\nCall-ID: b\r\nCSeq: 1 INVITE\r\n\r\n"
#define INVITE_OTHER "INVITE sip:b SIP/2.0\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n"

/* A phone that repeats its INVITE, media, and the two ends. */
static void test_call(void **state)
{
	static const char *const want[] = {
		"1 calls 2, now",
		"",
		"  seconds   caller                                 OpenGate "
		"                                 callee",
		"            198.51.100.7:5062 udp               192.0.2.1:50"
		"60                     203.0.113.9:5064",
		"    0.000   |-- INVITE ------------------------------->|    "
		"                                      |",
		"            |   audio 198.51.100.7:4000 PCMU           |    "
		"                                      |",
		"    0.500   |-- INVITE (again) ----------------------->|    "
		"                                      |",
		"    0.500   |                                          |-- I"
		"NVITE ------------------------------->|",
		"    0.600   |                 ( the callee's media comes fro"
		"m 203.0.113.9:4002 )                  |",
		"   12.000   |<- 180 Ringing ---------------------------|    "
		"                                      |",
		"   13.000   |                          ( something happened:"
		" why: how )                           |",
		NULL,
	};
	json_t *trace = json_pack("{s:[]}", "events"), *e;
	(void)state;
	add_message(trace, 1000, "in", CALLER,
		    INVITE_A "Content-Type: application/sdp\r\n\r\nv=0\r\nc=IN IP4 198.51.100.7\r\n"
			     "m=audio 4000 RTP/AVP 0\r\n");
	e = add(trace, 1000, "CALL_STARTED");
	json_object_update_new(e, json_pack("{s:s,s:s,s:s,s:s}", "call_id", "a", "from", "1", "to",
					    "2", "at", "now"));
	add_message(trace, 1500, "in", CALLER,
		    INVITE_A "Content-Type: application/sdp\r\n\r\nv=0\r\nc=IN IP4 198.51.100.7\r\n"
			     "m=audio 4000 RTP/AVP 0\r\n");
	add_message(trace, 1500, "out", CALLEE, INVITE_B);
	e = add(trace, 1600, "MEDIA_LEARNED");
	json_object_update_new(e, json_pack("{s:s,s:s,s:s}", "kind", "rtp", "leg", "b", "remote",
					    "203.0.113.9:4002"));
	e = add(trace, 1600, "MEDIA_LEARNED");
	json_object_update_new(e, json_pack("{s:s}", "kind", "rtcp"));
	add_message(trace, 13000, "out", CALLER, RINGING_A);
	e = add(trace, 14000, "SOMETHING");
	json_object_update_new(e, json_pack("{s:s,s:s}", "reason", "why", "detail", "how"));
	char *text = ladder_of(trace, false);
	assert_lines(text, want);
	free(text);
}

/* Several phones ring: each has its number. */
static void test_fork(void **state)
{
	json_t *trace = json_pack("{s:[]}", "events");
	(void)state;
	add_message(trace, 0, "in", CALLER, INVITE_A "\r\n");
	add_message(trace, 1, "out", CALLEE, INVITE_B);
	add_message(trace, 2, "out", OTHER, INVITE_OTHER);
	add_message(trace, 3, "out", OTHER, INVITE_OTHER);
	char *text = ladder_of(trace, false);
	assert_non_null(strstr(text, "callees\n"));
	assert_non_null(strstr(text, "  [1] " CALLEE "\n"));
	assert_non_null(strstr(text, "  [2] " OTHER "\n"));
	assert_non_null(strstr(text, "|-- INVITE [1] -"));
	assert_non_null(strstr(text, "|-- INVITE [2] -"));
	assert_non_null(strstr(text, "|-- INVITE [2] (again) -"));
	free(text);
}

/* What phones send may be long and strange: no line is wider than the terminal, no escape passes.
 */
static void test_strangers(void **state)
{
	json_t *trace = json_pack("{s:[]}", "events"), *e;
	char reason[300] = "SIP/2.0 486 \033[31m", remote[200];
	(void)state;
	memset(reason + 17, 'x', 200);
	strcat(reason, "\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n\r\n");
	memset(remote, '1', sizeof(remote) - 1);
	remote[sizeof(remote) - 1] = '\0';
	add_message(trace, 0, "in", remote, INVITE_A "\r\n");
	add_message(trace, 1, "out", remote, reason);
	add_message(trace, 2, "out", remote, "");
	e = add(trace, 3, "SOMETHING");
	json_object_update_new(e, json_pack("{s:s,s:s}", "reason", remote, "detail", "\033[2J"));
	char *text = ladder_of(trace, false);
	assert_null(strchr(text, '\033'));
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		assert_in_range(strcspn(line, "\n"), 0, COLUMNS);
	free(text);
}

static void test_color_and_nothing(void **state)
{
	json_t *trace = json_pack("{s:[]}", "events");
	(void)state;
	add_message(trace, 0, "out", CALLER, RINGING_A);
	add_message(trace, 0, "in", CALLER, INVITE_A "\r\n");
	char *text = ladder_of(trace, true);
	assert_non_null(strstr(text, "\033[1m"));
	free(text);
	text = ladder_of(json_pack("{s:[]}", "events"), true);
	assert_non_null(strstr(text, "OpenGate"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_color_and_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
