#include "sdp/sdp_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static struct sdp_stream stream_with(const char *formats)
{
	struct sdp_stream stream = {.formats_text = slice_str(formats)};
	sdp_formats_parse(&stream);
	return stream;
}

static void check_format(const struct sdp_format *f, uint8_t pt, const char *name, uint32_t hz)
{
	assert_int_equal(f->payload_type, pt);
	assert_true(slice_eq(f->name, slice_str(name)));
	assert_int_equal(f->clock_hz, hz);
}

static void test_static(void **state)
{
	struct sdp_stream s = stream_with("0 8  18\t9 101 34");
	(void)state;
	assert_int_equal(s.format_count, 6);
	check_format(&s.formats[0], 0, "PCMU", 8000);
	check_format(&s.formats[1], 8, "PCMA", 8000);
	check_format(&s.formats[2], 18, "G729", 8000);
	check_format(&s.formats[3], 9, "G722", 8000);
	check_format(&s.formats[4], 101, "", 0);
	check_format(&s.formats[5], 34, "H263", 90000);
}

static void test_not_payload_types(void **state)
{
	struct sdp_stream s = stream_with("t38 128 -1 * 0x 8");
	(void)state;
	assert_int_equal(s.format_count, 1);
	check_format(&s.formats[0], 8, "PCMA", 8000);
	s = stream_with("");
	assert_int_equal(s.format_count, 0);
}

static void test_many(void **state)
{
	char text[512] = "";
	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, "96 ");
	struct sdp_stream s = stream_with(text);
	assert_int_equal(s.format_count, SDP_FORMATS_MAX);
}

static void test_rtpmap(void **state)
{
	static const struct {
		const char *value, *name;
		uint32_t clock_hz;
	} rows[] = {
		{"101 telephone-event/8000", "telephone-event", 8000},
		{"101  opus/48000/2 ", "opus", 48000},
		{"101 L16/44100", "L16", 44100},
		{"102 other/8000", "", 0},
		{"101 opus", "", 0},
		{"101 opus/", "", 0},
		{"101 opus/x", "", 0},
		{"101 opus/99999999999", "", 0},
		{"101 /8000", "", 0},
		{"101", "", 0},
		{"x opus/48000", "", 0},
		{"", "", 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sdp_stream s = stream_with("101");
		sdp_rtpmap_apply(&s, slice_str(rows[i].value));
		check_format(&s.formats[0], 101, rows[i].name, rows[i].clock_hz);
	}
}

static void test_answer_fits(void **state)
{
	static const struct {
		const char *offer, *answer;
		bool fits;
	} rows[] = {
		{"0 101", "0 101", true},  {"0 101", "8", false},
		{"0 101", "8 101", false}, {"0 101", "8 0", true},
		{"0 101", "101", true},	   {"0 13", "13", true},
		{"0 8", "8", true},	   {"0 96", "97", true},
		{"0 98", "98", true},	   {"0", "98", false},
		{"96", "99", false},	   {"0", "", true},
		{"", "0", false},	   {"0 13 101", "18 13 101", false},
	};
	struct sdp_stream pcmu = stream_with("0"), renamed = stream_with("0"),
			  events = stream_with("0 101"), nameless = stream_with("8 101");
	(void)state;
	sdp_rtpmap_apply(&renamed, SLICE("0 mu-law/8000"));
	assert_true(sdp_answer_fits(&pcmu, &renamed));
	sdp_rtpmap_apply(&events, SLICE("101 telephone-event/8000"));
	assert_false(sdp_answer_fits(&events, &nameless));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sdp_stream offer = stream_with(rows[i].offer),
				  answer = stream_with(rows[i].answer);
		/* 96 and 97 are the same codec, 98 has no name, 99 another clock */
		static const char *const maps[] = {"96 opus/48000/2", "97 OPUS/48000",
						   "99 opus/16000", "101 telephone-event/8000"};
		for (size_t m = 0; m < COUNT(maps); m++) {
			sdp_rtpmap_apply(&offer, slice_str(maps[m]));
			sdp_rtpmap_apply(&answer, slice_str(maps[m]));
		}
		if (sdp_answer_fits(&offer, &answer) != rows[i].fits)
			fail_msg("\"%s\" to \"%s\"", rows[i].answer, rows[i].offer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_static),	    cmocka_unit_test(test_not_payload_types),
		cmocka_unit_test(test_many),	    cmocka_unit_test(test_rtpmap),
		cmocka_unit_test(test_answer_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
