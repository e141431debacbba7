#include "sim_io.h"

#include "base/err.h"
#include "net_priv.h"

#include <stdio.h>
#include <stdlib.h>

static struct sim_io *self(struct io *io)
{
	return (struct sim_io *)io;
}

static int64_t op_now_us(struct io *io)
{
	return self(io)->net->now_us;
}

static int64_t op_now_ms(struct io *io)
{
	return self(io)->net->now_us / 1000;
}

static int64_t op_wall_ms(struct io *io)
{
	return sim_net_wall_ms(self(io)->net);
}

static void op_set_handler(struct io *io, const struct io_handler *h)
{
	self(io)->handler = *h;
	sim_io_poke(io);
}

int sim_io_bindable(const struct sim_io *io, const struct addr *local)
{
	const struct addr *home = local->family == 6 ? &io->home6 : &io->home4;
	if (local->family == 0 || (home->family && !addr_ip_eq(home, local)))
		return ERR_INVALID;
	return 0;
}

static int op_udp_open(struct io *io_, const struct io_udp_params *p, int *ret_handle,
		       struct addr *ret_local)
{
	struct sim_io *io = self(io_);
	struct addr local = p->local;
	const int err = sim_io_bindable(io, &local);
	if (err)
		return err;
	if (local.port == 0)
		local.port = sim_port_free(io->net, &local, SIM_UDP_SOCKET);
	if (sim_socket_taken(io->net, &local, SIM_UDP_SOCKET, p->reuseport, io))
		return ERR_IN_USE;
	struct sim_socket *sk = sim_socket_new(io, SIM_UDP_SOCKET, &local);
	sk->reuseport = p->reuseport;
	sk->cookie = p->cookie;
	*ret_handle = sk->handle;
	*ret_local = local;
	return 0;
}

static void op_udp_send(struct io *io_, int handle, const struct addr *dst, struct slice bytes)
{
	struct sim_io *io = self(io_);
	sim_packet_send(io->net, sim_socket_mine(io, handle, SIM_UDP_SOCKET), dst, bytes);
}

static void op_set_cookie(struct io *io_, int handle, uint64_t cookie)
{
	struct sim_io *io = self(io_);
	struct sim_socket *sk = sim_socket_of(io->net, handle);
	if (sk && sk->io == io)
		sk->cookie = cookie;
}

static void op_close(struct io *io_, int handle)
{
	struct sim_io *io = self(io_);
	struct sim_socket *sk = sim_socket_of(io->net, handle);
	if (!sk || sk->io != io) {
		fprintf(stderr, "simulation: %s closes handle %d, which is not its own or closed\n",
			io->name, handle);
		abort();
	}
	if (sk->kind == SIM_STREAM)
		sim_stream_end(io->net, sk, 0);
	else
		sim_socket_shut(io->net, sk);
}

static const struct io_ops OPS = {
	.now_ms = op_now_ms,
	.now_us = op_now_us,
	.wall_ms = op_wall_ms,
	.set_handler = op_set_handler,
	.udp_open = op_udp_open,
	.udp_send = op_udp_send,
	.listen = sim_stream_listen,
	.connect = sim_stream_connect,
	.stream_send = sim_stream_send,
	.set_cookie = op_set_cookie,
	.close = op_close,
};

struct io *sim_io_new(struct sim_net *net, const struct sim_io_params *p)
{
	struct sim_io *io = sim_alloc(sizeof(*io));
	io->io.ops = &OPS;
	io->net = net;
	io->home4 = p->home4;
	io->home6 = p->home6;
	io->turn_at_us = INT64_MAX;
	snprintf(io->name, sizeof(io->name), "%s", p->name);
	io->next = net->ios;
	net->ios = io;
	return &io->io;
}

static void shut_all(struct sim_io *io)
{
	for (size_t i = 0; i < io->net->socket_n; i++) {
		struct sim_socket *sk = io->net->sockets[i];
		if (sk->io != io)
			continue;
		if (sk->kind == SIM_STREAM)
			sim_stream_end(io->net, sk, ERR_IO);
		else
			sim_socket_shut(io->net, sk);
	}
}

void sim_io_free(struct io *io_)
{
	if (!io_)
		return;
	struct sim_io *io = self(io_);
	shut_all(io);
	sim_queue_forget_io(io->net, io);
	struct sim_io **at = &io->net->ios;
	while (*at != io)
		at = &(*at)->next;
	*at = io->next;
	free(io);
}

void sim_io_set_home(struct io *io, const struct addr *home)
{
	if (home->family == 6)
		self(io)->home6 = *home;
	else
		self(io)->home4 = *home;
}

static void queue_turn(struct sim_io *io, int64_t at_us)
{
	if (at_us >= io->turn_at_us)
		return;
	io->turn_at_us = at_us;
	sim_queue_add(io->net, at_us, SIM_EV_TURN, SLICE_NONE)->io = io;
}

void sim_io_wake(struct io *io_)
{
	struct sim_io *io = self(io_);
	if (io->wake_queued)
		return;
	io->wake_queued = true;
	sim_queue_add(io->net, io->net->now_us, SIM_EV_WAKE, SLICE_NONE)->io = io;
}

void sim_io_poke(struct io *io)
{
	queue_turn(self(io), self(io)->net->now_us);
}

/* The end of a turn. A handler that wants the next one at once gets it a millisecond later: time
 * must go on. */
void sim_io_turn(struct sim_io *io)
{
	io->turn_at_us = INT64_MAX;
	if (!io->handler.on_turn)
		return;
	const int64_t now_ms = io->net->now_us / 1000;
	int64_t next_ms = io->handler.on_turn(io->handler.ctx, now_ms);
	if (next_ms == INT64_MAX)
		return;
	if (next_ms <= now_ms)
		next_ms = now_ms + 1;
	queue_turn(io, next_ms * 1000);
}

uint32_t sim_io_sockets(const struct io *io)
{
	return ((const struct sim_io *)io)->sockets;
}
