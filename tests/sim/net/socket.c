/* The table of sockets: by handle and by the address they are bound to. Handles are never used
 * twice. */
#include "net_priv.h"

#include <stdio.h>
#include <stdlib.h>

static uint32_t bucket_of(const struct addr *a)
{
	uint32_t h = 2166136261u ^ a->port;
	for (size_t i = 0; i < sizeof(a->ip); i++)
		h = (h ^ a->ip[i]) * 16777619u;
	return (h ^ (h >> 15)) % SIM_BUCKETS;
}

static void link_in(struct sim_net *net, struct sim_socket *sk)
{
	struct sim_socket **at = &net->buckets[bucket_of(&sk->local)];
	while (*at)
		at = &(*at)->next;
	*at = sk;
}

static void link_out(struct sim_net *net, struct sim_socket *sk)
{
	for (struct sim_socket **at = &net->buckets[bucket_of(&sk->local)]; *at;
	     at = &(*at)->next) {
		if (*at == sk) {
			*at = sk->next;
			return;
		}
	}
}

static void grow(struct sim_net *net)
{
	size_t cap = net->socket_cap ? 2 * net->socket_cap : 64;
	struct sim_socket **v = sim_alloc(cap * sizeof(*v));
	if (net->socket_n)
		memcpy(v, net->sockets, net->socket_n * sizeof(*v));
	free(net->sockets);
	net->sockets = v;
	net->socket_cap = cap;
}

struct sim_socket *sim_socket_new(struct sim_io *io, enum sim_socket_kind kind,
				  const struct addr *local)
{
	struct sim_net *net = io->net;
	struct sim_socket *sk = sim_alloc(sizeof(*sk));
	if (net->socket_n == net->socket_cap)
		grow(net);
	net->sockets[net->socket_n++] = sk;
	sk->kind = kind;
	sk->handle = (int)net->socket_n;
	sk->io = io;
	sk->local = *local;
	io->sockets++;
	link_in(net, sk);
	return sk;
}

struct sim_socket *sim_socket_any(struct sim_net *net, int handle)
{
	return handle > 0 && (size_t)handle <= net->socket_n ? net->sockets[handle - 1] : NULL;
}

struct sim_socket *sim_socket_of(struct sim_net *net, int handle)
{
	struct sim_socket *sk = sim_socket_any(net, handle);
	return sk && sk->io ? sk : NULL;
}

struct sim_socket *sim_socket_mine(struct sim_io *io, int handle, enum sim_socket_kind kind)
{
	struct sim_socket *sk = sim_socket_of(io->net, handle);
	if (!sk || sk->io != io || sk->kind != kind) {
		fprintf(stderr,
			"simulation: %s uses handle %d, which is not open or of another kind\n",
			io->name, handle);
		abort();
	}
	return sk;
}

void sim_socket_shut(struct sim_net *net, struct sim_socket *sk)
{
	link_out(net, sk);
	sk->io->sockets--;
	sk->io = NULL;
}

/* SO_REUSEPORT shares between ios; the same io twice would be a mistake that the kernel allows and
 * we do not. */
bool sim_socket_taken(struct sim_net *net, const struct addr *local, enum sim_socket_kind kind,
		      bool reuseport, const struct sim_io *io)
{
	for (struct sim_socket *sk = net->buckets[bucket_of(local)]; sk; sk = sk->next) {
		if (sk->kind != kind || !addr_eq(&sk->local, local))
			continue;
		if (!reuseport || !sk->reuseport || sk->io == io)
			return true;
	}
	return false;
}

static uint32_t source_hash(const struct addr *src)
{
	uint32_t h = src->port * 2654435761u;
	for (size_t i = 0; i < sizeof(src->ip); i++)
		h = (h ^ src->ip[i]) * 16777619u;
	return h ^ (h >> 13);
}

struct sim_socket *sim_socket_bound(struct sim_net *net, enum sim_socket_kind kind,
				    const struct addr *local, const struct addr *src)
{
	struct sim_socket *found[64];
	uint32_t n = 0;
	for (struct sim_socket *sk = net->buckets[bucket_of(local)]; sk && n < 64; sk = sk->next) {
		if (sk->kind == kind && addr_eq(&sk->local, local))
			found[n++] = sk;
	}
	if (n == 0)
		return NULL;
	const int landing = sim_landing(net, src);
	return found[landing >= 0 ? (uint32_t)landing % n : source_hash(src) % n];
}

uint16_t sim_port_free(struct sim_net *net, const struct addr *local, enum sim_socket_kind kind)
{
	struct addr a = *local;
	do {
		net->next_port = net->next_port < 49152 ? 49152 : (uint16_t)(net->next_port + 1);
		a.port = net->next_port;
	} while (a.port < 49152 || sim_socket_taken(net, &a, kind, false, NULL));
	return a.port;
}
