#include "relay_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

#define PHONE_A	     "198.51.100.7:4000"
#define PHONE_A_RTCP "198.51.100.7:4001"
#define PHONE_B	     "192.0.2.9:5000"
#define PHONE_B_RTCP "192.0.2.9:5001"
#define EVIL	     "203.0.113.66:4000"

#define RR "\x80\xc9\x00\x01ssrc"

struct call {
	struct fixture x;
	struct id a, b;
};

static void call_init(struct call *c)
{
	fixture_init(&c->x, NULL);
	c->a = fixture_open(&c->x, 11, 4, PHONE_A, PHONE_A);
	c->b = fixture_open(&c->x, 22, 4, PHONE_B, PHONE_B);
	relay_connect(c->x.relay, c->a, c->b);
}

static void call_fini(struct call *c)
{
	fixture_fini(&c->x);
}

static void check_note(struct fixture *x, bool refused, uint64_t owner, struct id endpoint,
		       const char *source, bool rtcp)
{
	struct addr want = address(source);
	assert_int_equal(x->note_count, 1);
	assert_int_equal(x->notes[0].refused, refused);
	assert_int_equal(x->notes[0].owner.v, owner);
	assert_true(id_eq(x->notes[0].endpoint, endpoint));
	assert_true(addr_eq(&x->notes[0].source, &want));
	assert_int_equal(x->notes[0].rtcp, rtcp);
	x->note_count = 0;
}

static void test_both_ways(void **state)
{
	struct call c;
	(void)state;
	call_init(&c);
	for (uint16_t seq = 0; seq < 5; seq++) {
		c.x.f.now_us += 20000;
		arrive_rtp(&c.x, c.a, PHONE_A, 7, seq);
		check_sent(&c.x, rtp_of(&c.x, c.b), PHONE_B, SLICE_NONE);
		arrive_rtp(&c.x, c.b, PHONE_B, 8, seq);
		check_sent(&c.x, rtp_of(&c.x, c.a), PHONE_A, SLICE_NONE);
	}
	struct relay_stats a = stats_of(&c.x, c.a), b = stats_of(&c.x, c.b);
	struct addr phone = address(PHONE_A), source = relay_endpoint_source(c.x.relay, c.a);
	assert_int_equal(a.received.packets, 5);
	assert_int_equal(a.received.bytes, 5 * 32);
	assert_int_equal(a.received.expected, 5);
	assert_int_equal(a.received.ssrc, 7);
	assert_int_equal(a.received.clock_hz, 8000);
	assert_true(a.received.jitter_max_us < 0.001);
	assert_int_equal(a.last_received_ms, 1100);
	assert_true(addr_eq(&source, &phone));
	assert_int_equal(b.sent_packets, 5);
	assert_int_equal(b.sent_bytes, 5 * 32);
	assert_int_equal(a.refused_packets + a.malformed_packets + a.rtcp_received, 0);
	assert_int_equal(c.x.note_count, 2);
	call_fini(&c);
}

/* Not one packet from elsewhere gets in, and not one goes there. */
static void test_bleed(void **state)
{
	struct call c;
	(void)state;
	call_init(&c);
	arrive_rtp(&c.x, c.a, EVIL, 7, 1);
	check_nothing_sent(&c.x);
	check_note(&c.x, true, 11, c.a, EVIL, false);
	arrive_rtp(&c.x, c.b, PHONE_B, 8, 1);
	check_sent(&c.x, rtp_of(&c.x, c.a), PHONE_A, SLICE_NONE);
	check_note(&c.x, false, 22, c.b, PHONE_B, false);
	arrive_rtp(&c.x, c.a, EVIL, 7, 2);
	arrive(&c.x, c.a, false, EVIL, SLICE("\x00\x01\x00\x00"));
	arrive(&c.x, c.a, true, EVIL, SLICE(RR));
	arrive(&c.x, c.a, false, EVIL, SLICE(RR));
	arrive(&c.x, c.a, false, EVIL, SLICE("x"));
	arrive(&c.x, c.a, false, EVIL, SLICE_NONE);
	check_nothing_sent(&c.x);
	assert_int_equal(c.x.note_count, 0);
	struct relay_stats a = stats_of(&c.x, c.a);
	assert_int_equal(a.refused_packets, 7);
	assert_int_equal(relay_endpoint_source(c.x.relay, c.a).family, 0);
	assert_int_equal(a.received.packets + a.rtcp_received + a.malformed_packets, 0);
	assert_int_equal(a.last_received_ms, 0);
	call_fini(&c);
}

