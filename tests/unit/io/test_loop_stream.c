#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

#define LISTENER 1u
#define CLIENT	 2u
#define SERVER	 3u

static int listen_at(struct world *w, const char *ip, struct addr *ret_at)
{
	struct addr local = world_addr(ip);
	int handle;

	assert_int_equal(io_listen(w->io, &local, LISTENER, &handle, ret_at), 0);
	return handle;
}

static const struct note *find(const struct world *w, enum io_stream_event event, uint64_t cookie)
{
	for (size_t i = 0; i < w->count; i++) {
		if (w->notes[i].what == NOTE_STREAM && w->notes[i].event == event &&
		    w->notes[i].cookie == cookie)
			return &w->notes[i];
	}
	fail_msg("no event %d for %u", (int)event, (unsigned)cookie);
	return NULL;
}

/* A connection within the loop: both ends' handles; the accepted one gets the cookie SERVER. */
struct pair {
	int listener, client, server;
	struct addr at;
};

static struct pair connect_pair(struct world *w, const char *ip)
{
	struct pair p;

	p.listener = listen_at(w, ip, &p.at);
	assert_int_equal(io_connect(w->io, &p.at, CLIENT, &p.client), 0);
	assert_int_equal(w->count, 0); /* never from within */
	world_settle(w, 2);
	p.server = find(w, IO_STREAM_ACCEPTED, LISTENER)->handle;
	io_set_cookie(w->io, p.server, SERVER);
	return p;
}

static void test_connect_and_talk(void **state)
{
	static const char *const families[] = {"127.0.0.1", "::1"};
	struct world *w = *state;

	for (size_t i = 0; i < 2; i++) {
		const struct note *accepted, *connected;
		struct pair p;

		w->count = 0;
		p = connect_pair(w, families[i]);
		accepted = find(w, IO_STREAM_ACCEPTED, LISTENER);
		connected = find(w, IO_STREAM_CONNECTED, CLIENT);
		assert_int_equal(connected->handle, p.client);
		assert_true(addr_eq(&connected->addr, &p.at));
		assert_true(addr_eq(&accepted->local, &p.at));
		assert_true(addr_eq(&connected->local, &accepted->addr));
		w->count = 0;
		assert_int_equal(io_stream_send(w->io, p.client, SLICE("hel")), 0);
		assert_int_equal(io_stream_send(w->io, p.client, SLICE("lo")), 0);
		world_settle(w, 1);
		assert_string_equal(find(w, IO_STREAM_DATA, SERVER)->text, "hello");
		w->count = 0;
		assert_int_equal(io_stream_send(w->io, p.server, SLICE("bye")), 0);
		io_close(w->io, p.server); /* sent first */
		world_settle(w, 2);
		assert_string_equal(find(w, IO_STREAM_DATA, CLIENT)->text, "bye");
		assert_int_equal(find(w, IO_STREAM_CLOSED, CLIENT)->err, 0);
		assert_int_equal(io_stream_send(w->io, p.client, SLICE("x")), ERR_CLOSED);
		assert_int_equal(io_stream_send(w->io, p.server, SLICE("x")), ERR_CLOSED);
	}
}

static void test_send_before_connected(void **state)
{
	struct world *w = *state;
	struct addr at;
	int client;

	listen_at(w, "127.0.0.1", &at);
	assert_int_equal(io_connect(w->io, &at, CLIENT, &client), 0);
	assert_int_equal(io_stream_send(w->io, client, SLICE("early")), 0);
	world_settle(w, 3);
	assert_string_equal(find(w, IO_STREAM_DATA, LISTENER)->text, "early");
}

static void test_refused(void **state)
{
	struct world *w = *state;
	struct addr at;
	int client, listener = listen_at(w, "127.0.0.1", &at);

	io_close(w->io, listener);
	assert_int_equal(io_connect(w->io, &at, CLIENT, &client), 0);
	assert_int_equal(w->count, 0);
	world_settle(w, 1);
	assert_int_equal(find(w, IO_STREAM_CLOSED, CLIENT)->err, ERR_CLOSED);
	assert_int_equal(find(w, IO_STREAM_CLOSED, CLIENT)->handle, client);
}

/* Refused by our own kernel at once (TCP has no broadcast): told later all the same, unless closed
 * before. */
