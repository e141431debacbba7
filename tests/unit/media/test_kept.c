/* Endpoints across a restart: a second relay takes up what the first one kept. */
#include "relay_fixture.h"

#include "base/err.h"
#include "media/kept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PHONE_A	 "198.51.100.7:4000"
#define PHONE_B	 "192.0.2.9:5000"
#define ELSE_A	 "198.51.100.7:4444" /* the same NAT, another port */
#define STRANGER "198.51.100.99:4000"

/* A call of two, each heard; what the server knows of them, and then it is gone. */
static void keep_call(struct relay_kept kept[2])
{
	struct fixture x;
	fixture_init(&x, NULL);
	struct id a = fixture_open(&x, 1, 4, PHONE_A, "198.51.100.7:5060");
	struct id b = fixture_open(&x, 2, 4, PHONE_B, "192.0.2.9:5060");
	relay_connect(x.relay, a, b);
	for (uint16_t seq = 10; seq < 20; seq++) {
		arrive_rtp(&x, a, PHONE_A, 0xaaaa, seq);
		arrive_rtp(&x, b, PHONE_B, 0xbbbb, seq);
	}
	arrive_rtp(&x, a, STRANGER, 0xaaaa, 20);
	assert_true(relay_endpoint_kept(x.relay, a, &kept[0]));
	assert_true(relay_endpoint_kept(x.relay, b, &kept[1]));
	fixture_fini(&x);
}

static void restore_call(struct fixture *x, const struct relay_kept kept[2], struct id ret_ids[2])
{
	fixture_init(x, NULL);
	for (int i = 0; i < 2; i++)
		assert_int_equal(relay_endpoint_restore(x->relay, (struct id){(uint64_t)i + 1},
							&kept[i], &ret_ids[i]),
				 0);
	relay_connect(x->relay, ret_ids[0], ret_ids[1]);
}

static void test_goes_on(void **state)
{
	struct relay_kept kept[2];
	struct fixture x;
	struct id e[2];
	(void)state;
	keep_call(kept);
	restore_call(&x, kept, e);
	struct addr rtp = rtp_of(&x, e[0]), rtcp = rtcp_of(&x, e[0]);
	assert_true(addr_eq(&rtp, &kept[0].rtp) && addr_eq(&rtcp, &kept[0].rtcp));
	assert_int_equal(fake_io_find(&x.f, &rtp)->cookie, COOKIE_BASE + 2 * id_slot(e[0]));
	x.f.now_us += 1000000;
	arrive_rtp(&x, e[0], PHONE_A, 0xaaaa, 70); /* a second of silence: 50 packets are lost */
	struct relay_stats st = stats_of(&x, e[0]);
	assert_int_equal(st.received.packets, 11);
	assert_int_equal(st.received.lost, 50);
	assert_int_equal(st.refused_packets, 1);
	assert_int_equal(stats_of(&x, e[1]).sent_packets, 11);
	fixture_fini(&x);
}

/* The source that was learned is believed, the NAT that moved the stream too, nobody else. */
static void test_believes_the_same(void **state)
{
	struct relay_kept kept[2];
	struct fixture x;
	struct id e[2];
	(void)state;
	keep_call(kept);
	restore_call(&x, kept, e);
	arrive_rtp(&x, e[0], STRANGER, 0xaaaa, 21);
	assert_int_equal(stats_of(&x, e[0]).received.packets, 10);
	arrive_rtp(&x, e[0], ELSE_A, 0xdddd, 21); /* another stream */
	assert_int_equal(stats_of(&x, e[0]).received.packets, 10);
	arrive_rtp(&x, e[0], ELSE_A, 0xaaaa, 60);
	assert_int_equal(stats_of(&x, e[0]).received.packets, 11);
	struct addr moved = address(ELSE_A), source = relay_endpoint_source(x.relay, e[0]);
	assert_true(addr_eq(&source, &moved));
	fixture_fini(&x);
}

