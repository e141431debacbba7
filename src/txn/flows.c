/* Client transactions by flow: those over one flow hang in a chain, whose head is in an index. A
 * flow that goes away, or an ICMP error that anybody can forge, costs what its own transactions
 * cost, however many there are beside. */
#include "txn/txn_priv.h"

struct sought {
	const struct txn_layer *l;
	const struct flow *flow;
};

static bool is_head_of(const void *ctx, uint64_t value)
{
	const struct sought *s = ctx;
	const struct txn_client *t = pool_get(s->l->clients, (struct id){value});

	return t && s->l->p.ops.flow_same(txn_flow(&t->core), s->flow);
}

static struct txn_client *head_of(const struct txn_layer *l, uint64_t hash, const struct flow *flow)
{
	struct sought s = {l, flow};

	return pool_get(l->clients, (struct id){index_find(l->flow_index, hash, is_head_of, &s)});
}

int txn_flow_join(struct txn_layer *l, struct txn_client *t)
{
	const struct flow *flow = txn_flow(&t->core);
	uint64_t hash = l->p.ops.flow_hash(l->p.ops.ctx, flow);
	struct txn_client *head = head_of(l, hash, flow);
	int err = head ? 0 : index_put(l->flow_index, hash, t->core.id.v);

	if (err)
		return err;
	t->flow_hash = hash;
	t->flow_joined = true;
	if (!head)
		return 0;
	struct txn_client *second = pool_get(l->clients, head->flow_next);
	t->flow_prev = head->core.id;
	t->flow_next = head->flow_next;
	head->flow_next = t->core.id;
	if (second)
		second->flow_prev = t->core.id;
	return 0;
}

void txn_flow_leave(struct txn_layer *l, struct txn_client *t)
{
	struct txn_client *next = pool_get(l->clients, t->flow_next),
			  *prev = pool_get(l->clients, t->flow_prev);

	if (!t->flow_joined)
		return;
	t->flow_joined = false;
	if (next)
		next->flow_prev = t->flow_prev;
	if (prev)
		prev->flow_next = t->flow_next;
	else if (next)
		index_replace(l->flow_index, t->flow_hash, t->core.id.v, next->core.id.v);
	else
		index_remove(l->flow_index, t->flow_hash, t->core.id.v);
}

/* Told from the wheel, one by one: a user who starts new transactions meanwhile does not disturb
 * the walk. */
uint32_t txn_on_flow_gone(struct txn_layer *l, const struct flow *flow, int64_t now_ms)
{
	struct txn_client *t = head_of(l, l->p.ops.flow_hash(l->p.ops.ctx, flow), flow);
	uint32_t n = 0;

	for (; t; t = pool_get(l->clients, t->flow_next), n++)
		txn_post_failure(l, &t->core, now_ms);
	return n;
}
