/* Client transactions: requests go out, responses come back (RFC 3261 §17.1). */
#include "txn/txn_priv.h"

#include "sip/value.h"

struct txn_client *txn_client_get(const struct txn_layer *l, struct id id)
{
	struct txn_client *t = pool_get(l->clients, id);
	return t && t->core.state != TXN_TERMINATED ? t : NULL;
}

void txn_client_free(struct txn_layer *l, struct txn_client *t)
{
	wheel_cancel(l->p.wheel, &t->core.retry);
	wheel_cancel(l->p.wheel, &t->core.end);
	txn_flow_leave(l, t);
	index_remove(l->client_index, t->core.key.hash, t->core.id.v);
	txn_drop(l, &t->request);
	txn_drop(l, &t->extra);
	pool_give(l->clients, t->core.id);
}

static void client_send(struct txn_run *run, struct txn_client *t, struct slice bytes)
{
	run->err = txn_send_bytes(run->l, txn_flow(&t->core), bytes);
	if (run->err)
		txn_post_failure(run->l, &t->core, run->now_ms);
}

/* §17.1.1.3. What cannot be built or kept now will be when the response is repeated. */
static void client_ack(struct txn_run *run, struct txn_client *t)
{
	if (t->core.acked) {
		client_send(run, t, t->extra);
		return;
	}
	const struct sip_msg *invite = txn_parse(t->request, run->arena);
	struct strbuf b;
	if (!invite)
		return;
	strbuf_init(&b, run->l->scratch, sizeof(run->l->scratch));
	sip_build_ack(&b, invite, run->msg);
	if (b.failed)
		return;
	txn_drop(run->l, &t->extra);
	t->extra = bufs_copy(run->l->p.bufs, strbuf_slice(&b));
	t->core.acked = t->extra.p != NULL;
	client_send(run, t, strbuf_slice(&b));
}

static void client_transmit(struct txn_run *run, struct txn_client *t, uint32_t actions)
{
	if (actions & TXN_SEND)
		client_send(run, t, t->request);
	if (actions & TXN_SEND_ACK)
		client_ack(run, t);
	if (actions & TXN_WANT_CANCEL)
		t->core.cancel_wanted = true;
	if (actions & TXN_SEND_CANCEL)
		txn_send_cancel(run, t);
}

/* After a failure was told (timer C) only a 2xx is news: it set up a dialog that somebody must end.
 */
static bool wants_response(const struct txn_core *c, const struct sip_msg *msg)
{
	return !c->own && (!c->told || (msg->code >= 200 && msg->code < 300));
}

static void client_tell(struct txn_run *run, struct txn_client *t, uint32_t actions)
{
	const struct txn_ops *ops = &run->l->p.ops;
	struct txn_core *c = &t->core;

	if (actions & TXN_PASS && wants_response(c, run->msg))
		ops->on_response(ops->ctx, c->id, c->user, run->msg, run->flow);
	if (actions & (TXN_TIMED_OUT | TXN_BROKE) && !c->own && !c->told) {
		c->told = true;
		ops->on_failed(ops->ctx, c->id, c->user,
			       actions & TXN_BROKE ? TXN_TRANSPORT : TXN_TIMEOUT);
	}
}

static void client_tidy(struct txn_layer *l, struct id id, uint32_t actions)
{
	struct txn_client *t = pool_get(l->clients, id);

	if (t && t->core.state == TXN_TERMINATED)
		txn_client_free(l, t);
	else if (t && actions & TXN_DROP_REQUEST)
		txn_drop(l, &t->request);
}

void txn_client_event(struct txn_run *run, struct txn_client *t, enum txn_event event)
{
	struct txn_layer *l = run->l;
	struct txn_cell cell = txn_cell_of(t->core.kind, t->core.state, event);
	uint32_t actions = cell.actions;
	struct id id = t->core.id;

	if (cell.next == TXN_NO_STATE) {
		txn_empty_cell(l, &t->core, event);
		return;
	}
	if (actions & TXN_CANCEL_WANTED && t->core.cancel_wanted)
		actions |= TXN_SEND_CANCEL | TXN_ARM(CANCEL);
	t->core.state = cell.next;
	txn_timers_do(run, &t->core, actions);
	client_transmit(run, t, actions);
	client_tell(run, t, actions);
	client_tidy(l, id, actions);
}

static struct txn_client *client_new(struct txn_layer *l, const struct txn_send *s)
{
	struct id id;
	struct txn_client *t = pool_take(l->clients, &id);

	if (!t)
		return NULL;
	t->core.id = id;
	t->core.key = txn_client_key(l, s->branch, sip_method_name(s->method));
	t->core.kind = s->method == SIP_INVITE ? TXN_ICT : TXN_NICT;
	t->core.state = TXN_START;
	t->core.user = s->user;
	t->core.reliable = s->reliable;
	memcpy(t->core.flow, s->flow, l->p.flow_bytes);
	t->request = bufs_copy(l->p.bufs, s->bytes);
	if (!t->request.p || index_put(l->client_index, t->core.key.hash, id.v) ||
	    txn_flow_join(l, t)) {
		txn_client_free(l, t);
		return NULL;
	}
	return t;
}

int txn_client_start(struct txn_layer *l, const struct txn_send *s, bool own, int64_t now_ms,
		     struct id *ret_client)
{
	struct txn_run run = {.l = l, .now_ms = now_ms};
	struct txn_client *t = client_new(l, s);

	if (!t)
		return ERR_LIMIT;
	t->core.own = own;
	t->core.limit_at_ms = s->timeout_ms ? now_ms + s->timeout_ms : 0;
	t->core.first_at_ms = s->first_ms ? now_ms + s->first_ms : 0;
	txn_client_event(&run, t, s->resumed ? TXN_EV_RESUME : TXN_EV_BEGIN);
	if (run.err)
		txn_client_free(l, t);
	else
		*ret_client = t->core.id;
	return run.err;
}

int txn_send_request(struct txn_layer *l, const struct txn_send *s, int64_t now_ms,
		     struct id *ret_client)
{
	if (s->bytes.n > SIP_MESSAGE_BYTES_MAX || s->branch.n > TXN_BRANCH_BYTES_MAX)
		return ERR_TOO_BIG;
	return txn_client_start(l, s, false, now_ms, ret_client);
}

void txn_cancel(struct txn_layer *l, struct id client, struct slice reason_value,
		struct arena *arena, int64_t now_ms)
{
	struct txn_client *t = txn_client_get(l, client);
	struct txn_run run = {.l = l, .now_ms = now_ms, .arena = arena};

	if (!t || t->core.cancel_wanted || t->core.cancelled)
		return;
	struct txn_cell cell = txn_cell_of(t->core.kind, t->core.state, TXN_EV_USER_CANCEL);
	if (reason_value.n && cell.actions & (TXN_WANT_CANCEL | TXN_SEND_CANCEL))
		t->extra = bufs_copy(l->p.bufs, reason_value);
	txn_client_event(&run, t, TXN_EV_USER_CANCEL);
}

const struct sip_msg *txn_sent_of(struct txn_layer *l, struct id client, struct arena *arena)
{
	struct txn_client *t = pool_get(l->clients, client);
	char *copy = t && t->request.n ? arena_copy(arena, t->request) : NULL;

	return copy ? txn_parse(slice_of(copy, t->request.n), arena) : NULL;
}