/* The machine was started anew: its clock is behind what was kept. */
static void test_clock_began_anew(void **state)
{
	struct relay_kept kept[2];
	struct fixture x;
	struct id e[2];
	(void)state;
	keep_call(kept);
	kept[0].stats.received.first_us += 1000000000000;
	kept[0].stats.received.last_us += 1000000000000;
	kept[0].stats.last_received_ms += 1000000000;
	restore_call(&x, kept, e);
	assert_int_equal(stats_of(&x, e[0]).last_received_ms, 0);
	arrive_rtp(&x, e[0], PHONE_A, 0xaaaa, 20);
	struct relay_stats st = stats_of(&x, e[0]);
	assert_int_equal(st.received.packets, 11);
	assert_int_equal(st.received.lost, 0);
	assert_true(st.received.longest_gap_us >= 0 && st.received.longest_gap_us < 1000000);
	fixture_fini(&x);
}

static void test_refused(void **state)
{
	struct relay_kept kept[2], odd;
	struct fixture x;
	struct id e[2], again;
	(void)state;
	keep_call(kept);
	restore_call(&x, kept, e);
	assert_int_equal(relay_endpoint_restore(x.relay, ID_NONE, &kept[0], &again), ERR_IN_USE);
	odd = kept[0];
	odd.rtp.port++;
	assert_int_equal(relay_endpoint_restore(x.relay, ID_NONE, &odd, &again), ERR_INVALID);
	odd.rtp = (struct addr){0};
	assert_int_equal(relay_endpoint_restore(x.relay, ID_NONE, &odd, &again), ERR_INVALID);
	assert_false(relay_endpoint_kept(x.relay, ID_NONE, &odd));
	assert_int_equal(relay_endpoints_used(x.relay), 2);
	fixture_fini(&x);
}

/* Of the formats only those are kept whose clock is not the usual one. */
static void test_clocks(void **state)
{
	struct relay_kept kept[2], again;
	struct fixture x;
	struct id e[2];
	(void)state;
	keep_call(kept);
	assert_int_equal(kept[0].format_count, 1);
	assert_int_equal(kept[0].formats[0].payload_type, 111);
	assert_int_equal(kept[0].formats[0].clock_hz, 48000);
	restore_call(&x, kept, e);
	assert_true(relay_endpoint_kept(x.relay, e[0], &again));
	assert_int_equal(again.format_count, 1);
	assert_int_equal(again.formats[0].clock_hz, 48000);
	struct relay_peer plain = fixture_peer(PHONE_A, "198.51.100.7:5060");
	plain.format_count = 2;
	relay_endpoint_expect(x.relay, e[0], &plain);
	assert_true(relay_endpoint_kept(x.relay, e[0], &again));
	assert_int_equal(again.format_count, 0);
	fixture_fini(&x);
}

/* Somebody else has the port just now: later it can be had. */
static void test_taken_for_a_while(void **state)
{
	struct relay_kept kept[2];
	struct fixture x;
	struct id e;
	(void)state;
	keep_call(kept);
	fixture_init(&x, NULL);
	x.f.taken_first = x.f.taken_last = kept[0].rtcp.port;
	for (int i = 0; i < 3; i++)
		assert_int_equal(relay_endpoint_restore(x.relay, ID_NONE, &kept[0], &e),
				 ERR_IN_USE);
	assert_int_equal(relay_endpoints_used(x.relay), 0);
	assert_int_equal(fake_io_open_count(&x.f), 0);
	x.f.taken_first = x.f.taken_last = 0;
	assert_int_equal(relay_endpoint_restore(x.relay, ID_NONE, &kept[0], &e), 0);
	fixture_fini(&x);
}

/* Ports of another shard's share; given back, they are not this one's to give out. */
static void test_foreign_ports(void **state)
{
	struct relay_kept kept[2];
	struct fixture x;
	struct id e;
	(void)state;
	keep_call(kept);
	kept[0].rtp.port = 30000;
	kept[0].rtcp.port = 30001;
	fixture_init(&x, NULL);
	assert_int_equal(relay_endpoint_restore(x.relay, ID_NONE, &kept[0], &e), 0);
	struct addr rtp = rtp_of(&x, e);
	assert_int_equal(rtp.port, 30000);
	relay_endpoint_close(x.relay, e);
	assert_null(fake_io_find(&x.f, &rtp));
	assert_int_equal(relay_endpoints_used(x.relay), 0);
	fixture_fini(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_believes_the_same),
		cmocka_unit_test(test_clock_began_anew),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_taken_for_a_while),
		cmocka_unit_test(test_foreign_ports),
		cmocka_unit_test(test_clocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
