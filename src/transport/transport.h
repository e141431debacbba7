/*
 * transport: SIP over UDP and streams (RFC 3261 §18): listeners, connections and their reuse,
 * framing, keepalives. One per shard. Bytes come in from io, parsed messages go up; bytes go down
 * over a flow.
 *
 * Keepalives are answered or swallowed here and reported: empty datagram, CRLF, double CRLF (pong
 * CRLF on streams, RFC 5626 §4.4.1; on UDP nothing is sent back), STUN binding request (answered
 * with XOR-MAPPED-ADDRESS, RFC 5389/5626 §4.4.2). Rubbish on UDP is counted and dropped; on a
 * stream it closes the connection, after an answer where there is somebody to answer (400, or 513
 * above 64 KiB).
 *
 * Strangers may not take what others need: a source has so many connections and no more; one that
 * never says a whole message, or stops in the middle of one, is closed; messages that wait to be
 * whole have a common limit; a peer that does not read is closed (io).
 */
#pragma once

#include "base/arena.h"
#include "io/io.h"
#include "transport/flow.h"

struct transport;

enum transport_keepalive {
	KEEPALIVE_EMPTY,
	KEEPALIVE_CRLF,
	KEEPALIVE_DOUBLE_CRLF,
	KEEPALIVE_STUN,
	KEEPALIVE_OPTIONS,  /* not seen by transport: the shard reports it */
	KEEPALIVE_REGISTER, /* likewise: a REGISTER within its time */
};
const char *transport_keepalive_name(
	enum transport_keepalive k); /* "empty", "crlf", "double-crlf", "stun", ... */

struct transport_ops {
	void *ctx;
	/* A parsed message. msg->fault.code != 0: it could not be understood (answer it when
	 * msg->answerable and it is a request). msg and all its slices live until the handler
	 * returns; raw bytes are in msg->raw. */
	void (*on_message)(void *ctx, struct sip_msg *msg, const struct flow *flow,
			   struct arena *arena);
	void (*on_keepalive)(void *ctx, const struct flow *flow, enum transport_keepalive kind);
	/* A connection is gone. asked_by: a bit for each shard that has sent a request over it. */
	void (*on_closed)(void *ctx, const struct flow *flow, uint64_t asked_by);
	/* ICMP: the last datagrams to flow->remote did not arrive; or a connect failed (on_closed
	 * follows). */
	void (*on_unreachable)(void *ctx, const struct flow *flow);
	/* A connection was not accepted; told once a second at most. */
	void (*on_refused)(void *ctx, const struct addr *remote, const char *why);
	/* The flow's connection lives on another shard: carry these bytes to that shard's
	 * transport_send. 0, or ERR_CLOSED: there is no such shard. */
	int (*on_foreign)(void *ctx, const struct flow *flow, struct slice bytes);
};

#define TRANSPORT_LISTENERS_MAX 16

struct transport_listener {
	enum sip_transport transport; /* SIP_UDP or SIP_TCP */
	struct addr bind;	      /* port 0: any (tests) */
	struct addr advertise;	      /* what Via and Contact say; family 0: as bound */
};

struct transport_params {
	struct io *io;
	uint16_t shard;
	uint64_t cookie_base; /* its sockets carry cookie_base + n, n < 2^32 */
	struct transport_listener listeners[TRANSPORT_LISTENERS_MAX];
	uint32_t listener_count;
	uint32_t connections_max, connections_per_source_max; /* the latter 0: no limit */
	int64_t idle_ms; /* a connection without traffic for so long is closed; 0: never */
	struct transport_ops ops;
};

/* 0; ERR_IN_USE, ERR_DENIED, ERR_INVALID, ... with *ret_failed the index of the listener that could
 * not be opened. */
int transport_new(const struct transport_params *p, uint32_t *ret_failed,
		  struct transport **ret_transport);
void transport_free(struct transport *t);

/* 0: on its way (no promise). ERR_CLOSED: the connection is gone. ERR_LIMIT: the peer does not
 * read, its connection will be closed. ERR_TOO_BIG: too large for a datagram. */
int transport_send(struct transport *t, const struct flow *flow, struct slice bytes);

/* The same for bytes of another shard. */
int transport_carry(struct transport *t, uint16_t from_shard, const struct flow *flow,
		    struct slice bytes);

/*
 * A flow to dst: UDP through the listener of its family; streams over an existing connection to dst
 * or a new one (bytes sent meanwhile wait for it). 0; ERR_INVALID: an address of ours, or one that
 * cannot be anybody's (any, multicast, port 0); ERR_UNSUPPORTED: no listener of that family or
 * transport; ERR_LIMIT; ERR_IO.
 */
int transport_flow_to(struct transport *t, enum sip_transport transport, const struct addr *dst,
		      struct flow *ret_flow);

/* We listen for that transport on an address of that family (4, 6). */
bool transport_listens(const struct transport *t, enum sip_transport transport, uint8_t family);
/* A connection of ours that does not stand yet is not waited for any more, nor is what it was to
 * carry. */
void transport_abandon(struct transport *t, const struct flow *flow);

/* The listener's address as bound (advertised): for tests and status. */
struct addr transport_listener_addr(const struct transport *t, uint32_t listener);

/* From the shard, for cookies of this transport. */
void transport_on_datagrams(struct transport *t, uint64_t cookie, struct io_datagram *v,
			    size_t count);
void transport_on_stream(struct transport *t, const struct io_stream_note *note);
void transport_on_udp_error(struct transport *t, uint64_t cookie, const struct addr *dst);
/* Now and then (each second or so): closes connections whose time is over. */
void transport_sweep(struct transport *t, int64_t now_ms);

/* RFC 3261 §18.1.1: a request of that size must not go over UDP (path MTU unknown: 1300 bytes). */
#define TRANSPORT_UDP_REQUEST_BYTES_MAX 1300
uint32_t transport_connections(const struct transport *t);
