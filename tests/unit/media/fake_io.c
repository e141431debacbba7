#include "fake_io.h"

#include "base/err.h"

static struct fake_io *of(struct io *io)
{
	return (struct fake_io *)io;
}

static int64_t now_us(struct io *io)
{
	return of(io)->now_us;
}

static int64_t now_ms(struct io *io)
{
	return of(io)->now_us / 1000;
}

const struct fake_socket *fake_io_find(const struct fake_io *f, const struct addr *a)
{
	for (size_t i = 0; i < FAKE_SOCKETS; i++)
		if (f->sockets[i].open && addr_eq(&f->sockets[i].local, a))
			return &f->sockets[i];
	return NULL;
}

static int udp_open(struct io *io, const struct io_udp_params *p, int *ret_handle,
		    struct addr *ret_local)
{
	struct fake_io *f = of(io);
	if (f->open_error)
		return f->open_error;
	if (fake_io_find(f, &p->local) ||
	    (p->local.port >= f->taken_first && p->local.port <= f->taken_last))
		return ERR_IN_USE;
	for (int i = 0; i < FAKE_SOCKETS; i++) {
		if (f->sockets[i].open)
			continue;
		f->sockets[i] = (struct fake_socket){true, p->local, p->cookie, p->dscp};
		*ret_handle = i;
		*ret_local = p->local;
		return 0;
	}
	return ERR_LIMIT;
}

static void udp_send(struct io *io, int handle, const struct addr *dst, struct slice bytes)
{
	struct fake_io *f = of(io);
	if (f->sent_count == FAKE_SENT || !f->sockets[handle].open || bytes.n > FAKE_SENT_BYTES)
		__builtin_trap();
	struct fake_sent *sent = &f->sent[f->sent_count++];
	sent->from = f->sockets[handle].local;
	sent->to = *dst;
	sent->n = bytes.n;
	memcpy(sent->bytes, bytes.p, bytes.n);
}

static void close_socket(struct io *io, int handle)
{
	if (!of(io)->sockets[handle].open)
		__builtin_trap();
	of(io)->sockets[handle].open = false;
}

static void set_cookie(struct io *io, int handle, uint64_t cookie)
{
	if (!of(io)->sockets[handle].open)
		__builtin_trap();
	of(io)->sockets[handle].cookie = cookie;
}

static const struct io_ops ops = {
	.now_ms = now_ms,
	.now_us = now_us,
	.udp_open = udp_open,
	.udp_send = udp_send,
	.set_cookie = set_cookie,
	.close = close_socket,
};

void fake_io_init(struct fake_io *f)
{
	memset(f, 0, sizeof *f);
	f->io.ops = &ops;
	f->now_us = 1000000;
}

size_t fake_io_open_count(const struct fake_io *f)
{
	size_t n = 0;
	for (size_t i = 0; i < FAKE_SOCKETS; i++)
		n += f->sockets[i].open;
	return n;
}

void fake_io_clear(struct fake_io *f)
{
	f->sent_count = 0;
}
