/* Events of this room. SIP messages are recorded whole, but for the digest response in them. */
#include "core/core.h"

#include "sip/value.h"

struct event event_of(struct shard *s, enum event_type type, const struct call *c)
{
	struct event e; /* not {0}: most of its fields are never touched */
	e.type = type;
	e.shard = s->p.index;
	e.wall_ms = io_wall_ms(s->p.io);
	e.mono_ms = now_of(s);
	e.call = c ? c->uid : 0;
	e.number = c ? slice_str(c->direction == CALL_IN ? c->to : c->from) : SLICE_NONE;
	e.field_count = 0;
	return e;
}

void event_send(struct shard *s, struct event *e)
{
	event_stream_emit(s->p.events, s->p.index, e);
}

/* Overwrites the value of response="..." in a copy of the message. */
static void blank_response(struct slice value, struct slice raw, char *copy)
{
	struct slice params = slice_from(value, slice_find(value, ' '));
	struct slice rest = params;
	while (rest.n) {
		struct slice part = slice_trim(slice_cut(&rest, ','));
		if (!slice_istarts(part, SLICE("response")))
			continue;
		size_t from = (size_t)(part.p - raw.p) + slice_find(part, '=') + 1;
		size_t to = (size_t)(part.p - raw.p) + part.n;
		for (size_t i = from; i < to && i < raw.n; i++) {
			if (copy[i] != '"' && copy[i] != ' ')
				copy[i] = '*';
		}
	}
}

static struct slice without_secrets(struct shard *s, const struct sip_msg *msg)
{
	struct slice bytes = msg->raw;
	bool any = msg->first[SIP_HDR_AUTHORIZATION] >= 0 ||
		   msg->first[SIP_HDR_PROXY_AUTHORIZATION] >= 0;
	if (!any)
		return bytes;
	char *copy = arena_copy(&s->scratch, bytes);
	if (copy == NULL)
		return SLICE("(message with credentials, not recorded)");
	for (uint32_t i = 0; i < msg->header_count; i++) {
		const struct sip_header *h = &msg->headers[i];
		if (h->kind == SIP_HDR_AUTHORIZATION || h->kind == SIP_HDR_PROXY_AUTHORIZATION)
			blank_response(h->value, bytes, copy);
	}
	return slice_of(copy, bytes.n);
}

static void record(struct shard *s, const char *direction, struct slice bytes, struct slice call_id,
		   const struct flow *flow, uint64_t call)
{
	char remote[ADDR_TEXT_BYTES], local[ADDR_TEXT_BYTES];
	struct event e = event_of(s, EVENT_SIP_MESSAGE, NULL);
	e.call = call;
	event_add_text(&e, EVENT_KEY_DIRECTION, slice_str(direction));
	event_add_text(&e, EVENT_KEY_TRANSPORT, sip_transport_param_name(flow->transport));
	event_add_text(&e, EVENT_KEY_REMOTE, slice_str(addr_text(&flow->remote, remote)));
	event_add_text(&e, EVENT_KEY_LOCAL, slice_str(addr_text(&flow->local, local)));
	if (call_id.p)
		event_add_text(&e, EVENT_KEY_CALL_ID, call_id);
	event_add_text(&e, EVENT_KEY_BYTES, bytes);
	event_send(s, &e);
}

void trace_message(struct shard *s, const char *direction, const struct sip_msg *msg,
		   const struct flow *flow, uint64_t call)
{
	record(s, direction, without_secrets(s, msg), msg->call_id, flow, call);
}

uint64_t trace_call_of(const struct shard *s, struct id leg, struct slice call_id)
{
	const struct leg *l = leg_of(s, leg);
	if (l == NULL || !slice_eq(dialog_text(&l->dialog, DIALOG_CALL_ID), call_id))
		return 0;
	const struct call *c = call_of(s, l->call);
	return c ? c->uid : 0;
}

/* Repetitions by the transaction layer: whose they are stands in their branch or tag. */
static uint64_t uid_of_message(const struct shard *s, const struct sip_msg *msg)
{
	struct id id;
	if (msg->is_request && branch_read(msg->via.branch, &id))
		return trace_call_of(s, id, msg->call_id);
	if (!msg->is_request && token_read(msg->to_tag, &id))
		return trace_call_of(s, id, msg->call_id);
	return 0;
}

/* Credentials for a trunk. */
static bool may_hold_secrets(struct slice bytes)
{
	return memmem(bytes.p, bytes.n, "uthorization:", 13) != NULL;
}

/* A response repeats the branch of its request, which is nobody else's. */
static bool is_answer_to(const struct sip_msg *request, struct slice bytes)
{
	struct slice branch = request->via.branch;
	return slice_starts(bytes, SLICE("SIP/2.0 ")) && branch.n > 7 &&
	       slice_starts(branch, SLICE("z9hG4bK")) &&
	       memmem(bytes.p, bytes.n, branch.p, branch.n) != NULL;
}

void trace_out(struct shard *s, struct slice bytes, const struct flow *flow)
{
	if (s->out_call && !may_hold_secrets(bytes)) {
		record(s, "out", bytes, SLICE_NONE, flow, s->out_call);
		return;
	}
	if (!s->out_call && s->outside && is_answer_to(s->outside, bytes)) {
		record(s, "out", bytes, s->outside->call_id, flow, 0);
		return;
	}
	/* Parsing unfolds in place; what we built has no folds, so the bytes stay as they are. */
	struct sip_msg msg;
	if (sip_msg_parse(bytes, &s->scratch, &msg) != 0)
		return;
	trace_message(s, "out", &msg, flow, s->out_call ? s->out_call : uid_of_message(s, &msg));
}

void trace_untraced(struct shard *s, uint64_t call)
{
	if (s->untraced == NULL)
		return;
	trace_message(s, "in", s->untraced, s->untraced_flow, call);
	s->untraced = NULL;
}
