/*
 * bench_media SECONDS < STREAMS: phones that talk. Each line of STREAMS, "OWN-PORT HOST:PORT", is
 * one phone: 50 RTP packets a second (G.711, 20 ms) from its port to that address, evenly spread
 * over the 20 ms. Prints what was sent and received.
 */
#include "base/addr.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define STREAMS_MAX  4000
#define PACKET_BYTES 172
#define PERIOD_S     0.020
#define STEPS	     20 /* one step is a millisecond */
#define LINGER_S     0.5

struct stream {
	int fd;
	uint16_t seq;
};

static struct stream streams[STREAMS_MAX];
static uint32_t stream_count;
static uint64_t sent, received;

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fatal(const char *what)
{
	perror(what);
	exit(2);
}

static void open_stream(int epoll_fd, uint16_t port, const struct addr *to)
{
	struct sockaddr_in own = {.sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_storage peer;
	socklen_t n = addr_to_sockaddr(to, &peer);
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = stream_count};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) != 0 ||
	    connect(fd, (struct sockaddr *)&peer, n) != 0 ||
	    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
		fatal("stream");
	streams[stream_count++].fd = fd;
}

static void read_streams(int epoll_fd)
{
	char host[64];
	unsigned port;
	struct addr to;

	while (scanf("%u %63s", &port, host) == 2) {
		if (addr_parse(slice_str(host), 0, &to) != 0 || stream_count == STREAMS_MAX)
			fatal(host);
		open_stream(epoll_fd, (uint16_t)port, &to);
	}
}

static void speak(uint32_t i)
{
	struct stream *s = &streams[i];
	uint32_t at = s->seq * 160u;
	unsigned char packet[PACKET_BYTES] = {
		0x80,
		0,
		(unsigned char)(s->seq >> 8),
		(unsigned char)s->seq,
		(unsigned char)(at >> 24),
		(unsigned char)(at >> 16),
		(unsigned char)(at >> 8),
		(unsigned char)at,
		0x5e,
		0xed,
		(unsigned char)(i >> 8),
		(unsigned char)i,
	};

	s->seq++;
	if (send(s->fd, packet, sizeof(packet), 0) == sizeof(packet))
		sent++;
}

static void rest_until(double until_s)
{
	double left_s = until_s - now_s();
	struct timespec t = {.tv_nsec = (long)(left_s * 1e9)};

	if (left_s > 0)
		(void)nanosleep(&t, NULL);
}

/* Sleeps first, whatever arrives: to be woken would be the server's work (see load/main.c). */
static void listen_for(int epoll_fd, double until_s)
{
	struct epoll_event events[STREAMS_MAX];
	char packet[2048];
	int n;

	rest_until(until_s);
	n = epoll_wait(epoll_fd, events, STREAMS_MAX, 0);
	for (int i = 0; i < n; i++) {
		while (recv(streams[events[i].data.u32].fd, packet, sizeof(packet), MSG_DONTWAIT) >
		       0)
			received++;
	}
}

/* One millisecond's share of the streams. */
static void step(uint32_t n)
{
	for (uint32_t i = n % STEPS; i < stream_count; i += STEPS)
		speak(i);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 5, begun;
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

	if (epoll_fd < 0)
		fatal("epoll");
	read_streams(epoll_fd);
	begun = now_s();
	for (uint32_t n = 0; n * PERIOD_S / STEPS < seconds; n++) {
		step(n);
		listen_for(epoll_fd, begun + (n + 1) * PERIOD_S / STEPS);
	}
	listen_for(epoll_fd, now_s() + LINGER_S);
	printf("{\"streams\": %u, \"sent\": %llu, \"received\": %llu}\n", stream_count,
	       (unsigned long long)sent, (unsigned long long)received);
	return 0;
}