/* The first four strangers are told of, once each; before any SDP nobody is. */
static void test_refused_notes(void **state)
{
	static const char *const strangers[] = {"203.0.113.1:1", "203.0.113.1:2", "203.0.113.1:1",
						"203.0.113.3:1", "203.0.113.4:1", "203.0.113.5:1",
						"203.0.113.6:1"};
	struct call c;
	(void)state;
	call_init(&c);
	for (size_t i = 0; i < COUNT(strangers); i++)
		arrive_rtp(&c.x, c.a, strangers[i], 1, (uint16_t)i);
	assert_int_equal(c.x.note_count, 4);
	assert_int_equal(stats_of(&c.x, c.a).refused_packets, COUNT(strangers));
	struct id early = fixture_open(&c.x, 1, 4, NULL, NULL);
	arrive_rtp(&c.x, early, PHONE_A, 1, 1);
	assert_int_equal(c.x.note_count, 4);
	assert_int_equal(stats_of(&c.x, early).refused_packets, 0);
	call_fini(&c);
}

static void test_nat(void **state)
{
	struct call c;
	(void)state;
	call_init(&c);
	fixture_expect(&c.x, c.a, "192.168.1.5:4000", "198.51.100.7:5060");
	arrive_rtp(&c.x, c.b, PHONE_B, 8, 1);
	check_nothing_sent(&c.x); /* nobody to send to yet */
	c.x.note_count = 0;
	arrive_rtp(&c.x, c.a, "198.51.100.7:62000", 7, 1);
	check_sent(&c.x, rtp_of(&c.x, c.b), PHONE_B, SLICE_NONE);
	check_note(&c.x, false, 11, c.a, "198.51.100.7:62000", false);
	arrive_rtp(&c.x, c.b, PHONE_B, 8, 2);
	check_sent(&c.x, rtp_of(&c.x, c.a), "198.51.100.7:62000", SLICE_NONE);
	arrive_rtp(&c.x, c.a, "198.51.100.7:63000", 7, 2); /* the NAT moved it */
	check_note(&c.x, false, 11, c.a, "198.51.100.7:63000", false);
	fake_io_clear(&c.x.f);
	arrive_rtp(&c.x, c.b, PHONE_B, 8, 3);
	check_sent(&c.x, rtp_of(&c.x, c.a), "198.51.100.7:63000", SLICE_NONE);
	call_fini(&c);
}

/* The NAT that moved RTP has moved RTCP as well. */
static void test_nat_moves_rtcp(void **state)
{
	struct call c;
	(void)state;
	call_init(&c);
	fixture_expect(&c.x, c.a, "192.168.1.5:4000", "198.51.100.7:5060");
	arrive_rtp(&c.x, c.a, "198.51.100.7:62000", 7, 1);
	arrive(&c.x, c.a, true, "198.51.100.7:62001", SLICE(RR));
	arrive(&c.x, c.a, true, "198.51.100.7:63001", SLICE(RR));
	assert_int_equal(stats_of(&c.x, c.a).refused_packets, 1);
	arrive_rtp(&c.x, c.a, "198.51.100.7:63000", 7, 2);
	arrive(&c.x, c.a, true, "198.51.100.7:63001", SLICE(RR));
	assert_int_equal(stats_of(&c.x, c.a).refused_packets, 1);
	fake_io_clear(&c.x.f);
	arrive(&c.x, c.b, true, PHONE_B_RTCP, SLICE(RR));
	check_sent(&c.x, rtcp_of(&c.x, c.a), "198.51.100.7:63001", SLICE(RR));
	call_fini(&c);
}

static void test_rtcp(void **state)
{
	struct call c;
	(void)state;
	call_init(&c);
	arrive(&c.x, c.a, true, PHONE_A_RTCP, SLICE(RR));
	check_sent(&c.x, rtcp_of(&c.x, c.b), PHONE_B_RTCP, SLICE(RR));
	check_note(&c.x, false, 11, c.a, PHONE_A_RTCP, true);
	assert_int_equal(stats_of(&c.x, c.a).rtcp_received, 1);
	assert_int_equal(stats_of(&c.x, c.b).rtcp_sent, 1);
	assert_int_equal(stats_of(&c.x, c.b).sent_packets, 0);
	assert_int_equal(stats_of(&c.x, c.a).received.packets, 0);
	assert_int_equal(relay_endpoint_source(c.x.relay, c.a).family, 0);
	call_fini(&c);
}

