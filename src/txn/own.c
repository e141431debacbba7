/* What the layer does on its own account: answers CANCEL (RFC 3261 §9.2) and merged requests
 * (§8.2.2.2), says 100, sends CANCEL (§9.1). Each has a transaction that the user does not know of,
 * so that repetitions are dealt with. */
#include "txn/txn_priv.h"

#include <stdio.h>

#define TAG_BYTES 20

static const struct addr *source_of(const struct txn_layer *l, const struct flow *flow)
{
	return l->p.ops.source_of ? l->p.ops.source_of(l->p.ops.ctx, flow) : NULL;
}

/* Always the same for the same request, and not to be guessed. */
static struct slice derived_tag(const struct txn_layer *l, const struct txn_key *key,
				char memory[TAG_BYTES])
{
	uint64_t h = hash_u64(l->p.hash_key, key->check);
	int n = snprintf(memory, TAG_BYTES, "t%016llx", (unsigned long long)h);

	return slice_of(memory, (size_t)n);
}

/* The tag of our response to the INVITE, when there was one. */
static struct slice response_tag(const struct txn_server *invite, struct arena *arena)
{
	const struct sip_msg *response =
		invite->response.n ? txn_parse(invite->response, arena) : NULL;

	return response ? response->to_tag : SLICE_NONE;
}

/* A new transaction that has its final response at once; without a slot the response goes out all
 * the same. */
static int answer_own(struct txn_run *run, enum txn_kind kind, const struct txn_key *key,
		      const struct sip_reply *reply)
{
	struct slice bytes = txn_build_reply(run->l, run->msg, reply);
	if (!bytes.p)
		return ERR_LIMIT;
	struct txn_server *t = txn_server_new(run, kind, key);
	if (!t) {
		(void)txn_send_bytes(run->l, run->flow, bytes);
		return 0;
	}
	t->core.own = true;
	txn_server_event(run, t, TXN_EV_BEGIN);
	run->bytes = bytes;
	txn_server_event(run, t, reply->code < 300 ? TXN_EV_SEND_2XX : TXN_EV_SEND_300);
	run->bytes = SLICE_NONE;
	return 0;
}

void txn_receive_cancel(struct txn_run *run, const struct txn_key *key)
{
	struct txn_layer *l = run->l;
	struct txn_server *again = txn_find_server(l, key);
	if (again) {
		txn_server_event(run, again, TXN_EV_REQUEST);
		return;
	}
	struct txn_key invite_key = txn_server_key(l, run->msg, SIP_INVITE);
	struct txn_server *invite = txn_find_server(l, &invite_key);
	char memory[TAG_BYTES];
	struct slice tag = invite ? response_tag(invite, run->arena) : SLICE_NONE;
	struct sip_reply reply = {
		.code = invite ? 200 : 481,
		.to_tag = tag.n ? tag : derived_tag(l, &invite_key, memory),
		.source = source_of(l, run->flow),
	};
	(void)answer_own(run, TXN_NIST, key, &reply);
	if (invite)
		txn_server_event(run, invite, TXN_EV_CANCEL);
}

int txn_refuse_merged(struct txn_run *run, const struct txn_key *key)
{
	char memory[TAG_BYTES];
	struct sip_reply reply = {
		.code = 482,
		.to_tag = derived_tag(run->l, key, memory),
		.source = source_of(run->l, run->flow),
	};
	return answer_own(run, run->msg->method == SIP_INVITE ? TXN_IST : TXN_NIST, key, &reply);
}

struct slice txn_build_100(struct txn_layer *l, const struct sip_msg *req, const struct flow *flow)
{
	struct sip_reply reply = {.code = 100, .source = source_of(l, flow)};

	return txn_build_reply(l, req, &reply);
}

void txn_send_cancel(struct txn_run *run, struct txn_client *t)
{
	struct txn_layer *l = run->l;
	const struct sip_msg *invite = t->core.cancelled ? NULL : txn_parse(t->request, run->arena);
	struct strbuf b;
	struct id ignored;

	if (!invite)
		return;
	t->core.cancelled = true;
	strbuf_init(&b, l->scratch, sizeof(l->scratch));
	sip_build_cancel(&b, invite, t->extra);
	txn_drop(l, &t->extra);
	if (b.failed)
		return;
	struct txn_send s = {
		.flow = txn_flow(&t->core),
		.reliable = t->core.reliable,
		.bytes = strbuf_slice(&b),
		.branch = invite->via.branch,
		.method = SIP_CANCEL,
	};
	if (txn_client_start(l, &s, true, run->now_ms, &ignored) == ERR_LIMIT)
		(void)txn_send_bytes(l, s.flow, s.bytes);
}
