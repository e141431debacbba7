/*
 * A request that has more than one way to go, or whose way must be asked for first: DNS (RFC 3263),
 * one target after the other (§4.3), TCP before UDP for its size (RFC 3261 §18.1.1). Its content is
 * kept; its head is written anew for each attempt, since Via and Contact name the transport.
 *
 * Life: pursuit_begin -> [asking DNS] -> an attempt, which is an ordinary transaction -> over as
 * soon as a response is heard or the last way is taken; otherwise the next way. When none is left
 * the owner of the request is told as of any other failure.
 */
#include "b2bua/b2bua_priv.h"

#include "sip/value.h"

#define ASK_MS		(LOCATE_LIMIT_MS + 2000) /* an answer may be lost on its way between threads */
#define PATIENCE_MS	4000			 /* with one target, when there is another */
#define TCP_PATIENCE_MS 2000

struct pursuit {
	struct id id, leg;
	struct id client;     /* the attempt's transaction; ID_NONE: DNS is asked */
	struct leg_request r; /* its slices lie in kept */
	struct slice kept;    /* a buf */
	struct flow flow;     /* the attempt's */
	struct timer timer;
	/* the ways, in this order */
	bool first_flow; /* `flow` as it is */
	struct locate_target targets[LOCATE_TARGETS_MAX];
	uint32_t target_count, next_target;
	bool ask;	  /* the next hop gives more targets */
	bool last_flow;	  /* when all else has failed */
	struct flow last; /* that flow */
	bool for_size, closed, unlocated;
};

int pursuits_open(struct shard *s)
{
	struct pool_params p = {"pursuits", s->p.index, sizeof(struct pursuit), PURSUITS_MAX};
	int err = pool_new(&p, &s->pursuits);
	return err ? err : index_new(PURSUITS_MAX, &s->pursuits_by_client);
}

void pursuits_close(struct shard *s)
{
	uint32_t cursor = 0;
	struct id id;
	for (struct pursuit *p; s->pursuits && (p = pool_next(s->pursuits, &cursor, &id));)
		bufs_give(s->bufs, (char *)p->kept.p);
	index_free(s->pursuits_by_client);
	pool_free(s->pursuits);
}

/* --- slots */

static uint64_t hash_of(const struct shard *s, struct id client)
{
	return hash_u64(&s->p.hash_key, client.v);
}

struct client_key {
	const struct shard *s;
	struct id client;
};

static bool same_client(const void *ctx, uint64_t value)
{
	const struct client_key *k = ctx;
	const struct pursuit *p = pool_get(k->s->pursuits, (struct id){value});
	return p && id_eq(p->client, k->client);
}

static struct pursuit *by_client(const struct shard *s, struct id client)
{
	struct client_key k = {s, client};
	if (pool_used(s->pursuits) == 0)
		return NULL;
	uint64_t id = index_find(s->pursuits_by_client, hash_of(s, client), same_client, &k);
	return pool_get(s->pursuits, (struct id){id});
}

static void set_client(struct shard *s, struct pursuit *p, struct id client)
{
	if (id_is(p->client))
		index_remove(s->pursuits_by_client, hash_of(s, p->client), p->id.v);
	p->client = client;
	if (id_is(client) && index_put(s->pursuits_by_client, hash_of(s, client), p->id.v) != 0)
		p->client = ID_NONE; /* no memory: then this attempt is the last one */
}

static void pursuit_free(struct shard *s, struct pursuit *p)
{
	set_client(s, p, ID_NONE);
	wheel_cancel(s->wheel, &p->timer);
	bufs_give(s->bufs, (char *)p->kept.p);
	pool_give(s->pursuits, p->id);
}

static struct slice moved(struct strbuf *b, struct slice from)
{
	size_t at = b->n;
	strbuf_add(b, from);
	return b->failed ? SLICE_NONE : slice_of(b->p + at, from.n);
}

/* The request's texts in one buffer of its own. */
static bool keep(struct shard *s, struct pursuit *p, const struct leg_request *r)
{
	struct strbuf b;
	size_t n = r->method_text.n + r->headers.n + r->content_type.n + r->body.n;
	char *memory = bufs_take(s->bufs, n ? n : 1);
	if (memory == NULL)
		return false;
	strbuf_init(&b, memory, n);
	p->kept = slice_of(memory, n);
	p->r = *r;
	p->r.method_text = moved(&b, r->method_text);
	p->r.headers = moved(&b, r->headers);
	p->r.content_type = moved(&b, r->content_type);
	p->r.body = moved(&b, r->body);
	return true;
}

/* --- attempts */

/* How long an attempt may stay without any response; 0: as long as the RFC says. */
static int64_t patience_ms(const struct pursuit *p)
{
	bool another = p->next_target < p->target_count || p->last_flow;
	int64_t most = p->for_size ? TCP_PATIENCE_MS : PATIENCE_MS;
	if (!another || (p->r.first_ms && p->r.first_ms < most))
		return p->r.first_ms;
	return most;
}