/* Who multiplexes is sent RTCP on the even port, who does not on the odd one, whatever the other
 * side does. */
static void test_mux(void **state)
{
	struct call c;
	struct relay_peer peer = fixture_peer(PHONE_B, PHONE_B);
	(void)state;
	call_init(&c);
	peer.rtcp_mux = true;
	peer.rtcp = peer.rtp;
	relay_endpoint_expect(c.x.relay, c.b, &peer);
	arrive(&c.x, c.a, true, PHONE_A_RTCP, SLICE(RR));
	check_sent(&c.x, rtp_of(&c.x, c.b), PHONE_B, SLICE(RR));
	arrive(&c.x, c.b, false, PHONE_B, SLICE(RR));
	check_sent(&c.x, rtcp_of(&c.x, c.a), PHONE_A_RTCP, SLICE(RR));
	assert_int_equal(stats_of(&c.x, c.b).rtcp_received, 1);
	call_fini(&c);
}

/* What shares the ports with RTP, by its first byte, once its sender is believed. */
static void test_beside(void **state)
{
	static const struct {
		uint8_t first;
		bool passes;
	} rows[] = {
		{0, true},    {1, true},    {3, true},	  {4, false},	{15, false}, {16, true},
		{19, true},   {20, true},   {22, true},	  {63, true},	{64, false}, {127, false},
		{128, false}, {191, false}, {192, false}, {255, false},
	};
	struct call c;
	uint64_t malformed = 0;
	(void)state;
	call_init(&c);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char bytes[8] = {(char)rows[i].first, 1, 2, 3};
		arrive(&c.x, c.a, false, PHONE_A, slice_of(bytes, sizeof bytes));
		if (rows[i].passes)
			check_sent(&c.x, rtp_of(&c.x, c.b), PHONE_B, slice_of(bytes, sizeof bytes));
		arrive(&c.x, c.a, true, PHONE_A_RTCP, slice_of(bytes, sizeof bytes));
		if (rows[i].passes)
			check_sent(&c.x, rtcp_of(&c.x, c.b), PHONE_B_RTCP, SLICE_NONE);
		check_nothing_sent(&c.x);
		malformed += rows[i].passes ? 0 : 2;
	}
	struct relay_stats a = stats_of(&c.x, c.a);
	assert_int_equal(a.malformed_packets, malformed);
	assert_int_equal(a.received.packets, 0);
	assert_int_equal(stats_of(&c.x, c.b).sent_packets, 0);
	call_fini(&c);
}

/* Bytes that are nothing teach nothing. */
static void test_malformed(void **state)
{
	static const struct slice rows[] = {
		SLICE("\x80\x00short"),
		SLICE("\x8f\x00\x00\x01\x00\x00\x00\x00ssrcxx"), /* 15 CSRCs that are not there */
		SLICE("\x80\xc9\x00\x01"),			 /* RTCP without SSRC */
		SLICE("\x40"),
		SLICE("INVITE sip:a@b SIP/2.0\r\n\r\n"),
	};
	struct call c;
	(void)state;
	call_init(&c);
	fixture_expect(&c.x, c.a, "192.168.1.5:4000", "198.51.100.7:5060");
	for (size_t i = 0; i < COUNT(rows); i++)
		arrive(&c.x, c.a, false, "198.51.100.7:62000", rows[i]);
	check_nothing_sent(&c.x);
	assert_int_equal(c.x.note_count, 0);
	assert_int_equal(stats_of(&c.x, c.a).malformed_packets, COUNT(rows));
	assert_int_equal(relay_endpoint_source(c.x.relay, c.a).family, 0);
	call_fini(&c);
}

/* SRTP encrypts the count of padding bytes: no reason to drop the packet. */
static void test_srtp_padding(void **state)
{
	struct call c;
	struct slice packet = SLICE("\xa0\x00\x00\x01\x00\x00\x00\x00ssrc\xff\xff");
	(void)state;
	call_init(&c);
	arrive(&c.x, c.a, false, PHONE_A, packet);
	check_sent(&c.x, rtp_of(&c.x, c.b), PHONE_B, packet);
	call_fini(&c);
}

