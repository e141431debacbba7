/* Streams: listening, accepting, connecting, and bytes both ways. */
#include "io/loop_priv.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define OUT_BYTES_FIRST 4096u
#define OUT_BYTES_MAX	((size_t)256 * 1024)
#define ACCEPT_BATCH	64
/* Without a descriptor left, accepting rests: the kernel would report the waiting connection again
 * and again. */
#define ACCEPT_REST_MS 100

static void tell(struct loop *loop, const struct io_stream_note *note)
{
	assert(loop->handler.on_stream);
	loop->handler.on_stream(loop->handler.ctx, note);
}

static struct io_stream_note note_of(const struct sock *s, enum io_stream_event event)
{
	return (struct io_stream_note){.event = event,
				       .handle = sock_handle(s),
				       .cookie = s->cookie,
				       .peer = &s->stream->peer,
				       .local = &s->stream->local};
}

/* The slot stays until the turn is over, so the addresses may still be looked at. */
static void tell_closed(struct loop *loop, struct sock *s, int err)
{
	struct io_stream_note note = note_of(s, IO_STREAM_CLOSED);

	note.err = err;
	sock_drop(loop, s);
	tell(loop, &note);
}

/* The descriptor goes at once; the owner, who is calling, hears of it in the next turn. */
static void doom(struct loop *loop, struct sock *s, int err)
{
	close(s->fd);
	s->fd = -1;
	s->kind = KIND_DOOMED;
	s->stream->err = err;
	s->stream->doomed_turn = loop->turn;
	sock_wait_in(s, &loop->doomed);
}

/* Those of earlier turns only: a handler that connects anew, in vain, must not keep the loop here.
 */
void stream_report_doomed(struct loop *loop)
{
	struct sock *s;

	while ((s = TAILQ_FIRST(&loop->doomed)) != NULL && s->stream->doomed_turn != loop->turn)
		tell_closed(loop, s, s->stream->err);
}

static int bind_listener(int fd, const struct addr *local, struct addr *ret_local)
{
	struct sockaddr_storage sa;
	socklen_t n = addr_to_sockaddr(local, &sa);

	loop_set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	loop_set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (bind(fd, (struct sockaddr *)&sa, n) != 0 || listen(fd, SOMAXCONN) != 0)
		return loop_open_err(errno);
	return loop_local(fd, ret_local);
}

int loop_listen(struct io *io, const struct addr *local, uint64_t cookie, int *ret_handle,
		struct addr *ret_local)
{
	struct loop *loop = (struct loop *)io;
	struct addr bound;
	struct sock *s;
	int fd, err = loop_socket(local, SOCK_STREAM, &fd);

	if (err)
		return err;
	err = bind_listener(fd, local, &bound);
	if (err) {
		close(fd);
		return err;
	}
	err = sock_add(loop, KIND_LISTENER, fd, cookie, EPOLLIN, &s);
	if (err)
		return err;
	*ret_handle = sock_handle(s);
	if (ret_local)
		*ret_local = bound;
	return 0;
}

/* As sock_add. */
static int add_stream(struct loop *loop, enum sock_kind kind, int fd, uint64_t cookie,
		      uint32_t events, struct sock **ret_sock)
{
	struct id id;
	struct stream *stream = pool_take(loop->streams, &id);
	int err;

	if (!stream) {
		close(fd);
		return ERR_LIMIT;
	}
	err = sock_add(loop, kind, fd, cookie, events, ret_sock);
	if (err) {
		pool_give(loop->streams, id);
		return err;
	}
	stream->self = id;
	(*ret_sock)->is_stream = true;
	(*ret_sock)->stream = stream;
	return 0;
}

static void accepted(struct loop *loop, const struct sock *listener, int fd,
		     const struct addr *peer)
{
	struct io_stream_note note;
	struct sock *s;

	loop_set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (add_stream(loop, KIND_STREAM, fd, listener->cookie, EPOLLIN, &s) != 0)
		return;
	s->stream->peer = *peer;
	loop_local(fd, &s->stream->local);
	note = note_of(s, IO_STREAM_ACCEPTED);
	tell(loop, &note);
}

static bool out_of_descriptors(int errno_value)
{
	return errno_value == EMFILE || errno_value == ENFILE || errno_value == ENOBUFS ||
	       errno_value == ENOMEM;
}

static void rest(struct loop *loop, struct sock *s)
{
	if (TAILQ_EMPTY(&loop->paused))
		loop->resume_ms = loop->now_ms + ACCEPT_REST_MS;
	sock_watch(loop, s, 0);
	sock_wait_in(s, &loop->paused);
}

void listeners_resume(struct loop *loop)
{
	struct sock *s;

	while (loop->now_ms >= loop->resume_ms && (s = TAILQ_FIRST(&loop->paused)) != NULL) {
		sock_watch(loop, s, EPOLLIN);
		sock_wait_in(s, NULL);
	}
}

