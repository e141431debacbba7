#include "relay_fixture.h"

#include "media/ready_priv.h"

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

#define PHONE_A "198.51.100.7:4000"
#define PHONE_B "192.0.2.9:5000"

static int try_open(struct fixture *x, int family, struct id *ret_id)
{
	struct addr rtp, rtcp;
	return relay_endpoint_open(x->relay, (struct id){1}, family, ret_id, &rtp, &rtcp);
}

static void test_new(void **state)
{
	struct fixture x;
	struct relay *relay = NULL;
	(void)state;
	fixture_init(&x, NULL);
	struct relay_params p = fixture_params(&x);
	p.port_last = 10000;
	assert_int_equal(relay_new(&p, &relay), ERR_INVALID);
	p = fixture_params(&x);
	p.endpoints_max = 0;
	assert_int_equal(relay_new(&p, &relay), ERR_INVALID);
	assert_null(relay);
	fixture_fini(&x);
	relay_free(NULL);
}

static void test_open(void **state)
{
	static const int families[] = {4, 6};
	struct fixture x;
	(void)state;
	fixture_init(&x, NULL);
	for (size_t i = 0; i < COUNT(families); i++) {
		struct addr own = address(i ? OWN6 : OWN4), rtp, rtcp, again, again_rtcp;
		struct id e;
		assert_int_equal(
			relay_endpoint_open(x.relay, ID_NONE, families[i], &e, &rtp, &rtcp), 0);
		assert_int_equal(id_shard(e), 3);
		assert_true(addr_ip_eq(&rtp, &own) && addr_ip_eq(&rtcp, &own));
		assert_int_equal(rtp.port % 2, 0);
		assert_int_equal(rtcp.port, rtp.port + 1);
		assert_in_range(rtp.port, 10000, 10099);
		assert_true(relay_endpoint_addr(x.relay, e, &again, &again_rtcp));
		assert_true(addr_eq(&rtp, &again) && addr_eq(&rtcp, &again_rtcp));
		assert_int_equal(fake_io_find(&x.f, &rtp)->cookie, COOKIE_BASE + 2 * id_slot(e));
		assert_int_equal(fake_io_find(&x.f, &rtcp)->cookie,
				 COOKIE_BASE + 2 * id_slot(e) + 1);
		assert_int_equal(fake_io_find(&x.f, &rtp)->dscp, 46);
	}
	assert_int_equal(relay_endpoints_used(x.relay), 2);
	fixture_fini(&x);
}

static void test_no_family(void **state)
{
	struct fixture x;
	struct id e;
	(void)state;
	fixture_init(&x, NULL);
	struct relay_params p = fixture_params(&x);
	relay_free(x.relay);
	p.address6 = address(NULL);
	fixture_init(&x, &p);
	assert_int_equal(try_open(&x, 6, &e), ERR_UNSUPPORTED);
	assert_int_equal(try_open(&x, 5, &e), ERR_UNSUPPORTED);
	assert_int_equal(try_open(&x, 4, &e), 0);
	fixture_fini(&x);
}

/* Whatever fails, nothing stays open. */
static void test_open_fails(void **state)
{
	static const struct {
		int io_error, want;
	} rows[] = {
		{ERR_IN_USE, ERR_LIMIT}, {ERR_LIMIT, ERR_LIMIT}, {ERR_DENIED, ERR_IO},
		{ERR_INVALID, ERR_IO},	 {ERR_IO, ERR_IO},
	};
	struct fixture x;
	struct id e;
	(void)state;
	fixture_init(&x, NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		x.f.open_error = rows[i].io_error;
		assert_int_equal(try_open(&x, 4, &e), rows[i].want);
		assert_int_equal(relay_endpoints_used(x.relay), 0);
		assert_int_equal(fake_io_open_count(&x.f), 0);
	}
	x.f.open_error = 0;
	assert_int_equal(try_open(&x, 4, &e), 0);
	fixture_fini(&x);
}

static void test_endpoint_limit(void **state)
{
	struct fixture x;
	struct id e[17];
	(void)state;
	fixture_init(&x, NULL);
	for (int i = 0; i < 16; i++)
		assert_int_equal(try_open(&x, 4, &e[i]), 0);
	assert_int_equal(try_open(&x, 4, &e[16]), ERR_LIMIT);
	relay_endpoint_close(x.relay, e[5]);
	assert_int_equal(try_open(&x, 4, &e[16]), 0);
	fixture_fini(&x);
}

