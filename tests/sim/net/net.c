#include "net.h"

#include "base/err.h"
#include "net_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH_MAX 32

struct sim_net *sim_net_new(const struct sim_net_params *p)
{
	struct sim_net *net = sim_alloc(sizeof(*net));
	net->now_us = 1000000; /* not 0: "never" and "at the very beginning" must differ */
	net->wall_base_ms = p->wall_ms - net->now_us / 1000;
	net->rand.state = p->seed;
	net->landing = -1;
	net->link.delay_us = 5000;
	return net;
}

void sim_net_free(struct sim_net *net)
{
	if (!net)
		return;
	while (net->ios)
		sim_io_free(&net->ios->io);
	for (size_t i = 0; i < net->heap_n; i++)
		free(net->heap[i]);
	for (size_t i = 0; i < net->socket_n; i++)
		free(net->sockets[i]);
	free(net->heap);
	free(net->sockets);
	free(net);
}

int64_t sim_net_now_us(const struct sim_net *net)
{
	return net->now_us;
}

int64_t sim_net_wall_ms(const struct sim_net *net)
{
	return net->wall_base_ms + net->now_us / 1000;
}

void sim_net_add_tap(struct sim_net *net, sim_tap_fn *fn, void *ctx)
{
	if (net->tap_n == SIM_TAPS_MAX) {
		fputs("simulation: too many taps\n", stderr);
		abort();
	}
	net->taps[net->tap_n].fn = fn;
	net->taps[net->tap_n++].ctx = ctx;
}

void sim_net_counts(const struct sim_net *net, struct sim_net_counts *ret_counts)
{
	*ret_counts = net->counts;
}

static void nobody(struct sim_net *net, const struct sim_event *ev)
{
	sim_tell(net, &ev->src, &ev->dst, slice_of(ev->bytes, ev->n), SIM_NOBODY, false);
	if (!net->icmp || !sim_socket_of(net, ev->handle))
		return;
	struct sim_event *icmp =
		sim_queue_add(net, net->now_us + sim_link_delay_us(net, &ev->dst, &ev->src),
			      SIM_EV_UDP_ERROR, SLICE_NONE);
	icmp->handle = ev->handle;
	icmp->dst = ev->dst;
	icmp->err = ERR_CLOSED;
}

/* Is the next event a datagram for the same socket at the same instant? Then it belongs to the
 * batch. */
static bool goes_along(struct sim_net *net, const struct sim_socket *sk)
{
	const struct sim_event *top = sim_queue_top(net);
	return top && top->kind == SIM_EV_DATAGRAM && top->at_us == net->now_us &&
	       addr_eq(&top->dst, &sk->local) &&
	       sim_socket_bound(net, SIM_UDP_SOCKET, &top->dst, &top->src) == sk;
}

static void deliver_batch(struct sim_net *net, struct sim_socket *sk, struct sim_event *first)
{
	struct sim_event *events[BATCH_MAX] = {first};
	struct io_datagram v[BATCH_MAX];
	struct sim_io *io = sk->io;
	size_t n = 1;
	while (n < BATCH_MAX && goes_along(net, sk))
		events[n++] = sim_queue_take(net, net->now_us);
	for (size_t i = 0; i < n; i++)
		v[i] = (struct io_datagram){
			.src = events[i]->src, .p = events[i]->bytes, .n = events[i]->n};
	if (io->handler.on_datagrams)
		io->handler.on_datagrams(io->handler.ctx, sk->cookie, v, n);
	sim_io_turn(io);
	for (size_t i = 1; i < n; i++)
		free(events[i]);
}

static void on_datagram(struct sim_net *net, struct sim_event *ev)
{
	if (sim_link_cut(net, &ev->src, &ev->dst))
		return;
	struct sim_socket *sk = sim_socket_bound(net, SIM_UDP_SOCKET, &ev->dst, &ev->src);
	if (sk)
		deliver_batch(net, sk, ev);
	else
		nobody(net, ev);
}

static void on_udp_error(struct sim_net *net, const struct sim_event *ev)
{
	struct sim_socket *sk = sim_socket_of(net, ev->handle);
	if (!sk)
		return;
	struct sim_io *io = sk->io;
	if (io->handler.on_udp_error)
		io->handler.on_udp_error(io->handler.ctx, sk->cookie, &ev->dst, ev->err);
	sim_io_turn(io);
}

static void on_turn(const struct sim_event *ev)
{
	/* Another turn has come in between and asked for a time of its own: this one is out of
	 * date. */
	if (ev->io && ev->io->turn_at_us == ev->at_us)
		sim_io_turn(ev->io);
}

static void on_wake(const struct sim_event *ev)
{
	struct sim_io *io = ev->io;
	if (!io)
		return;
	io->wake_queued = false;
	if (io->handler.on_wake)
		io->handler.on_wake(io->handler.ctx);
	sim_io_turn(io);
}

static void dispatch(struct sim_net *net, struct sim_event *ev)
{
	switch (ev->kind) {
	case SIM_EV_DATAGRAM:
		on_datagram(net, ev);
		break;
	case SIM_EV_UDP_ERROR:
		on_udp_error(net, ev);
		break;
	case SIM_EV_TURN:
		on_turn(ev);
		break;
	case SIM_EV_WAKE:
		on_wake(ev);
		break;
	default:
		sim_stream_event(net, ev);
	}
}

bool sim_net_step(struct sim_net *net, int64_t until_us)
{
	struct sim_event *ev = sim_queue_take(net, until_us);
	if (!ev) {
		if (net->now_us < until_us)
			net->now_us = until_us;
		return false;
	}
	net->now_us = ev->at_us;
	net->counts.steps++;
	dispatch(net, ev);
	free(ev);
	return true;
}
