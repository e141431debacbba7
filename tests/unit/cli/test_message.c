#include "ladder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SDP_HEAD "Content-Type: application/sdp\r\n\r\nv=0\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

struct row {
	const char *bytes, *what, *media[MESSAGE_MEDIA_MAX];
};

static const struct row rows[] = {
	{"INVITE sip:a@b SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n", "INVITE", {0}},
	{"SIP/2.0 180 Ringing\r\nCSeq: 1 INVITE\r\n\r\n", "180 Ringing", {0}},
	{"SIP/2.0 200 OK\r\ncseq : 2 BYE\r\n\r\n", "200 OK (BYE)", {0}},
	{"SIP/2.0 200 O\x1b[2JK\r\nCSeq: 2 INVITE\r\n\r\n", "200 O?[2JK", {0}},
	{"SIP/2.0 200", "200", {0}},
	{"", "", {0}},
	{"INVITE a SIP/2.0\r\n" SDP_HEAD
	 "m=audio 4000 RTP/AVP 0 8 101 96\r\na=rtpmap:101 telephone-event/8000\r\n"
	 "a=rtpmap:96 opus/48000/2\r\n",
	 "INVITE",
	 {"audio 192.0.2.1:4000 PCMU PCMA DTMF opus"}},
	{"INVITE a SIP/2.0\r\n" SDP_HEAD
	 "m=audio 0 RTP/AVP 0\r\nm=video 4002 RTP/AVP 97\r\nc=IN IP6 2001:db8::1\r\n"
	 "a=rtpmap:97 VP8/90000\r\na=sendonly\r\nm=image 4004 udptl t38\r\na=inactive\r\n",
	 "INVITE",
	 {"audio refused", "video sendonly [2001:db8::1]:4002 VP8",
	  "image inactive 192.0.2.1:4004"}},
	{"INVITE a SIP/2.0\r\nc: application/sdp\r\n\r\nv=0\r\nm=audio 9 RTP/AVP "
	 "0\r\na=inactivex\r\n",
	 "INVITE",
	 {"audio ?:9 PCMU"}},
	{"INVITE a SIP/2.0\r\nContent-Type: text/plain\r\n\r\nm=audio 9 RTP/AVP 0\r\n",
	 "INVITE",
	 {0}},
};

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct message_words words;
		message_read(rows[i].bytes, &words);
		assert_string_equal(words.what, rows[i].what);
		for (unsigned m = 0; m < MESSAGE_MEDIA_MAX; m++) {
			assert_int_equal(m < words.media_count, rows[i].media[m] != NULL);
			if (rows[i].media[m])
				assert_string_equal(words.media[m], rows[i].media[m]);
		}
	}
}

/* More than there is room for is cut, never more than that. */
static void test_much(void **state)
{
	char bytes[4096] = "SIP/2.0 200 ";
	struct message_words words;
	(void)state;
	memset(bytes + 12, 'x', 1000);
	strcpy(bytes + 1012, "\r\nCSeq: 1 BYE\r\n" SDP_HEAD);
	for (int i = 0; i < 10; i++)
		strcat(bytes, "m=audio 4000 RTP/AVP 0 8 0 8 0 8 0 8 0 8 0 8 0 8 0 8 0 8 0 8 0 8 0 "
			      "8 0 8 0 8\r\n");
	message_read(bytes, &words);
	assert_int_equal(strlen(words.what), MESSAGE_TEXT_BYTES - 1);
	assert_int_equal(words.media_count, MESSAGE_MEDIA_MAX);
	assert_true(strlen(words.media[0]) < MESSAGE_TEXT_BYTES);
}

static void test_header(void **state)
{
	const char *bytes = "INVITE a SIP/2.0\r\nX-i: 1\r\ni:  42 \r\n\r\nCall-ID: 7\r\n";
	char value[8];
	(void)state;
	message_header(bytes, "Call-ID", "i", value, sizeof(value));
	assert_string_equal(value, "42 ");
	message_header(bytes, "From", "f", value, sizeof(value));
	assert_string_equal(value, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_much),
		cmocka_unit_test(test_header),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
