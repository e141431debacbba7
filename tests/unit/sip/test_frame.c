#include "check.h"

static void check_frame(const char *text, int want, size_t want_bytes)
{
	size_t bytes = 0;

	check_number(sip_msg_frame(slice_str(text), &bytes), want, text);
	if (want == 0)
		check_number((long long)bytes, (long long)want_bytes, text);
}

#define LINE "OPTIONS sip:a@b SIP/2.0\r\n"

static void test_whole(void **state)
{
	static const struct {
		const char *text;
		size_t behind; /* bytes of the next message */
	} rows[] = {
		{LINE "Content-Length: 0\r\n\r\n", 0},
		{LINE "Content-Length: 0\r\n\r\nOPTIONS", 7},
		{LINE "Content-Length: 5\r\n\r\nhello", 0},
		{LINE "Content-Length: 5\r\n\r\nhello\r\n\r\n", 4},
		{LINE "l: 5\r\n\r\nhello", 0},
		{LINE "L:5\r\n\r\nhello", 0},
		{LINE "content-LENGTH \t:  005 \r\n\r\nhello", 0},
		{LINE "Content-Length:\r\n 5\r\n\r\nhello", 0},
		{LINE "Content-Length: 5\r\nl: 5\r\n\r\nhello", 0},
		{LINE "Via: x\r\nnot a header\r\nl: 0\r\n\r\n", 0},
		{"OPTIONS sip:a@b SIP/2.0\nl: 2\n\nhi", 0},
		{"SIP/2.0 200 OK\r\nl: 0\r\n\r\n", 0},
		{"sip/2.0 200 OK\r\nl: 0\r\n\r\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t whole = strlen(rows[i].text) - rows[i].behind, none = 0;
		check_frame(rows[i].text, 0, whole);
		for (size_t n = 0; n < whole; n++)
			check_number(sip_msg_frame(slice_of(rows[i].text, n), &none), ERR_AGAIN,
				     rows[i].text);
	}
}

static void test_broken(void **state)
{
	static const char *const rows[] = {
		LINE "\r\n",
		LINE "Via: x\r\n\r\n",
		LINE "Content-Length: -1\r\n\r\n",
		LINE "Content-Length: x\r\n\r\n",
		LINE "Content-Length:\r\n\r\n",
		LINE "Content-Length: 5 5\r\n\r\nhello",
		LINE "Content-Length: 5, 5\r\n\r\nhello",
		LINE "Content-Length: 5\r\nl: 6\r\n\r\nhello!",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		" OPTIONS sip:a@b SIP/2.0\r\n",
		"\x16\x03\x01",
		"\r\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_frame(rows[i], ERR_SYNTAX, 0);
	check_frame(LINE "Content-Length: 65536\r\n\r\n", ERR_TOO_BIG, 0);
	check_frame(LINE "Content-Length: 99999999999999999999999999\r\n\r\n", ERR_TOO_BIG, 0);
}

/* A message may have 65,535 bytes, headers and body together; more is refused before it is there.
 */
static void test_size(void **state)
{
	static char text[SIP_MESSAGE_BYTES_MAX + 2];
	size_t head = (size_t)snprintf(text, sizeof(text), LINE "l: 65497\r\n\r\n"), bytes = 0;

	(void)state;
	memset(text + head, 'b', sizeof(text) - head);
	snprintf(text, head + 1, LINE "l: %05zu\r\n\r\n", SIP_MESSAGE_BYTES_MAX - head);
	text[head] = 'b';
	assert_int_equal(sip_msg_frame(slice_of(text, SIP_MESSAGE_BYTES_MAX), &bytes), 0);
	assert_int_equal(bytes, SIP_MESSAGE_BYTES_MAX);
	snprintf(text, head + 1, LINE "l: %05zu\r\n\r\n", SIP_MESSAGE_BYTES_MAX - head + 1);
	assert_int_equal(sip_msg_frame(slice_of(text, head), &bytes), ERR_TOO_BIG);
}

/* Without an end: a start line, a header, a thousand headers. */
static void test_endless(void **state)
{
	static char text[SIP_MESSAGE_BYTES_MAX];
	size_t bytes = 0, n = strlen(LINE);

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(sip_msg_frame(slice_of(text, sizeof(text) - 1), &bytes), ERR_AGAIN);
	assert_int_equal(sip_msg_frame(slice_of(text, sizeof(text)), &bytes), ERR_TOO_BIG);
	memcpy(text, LINE, n);
	assert_int_equal(sip_msg_frame(slice_of(text, sizeof(text) - 1), &bytes), ERR_AGAIN);
	assert_int_equal(sip_msg_frame(slice_of(text, sizeof(text)), &bytes), ERR_TOO_BIG);
	for (int lines = 1; lines < 4 * SIP_HEADERS_MAX; lines++, n += 4)
		memcpy(text + n, "a:\r\n", 4);
	assert_int_equal(sip_msg_frame(slice_of(text, n), &bytes), ERR_AGAIN);
	memcpy(text + n, "a:\r\nb", 5);
	assert_int_equal(sip_msg_frame(slice_of(text, n + 5), &bytes), ERR_TOO_BIG);
}

static void test_content_length(void **state)
{
	size_t bytes = 3;

	(void)state;
	assert_int_equal(sip_content_length_parse(SLICE("65535"), &bytes), 0);
	assert_int_equal(bytes, 65535);
	assert_int_equal(sip_content_length_parse(SLICE("65536"), &bytes), ERR_SYNTAX);
	assert_int_equal(sip_content_length_parse(SLICE(""), &bytes), ERR_SYNTAX);
	assert_int_equal(sip_content_length_parse(SLICE("+1"), &bytes), ERR_SYNTAX);
	assert_int_equal(bytes, 65535);
}

static void test_header_name(void **state)
{
	static const struct {
		const char *line, *name, *rest;
	} rows[] = {
		{"Via: x", "Via", " x"},
		{"a \t:b", "a", "b"},
		{"X-%*_+`'~.!-1:", "X-%*_+`'~.!-1", ""},
		{":x", NULL, NULL},
		{"a b: x", NULL, NULL},
		{" a: x", NULL, NULL},
		{"a", NULL, NULL},
		{"", NULL, NULL},
		{"a\r\n : x", NULL, NULL},
		{"\"a\": x", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *value = NULL, *end = rows[i].line + strlen(rows[i].line);
		check_slice(sip_header_name_read(rows[i].line, end, &value), rows[i].name,
			    rows[i].line);
		if (rows[i].rest)
			assert_string_equal(value, rows[i].rest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),	       cmocka_unit_test(test_broken),
		cmocka_unit_test(test_size),	       cmocka_unit_test(test_endless),
		cmocka_unit_test(test_content_length), cmocka_unit_test(test_header_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
