/* Listeners and datagrams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "world.h"

static int setup(void **state)
{
	struct world *w = malloc(sizeof(*w));
	world_open(w, 16, 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	world_close(*state);
	free(*state);
	return 0;
}

static void test_keepalives(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *seen;
	} rows[] = {
		{"", 0, "keepalive empty"},
		{"\r\n", 2, "keepalive crlf"},
		{"\n", 1, "keepalive crlf"},
		{"\r\n\r\n", 4, "keepalive double-crlf"},
		{"\r\n\r\n\r\n", 6, "keepalive double-crlf"},
		{"\0", 1, "keepalive crlf"},
		{" ", 1, "keepalive crlf"},
	};
	struct world *w = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_datagram(w, UDP4, "192.0.2.9:4000", slice_of(rows[i].bytes, rows[i].n));
		assert_string_equal(world_seen(w), rows[i].seen);
		assert_int_equal(world_sent(w, UDP4 + 1).n, 0); /* no pong over UDP */
	}
}

static void test_stun(void **state)
{
	static const char request[] = "\x00\x01\x00\x00\x21\x12\xa4\x42"
				      "abcdefghijkl";
	static const char response[] = "\x01\x01\x00\x00\x21\x12\xa4\x42"
				       "abcdefghijkl";
	struct world *w = *state;
	struct addr from = addr_of("[2001:db8::9]:4000");
	world_datagram(w, UDP6, "[2001:db8::9]:4000", slice_of(request, 20));
	assert_string_equal(world_seen(w), "keepalive stun");
	assert_int_equal(world_sent(w, UDP6 + 1).n, 20 + 24 + 8);
	assert_true(addr_eq(&w->handles[UDP6 + 1].sent_to, &from));
	world_datagram(w, UDP4, "192.0.2.9:4000", slice_of(response, 20));
	assert_string_equal(world_seen(w), "");
}

static void test_message(void **state)
{
	struct world *w = *state;
	struct addr from = addr_of("192.0.2.9:4000"), local = addr_of("192.0.2.1:5060");
	world_datagram(w, UDP4, "192.0.2.9:4000", slice_str(WHOLE));
	assert_string_equal(world_seen(w), "message OPTIONS");
	assert_true(addr_eq(&w->flow.remote, &from));
	assert_true(addr_eq(&w->flow.local, &local));
	assert_int_equal(w->flow.transport, SIP_UDP);
	assert_int_equal(w->flow.listener, UDP4);
	assert_int_equal(w->flow.shard, 2);
}

/* More promised than there: refused; less: the rest is not the message's (RFC 3261 §18.3). */
static void test_content_length(void **state)
{
	static const struct {
		const char *bytes, *seen;
		size_t body_bytes;
	} rows[] = {
		{REQUEST("Content-Length: 9\r\n\r\nhello"), "fault 400 answerable", 0},
		{REQUEST("Content-Length: 3\r\n\r\nhello"), "message OPTIONS", 3},
		{REQUEST("Content-Length: 0\r\n\r\nhello"), "message OPTIONS", 0},
		{REQUEST("\r\nhello"), "message OPTIONS", 5},
		{REQUEST("Content-Length: -1\r\n\r\nhello"), "fault 400 answerable", 0},
		{REQUEST("Content-Length: 99999999999\r\n\r\nhello"), "fault 400 answerable", 0},
	};
	struct world *w = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_datagram(w, UDP4, "192.0.2.9:4000", slice_str(rows[i].bytes));
		assert_string_equal(world_seen(w), rows[i].seen);
		if (rows[i].seen[0] == 'm')
			assert_int_equal(w->body_bytes, rows[i].body_bytes);
	}
}

static void test_rubbish(void **state)
{
	struct world *w = *state;
	world_datagram(w, UDP4, "192.0.2.9:4000", SLICE("\x16\x03\x01 hello"));
	assert_string_equal(world_seen(w), "fault 400");
}

static void test_icmp(void **state)
{
	struct world *w = *state;
	struct addr dst = addr_of("192.0.2.9:4000");
	transport_on_udp_error(w->transport, w->handles[UDP4 + 1].cookie, &dst);
	assert_string_equal(world_seen(w), "unreachable");
	assert_true(addr_eq(&w->flow.remote, &dst));
	transport_on_udp_error(w->transport, WORLD_BASE + 9, &dst); /* no listener of that number */
	assert_string_equal(world_seen(w), "");
}