/* Who cancels and who hears of a response must know the present transaction. */
static void tell_client(struct shard *s, uint64_t user, struct id client)
{
	struct leg *l = leg_of(s, user_id_of(user));
	if (user_kind_of(user) == USER_EXCHANGE)
		exchange_set_client(s, user_id_of(user), client);
	else if (user_kind_of(user) == USER_LEG && l)
		l->invite = client;
}

static int attempt(struct shard *s, struct pursuit *p, struct leg *l, const struct flow *flow)
{
	struct id client = ID_NONE;
	p->flow = l->flow = *flow;
	int err = leg_transmit(s, l, &p->r, patience_ms(p), &client);
	if (err)
		return err;
	tell_client(s, p->r.user, client);
	set_client(s, p, client);
	if (!id_is(p->client)) /* an ACK */
		pursuit_free(s, p);
	return 0;
}

static int attempt_target(struct shard *s, struct pursuit *p, struct leg *l)
{
	const struct locate_target *t = &p->targets[p->next_target++];
	struct flow flow;
	int err = transport_flow_to(s->transport, t->transport, &t->addr, &flow);
	return err ? err : attempt(s, p, l, &flow);
}

static void take_targets(struct pursuit *p, const struct locate_answer *a)
{
	p->next_target = 0;
	p->target_count = a->target_count;
	memcpy(p->targets, a->targets, a->target_count * sizeof(a->targets[0]));
}

/* 0: there are targets; ERR_AGAIN: they come by mail. */
static int ask_next_hop(struct shard *s, struct pursuit *p, const struct leg *l)
{
	struct sip_uri hop;
	struct locate_answer where;
	p->ask = false;
	int err = dialog_next_hop(&l->dialog, &hop);
	if (err == 0)
		err = locate_numeric(&hop, &where);
	if (err == 0)
		take_targets(p, &where);
	if (err != ERR_AGAIN)
		return err;
	err = s->p.locate ? s->p.locate(s->p.locate_ctx, &hop, s->p.index,
					located_token(LOCATED_PURSUIT, p->id))
			  : ERR_UNSUPPORTED;
	p->unlocated = err != 0;
	if (err)
		return err;
	set_client(s, p, ID_NONE);
	wheel_arm(s->wheel, &p->timer, now_of(s) + ASK_MS, TIMER_PURSUIT, p->id);
	return ERR_AGAIN;
}

/* Nobody wants it any more: the call was cancelled, or the leg is gone. */
static bool pointless(const struct pursuit *p, const struct leg *l)
{
	return l == NULL || l->state == LEG_GONE ||
	       (l->cancelled && l->state == LEG_INVITING && p->r.method == SIP_INVITE);
}

/* The next way. 0: under way (p may be gone); else all have failed, with the last one's error. */
static int advance(struct shard *s, struct pursuit *p)
{
	struct leg *l = leg_of(s, p->leg);
	int err = ERR_CLOSED;
	while (!pointless(p, l)) {
		if (p->first_flow) {
			struct flow flow = p->flow;
			p->first_flow = false;
			err = attempt(s, p, l, &flow);
		} else if (p->next_target < p->target_count) {
			err = attempt_target(s, p, l);
		} else if (p->ask) {
			err = ask_next_hop(s, p, l);
			if (err == ERR_AGAIN)
				return 0;
			if (err == 0)
				continue;
		} else if (p->last_flow) {
			p->last_flow = false;
			err = attempt(s, p, l, &p->last);
		} else {
			return err;
		}
		if (err == 0)
			return 0;
	}
	return ERR_CLOSED;
}

int pursuit_begin(struct shard *s, struct leg *l, const struct leg_request *r,
		  const struct pursuit_ways *ways)
{
	struct id id;
	struct pursuit *p = pool_take(s->pursuits, &id);
	if (p == NULL)
		return ERR_LIMIT;
	p->id = id;
	p->leg = l->id;
	p->flow = p->last = l->flow;
	p->first_flow = ways->first_flow;
	p->ask = ways->next_hop;
	p->closed = ways->closed;
	p->for_size = ways->tcp != NULL;
	p->last_flow = ways->last_flow;
	if (ways->tcp)
		p->targets[p->target_count++] = *ways->tcp;
	if (!keep(s, p, r)) {
		pursuit_free(s, p);
		return ERR_LIMIT;
	}
	int err = advance(s, p);
	if (err == 0)
		return 0;
	if (p->unlocated)
		err = ERR_NOT_FOUND;
	pursuit_free(s, p);
	return err;
}

/* --- what becomes of them */

static void failed_event(struct shard *s, const struct pursuit *p)
{
	char text[FLOW_TEXT_BYTES];
	const struct leg *l = leg_of(s, p->leg);
	struct event e = event_of(s, EVENT_TARGET_FAILED, l ? call_of(s, l->call) : NULL);
	event_add_text(&e, EVENT_KEY_METHOD, sip_method_name(p->r.method));
	event_add_text(&e, EVENT_KEY_REMOTE, slice_str(flow_text(&p->flow, text)));
	event_send(s, &e);
}

static void trace_as(struct shard *s, const struct pursuit *p)
{
	const struct leg *l = leg_of(s, p->leg);
	const struct call *c = l ? call_of(s, l->call) : NULL;
	s->out_call = c ? c->uid : 0;
}

