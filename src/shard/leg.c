/* What is said on one leg: requests within its dialog, responses, ACK and BYE. */
#include "shard/shard_priv.h"

#include "sip/value.h"

#define ACK_KEPT_MS 32000 /* 64*T1: so long may the 2xx be repeated (RFC 3261 §13.2.2.4) */

int leg_new(struct shard *s, struct call *c, uint8_t branch, const struct flow *flow,
	    struct leg **ret_leg)
{
	struct id id;
	struct leg *l = pool_take(s->legs, &id);
	if (l == NULL)
		return ERR_LIMIT;
	l->id = id;
	l->call = c->id;
	l->branch = branch;
	l->flow = *flow;
	l->sdp_session = rng_u64(&s->rng) >> 2; /* fits every phone's signed 64 bits */
	*ret_leg = l;
	return 0;
}

void leg_end(struct shard *s, struct leg *l)
{
	struct call *c = call_of(s, l->call);
	l->state = LEG_GONE;
	if (c)
		call_settle(s, c);
}

void leg_learn(struct leg *l, const struct sip_msg *msg)
{
	static const struct {
		enum sip_header_kind header;
		const char *token;
		uint8_t can;
	} rows[] = {
		{SIP_HDR_SUPPORTED, "100rel", LEG_CAN_100REL},
		{SIP_HDR_SUPPORTED, "timer", LEG_CAN_TIMER},
		{SIP_HDR_ALLOW, "UPDATE", LEG_CAN_UPDATE},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice token = slice_str(rows[i].token);
		if (sip_msg_has_token(msg, rows[i].header, token) ||
		    sip_msg_has_token(msg, SIP_HDR_REQUIRE, token))
			l->can |= rows[i].can;
		else if (sip_msg_header(msg, rows[i].header))
			l->can &= (uint8_t)~rows[i].can; /* a new list; none at all says nothing */
	}
	if (msg->is_request && msg->method == SIP_INVITE &&
	    sip_msg_has_token(msg, SIP_HDR_REQUIRE, SLICE("100rel")))
		l->can |= LEG_NEEDS_100REL;
}

static void contact_header(struct strbuf *b, const struct flow *flow)
{
	char host[ADDR_TEXT_BYTES];
	strbuf_fmt(b, "Contact: <sip:opengate@%s", addr_text(&flow->local, host));
	if (flow->transport != SIP_UDP)
		strbuf_fmt(b, ";transport=%.*s",
			   SLICE_ARG(sip_transport_param_name(flow->transport)));
	strbuf_str(b, ">\r\n");
}

/* The way to the phone; when its connection has gone, a new one to its Contact, where that is an
 * address. */
static int flow_anew(struct shard *s, struct leg *l)
{
	struct sip_uri target;
	struct locate_answer where;
	if (dialog_next_hop(&l->dialog, &target) != 0 || locate_numeric(&target, &where) != 0 ||
	    where.target_count == 0)
		return ERR_CLOSED;
	return transport_flow_to(s->transport, where.targets[0].transport, &where.targets[0].addr,
				 &l->flow);
}

static bool dialog_forming(enum sip_method m)
{
	return m == SIP_INVITE || m == SIP_UPDATE;
}

static void write_request(struct shard *s, const struct leg *l, const struct leg_request *r,
			  struct slice method, struct slice branch, struct strbuf *b)
{
	strbuf_init(b, s->out, OUT_BYTES);
	dialog_write_request(&l->dialog, b, method, r->cseq, l->flow.transport, &l->flow.local,
			     branch, r->max_forwards ? r->max_forwards : 70);
	if (dialog_forming(r->method))
		contact_header(b, &l->flow);
	sip_build_header(b, SIP_HDR_USER_AGENT, slice_str(s->config->server_name));
	strbuf_add(b, r->headers);
	sip_build_body(b, r->body.n ? r->content_type : SLICE_NONE, r->body);
}

int leg_send_request(struct shard *s, struct leg *l, const struct leg_request *r,
		     struct id *ret_client)
{
	char branch[BRANCH_CHARS + 1];
	struct strbuf b;
	struct slice method =
		r->method == SIP_METHOD_OTHER ? r->method_text : sip_method_name(r->method);
	for (int attempt = 0; attempt < 2; attempt++) {
		branch_make(s, l->id, branch);
		write_request(s, l, r, method, slice_str(branch), &b);
		if (b.failed)
			return ERR_TOO_BIG;
		struct txn_send send = {
			.flow = &l->flow,
			.reliable = flow_is_stream(&l->flow),
			.bytes = strbuf_slice(&b),
			.branch = slice_str(branch),
			.method = r->method,
			.user = r->user,
			.timeout_ms = r->timeout_ms,
		};
		int err = txn_send_request(s->txns, &send, now_of(s), ret_client);
		if (err != ERR_CLOSED || flow_anew(s, l) != 0)
			return err;
	}
	return ERR_CLOSED;
}

static void keep_ack(struct shard *s, struct leg *l, uint32_t cseq, struct slice bytes)
{
	bufs_give(s->bufs, (char *)l->ack.p);
	l->ack = bufs_copy(s->bufs, bytes);
	l->ack_cseq = cseq;
	if (l->ack.p)
		wheel_arm(s->wheel, &l->timer, now_of(s) + ACK_KEPT_MS, TIMER_LEG, l->id);
}

