/* The inside of transport: listeners and datagrams (transport.c), connections (stream.c), STUN
 * (stun.c). */
#pragma once

#include "base/index.h"
#include "base/pool.h"
#include "sip/value.h"
#include "transport/transport.h"

#define ARENA_BYTES (128 * 1024)

/* What follows cookie_base in the cookies of our sockets. */
#define COOKIE_DATAGRAM 0u
#define COOKIE_LISTENER 64u
#define COOKIE_STREAM	256u

struct listener {
	struct transport_listener as;
	struct addr bound, advertised;
	int handle;
};

struct connection {
	struct id id;
	uint32_t serial; /* flow.connection */
	int handle;
	bool connected;
	uint64_t asked_by; /* shards whose requests went over it */
	struct addr remote, local;
	struct id source; /* of an accepted one */
	char *in;	  /* bytes of a message that is not whole yet */
	size_t in_bytes, in_cap;
	int64_t since_ms, used_ms;
	int64_t half_since_ms; /* 0 when nothing waits in `in` */
	int64_t ends_ms;       /* not 0: closed then, what comes meanwhile is not heard */
	int64_t blank_ms;      /* when the last CRLF came, */
	uint8_t blank_bytes;   /* and how many may be the first part of a ping */
	bool proven;	       /* a whole message or a keepalive has come */
};

struct transport {
	struct transport_params p;
	struct listener listeners[TRANSPORT_LISTENERS_MAX];
	struct pool *connections, *sources;
	struct index *by_serial, *by_remote, *by_source;
	size_t waiting_bytes; /* buffers of messages that are not whole */
	int64_t refused_told_ms;
	uint32_t last_serial;
	struct arena arena;
	char *arena_memory;
};

/* One whole message, from a datagram or a stream. */
void transport_deliver(struct transport *t, struct slice bytes, const struct flow *flow);

/* The same for bytes that nobody knows the end of, with that fault. */
void transport_deliver_faulty(struct transport *t, struct slice bytes, const struct flow *flow,
			      const struct sip_fault *fault);

/* stream.c */
/* So long the answer to a message that ends a connection has to get through. */
#define STREAM_FAREWELL_MS 1000
uint64_t transport_addr_hash(const struct addr *a);
struct connection *stream_by_serial(const struct transport *t, uint32_t serial);
struct flow stream_flow(const struct transport *t, const struct connection *c);
/* From our side; the owner is told. */
void stream_drop(struct transport *t, struct connection *c);
int stream_open(struct transport *t);
void stream_close_all(struct transport *t);
int stream_send(struct transport *t, uint16_t from_shard, const struct flow *flow,
		struct slice bytes);
int stream_flow_to(struct transport *t, const struct addr *dst, struct flow *ret_flow);

/* stream_in.c: the connection may be gone afterwards. */
void stream_received(struct transport *t, struct connection *c, struct slice bytes);
void stream_forget_in(struct transport *t, struct connection *c);

/* sources.c: one more connection of that source; false: it has as many as it may have. */
int sources_open(struct transport *t);
bool source_take(struct transport *t, const struct addr *a, struct id *ret_source);
void source_give(struct transport *t, struct id source);

/* stun.c: the answer to a binding request (RFC 5389 §7.3), empty when it is none. */
#define STUN_ANSWER_BYTES 64
bool stun_is_message(struct slice datagram);
struct slice stun_answer(struct slice request, const struct addr *source,
			 char memory[STUN_ANSWER_BYTES]);
