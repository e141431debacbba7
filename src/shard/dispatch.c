/*
 * From the wire to whom it concerns: the shard that owns it, the transaction layer, and from there
 * calls, the registrar and the rest. Also the way back out.
 */
#include "shard/shard_priv.h"

#include "sip/value.h"

/* --- whose is it */

static uint16_t shard_of_id(const struct shard *s, struct id id)
{
	uint32_t owner = id_shard(id);
	return (uint16_t)(owner %
			  s->p.count); /* also one from a time with more shards (resume.c) */
}

/* Requests that open a dialog, and those that follow them before we gave them a tag, go by Call-ID.
 */
static bool goes_by_call_id(const struct sip_msg *msg)
{
	return msg->method == SIP_INVITE || msg->method == SIP_CANCEL || msg->method == SIP_ACK;
}

/* By what stands before the host: a router may write its own address there in one message and not
 * in the next, and a CANCEL must find its INVITE. */
static uint64_t call_id_hash(const struct shard *s, struct slice call_id)
{
	return hash_slice(&s->p.hash_key, slice_cut(&call_id, '@'));
}

static uint16_t owner_of(const struct shard *s, const struct sip_msg *msg)
{
	struct id id;
	if (!msg->is_request)
		return branch_read(msg->via.branch, &id) ? shard_of_id(s, id) : s->p.index;
	if (msg->to_tag.n)
		return token_read(msg->to_tag, &id) ? shard_of_id(s, id) : s->p.index;
	if (s->p.count > 1 && goes_by_call_id(msg))
		return (uint16_t)(call_id_hash(s, msg->call_id) % s->p.count);
	return s->p.index;
}

/* --- in */

static uint64_t call_uid_of(const struct shard *s, const struct sip_msg *msg)
{
	struct id id;
	bool named =
		msg->is_request ? token_read(msg->to_tag, &id) : branch_read(msg->via.branch, &id);
	return named ? trace_call_of(s, id, msg->call_id) : 0;
}

static void trace_in(struct shard *s, const struct sip_msg *msg, const struct flow *flow)
{
	if (msg->is_request && msg->to_tag.n == 0 && goes_by_call_id(msg)) {
		struct id id;
		const struct call *c = call_by_call_id((struct shard *)s, msg->call_id, &id);
		if (c == NULL) {
			s->untraced = msg;
			s->untraced_flow = flow;
			return;
		}
		trace_message(s, "in", msg, flow, c->uid);
		return;
	}
	trace_message(s, "in", msg, flow, call_uid_of(s, msg));
}

static void reject_fault(struct shard *s, const struct sip_msg *msg, const struct flow *flow)
{
	char remote[ADDR_TEXT_BYTES];
	bool can = msg->is_request && msg->answerable && msg->method != SIP_ACK;
	struct event e = event_of(s, can ? EVENT_SIP_REJECTED : EVENT_SIP_DROPPED, NULL);
	event_add_text(&e, EVENT_KEY_REMOTE, slice_str(addr_text(&flow->remote, remote)));
	event_add_number(&e, EVENT_KEY_CODE, msg->fault.code);
	event_add_text(&e, EVENT_KEY_REASON, slice_str(msg->fault.text));
	event_send(s, &e);
	s->counts.messages_bad++;
	if (can)
		reply_stateless(s, msg, flow, msg->fault.code, msg->fault.text, false);
}

static void overload(struct shard *s, const struct sip_msg *msg, const struct flow *flow)
{
	struct event e = event_of(s, EVENT_OVERLOAD, NULL);
	event_add_text(&e, EVENT_KEY_METHOD, msg->method_text);
	event_add_text(&e, EVENT_KEY_DETAIL, SLICE("no transaction or memory left"));
	event_send(s, &e);
	s->counts.overload_total++;
	reply_stateless(s, msg, flow, 503, call_cause_info(CAUSE_OVERLOAD)->text, true);
}

void dispatch_message(struct shard *s, struct sip_msg *msg, const struct flow *flow, bool moved)
{
	s->out_call = 0;
	s->untraced = NULL;
	if (msg->fault.code) {
		reject_fault(s, msg, flow);
		return;
	}
	uint16_t owner = owner_of(s, msg);
	if (owner != s->p.index && !moved) {
		inbox_move(s, owner, msg, flow);
		return;
	}
	trace_in(s, msg, flow);
	if (msg->is_request && msg->method == SIP_REGISTER && msg->to_tag.n == 0)
		s->outside = msg;
	if (txn_receive(s->txns, msg, flow, flow_is_stream(flow), &s->scratch, now_of(s)) ==
	    ERR_LIMIT)
		overload(s, msg, flow);
	trace_untraced(s, 0);
	s->outside = NULL;
	keep_touched(s);
}

