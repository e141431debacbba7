/*
 * Responses whose connection has gone (RFC 3261 §18.2.2): a new connection to the address that the
 * request came from, at the port in its Via; when that cannot be opened and the Via names a host,
 * to what DNS says of it (RFC 3263 §5). The bytes are kept until the connection stands or nothing
 * is left to try.
 */
#include "core/core.h"

#include "sip/value.h"

#define KEPT_MS 32000 /* 64*T1: afterwards nobody waits for it any more */

struct comeback {
	struct id id;
	struct slice bytes; /* a buf */
	struct flow flow;   /* the connection that they went to */
	bool asked;
	struct locate_target targets[LOCATE_TARGETS_MAX];
	uint32_t target_count, next_target;
	struct timer timer;
};

int comebacks_open(struct shard *s)
{
	struct pool_params p = {"comebacks", s->p.index, sizeof(struct comeback), COMEBACKS_MAX};
	return pool_new(&p, &s->comebacks);
}

void comebacks_close(struct shard *s)
{
	uint32_t cursor = 0;
	struct id id;
	for (struct comeback *c; s->comebacks && (c = pool_next(s->comebacks, &cursor, &id));)
		bufs_give(s->bufs, (char *)c->bytes.p);
	pool_free(s->comebacks);
}

static void comeback_free(struct shard *s, struct comeback *c)
{
	wheel_cancel(s->wheel, &c->timer);
	bufs_give(s->bufs, (char *)c->bytes.p);
	pool_give(s->comebacks, c->id);
}

static int send_to(struct shard *s, const struct locate_target *t, struct slice bytes,
		   struct flow *ret_flow)
{
	int err = transport_flow_to(s->transport, t->transport, &t->addr, ret_flow);
	if (err == 0)
		err = transport_send(s->transport, ret_flow, bytes);
	if (err == 0)
		trace_out(s, bytes, ret_flow);
	s->counts.messages_out += err == 0;
	return err;
}

static bool ask(struct shard *s, struct comeback *c)
{
	struct sip_msg msg;
	c->asked = true;
	if (s->p.locate == NULL || sip_msg_parse(c->bytes, &s->scratch, &msg) != 0)
		return false;
	struct sip_uri uri = locate_sent_by(&msg.via);
	return s->p.locate(s->p.locate_ctx, &uri, s->p.index,
			   located_token(LOCATED_COMEBACK, c->id)) == 0;
}

/* The next way for it; gone when there is none. */
static void go_on(struct shard *s, struct comeback *c)
{
	while (c->next_target < c->target_count) {
		if (send_to(s, &c->targets[c->next_target++], c->bytes, &c->flow) == 0)
			return;
	}
	c->flow = (struct flow){0};
	if (c->asked || !ask(s, c))
		comeback_free(s, c);
}

static bool names_a_host(const struct sip_via *via)
{
	struct addr ignored;
	return addr_parse_ip(via->host, &ignored) != 0;
}

/* For as long as the connection may still turn out not to be there. */
static void watch(struct shard *s, const struct flow *flow, struct slice bytes)
{
	struct id id;
	struct comeback *c = pool_take(s->comebacks, &id);
	if (c == NULL)
		return;
	c->id = id;
	c->bytes = bufs_copy(s->bufs, bytes);
	c->flow = *flow;
	wheel_arm(s->wheel, &c->timer, now_of(s) + KEPT_MS, TIMER_COMEBACK, id);
	if (c->bytes.p == NULL)
		comeback_free(s, c);
	else if (!addr_is(&flow->remote))
		go_on(s, c);
}

int comeback_send(struct shard *s, const struct flow *flow, struct slice bytes)
{
	struct sip_msg msg;
	struct flow anew = {0};
	struct locate_target t = {flow->transport, flow->remote};
	if (sip_msg_parse(bytes, &s->scratch, &msg) != 0 || msg.is_request)
		return ERR_CLOSED;
	t.addr.port = msg.via.port ? msg.via.port : locate_port(flow->transport);
	int err = send_to(s, &t, bytes, &anew);
	if (!names_a_host(&msg.via))
		return err;
	watch(s, err ? &(struct flow){0} : &anew, bytes);
	return 0;
}

void comeback_flow_gone(struct shard *s, const struct flow *flow)
{
	uint32_t cursor = 0;
	struct id id;
	if (pool_used(s->comebacks) == 0)
		return;
	for (struct comeback *c = pool_next(s->comebacks, &cursor, &id); c;
	     c = pool_next(s->comebacks, &cursor, &id)) {
		if (addr_is(&c->flow.remote) && flow_eq(&c->flow, flow))
			go_on(s, c);
	}
}

void comeback_located(struct shard *s, struct id id, const struct locate_answer *a)
{
	struct comeback *c = pool_get(s->comebacks, id);
	if (c == NULL)
		return;
	s->out_call = 0;
	c->next_target = 0;
	c->target_count = a->target_count;
	memcpy(c->targets, a->targets, a->target_count * sizeof(a->targets[0]));
	go_on(s, c);
}

void comeback_on_timer(struct shard *s, struct id id)
{
	struct comeback *c = pool_get(s->comebacks, id);
	if (c)
		comeback_free(s, c);
}
