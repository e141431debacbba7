/* Sockets that are connected to the server; a turn's datagrams go out in one call for each. */
#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH	     64u
#define SOCKET_BYTES (8 << 20)

struct end {
	int fd;
	uint32_t queued;
	struct mmsghdr out[BATCH];
	struct iovec pieces[BATCH];
	char bytes[BATCH][MESSAGE_BYTES];
};

struct net {
	int epoll_fd;
	uint32_t count;
	struct end *ends;
	struct mmsghdr in[BATCH];
	struct iovec in_pieces[BATCH];
	char in_bytes[BATCH][MESSAGE_BYTES * 2];
};

static void fatal(const char *what)
{
	perror(what);
	exit(2);
}

static int open_socket(const struct options *o, uint16_t port)
{
	struct sockaddr_in local = {.sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int bytes = SOCKET_BYTES;

	if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof(local)) != 0)
		fatal("bind");
	if (connect(fd, (const struct sockaddr *)&o->server, sizeof(o->server)) != 0)
		fatal("connect");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return fd;
}

static void open_end(struct net *net, const struct options *o, uint32_t i, uint16_t port)
{
	struct end *e = &net->ends[i];
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = i};

	e->fd = open_socket(o, port);
	for (uint32_t k = 0; k < BATCH; k++) {
		e->pieces[k].iov_base = e->bytes[k];
		e->out[k].msg_hdr = (struct msghdr){.msg_iov = &e->pieces[k], .msg_iovlen = 1};
	}
	if (epoll_ctl(net->epoll_fd, EPOLL_CTL_ADD, e->fd, &ev) != 0)
		fatal("epoll_ctl");
}

struct net *net_new(const struct options *o, uint16_t first_port, uint32_t count)
{
	struct net *net = calloc(1, sizeof(*net));

	if (net)
		net->ends = calloc(count, sizeof(net->ends[0]));
	if (!net || !net->ends)
		fatal("memory");
	net->count = count;
	net->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (uint32_t k = 0; k < BATCH; k++) {
		net->in_pieces[k] = (struct iovec){net->in_bytes[k], sizeof(net->in_bytes[k])};
		net->in[k].msg_hdr =
			(struct msghdr){.msg_iov = &net->in_pieces[k], .msg_iovlen = 1};
	}
	for (uint32_t i = 0; i < count; i++)
		open_end(net, o, i, (uint16_t)(first_port + i));
	return net;
}

/* What the kernel does not take is lost, as on any network; it will be repeated. */
static void flush_end(struct end *e)
{
	for (uint32_t done = 0; done < e->queued;) {
		int sent = sendmmsg(e->fd, e->out + done, e->queued - done, MSG_DONTWAIT);

		if (sent < 0 && errno != EINTR && errno != ECONNREFUSED)
			break;
		done += sent > 0 ? (uint32_t)sent : 0;
	}
	e->queued = 0;
}

struct strbuf net_write(struct net *net, uint32_t socket)
{
	struct end *e = &net->ends[socket];
	struct strbuf b;

	if (e->queued == BATCH)
		flush_end(e);
	strbuf_init(&b, e->bytes[e->queued], MESSAGE_BYTES);
	return b;
}

void net_send(struct net *net, uint32_t socket, const struct strbuf *b)
{
	struct end *e = &net->ends[socket];

	if (b->failed) {
		fprintf(stderr, "a message does not fit into %d bytes\n", MESSAGE_BYTES);
		exit(2);
	}
	e->pieces[e->queued++].iov_len = b->n;
}

void net_flush(struct net *net)
{
	for (uint32_t i = 0; i < net->count; i++)
		flush_end(&net->ends[i]);
}

static bool receive_from(struct net *net, uint32_t i, net_message_fn *fn, void *ctx)
{
	int count = recvmmsg(net->ends[i].fd, net->in, BATCH, MSG_DONTWAIT, NULL);

	for (int k = 0; k < count; k++)
		fn(ctx, i, slice_of(net->in_bytes[k], net->in[k].msg_len));
	return count > 0;
}

bool net_receive(struct net *net, net_message_fn *fn, void *ctx)
{
	struct epoll_event events[SOCKETS_MAX];
	int count = epoll_wait(net->epoll_fd, events, SOCKETS_MAX, 0);
	bool any = false;

	for (int i = 0; i < count; i++)
		any |= receive_from(net, events[i].data.u32, fn, ctx);
	return any;
}
