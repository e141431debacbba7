/* Connections: their reuse, their limits, their end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "world.h"

static struct world *opened(void **state, uint32_t most, uint32_t per_source)
{
	struct world *w = malloc(sizeof(*w));
	world_open(w, most, per_source);
	*state = w;
	return w;
}

static int teardown(void **state)
{
	world_close(*state);
	free(*state);
	return 0;
}

static struct flow flow_to(struct world *w, const char *dst)
{
	struct addr a = addr_of(dst);
	struct flow flow;
	assert_int_equal(transport_flow_to(w->transport, SIP_TCP, &a, &flow), 0);
	return flow;
}

static void test_accepted(void **state)
{
	struct world *w = opened(state, 4, 0);
	struct addr from = addr_of("192.0.2.9:4000"), local = addr_of("192.0.2.1:5060");
	int c = world_accept(w, TCP4, "192.0.2.9:4000");
	world_text(w, c, WHOLE);
	assert_string_equal(world_seen(w), "message OPTIONS");
	assert_true(addr_eq(&w->flow.remote, &from));
	assert_true(addr_eq(&w->flow.local, &local));
	assert_int_equal(w->flow.transport, SIP_TCP);
	assert_int_not_equal(w->flow.connection, 0);
	assert_int_equal(transport_send(w->transport, &w->flow, SLICE("SIP/2.0 200")), 0);
	assert_int_equal(world_sent(w, c).n, 11);
	world_note(w, c, IO_STREAM_CLOSED, 0);
	assert_string_equal(world_seen(w), "closed 0"); /* only a response went over it */
	assert_int_equal(transport_send(w->transport, &w->flow, SLICE("SIP/2.0 200")), ERR_CLOSED);
	assert_int_equal(transport_connections(w->transport), 0);
}

/* One connection for one address, whoever opened it; no alias needed (and none believed). */
static void test_reuse(void **state)
{
	struct world *w = opened(state, 8, 0);
	int in = world_accept(w, TCP4, "192.0.2.9:5060");
	struct flow back = flow_to(w, "192.0.2.9:5060");
	assert_int_equal(transport_send(w->transport, &back, SLICE("hi")), 0);
	assert_int_equal(world_sent(w, in).n, 2);
	struct flow one = flow_to(w, "192.0.2.8:5060"), again = flow_to(w, "192.0.2.8:5060");
	assert_true(flow_eq(&one, &again));
	assert_int_equal(transport_connections(w->transport), 2);
	struct flow other = flow_to(w, "192.0.2.8:5062");
	assert_false(flow_eq(&one, &other));
	assert_int_equal(transport_connections(w->transport), 3);
}

static void test_connecting(void **state)
{
	struct world *w = opened(state, 8, 0);
	struct flow flow = flow_to(w, "192.0.2.8:5060");
	int c = world_connecting(w);
	assert_int_equal(transport_send(w->transport, &flow, SLICE("OPTIONS")),
			 0); /* io keeps it */
	world_note(w, c, IO_STREAM_CONNECTED, 0);
	world_text(w, c, WHOLE);
	assert_string_equal(world_seen(w), "message OPTIONS");
	world_note(w, c, IO_STREAM_CLOSED, ERR_CLOSED);
	assert_string_equal(world_seen(w), "closed 4"); /* bit 2: this shard asked */
}

static void test_connect_fails(void **state)
{
	struct world *w = opened(state, 8, 0);
	struct flow flow = flow_to(w, "192.0.2.8:5060");
	world_note(w, world_connecting(w), IO_STREAM_CLOSED, ERR_CLOSED);
	assert_string_equal(world_seen(w), "unreachable; closed 0");
	assert_true(flow_eq(&w->flow, &flow));
	w->open_error = ERR_LIMIT;
	struct addr a = addr_of("192.0.2.8:5060");
	assert_int_equal(transport_flow_to(w->transport, SIP_TCP, &a, &flow), ERR_LIMIT);
	assert_int_equal(transport_connections(w->transport), 0);
}

/* The network says nothing for longer than anybody waits. */
static void test_connect_takes_too_long(void **state)
{
	struct world *w = opened(state, 8, 0);
	flow_to(w, "192.0.2.8:5060");
	world_pass(w, 9000);
	assert_string_equal(world_seen(w), "");
	world_pass(w, 2000);
	assert_string_equal(world_seen(w), "unreachable; closed 0");
	assert_int_equal(world_connecting(w), -1);
}

static void test_abandon(void **state)
{
	struct world *w = opened(state, 8, 0);
	struct flow flow = flow_to(w, "192.0.2.8:5060"), standing = flow_to(w, "192.0.2.7:5060");
	world_note(w, world_connecting(w), IO_STREAM_CONNECTED, 0);
	transport_abandon(w->transport, &standing);
	assert_string_equal(world_seen(w), ""); /* it stands: others use it too */
	transport_abandon(w->transport, &flow);
	assert_string_equal(world_seen(w), "closed 0");
	transport_abandon(w->transport, &flow);
	assert_string_equal(world_seen(w), "");
}