static void test_fails_at_once(void **state)
{
	struct world *w = *state;
	struct addr everybody = world_addr("255.255.255.255:9");
	int client;

	assert_int_equal(io_connect(w->io, &everybody, CLIENT, &client), 0);
	assert_int_equal(w->count, 0);
	assert_int_equal(io_stream_send(w->io, client, SLICE("x")), ERR_CLOSED);
	world_settle(w, 1);
	assert_true(find(w, IO_STREAM_CLOSED, CLIENT)->err < 0);
	w->count = 0;
	assert_int_equal(io_connect(w->io, &everybody, CLIENT, &client), 0);
	io_close(w->io, client);
	world_settle(w, 0);
}

/* A handler that never gives up does not keep the loop from turning. */
static void connect_again(struct world *w, const struct note *n)
{
	int client;

	w->count = 0;
	assert_int_equal(io_connect(w->io, &n->addr, CLIENT, &client), 0);
}

static void test_reconnecting_in_vain(void **state)
{
	struct world *w = *state;
	struct addr everybody = world_addr("255.255.255.255:9");
	int client;

	w->react = connect_again;
	assert_int_equal(io_connect(w->io, &everybody, CLIENT, &client), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(loop_turn(w->loop, TURN_WAIT_MS), 0);
	assert_int_equal(w->turns, 10);
}

static int raw_connect(const struct addr *to)
{
	struct sockaddr_storage sa;
	socklen_t n = addr_to_sockaddr(to, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM, 0), small = 4096;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, n), 0);
	return fd;
}

