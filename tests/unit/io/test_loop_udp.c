#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

static const char *const families[] = {"127.0.0.1", "::1"};

static void test_there_and_back(void **state)
{
	struct world *w = *state;
	char text[ADDR_TEXT_BYTES];

	for (size_t i = 0; i < 2; i++) {
		struct addr at_a, at_b;
		int a = world_udp(w, families[i], 1, &at_a),
		    b = world_udp(w, families[i], 2, &at_b);

		assert_string_equal(addr_ip_text(&at_a, text), families[i]);
		assert_true(at_a.port != 0 && at_a.port != at_b.port);
		w->count = 0;
		io_udp_send(w->io, a, &at_b, SLICE("ping"));
		world_expect(w, 1);
		assert_int_equal(w->notes[0].cookie, 2);
		assert_string_equal(w->notes[0].text, "ping");
		assert_true(addr_eq(&w->notes[0].addr, &at_a));
		io_set_cookie(w->io, a, 3);
		io_udp_send(w->io, b, &w->notes[0].addr, SLICE("pong"));
		world_settle(w, 2);
		assert_int_equal(w->notes[1].cookie, 3);
		assert_string_equal(w->notes[1].text, "pong");
	}
}

static void test_sizes(void **state)
{
	static const size_t sizes[] = {0, 1, 1500, 8000, 65507};
	struct world *w = *state;
	struct addr at;
	char *big = calloc(1, 70000);
	int a = world_udp(w, "127.0.0.1", 1, &at);

	for (size_t i = 0; i < 5; i++) {
		io_udp_send(w->io, a, &at, slice_of(big, sizes[i]));
		world_expect(w, i + 1);
		assert_int_equal(w->notes[i].n, sizes[i]);
	}
	io_udp_send(w->io, a, &at, slice_of(big, 70000)); /* no datagram */
	world_settle(w, 5);
	io_udp_send(w->io, a, &at, slice_of(big, 65535)); /* not over IPv4: a local error */
	world_expect(w, 6);
	assert_int_equal(w->notes[5].what, NOTE_UDP_ERROR);
	assert_int_equal(w->notes[5].err, ERR_TOO_BIG);
	free(big);
}

#define RECEIVERS 12

/* More than the queue takes in count, then in bytes: all of it arrives, in order for each socket.
 */
static void test_queue_overflows_early(void **state)
{
	struct world *w = *state;
	struct addr at[RECEIVERS];
	int from[2], next[RECEIVERS] = {0};
	char *big = calloc(1, 60000), text[16];

	for (int i = 0; i < 2; i++)
		from[i] = world_udp(w, "127.0.0.1", 100, NULL);
	for (int i = 0; i < RECEIVERS; i++)
		world_udp(w, "127.0.0.1", (uint64_t)i, &at[i]);
	for (int i = 0; i < 400; i++) {
		snprintf(text, sizeof(text), "%d", i / RECEIVERS);
		io_udp_send(w->io, from[i % 2], &at[i % RECEIVERS], slice_str(text));
	}
	world_settle(w, 400);
	for (int i = 0; i < 400; i++)
		assert_int_equal(atoi(w->notes[i].text), next[w->notes[i].cookie]++);
	w->count = 0;
	for (int i = 0; i < RECEIVERS; i++)
		io_udp_send(w->io, from[0], &at[i], slice_of(big, 60000));
	world_settle(w, RECEIVERS);
	free(big);
}

static uint16_t closed_port(struct world *w, const char *ip)
{
	struct addr at;

	io_close(w->io, world_udp(w, ip, 0, &at));
	loop_turn(w->loop, 0);
	return at.port;
}

static void test_port_unreachable(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < 2; i++) {
		struct addr nobody = world_addr(families[i]), at;
		int a = world_udp(w, families[i], 7, &at);

		nobody.port = closed_port(w, families[i]);
		w->count = 0;
		io_udp_send(w->io, a, &nobody, SLICE("anybody there?"));
		world_settle(w, 1);
		assert_int_equal(w->notes[0].what, NOTE_UDP_ERROR);
		assert_int_equal(w->notes[0].cookie, 7);
		assert_int_equal(w->notes[0].err, ERR_CLOSED);
		assert_true(addr_eq(&w->notes[0].addr, &nobody));
	}
}

