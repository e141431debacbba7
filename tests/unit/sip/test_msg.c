#include "check.h"

static void test_understood(void **state)
{
	struct parsed p;
	struct sip_msg *m =
		parse_bytes(&p, BYTES("\r\n\r\n" HEAD "Content-Length: 5\r\n\r\nhello"));

	(void)state;
	assert_int_equal(p.rc, 0);
	assert_true(m->is_request && m->answerable);
	assert_int_equal(m->method, SIP_OPTIONS);
	check_slice(m->uri.user, "200", "user");
	check_slice(m->via.branch, "z9hG4bKa", "branch");
	assert_true(m->via.rport_asked);
	check_slice(m->from.display, "Alice", "display");
	check_slice(m->from_tag, "at", "From tag");
	check_slice(m->to_tag, NULL, "To tag");
	check_slice(m->call_id, "c1@host", "Call-ID");
	assert_int_equal(m->cseq.number, 7);
	check_slice(m->body, "hello", "body");
	assert_int_equal(m->header_count, 6);
	assert_ptr_equal(m->raw.p, p.bytes + 4);
	assert_int_equal(m->raw.n, strlen(HEAD) + strlen("Content-Length: 5\r\n\r\nhello"));
	parsed_fini(&p);
}

/* What is done with lines: their ends, folds, blanks, controls. */
static void test_lines(void **state)
{
	static const struct {
		const char *header; /* without the line end */
		int fault;
		const char *value;
	} rows[] = {
		{"Z: a", 0, "a"},
		{"Z:a", 0, "a"},
		{"Z \t : \t a \t ", 0, "a"},
		{"Z:", 0, ""},
		{"Z:\r\n a", 0, "a"},
		{"Z: a\r\n b\r\n\tc", 0, "a   b  \tc"},
		{"Z: a\n b", 0, "a  b"},
		{"Z: a\r\n \r\n b", 0, "a      b"},
		{"Z: \"a\r\n b\"", 0, "\"a   b\""},
		{"Z: \xe5\xb1\xb1\xe7\x94\xb0", 0, "\xe5\xb1\xb1\xe7\x94\xb0"},
		{"Z: \xff\xfe", 0, "\xff\xfe"},
		{"Z: ;;,,;;,;", 0, ";;,,;;,;"},
		{"Z: \"\\\x01\\\x7f\"", 0, "\"\\\x01\\\x7f\""},
		{"Z: \"\x01\"", 400, NULL},
		{"Z: \\\x01", 400, NULL},
		{"Z: a\x7f", 400, NULL},
		{"Z: a\rb", 400, NULL},
		{"Z: \"a\\\rb\"", 400, NULL},
		{"Z\r\n : a", 400, NULL},
		{"Z a: b", 400, NULL},
		{": b", 400, NULL},
		{"no colon", 400, NULL},
		{"Z\xe5: b", 400, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct parsed p;
		char text[1024];
		snprintf(text, sizeof(text), HEAD "%s\r\n" EMPTY, rows[i].header);
		struct sip_msg *m = parse_bytes(&p, slice_str(text));
		check_number(m->fault.code, rows[i].fault, rows[i].header);
		if (rows[i].value)
			check_slice(header_named(m, "Z"), rows[i].value, rows[i].header);
		assert_true(m->answerable);
		parsed_fini(&p);
	}
}

/* LF alone, CR LF, and both mixed end lines alike. */
static void test_line_ends(void **state)
{
	static const char text[] = HEAD "Z: a\r\n b\r\n" EMPTY;

	(void)state;
	for (unsigned which = 0; which < 4; which++) {
		char mixed[sizeof(text)];
		size_t n = 0, line = 0;
		for (size_t i = 0; i < sizeof(text) - 1; i++) {
			bool drop = text[i] == '\r' && (which == 0 || ++line % 4 == which);
			if (!drop)
				mixed[n++] = text[i];
		}
		struct parsed p;
		struct sip_msg *m = parse_bytes(&p, slice_of(mixed, n));
		assert_int_equal(p.rc, 0);
		assert_int_equal(m->header_count, 7);
		assert_int_equal(m->raw.n, n);
		parsed_fini(&p);
	}
}

static void test_nul(void **state)
{
	struct parsed p;

	(void)state;
	parse_bytes(&p, BYTES(HEAD "Z: \"\\\0\"\r\n" EMPTY));
	assert_int_equal(p.rc, 0);
	check_number((long long)header_named(&p.msg, "Z").n, 4, "quoted NUL");
	parsed_fini(&p);
	parse_bytes(&p, BYTES(HEAD "Z: \0\r\n" EMPTY));
	assert_int_equal(p.msg.fault.code, 400);
	parsed_fini(&p);
	parse_bytes(&p, BYTES(HEAD "Content-Length: 3\r\n\r\n\0\0\0"));
	assert_int_equal(p.rc, 0);
	assert_int_equal(p.msg.body.n, 3);
	parsed_fini(&p);
}

/* One thing at a time is missing or wrong; whether that can still be answered. */
static void test_faults(void **state)
{
	static const struct {
		const char *text;
		int fault;
		bool answerable;
	} rows[] = {
		{HEAD EMPTY, 0, true},
		{HEAD "\r\n", 0, true},
		{HEAD "\n", 0, true},
		{OPTIONS PARTIES REST EMPTY, 400, false},
		{OPTIONS "Via: x\r\n" PARTIES REST EMPTY, 400, true},
		{OPTIONS "Via:\r\n" PARTIES REST EMPTY, 400, true},
		{OPTIONS VIA REST EMPTY, 400, true},
		{OPTIONS VIA "To: sip:a@b\r\n" REST EMPTY, 400, true},
		{OPTIONS VIA "From: sip:a@b\r\n" REST EMPTY, 400, true},
		{OPTIONS VIA PARTIES "CSeq: 7 OPTIONS\r\n" EMPTY, 400, true},
		{OPTIONS VIA PARTIES "Call-ID:\r\nCSeq: 7 OPTIONS\r\n" EMPTY, 400, true},
		{OPTIONS VIA PARTIES "Call-ID: a b\r\nCSeq: 7 OPTIONS\r\n" EMPTY, 400, true},
		{OPTIONS VIA PARTIES "Call-ID: a\r\n" EMPTY, 400, true},
		{OPTIONS VIA PARTIES "Call-ID: a\r\nCSeq: 7 INVITE\r\n" EMPTY, 400, true},
		{OPTIONS VIA PARTIES "Call-ID: a\r\nCSeq: 7 options\r\n" EMPTY, 400, true},
		{HEAD "From: sip:a@b\r\n" EMPTY, 400, true},
		{HEAD "f: sip:a@b\r\n" EMPTY, 400, true},
		{HEAD "t: sip:a@b\r\n" EMPTY, 400, true},
		{HEAD "i: x\r\n" EMPTY, 400, true},
		{HEAD "CSeq: 7 OPTIONS\r\n" EMPTY, 400, true},
		{HEAD "Max-Forwards: 1\r\nMax-Forwards: 1\r\n" EMPTY, 400, true},
		{OPTIONS VIA "From: *\r\nTo: sip:a@b\r\n" REST EMPTY, 400, true},
		{OPTIONS VIA "From: sip:a@b;tag=1;tag=2\r\nTo: sip:a@b\r\n" REST EMPTY, 400, true},
		{OPTIONS VIA "From: sip:a@b;tag=\r\nTo: sip:a@b\r\n" REST EMPTY, 400, true},
		{OPTIONS VIA "From: sip:a@b;tag\r\nTo: sip:a@b\r\n" REST EMPTY, 400, true},
		{OPTIONS VIA "From: sip:a@b;tag=\"a b\"\r\nTo: sip:a@b\r\n" REST EMPTY, 400, true},
		{HEAD "Content-Length: 1\r\n\r\n", 400, true},
		{HEAD "Content-Length: 66\r\n\r\n123456789012345678901234567890123", 400, true},
		{HEAD "Content-Length: 33\r\n\r\n12345678901234567890123456789012", 400, true},
		{HEAD "Content-Length: x\r\n\r\n", 400, true},
		{HEAD "Content-Length: -1\r\n\r\n", 400, true},
		{HEAD "Content-Length: 0\r\nl: 1\r\n\r\nx", 400, true},
		{HEAD "Content-Length: 1\r\nl: 1\r\n\r\nx", 0, true},
		{HEAD, 400, true},
		{OPTIONS VIA PARTIES "Call-ID: c\r\nCSeq: 7 OPTIONS", 400, true},
		{"OPTIONS sip:a@b SIP/3.0\r\n" VIA PARTIES REST EMPTY, 505, true},
		{"SIP/2.0 200 OK\r\n" VIA PARTIES REST EMPTY, 0, false},
		{"SIP/2.0 200 OK\r\n" VIA PARTIES EMPTY, 400, false},
		{"ACK sip:a@b SIP/2.0\r\n" VIA PARTIES "Call-ID: c\r\nCSeq: 7 ACK\r\n" EMPTY, 0,
		 false},
		{"", 400, false},
		{"\r\n\r\n", 400, false},
		{"OPTIONS sip:a@b SIP/2.0", 400, false},
		{"OPTIONS sip:a@b SIP/2.0\r\n\r\n", 400, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct parsed p;
		struct sip_msg *m = parse_bytes(&p, slice_str(rows[i].text));
		check_number(m->fault.code, rows[i].fault, rows[i].text);
		check_number(p.rc, rows[i].fault ? ERR_SYNTAX : 0, rows[i].text);
		check_number(m->answerable, rows[i].answerable, rows[i].text);
		assert_true((m->fault.code == 0) == (m->fault.text == NULL));
		parsed_fini(&p);
	}
}

/* With Content-Length the body ends there, whatever follows in the datagram. */
static void test_body(void **state)
{
	static const struct {
		const char *tail, *body;
	} rows[] = {
		{"\r\nall of it\r\n", "all of it\r\n"},
		{"Content-Length: 3\r\n\r\nabcdef", "abc"},
		{"Content-Length: 0\r\n\r\nINVITE sip:a@b SIP/2.0\r\n", ""},
		{"l: 000004\r\n\r\n\r\n\r\n", "\r\n\r\n"},
		/* a router made it shorter, by 32 bytes at most */
		{"l: 65\r\n\r\n123456789012345678901234567890123",
		 "123456789012345678901234567890123"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct parsed p;
		char text[1024];
		snprintf(text, sizeof(text), HEAD "%s", rows[i].tail);
		struct sip_msg *m = parse_bytes(&p, slice_str(text));
		assert_int_equal(p.rc, 0);
		check_slice(m->body, rows[i].body, rows[i].tail);
		assert_ptr_equal(m->raw.p + m->raw.n, m->body.p + m->body.n);
		parsed_fini(&p);
	}
}

static size_t many_headers(char *text, size_t room, unsigned more)
{
	size_t n = (size_t)snprintf(text, room, HEAD);

	for (unsigned i = 0; i < more; i++)
		n += (size_t)snprintf(text + n, room - n, "X-%u: %u\r\n", i, i);
	return n + (size_t)snprintf(text + n, room - n, "\r\n");
}

static void test_header_limit(void **state)
{
	static char text[SIP_HEADERS_MAX * 32];
	struct parsed p;

	(void)state;
	parse_bytes(&p, slice_of(text, many_headers(text, sizeof(text), SIP_HEADERS_MAX - 5)));
	assert_int_equal(p.rc, 0);
	assert_int_equal(p.msg.header_count, SIP_HEADERS_MAX);
	parsed_fini(&p);
	parse_bytes(&p, slice_of(text, many_headers(text, sizeof(text), SIP_HEADERS_MAX - 4)));
	assert_int_equal(p.rc, ERR_TOO_BIG);
	assert_int_equal(p.msg.fault.code, 513);
	assert_true(p.msg.answerable);
	parsed_fini(&p);
}

static void test_arena_full(void **state)
{
	char bytes[] = HEAD EMPTY;
	_Alignas(16) char memory[3 * sizeof(struct sip_header)];
	struct arena arena;
	struct sip_msg m;

	(void)state;
	arena_init(&arena, memory, sizeof(memory));
	assert_int_equal(sip_msg_parse(slice_of(bytes, sizeof(bytes) - 1), &arena, &m),
			 ERR_TOO_BIG);
	assert_int_equal(m.fault.code, 500);
	assert_int_equal(m.header_count, 0);
	assert_false(m.answerable);
	assert_null(sip_msg_header(&m, SIP_HDR_VIA));
}

/* 64 KiB: one long header, and one long body. */
static void test_large(void **state)
{
	char *text = malloc(SIP_MESSAGE_BYTES_MAX);
	size_t head = strlen(HEAD "Z: "), tail = strlen("\r\n\r\n");
	struct parsed p;

	(void)state;
	assert_non_null(text);
	memset(text, 'v', SIP_MESSAGE_BYTES_MAX);
	memcpy(text, HEAD "Z: ", head);
	memcpy(text + SIP_MESSAGE_BYTES_MAX - tail, "\r\n\r\n", tail);
	parse_bytes(&p, slice_of(text, SIP_MESSAGE_BYTES_MAX));
	assert_int_equal(p.rc, 0);
	assert_int_equal(header_named(&p.msg, "Z").n, SIP_MESSAGE_BYTES_MAX - head - tail);
	parsed_fini(&p);
	memcpy(text + head, "\r\n\r\n", tail);
	parse_bytes(&p, slice_of(text, SIP_MESSAGE_BYTES_MAX));
	assert_int_equal(p.rc, 0);
	assert_int_equal(p.msg.body.n, SIP_MESSAGE_BYTES_MAX - head - tail);
	parsed_fini(&p);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_understood),   cmocka_unit_test(test_lines),
		cmocka_unit_test(test_line_ends),    cmocka_unit_test(test_nul),
		cmocka_unit_test(test_faults),	     cmocka_unit_test(test_body),
		cmocka_unit_test(test_header_limit), cmocka_unit_test(test_arena_full),
		cmocka_unit_test(test_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