/* The attempt did not work out. False: there is no other way. */
static bool go_on(struct shard *s, struct pursuit *p)
{
	if (flow_is_stream(&p->flow))
		transport_abandon(s->transport, &p->flow);
	trace_as(s, p);
	if (p->for_size && flow_is_stream(&p->flow))
		hop_tcp_refused(s, &p->flow.remote);
	set_client(s, p, ID_NONE);
	failed_event(s, p);
	if (advance(s, p) == 0)
		return true;
	pursuit_free(s, p);
	return false;
}

bool pursuit_failed(struct shard *s, struct id client)
{
	struct pursuit *p = by_client(s, client);
	return p && go_on(s, p);
}

/* A 503 sends us to the next target (RFC 3263 §4.3); any other response ends the search, but for a
 * non-INVITE the final one counts. */
bool pursuit_response(struct shard *s, struct id client, const struct sip_msg *msg)
{
	struct pursuit *p = by_client(s, client);
	if (p == NULL || (msg->code < 200 && p->r.method != SIP_INVITE))
		return false;
	if (msg->code == 503 && !p->for_size && !pointless(p, leg_of(s, p->leg)))
		return go_on(s, p);
	pursuit_free(s, p);
	return false;
}

static void give_up(struct shard *s, struct pursuit *p)
{
	uint64_t user = p->r.user;
	enum call_cause cause = p->unlocated ? CAUSE_NO_ADDRESS : CAUSE_NO_RESPONSE;
	bool ack = p->r.method == SIP_ACK;
	pursuit_free(s, p);
	if (!ack) /* without an ACK the 2xx comes again, and we try again */
		b2bua_request_failed(s, user, TXN_TRANSPORT, cause);
}

static void located_event(struct shard *s, const struct pursuit *p, const struct locate_answer *a)
{
	char text[ADDR_TEXT_BYTES];
	const struct leg *l = leg_of(s, p->leg);
	struct strbuf list = scratch_buf(s, LOCATE_TARGETS_MAX * (ADDR_TEXT_BYTES + 8));
	struct sip_uri hop = {0};
	if (l)
		(void)dialog_next_hop(&l->dialog, &hop);
	for (uint32_t i = 0; i < a->target_count; i++)
		strbuf_fmt(&list, "%s%.*s:%s", i ? " " : "",
			   SLICE_ARG(sip_transport_param_name(a->targets[i].transport)),
			   addr_text(&a->targets[i].addr, text));
	struct event e = event_of(s, a->err ? EVENT_LOCATE_FAILED : EVENT_LOCATED,
				  l ? call_of(s, l->call) : NULL);
	event_add_text(&e, EVENT_KEY_CONTACT, hop.host);
	if (a->err)
		event_add_text(&e, EVENT_KEY_REASON, slice_str(err_text(a->err)));
	else
		event_add_text(&e, EVENT_KEY_DETAIL, strbuf_slice(&list));
	event_send(s, &e);
}

/* When the flow that is there leads to one of the proxy's addresses, it stays. */
static void take_answer(struct pursuit *p, struct leg *l, const struct locate_answer *a)
{
	l->way_known = true;
	if (!p->closed && hop_flow_serves(&l->flow, a)) {
		p->first_flow = true;
		p->flow = l->flow;
	} else {
		take_targets(p, a);
	}
}

static void answered(struct shard *s, struct pursuit *p, const struct locate_answer *a)
{
	struct leg *l = leg_of(s, p->leg);
	trace_as(s, p);
	located_event(s, p, a);
	p->unlocated = a->err != 0;
	if (a->err == 0 && l)
		take_answer(p, l, a);
	if (advance(s, p) != 0)
		give_up(s, p);
}

void pursuit_located(struct shard *s, struct id id, const struct locate_answer *a)
{
	struct pursuit *p = pool_get(s->pursuits, id);
	if (p == NULL || !timer_armed(&p->timer))
		return;
	wheel_cancel(s->wheel, &p->timer);
	answered(s, p, a);
}

void pursuit_on_timer(struct shard *s, struct id id)
{
	struct locate_answer late = {.err = ERR_TIMEOUT};
	struct pursuit *p = pool_get(s->pursuits, id);
	if (p)
		answered(s, p, &late);
}

bool pursuit_withdraw(struct shard *s, uint64_t user, enum sip_method method)
{
	uint32_t cursor = 0;
	struct id id;
	if (pool_used(s->pursuits) == 0)
		return false;
	for (struct pursuit *p = pool_next(s->pursuits, &cursor, &id); p;
	     p = pool_next(s->pursuits, &cursor, &id)) {
		if (p->r.user != user || p->r.method != method || !timer_armed(&p->timer))
			continue;
		pursuit_free(s, p);
		return true;
	}
	return false;
}

uint32_t pursuits_lost(const struct shard *s)
{
	uint32_t cursor = 0, lost = 0;
	struct id id;
	for (const struct pursuit *p = pool_next(s->pursuits, &cursor, &id); p;
	     p = pool_next(s->pursuits, &cursor, &id))
		lost += !id_is(p->client) && !timer_armed(&p->timer);
	return lost;
}
