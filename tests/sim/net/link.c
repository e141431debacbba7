/* What happens to a packet between its sender and its receiver. */
#include "net_priv.h"
#include "wire.h"

static bool same_host(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

struct sim_host *sim_host_find(struct sim_net *net, const struct addr *addr)
{
	for (uint32_t i = 0; i < net->host_n; i++) {
		if (same_host(&net->hosts[i].addr, addr))
			return &net->hosts[i];
	}
	return NULL;
}

static struct sim_host *host_get(struct sim_net *net, const struct addr *addr)
{
	struct sim_host *h = sim_host_find(net, addr);
	if (!h && net->host_n < SIM_HOSTS_MAX) {
		h = &net->hosts[net->host_n++];
		*h = (struct sim_host){.addr = *addr};
	}
	return h;
}

void sim_net_set_link(struct sim_net *net, const struct addr *host, const struct sim_link *link)
{
	struct sim_host *h = host ? host_get(net, host) : NULL;
	if (h) {
		h->link = *link;
		h->has_link = true;
	} else {
		net->link = *link;
	}
}

void sim_net_unplug(struct sim_net *net, const struct addr *host, bool unplugged)
{
	struct sim_host *h = host_get(net, host);
	if (h)
		h->unplugged = unplugged;
}

void sim_net_land(struct sim_net *net, const struct addr *host, int index)
{
	struct sim_host *h = host ? host_get(net, host) : NULL;
	if (h) {
		h->landing = index;
		h->has_landing = true;
	} else {
		net->landing = index;
	}
}

int sim_landing(struct sim_net *net, const struct addr *src)
{
	struct sim_host *h = sim_host_find(net, src);
	return h && h->has_landing ? h->landing : net->landing;
}

void sim_net_add_rule(struct sim_net *net, const struct sim_rule *rule)
{
	if (net->rule_n < SIM_RULES_MAX)
		net->rules[net->rule_n++] = *rule;
}

void sim_net_set_icmp(struct sim_net *net, bool on)
{
	net->icmp = on;
}

void sim_net_set_chop(struct sim_net *net, bool on)
{
	net->chop = on;
}

static const struct sim_link *link_of(struct sim_net *net, const struct addr *src,
				      const struct addr *dst)
{
	const struct sim_host *h = sim_host_find(net, src);
	if (h && h->has_link)
		return &h->link;
	h = sim_host_find(net, dst);
	return h && h->has_link ? &h->link : &net->link;
}

int64_t sim_link_delay_us(struct sim_net *net, const struct addr *src, const struct addr *dst)
{
	const struct sim_link *link = link_of(net, src, dst);
	return link->delay_us + sim_rand_below(&net->rand, (uint32_t)link->jitter_us);
}

bool sim_link_cut(struct sim_net *net, const struct addr *src, const struct addr *dst)
{
	const struct sim_host *a = sim_host_find(net, src), *b = sim_host_find(net, dst);
	return (a && a->unplugged) || (b && b->unplugged);
}

void sim_tell(struct sim_net *net, const struct addr *src, const struct addr *dst,
	      struct slice bytes, enum sim_fate fate, bool stream)
{
	const struct sim_packet packet = {
		.at_us = net->now_us,
		.src = *src,
		.dst = *dst,
		.bytes = bytes,
		.fate = fate,
		.stream = stream,
	};
	for (uint32_t i = 0; i < net->tap_n; i++)
		net->taps[i].fn(net->taps[i].ctx, &packet);
}

static bool end_fits(const struct addr *rule, const struct addr *addr)
{
	return rule->family == 0 ||
	       (same_host(rule, addr) && (rule->port == 0 || rule->port == addr->port));
}

static bool rule_fits(const struct sim_rule *r, const struct addr *src, const struct addr *dst,
		      struct slice bytes)
{
	return end_fits(&r->from, src) && end_fits(&r->to, dst) &&
	       (r->pattern[0] == 0 || wire_bytes_match(r->pattern, bytes));
}

/* The first rule that fits, counted; a rule that is used up goes. */
static struct sim_rule judge(struct sim_net *net, const struct addr *src, const struct addr *dst,
			     struct slice bytes)
{
	for (uint32_t i = 0; i < net->rule_n; i++) {
		struct sim_rule *r = &net->rules[i];
		if (!rule_fits(r, src, dst, bytes))
			continue;
		if (r->skip > 0) {
			r->skip--;
			continue;
		}
		const struct sim_rule verdict = *r;
		if (--r->count == 0)
			memmove(r, r + 1, (--net->rule_n - i) * sizeof(*r));
		return verdict;
	}
	return (struct sim_rule){.fate = SIM_PASS};
}

static void fly(struct sim_net *net, const struct sim_socket *from, const struct addr *dst,
		struct slice bytes, int64_t extra_us)
{
	const int64_t at = net->now_us + sim_link_delay_us(net, &from->local, dst) + extra_us;
	struct sim_event *ev = sim_queue_add(net, at, SIM_EV_DATAGRAM, bytes);
	ev->handle = from->handle;
	ev->src = from->local;
	ev->dst = *dst;
}

void sim_packet_send(struct sim_net *net, const struct sim_socket *from, const struct addr *dst,
		     struct slice bytes)
{
	struct sim_rule verdict = judge(net, &from->local, dst, bytes);
	const struct sim_link *link = link_of(net, &from->local, dst);
	if (verdict.fate == SIM_PASS && sim_rand_chance(&net->rand, link->loss_per_mille))
		verdict.fate = SIM_DROP;
	if (verdict.fate == SIM_PASS && sim_rand_chance(&net->rand, link->dup_per_mille))
		verdict.fate = SIM_DUP;
	if (sim_link_cut(net, &from->local, dst) || from->local.family != dst->family)
		verdict.fate = SIM_DROP;
	net->counts.sent++;
	net->counts.dropped += verdict.fate == SIM_DROP;
	net->counts.doubled += verdict.fate == SIM_DUP;
	sim_tell(net, &from->local, dst, bytes, verdict.fate, false);
	if (verdict.fate == SIM_DROP)
		return;
	fly(net, from, dst, bytes, verdict.fate == SIM_DELAY ? verdict.delay_us : 0);
	if (verdict.fate == SIM_DUP)
		fly(net, from, dst, bytes, 1);
}
