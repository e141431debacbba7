/* What comes over a connection, whole and otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "world.h"

static int setup(void **state)
{
	struct world *w = malloc(sizeof(*w));
	world_open(w, 40, 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	world_close(*state);
	free(*state);
	return 0;
}

static int peer(struct world *w)
{
	return world_accept(w, TCP4, "192.0.2.9:4000");
}

#define HELLO REQUEST("Content-Length: 5\r\n\r\nhello")

static void test_cut_anywhere(void **state)
{
	struct world *w = *state;
	struct slice both = SLICE(HELLO WHOLE);
	int c = peer(w);
	for (size_t cut = 0; cut <= both.n; cut++) {
		world_stream(w, c, slice_first(both, cut));
		world_stream(w, c, slice_from(both, cut));
		assert_string_equal(world_seen(w), "message OPTIONS; message OPTIONS");
	}
}

static void test_byte_by_byte(void **state)
{
	struct world *w = *state;
	struct slice one = SLICE(HELLO);
	int c = peer(w);
	for (size_t i = 0; i < one.n; i++) {
		assert_string_equal(world_seen(w), "");
		world_stream(w, c, slice_of(one.p + i, 1));
	}
	assert_string_equal(world_seen(w), "message OPTIONS");
	assert_int_equal(w->body_bytes, 5);
}

static void test_keepalives(void **state)
{
	struct world *w = *state;
	int c = peer(w);
	world_text(w, c, "\r\n");
	assert_string_equal(world_seen(w), "keepalive crlf");
	assert_int_equal(world_sent(w, c).n, 0);
	w->now_ms += 30000;
	world_text(w, c, "\r\n\r\n");
	assert_string_equal(world_seen(w), "keepalive double-crlf");
	assert_true(slice_eq(world_sent(w, c), SLICE("\r\n")));
	world_text(w, c, "\r\n" WHOLE); /* a blank line before a message is none of these */
	assert_string_equal(world_seen(w), "message OPTIONS");
	world_text(w, c, "\r\n\r\n" WHOLE);
	assert_string_equal(world_seen(w), "keepalive double-crlf; message OPTIONS");
	assert_true(slice_eq(world_sent(w, c), SLICE("\r\n")));
}

/* The network may cut a ping in two; two keepalives half a minute apart are no ping. */
static void test_ping_in_pieces(void **state)
{
	static const char *const pieces[][4] = {
		{"\r\n", "\r\n"}, {"\r", "\n\r\n"}, {"\r\n\r", "\n"}, {"\r", "\n", "\r", "\n"}};
	struct world *w = *state;
	int c = peer(w);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		for (size_t k = 0; k < 4 && pieces[i][k]; k++) {
			assert_int_equal(world_sent(w, c).n, 0);
			world_text(w, c, pieces[i][k]);
			w->now_ms += 10;
		}
		assert_true(slice_eq(world_sent(w, c), SLICE("\r\n")));
		w->now_ms += 30000;
	}
	world_seen(w);
	for (int i = 0; i < 4; i++) {
		world_text(w, c, "\r\n");
		assert_string_equal(world_seen(w), "keepalive crlf");
		w->now_ms += 30000;
	}
	world_text(w, c, "\r\n");
	world_text(w, c, WHOLE "\r\n"); /* a message lies between them */
	assert_int_equal(world_sent(w, c).n, 0);
}

/* A message that never becomes whole, however slowly it grows. */
static void test_half_message(void **state)
{
	struct world *w = *state;
	int c = peer(w);
	world_text(w, c, WHOLE "OPTIONS sip:a@b SIP/2.0\r\n");
	assert_string_equal(world_seen(w), "message OPTIONS");
	for (int i = 0; i < 30; i++) {
		assert_true(w->handles[c].open);
		world_text(w, c, "X");
		world_pass(w, 1001);
	}
	assert_string_equal(world_seen(w), "closed 0");
	assert_false(w->handles[c].open);
}

/* One that is done with in time does not count for the next. */
static void test_slow_but_whole(void **state)
{
	struct world *w = *state;
	struct slice one = SLICE(HELLO);
	int c = peer(w);
	for (int i = 0; i < 5; i++) {
		world_stream(w, c, slice_first(one, 20));
		world_pass(w, 20000);
		world_stream(w, c, slice_from(one, 20));
		assert_string_equal(world_seen(w), "message OPTIONS");
	}
	assert_true(w->handles[c].open);
}

