/* Server transactions: requests come in, responses go back (RFC 3261 §17.2). */
#include "txn/txn_priv.h"

struct txn_server *txn_server_get(const struct txn_layer *l, struct id id)
{
	struct txn_server *t = pool_get(l->servers, id);
	return t && t->core.state != TXN_TERMINATED ? t : NULL;
}

static void forget_merge(struct txn_layer *l, struct txn_server *t)
{
	if (t->merge_hash)
		index_remove(l->merge_index, t->merge_hash, t->core.id.v);
	t->merge_hash = 0;
}

static void drop_request(struct txn_layer *l, struct txn_server *t)
{
	bufs_give(l->p.bufs, (char *)t->request);
	t->request = NULL;
}

void txn_server_free(struct txn_layer *l, struct txn_server *t)
{
	wheel_cancel(l->p.wheel, &t->core.retry);
	wheel_cancel(l->p.wheel, &t->core.end);
	index_remove(l->server_index, t->core.key.hash, t->core.id.v);
	forget_merge(l, t);
	drop_request(l, t);
	txn_drop(l, &t->response);
	pool_give(l->servers, t->core.id);
}

/*
 * Back over the flow that the request came by, with rport or without. Without it RFC 3261 §18.2.2
 * names the port in the Via. That one is right only for a phone with a public address that listens
 * on another port than it sends from, which is rare; behind a NAT (RFC 3581 §1), or behind a router
 * that wrote a wrong port, nothing would arrive. Carriers therefore answer so (force_rport).
 */
static void server_send(struct txn_run *run, struct txn_server *t, struct slice bytes)
{
	if (!bytes.n)
		return;
	run->err = txn_send_bytes(run->l, txn_flow(&t->core), bytes);
	if (run->err)
		txn_post_failure(run->l, &t->core, run->now_ms);
}

/* Without memory to keep it the response still goes out, once. */
static void server_send_new(struct txn_run *run, struct txn_server *t, struct slice bytes)
{
	txn_drop(run->l, &t->response);
	if (bytes.n)
		t->response = bufs_copy(run->l->p.bufs, bytes);
	server_send(run, t, bytes);
}

static void server_send_100(struct txn_run *run, struct txn_server *t)
{
	if (t->request)
		server_send_new(run, t, txn_build_100(run->l, t->request, txn_flow(&t->core)));
}

static void server_transmit(struct txn_run *run, struct txn_server *t, uint32_t actions)
{
	if (actions & TXN_SEND)
		server_send_new(run, t, run->bytes);
	if (actions & TXN_RESEND)
		server_send(run, t, t->response);
	if (actions & TXN_SEND_100)
		server_send_100(run, t);
}

static void server_pass(struct txn_run *run, const struct txn_server *t)
{
	const struct txn_ops *ops = &run->l->p.ops;

	if (run->msg->method == SIP_CANCEL)
		ops->on_cancel(ops->ctx, t->core.id, t->core.user, run->msg);
	else
		ops->on_ack(ops->ctx, run->msg, run->flow);
}

static enum txn_failure why_of(uint32_t actions)
{
	if (actions & TXN_BROKE)
		return TXN_TRANSPORT;
	if (actions & TXN_TIMED_OUT)
		return TXN_TIMEOUT;
	return actions & TXN_UNACKED ? TXN_NO_ACK : TXN_DONE;
}

static void server_tell(struct txn_run *run, const struct txn_server *t, uint32_t actions)
{
	const struct txn_ops *ops = &run->l->p.ops;

	if (t->core.own)
		return;
	if (actions & TXN_PASS)
		server_pass(run, t);
	if (t->core.state == TXN_TERMINATED)
		ops->on_server_end(ops->ctx, t->core.id, t->core.user, why_of(actions));
}

static void server_tidy(struct txn_layer *l, struct id id, uint32_t actions)
{
	struct txn_server *t = pool_get(l->servers, id);

	if (!t)
		return;
	if (t->core.state == TXN_TERMINATED) {
		txn_server_free(l, t);
		return;
	}
	if (actions & TXN_DROP_REQUEST)
		drop_request(l, t);
	/* These only absorb. */
	if (t->core.state == TXN_CONFIRMED || t->core.state == TXN_ACKNOWLEDGED)
		txn_drop(l, &t->response);
}

void txn_server_event(struct txn_run *run, struct txn_server *t, enum txn_event event)
{
	struct txn_layer *l = run->l;
	struct txn_cell cell = txn_cell_of(t->core.kind, t->core.state, event);
	struct id id = t->core.id;

	if (cell.next == TXN_NO_STATE) {
		txn_empty_cell(l, &t->core, event);
		return;
	}
	t->core.state = cell.next;
	txn_timers_do(run, &t->core, cell.actions);
	server_transmit(run, t, cell.actions);
	server_tell(run, t, cell.actions);
	server_tidy(l, id, cell.actions);
}