/* An empty datagram keeps a NAT open: learned from, not passed on. */
static void test_empty(void **state)
{
	struct call c;
	(void)state;
	call_init(&c);
	fixture_expect(&c.x, c.a, "192.168.1.5:4000", "198.51.100.7:5060");
	arrive(&c.x, c.a, false, "198.51.100.7:62000", SLICE_NONE);
	check_nothing_sent(&c.x);
	arrive_rtp(&c.x, c.b, PHONE_B, 8, 1);
	check_sent(&c.x, rtp_of(&c.x, c.a), "198.51.100.7:62000", SLICE_NONE);
	assert_int_equal(stats_of(&c.x, c.a).received.packets, 0);
	call_fini(&c);
}

/* Fax: any bytes, by address alone. */
static void test_udptl(void **state)
{
	struct call c;
	struct relay_peer peer_a = fixture_peer("192.168.1.5:4000", "198.51.100.7");
	struct relay_peer peer_b = fixture_peer(PHONE_B, PHONE_B);
	(void)state;
	call_init(&c);
	peer_a.kind = peer_b.kind = RELAY_UDPTL;
	peer_a.rtcp = peer_b.rtcp = address(NULL);
	relay_endpoint_expect(c.x.relay, c.a, &peer_a);
	relay_endpoint_expect(c.x.relay, c.b, &peer_b);
	arrive(&c.x, c.a, false, "198.51.100.7:62000", SLICE("\x40\x01\x02"));
	check_sent(&c.x, rtp_of(&c.x, c.b), PHONE_B, SLICE("\x40\x01\x02"));
	c.x.f.now_us += 50000;
	arrive(&c.x, c.a, false, "198.51.100.7:62000", SLICE("\x00\x02\x02"));
	check_sent(&c.x, rtp_of(&c.x, c.b), PHONE_B, SLICE("\x00\x02\x02"));
	arrive(&c.x, c.a, false, "198.51.100.7:62001", SLICE("\x00\x03\x02"));
	arrive(&c.x, c.a, true, "198.51.100.7:62000", SLICE("\x00\x03\x02"));
	check_nothing_sent(&c.x);
	struct relay_stats a = stats_of(&c.x, c.a);
	assert_int_equal(a.received.packets, 2);
	assert_int_equal(a.received.bytes, 6);
	assert_int_equal(a.received.longest_gap_us, 50000);
	assert_int_equal(a.refused_packets, 1);
	assert_int_equal(a.malformed_packets, 1);
	assert_int_equal(stats_of(&c.x, c.b).sent_packets, 2);
	call_fini(&c);
}

/* Ten seconds of hold are no dropout, and what comes after them is counted on. */
static void test_hold_is_no_gap(void **state)
{
	struct call c;
	(void)state;
	call_init(&c);
	arrive_rtp(&c.x, c.a, PHONE_A, 7, 1);
	c.x.f.now_us += 20000;
	arrive_rtp(&c.x, c.a, PHONE_A, 7, 2);
	relay_endpoint_turned(c.x.relay, c.a);
	c.x.f.now_us += 10000000;
	relay_endpoint_turned(c.x.relay, c.a);
	arrive_rtp(&c.x, c.a, PHONE_A, 7, 600);
	struct relay_stats a = stats_of(&c.x, c.a);
	assert_int_equal(a.received.packets, 3);
	assert_int_equal(a.received.lost, 0);
	assert_int_equal(a.received.longest_gap_us, 20000);
	relay_endpoint_turned(c.x.relay, ID_NONE);
	call_fini(&c);
}

/* A call that turns into a fax and back keeps its ports and its source. */
static void test_fax_and_back(void **state)
{
	struct call c;
	struct relay_peer peer = fixture_peer(PHONE_A, PHONE_A);
	(void)state;
	call_init(&c);
	arrive_rtp(&c.x, c.a, PHONE_A, 7, 1);
	peer.kind = RELAY_UDPTL;
	relay_endpoint_expect(c.x.relay, c.a, &peer);
	arrive(&c.x, c.a, false, PHONE_A, SLICE("\x00\x01\x02"));
	peer.kind = RELAY_RTP;
	relay_endpoint_expect(c.x.relay, c.a, &peer);
	arrive_rtp(&c.x, c.a, PHONE_A, 7, 30000);
	assert_int_equal(c.x.f.sent_count, 3);
	struct relay_stats a = stats_of(&c.x, c.a);
	assert_int_equal(a.received.packets, 3);
	assert_int_equal(a.received.lost, 0);
	assert_int_equal(c.x.note_count, 1);
	call_fini(&c);
}