/* Pairs that somebody else has one or both ports of are passed over. */
static void test_ports_taken_elsewhere(void **state)
{
	struct fixture x;
	struct id e[5];
	(void)state;
	fixture_init(&x, NULL);
	x.f.taken_first = 10001;
	x.f.taken_last = 10092; /* leaves the pairs from 10094 on */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(try_open(&x, 4, &e[i]), 0);
		assert_in_range(rtp_of(&x, e[i]).port, 10094, 10098);
	}
	assert_int_equal(try_open(&x, 4, &e[3]), ERR_LIMIT);
	assert_int_equal(fake_io_open_count(&x.f), 6);
	x.f.taken_last = 0;
	assert_int_equal(try_open(&x, 4, &e[3]), 0);
	fixture_fini(&x);
}

/* The port of a call that has just ended is not another call's. */
static void test_ports_rest(void **state)
{
	struct fixture x;
	(void)state;
	fixture_init(&x, NULL);
	struct id e = fixture_open(&x, 1, 4, NULL, NULL);
	uint16_t port = rtp_of(&x, e).port;
	relay_endpoint_close(x.relay, e);
	for (int i = 0; i < 49; i++) {
		e = fixture_open(&x, 1, 4, NULL, NULL);
		assert_int_not_equal(rtp_of(&x, e).port, port);
		relay_endpoint_close(x.relay, e);
		x.f.now_us += 1000;
	}
	fixture_fini(&x);
}

static void test_close(void **state)
{
	struct fixture x;
	struct relay_stats stats;
	struct addr rtp, rtcp;
	(void)state;
	fixture_init(&x, NULL);
	struct id a = fixture_open(&x, 1, 4, PHONE_A, PHONE_A);
	struct id b = fixture_open(&x, 1, 4, PHONE_B, PHONE_B);
	relay_connect(x.relay, a, b);
	rtp = rtp_of(&x, a);
	uint64_t cookie = fake_io_find(&x.f, &rtp)->cookie;
	relay_endpoint_close(x.relay, a);
	relay_endpoint_close(x.relay, a);
	assert_false(relay_endpoint_stats(x.relay, a, &stats));
	assert_false(relay_endpoint_addr(x.relay, a, &rtp, &rtcp));
	fixture_expect(&x, a, PHONE_A, PHONE_A);
	relay_connect(x.relay, a, b);
	relay_disconnect(x.relay, a);
	assert_int_equal(fake_io_open_count(&x.f), 2);

	char bytes[32] = {(char)0x80};
	struct io_datagram late = {.src = address(PHONE_A), .p = bytes, .n = sizeof bytes};
	relay_on_datagrams(x.relay, cookie, &late, 1);
	relay_on_datagrams(x.relay, COOKIE_BASE + 1000, &late, 1);
	relay_on_datagrams(x.relay, 0, &late, 1);
	arrive_rtp(&x, b, PHONE_B, 1, 1);
	check_nothing_sent(&x);
	fixture_fini(&x);
}

/* Joining with another parts from the one before, on both sides. */
static void test_connect(void **state)
{
	struct fixture x;
	(void)state;
	fixture_init(&x, NULL);
	struct id a = fixture_open(&x, 1, 4, PHONE_A, PHONE_A);
	struct id b = fixture_open(&x, 1, 4, PHONE_B, PHONE_B);
	struct id c = fixture_open(&x, 1, 4, "192.0.2.10:6000", "192.0.2.10");
	struct id d = fixture_open(&x, 1, 4, "192.0.2.11:7000", "192.0.2.11");
	arrive_rtp(&x, a, PHONE_A, 1, 1);
	check_nothing_sent(&x);
	relay_connect(x.relay, a, b);
	relay_connect(x.relay, c, d);
	arrive_rtp(&x, a, PHONE_A, 1, 2);
	check_sent(&x, rtp_of(&x, b), PHONE_B, SLICE_NONE);
	relay_connect(x.relay, a, c);
	arrive_rtp(&x, a, PHONE_A, 1, 3);
	check_sent(&x, rtp_of(&x, c), "192.0.2.10:6000", SLICE_NONE);
	arrive_rtp(&x, b, PHONE_B, 2, 1);
	arrive_rtp(&x, d, "192.0.2.11:7000", 3, 1);
	check_nothing_sent(&x);
	relay_disconnect(x.relay, c);
	arrive_rtp(&x, a, PHONE_A, 1, 4);
	check_nothing_sent(&x);
	relay_connect(x.relay, a, a);
	arrive_rtp(&x, a, PHONE_A, 1, 5);
	check_sent(&x, rtp_of(&x, a), PHONE_A, SLICE_NONE);
	relay_connect(x.relay, a, b);
	arrive_rtp(&x, a, PHONE_A, 1, 6);
	check_sent(&x, rtp_of(&x, b), PHONE_B, SLICE_NONE);
	fixture_fini(&x);
}