struct txn_server *txn_server_new(struct txn_run *run, enum txn_kind kind,
				  const struct txn_key *key)
{
	struct txn_layer *l = run->l;
	struct id id;
	struct txn_server *t = pool_take(l->servers, &id);

	if (!t)
		return NULL;
	t->core.id = id;
	t->core.key = *key;
	t->core.kind = (uint8_t)kind;
	t->core.state = TXN_START;
	t->core.reliable = run->reliable;
	memcpy(t->core.flow, run->flow, l->p.flow_bytes);
	if (index_put(l->server_index, key->hash, id.v)) {
		txn_server_free(l, t);
		return NULL;
	}
	return t;
}

static struct txn_server *accept_request(struct txn_run *run, const struct txn_key *key)
{
	struct txn_server *t =
		txn_server_new(run, run->msg->method == SIP_INVITE ? TXN_IST : TXN_NIST, key);

	if (!t)
		return NULL;
	void *memory = bufs_take(run->l->p.bufs, sip_msg_copy_bytes(run->msg));
	if (!memory) {
		txn_server_free(run->l, t);
		return NULL;
	}
	t->request = sip_msg_copy(run->msg, memory);
	return t;
}

int txn_receive_new(struct txn_run *run, const struct txn_key *key)
{
	struct txn_layer *l = run->l;
	const struct txn_ops *ops = &l->p.ops;
	bool initial = !run->msg->to_tag.n;
	uint64_t merge_hash = initial ? txn_merge_hash(l, run->msg) : 0;

	if (initial && index_find(l->merge_index, merge_hash, NULL, NULL))
		return txn_refuse_merged(run, key);
	struct txn_server *t = accept_request(run, key);
	if (!t)
		return ERR_LIMIT;
	if (initial && !index_put(l->merge_index, merge_hash, t->core.id.v))
		t->merge_hash = merge_hash;
	txn_server_event(run, t, TXN_EV_BEGIN);
	l->fresh = t->core.id;
	l->fresh_msg = run->msg;
	ops->on_request(ops->ctx, t->core.id, run->msg, run->flow);
	l->fresh = ID_NONE;
	l->fresh_msg = NULL;
	return 0;
}

void txn_set_user(struct txn_layer *l, struct id server, uint64_t user)
{
	struct txn_server *t = pool_get(l->servers, server);

	if (t)
		t->core.user = user;
}

const struct flow *txn_flow_of(const struct txn_layer *l, struct id server)
{
	const struct txn_server *t = pool_get(l->servers, server);

	return t ? txn_flow(&t->core) : NULL;
}

const struct sip_msg *txn_request_of(struct txn_layer *l, struct id server, struct arena *arena,
				     const struct flow **ret_flow)
{
	struct txn_server *t = pool_get(l->servers, server);

	if (!t)
		return NULL;
	const struct sip_msg *msg = id_eq(l->fresh, server) ? l->fresh_msg : NULL;
	if (!msg && t->request) {
		void *memory = arena_take(arena, sip_msg_copy_bytes(t->request));
		msg = memory ? sip_msg_copy(t->request, memory) : NULL;
	}
	if (msg)
		*ret_flow = txn_flow(&t->core);
	return msg;
}

static enum txn_event event_of(int code)
{
	if (code < 200)
		return TXN_EV_SEND_1XX;
	return code < 300 ? TXN_EV_SEND_2XX : TXN_EV_SEND_300;
}

static int build_response(struct txn_run *run, struct txn_server *t, const struct sip_reply *reply)
{
	/* RFC 4320 §4.2: nobody gains from a 408 to a non-INVITE */
	if (t->core.kind == TXN_NIST && reply->code == 408)
		return 0;
	if (t->request)
		run->bytes = txn_build_reply(run->l, t->request, reply);
	return run->bytes.p ? 0 : ERR_TOO_BIG;
}

int txn_respond(struct txn_layer *l, struct id server, const struct sip_reply *reply,
		int64_t now_ms)
{
	struct txn_server *t = txn_server_get(l, server);
	struct txn_run run = {.l = l, .now_ms = now_ms};

	if (!t)
		return ERR_STALE;
	struct txn_cell cell = txn_cell_of(t->core.kind, t->core.state, event_of(reply->code));
	if (cell.next == TXN_NO_STATE)
		return ERR_CONFLICT;
	int err = cell.actions & TXN_SEND ? build_response(&run, t, reply) : 0;
	if (err)
		return err;
	/* A phone that answers a challenge under the same CSeq is wrong but common: no merged
	 * request. */
	if (reply->code == 401 || reply->code == 407)
		forget_merge(l, t);
	txn_server_event(&run, t, event_of(reply->code));
	return 0;
}

struct slice txn_response_of(const struct txn_layer *l, struct id server)
{
	const struct txn_server *t = txn_server_get(l, server);

	return t ? t->response : SLICE_NONE;
}

void txn_acked(struct txn_layer *l, struct id server, int64_t now_ms)
{
	struct txn_server *t = txn_server_get(l, server);
	struct txn_run run = {.l = l, .now_ms = now_ms};

	if (t)
		txn_server_event(&run, t, TXN_EV_USER_ACKED);
}