static void test_reset_by_peer(void **state)
{
	struct world *w = *state;
	struct linger now = {.l_onoff = 1};
	struct addr at;
	int fd;

	listen_at(w, "127.0.0.1", &at);
	fd = raw_connect(&at);
	world_settle(w, 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
	world_settle(w, 2);
	assert_int_equal(find(w, IO_STREAM_CLOSED, LISTENER)->err, ERR_CLOSED);
}

static char pattern(size_t i)
{
	return (char)(i * 2654435761u >> 13);
}

static void fill(char *p, size_t from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = pattern(from + i);
}

#define TOTAL (8u << 20)
#define STEP  50000u

/* A slow reader: everything waits, nothing is lost or out of order, as long as the bound is kept.
 */
static void test_slow_reader(void **state)
{
	struct world *w = *state;
	char *chunk = malloc(STEP), *got = malloc(STEP);
	size_t sent = 0, received = 0;
	struct addr at;
	int fd, server;

	listen_at(w, "127.0.0.1", &at);
	fd = raw_connect(&at);
	world_settle(w, 1);
	server = w->notes[0].handle;
	while (received < TOTAL) {
		ssize_t n;

		/* Ahead by less than the bound. */
		while (sent < TOTAL && sent - received <= 200000) {
			fill(chunk, sent, STEP);
			assert_int_equal(io_stream_send(w->io, server, slice_of(chunk, STEP)), 0);
			sent += STEP;
		}
		assert_int_equal(loop_turn(w->loop, 0), 0);
		n = recv(fd, got, STEP, MSG_DONTWAIT);
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(got[i], pattern(received + (size_t)i));
		received += n > 0 ? (size_t)n : 0;
	}
	assert_int_equal(w->count, 1);
	close(fd);
	free(chunk);
	free(got);
}

static void test_reader_that_does_not_read(void **state)
{
	struct world *w = *state;
	char *chunk = calloc(1, STEP);
	struct addr at;
	int fd, server, err = 0;

	listen_at(w, "127.0.0.1", &at);
	fd = raw_connect(&at);
	world_settle(w, 1);
	server = w->notes[0].handle;
	for (int i = 0; i < 1000 && !err; i++)
		err = io_stream_send(w->io, server, slice_of(chunk, STEP));
	assert_int_equal(err, ERR_LIMIT);
	assert_int_equal(io_stream_send(w->io, server, SLICE("x")), ERR_CLOSED);
	assert_int_equal(w->count, 1);
	world_settle(w, 2);
	assert_int_equal(find(w, IO_STREAM_CLOSED, LISTENER)->err, ERR_LIMIT);
	assert_int_equal(find(w, IO_STREAM_CLOSED, LISTENER)->handle, server);
	close(fd);
	free(chunk);
}

static void test_too_much_at_once(void **state)
{
	struct world *w = *state;
	struct pair p = connect_pair(w, "127.0.0.1");
	char *big = calloc(1, 300000);

	w->count = 0;
	w->bytes = malloc(300000);
	w->bytes_cap = 300000;
	assert_int_equal(io_stream_send(w->io, p.client, slice_of(big, 256 * 1024)), 0);
	for (int i = 0; i < TURNS_MAX && w->bytes_n < 256 * 1024; i++)
		loop_turn(w->loop, TURN_WAIT_MS);
	assert_int_equal(w->bytes_n, 256 * 1024);
	assert_int_equal(io_stream_send(w->io, p.client, slice_of(big, 256 * 1024 + 1)), ERR_LIMIT);
	world_settle(w, 2); /* both ends */
	assert_int_equal(find(w, IO_STREAM_CLOSED, CLIENT)->err, ERR_LIMIT);
	assert_int_equal(find(w, IO_STREAM_CLOSED, SERVER)->err, 0);
	free(big);
}

static void close_other(struct world *w, const struct note *n)
{
	if (n->event != IO_STREAM_DATA)
		return;
	io_close(w->io, w->handles[0]);
	io_close(w->io, w->handles[1]);
	w->react = NULL;
}

/* Two streams have data in one batch; the first to hear closes both. */
static void test_no_stale_event(void **state)
{
	struct world *w = *state;
	struct addr at;
	int fd[2];

	listen_at(w, "127.0.0.1", &at);
	for (int i = 0; i < 2; i++) {
		fd[i] = raw_connect(&at);
		world_settle(w, (size_t)i + 1);
		w->handles[i] = w->notes[i].handle;
	}
	w->react = close_other;
	for (int i = 0; i < 2; i++)
		assert_int_equal(send(fd[i], "x", 1, 0), 1);
	world_settle(w, 3);
	close(fd[0]);
	close(fd[1]);
}

static void close_listener(struct world *w, const struct note *n)
{
	(void)n;
	io_close(w->io, w->handles[0]);
}

static void test_listener_closed_while_accepting(void **state)
{
	struct world *w = *state;
	struct addr at;
	int fd[2];

	w->handles[0] = listen_at(w, "127.0.0.1", &at);
	for (int i = 0; i < 2; i++)
		fd[i] = raw_connect(&at);
	w->react = close_listener;
	world_settle(w, 1);
	close(fd[0]);
	close(fd[1]);
}

/* Without a descriptor left, a connection waits; it is accepted once there is one again. */
static void test_out_of_descriptors(void **state)
{
	struct world *w = *state;
	struct rlimit before, low;
	struct addr at;
	int fd[2], turns;

	listen_at(w, "127.0.0.1", &at);
	for (int i = 0; i < 2; i++)
		fd[i] = raw_connect(&at);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = (rlim_t)fd[1] + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	turns = w->turns;
	for (int i = 0; i < 4; i++)
		assert_int_equal(loop_turn(w->loop, 0), 0);
	assert_int_equal(w->count, 0);
	assert_int_equal(w->turns, turns + 4);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	world_settle(w, 2);
	close(fd[0]);
	close(fd[1]);
}

static void test_listen_errors(void **state)
{
	struct world *w = *state;
	struct addr local = world_addr("192.0.2.1:5060");
	int handle;

	assert_int_equal(io_listen(w->io, &local, 1, &handle, NULL), ERR_INVALID);
	local = (struct addr){0};
	assert_int_equal(io_listen(w->io, &local, 1, &handle, NULL), ERR_INVALID);
	assert_int_equal(io_connect(w->io, &local, 1, &handle), ERR_INVALID);
	/* Several shards listen at one address. */
	listen_at(w, "127.0.0.1", &local);
	assert_int_equal(io_listen(w->io, &local, 1, &handle, NULL), 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_connect_and_talk),
		T(test_send_before_connected),
		T(test_refused),
		T(test_fails_at_once),
		T(test_reconnecting_in_vain),
		T(test_reset_by_peer),
		T(test_slow_reader),
		T(test_reader_that_does_not_read),
		T(test_too_much_at_once),
		T(test_no_stale_event),
		T(test_listener_closed_while_accepting),
		T(test_out_of_descriptors),
		T(test_listen_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