/* SDP addresses that nothing may be sent to: many hosts, no host, ourselves. */
static void test_nobody(void **state)
{
	static const struct {
		const char *sdp;
		const char *sent_to; /* NULL: nothing is sent */
	} rows[] = {
		{PHONE_B, PHONE_B},
		{"233.252.0.1:5000", NULL},
		{"255.255.255.255:5000", NULL},
		{"0.0.0.0:5000", NULL},
		{"192.0.2.9:0", NULL},
		{"[2001:db8::9]:5000", NULL}, /* an IPv4 endpoint */
		{"192.168.1.5:5000", NULL},   /* not the signalling's host */
		{"127.0.0.1:5000", NULL},
		{OWN4 ":40000", OWN4 ":40000"}, /* another program here */
		{OWN4 ":20000", NULL},		/* another shard's relay */
		{OWN4 ":29999", NULL},
		{NULL, NULL},
	};
	struct fixture x;
	(void)state;
	fixture_init(&x, NULL);
	struct relay_params p = fixture_params(&x);
	relay_free(x.relay);
	p.server_port_first = 10000;
	p.server_port_last = 29999;
	fixture_init(&x, &p);
	struct id a = fixture_open(&x, 1, 4, PHONE_A, PHONE_A);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct id b = fixture_open(&x, 1, 4, NULL, NULL);
		fixture_expect(&x, b, rows[i].sdp, "198.51.100.99");
		relay_connect(x.relay, a, b);
		arrive_rtp(&x, a, PHONE_A, 1, (uint16_t)i);
		if (rows[i].sent_to)
			check_sent(&x, rtp_of(&x, b), rows[i].sent_to, SLICE_NONE);
		else
			check_nothing_sent(&x);
		relay_endpoint_close(x.relay, b);
	}
	fixture_fini(&x);
}

/* Two calls that name each other's relay ports would send a packet round for ever. */
static void test_own_port(void **state)
{
	struct fixture x;
	char a_text[ADDR_TEXT_BYTES], b_text[ADDR_TEXT_BYTES];
	(void)state;
	fixture_init(&x, NULL);
	struct id a = fixture_open(&x, 1, 4, NULL, NULL);
	struct id b = fixture_open(&x, 1, 4, NULL, NULL);
	struct addr a_rtp = rtp_of(&x, a), b_rtp = rtp_of(&x, b);
	relay_connect(x.relay, a, b);
	fixture_expect(&x, a, addr_text(&b_rtp, b_text), PHONE_A);
	fixture_expect(&x, b, addr_text(&a_rtp, a_text), PHONE_B);
	arrive_rtp(&x, a, PHONE_A, 1, 1);
	check_nothing_sent(&x);
	arrive_rtp(&x, a, b_text, 1, 2);
	check_nothing_sent(&x);
	fixture_fini(&x);
}

/* On loopback everybody has one address; there only our own open ports are ours. */
static void test_loopback(void **state)
{
	struct fixture x;
	(void)state;
	fixture_init(&x, NULL);
	struct relay_params p = fixture_params(&x);
	relay_free(x.relay);
	p.address4 = address("127.0.0.1");
	p.server_port_first = 10000;
	p.server_port_last = 65535;
	fixture_init(&x, &p);
	struct id a = fixture_open(&x, 1, 4, "127.0.0.1:30000", "127.0.0.1");
	struct id b = fixture_open(&x, 1, 4, "127.0.0.1:30002", "127.0.0.1");
	relay_connect(x.relay, a, b);
	arrive_rtp(&x, a, "127.0.0.1:30000", 1, 1);
	check_sent(&x, rtp_of(&x, b), "127.0.0.1:30002", SLICE_NONE);
	fixture_fini(&x);
}

/* A relay that goes takes its endpoints and sockets along. */
static void ready_fixture(struct fixture *x, uint32_t pairs, uint16_t port_last)
{
	fixture_init(x, NULL);
	struct relay_params p = fixture_params(x);
	relay_free(x->relay);
	p.ready_pairs_max = pairs;
	p.port_last = port_last;
	fixture_init(x, &p);
}

