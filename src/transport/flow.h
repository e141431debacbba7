/* A flow (RFC 5626): the way back to whoever sent something, as plain data that can be kept with a
 * binding or a dialog. */
#pragma once

#include "base/addr.h"
#include "sip/msg.h"

struct flow {
	struct addr remote, local; /* local: the listener's address as others see it (advertised) */
	enum sip_transport transport;
	uint16_t shard; /* streams: the shard that holds the connection; UDP: any shard can send */
	uint16_t listener;   /* UDP: index of the listener it came through */
	uint32_t connection; /* streams: serial of the connection on that shard; 0: none */
};

static inline bool flow_is(const struct flow *f)
{
	return addr_is(&f->remote);
}
static inline bool flow_is_stream(const struct flow *f)
{
	return f->transport != SIP_UDP;
}
/* The same way: transport, remote, and for streams the very connection. */
static inline bool flow_eq(const struct flow *a, const struct flow *b)
{
	return a->transport == b->transport && a->connection == b->connection &&
	       a->shard == b->shard && addr_eq(&a->remote, &b->remote);
}
/* "udp:192.0.2.1:5060 -> 192.0.2.9:32768" for people. */
#define FLOW_TEXT_BYTES 160
const char *flow_text(const struct flow *f, char buf[FLOW_TEXT_BYTES]);
