#include "base/err.h"
#include "net/net.h"
#include "net/sim_io.h"
#include "net/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* A host that writes down what happens to it. */
struct host {
	struct io *io;
	char log[2048];
	int accepted;
	int64_t want_turn_ms;
	uint32_t turns;
};

static void note(struct host *h, const char *fmt, ...)
{
	const size_t n = strlen(h->log);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(h->log + n, sizeof(h->log) - n, fmt, ap);
	va_end(ap);
}

static void on_datagrams(void *ctx, uint64_t cookie, struct io_datagram *v, size_t count)
{
	struct host *h = ctx;
	for (size_t i = 0; i < count; i++)
		note(h, "%d:%.*s@%lld ", (int)cookie, (int)v[i].n, v[i].p,
		     (long long)io_now_ms(h->io));
}

static void on_stream(void *ctx, const struct io_stream_note *n)
{
	static const char *const NAMES[] = {"accepted", "connected", "data", "closed"};
	struct host *h = ctx;
	if (n->event == IO_STREAM_ACCEPTED)
		h->accepted = n->handle;
	note(h, "%s(%.*s)%s ", NAMES[n->event], SLICE_ARG(n->bytes), n->err ? "!" : "");
}

static void on_udp_error(void *ctx, uint64_t cookie, const struct addr *dst, int err)
{
	(void)err;
	note(ctx, "%d:unreachable:%u ", (int)cookie, dst->port);
}

static void on_wake(void *ctx)
{
	note(ctx, "wake ");
}

static int64_t on_turn(void *ctx, int64_t now_ms)
{
	struct host *h = ctx;
	h->turns++;
	return h->want_turn_ms > now_ms ? h->want_turn_ms : INT64_MAX;
}

static struct addr at(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(slice_str(text), 0, &a), 0);
	return a;
}

static struct host *host_new(struct sim_net *net, const char *ip)
{
	struct host *h = test_calloc(1, sizeof(*h));
	const struct sim_io_params p = {.name = ip, .home4 = at(ip)};
	const struct io_handler handler = {
		.ctx = h,
		.on_datagrams = on_datagrams,
		.on_stream = on_stream,
		.on_udp_error = on_udp_error,
		.on_wake = on_wake,
		.on_turn = on_turn,
	};
	h->io = sim_io_new(net, &p);
	io_set_handler(h->io, &handler);
	return h;
}

static int udp(struct host *h, const char *local, uint64_t cookie, bool reuseport)
{
	struct addr bound;
	int handle = 0;
	const struct io_udp_params p = {
		.local = at(local), .cookie = cookie, .reuseport = reuseport};
	assert_int_equal(io_udp_open(h->io, &p, &handle, &bound), 0);
	return handle;
}

static void run_ms(struct sim_net *net, int64_t ms)
{
	const int64_t until = sim_net_now_us(net) + ms * 1000;
	while (sim_net_step(net, until))
		;
}

static struct sim_net *net_new(uint64_t seed)
{
	const struct sim_net_params p = {.seed = seed, .wall_ms = 1700000000000};
	return sim_net_new(&p);
}

static void send_to(struct host *h, int handle, const char *dst, const char *text)
{
	const struct addr a = at(dst);
	io_udp_send(h->io, handle, &a, slice_str(text));
}

static void datagrams_take_their_time(void **state)
{
	(void)state;
	struct sim_net *net = net_new(1);
	struct host *a = host_new(net, "198.51.100.1"), *b = host_new(net, "198.51.100.2");
	const int s = udp(a, "198.51.100.1:1000", 1, false);
	udp(b, "198.51.100.2:2000", 2, false);
	send_to(a, s, "198.51.100.2:2000", "hello");
	send_to(a, s, "198.51.100.2:2001", "nobody");
	run_ms(net, 100);
	assert_string_equal(b->log, "2:hello@1005 ");
	assert_int_equal(sim_net_now_us(net), 1100000);
	assert_int_equal(sim_net_wall_ms(net), 1700000000100);
	sim_net_free(net);
	test_free(a);
	test_free(b);
}