/* Connected, and never a word; a keepalive is one. */
static void test_silent(void **state)
{
	struct world *w = *state;
	int silent = peer(w), alive = world_accept(w, TCP4, "192.0.2.10:4000");
	world_text(w, alive, "\r\n");
	world_pass(w, 29000);
	assert_true(w->handles[silent].open);
	world_pass(w, 2000);
	assert_false(w->handles[silent].open);
	assert_true(w->handles[alive].open);
}

/* Too large: whoever can be told is told, nothing more is heard, and then it is over. */
static void test_too_large(void **state)
{
	static const struct {
		const char *bytes, *seen;
	} rows[] = {
		{REQUEST("Content-Length: 65536\r\n\r\nxx"), "fault 513 answerable"},
		{REQUEST("Content-Length: 65500\r\n\r\nxx"), "fault 513 answerable"},
		{REQUEST("Content-Length: 999999999999999999999\r\n\r\nxx"),
		 "fault 513 answerable"},
		{REQUEST("Content-Length: x\r\n\r\nxx"), "fault 400 answerable"},
		{REQUEST("Content-Length: -1\r\n\r\nxx"), "fault 400 answerable"},
		{REQUEST("\r\nxx"), "fault 400 answerable"},
		{"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: x\r\n\r\n", "fault 400"},
		{"\x16\x03\x01", "fault 400"},
		{"GET / HTTP/1.1\r\n", "fault 400"},
	};
	struct world *w = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int c = peer(w);
		world_text(w, c, rows[i].bytes);
		assert_string_equal(world_seen(w), rows[i].seen);
		assert_true(w->handles[c].open);
		assert_int_equal(world_sent(w, c).n, strstr(rows[i].seen, "answerable") ? 8 : 0);
		world_text(w, c, WHOLE);
		assert_string_equal(world_seen(w), "");
		world_pass(w, 1001);
		assert_string_equal(world_seen(w), "closed 0");
		assert_false(w->handles[c].open);
	}
}

/* 64 KiB of headers without an end. */
static void test_endless_headers(void **state)
{
	static char header[1024];
	struct world *w = *state;
	int c = peer(w);
	memset(header, 'x', sizeof(header));
	memcpy(header, "\r\nX: ", 5);
	world_text(w, c, "OPTIONS sip:a@b SIP/2.0");
	for (int i = 0; i < 64; i++)
		world_stream(w, c, slice_of(header, sizeof(header)));
	world_pass(w, 1001);
	assert_string_equal(world_seen(w), "fault 513; closed 0");
}

/* The connection breaks while one of its messages is handled. */
static void test_breaks_meanwhile(void **state)
{
	struct world *w = *state;
	int c = peer(w);
	w->close_on_message = c;
	world_text(w, c, WHOLE WHOLE);
	assert_string_equal(world_seen(w), "message OPTIONS; closed 0");
	c = peer(w);
	w->close_on_message = c;
	world_text(w, c, REQUEST("Content-Length: 65536\r\n\r\n"));
	assert_string_equal(world_seen(w), "fault 513 answerable; closed 0");
}

/* What waits to be whole has a limit that all connections share: no more than a thousand large
 * ones. */
static void test_waiting_bytes(void **state)
{
	static char half[60000];
	struct world *w = *state;
	int open = 0;
	world_close(w);
	world_open(w, 2000, 0);
	int head = snprintf(half, sizeof(half), REQUEST("Content-Length: 64000\r\n\r\n"));
	memset(half + head, 'x', sizeof(half) - (size_t)head);
	for (int i = 0; i < 1100; i++) {
		char from[32];
		snprintf(from, sizeof(from), "192.0.2.9:%d", 2000 + i);
		int c = world_accept(w, TCP4, from);
		world_stream(w, c, slice_of(half, sizeof(half)));
		open += w->handles[c].open;
	}
	assert_in_range(open, 900, 1024);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_cut_anywhere),     TEST(test_byte_by_byte),  TEST(test_keepalives),
		TEST(test_ping_in_pieces),   TEST(test_half_message),  TEST(test_slow_but_whole),
		TEST(test_silent),	     TEST(test_too_large),     TEST(test_endless_headers),
		TEST(test_breaks_meanwhile), TEST(test_waiting_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