void leg_send_ack(struct shard *s, struct leg *l, uint32_t cseq, struct slice body)
{
	char branch[BRANCH_CHARS + 1];
	struct strbuf b;
	struct leg_request r = {
		.method = SIP_ACK,
		.cseq = cseq,
		.content_type = SLICE("application/sdp"),
		.body = body,
	};
	branch_make(s, l->id, branch);
	write_request(s, l, &r, SLICE("ACK"), slice_str(branch), &b);
	l->acked = true;
	l->ack_waits = false;
	if (b.failed)
		return;
	keep_ack(s, l, cseq, strbuf_slice(&b));
	dispatch_send(s, &l->flow, strbuf_slice(&b));
}

void leg_repeat_ack(struct shard *s, struct leg *l, uint32_t cseq)
{
	if (l->ack.p && l->ack_cseq == cseq)
		dispatch_send(s, &l->flow, l->ack);
}

void leg_send_bye(struct shard *s, struct leg *l, enum call_cause cause, const struct sip_msg *why)
{
	struct id client;
	struct strbuf more = scratch_buf(s, 1024);
	if (why && sip_msg_header(why, SIP_HDR_REASON))
		sip_build_copy(&more, why, SIP_HDR_REASON);
	if (more.n == 0 || more.failed) {
		strbuf_init(&more, more.p, more.cap_bytes);
		sip_build_reason_q850(&more, call_cause_info(cause)->q850,
				      slice_str(call_cause_info(cause)->text));
	}
	struct leg_request r = {
		.method = SIP_BYE,
		.cseq = dialog_next_cseq(&l->dialog),
		.user = user_of(USER_BYE, l->id),
		.headers = strbuf_slice(&more),
	};
	l->bye_waits = false;
	l->state = leg_send_request(s, l, &r, &client) == 0 ? LEG_BYE_SENT : LEG_GONE;
}

void leg_respond(struct shard *s, struct leg *l, struct id server, int code, struct slice headers,
		 struct slice content_type, struct slice body)
{
	struct strbuf more = scratch_buf(s, headers.n + 512);
	if (code > 100 && code < 300)
		contact_header(&more, &l->flow);
	sip_build_header(&more, SIP_HDR_SERVER, slice_str(s->config->server_name));
	strbuf_add(&more, headers);
	struct addr source = l->flow.remote;
	struct sip_reply r = {
		.code = code,
		.to_tag = code > 100 ? dialog_text(&l->dialog, DIALOG_LOCAL_TAG) : SLICE_NONE,
		.source = &source,
		.record_route = code > 100 && code < 300,
		.headers = strbuf_slice(&more),
		.content_type = body.n ? content_type : SLICE_NONE,
		.body = body,
	};
	txn_respond(s->txns, server, &r, &s->scratch, now_of(s));
}

void leg_failed(struct shard *s, struct leg *l)
{
	struct call *c = call_of(s, l->call);
	if (c == NULL || l->state != LEG_INVITING)
		return;
	struct call_event ev = {
		.kind = CALL_EV_FAIL, .branch = l->branch, .cause = CAUSE_NO_RESPONSE};
	l->state = LEG_GONE;
	call_happens(s, c, &ev, NULL);
}

void leg_on_timer(struct shard *s, struct id id)
{
	struct leg *l = leg_of(s, id);
	if (l == NULL)
		return;
	bufs_give(s->bufs, (char *)l->ack.p);
	l->ack = SLICE_NONE;
}

/* A dialog of its own for as long as two requests take. */
void leg_refuse_fork(struct shard *s, struct leg *l, const struct sip_msg *response)
{
	struct dialog kept = l->dialog;
	enum leg_state state = (enum leg_state)l->state;
	struct id client;
	if (dialog_prepare(&l->dialog, dialog_text(&kept, DIALOG_CALL_ID),
			   dialog_text(&kept, DIALOG_LOCAL_TAG),
			   dialog_text(&kept, DIALOG_LOCAL_URI),
			   dialog_text(&kept, DIALOG_REMOTE_URI),
			   dialog_text(&kept, DIALOG_REMOTE_TARGET), response->cseq.number) == 0 &&
	    dialog_from_response(&l->dialog, response) == 0) {
		char branch[BRANCH_CHARS + 1];
		struct strbuf b;
		struct leg_request ack = {.method = SIP_ACK, .cseq = response->cseq.number};
		branch_make(s, l->id, branch);
		write_request(s, l, &ack, SLICE("ACK"), slice_str(branch), &b);
		if (!b.failed)
			dispatch_send(s, &l->flow, strbuf_slice(&b));
		struct leg_request bye = {
			.method = SIP_BYE,
			.cseq = dialog_next_cseq(&l->dialog),
			.user = user_of(USER_BYE, ID_NONE), /* nobody waits for its answer */
		};
		(void)leg_send_request(s, l, &bye, &client);
	}
	l->dialog = kept;
	l->state = (uint8_t)state;
}
