#include "sdp/sdp_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static struct addr address(const char *text)
{
	struct addr a = {0};
	if (text && addr_parse(slice_str(text), 0, &a) != 0)
		fail_msg("%s", text);
	return a;
}

static struct sdp parsed(struct slice text)
{
	struct sdp sdp;
	if (sdp_parse(text, &sdp) != 0)
		fail_msg("refused: %.*s", SLICE_ARG(text));
	return sdp;
}

static struct sdp_rewrite rewrite_to(const char *rtp, const char *rtcp)
{
	struct sdp_rewrite rw = {
		.session_id = 1001,
		.version = 7,
		.origin = address("203.0.113.1"),
		.origin_user = SLICE("opengate"),
	};
	for (size_t i = 0; i < SDP_STREAMS_MAX; i++) {
		rw.rtp[i] = address(rtp);
		rw.rtcp[i] = address(rtcp);
	}
	return rw;
}

static void check_write(const char *text, const struct sdp_rewrite *rw, const char *want)
{
	char memory[4096];
	struct strbuf b;
	struct sdp sdp = parsed(slice_str(text));
	strbuf_init(&b, memory, sizeof memory - 1);
	sdp_write(&b, &sdp, rw);
	assert_false(b.failed);
	memory[b.n] = '\0';
	assert_string_equal(memory, want);
}

#define OURS "v=0\r\no=opengate 1001 7 IN IP4 203.0.113.1\r\n"

static void test_plain(void **state)
{
	struct sdp_rewrite rw = rewrite_to("203.0.113.1:10000", NULL);
	(void)state;
	check_write("v=0\r\no=alice 1 1 IN IP4 192.168.1.5\r\ns=call\r\nc=IN IP4 192.168.1.5\r\n"
		    "b=AS:64\r\nt=0 0\r\na=tool:x\r\nm=audio 4000/2 RTP/AVP 0 101\r\n"
		    "a=rtpmap:101 telephone-event/8000\r\na=rtcp:4001 IN IP4 192.168.1.5\r\n"
		    "a=sendrecv\r\n",
		    &rw,
		    OURS "s=call\r\nc=IN IP4 203.0.113.1\r\nb=AS:64\r\nt=0 0\r\na=tool:x\r\n"
			 "m=audio 10000 RTP/AVP 0 101\r\n"
			 "a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n");
}

/* Names of the caller stay behind, what is missing is added, order is put right, line ends too. */
static void test_session_lines(void **state)
{
	struct sdp_rewrite rw = rewrite_to("203.0.113.1:10000", NULL);
	(void)state;
	check_write("v=0\no=alice 1 1 IN IP4 192.0.2.1\ne=alice@example.com\np=+81 50 1000 0014\n"
		    "u=http://example.com/alice\ni=info\na=group:BUNDLE 0\nc=IN IP4 192.0.2.1\n"
		    "m=audio 4000 RTP/AVP 0\nb=AS:80\ni=stream",
		    &rw,
		    OURS "s=-\r\ni=info\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\n"
			 "m=audio 10000 RTP/AVP 0\r\ni=stream\r\nb=AS:80\r\n");
}

static void test_origin(void **state)
{
	struct sdp_rewrite rw = rewrite_to("203.0.113.1:10000", NULL);
	(void)state;
	rw.origin = address(NULL);
	rw.origin_user = SLICE_NONE;
	rw.rtp[0] = address("[2001:db8::1]:10000");
	check_write("v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
		    &rw,
		    "v=0\r\no=- 1001 7 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\n"
		    "t=0 0\r\nm=audio 10000 RTP/AVP 0\r\n");
}

#define TWO                                                                                        \
	"v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"                \
	"m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"

static void test_refused_stream(void **state)
{
	struct sdp_rewrite rw = rewrite_to("203.0.113.1:10000", "203.0.113.1:10001");
	(void)state;
	rw.rtp[0] = address(NULL);
	rw.rtp[1] = address("203.0.113.2:10002");
	rw.rtcp[1] = address("203.0.113.3:10005");
	check_write(TWO, &rw,
		    OURS "s=-\r\nc=IN IP4 203.0.113.2\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n"
			 "m=video 10002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"
			 "a=rtcp:10005 IN IP4 203.0.113.3\r\n");
	rw.rtp[1] = address(NULL);
	check_write(TWO, &rw,
		    OURS "s=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n"
			 "m=video 0 RTP/AVP 96\r\n");
}

/* What a refused stream says of itself may name the phone's address. */
static void test_refused_stream_is_bare(void **state)
{
	struct sdp_rewrite rw = rewrite_to("203.0.113.1:10000", NULL);
	(void)state;
	rw.rtp[1] = address(NULL);
	check_write("v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
		    "m=audio 40000 RTP/AVP 0\r\nm=message 9 TCP/MSRP *\r\ni=files\r\n"
		    "a=path:msrp://192.0.2.1:9/x;tcp\r\n",
		    &rw,
		    OURS "s=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\nm=audio 10000 RTP/AVP 0\r\n"
			 "m=message 0 TCP/MSRP *\r\n");
}