static void rules_drop_double_and_delay(void **state)
{
	(void)state;
	struct sim_net *net = net_new(1);
	struct host *a = host_new(net, "198.51.100.1"), *b = host_new(net, "198.51.100.2");
	const int s = udp(a, "198.51.100.1:1000", 1, false);
	udp(b, "198.51.100.2:2000", 2, false);
	sim_net_add_rule(
		net, &(struct sim_rule){.fate = SIM_DROP, .from = at("198.51.100.1"), .count = 1});
	sim_net_add_rule(net,
			 &(struct sim_rule){.fate = SIM_DUP, .to = at("198.51.100.2"), .count = 1});
	sim_net_add_rule(net, &(struct sim_rule){.fate = SIM_DELAY, .count = 1, .delay_us = 20000});
	for (const char *p = "1\0002\0003\0004\0"; *p; p += 2)
		send_to(a, s, "198.51.100.2:2000", p);
	run_ms(net, 100);
	assert_string_equal(b->log, "2:2@1005 2:4@1005 2:2@1005 2:3@1025 ");
	sim_net_free(net);
	test_free(a);
	test_free(b);
}

static void unreachable_ports_are_reported_with_icmp(void **state)
{
	(void)state;
	struct sim_net *net = net_new(1);
	struct host *a = host_new(net, "198.51.100.1");
	const int s = udp(a, "198.51.100.1:1000", 7, false);
	sim_net_set_icmp(net, true);
	send_to(a, s, "198.51.100.2:2000", "x");
	run_ms(net, 100);
	assert_string_equal(a->log, "7:unreachable:2000 ");
	sim_net_free(net);
	test_free(a);
}

static void shared_ports_land_where_told(void **state)
{
	(void)state;
	struct sim_net *net = net_new(1);
	struct host *a = host_new(net, "198.51.100.1");
	struct host *s0 = host_new(net, "192.0.2.1"), *s1 = host_new(net, "192.0.2.1");
	const int s = udp(a, "198.51.100.1:1000", 1, false);
	udp(s0, "192.0.2.1:5060", 1, true);
	udp(s1, "192.0.2.1:5060", 1, true);
	sim_net_land(net, &(struct addr){.family = 4, .ip = {198, 51, 100, 1}}, 1);
	send_to(a, s, "192.0.2.1:5060", "x");
	run_ms(net, 100);
	assert_string_equal(s0->log, "");
	assert_string_equal(s1->log, "1:x@1005 ");
	sim_net_free(net);
	test_free(a);
	test_free(s0);
	test_free(s1);
}

static void ports_are_taken_once(void **state)
{
	(void)state;
	struct sim_net *net = net_new(1);
	struct host *a = host_new(net, "198.51.100.1"), *b = host_new(net, "198.51.100.1");
	struct addr bound;
	int handle;
	struct io_udp_params p = {.local = at("198.51.100.1:1000")};
	udp(a, "198.51.100.1:1000", 1, false);
	assert_int_equal(io_udp_open(b->io, &p, &handle, &bound), ERR_IN_USE);
	p.local = at("198.51.100.9:1000");
	assert_int_equal(io_udp_open(b->io, &p, &handle, &bound), ERR_INVALID);
	p.local = at("198.51.100.1:0");
	assert_int_equal(io_udp_open(b->io, &p, &handle, &bound), 0);
	assert_true(bound.port >= 49152);
	assert_int_equal(sim_io_sockets(b->io), 1);
	io_close(b->io, handle);
	assert_int_equal(sim_io_sockets(b->io), 0);
	sim_net_free(net);
	test_free(a);
	test_free(b);
}