/* An ICMP error for one destination does not cost another its datagram. */
static void test_errors_do_not_spill(void **state)
{
	struct world *w = *state;
	struct addr nobody = world_addr("127.0.0.1"), at;
	int a = world_udp(w, "127.0.0.1", 1, NULL);
	size_t arrived = 0;

	world_udp(w, "127.0.0.1", 2, &at);
	nobody.port = closed_port(w, "127.0.0.1");
	for (int i = 0; i < 40; i++)
		io_udp_send(w->io, a, i % 2 ? &at : &nobody, SLICE("x"));
	for (int i = 0; i < 50; i++)
		assert_int_equal(loop_turn(w->loop, 0), 0);
	for (size_t i = 0; i < w->count; i++)
		arrived += w->notes[i].what == NOTE_DATAGRAM;
	assert_int_equal(arrived, 20);
	assert_true(w->count > arrived);
}

/* What the kernel refuses at once is told too, and skipped: broadcasting wants a permission that
 * nobody asked for. */
static void test_local_error(void **state)
{
	struct world *w = *state;
	struct addr everybody = world_addr("255.255.255.255:9"), at;
	int a = world_udp(w, "0.0.0.0", 1, NULL);

	world_udp(w, "127.0.0.1", 2, &at);
	io_udp_send(w->io, a, &at, SLICE("before"));
	io_udp_send(w->io, a, &everybody, SLICE("all"));
	io_udp_send(w->io, a, &at, SLICE("after"));
	world_settle(w, 3);
	for (int i = 0; i < 3; i++) {
		if (w->notes[i].what != NOTE_UDP_ERROR)
			continue;
		assert_true(addr_eq(&w->notes[i].addr, &everybody));
		return;
	}
	fail();
}

static void test_close_sends_first(void **state)
{
	struct world *w = *state;
	struct addr at;
	int a = world_udp(w, "127.0.0.1", 1, NULL);

	world_udp(w, "127.0.0.1", 2, &at);
	io_udp_send(w->io, a, &at, SLICE("last words"));
	io_close(w->io, a);
	io_udp_send(w->io, a, &at, SLICE("a ghost"));
	world_settle(w, 1);
	assert_string_equal(w->notes[0].text, "last words");
}

/* The first that hears anything closes both and opens a new socket. */
static void close_both(struct world *w, const struct note *n)
{
	struct addr at;

	(void)n;
	io_close(w->io, w->handles[0]);
	io_close(w->io, w->handles[1]);
	w->handles[2] = world_udp(w, "127.0.0.1", 9, &at);
	assert_true(w->handles[2] != w->handles[0] && w->handles[2] != w->handles[1]);
	io_udp_send(w->io, w->handles[0], &at, SLICE("a ghost"));
	w->react = NULL;
}

static void test_no_stale_event(void **state)
{
	struct world *w = *state;
	struct addr at[2];
	int c = world_udp(w, "127.0.0.1", 3, NULL), again;

	w->handles[0] = world_udp(w, "127.0.0.1", 1, &at[0]);
	w->handles[1] = world_udp(w, "127.0.0.1", 2, &at[1]);
	w->react = close_both;
	io_udp_send(w->io, c, &at[0], SLICE("x"));
	io_udp_send(w->io, c, &at[1], SLICE("y"));
	world_settle(w, 1); /* the other event was in the same batch, or met a closed port */
	again = world_udp(w, "127.0.0.1", 4, NULL);
	assert_true(again == w->handles[0] || again == w->handles[1]); /* numbers stay small */
}