static void test_stream_refused_by_phone(void **state)
{
	struct sdp_rewrite rw = rewrite_to("203.0.113.1:10000", "203.0.113.1:10001");
	(void)state;
	check_write("v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
		    "m=audio 0 RTP/AVP 0\r\n",
		    &rw, OURS "s=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n");
}

static void test_addresses_per_stream(void **state)
{
	struct sdp_rewrite rw = rewrite_to("203.0.113.1:10000", "203.0.113.1:10001");
	(void)state;
	rw.rtp[1] = address("[2001:db8::1]:10002");
	rw.rtcp[1] = address(NULL);
	check_write(TWO, &rw,
		    OURS "s=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\nm=audio 10000 RTP/AVP 0\r\n"
			 "a=rtcp:10001\r\nm=video 10002 RTP/AVP 96\r\nc=IN IP6 2001:db8::1\r\n"
			 "a=rtpmap:96 VP8/90000\r\n");
}

/* RFC 2543 hold: the zeroes pass, the port is ours. */
static void test_hold(void **state)
{
	struct sdp_rewrite rw = rewrite_to("203.0.113.1:10000", NULL);
	(void)state;
	check_write("v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
		    "m=audio 4000 RTP/AVP 0\r\n",
		    &rw, OURS "s=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 10000 RTP/AVP 0\r\n");
	check_write("v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
		    "m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\n",
		    &rw,
		    OURS "s=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\nm=audio 10000 RTP/AVP 0\r\n"
			 "m=video 10000 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\n");
}

/* What two phones agree on in keys, fingerprints and fax is theirs. */
static void test_untouched(void **state)
{
	struct sdp_rewrite rw = rewrite_to("203.0.113.1:10000", "203.0.113.1:10000");
	(void)state;
	check_write(
		"v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
		"a=ice-options:trickle\r\na=fingerprint:sha-256 AA:BB\r\n"
		"m=audio 4000 RTP/SAVP 0\r\n"
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
		"inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n"
		"a=rtcp-mux\r\na=setup:actpass\r\na=candidate:1 1 UDP 1 192.0.2.1 4000 typ host\r\n"
		"m=image 4002 udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n"
		"a=T38FaxUdpEC:t38UDPRedundancy\r\n",
		&rw,
		OURS "s=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\na=fingerprint:sha-256 AA:BB\r\n"
		     "m=audio 10000 RTP/SAVP 0\r\n"
		     "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
		     "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n"
		     "a=rtcp-mux\r\na=setup:actpass\r\na=rtcp:10000\r\n"
		     "m=image 10000 udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n"
		     "a=T38FaxUdpEC:t38UDPRedundancy\r\na=rtcp:10000\r\n");
}

static void test_full_buffer(void **state)
{
	struct sdp sdp = parsed(SLICE(TWO));
	struct sdp_rewrite rw = rewrite_to("203.0.113.1:10000", "203.0.113.1:10001");
	char memory[512];
	struct strbuf b;
	(void)state;
	strbuf_init(&b, memory, sizeof memory);
	sdp_write(&b, &sdp, &rw);
	assert_false(b.failed);
	for (size_t cap = 0, n = b.n; cap < n; cap++) {
		strbuf_init(&b, memory, cap);
		sdp_write(&b, &sdp, &rw);
		assert_true(b.failed);
	}
}

/* Attributes of a section that must arrive, one after the other. */
static struct slice next_kept(struct slice *rest)
{
	struct sdp_line line;
	while (sdp_line_next(rest, &line) > 0)
		if (line.type == 'a' && !sdp_attribute_is_dropped(line.value))
			return line.value;
	return SLICE_NONE;
}

static void check_same_attributes(struct slice a, struct slice b)
{
	struct slice x, y;
	do {
		x = next_kept(&a);
		y = next_kept(&b);
		assert_true(slice_eq(x, y));
	} while (x.p);
}

static void check_same_stream(const struct sdp_stream *a, const struct sdp_stream *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->proto, b->proto);
	assert_true(slice_eq(a->formats_text, b->formats_text));
	if (b->port == 0)
		return; /* refused: it says no more */
	assert_int_equal(a->direction, b->direction);
	assert_int_equal(a->ptime_ms, b->ptime_ms);
	assert_int_equal(a->rtcp_mux, b->rtcp_mux);
	assert_int_equal(a->on_hold_address && a->port != 0, b->on_hold_address && b->port != 0);
	assert_int_equal(a->format_count, b->format_count);
	for (uint32_t i = 0; i < a->format_count; i++) {
		assert_int_equal(a->formats[i].payload_type, b->formats[i].payload_type);
		assert_int_equal(a->formats[i].clock_hz, b->formats[i].clock_hz);
		assert_true(slice_eq(a->formats[i].name, b->formats[i].name));
	}
	check_same_attributes(a->text, b->text);
}

