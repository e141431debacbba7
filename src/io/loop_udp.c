/* Datagrams: one recvmmsg for a ready socket, one sendmmsg for each socket with datagrams queued in
 * the turn. */
#include "io/loop_priv.h"

#include <assert.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/*
 * A datagram, its NUL, and some cache lines more: at a distance of 64 KiB sharp the beginnings of
 * all buffers would compete for the same few lines of the cache. Pages that no datagram reaches
 * stay virtual.
 */
#define IN_STRIDE_BYTES (IO_DATAGRAM_BYTES_MAX + 1 + 9 * 64)

#define OUT_DATAGRAMS 256
#define OUT_BYTES     ((size_t)512 * 1024)
#define OUT_BATCH     64u
/* How long a turn waits, once per batch, for a full socket buffer before it drops the rest. */
#define OUT_WAIT_MS 1

/* In a turn, at most so many ICMP errors are read from a socket. */
#define ERRORS_BATCH 32

struct udp_in {
	struct mmsghdr messages[UDP_IN_BATCH];
	struct iovec pieces[UDP_IN_BATCH];
	struct sockaddr_in6 names[UDP_IN_BATCH];
	struct io_datagram datagrams[UDP_IN_BATCH];
	char bytes[UDP_IN_BATCH][IN_STRIDE_BYTES];
};

struct queued {
	struct addr dst;
	int next; /* of the same socket; -1: none */
	size_t at, n;
};

struct udp_out {
	int count;
	size_t used_bytes;
	struct queued queue[OUT_DATAGRAMS];
	struct mmsghdr messages[OUT_BATCH];
	struct iovec pieces[OUT_BATCH];
	struct sockaddr_storage names[OUT_BATCH];
	const struct queued *sending[OUT_BATCH];
	char bytes[OUT_BYTES];
};

int udp_in_new(struct udp_in **ret_in)
{
	struct udp_in *in = calloc(1, sizeof(*in));

	if (!in)
		return ERR_NOMEM;
	for (size_t i = 0; i < UDP_IN_BATCH; i++) {
		in->pieces[i] = (struct iovec){in->bytes[i], IO_DATAGRAM_BYTES_MAX};
		in->messages[i].msg_hdr = (struct msghdr){.msg_iov = &in->pieces[i],
							  .msg_iovlen = 1,
							  .msg_name = &in->names[i],
							  .msg_namelen = sizeof(in->names[i])};
	}
	*ret_in = in;
	return 0;
}

void udp_in_free(struct udp_in *in)
{
	free(in);
}

int udp_out_new(struct udp_out **ret_out)
{
	struct udp_out *out = calloc(1, sizeof(*out));

	if (!out)
		return ERR_NOMEM;
	for (size_t i = 0; i < OUT_BATCH; i++)
		out->messages[i].msg_hdr = (struct msghdr){
			.msg_iov = &out->pieces[i], .msg_iovlen = 1, .msg_name = &out->names[i]};
	*ret_out = out;
	return 0;
}

void udp_out_free(struct udp_out *out)
{
	free(out);
}

/* The kernel may allow less than what is asked for. */
static void set_rcvbuf(int fd, uint32_t bytes)
{
	if (bytes && loop_set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, (int)bytes) != 0)
		loop_set_int(fd, SOL_SOCKET, SO_RCVBUF, (int)bytes);
}

/*
 * ICMP errors are asked for; otherwise a phone that is gone is only known by silence. IPv4 goes
 * without "don't fragment": a SIP message beyond the MTU then arrives in fragments instead of not
 * at all.
 */
static int set_options(int fd, const struct io_udp_params *p)
{
	bool v6 = p->local.family == 6;
	int err = v6 ? loop_set_int(fd, IPPROTO_IPV6, IPV6_RECVERR, 1)
		     : loop_set_int(fd, IPPROTO_IP, IP_RECVERR, 1);

	if (!err && !v6)
		err = loop_set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	if (!err && p->reuseport)
		err = loop_set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (!err && p->dscp && v6)
		err = loop_set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, p->dscp << 2);
	if (!err && p->dscp && !v6)
		err = loop_set_int(fd, IPPROTO_IP, IP_TOS, p->dscp << 2);
	set_rcvbuf(fd, p->rcvbuf_bytes);
	return err;
}