static void test_send(void **state)
{
	struct world *w = *state;
	struct flow flow;
	struct addr dst = addr_of("192.0.2.9:4000"), dst6 = addr_of("[2001:db8::9]:4000");
	static char large[IO_DATAGRAM_BYTES_MAX];
	assert_int_equal(transport_flow_to(w->transport, SIP_UDP, &dst, &flow), 0);
	assert_int_equal(transport_send(w->transport, &flow, SLICE("hi")), 0);
	assert_int_equal(world_sent(w, UDP4 + 1).n, 2);
	assert_true(addr_eq(&w->handles[UDP4 + 1].sent_to, &dst));
	assert_int_equal(transport_flow_to(w->transport, SIP_UDP, &dst6, &flow), 0);
	assert_int_equal(flow.listener, UDP6);
	assert_int_equal(transport_send(w->transport, &flow, SLICE("hi")), 0);
	assert_int_equal(world_sent(w, UDP6 + 1).n, 2);
	assert_int_equal(transport_send(w->transport, &flow, slice_of(large, sizeof(large))),
			 ERR_TOO_BIG);
	assert_int_equal(transport_flow_to(w->transport, SIP_TLS, &dst, &flow), ERR_UNSUPPORTED);
}

/* Nobody can be reached there, or we would talk to ourselves. */
static void test_no_destination(void **state)
{
	static const char *const rows[] = {
		"192.0.2.1:5060", "[2001:db8::1]:5060", "0.0.0.0:5060",
		"[::]:5060",	  "224.0.1.75:5060",	"[ff02::1]:5060",
	};
	struct world *w = *state;
	struct flow flow;
	struct addr a = addr_of("192.0.2.9:5060");
	a.port = 0;
	assert_int_equal(transport_flow_to(w->transport, SIP_UDP, &a, &flow), ERR_INVALID);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		a = addr_of(rows[i]);
		assert_int_equal(transport_flow_to(w->transport, SIP_UDP, &a, &flow), ERR_INVALID);
		assert_int_equal(transport_flow_to(w->transport, SIP_TCP, &a, &flow), ERR_INVALID);
	}
	a = addr_of("192.0.2.1:5070"); /* another program on this machine */
	assert_int_equal(transport_flow_to(w->transport, SIP_UDP, &a, &flow), 0);
	assert_int_equal(transport_connections(w->transport), 0);
}

/* A flow from before a restart may name a listener that is another one now. */
static void test_listener_of_old(void **state)
{
	struct world *w = *state;
	struct flow flow = {.remote = addr_of("192.0.2.9:4000"), .listener = UDP6};
	assert_int_equal(transport_send(w->transport, &flow, SLICE("hi")), 0);
	assert_int_equal(world_sent(w, UDP4 + 1).n, 2);
	flow.listener = 99;
	assert_int_equal(transport_send(w->transport, &flow, SLICE("hi")), 0);
	assert_int_equal(world_sent(w, UDP4 + 1).n, 2);
}

static void test_foreign(void **state)
{
	struct world *w = *state;
	struct flow flow = {.remote = addr_of("192.0.2.9:4000"),
			    .transport = SIP_TCP,
			    .shard = 3,
			    .connection = 1};
	assert_int_equal(transport_send(w->transport, &flow, SLICE("hi")), 0);
	assert_string_equal(world_seen(w), "foreign 3");
	flow.shard = 9;
	assert_int_equal(transport_send(w->transport, &flow, SLICE("hi")), ERR_CLOSED);
}

static void test_listens(void **state)
{
	struct world *w = *state;
	assert_true(transport_listens(w->transport, SIP_TCP, 4));
	assert_true(transport_listens(w->transport, SIP_UDP, 6));
	assert_false(transport_listens(w->transport, SIP_TLS, 4));
}

static void test_open_failure(void **state)
{
	struct world *w = *state;
	struct transport *t = NULL;
	struct transport_params p = {.io = &w->io, .listener_count = 1, .connections_max = 1};
	uint32_t failed = 9;
	p.listeners[0].transport = SIP_TCP;
	p.listeners[0].bind = addr_of("192.0.2.1:5060");
	w->open_error = ERR_IN_USE;
	assert_int_equal(transport_new(&p, &failed, &t), ERR_IN_USE);
	assert_int_equal(failed, 0);
	p.listener_count = TRANSPORT_LISTENERS_MAX + 1;
	assert_int_equal(transport_new(&p, &failed, &t), ERR_INVALID);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_keepalives),	   TEST(test_stun),	      TEST(test_message),
		TEST(test_content_length), TEST(test_rubbish),	      TEST(test_icmp),
		TEST(test_send),	   TEST(test_no_destination), TEST(test_listener_of_old),
		TEST(test_foreign),	   TEST(test_listens),	      TEST(test_open_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
