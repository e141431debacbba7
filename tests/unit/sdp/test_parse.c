#include "base/err.h"
#include "sdp/sdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

#define HEAD "v=0\r\no=alice 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

static struct sdp parsed(const char *text)
{
	struct sdp sdp = {0};
	if (sdp_parse(slice_str(text), &sdp) != 0)
		fail_msg("refused: %s", text);
	return sdp;
}

static void check_addr(const struct addr *a, const char *want)
{
	char buf[ADDR_TEXT_BYTES];
	assert_string_equal(addr_is(a) ? addr_text(a, buf) : "", want);
}

static void test_phone(void **state)
{
	struct sdp sdp = parsed(HEAD "m=audio 49170 RTP/AVP 0 8 101\r\n"
				     "a=rtpmap:101 telephone-event/8000\r\n"
				     "a=fmtp:101 0-16\r\n"
				     "a=ptime:20\r\n"
				     "a=sendrecv\r\n"
				     "m=video 51372 RTP/AVPF 96\r\n"
				     "c=IN IP6 2001:db8::2\r\n"
				     "a=rtpmap:96 VP8/90000\r\n"
				     "a=recvonly\r\n");
	const struct sdp_stream *audio = &sdp.streams[0], *video = &sdp.streams[1];
	(void)state;
	assert_true(slice_eq(sdp.origin, SLICE("alice 1 1 IN IP4 192.0.2.1")));
	assert_true(slice_eq(sdp.session_text, SLICE(HEAD)));
	assert_int_equal(sdp.stream_count, 2);
	assert_int_equal(audio->kind, SDP_AUDIO);
	assert_int_equal(audio->proto, SDP_RTP_AVP);
	assert_true(slice_eq(audio->formats_text, SLICE("0 8 101")));
	assert_int_equal(audio->format_count, 3);
	assert_true(slice_eq(audio->formats[2].name, SLICE("telephone-event")));
	assert_int_equal(audio->ptime_ms, 20);
	assert_int_equal(audio->direction, SDP_SENDRECV);
	assert_true(audio->has_address && !audio->on_hold_address);
	check_addr(&audio->rtp, "192.0.2.1:49170");
	check_addr(&audio->rtcp, "192.0.2.1:49171");
	assert_true(slice_starts(audio->text, SLICE("m=audio")));
	assert_true(slice_ends(audio->text, SLICE("a=sendrecv\r\n")));
	assert_int_equal(video->kind, SDP_VIDEO);
	assert_int_equal(video->proto, SDP_RTP_AVPF);
	assert_int_equal(video->direction, SDP_RECVONLY);
	assert_int_equal(video->ptime_ms, 0);
	assert_int_equal(video->formats[0].clock_hz, 90000);
	check_addr(&video->rtp, "[2001:db8::2]:51372");
	assert_int_equal(sdp.session_text.n + audio->text.n + video->text.n, sdp.text.n);
}

