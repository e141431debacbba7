/* What is said on one leg: requests within its dialog, responses, ACK and BYE. */
#include "b2bua/b2bua_priv.h"

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
	dialog_init(&l->dialog, s->bufs);
	l->sdp_session = rng_u64(&s->rng) >> 2; /* fits every phone's signed 64 bits */
	*ret_leg = l;
	return 0;
}

static void forget_ack(struct shard *s, struct leg *l)
{
	bufs_give(s->bufs, (char *)l->ack.p);
	l->ack = SLICE_NONE;
	l->ack_cseq = 0;
}

void leg_let_go(struct shard *s, struct leg *l)
{
	early_free(s, l);
	wheel_cancel(s->wheel, &l->timer);
	forget_ack(s, l);
	bufs_give(s->bufs, (char *)l->said.p);
	bufs_give(s->bufs, (char *)l->said_before.p);
	bufs_give(s->bufs, (char *)l->credentials.p);
	l->said = l->said_before = l->credentials = SLICE_NONE;
	dialog_fini(&l->dialog);
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

static bool dialog_forming(enum sip_method m)
{
	return m == SIP_INVITE || m == SIP_UPDATE || m == SIP_NOTIFY; /* names a target */
}

/* A request as it stands in s->out. */
struct written {
	char branch[BRANCH_CHARS + 1];
	struct slice bytes;
};

/* With the branch that stands in w. */
static int write_again(struct shard *s, struct leg *l, const struct leg_request *r,
		       struct written *w)
{
	struct strbuf b;
	struct slice method =
		r->method == SIP_METHOD_OTHER ? r->method_text : sip_method_name(r->method);
	strbuf_init(&b, s->out, OUT_BYTES);
	dialog_write_request(&l->dialog, &b, method, r->cseq, l->flow.transport, &l->flow.local,
			     slice_str(w->branch), r->max_forwards ? r->max_forwards : 70);
	if (dialog_forming(r->method))
		header_contact(&b, SLICE("opengate"), &l->flow);
	sip_build_header(&b, SIP_HDR_USER_AGENT, slice_str(s->config->server_name));
	if (l->trunk)
		challenge_answer(s, l, r->method, method, &b);
	strbuf_add(&b, r->headers);
	sip_build_body(&b, r->body.n ? r->content_type : SLICE_NONE, r->body);
	w->bytes = strbuf_slice(&b);
	return b.failed ? ERR_TOO_BIG : 0;
}

static int write_request(struct shard *s, struct leg *l, const struct leg_request *r,
			 struct written *ret_written)
{
	branch_make(s, l->id, ret_written->branch);
	return write_again(s, l, r, ret_written);
}

static void keep_ack(struct shard *s, struct leg *l, const struct leg_request *r,
		     struct slice bytes)
{
	forget_ack(s, l);
	if (r->body.n)
		l->ack = bufs_copy(s->bufs, bytes);
	if (l->ack.p || r->body.n == 0)
		l->ack_cseq = r->cseq;
	if (l->ack.p)
		wheel_arm(s->wheel, &l->timer, now_of(s) + ACK_KEPT_MS, TIMER_LEG, l->id);
}

static int send_written(struct shard *s, struct leg *l, const struct leg_request *r,
			const struct written *w, int64_t first_ms, struct id *ret_client)
{
	struct txn_send send = {
		.flow = &l->flow,
		.reliable = flow_is_stream(&l->flow),
		.bytes = w->bytes,
		.branch = slice_str(w->branch),
		.method = r->method,
		.user = r->user,
		.timeout_ms = r->timeout_ms,
		.first_ms = first_ms,
	};
	if (r->method == SIP_ACK) {
		keep_ack(s, l, r, w->bytes);
		return send_message(s, &l->flow, w->bytes);
	}
	if (r->method == SIP_INVITE && l->state == LEG_INVITING)
		(void)slice_copy(slice_str(w->branch), l->invite_branch, sizeof(l->invite_branch));
	if (first_ms && r->method != SIP_INVITE)
		send.timeout_ms = first_ms;
	return txn_send_request(s->txns, &send, now_of(s), ret_client);
}

int leg_transmit(struct shard *s, struct leg *l, const struct leg_request *r, int64_t first_ms,
		 struct id *ret_client)
{
	struct written w;
	int err = write_request(s, l, r, &w);
	return err ? err : send_written(s, l, r, &w, first_ms, ret_client);
}

/* Over the leg's flow, unless the route set, the request's size or a flow that is gone ask for
 * another way. */
int leg_send_request(struct shard *s, struct leg *l, const struct leg_request *r,
		     struct id *ret_client)
{
	struct written w;
	struct locate_target tcp;
	s->touched = l->call;	/* a CSeq was used */
	if (!flow_is(&l->flow)) /* the first request to a trunk */
		return pursuit_begin(s, l, r,
				     &(struct pursuit_ways){.next_hop = true, .closed = true});
	if (hop_settle(s, l) == ERR_AGAIN)
		return pursuit_begin(s, l, r,
				     &(struct pursuit_ways){.next_hop = true, .last_flow = true});
	if (flow_is_stream(&l->flow) && hop_is_elsewhere_too(l))
		return pursuit_begin(s, l, r,
				     &(struct pursuit_ways){
					     .first_flow = true, .next_hop = true, .closed = true});
	int err = write_request(s, l, r, &w);
	if (err)
		return err;
	if (w.bytes.n > TRANSPORT_UDP_REQUEST_BYTES_MAX && r->method != SIP_ACK &&
	    hop_may_go_tcp(s, l, &tcp))
		return pursuit_begin(s, l, r,
				     &(struct pursuit_ways){.tcp = &tcp, .last_flow = true});
	return send_written(s, l, r, &w, r->first_ms, ret_client);
}

/* When its connection has gone: a new one to its Contact, where that is an address. */
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

int leg_resume_invite(struct shard *s, struct leg *l)
{
	struct written w;
	struct leg_request r = {.method = SIP_INVITE, .cseq = l->invite_cseq};
	if (l->invite_branch[0] == '\0' || (flow_is_stream(&l->flow) && flow_anew(s, l) != 0))
		return ERR_CLOSED;
	strcpy(w.branch, l->invite_branch);
	int err = write_again(s, l, &r, &w);
	if (err)
		return err;
	struct txn_send send = {
		.flow = &l->flow,
		.reliable = flow_is_stream(&l->flow),
		.bytes = w.bytes,
		.branch = slice_str(w.branch),
		.method = SIP_INVITE,
		.user = user_of(USER_LEG, l->id),
		.resumed = true,
	};
	return txn_send_request(s->txns, &send, now_of(s), &l->invite);
}

void leg_send_ack(struct shard *s, struct leg *l, uint32_t cseq, struct slice body)
{
	struct id none;
	struct leg_request r = {
		.method = SIP_ACK,
		.cseq = cseq,
		.content_type = SLICE("application/sdp"),
		.body = body,
	};
	l->acked = true;
	l->ack_waits = false;
	(void)leg_send_request(s, l, &r, &none); /* one that is lost is asked for by another 2xx */
}

/* 2xx are repeated for as long as their transaction lives; who repeats one later is a stray. */
void leg_repeat_ack(struct shard *s, struct leg *l, uint32_t cseq)
{
	const struct leg_request r = {.method = SIP_ACK, .cseq = cseq};
	struct written w = {.bytes = l->ack};
	if (cseq == 0 || l->ack_cseq != cseq)
		return;
	if (l->ack.p || write_request(s, l, &r, &w) == 0)
		send_message(s, &l->flow, w.bytes);
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
		header_contact(&more, SLICE("opengate"), &l->flow);
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
	txn_respond(s->txns, server, &r, now_of(s));
}

void leg_failed(struct shard *s, struct leg *l, enum call_cause cause)
{
	struct call *c = call_of(s, l->call);
	if (c == NULL || l->state != LEG_INVITING)
		return;
	if (l->trunk) {
		trunk_silent(s, c, l);
		return;
	}
	struct call_event ev = {.kind = CALL_EV_FAIL, .branch = l->branch, .cause = cause};
	l->state = LEG_GONE;
	call_happens(s, c, &ev, NULL);
}

void leg_on_timer(struct shard *s, struct id id)
{
	struct leg *l = leg_of(s, id);
	if (l)
		forget_ack(s, l);
}

/* A dialog of its own for as long as two requests take. */
void leg_refuse_fork(struct shard *s, struct leg *l, const struct sip_msg *response)
{
	char memory[DIALOG_TEXT_BYTES];
	struct dialog kept = l->dialog;
	enum leg_state state = (enum leg_state)l->state;
	struct id client;
	dialog_init_in(&l->dialog, memory, sizeof(memory));
	if (dialog_prepare(&l->dialog, dialog_text(&kept, DIALOG_CALL_ID),
			   dialog_text(&kept, DIALOG_LOCAL_TAG),
			   dialog_text(&kept, DIALOG_LOCAL_URI),
			   dialog_text(&kept, DIALOG_REMOTE_URI),
			   dialog_text(&kept, DIALOG_REMOTE_TARGET), response->cseq.number) == 0 &&
	    dialog_from_response(&l->dialog, response) == 0) {
		struct written w;
		struct leg_request ack = {.method = SIP_ACK, .cseq = response->cseq.number};
		if (write_request(s, l, &ack, &w) == 0)
			send_message(s, &l->flow, w.bytes);
		struct leg_request bye = {
			.method = SIP_BYE,
			.cseq = dialog_next_cseq(&l->dialog),
			.user = user_of(USER_BYE, ID_NONE), /* nobody waits for its answer */
		};
		(void)leg_transmit(s, l, &bye, 0, &client); /* the dialog is gone in a moment */
	}
	l->dialog = kept;
	l->state = (uint8_t)state;
}

void b2bua_request_failed(struct shard *s, uint64_t user, enum txn_failure why,
			  enum call_cause cause)
{
	struct id id = user_id_of(user);
	struct leg *l = leg_of(s, id);
	switch (user_kind_of(user)) {
	case USER_EXCHANGE:
		exchange_failed(s, id, why);
		return;
	case USER_PING: /* the shard's own */
		return;
	case USER_BYE:
		if (l)
			leg_end(s, l);
		return;
	case USER_LEG:
		if (l)
			leg_failed(s, l, cause);
		return;
	}
}
