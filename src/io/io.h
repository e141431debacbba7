/*
 * io: the world as a shard sees it: two clocks, UDP sockets, streams, wake-ups. It is a struct of
 * functions, so that the simulation can stand in for the kernel; io/loop.h is the real one (epoll,
 * recvmmsg, sendmmsg).
 *
 * One io belongs to one thread. Sockets are small numbers (handles) with a cookie of the owner's,
 * which comes back with everything that arrives. Addresses are struct addr. Nothing here knows SIP
 * or RTP.
 *
 * Handlers run from within the loop; they may open, send and close anything. Datagram memory is the
 * loop's and valid until the handler returns.
 */
#pragma once

#include "base/addr.h"

#define IO_DATAGRAM_BYTES_MAX 65535

struct io;

struct io_datagram {
	struct addr src;
	char *p; /* may be written to in place; one spare byte behind n is NUL */
	size_t n;
};

enum io_stream_event {
	IO_STREAM_ACCEPTED,  /* cookie: the listener's; handle: the new stream; peer, local are set
			      */
	IO_STREAM_CONNECTED, /* after io_connect */
	IO_STREAM_DATA,	     /* bytes */
	IO_STREAM_CLOSED, /* by the peer, an error, or a failed connect; err says which; the handle
			     is gone */
};

struct io_stream_note {
	enum io_stream_event event;
	int handle;
	uint64_t cookie;
	const struct addr *peer, *local;
	struct slice bytes;
	int err; /* 0: the peer closed in order; else a code of base/err.h */
};

struct io_handler {
	void *ctx;
	/* A batch from one socket. */
	void (*on_datagrams)(void *ctx, uint64_t cookie, struct io_datagram *v, size_t count);
	void (*on_stream)(void *ctx, const struct io_stream_note *note);
	/* An ICMP error for what was sent from this socket to dst (port or host unreachable), where
	 * the kernel tells. */
	void (*on_udp_error)(void *ctx, uint64_t cookie, const struct addr *dst, int err);
	/* Somebody called the loop's wake: look into the mailbox. */
	void (*on_wake)(void *ctx);
	/* Once per turn, after everything else: advance timers; returns when it wants the next turn
	 * at the latest (monotonic ms, INT64_MAX: whenever something arrives). */
	int64_t (*on_turn)(void *ctx, int64_t now_ms);
};

struct io_udp_params {
	struct addr local; /* port 0: any */
	uint64_t cookie;
	bool reuseport;	       /* several shards share the address */
	uint8_t dscp;	       /* 46 for media, 24..26 for signalling */
	uint32_t rcvbuf_bytes; /* 0: the system's default */
};

struct io_ops {
	int64_t (*now_ms)(struct io *io);  /* monotonic; the same all through one turn */
	int64_t (*now_us)(struct io *io);  /* monotonic, read afresh: packet arrival times */
	int64_t (*wall_ms)(struct io *io); /* since 1970, UTC */
	void (*set_handler)(struct io *io, const struct io_handler *h);
	int (*udp_open)(struct io *io, const struct io_udp_params *p, int *ret_handle,
			struct addr *ret_local);
	/* Queued, copied; goes out at the end of the turn at the latest. Loss is the network's
	 * right: no error. */
	void (*udp_send)(struct io *io, int handle, const struct addr *dst, struct slice bytes);
	int (*listen)(struct io *io, const struct addr *local, uint64_t cookie, int *ret_handle,
		      struct addr *ret_local);
	int (*connect)(struct io *io, const struct addr *dst, uint64_t cookie, int *ret_handle);
	/* Queued, copied, in order. 0, ERR_CLOSED, or ERR_LIMIT when the peer does not read (the
	 * stream is then closed and IO_STREAM_CLOSED follows). */
	int (*stream_send)(struct io *io, int handle, struct slice bytes);
	void (*set_cookie)(struct io *io, int handle, uint64_t cookie);
	/* Any socket, at once; no event follows. What was queued on a stream is sent first where
	 * the kernel allows. */
	void (*close)(struct io *io, int handle);
};

struct io {
	const struct io_ops *ops;
};

static inline int64_t io_now_ms(struct io *io)
{
	return io->ops->now_ms(io);
}
static inline int64_t io_now_us(struct io *io)
{
	return io->ops->now_us(io);
}
static inline int64_t io_wall_ms(struct io *io)
{
	return io->ops->wall_ms(io);
}
static inline void io_set_handler(struct io *io, const struct io_handler *h)
{
	io->ops->set_handler(io, h);
}
/* 0, ERR_IN_USE (port taken), ERR_DENIED, ERR_INVALID (no such local address), ERR_LIMIT
 * (descriptors), ERR_IO. */
static inline int io_udp_open(struct io *io, const struct io_udp_params *p, int *ret_handle,
			      struct addr *ret_local)
{
	return io->ops->udp_open(io, p, ret_handle, ret_local);
}
static inline void io_udp_send(struct io *io, int handle, const struct addr *dst,
			       struct slice bytes)
{
	io->ops->udp_send(io, handle, dst, bytes);
}
static inline int io_listen(struct io *io, const struct addr *local, uint64_t cookie,
			    int *ret_handle, struct addr *ret_local)
{
	return io->ops->listen(io, local, cookie, ret_handle, ret_local);
}
/* The result comes as IO_STREAM_CONNECTED or IO_STREAM_CLOSED, never from within this call. */
static inline int io_connect(struct io *io, const struct addr *dst, uint64_t cookie,
			     int *ret_handle)
{
	return io->ops->connect(io, dst, cookie, ret_handle);
}
static inline int io_stream_send(struct io *io, int handle, struct slice bytes)
{
	return io->ops->stream_send(io, handle, bytes);
}
static inline void io_set_cookie(struct io *io, int handle, uint64_t cookie)
{
	io->ops->set_cookie(io, handle, cookie);
}
static inline void io_close(struct io *io, int handle)
{
	io->ops->close(io, handle);
}
