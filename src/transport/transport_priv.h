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
	char *in; /* bytes of a message that is not whole yet */
	size_t in_bytes, in_cap;
	int64_t used_ms, half_since_ms; /* half_since_ms: 0 when nothing waits in `in` */
};

struct transport {
	struct transport_params p;
	struct listener listeners[TRANSPORT_LISTENERS_MAX];
	struct pool *connections;
	struct index *by_serial, *by_remote;
	uint32_t last_serial;
	struct arena arena;
	char *arena_memory;
};

/* One whole message, from a datagram or a stream. */
void transport_deliver(struct transport *t, struct slice bytes, const struct flow *flow);

/* The same for bytes that nobody knows the end of: what the parser does not mind gets this fault.
 */
void transport_deliver_faulty(struct transport *t, struct slice bytes, const struct flow *flow,
			      const struct sip_fault *fault);

/* stream.c */
int stream_open(struct transport *t);
void stream_close_all(struct transport *t);
int stream_send(struct transport *t, uint16_t from_shard, const struct flow *flow,
		struct slice bytes);
int stream_flow_to(struct transport *t, const struct addr *dst, struct flow *ret_flow);

/* stun.c: the answer to a binding request (RFC 5389 §7.3), empty when it is none. */
#define STUN_ANSWER_BYTES 64
bool stun_is_message(struct slice datagram);
struct slice stun_answer(struct slice request, const struct addr *source,
			 char memory[STUN_ANSWER_BYTES]);
