/* The layer: what comes from the wire and from the wheel finds its transaction. */
#include "txn/txn_priv.h"

#include "sip/value.h"

#include <stdlib.h>

static int new_tables(struct txn_layer *l)
{
	const struct txn_params *p = &l->p;
	struct pool_params servers = {"txn_servers", p->shard, sizeof(struct txn_server),
				      p->servers_max};
	struct pool_params clients = {"txn_clients", p->shard, sizeof(struct txn_client),
				      p->clients_max};
	int err = pool_new(&servers, &l->servers);

	if (!err)
		err = pool_new(&clients, &l->clients);
	if (!err)
		err = index_new(p->servers_max, &l->server_index);
	if (!err)
		err = index_new(p->servers_max, &l->merge_index);
	if (!err)
		err = index_new(p->clients_max, &l->client_index);
	if (!err)
		err = index_new(p->clients_max, &l->flow_index);
	return err;
}

int txn_layer_new(const struct txn_params *p, struct txn_layer **ret_layer)
{
	if (p->flow_bytes > TXN_FLOW_BYTES_MAX)
		return ERR_INVALID;
	struct txn_layer *l = malloc(sizeof(*l));
	if (!l)
		return ERR_NOMEM;
	memset(l, 0, offsetof(struct txn_layer, scratch));
	l->p = *p;
	int err = new_tables(l);
	if (err)
		txn_layer_free(l);
	else
		*ret_layer = l;
	return err;
}

void txn_layer_free(struct txn_layer *l)
{
	struct id id;
	void *t;

	if (!l)
		return;
	for (uint32_t at = 0; l->clients && (t = pool_next(l->clients, &at, &id));)
		txn_client_free(l, t);
	for (uint32_t at = 0; l->servers && (t = pool_next(l->servers, &at, &id));)
		txn_server_free(l, t);
	index_free(l->flow_index);
	index_free(l->client_index);
	index_free(l->merge_index);
	index_free(l->server_index);
	pool_free(l->clients);
	pool_free(l->servers);
	free(l);
}

int txn_send_bytes(struct txn_layer *l, const struct flow *flow, struct slice bytes)
{
	return l->p.ops.send(l->p.ops.ctx, flow, bytes);
}

void txn_empty_cell(struct txn_layer *l, const struct txn_core *c, enum txn_event event)
{
	l->p.ops.on_empty_cell(l->p.ops.ctx, txn_kind_name(c->kind), txn_state_name(c->state),
			       txn_event_name(event));
}

struct slice txn_build_reply(struct txn_layer *l, const struct sip_msg *req,
			     const struct sip_reply *reply)
{
	struct strbuf b;

	strbuf_init(&b, l->scratch, sizeof(l->scratch));
	sip_build_reply(&b, req, reply);
	return b.failed ? SLICE_NONE : strbuf_slice(&b);
}

const struct sip_msg *txn_parse(struct slice kept, struct arena *arena)
{
	struct sip_msg *msg = arena ? arena_alloc(arena, sizeof(*msg)) : NULL;

	return msg && !sip_msg_parse(kept, arena, msg) ? msg : NULL;
}

void txn_drop(struct txn_layer *l, struct slice *kept)
{
	bufs_give(l->p.bufs, (char *)(uintptr_t)kept->p);
	*kept = SLICE_NONE;
}

static void receive_response(struct txn_run *run)
{
	const struct sip_msg *msg = run->msg;
	struct txn_key key =
		txn_client_key(run->l, msg->via.branch, sip_method_name(msg->cseq.method));
	struct txn_client *t = txn_find_client(run->l, &key);

	if (!t) {
		run->l->p.ops.on_stray(run->l->p.ops.ctx, msg, run->flow);
		return;
	}
	if (msg->code < 200)
		txn_client_event(run, t, TXN_EV_GOT_1XX);
	else
		txn_client_event(run, t, msg->code < 300 ? TXN_EV_GOT_2XX : TXN_EV_GOT_300);
}

static void receive_ack(struct txn_run *run)
{
	struct txn_key key = txn_server_key(run->l, run->msg, SIP_INVITE);
	struct txn_server *t = txn_find_server(run->l, &key);

	if (t)
		txn_server_event(run, t, TXN_EV_ACK);
	else
		run->l->p.ops.on_ack(run->l->p.ops.ctx, run->msg, run->flow);
}

static int receive_request(struct txn_run *run)
{
	struct txn_key key = txn_server_key(run->l, run->msg, run->msg->method);
	struct txn_server *t = txn_find_server(run->l, &key);

	if (!t)
		return txn_receive_new(run, &key);
	txn_server_event(run, t, TXN_EV_REQUEST);
	return 0;
}

int txn_receive(struct txn_layer *l, struct sip_msg *msg, const struct flow *flow, bool reliable,
		struct arena *arena, int64_t now_ms)
{
	struct txn_run run = {
		.l = l,
		.now_ms = now_ms,
		.arena = arena,
		.msg = msg,
		.flow = flow,
		.reliable = reliable,
	};

	if (msg->is_request && msg->method == SIP_CANCEL) {
		struct txn_key key = txn_server_key(l, msg, SIP_CANCEL);
		txn_receive_cancel(&run, &key);
		return 0;
	}
	if (msg->is_request && msg->method != SIP_ACK)
		return receive_request(&run);
	if (msg->is_request)
		receive_ack(&run);
	else
		receive_response(&run);
	return 0;
}

void txn_on_timer(struct txn_layer *l, uint32_t kind, struct id owner, struct arena *arena,
		  int64_t now_ms)
{
	struct txn_run run = {.l = l, .now_ms = now_ms, .arena = arena};
	uint32_t fired = kind - l->p.timer_kind_first;

	if (fired == TXN_FIRE_CLIENT_RETRY || fired == TXN_FIRE_CLIENT_END) {
		struct txn_client *t = pool_get(l->clients, owner);
		bool retry = fired == TXN_FIRE_CLIENT_RETRY;
		if (t)
			txn_client_event(&run, t, retry ? t->core.retry_event : t->core.end_event);
	} else if (fired == TXN_FIRE_SERVER_RETRY || fired == TXN_FIRE_SERVER_END) {
		struct txn_server *t = pool_get(l->servers, owner);
		bool retry = fired == TXN_FIRE_SERVER_RETRY;
		if (t)
			txn_server_event(&run, t, retry ? t->core.retry_event : t->core.end_event);
	}
}

uint32_t txn_servers(const struct txn_layer *l)
{
	return pool_used(l->servers);
}

uint32_t txn_clients(const struct txn_layer *l)
{
	return pool_used(l->clients);
}