static void streams_connect_speak_and_close(void **state)
{
	(void)state;
	struct sim_net *net = net_new(3);
	struct host *a = host_new(net, "198.51.100.1"), *b = host_new(net, "198.51.100.2");
	const struct addr dst = at("198.51.100.2:5060");
	struct addr bound;
	int listener, stream;
	assert_int_equal(io_listen(b->io, &dst, 9, &listener, &bound), 0);
	assert_int_equal(io_connect(a->io, &dst, 1, &stream), 0);
	assert_int_equal(io_stream_send(a->io, stream, SLICE("early")), 0);
	run_ms(net, 50);
	assert_string_equal(a->log, "connected() ");
	assert_string_equal(b->log, "accepted() data(early) ");
	assert_int_equal(io_stream_send(b->io, b->accepted, SLICE("back")), 0);
	io_close(b->io, b->accepted);
	assert_int_equal(io_stream_send(b->io, b->accepted, SLICE("x")), ERR_CLOSED);
	run_ms(net, 50);
	assert_string_equal(a->log, "connected() data(back) closed() ");
	assert_int_equal(io_stream_send(a->io, stream, SLICE("x")), ERR_CLOSED);
	sim_net_free(net);
	test_free(a);
	test_free(b);
}

static void streams_fail_and_break(void **state)
{
	(void)state;
	struct sim_net *net = net_new(3);
	struct host *a = host_new(net, "198.51.100.1"), *b = host_new(net, "198.51.100.2");
	const struct addr dst = at("198.51.100.2:5060");
	struct addr bound;
	int listener, stream;
	assert_int_equal(io_connect(a->io, &dst, 1, &stream), 0);
	run_ms(net, 50);
	assert_string_equal(a->log, "closed()! ");
	assert_int_equal(io_listen(b->io, &dst, 9, &listener, &bound), 0);
	assert_int_equal(io_connect(a->io, &dst, 1, &stream), 0);
	run_ms(net, 50);
	sim_io_free(b->io);
	run_ms(net, 50);
	assert_string_equal(a->log, "closed()! connected() closed()! ");
	sim_net_free(net);
	test_free(a);
	test_free(b);
}

static void chopped_streams_keep_their_order(void **state)
{
	(void)state;
	struct sim_net *net = net_new(5);
	struct host *a = host_new(net, "198.51.100.1"), *b = host_new(net, "198.51.100.2");
	const struct addr dst = at("198.51.100.2:5060");
	struct addr bound;
	int listener, stream;
	char letters[64] = "";
	size_t n = 0;
	sim_net_set_chop(net, true);
	io_listen(b->io, &dst, 9, &listener, &bound);
	io_connect(a->io, &dst, 1, &stream);
	io_stream_send(a->io, stream, SLICE("abcdefghijklmnopqrstuvwxyz"));
	run_ms(net, 100);
	for (const char *p = b->log; *p; p++) {
		if (*p == '(') {
			while (*++p != ')')
				letters[n++] = *p;
		}
	}
	assert_string_equal(letters, "abcdefghijklmnopqrstuvwxyz");
	assert_non_null(strstr(b->log, "data(a"));
	assert_null(strstr(b->log, letters)); /* really in pieces */
	sim_net_free(net);
	test_free(a);
	test_free(b);
}

static void turns_and_wakes(void **state)
{
	(void)state;
	struct sim_net *net = net_new(1);
	struct host *a = host_new(net, "198.51.100.1");
	a->want_turn_ms = 1030;
	run_ms(net, 20);
	assert_int_equal(a->turns, 1);
	run_ms(net, 20);
	assert_int_equal(a->turns, 2);
	sim_io_wake(a->io);
	sim_io_wake(a->io);
	run_ms(net, 1);
	assert_string_equal(a->log, "wake ");
	assert_int_equal(a->turns, 3);
	sim_net_free(net);
	test_free(a);
}

static void one_run(uint64_t seed, char log[2048])
{
	struct sim_net *net = net_new(seed);
	struct host *a = host_new(net, "198.51.100.1"), *b = host_new(net, "198.51.100.2");
	const struct sim_link link = {
		.delay_us = 1000, .jitter_us = 50000, .loss_per_mille = 200, .dup_per_mille = 100};
	char text[16];
	const int s = udp(a, "198.51.100.1:1000", 1, false);
	udp(b, "198.51.100.2:2000", 2, false);
	sim_net_set_link(net, NULL, &link);
	for (int i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "%d", i);
		send_to(a, s, "198.51.100.2:2000", text);
	}
	run_ms(net, 200);
	snprintf(log, 2048, "%s", b->log);
	sim_net_free(net);
	test_free(a);
	test_free(b);
}

