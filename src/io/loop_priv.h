/*
 * The inside of loop: the table of sockets (loop_sock.c), datagrams (loop_udp.c), streams
 * (loop_stream.c), and the turn that drives them (loop.c).
 *
 * A socket's number ("handle") is its slot in a pool. A closed socket keeps its slot until the turn
 * is over, so that nobody who still acts on the old number within the turn meets a new socket. What
 * epoll reports carries the slot's id with its generation: an event that was fetched before the
 * close misses.
 */
#pragma once

#include "base/err.h"
#include "base/pool.h"
#include "io/loop.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/queue.h>

#define UDP_IN_BATCH	   32u
#define UDP_ERRORS_PENDING 64u
#define STREAM_IN_BYTES	   65536u

enum sock_kind {
	KIND_CLOSED, /* waits for the end of the turn */
	KIND_UDP,
	KIND_LISTENER,
	KIND_CONNECTING,
	KIND_STREAM,
	KIND_DOOMED, /* a stream that failed within a call of the owner's: he hears of it in the
			next turn */
};

/* Datagrams that wait for the end of the turn: a chain within struct udp_out. */
struct udp_chain {
	int first, last; /* -1: none */
};

/* Bytes that wait for the end of the turn, or for the peer to read. */
struct stream_out {
	char *p;
	size_t at, n, cap_bytes; /* at: sent so far */
};

/* Few of many sockets are streams (most are a relay's): what only these need stands apart. */
struct stream {
	struct id self;
	struct addr peer, local;
	struct stream_out out;
	bool waits_writable;  /* epoll looks for EPOLLOUT too */
	int err;	      /* KIND_DOOMED: why, ... */
	uint64_t doomed_turn; /* ... and in which turn */
};

TAILQ_HEAD(sock_list, sock);

struct sock {
	enum sock_kind kind;
	int fd; /* -1: closed */
	struct id id;
	uint64_t cookie;
	TAILQ_ENTRY(sock) flush;   /* in loop->flush while is_flushing */
	TAILQ_ENTRY(sock) waiting; /* in the list that *waits_in is */
	struct sock_list *waits_in;
	bool is_flushing;
	bool is_stream; /* is, or was until it was closed */
	union {
		struct udp_chain chain; /* KIND_UDP */
		struct stream *stream;	/* is_stream; goes with the slot */
	};
};

struct udp_in;
struct udp_out;

/* A datagram that the kernel refused to send to dst. */
struct udp_error {
	struct id sock;
	struct addr dst;
	int err;
};

struct loop {
	struct io io;
	struct io_handler handler;
	int epoll_fd, wake_fd;
	atomic_bool wake_pending, stop;
	bool in_turn;
	uint64_t turn;		      /* counts */
	int64_t now_ms, next_turn_ms; /* next_turn_ms: what on_turn asked for */
	uint32_t gather_us;
	int64_t gather_until_us; /* the next turn begins then at the soonest; 0: at once */
	bool more;		 /* something was left unread in this turn */

	struct pool *socks, *streams;
	struct id *ids; /* by handle */
	size_t ids_cap;
	struct sock_list flush;	 /* have something to send */
	struct sock_list doomed; /* to be reported as closed */
	struct sock_list paused; /* listeners without a descriptor left to accept with */
	struct sock_list closed; /* slots to be given back */
	int64_t resume_ms;	 /* when the paused try again */

	struct udp_in *udp_in;
	struct udp_out *udp_out;
	struct udp_error udp_errors[UDP_ERRORS_PENDING];
	size_t udp_error_count;
	char *stream_in;
};

/* loop_sock.c */

/* errno -> base/err.h, for opening and for what happens to a connection or a datagram. */
int loop_open_err(int errno_value);
int loop_net_err(int errno_value);

int loop_socket(const struct addr *local_or_dst, int type, int *ret_fd);
int loop_set_int(int fd, int level, int option, int value);
/* Where fd is bound. */
int loop_local(int fd, struct addr *ret_addr);

/* Takes fd over, also on failure (it is closed then), and has epoll watch it. */
int sock_add(struct loop *loop, enum sock_kind kind, int fd, uint64_t cookie, uint32_t events,
	     struct sock **ret_sock);
struct sock *sock_find(const struct loop *loop, int handle);
int sock_handle(const struct sock *s);
void sock_watch(struct loop *loop, struct sock *s, uint32_t events);
/* Sends what is queued at the end of the turn. */
void sock_flush_later(struct loop *loop, struct sock *s);
/* Into one of the loop's lists of waiting sockets, out of the one that it is in; NULL: out only. */
void sock_wait_in(struct sock *s, struct sock_list *list);
/* Closes the descriptor, whatever is queued, and lets the slot go with the turn. */
void sock_drop(struct loop *loop, struct sock *s);
void sock_give_closed(struct loop *loop);

/* loop_udp.c */
int udp_in_new(struct udp_in **ret_in);
void udp_in_free(struct udp_in *in);
int udp_out_new(struct udp_out **ret_out);
void udp_out_free(struct udp_out *out);
int loop_udp_open(struct io *io, const struct io_udp_params *p, int *ret_handle,
		  struct addr *ret_local);
void loop_udp_send(struct io *io, int handle, const struct addr *dst, struct slice bytes);
void udp_on_events(struct loop *loop, struct sock *s, uint32_t events);
/* Sends all queued datagrams of all sockets. */
void udp_flush(struct loop *loop);
void udp_report_errors(struct loop *loop);

/* loop_stream.c */
int loop_listen(struct io *io, const struct addr *local, uint64_t cookie, int *ret_handle,
		struct addr *ret_local);
int loop_connect(struct io *io, const struct addr *dst, uint64_t cookie, int *ret_handle);
int loop_stream_send(struct io *io, int handle, struct slice bytes);
void listener_on_events(struct loop *loop, struct sock *s);
void stream_on_events(struct loop *loop, struct sock *s, uint32_t events);
/* Sends what the kernel takes; dooms the stream when that fails. */
void stream_flush(struct loop *loop, struct sock *s);
void stream_report_doomed(struct loop *loop);
void listeners_resume(struct loop *loop);