static int bind_udp(int fd, const struct io_udp_params *p, struct addr *ret_local)
{
	struct sockaddr_storage sa;
	socklen_t n = addr_to_sockaddr(&p->local, &sa);
	int err = set_options(fd, p);

	if (err)
		return err;
	if (bind(fd, (struct sockaddr *)&sa, n) != 0)
		return loop_open_err(errno);
	return loop_local(fd, ret_local);
}

int loop_udp_open(struct io *io, const struct io_udp_params *p, int *ret_handle,
		  struct addr *ret_local)
{
	struct loop *loop = (struct loop *)io;
	struct addr local;
	struct sock *s;
	int fd, err = loop_socket(&p->local, SOCK_DGRAM, &fd);

	if (err)
		return err;
	err = bind_udp(fd, p, &local);
	if (err) {
		close(fd);
		return err;
	}
	err = sock_add(loop, KIND_UDP, fd, p->cookie, EPOLLIN, &s);
	if (err)
		return err;
	s->chain = (struct udp_chain){-1, -1};
	*ret_handle = sock_handle(s);
	if (ret_local)
		*ret_local = local;
	return 0;
}

static void receive(struct loop *loop, const struct sock *s)
{
	struct udp_in *in = loop->udp_in;
	int count = recvmmsg(s->fd, in->messages, UDP_IN_BATCH, MSG_DONTWAIT, NULL);

	for (int i = 0; i < count; i++) {
		struct io_datagram *d = &in->datagrams[i];

		addr_from_sockaddr((struct sockaddr *)&in->names[i], &d->src);
		in->messages[i].msg_hdr.msg_namelen = sizeof(in->names[i]);
		d->p = in->bytes[i];
		d->n = in->messages[i].msg_len;
		d->p[d->n] = '\0';
	}
	if (count == UDP_IN_BATCH)
		loop->more = true;
	if (count <= 0) /* e.g. an ICMP error: the error queue tells it better */
		return;
	assert(loop->handler.on_datagrams);
	loop->handler.on_datagrams(loop->handler.ctx, s->cookie, in->datagrams, (size_t)count);
}

static void report(struct loop *loop, const struct sock *s, const struct addr *dst, int err)
{
	if (loop->handler.on_udp_error)
		loop->handler.on_udp_error(loop->handler.ctx, s->cookie, dst, err);
}

/* What an ICMP message said; NULL when this is none, or only a router's word on the packet's size.
 */
static const struct sock_extended_err *icmp_error(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		const struct sock_extended_err *e = (const struct sock_extended_err *)CMSG_DATA(c);
		bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
		bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;

		if ((v4 || v6) && e->ee_errno != EMSGSIZE &&
		    (e->ee_origin == SO_EE_ORIGIN_ICMP || e->ee_origin == SO_EE_ORIGIN_ICMP6))
			return e;
	}
	return NULL;
}

/* One error from the queue, with the address that the datagram had been sent to; false when there
 * is none. */
