/* The way out of a shard. */
#include "core/core.h"

int send_message(void *ctx, const struct flow *flow, struct slice bytes)
{
	struct shard *s = ctx;
	trace_untraced(s, s->out_call);
	int err = transport_send(s->transport, flow, bytes);
	if (err == ERR_CLOSED)
		return comeback_send(s, flow, bytes);
	trace_out(s, bytes, flow);
	s->counts.messages_out++;
	return err;
}
