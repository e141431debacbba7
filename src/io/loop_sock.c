/* The table of sockets, and what all kinds have in common. */
#include "io/loop_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

int loop_open_err(int errno_value)
{
	switch (errno_value) {
	case EADDRINUSE:
		return ERR_IN_USE;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
	case EINVAL:
		return ERR_INVALID;
	case EMFILE:
	case ENFILE:
		return ERR_LIMIT;
	default:
		return ERR_IO;
	}
}

int loop_net_err(int errno_value)
{
	switch (errno_value) {
	case ECONNREFUSED: /* nobody listens there */
	case ECONNRESET:
	case EPIPE:
		return ERR_CLOSED;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case EMSGSIZE:
		return ERR_TOO_BIG;
	default:
		return ERR_IO;
	}
}

int loop_set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0 ? 0 : loop_open_err(errno);
}

int loop_socket(const struct addr *local_or_dst, int type, int *ret_fd)
{
	int family = local_or_dst->family == 6 ? AF_INET6 : AF_INET, fd;

	if (!addr_is(local_or_dst))
		return ERR_INVALID;
	fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return loop_open_err(errno);
	if (family == AF_INET6 && loop_set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0) {
		close(fd);
		return ERR_IO;
	}
	*ret_fd = fd;
	return 0;
}

int loop_local(int fd, struct addr *ret_addr)
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &n) != 0)
		return ERR_IO;
	addr_from_sockaddr((struct sockaddr *)&sa, ret_addr);
	return 0;
}

/* Room in the table for one more handle than there ever was. */
static bool grow_ids(struct loop *loop, size_t handle)
{
	size_t cap = loop->ids_cap ? loop->ids_cap * 2 : 64;
	struct id *ids;

	if (handle < loop->ids_cap)
		return true;
	ids = realloc(loop->ids, cap * sizeof(*ids));
	if (!ids)
		return false;
	memset(ids + loop->ids_cap, 0, (cap - loop->ids_cap) * sizeof(*ids));
	loop->ids = ids;
	loop->ids_cap = cap;
	return true;
}

static struct sock *take_slot(struct loop *loop)
{
	struct id id;
	struct sock *s = pool_take(loop->socks, &id);

	if (!s)
		return NULL;
	if (!grow_ids(loop, id_slot(id))) {
		pool_give(loop->socks, id);
		return NULL;
	}
	s->id = id;
	loop->ids[id_slot(id)] = id;
	return s;
}

int sock_add(struct loop *loop, enum sock_kind kind, int fd, uint64_t cookie, uint32_t events,
	     struct sock **ret_sock)
{
	struct epoll_event ev = {.events = events};
	struct sock *s = take_slot(loop);

	if (!s) {
		close(fd);
		return ERR_LIMIT;
	}
	ev.data.u64 = s->id.v;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0) {
		close(fd);
		pool_give(loop->socks, s->id);
		return ERR_LIMIT; /* of memory, or fs.epoll.max_user_watches */
	}
	s->kind = kind;
	s->fd = fd;
	s->cookie = cookie;
	*ret_sock = s;
	return 0;
}

struct sock *sock_find(const struct loop *loop, int handle)
{
	struct sock *s;

	if (handle < 0 || (size_t)handle >= loop->ids_cap)
		return NULL;
	s = pool_get(loop->socks, loop->ids[handle]);
	return s && s->kind != KIND_CLOSED ? s : NULL;
}

int sock_handle(const struct sock *s)
{
	return (int)id_slot(s->id);
}

void sock_watch(struct loop *loop, struct sock *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.u64 = s->id.v};

	epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, s->fd,
		  &ev); /* cannot fail: fd is ours and watched */
}

void sock_flush_later(struct loop *loop, struct sock *s)
{
	if (s->is_flushing)
		return;
	TAILQ_INSERT_TAIL(&loop->flush, s, flush);
	s->is_flushing = true;
}

void sock_wait_in(struct sock *s, struct sock_list *list)
{
	if (s->waits_in)
		TAILQ_REMOVE(s->waits_in, s, waiting);
	if (list)
		TAILQ_INSERT_TAIL(list, s, waiting);
	s->waits_in = list;
}

void sock_drop(struct loop *loop, struct sock *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	if (s->is_stream) {
		free(s->stream->out.p);
		s->stream->out = (struct stream_out){0};
	}
	s->kind = KIND_CLOSED;
	if (s->is_flushing)
		TAILQ_REMOVE(&loop->flush, s, flush);
	s->is_flushing = false;
	sock_wait_in(s, &loop->closed);
}

void sock_give_closed(struct loop *loop)
{
	struct sock *s;

	while ((s = TAILQ_FIRST(&loop->closed)) != NULL) {
		sock_wait_in(s, NULL);
		if (s->is_stream)
			pool_give(loop->streams, s->stream->self);
		pool_give(loop->socks, s->id);
	}
}