void listener_on_events(struct loop *loop, struct sock *s)
{
	for (int i = 0; i < ACCEPT_BATCH && s->kind == KIND_LISTENER; i++) {
		struct sockaddr_storage sa;
		socklen_t n = sizeof(sa);
		int fd = accept4(s->fd, (struct sockaddr *)&sa, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct addr peer;

		if (fd < 0 && errno == EAGAIN)
			return;
		if (fd < 0 && out_of_descriptors(errno)) {
			rest(loop, s);
			return;
		}
		if (fd < 0)
			continue; /* the peer's trouble: gone before it was accepted */
		addr_from_sockaddr((struct sockaddr *)&sa, &peer);
		accepted(loop, s, fd, &peer);
	}
}

/* A failure at once (no route) is told in the next turn, like one that takes its time. */
int loop_connect(struct io *io, const struct addr *dst, uint64_t cookie, int *ret_handle)
{
	struct loop *loop = (struct loop *)io;
	struct sockaddr_storage sa;
	socklen_t n = addr_to_sockaddr(dst, &sa);
	struct sock *s;
	int fd, failure = 0, err = loop_socket(dst, SOCK_STREAM, &fd);

	if (err)
		return err;
	loop_set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (connect(fd, (struct sockaddr *)&sa, n) != 0 && errno != EINPROGRESS)
		failure = errno;
	err = add_stream(loop, KIND_CONNECTING, fd, cookie, EPOLLOUT, &s);
	if (err)
		return err;
	s->stream->peer = *dst;
	if (failure)
		doom(loop, s, loop_net_err(failure));
	*ret_handle = sock_handle(s);
	return 0;
}

static void connected(struct loop *loop, struct sock *s)
{
	struct io_stream_note note = note_of(s, IO_STREAM_CONNECTED);
	socklen_t n = sizeof(int);
	int failure = 0;

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &failure, &n) != 0)
		failure = errno;
	if (failure) {
		tell_closed(loop, s, loop_net_err(failure));
		return;
	}
	s->kind = KIND_STREAM;
	loop_local(s->fd, &s->stream->local);
	sock_watch(loop, s, EPOLLIN);
	sock_flush_later(loop, s); /* what was queued meanwhile */
	tell(loop, &note);
}

static void receive(struct loop *loop, struct sock *s)
{
	struct io_stream_note note = note_of(s, IO_STREAM_DATA);
	ssize_t n = recv(s->fd, loop->stream_in, STREAM_IN_BYTES, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		tell_closed(loop, s, n < 0 ? loop_net_err(errno) : 0);
		return;
	}
	note.bytes = slice_of(loop->stream_in, (size_t)n);
	tell(loop, &note);
}

void stream_on_events(struct loop *loop, struct sock *s, uint32_t events)
{
	if (s->kind == KIND_CONNECTING) {
		connected(loop, s);
		return;
	}
	if (events & EPOLLOUT)
		stream_flush(loop, s);
	if (s->kind == KIND_STREAM && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		receive(loop, s);
}

/* Memory for waiting bytes is kept only while there are some: most of many connections are idle. */
static void forget_sent(struct stream_out *out, size_t sent)
{
	out->at += sent;
	if (out->at < out->n)
		return;
	free(out->p);
	*out = (struct stream_out){0};
}

static void wait_writable(struct loop *loop, struct sock *s, bool wait)
{
	if (s->stream->waits_writable == wait)
		return;
	s->stream->waits_writable = wait;
	sock_watch(loop, s, wait ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void stream_flush(struct loop *loop, struct sock *s)
{
	struct stream_out *out = &s->stream->out;

	while (out->at < out->n) {
		ssize_t sent = send(s->fd, out->p + out->at, out->n - out->at, MSG_NOSIGNAL);

		if (sent >= 0) {
			forget_sent(out, (size_t)sent);
		} else if (errno == EAGAIN) {
			break;
		} else if (errno != EINTR) {
			doom(loop, s, loop_net_err(errno));
			return;
		}
	}
	wait_writable(loop, s, out->at < out->n);
}

/* Room for n more bytes behind what waits. */
static bool make_room(struct stream_out *out, size_t n)
{
	size_t waiting = out->n - out->at, cap = OUT_BYTES_FIRST;
	char *p;

	if (n <= out->cap_bytes - out->n)
		return true;
	if (out->at) {
		memmove(out->p, out->p + out->at, waiting);
		out->at = 0;
		out->n = waiting;
	}
	while (cap < waiting + n)
		cap *= 2;
	if (cap <= out->cap_bytes)
		return true;
	p = realloc(out->p, cap);
	if (!p)
		return false;
	out->p = p;
	out->cap_bytes = cap;
	return true;
}

int loop_stream_send(struct io *io, int handle, struct slice bytes)
{
	struct loop *loop = (struct loop *)io;
	struct sock *s = sock_find(loop, handle);
	struct stream_out *out;

	if (!s || (s->kind != KIND_STREAM && s->kind != KIND_CONNECTING))
		return ERR_CLOSED;
	out = &s->stream->out;
	if (s->kind == KIND_STREAM && bytes.n > OUT_BYTES_MAX - (out->n - out->at))
		stream_flush(loop, s);
	if (s->kind == KIND_DOOMED)
		return ERR_CLOSED;
	if (bytes.n > OUT_BYTES_MAX - (out->n - out->at) || !make_room(out, bytes.n)) {
		doom(loop, s, ERR_LIMIT);
		return ERR_LIMIT;
	}
	if (bytes.n)
		memcpy(out->p + out->n, bytes.p, bytes.n);
	out->n += bytes.n;
	if (s->kind == KIND_STREAM && !s->stream->waits_writable)
		sock_flush_later(loop, s);
	return 0;
}