static void test_ipv4_to_ipv6(void **state)
{
	struct fixture x;
	(void)state;
	fixture_init(&x, NULL);
	struct id a = fixture_open(&x, 1, 4, PHONE_A, PHONE_A);
	struct id b = fixture_open(&x, 2, 6, "[2001:db8::9]:5000", "2001:db8::9");
	relay_connect(x.relay, a, b);
	arrive_rtp(&x, a, PHONE_A, 7, 1);
	check_sent(&x, rtp_of(&x, b), "[2001:db8::9]:5000", SLICE_NONE);
	arrive_rtp(&x, b, "[2001:db8::9]:5002", 8, 1);
	check_sent(&x, rtp_of(&x, a), PHONE_A, SLICE_NONE);
	arrive_rtp(&x, b, "[2001:db8::a]:5000", 8, 2);
	check_nothing_sent(&x);
	fixture_fini(&x);
}

/* c=0.0.0.0: the phone is sent nothing, and what it had taught stays. */
static void test_old_hold(void **state)
{
	struct call c;
	(void)state;
	call_init(&c);
	arrive_rtp(&c.x, c.a, "198.51.100.7:62000", 7, 1);
	fake_io_clear(&c.x.f);
	fixture_expect(&c.x, c.a, "0.0.0.0:4000", "198.51.100.7");
	arrive_rtp(&c.x, c.b, PHONE_B, 8, 1);
	arrive(&c.x, c.b, true, PHONE_B_RTCP, SLICE(RR));
	check_nothing_sent(&c.x);
	fixture_expect(&c.x, c.a, PHONE_A, "198.51.100.7");
	arrive_rtp(&c.x, c.b, PHONE_B, 8, 2);
	check_sent(&c.x, rtp_of(&c.x, c.a), "198.51.100.7:62000", SLICE_NONE);
	call_fini(&c);
}

/* Statistics know the clock of the payload type. */
static void test_clock(void **state)
{
	struct call c;
	(void)state;
	call_init(&c);
	arrive(&c.x, c.a, false, PHONE_A, SLICE("\x80\x6f\x00\x01\x00\x00\x00\x00ssrc"));
	assert_int_equal(stats_of(&c.x, c.a).received.clock_hz, 48000);
	arrive(&c.x, c.a, false, PHONE_A, SLICE("\x80\x6f\x00\x02\x00\x00\x03\xc0ssrc"));
	assert_int_equal(stats_of(&c.x, c.a).received.clock_hz, 48000);
	arrive(&c.x, c.a, false, PHONE_A, SLICE("\x80\x60\x00\x03\x00\x00\x07\x80ssrc"));
	assert_int_equal(stats_of(&c.x, c.a).received.clock_hz, 8000);
	assert_int_equal(stats_of(&c.x, c.a).received.payload_type, 96);
	call_fini(&c);
}

/* A batch goes through in order, and stops when a callback closes the endpoint in the middle of it.
 */
static void test_closed_by_callback(void **state)
{
	for (int peer = 0; peer < 2; peer++) {
		for (int stranger = 0; stranger < 2; stranger++) {
			struct call c;
			char bytes[32] = {(char)0x80};
			struct addr src = address(stranger ? EVIL : PHONE_A);
			struct io_datagram v[3] = {
				{src, bytes, sizeof bytes},
				{src, bytes, sizeof bytes},
				{src, bytes, sizeof bytes},
			};
			call_init(&c);
			struct addr rtp = rtp_of(&c.x, c.a);
			c.x.close_on_note = peer ? c.b : c.a;
			relay_on_datagrams(c.x.relay, fake_io_find(&c.x.f, &rtp)->cookie, v, 3);
			check_nothing_sent(&c.x);
			assert_int_equal(c.x.note_count, 1);
			assert_int_equal(relay_endpoints_used(c.x.relay), 1);
			call_fini(&c);
		}
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_bleed),
		cmocka_unit_test(test_refused_notes),
		cmocka_unit_test(test_nat),
		cmocka_unit_test(test_nat_moves_rtcp),
		cmocka_unit_test(test_rtcp),
		cmocka_unit_test(test_mux),
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_srtp_padding),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_udptl),
		cmocka_unit_test(test_fax_and_back),
		cmocka_unit_test(test_ipv4_to_ipv6),
		cmocka_unit_test(test_old_hold),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_hold_is_no_gap),
		cmocka_unit_test(test_closed_by_callback),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
