/*
 * bench_bare_relay PAIRS: the least that a relay in user space can do: what arrives at one socket
 * of a pair leaves from the other, to where that one last heard from. epoll, recvmmsg, sendmmsg;
 * no RTP is looked at and nothing is counted. Prints its ports, two for each pair, then relays
 * until stdin ends.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ENDS_MAX 8000
#define BATCH	 32
#define BYTES	 2048

struct end {
	int fd;
	bool heard;
	struct sockaddr_in from;
};

static struct end ends[ENDS_MAX];
static struct mmsghdr in[BATCH], out[BATCH];
static struct iovec pieces[BATCH];
static struct sockaddr_in names[BATCH];
static char bytes[BATCH][BYTES];

static void fatal(const char *what)
{
	perror(what);
	exit(2);
}

static void open_end(int epoll_fd, uint32_t i)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = i};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) != 0 ||
	    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
		fatal("socket");
	ends[i].fd = fd;
	printf("%u\n", ntohs(a.sin_port));
}

static void prepare(void)
{
	for (int k = 0; k < BATCH; k++) {
		pieces[k].iov_base = bytes[k];
		in[k].msg_hdr = (struct msghdr){.msg_iov = &pieces[k], .msg_iovlen = 1};
		out[k].msg_hdr = (struct msghdr){.msg_iov = &pieces[k], .msg_iovlen = 1};
	}
}

static void relay(uint32_t i)
{
	struct end *e = &ends[i], *other = &ends[i ^ 1];
	int n;

	for (int k = 0; k < BATCH; k++) {
		pieces[k].iov_len = BYTES;
		in[k].msg_hdr.msg_name = &names[k];
		in[k].msg_hdr.msg_namelen = sizeof(names[k]);
	}
	n = recvmmsg(e->fd, in, BATCH, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return;
	e->from = names[n - 1];
	e->heard = true;
	if (!other->heard)
		return;
	for (int k = 0; k < n; k++) {
		pieces[k].iov_len = in[k].msg_len;
		out[k].msg_hdr.msg_name = &other->from;
		out[k].msg_hdr.msg_namelen = sizeof(other->from);
	}
	(void)sendmmsg(other->fd, out, (unsigned)n, MSG_DONTWAIT);
}

int main(int argc, char **argv)
{
	uint32_t count = argc > 1 ? 2 * (uint32_t)atoi(argv[1]) : 0;
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[256], ev = {.events = EPOLLIN, .data.u32 = UINT32_MAX};

	if (count == 0 || count > ENDS_MAX || epoll_fd < 0)
		fatal("usage: bench_bare_relay PAIRS");
	for (uint32_t i = 0; i < count; i++)
		open_end(epoll_fd, i);
	fflush(stdout);
	prepare();
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &ev) != 0)
		fatal("stdin must be a pipe");
	for (;;) {
		int n = epoll_wait(epoll_fd, events, 256, -1);

		for (int k = 0; k < n; k++) {
			if (events[k].data.u32 == UINT32_MAX)
				return 0;
			relay(events[k].data.u32);
		}
	}
}