static void on_message(void *ctx, struct sip_msg *msg, const struct flow *flow, struct arena *arena)
{
	struct shard *s = ctx;
	(void)arena;
	scratch_reset(s);
	s->counts.messages_in++;
	dispatch_message(s, msg, flow, false);
}

static void on_keepalive(void *ctx, const struct flow *flow, enum transport_keepalive kind)
{
	keepalive_seen(ctx, flow, kind);
}

/* Requests over it get no answer any more, ours and those of other shards. */
static void on_closed(void *ctx, const struct flow *flow, uint64_t asked_by)
{
	struct shard *s = ctx;
	scratch_reset(s);
	s->out_call = 0;
	directory_flow_gone(s->p.directory, flow, io_wall_ms(s->p.io));
	for (uint16_t i = 0; asked_by; i++, asked_by >>= 1) {
		if (!(asked_by & 1))
			continue;
		if (i == s->p.index)
			dispatch_flow_gone(s, flow);
		else
			inbox_gone(s, i, flow);
	}
}

void dispatch_flow_gone(struct shard *s, const struct flow *flow)
{
	(void)txn_on_flow_gone(s->txns, flow, now_of(s));
}

/* ICMP can be forged and comes late: it only hurries those that wait for that very address. */
static void on_unreachable(void *ctx, const struct flow *flow)
{
	struct shard *s = ctx;
	scratch_reset(s);
	s->out_call = 0;
	if (flow_is_stream(flow)) {
		comeback_flow_gone(s, flow); /* on_closed does the rest */
		return;
	}
	dispatch_flow_gone(s, flow);
}

static void on_refused(void *ctx, const struct addr *remote, const char *why)
{
	char text[ADDR_TEXT_BYTES];
	struct shard *s = ctx;
	struct event e = event_of(s, EVENT_OVERLOAD, NULL);
	event_add_text(&e, EVENT_KEY_REMOTE, slice_str(addr_text(remote, text)));
	event_add_text(&e, EVENT_KEY_DETAIL, slice_str(why));
	event_send(s, &e);
	s->counts.overload_total++;
}

static int on_foreign(void *ctx, const struct flow *flow, struct slice bytes)
{
	return inbox_send(ctx, flow, bytes);
}

const struct transport_ops dispatch_transport_ops = {
	.on_message = on_message,
	.on_keepalive = on_keepalive,
	.on_closed = on_closed,
	.on_unreachable = on_unreachable,
	.on_refused = on_refused,
	.on_foreign = on_foreign,
};

/* --- what the transaction layer says */

static void options_receive(struct shard *s, struct id server, const struct flow *flow)
{
	struct strbuf b = scratch_buf(s, 512);
	sip_build_header(&b, SIP_HDR_ALLOW, slice_str(reply_allow));
	sip_build_header(&b, SIP_HDR_ACCEPT, SLICE("application/sdp"));
	sip_build_header(&b, SIP_HDR_ACCEPT_LANGUAGE, SLICE("ja, en"));
	reply(s, server, s->draining ? 503 : 200, strbuf_slice(&b));
	keepalive_seen(s, flow, KEEPALIVE_OPTIONS);
}

static void on_request(void *ctx, struct id server, const struct sip_msg *msg,
		       const struct flow *flow)
{
	struct shard *s = ctx;
	if (keep_takes_request(s, server))
		return;
	if (msg->to_tag.n) {
		indialog_request(s, server, msg, flow);
		return;
	}
	if (!validate_request(s, server, msg))
		return;
	switch (msg->method) {
	case SIP_INVITE:
		invite_receive(s, server, msg, flow);
		return;
	case SIP_REGISTER:
		register_receive(s, server, msg, flow);
		return;
	case SIP_OPTIONS:
		options_receive(s, server, flow);
		return;
	case SIP_MESSAGE:
		reply_allowed(s, server, 405, "Messages are carried within a call only");
		return;
	default:
		reply_text(s, server, 481, "There is no such call");
		return;
	}
}

static void on_ack(void *ctx, const struct sip_msg *msg, const struct flow *flow)
{
	(void)flow;
	indialog_ack(ctx, msg);
}

static void on_cancel(void *ctx, struct id server, uint64_t user, const struct sip_msg *cancel)
{
	struct shard *s = ctx;
	(void)server;
	if (user_kind_of(user) == USER_EXCHANGE) {
		exchange_cancel(s, user_id_of(user));
		return;
	}
	struct leg *l = leg_of(s, user_id_of(user));
	struct call *c = l ? call_of(s, l->call) : NULL;
	if (c)
		call_happens(s, c, &(struct call_event){.kind = CALL_EV_CANCEL}, cancel);
}