static void the_same_seed_gives_the_same_run(void **state)
{
	(void)state;
	char first[2048], again[2048], other[2048];
	one_run(42, first);
	one_run(42, again);
	one_run(43, other);
	assert_string_equal(first, again);
	assert_string_not_equal(first, other);
}

static void patterns(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *bytes;
		bool matches;
	} T[] = {
		{"INVITE", "INVITE sip:a@b SIP/2.0\r\n\r\n", true},
		{"BYE|INVITE", "INVITE sip:a@b SIP/2.0\r\n\r\n", true},
		{"200", "INVITE sip:a@b SIP/2.0\r\n\r\n", false},
		{"4xx", "SIP/2.0 486 Busy\r\nCSeq: 1 INVITE\r\n\r\n", true},
		{"486/INVITE", "SIP/2.0 486 Busy\r\nCSeq: 1 INVITE\r\n\r\n", true},
		{"486/BYE", "SIP/2.0 486 Busy\r\nCSeq: 1 INVITE\r\n\r\n", false},
		{"INVITE", "SIP/2.0 486 Busy\r\nCSeq: 1 INVITE\r\n\r\n", false},
		{"any", "SIP/2.0 486 Busy\r\nCSeq: 1 INVITE\r\n\r\n", true},
		{"any", "\r\n\r\n", false},
		{"rtp", "\x80\x01xxxxxxxxxxxx", true},
		{"rtcp", "\x80\xc9xxxxxxxxxxxx", true},
		{"rtp", "\x80\xc9xxxxxxxxxxxx", false},
	};
	for (size_t i = 0; i < sizeof(T) / sizeof(T[0]); i++) {
		if (wire_bytes_match(T[i].pattern, slice_str(T[i].bytes)) != T[i].matches)
			fail_msg("%s on %s", T[i].pattern, T[i].bytes);
	}
}

static void headers(void **state)
{
	(void)state;
	struct wire_msg m;
	const struct slice raw =
		SLICE("SIP/2.0 180 Ringing\r\nv: SIP/2.0/UDP a;branch=z1\r\nVia: b\r\n"
		      "To: \"x;tag=no\" <sip:b@c;tag=no>;tag=yes;lr\r\nCSeq: 7 INVITE\r\n\r\nbody");
	assert_true(wire_read(raw, &m));
	assert_int_equal(m.code, 180);
	assert_int_equal(wire_cseq(&m), 7);
	assert_int_equal(wire_header_count(&m, "Via"), 2);
	assert_true(slice_eq(m.body, SLICE("body")));
	const struct slice to = wire_header(&m, "To", 0);
	assert_true(slice_eq(wire_param(to, "tag"), SLICE("yes")));
	assert_true(slice_eq(wire_uri(to), SLICE("sip:b@c;tag=no")));
	assert_true(wire_param(to, "lr").p && wire_param(to, "lr").n == 0);
	assert_null(wire_param(to, "q").p);
	assert_null(wire_header(&m, "From", 0).p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_take_their_time),
		cmocka_unit_test(rules_drop_double_and_delay),
		cmocka_unit_test(unreachable_ports_are_reported_with_icmp),
		cmocka_unit_test(shared_ports_land_where_told),
		cmocka_unit_test(ports_are_taken_once),
		cmocka_unit_test(streams_connect_speak_and_close),
		cmocka_unit_test(streams_fail_and_break),
		cmocka_unit_test(chopped_streams_keep_their_order),
		cmocka_unit_test(turns_and_wakes),
		cmocka_unit_test(the_same_seed_gives_the_same_run),
		cmocka_unit_test(patterns),
		cmocka_unit_test(headers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
