/*
 * net: a network that exists only in memory. It has one clock, a queue of things to come ordered by
 * time, and hosts with UDP sockets and TCP streams. Every thread of the daemon (shard) and every
 * phone stands on a `struct io` of this network (net/sim_io.h) and cannot tell it from the
 * kernel's.
 *
 * The same seed and the same calls give the same run to the byte: nothing here reads a real clock,
 * and things due at the same microsecond happen in the order in which they were put in.
 *
 * Life: sim_net_new -> sim_io_new for each host -> sim_net_step until there is nothing to wait for
 * -> sim_net_free.
 */
#pragma once

#include "base/addr.h"
#include "io/io.h"
#include "rand.h"

struct sim_net;

struct sim_net_params {
	uint64_t seed;
	int64_t wall_ms; /* what the clock on the wall shows at the beginning */
};

struct sim_net *sim_net_new(const struct sim_net_params *p);
void sim_net_free(struct sim_net *net);

int64_t sim_net_now_us(const struct sim_net *net);
int64_t sim_net_wall_ms(const struct sim_net *net);

/*
 * Lets the next thing happen that is due at or before until_us; its io has had its turn when this
 * returns. False when there was none: the clock then stands at until_us.
 */
bool sim_net_step(struct sim_net *net, int64_t until_us);

/* --- What the network does to packets. */

/* Losses, duplicates and jitter concern datagrams only; a stream is merely late. */
struct sim_link {
	int64_t delay_us,
		jitter_us; /* jitter: uniform on top of the delay; packets overtake each other */
	uint32_t loss_per_mille, dup_per_mille;
};
/* The link of one host (by address, the port is ignored), or of all hosts without one of their own
 * (host NULL). */
void sim_net_set_link(struct sim_net *net, const struct addr *host, const struct sim_link *link);

enum sim_fate { SIM_PASS, SIM_DROP, SIM_DUP, SIM_DELAY, SIM_NOBODY };

/* "The next `count` packets from .. to .. that look like .. are dropped (doubled, late)." Rules are
 * tried in order. */
struct sim_rule {
	enum sim_fate fate;
	struct addr from, to; /* family 0: anyone; port 0: any port */
	char pattern[64];     /* wire_matches; empty: any datagram */
	uint32_t skip, count; /* first let `skip` of them pass */
	int64_t delay_us;     /* SIM_DELAY */
};
void sim_net_add_rule(struct sim_net *net, const struct sim_rule *rule);

/* Unplugged: nothing leaves or reaches that host (address without port), and nobody is told. */
void sim_net_unplug(struct sim_net *net, const struct addr *host, bool unplugged);
/* With ICMP, a datagram to a port where nobody listens is reported to its sender; without (default)
 * it vanishes. */
void sim_net_set_icmp(struct sim_net *net, bool on);
/* Several sockets share an address (SO_REUSEPORT): which one gets what comes from that host. -1: by
 * hash of the source, as the kernel does it. host NULL: for everyone without a choice of his own.
 */
void sim_net_land(struct sim_net *net, const struct addr *host, int index);
/* Streams arrive in pieces cut at random places. */
void sim_net_set_chop(struct sim_net *net, bool on);

/* --- Watching. */
struct sim_packet {
	int64_t at_us; /* sent */
	struct addr src, dst;
	struct slice bytes;
	enum sim_fate fate;
	bool stream;
};
typedef void sim_tap_fn(void *ctx, const struct sim_packet *packet);
/* At most SIM_TAPS_MAX watch; further ones end the program. */
void sim_net_add_tap(struct sim_net *net, sim_tap_fn *fn, void *ctx);

struct sim_net_counts {
	uint64_t sent, dropped, doubled, steps;
};
void sim_net_counts(const struct sim_net *net, struct sim_net_counts *ret_counts);
