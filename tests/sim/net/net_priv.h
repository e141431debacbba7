#pragma once

#include "net.h"
#include "sim_io.h"

enum sim_event_kind {
	SIM_EV_DATAGRAM,
	SIM_EV_UDP_ERROR,
	SIM_EV_TURN,
	SIM_EV_WAKE,
	SIM_EV_SYN,	  /* socket: the connecting one */
	SIM_EV_CONNECTED, /* socket: the connecting one */
	SIM_EV_DATA,	  /* socket: the sending one */
	SIM_EV_CLOSED,	  /* socket: the one that is told */
};

struct sim_event {
	int64_t at_us;
	uint64_t serial;
	enum sim_event_kind kind;
	int handle;
	struct sim_io *io; /* TURN, WAKE; NULL: it has been freed meanwhile */
	struct addr src, dst;
	int err;
	size_t n;
	char bytes[]; /* n and a NUL */
};

enum sim_socket_kind { SIM_UDP_SOCKET, SIM_LISTENER, SIM_STREAM };

struct sim_socket {
	enum sim_socket_kind kind;
	int handle;
	struct sim_io *io; /* NULL: closed */
	uint64_t cookie;
	struct addr local, remote;
	bool reuseport;
	int peer;		 /* stream: the other end's handle, 0: not connected (yet) */
	int64_t last_arrival_us; /* stream: what is sent next arrives no earlier */
	struct sim_socket *next; /* same bucket */
};

struct sim_io {
	struct io io; /* first */
	struct sim_net *net;
	struct sim_io *next;
	char name[32];
	struct addr home4, home6;
	struct io_handler handler;
	int64_t turn_at_us; /* of the turn that is queued; INT64_MAX: none */
	bool wake_queued;
	uint32_t sockets;
};

struct sim_host {
	struct addr addr;
	bool has_link, unplugged, has_landing;
	struct sim_link link;
	int landing;
};

#define SIM_BUCKETS   1024
#define SIM_HOSTS_MAX 256
#define SIM_RULES_MAX 64
#define SIM_TAPS_MAX  4

struct sim_net {
	int64_t now_us, wall_base_ms;
	struct sim_rand rand;
	struct sim_event **heap;
	size_t heap_n, heap_cap;
	uint64_t serial;
	struct sim_io *ios;
	struct sim_socket **sockets; /* [handle - 1] */
	size_t socket_n, socket_cap;
	struct sim_socket *buckets[SIM_BUCKETS];
	uint16_t next_port;
	struct sim_link link;
	struct sim_host hosts[SIM_HOSTS_MAX];
	uint32_t host_n;
	struct sim_rule rules[SIM_RULES_MAX];
	uint32_t rule_n;
	int landing;
	bool icmp, chop;
	struct {
		sim_tap_fn *fn;
		void *ctx;
	} taps[SIM_TAPS_MAX];
	uint32_t tap_n;
	struct sim_net_counts counts;
};

void *sim_alloc(size_t bytes); /* zeroed; ends the program without memory */

/* queue.c */
struct sim_event *sim_queue_add(struct sim_net *net, int64_t at_us, enum sim_event_kind kind,
				struct slice bytes);
struct sim_event *sim_queue_take(struct sim_net *net, int64_t until_us);
const struct sim_event *sim_queue_top(const struct sim_net *net);
void sim_queue_forget_io(struct sim_net *net, const struct sim_io *io);

/* link.c: where a packet goes and when */
struct sim_host *sim_host_find(struct sim_net *net, const struct addr *addr);
int64_t sim_link_delay_us(struct sim_net *net, const struct addr *src, const struct addr *dst);
bool sim_link_cut(struct sim_net *net, const struct addr *src, const struct addr *dst);
int sim_landing(struct sim_net *net, const struct addr *src);
void sim_packet_send(struct sim_net *net, const struct sim_socket *from, const struct addr *dst,
		     struct slice bytes);
void sim_tell(struct sim_net *net, const struct addr *src, const struct addr *dst,
	      struct slice bytes, enum sim_fate fate, bool stream);

/* socket.c */
struct sim_socket *sim_socket_new(struct sim_io *io, enum sim_socket_kind kind,
				  const struct addr *local);
struct sim_socket *sim_socket_of(struct sim_net *net, int handle);  /* NULL: closed */
struct sim_socket *sim_socket_any(struct sim_net *net, int handle); /* also a closed one */
struct sim_socket *sim_socket_mine(struct sim_io *io, int handle, enum sim_socket_kind kind);
void sim_socket_shut(struct sim_net *net, struct sim_socket *sk);
bool sim_socket_taken(struct sim_net *net, const struct addr *local, enum sim_socket_kind kind,
		      bool reuseport, const struct sim_io *io);
struct sim_socket *sim_socket_bound(struct sim_net *net, enum sim_socket_kind kind,
				    const struct addr *local, const struct addr *src);
uint16_t sim_port_free(struct sim_net *net, const struct addr *local, enum sim_socket_kind kind);

/* stream.c */
int sim_stream_listen(struct io *io, const struct addr *local, uint64_t cookie, int *ret_handle,
		      struct addr *ret_local);
int sim_stream_connect(struct io *io, const struct addr *dst, uint64_t cookie, int *ret_handle);
int sim_stream_send(struct io *io, int handle, struct slice bytes);
void sim_stream_end(struct sim_net *net, struct sim_socket *sk, int err);
void sim_stream_event(struct sim_net *net, struct sim_event *ev);

/* sim_io.c */
void sim_io_turn(struct sim_io *io);
int sim_io_bindable(const struct sim_io *io, const struct addr *local);
