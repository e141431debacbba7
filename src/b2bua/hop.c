/*
 * Where a request of ours goes first. A phone is reached over the flow that its last message (or
 * its REGISTER) came by, whatever its Contact says: it may be behind a NAT (RFC 5626). A route set
 * is another matter: the first route is a proxy, and the request goes to where that one listens
 * (RFC 3261 §12.2.1.1, §8.1.2). So is a trunk: what its Contact says is where it wants requests.
 */
#include "b2bua/b2bua_priv.h"

#include "sip/value.h"

#define REFUSAL_KEPT_MS (3600 * 1000LL)

/* --- routes */

/* The same host over a connection that it opened itself is the proxy, from whichever port. */
static bool leads_to(const struct flow *f, const struct locate_target *t)
{
	if (!addr_ip_eq(&f->remote, &t->addr))
		return false;
	return flow_is_stream(f) || (t->transport == SIP_UDP && f->remote.port == t->addr.port);
}

bool hop_flow_serves(const struct flow *f, const struct locate_answer *answer)
{
	for (uint32_t i = 0; i < answer->target_count; i++) {
		if (leads_to(f, &answer->targets[i]))
			return true;
	}
	return false;
}

/* A proxy that names an address of its own network, seen from outside of it. */
static bool out_of_reach(const struct flow *f, const struct locate_target *t)
{
	return addr_is_private(&t->addr) && !addr_is_private(&f->remote);
}

int hop_settle(struct shard *s, struct leg *l)
{
	struct sip_uri hop;
	struct locate_answer where;
	struct flow flow;
	bool routes = dialog_text(&l->dialog, DIALOG_ROUTES).n > 0;
	if (l->way_known || (!routes && l->trunk == 0))
		return 0;
	int err = dialog_next_hop(&l->dialog, &hop);
	if (err == 0)
		err = locate_numeric(&hop, &where);
	if (err == ERR_AGAIN)
		return err;
	l->way_known = true;
	if (err == 0 && !leads_to(&l->flow, &where.targets[0]) &&
	    !out_of_reach(&l->flow, &where.targets[0]) &&
	    transport_flow_to(s->transport, where.targets[0].transport, &where.targets[0].addr,
			      &flow) == 0)
		l->flow = flow;
	return 0;
}

bool hop_is_elsewhere_too(const struct leg *l)
{
	struct sip_uri hop;
	struct locate_answer where;
	if (dialog_next_hop(&l->dialog, &hop) != 0)
		return false;
	int err = locate_numeric(&hop, &where);
	return err == ERR_AGAIN || (err == 0 && !out_of_reach(&l->flow, &where.targets[0]));
}

/* --- requests that are too large for UDP (RFC 3261 §18.1.1) */

static struct tcp_refusal *refusal_of(struct shard *s, const struct addr *a)
{
	uint64_t h = hash_slice(&s->p.hash_key, slice_of((const char *)a->ip, sizeof(a->ip)));
	return &s->tcp_refusals[hash_mix(h, a->port) % TCP_REFUSALS];
}

void hop_tcp_refused(struct shard *s, const struct addr *a)
{
	*refusal_of(s, a) = (struct tcp_refusal){*a, now_of(s) + REFUSAL_KEPT_MS};
}

static bool refused(struct shard *s, const struct addr *a)
{
	const struct tcp_refusal *r = refusal_of(s, a);
	return addr_eq(&r->addr, a) && now_of(s) < r->until_ms;
}

/* Neither "only UDP" nor "only this flow" (RFC 5626 §5.3), and not a way round somebody. */
static bool leaves_the_choice(const struct sip_uri *uri)
{
	struct slice ignored;
	return uri->scheme == SIP_SCHEME_SIP &&
	       !sip_param(uri->params, SLICE("transport"), &ignored) &&
	       !sip_param(uri->params, SLICE("maddr"), &ignored) &&
	       !sip_param(uri->params, SLICE("ob"), &ignored);
}

bool hop_may_go_tcp(struct shard *s, const struct leg *l, struct locate_target *ret_target)
{
	struct sip_uri uri;
	struct locate_answer where;
	if (l->flow.transport != SIP_UDP || dialog_next_hop(&l->dialog, &uri) != 0 ||
	    !leaves_the_choice(&uri) || locate_numeric(&uri, &where) != 0)
		return false;
	/* Behind a NAT nobody but the phone can open a connection. */
	if (!addr_eq(&where.targets[0].addr, &l->flow.remote) || refused(s, &l->flow.remote))
		return false;
	*ret_target = (struct locate_target){SIP_TCP, l->flow.remote};
	return transport_listens(s->transport, SIP_TCP, l->flow.remote.family);
}