static void test_open_errors(void **state)
{
	struct world *w = *state;
	struct io_udp_params p = {.local = world_addr("127.0.0.1")};
	struct addr local;
	int handle = -5;

	world_udp(w, "127.0.0.1", 1, &p.local);
	assert_int_equal(io_udp_open(w->io, &p, &handle, &local), ERR_IN_USE);
	p.local = world_addr("192.0.2.1");
	assert_int_equal(io_udp_open(w->io, &p, &handle, &local), ERR_INVALID);
	p.local = (struct addr){0};
	assert_int_equal(io_udp_open(w->io, &p, &handle, &local), ERR_INVALID);
	assert_int_equal(handle, -5);
}

static void test_descriptor_limit(void **state)
{
	struct world *w = *state;
	struct io_udp_params p = {.local = world_addr("127.0.0.1")};
	struct rlimit before, low;
	int handles[64], n = 0, err;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = 40;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	while ((err = io_udp_open(w->io, &p, &handles[n], NULL)) == 0)
		n++;
	assert_int_equal(err, ERR_LIMIT);
	io_close(w->io, handles[0]); /* the descriptor is free at once */
	assert_int_equal(io_udp_open(w->io, &p, &handles[0], NULL), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void test_shared_address(void **state)
{
	struct world *w = *state;
	struct io_udp_params p = {.local = world_addr("127.0.0.1"), .reuseport = true};
	struct addr second;
	int handle;

	assert_int_equal(io_udp_open(w->io, &p, &handle, &p.local), 0);
	assert_int_equal(io_udp_open(w->io, &p, &handle, &second), 0);
	assert_true(addr_eq(&p.local, &second));
}

static void test_v6_leaves_v4_alone(void **state)
{
	struct world *w = *state;
	struct io_udp_params p = {.local = world_addr("::")};
	int handle;

	assert_int_equal(io_udp_open(w->io, &p, &handle, &p.local), 0);
	p.local = (struct addr){.family = 4, .port = p.local.port};
	assert_int_equal(io_udp_open(w->io, &p, &handle, &p.local), 0);
}

/* The traffic class that arrived with a datagram, by a socket of our own. */
static int received_class(int fd, bool v6)
{
	_Alignas(struct cmsghdr) char control[256];
	char byte;
	struct iovec piece = {&byte, 1};
	struct msghdr m = {.msg_iov = &piece,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	int tclass = -1;

	assert_int_equal(recvmsg(fd, &m, 0), 1);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (!v6 && c->cmsg_type == IP_TOS)
			tclass = *(const uint8_t *)CMSG_DATA(c);
		if (v6 && c->cmsg_type == IPV6_TCLASS)
			memcpy(&tclass, CMSG_DATA(c), sizeof(tclass));
	}
	return tclass;
}

static void test_dscp(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < 2; i++) {
		struct io_udp_params p = {.local = world_addr(families[i]), .dscp = 46};
		struct sockaddr_storage sa;
		socklen_t n = addr_to_sockaddr(&p.local, &sa);
		int fd = socket(sa.ss_family, SOCK_DGRAM, 0), one = 1, handle;
		struct addr at;

		setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &one, sizeof(one));
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &one, sizeof(one));
		assert_int_equal(bind(fd, (struct sockaddr *)&sa, n), 0);
		getsockname(fd, (struct sockaddr *)&sa, &n);
		addr_from_sockaddr((struct sockaddr *)&sa, &at);
		assert_int_equal(io_udp_open(w->io, &p, &handle, NULL), 0);
		io_udp_send(w->io, handle, &at, SLICE("x"));
		loop_turn(w->loop, 0);
		assert_int_equal(received_class(fd, i == 1), 46 << 2);
		close(fd);
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_there_and_back),
		T(test_sizes),
		T(test_queue_overflows_early),
		T(test_port_unreachable),
		T(test_errors_do_not_spill),
		T(test_local_error),
		T(test_close_sends_first),
		T(test_no_stale_event),
		T(test_open_errors),
		T(test_descriptor_limit),
		T(test_shared_address),
		T(test_v6_leaves_v4_alone),
		T(test_dscp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