/* Descriptions put together from pieces by a small generator; the same ones at every run. */
static uint32_t below(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % n;
}

static void add_pieces(struct strbuf *b, uint32_t *seed, const char *const *pieces, uint32_t count,
		       uint32_t most)
{
	for (uint32_t n = below(seed, most + 1); n > 0; n--) {
		strbuf_str(b, pieces[below(seed, count)]);
		strbuf_str(b, below(seed, 4) ? "\r\n" : "\n");
	}
}

static void make_description(struct strbuf *b, uint32_t *seed)
{
	static const char *const session[] = {
		"s=-",	  "s=x y",	  "c=IN IP4 192.0.2.1", "c=IN IP6 2001:db8::1",
		"t=0 0",  "b=AS:64",	  "a=inactive",		"a=ice-lite",
		"k=none", "a=group:LS 1", "c=IN IP4 0.0.0.0",	"e=a@example.com",
	};
	static const char *const media[] = {
		"m=audio 4000 RTP/AVP 0 8 101",	       "m=audio 0 RTP/AVP",
		"m=video 4002/2 RTP/SAVPF 96 97",      "m=image 4004 udptl t38",
		"m=audio 9 UDP/TLS/RTP/SAVPF 111 101", "m=message 7394 TCP/MSRP *",
	};
	static const char *const lines[] = {
		"a=rtpmap:101 telephone-event/8000",
		"a=rtpmap:111 opus/48000/2",
		"a=fmtp:101 0-16",
		"a=ptime:30",
		"a=sendonly",
		"a=recvonly",
		"a=rtcp-mux",
		"a=rtcp:4009",
		"a=candidate:1 1 UDP 1 192.0.2.1 4000 typ host",
		"c=IN IP4 192.0.2.2",
		"c=IN IP4 phone.example.com",
		"c=IN IP4 0.0.0.0",
		"i=x",
		"b=TIAS:64000",
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x",
		"a=",
		"a=:",
	};
	strbuf_str(b, "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n");
	add_pieces(b, seed, session, COUNT(session), 6);
	for (uint32_t n = below(seed, SDP_STREAMS_MAX + 1); n > 0; n--) {
		strbuf_str(b, media[below(seed, COUNT(media))]);
		strbuf_str(b, "\r\n");
		add_pieces(b, seed, lines, COUNT(lines), 6);
	}
}

static void test_property(void **state)
{
	uint32_t seed = 1;
	(void)state;
	for (int i = 0; i < 20000; i++) {
		char before_memory[4096], after_memory[4096];
		struct strbuf before, after;
		strbuf_init(&before, before_memory, sizeof before_memory);
		strbuf_init(&after, after_memory, sizeof after_memory);
		make_description(&before, &seed);
		struct sdp a = parsed(strbuf_slice(&before));
		struct sdp_rewrite rw = rewrite_to("203.0.113.1:10000", NULL);
		sdp_write(&after, &a, &rw);
		assert_false(after.failed);
		struct sdp b = parsed(strbuf_slice(&after));
		assert_int_equal(a.stream_count, b.stream_count);
		check_same_attributes(a.session_text, b.session_text);
		for (uint32_t k = 0; k < a.stream_count; k++)
			check_same_stream(&a.streams[k], &b.streams[k]);
	}
}

static void test_same_but_origin(void **state)
{
#define HEAD "v=0\r\no=opengate 1 "
#define TAIL " IN IP4 192.0.2.1\r\ns=-\r\nm=audio "
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{HEAD "1" TAIL "2000\r\n", HEAD "2" TAIL "2000\r\n", true},
		{HEAD "1" TAIL "2000\r\n", HEAD "1" TAIL "2002\r\n", false},
		{HEAD "1" TAIL "2000\r\n", HEAD "1" TAIL "2000\r\na=x\r\n", false},
		{"v=0\r\ns=-\r\n", "v=0\r\ns=-\r\n", true},
		{"", "v=0\r\n", false},
		{HEAD, HEAD, true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(sdp_same_but_origin(slice_str(rows[i].a), slice_str(rows[i].b)),
				 rows[i].same);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_session_lines),
		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_refused_stream),
		cmocka_unit_test(test_refused_stream_is_bare),
		cmocka_unit_test(test_stream_refused_by_phone),
		cmocka_unit_test(test_addresses_per_stream),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_untouched),
		cmocka_unit_test(test_full_buffer),
		cmocka_unit_test(test_property),
		cmocka_unit_test(test_same_but_origin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