/* A pair stays open between two calls, and the next call has it for itself. */
static void test_ready(void **state)
{
	struct fixture x;
	(void)state;
	ready_fixture(&x, 4, 10099);
	struct id a = fixture_open(&x, 1, 4, "198.51.100.1:4000", "198.51.100.1");
	struct addr rtp = rtp_of(&x, a);
	arrive_rtp(&x, a, "198.51.100.1:4000", 1, 1);
	relay_endpoint_close(x.relay, a);
	assert_int_equal(relay_endpoints_used(x.relay), 0);
	assert_int_equal(fake_io_open_count(&x.f), 2);
	x.f.now_us += READY_QUIET_MS * 1000;
	struct id b = fixture_open(&x, 2, 4, "198.51.100.2:4000", "198.51.100.2");
	struct addr again = rtp_of(&x, b);
	assert_true(addr_eq(&rtp, &again));
	assert_int_equal(fake_io_open_count(&x.f), 2);
	assert_int_equal(stats_of(&x, b).received.packets, 0);
	arrive_rtp(&x, b, "198.51.100.1:4000", 1, 2); /* the old phone is a stranger now */
	assert_int_equal(stats_of(&x, b).refused_packets, 1);
	arrive_rtp(&x, b, "198.51.100.2:4000", 7, 1);
	assert_int_equal(stats_of(&x, b).received.packets, 1);
	fixture_fini(&x);
}

/* A phone that goes on sending keeps its old pair from the next call. */
static void test_ready_noisy(void **state)
{
	struct fixture x;
	char bytes[12] = {(char)0x80};
	(void)state;
	ready_fixture(&x, 4, 10099);
	struct id a = fixture_open(&x, 1, 4, "198.51.100.1:4000", "198.51.100.1");
	struct addr rtp = rtp_of(&x, a), rtcp = rtcp_of(&x, a);
	relay_endpoint_close(x.relay, a);
	struct io_datagram d = {.src = address("198.51.100.1:4000"), .p = bytes, .n = 12};
	x.f.now_us += READY_QUIET_MS * 500;
	relay_on_datagrams(x.relay, fake_io_find(&x.f, &rtp)->cookie, &d, 1);
	x.f.now_us += READY_QUIET_MS * 500;
	relay_on_datagrams(x.relay, fake_io_find(&x.f, &rtcp)->cookie, &d, 1);
	x.f.now_us += READY_QUIET_MS * 900;
	struct id b = fixture_open(&x, 2, 4, "198.51.100.2:4000", "198.51.100.2");
	struct addr other = rtp_of(&x, b);
	assert_false(addr_eq(&rtp, &other));
	assert_int_equal(x.note_count, 0);
	check_nothing_sent(&x);
	fixture_fini(&x);
}

/* No more than so many stay open; where ports run out, an open pair is better than none. */
static void test_ready_limits(void **state)
{
	struct fixture x;
	struct id e[4];
	(void)state;
	ready_fixture(&x, 2, 10005); /* three pairs */
	for (int i = 0; i < 3; i++)
		assert_int_equal(try_open(&x, 4, &e[i]), 0);
	for (int i = 0; i < 3; i++)
		relay_endpoint_close(x.relay, e[i]);
	assert_int_equal(fake_io_open_count(&x.f), 4);
	for (int i = 0; i < 3; i++)
		assert_int_equal(try_open(&x, 4, &e[i]), 0);
	assert_int_equal(try_open(&x, 4, &e[3]), ERR_LIMIT);
	assert_int_equal(try_open(&x, 6, &e[3]), ERR_LIMIT);
	fixture_fini(&x);
}

static void test_relay_free(void **state)
{
	struct fixture x;
	(void)state;
	fixture_init(&x, NULL);
	for (int i = 0; i < 10; i++)
		fixture_open(&x, 1, i % 2 ? 4 : 6, NULL, NULL);
	fixture_fini(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_no_family),
		cmocka_unit_test(test_open_fails),
		cmocka_unit_test(test_endpoint_limit),
		cmocka_unit_test(test_ports_taken_elsewhere),
		cmocka_unit_test(test_ports_rest),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_own_port),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_ready_noisy),
		cmocka_unit_test(test_ready_limits),
		cmocka_unit_test(test_relay_free),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