static void test_who_asked(void **state)
{
	struct world *w = opened(state, 8, 0);
	int c = world_accept(w, TCP4, "192.0.2.9:4000");
	world_text(w, c, WHOLE);
	struct flow flow = w->flow;
	world_seen(w);
	assert_int_equal(transport_carry(w->transport, 5, &flow, SLICE("SIP/2.0 200 OK")), 0);
	assert_int_equal(transport_carry(w->transport, 1, &flow, SLICE("BYE sip:a@b SIP/2.0")), 0);
	assert_int_equal(transport_send(w->transport, &flow, SLICE("BYE sip:a@b SIP/2.0")), 0);
	world_note(w, c, IO_STREAM_CLOSED, 0);
	assert_string_equal(world_seen(w), "closed 6");
	assert_int_equal(transport_carry(w->transport, 1, &flow, SLICE("BYE")), ERR_CLOSED);
}

/* A serial of an earlier life may be in use again, by somebody else. */
static void test_serial_of_old(void **state)
{
	struct world *w = opened(state, 8, 0);
	int c = world_accept(w, TCP4, "192.0.2.9:4000");
	world_text(w, c, WHOLE);
	struct flow flow = w->flow;
	flow.remote = addr_of("192.0.2.10:4000");
	assert_int_equal(transport_send(w->transport, &flow, SLICE("hi")), ERR_CLOSED);
	assert_int_equal(world_sent(w, c).n, 0);
}

/* io closes it; nobody opens another one for what was not read. */
static void test_peer_does_not_read(void **state)
{
	struct world *w = opened(state, 8, 0);
	int c = world_accept(w, TCP4, "192.0.2.9:4000");
	world_text(w, c, WHOLE);
	struct flow flow = w->flow;
	world_seen(w);
	w->send_error = ERR_LIMIT;
	assert_int_equal(transport_send(w->transport, &flow, SLICE("hi")), ERR_LIMIT);
	world_note(w, c, IO_STREAM_CLOSED, ERR_LIMIT);
	assert_string_equal(world_seen(w), "closed 4");
}

static void test_connections_max(void **state)
{
	struct world *w = opened(state, 3, 0);
	struct addr a = addr_of("192.0.2.200:5060");
	struct flow flow;
	for (int i = 0; i < 3; i++) {
		char from[32];
		snprintf(from, sizeof(from), "192.0.2.%d:4000", 10 + i);
		assert_true(w->handles[world_accept(w, TCP4, from)].open);
	}
	int late = world_accept(w, TCP4, "192.0.2.20:4000");
	assert_false(w->handles[late].open);
	assert_string_equal(world_seen(w), "refused too many connections");
	assert_int_equal(transport_flow_to(w->transport, SIP_TCP, &a, &flow), ERR_LIMIT);
	world_note(w, 5, IO_STREAM_CLOSED, 0);
	assert_true(w->handles[world_accept(w, TCP4, "192.0.2.20:4000")].open);
}

static void test_per_source(void **state)
{
	struct world *w = opened(state, 32, 2);
	int first = world_accept(w, TCP4, "192.0.2.9:4000");
	assert_true(w->handles[first].open);
	assert_true(w->handles[world_accept(w, TCP4, "192.0.2.9:4001")].open);
	assert_false(w->handles[world_accept(w, TCP4, "192.0.2.9:4002")].open);
	assert_string_equal(world_seen(w), "refused too many connections from this source");
	assert_false(w->handles[world_accept(w, TCP4, "192.0.2.9:4003")].open);
	assert_string_equal(world_seen(w), ""); /* one word a second */
	assert_true(w->handles[world_accept(w, TCP4, "192.0.2.10:4000")].open);
	flow_to(w, "192.0.2.9:5060"); /* ours do not count */
	world_note(w, first, IO_STREAM_CLOSED, 0);
	world_seen(w);
	w->now_ms += 1000;
	assert_true(w->handles[world_accept(w, TCP4, "192.0.2.9:4004")].open);
	assert_false(w->handles[world_accept(w, TCP4, "192.0.2.9:4005")].open);
	assert_string_equal(world_seen(w), "refused too many connections from this source");
}

/* A customer has a whole /64. */
static void test_per_source_ipv6(void **state)
{
	struct world *w = opened(state, 32, 2);
	assert_true(w->handles[world_accept(w, TCP6, "[2001:db8:0:1::1]:4000")].open);
	assert_true(w->handles[world_accept(w, TCP6, "[2001:db8:0:1::2]:4000")].open);
	assert_false(w->handles[world_accept(w, TCP6, "[2001:db8:0:1:ffff::3]:4000")].open);
	assert_true(w->handles[world_accept(w, TCP6, "[2001:db8:0:2::1]:4000")].open);
}

static void test_idle(void **state)
{
	struct world *w = opened(state, 8, 0);
	int c = world_accept(w, TCP4, "192.0.2.9:4000");
	world_text(w, c, WHOLE);
	world_seen(w);
	world_pass(w, 599000);
	world_text(w, c, "\r\n");
	assert_string_equal(world_seen(w), "keepalive crlf");
	world_pass(w, 599000);
	assert_string_equal(world_seen(w), "");
	world_pass(w, 2000);
	assert_string_equal(world_seen(w), "closed 0");
	assert_false(w->handles[c].open);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_accepted),
		TEST(test_reuse),
		TEST(test_connecting),
		TEST(test_connect_fails),
		TEST(test_connect_takes_too_long),
		TEST(test_abandon),
		TEST(test_who_asked),
		TEST(test_serial_of_old),
		TEST(test_peer_does_not_read),
		TEST(test_connections_max),
		TEST(test_per_source),
		TEST(test_per_source_ipv6),
		TEST(test_idle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