/* A repeated 2xx to a re-INVITE that is over: our ACK was lost, the leg still has it. */
static void answer_again(struct shard *s, const struct sip_msg *msg)
{
	struct id id;
	struct leg *l = token_read(msg->from_tag, &id) ? leg_of(s, id) : NULL;
	if (l && msg->cseq.method == SIP_INVITE && msg->code >= 200 && msg->code < 300)
		leg_repeat_ack(s, l, msg->cseq.number);
}

static void on_response(void *ctx, struct id client, uint64_t user, const struct sip_msg *msg,
			const struct flow *flow)
{
	struct shard *s = ctx;
	struct id id = user_id_of(user);
	struct leg *l;
	if (pursuit_response(s, client, msg))
		return;
	if ((msg->code == 401 || msg->code == 407) && challenge_received(s, client, user, msg))
		return;
	switch (user_kind_of(user)) {
	case USER_EXCHANGE:
		if (!exchange_response(s, id, msg))
			answer_again(s, msg);
		return;
	case USER_PING:
		if (msg->code >= 200)
			ping_done(s, id, msg);
		return;
	case USER_BYE:
		l = leg_of(s, id);
		if (l && msg->code >= 200)
			leg_end(s, l);
		return;
	case USER_LEG:
		l = leg_of(s, id);
		if (l)
			indialog_response(s, l, msg, flow);
		return;
	}
}

static void on_failed(void *ctx, struct id client, uint64_t user, enum txn_failure why)
{
	if (user_kind_of(user) == USER_PING)
		ping_done(ctx, user_id_of(user), NULL);
	else if (!pursuit_failed(ctx, client))
		b2bua_request_failed(ctx, user, why, CAUSE_NO_RESPONSE);
}

static void on_server_end(void *ctx, struct id server, uint64_t user, enum txn_failure why)
{
	struct shard *s = ctx;
	(void)server;
	if (why == TXN_DONE)
		return;
	if (user_kind_of(user) == USER_EXCHANGE) {
		exchange_server_end(s, user_id_of(user), why);
		return;
	}
	struct leg *l = leg_of(s, user_id_of(user));
	struct call *c = l ? call_of(s, l->call) : NULL;
	if (c == NULL)
		return;
	l->acked = true; /* no ACK will come; BYE may go */
	struct call_event ev = {
		.kind = CALL_EV_LOST, .side = CALL_CALLER, .cause = CAUSE_SIGNALLING_LOST};
	if (l->bye_waits)
		leg_send_bye(s, l, (enum call_cause)l->bye_cause, NULL);
	call_happens(s, c, &ev, NULL);
}

/* It was recorded as a message. After a restart a phone may repeat its 2xx until it gets our ACK;
 * otherwise there is nobody to tell. */
static void on_stray(void *ctx, const struct sip_msg *msg, const struct flow *flow)
{
	struct shard *s = ctx;
	struct id id;
	(void)flow;
	bool wants_ack = msg->cseq.method == SIP_INVITE && msg->code >= 200 && msg->code < 300;
	struct leg *l = wants_ack && branch_read(msg->via.branch, &id) ? leg_of(s, id) : NULL;
	if (l)
		indialog_stray_answer(s, l, msg);
}

static void on_empty_cell(void *ctx, const char *machine, const char *state, const char *event)
{
	struct shard *s = ctx;
	struct event e = event_of(s, EVENT_EMPTY_CELL, NULL);
	event_add_text(&e, EVENT_KEY_KIND, slice_str(machine));
	event_add_text(&e, EVENT_KEY_DETAIL, slice_str(state));
	event_add_text(&e, EVENT_KEY_OTHER, slice_str(event));
	event_send(s, &e);
}

/* --- out */

/* Of what flow_eq compares. */
static uint64_t flow_hash(void *ctx, const struct flow *flow)
{
	const struct shard *s = ctx;
	const struct addr *a = &flow->remote;
	const uint32_t words[] = {flow->transport, flow->connection, flow->shard,
				  a->scope,	   a->port,	     a->family};
	char bytes[sizeof(a->ip) + sizeof(words)];
	memcpy(bytes, a->ip, sizeof(a->ip));
	memcpy(bytes + sizeof(a->ip), words, sizeof(words));
	return hash_slice(&s->p.hash_key, slice_of(bytes, sizeof(bytes)));
}

static bool flow_same(const struct flow *a, const struct flow *b)
{
	return flow_eq(a, b);
}

const struct txn_ops dispatch_txn_ops = {
	.send = send_message,
	.on_request = on_request,
	.on_ack = on_ack,
	.on_cancel = on_cancel,
	.on_response = on_response,
	.on_stray = on_stray,
	.on_failed = on_failed,
	.on_server_end = on_server_end,
	.on_empty_cell = on_empty_cell,
	.flow_hash = flow_hash,
	.flow_same = flow_same,
};