static bool receive_error(struct loop *loop, const struct sock *s)
{
	struct sockaddr_in6 name = {0};
	_Alignas(struct cmsghdr) char control[512];
	struct msghdr m = {.msg_name = &name,
			   .msg_namelen = sizeof(name),
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	const struct sock_extended_err *e;
	struct addr dst;

	if (recvmsg(s->fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	e = icmp_error(&m);
	addr_from_sockaddr((struct sockaddr *)&name, &dst);
	if (e && addr_is(&dst))
		report(loop, s, &dst, loop_net_err((int)e->ee_errno));
	return true;
}

void udp_on_events(struct loop *loop, struct sock *s, uint32_t events)
{
	for (int i = 0; events & EPOLLERR && i < ERRORS_BATCH; i++) {
		if (!receive_error(loop, s))
			break;
		if (s->kind != KIND_UDP) /* the handler has closed it */
			return;
	}
	if (events & EPOLLIN)
		receive(loop, s);
}

void loop_udp_send(struct io *io, int handle, const struct addr *dst, struct slice bytes)
{
	struct loop *loop = (struct loop *)io;
	struct udp_out *out = loop->udp_out;
	struct sock *s = sock_find(loop, handle);
	struct queued *q;

	if (!s || s->kind != KIND_UDP || bytes.n > IO_DATAGRAM_BYTES_MAX)
		return;
	if (out->count == OUT_DATAGRAMS || bytes.n > OUT_BYTES - out->used_bytes)
		udp_flush(loop);
	q = &out->queue[out->count];
	*q = (struct queued){.dst = *dst, .next = -1, .at = out->used_bytes, .n = bytes.n};
	if (bytes.n)
		memcpy(out->bytes + q->at, bytes.p, bytes.n);
	out->used_bytes += bytes.n;
	if (s->chain.last >= 0)
		out->queue[s->chain.last].next = out->count;
	else
		s->chain.first = out->count;
	s->chain.last = out->count++;
	sock_flush_later(loop, s);
}

/* Told in the next turn: the one who sends is not to be called back from within. */
static void remember_error(struct loop *loop, const struct sock *s, const struct addr *dst, int err)
{
	if (loop->udp_error_count == UDP_ERRORS_PENDING)
		return; /* his timers will tell him */
	loop->udp_errors[loop->udp_error_count++] = (struct udp_error){s->id, *dst, err};
}

void udp_report_errors(struct loop *loop)
{
	struct udp_error errors[UDP_ERRORS_PENDING];
	size_t count = loop->udp_error_count;

	memcpy(errors, loop->udp_errors, count * sizeof(errors[0]));
	loop->udp_error_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct sock *s = pool_get(loop->socks, errors[i].sock);

		if (s && s->kind == KIND_UDP)
			report(loop, s, &errors[i].dst, errors[i].err);
	}
}

/* Fills the batch from the chain that begins at *next; how many. */
static unsigned fill_batch(struct udp_out *out, int *next)
{
	unsigned n = 0;

	for (; *next >= 0 && n < OUT_BATCH; n++) {
		const struct queued *q = &out->queue[*next];

		out->sending[n] = q;
		out->pieces[n] = (struct iovec){out->bytes + q->at, q->n};
		out->messages[n].msg_hdr.msg_namelen = addr_to_sockaddr(&q->dst, &out->names[n]);
		*next = q->next;
	}
	return n;
}

static bool wait_for_room(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, OUT_WAIT_MS) > 0;
}

/* How many went; a lone one without the batch's copies, since most of RTP is lone. */
static int send_some(const struct sock *s, struct udp_out *out, unsigned done, unsigned count)
{
	const struct msghdr *m = &out->messages[done].msg_hdr;

	if (count - done > 1)
		return sendmmsg(s->fd, out->messages + done, count - done, MSG_DONTWAIT);
	return sendto(s->fd, m->msg_iov->iov_base, m->msg_iov->iov_len, MSG_DONTWAIT, m->msg_name,
		      m->msg_namelen) < 0
		       ? -1
		       : 1;
}

/*
 * An error belongs to the first datagram, or it is an ICMP error for an earlier one, which the
 * attempt has consumed: so everything is tried twice before it is skipped.
 */
static void send_batch(struct loop *loop, const struct sock *s, unsigned count)
{
	struct udp_out *out = loop->udp_out;
	bool again = false, waited = false;

	for (unsigned done = 0; done < count;) {
		int sent = send_some(s, out, done, count);

		if (sent > 0) {
			done += (unsigned)sent;
			again = false;
		} else if (errno == EAGAIN) {
			if (waited || !wait_for_room(s->fd))
				return;
			waited = true;
		} else if (errno == ENOBUFS) {
			done++; /* the interface's queue has dropped it */
		} else if (errno != EINTR && !again) {
			again = true;
		} else if (errno != EINTR) {
			remember_error(loop, s, &out->sending[done]->dst, loop_net_err(errno));
			done++;
			again = false;
		}
	}
}

static void flush_socket(struct loop *loop, struct sock *s)
{
	int next = s->chain.first;
	unsigned count;

	while ((count = fill_batch(loop->udp_out, &next)) > 0)
		send_batch(loop, s, count);
	s->chain = (struct udp_chain){-1, -1};
	TAILQ_REMOVE(&loop->flush, s, flush);
	s->is_flushing = false;
}

void udp_flush(struct loop *loop)
{
	struct sock *s, *next;

	if (loop->udp_out->count == 0)
		return;
	for (s = TAILQ_FIRST(&loop->flush); s; s = next) {
		next = TAILQ_NEXT(s, flush);
		if (s->kind == KIND_UDP)
			flush_socket(loop, s);
	}
	loop->udp_out->count = 0;
	loop->udp_out->used_bytes = 0;
}