static void test_media_lines(void **state)
{
	static const struct {
		const char *line;
		int want;
		uint16_t port;
		enum sdp_kind kind;
		enum sdp_proto proto;
		uint32_t formats;
	} rows[] = {
		{"audio 49170 RTP/AVP 0", 0, 49170, SDP_AUDIO, SDP_RTP_AVP, 1},
		{"audio 49170/2 RTP/AVP 0", 0, 49170, SDP_AUDIO, SDP_RTP_AVP, 1},
		{" audio\t49170  RTP/AVP  0 ", 0, 49170, SDP_AUDIO, SDP_RTP_AVP, 1},
		{"audio 0 RTP/AVP 0", 0, 0, SDP_AUDIO, SDP_RTP_AVP, 1},
		{"audio 0 RTP/AVP", 0, 0, SDP_AUDIO, SDP_RTP_AVP, 0},
		{"AUDIO 5 rtp/savp 0", 0, 5, SDP_AUDIO, SDP_RTP_SAVP, 1},
		{"video 65535 RTP/SAVPF 96 97", 0, 65535, SDP_VIDEO, SDP_RTP_SAVPF, 2},
		{"audio 9 UDP/TLS/RTP/SAVPF 111", 0, 9, SDP_AUDIO, SDP_RTP_DTLS, 1},
		{"audio 9 UDP/TLS/RTP/SAVP 111", 0, 9, SDP_AUDIO, SDP_RTP_DTLS, 1},
		{"image 5004 udptl t38", 0, 5004, SDP_IMAGE, SDP_UDPTL, 0},
		{"image 5004 UDPTL t38", 0, 5004, SDP_IMAGE, SDP_UDPTL, 0},
		{"message 7394 TCP/MSRP *", 0, 7394, SDP_MESSAGE, SDP_PROTO_OTHER, 0},
		{"application 9 UDP/BFCP *", 0, 9, SDP_APPLICATION, SDP_PROTO_OTHER, 0},
		{"text 11000 RTP/AVP 98", 0, 11000, SDP_TEXT, SDP_RTP_AVP, 1},
		{"chess 11000 RTP/AVP 98", 0, 11000, SDP_KIND_OTHER, SDP_RTP_AVP, 1},
		{"audio 65536 RTP/AVP 0", ERR_SYNTAX, 0, 0, 0, 0},
		{"audio -1 RTP/AVP 0", ERR_SYNTAX, 0, 0, 0, 0},
		{"audio 49170/ RTP/AVP 0", ERR_SYNTAX, 0, 0, 0, 0},
		{"audio 49170/x RTP/AVP 0", ERR_SYNTAX, 0, 0, 0, 0},
		{"audio x RTP/AVP 0", ERR_SYNTAX, 0, 0, 0, 0},
		{"audio 49170", ERR_SYNTAX, 0, 0, 0, 0},
		{"audio", ERR_SYNTAX, 0, 0, 0, 0},
		{"", ERR_SYNTAX, 0, 0, 0, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[512];
		struct sdp sdp;
		snprintf(text, sizeof text, HEAD "m=%s\r\n", rows[i].line);
		if (sdp_parse(slice_str(text), &sdp) != rows[i].want)
			fail_msg("%s", rows[i].line);
		if (rows[i].want != 0)
			continue;
		assert_int_equal(sdp.streams[0].port, rows[i].port);
		assert_int_equal(sdp.streams[0].kind, rows[i].kind);
		assert_int_equal(sdp.streams[0].proto, rows[i].proto);
		assert_int_equal(sdp.streams[0].format_count, rows[i].formats);
	}
}

/* Where RTP and RTCP go, by what session and stream say of it. */
static void test_addresses(void **state)
{
	static const struct {
		const char *session, *stream, *rtp, *rtcp;
		bool on_hold;
	} rows[] = {
		{"c=IN IP4 192.0.2.1\r\n", "", "192.0.2.1:4000", "192.0.2.1:4001", false},
		{"", "c=IN IP4 192.0.2.2\r\n", "192.0.2.2:4000", "192.0.2.2:4001", false},
		{"c=IN IP4 192.0.2.1\r\n", "c=IN IP4 192.0.2.2\r\n", "192.0.2.2:4000",
		 "192.0.2.2:4001", false},
		{"", "c=IN IP4 192.0.2.2\r\nc=IN IP4 192.0.2.3\r\n", "192.0.2.2:4000",
		 "192.0.2.2:4001", false},
		{"", "", "", "", false},
		{"c=IN IP4 192.0.2.1\r\n", "c=IN IP4 phone.example.com\r\n", "", "", false},
		{"c=IN IP4 192.0.2.1\r\n", "a=rtcp:5003\r\n", "192.0.2.1:4000", "192.0.2.1:5003",
		 false},
		{"c=IN IP4 192.0.2.1\r\n", "a=rtcp:5003 IN IP4 192.0.2.9\r\n", "192.0.2.1:4000",
		 "192.0.2.9:5003", false},
		{"", "a=rtcp:5003 IN IP6 2001:db8::9\r\nc=IN IP6 2001:db8::1\r\n",
		 "[2001:db8::1]:4000", "[2001:db8::9]:5003", false},
		{"c=IN IP4 192.0.2.1\r\n", "a=rtcp:5003 IN IP4 phone.example.com\r\n",
		 "192.0.2.1:4000", "", false},
		{"c=IN IP4 192.0.2.1\r\n", "a=rtcp:0\r\n", "192.0.2.1:4000", "", false},
		{"c=IN IP4 192.0.2.1\r\n", "a=rtcp:x\r\n", "192.0.2.1:4000", "192.0.2.1:4001",
		 false},
		{"c=IN IP4 192.0.2.1\r\n", "a=rtcp\r\n", "192.0.2.1:4000", "192.0.2.1:4001", false},
		{"c=IN IP4 192.0.2.1\r\n", "a=rtcp:5003\r\na=rtcp-mux\r\n", "192.0.2.1:4000",
		 "192.0.2.1:4000", false},
		{"c=IN IP4 0.0.0.0\r\n", "", "0.0.0.0:4000", "0.0.0.0:4001", true},
		{"c=IN IP4 192.0.2.1\r\n", "c=IN IP4 0.0.0.0\r\n", "0.0.0.0:4000", "0.0.0.0:4001",
		 true},
		{"c=IN IP6 ::\r\n", "", "[::]:4000", "[::]:4001", true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[512];
		snprintf(text, sizeof text,
			 "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n%st=0 0\r\n"
			 "m=audio 4000 RTP/AVP 0\r\n%s",
			 rows[i].session, rows[i].stream);
		struct sdp sdp = parsed(text);
		assert_int_equal(sdp.streams[0].has_address, *rows[i].rtp != '\0');
		check_addr(&sdp.streams[0].rtp, rows[i].rtp);
		check_addr(&sdp.streams[0].rtcp, rows[i].rtcp);
		assert_int_equal(sdp.streams[0].on_hold_address, rows[i].on_hold);
	}
}

static void test_no_rtcp(void **state)
{
	struct sdp sdp = parsed(HEAD "m=image 5004 udptl t38\r\n"
				     "m=audio 65535 RTP/AVP 0\r\n"
				     "m=audio 0 RTP/AVP 0\r\n");
	(void)state;
	check_addr(&sdp.streams[0].rtcp, "");
	check_addr(&sdp.streams[1].rtcp, "");
	check_addr(&sdp.streams[2].rtcp, "");
	assert_int_equal(sdp.streams[2].port, 0);
}

static void test_session_direction(void **state)
{
	struct sdp sdp = parsed(HEAD "a=sendonly\r\n"
				     "m=audio 4000 RTP/AVP 0\r\n"
				     "m=audio 4002 RTP/AVP 0\r\na=inactive\r\n");
	(void)state;
	assert_int_equal(sdp.streams[0].direction, SDP_SENDONLY);
	assert_int_equal(sdp.streams[1].direction, SDP_INACTIVE);
}

/* Ill-mannered, but no harm in it. */
static void test_sloppy(void **state)
{
	static const struct slice rows[] = {
		SLICE("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nm=audio 4000 RTP/AVP 0\n"),
		SLICE("\r\nv=0\r\no=x\r\nm=audio 4000 RTP/AVP 0"),
		SLICE("v=0 \r\no=- 1 1 IN IP4 192.0.2.1\r\n\r\nm=audio 4000 RTP/AVP 0\r\n\r\n"),
		SLICE("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n\0"),
		SLICE("v=0\r\nt=0 0\r\nc=IN IP4 192.0.2.1\r\no=- 1 1 IN IP4 192.0.2.1\r\n"
		      "y=0\r\nm=audio 4000 RTP/AVP 0\r\nt=0 0\r\n"),
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sdp sdp;
		assert_int_equal(sdp_parse(rows[i], &sdp), 0);
		assert_int_equal(sdp.stream_count, 1);
		assert_int_equal(sdp.streams[0].port, 4000);
	}
}

static void test_no_stream(void **state)
{
	struct sdp sdp = parsed(HEAD);
	(void)state;
	assert_int_equal(sdp.stream_count, 0);
	assert_true(slice_eq(sdp.session_text, SLICE(HEAD)));
}

static void test_refused(void **state)
{
	static const struct slice rows[] = {
		SLICE(""),
		SLICE("\r\n"),
		SLICE("hello"),
		SLICE("o=- 1 1 IN IP4 192.0.2.1\r\nv=0\r\n"),
		SLICE("v=1\r\no=- 1 1 IN IP4 192.0.2.1\r\n"),
		SLICE("v=0\r\n"),
		SLICE("v=0\r\no=\r\n"),
		SLICE("v=0\r\nm=audio 4000 RTP/AVP 0\r\n"),
		SLICE("v=0\r\nm=audio 4000 RTP/AVP 0\r\no=- 1 1 IN IP4 192.0.2.1\r\n"),
		SLICE(HEAD "v=0\r\n"),
		SLICE(HEAD "o=- 1 1 IN IP4 192.0.2.1\r\n"),
		SLICE(HEAD "m=audio 4000 RTP/AVP 0\r\no=- 1 1 IN IP4 192.0.2.1\r\n"),
		SLICE(HEAD "m=audio 4000 RTP/AVP 0\r\nrtpmap:0 PCMU/8000\r\n"),
		SLICE(HEAD "m=audio 4000 RTP/AVP 0\r\na=x\0y\r\n"),
		SLICE(HEAD "m=audio 4000 RTP/AVP 0\r\na=x\rc=IN IP4 192.0.2.1\r\n"),
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sdp sdp = {.stream_count = 77};
		if (sdp_parse(rows[i], &sdp) != ERR_SYNTAX)
			fail_msg("taken: %.*s", SLICE_ARG(rows[i]));
		assert_int_equal(sdp.stream_count, 77);
	}
}

static void test_limits(void **state)
{
	char *text = malloc(SDP_BYTES_MAX + 64);
	struct sdp sdp;
	(void)state;
	strcpy(text, HEAD);
	for (int i = 0; i < SDP_STREAMS_MAX; i++)
		strcat(text, "m=audio 4000 RTP/AVP 0\r\n");
	assert_int_equal(sdp_parse(slice_str(text), &sdp), 0);
	assert_int_equal(sdp.stream_count, SDP_STREAMS_MAX);
	strcat(text, "m=audio 4000 RTP/AVP 0\r\n");
	assert_int_equal(sdp_parse(slice_str(text), &sdp), ERR_LIMIT);

	strcpy(text, HEAD "a=");
	size_t n = strlen(text);
	memset(text + n, 'x', SDP_BYTES_MAX + 1 - n);
	assert_int_equal(sdp_parse(slice_of(text, SDP_BYTES_MAX), &sdp), 0);
	assert_int_equal(sdp_parse(slice_of(text, SDP_BYTES_MAX + 1), &sdp), ERR_TOO_BIG);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phone),
		cmocka_unit_test(test_media_lines),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_no_rtcp),
		cmocka_unit_test(test_session_direction),
		cmocka_unit_test(test_sloppy),
		cmocka_unit_test(test_no_stream),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
