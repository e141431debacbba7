/* TCP as far as SIP can see it: connect, accept, bytes in order, close. Nothing is ever lost, only
 * late. */
#include "net_priv.h"

#include "base/err.h"

int sim_stream_listen(struct io *io_, const struct addr *local, uint64_t cookie, int *ret_handle,
		      struct addr *ret_local)
{
	struct sim_io *io = (struct sim_io *)io_;
	struct addr a = *local;
	const int err = sim_io_bindable(io, &a);
	if (err)
		return err;
	if (a.port == 0)
		a.port = sim_port_free(io->net, &a, SIM_LISTENER);
	if (sim_socket_taken(io->net, &a, SIM_LISTENER, true, io))
		return ERR_IN_USE;
	struct sim_socket *sk = sim_socket_new(io, SIM_LISTENER, &a);
	sk->reuseport = true;
	sk->cookie = cookie;
	*ret_handle = sk->handle;
	*ret_local = a;
	return 0;
}

/* When the next thing that sk sends arrives: never before what went ahead of it. */
static int64_t arrival(struct sim_socket *sk)
{
	struct sim_net *net = sk->io ? sk->io->net : NULL;
	int64_t at = sk->last_arrival_us;
	if (net) {
		const int64_t straight =
			net->now_us + sim_link_delay_us(net, &sk->local, &sk->remote);
		at = straight > at ? straight : at;
	}
	sk->last_arrival_us = at;
	return at;
}

int sim_stream_connect(struct io *io_, const struct addr *dst, uint64_t cookie, int *ret_handle)
{
	struct sim_io *io = (struct sim_io *)io_;
	struct addr local = dst->family == 6 ? io->home6 : io->home4;
	if (local.family != dst->family)
		return ERR_INVALID;
	local.port = sim_port_free(io->net, &local, SIM_STREAM);
	struct sim_socket *sk = sim_socket_new(io, SIM_STREAM, &local);
	sk->cookie = cookie;
	sk->remote = *dst;
	sim_queue_add(io->net, arrival(sk), SIM_EV_SYN, SLICE_NONE)->handle = sk->handle;
	*ret_handle = sk->handle;
	return 0;
}

static void send_piece(struct sim_socket *sk, struct slice bytes)
{
	sim_queue_add(sk->io->net, arrival(sk), SIM_EV_DATA, bytes)->handle = sk->handle;
}

int sim_stream_send(struct io *io_, int handle, struct slice bytes)
{
	struct sim_io *io = (struct sim_io *)io_;
	struct sim_net *net = io->net;
	struct sim_socket *sk = sim_socket_of(net, handle);
	if (!sk || sk->io != io || sk->kind != SIM_STREAM)
		return ERR_CLOSED;
	net->counts.sent++;
	const bool cut = sim_link_cut(net, &sk->local, &sk->remote);
	sim_tell(net, &sk->local, &sk->remote, bytes, cut ? SIM_DROP : SIM_PASS, true);
	if (cut)
		return 0;
	while (net->chop && bytes.n > 1) {
		const size_t n = 1 + sim_rand_below(&net->rand, (uint32_t)bytes.n);
		send_piece(sk, slice_first(bytes, n));
		sk->last_arrival_us += 100; /* pieces are seen apart */
		bytes = slice_from(bytes, n);
	}
	if (bytes.n)
		send_piece(sk, bytes);
	return 0;
}

/* sk goes; its other end will hear of it after everything that was sent before. */
void sim_stream_end(struct sim_net *net, struct sim_socket *sk, int err)
{
	const int64_t at = arrival(sk);
	const int peer = sk->peer;
	sim_socket_shut(net, sk);
	if (peer) {
		struct sim_event *ev = sim_queue_add(net, at, SIM_EV_CLOSED, SLICE_NONE);
		ev->handle = peer;
		ev->err = err;
	}
}

static void tell(struct sim_socket *sk, enum io_stream_event event, struct slice bytes, int err)
{
	struct sim_io *io = sk->io;
	const struct io_stream_note note = {
		.event = event,
		.handle = sk->handle,
		.cookie = sk->cookie,
		.peer = &sk->remote,
		.local = &sk->local,
		.bytes = bytes,
		.err = err,
	};
	if (event == IO_STREAM_CLOSED)
		sim_socket_shut(io->net, sk);
	if (io->handler.on_stream)
		io->handler.on_stream(io->handler.ctx, &note);
	sim_io_turn(io);
}

static void refuse(struct sim_net *net, struct sim_socket *sk)
{
	struct sim_event *ev = sim_queue_add(net, arrival(sk), SIM_EV_CLOSED, SLICE_NONE);
	ev->handle = sk->handle;
	ev->err = ERR_CLOSED;
}

static void on_syn(struct sim_net *net, struct sim_socket *sk)
{
	if (!sk->io || sim_link_cut(net, &sk->local, &sk->remote))
		return;
	struct sim_socket *l = sim_socket_bound(net, SIM_LISTENER, &sk->remote, &sk->local);
	if (!l) {
		refuse(net, sk);
		return;
	}
	struct sim_socket *accepted = sim_socket_new(l->io, SIM_STREAM, &sk->remote);
	accepted->cookie = l->cookie;
	accepted->remote = sk->local;
	accepted->peer = sk->handle;
	sk->peer = accepted->handle;
	sim_queue_add(net, arrival(accepted), SIM_EV_CONNECTED, SLICE_NONE)->handle = sk->handle;
	tell(accepted, IO_STREAM_ACCEPTED, SLICE_NONE, 0);
}

static void on_data(struct sim_net *net, const struct sim_socket *from, struct slice bytes)
{
	struct sim_socket *to = sim_socket_of(net, from->peer);
	if (to)
		tell(to, IO_STREAM_DATA, bytes, 0);
}

void sim_stream_event(struct sim_net *net, struct sim_event *ev)
{
	struct sim_socket *sk = sim_socket_any(net, ev->handle);
	if (ev->kind == SIM_EV_SYN)
		on_syn(net, sk);
	else if (ev->kind == SIM_EV_DATA)
		on_data(net, sk, slice_of(ev->bytes, ev->n));
	else if (sk->io && ev->kind == SIM_EV_CONNECTED)
		tell(sk, IO_STREAM_CONNECTED, SLICE_NONE, 0);
	else if (sk->io && ev->kind == SIM_EV_CLOSED)
		tell(sk, IO_STREAM_CLOSED, SLICE_NONE, ev->err);
}
