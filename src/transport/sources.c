/* How many connections each source has open, so that nobody takes them all: an IPv4 address is a
 * source, and an IPv6 /64, which is what one customer gets at least. */
#include "transport/transport_priv.h"

struct source {
	struct id id;
	struct addr net;
	uint32_t count;
};

int sources_open(struct transport *t)
{
	struct pool_params p = {"sources", t->p.shard, sizeof(struct source), t->p.connections_max};
	int err = pool_new(&p, &t->sources);
	return err ? err : index_new(t->p.connections_max, &t->by_source);
}

static struct addr net_of(const struct addr *a)
{
	struct addr net = {.family = a->family};
	memcpy(net.ip, a->ip, a->family == 4 ? 4 : 8);
	return net;
}

struct source_key {
	const struct transport *t;
	struct addr net;
};

static bool same_net(const void *ctx, uint64_t value)
{
	const struct source_key *k = ctx;
	const struct source *s = pool_get(k->t->sources, (struct id){value});
	return s && addr_eq(&s->net, &k->net);
}

bool source_take(struct transport *t, const struct addr *a, struct id *ret_source)
{
	struct source_key k = {t, net_of(a)};
	uint64_t hash = transport_addr_hash(&k.net);
	struct source *s =
		pool_get(t->sources, (struct id){index_find(t->by_source, hash, same_net, &k)});
	struct id id;
	if (s == NULL) {
		s = pool_take(t->sources, &id);
		if (s == NULL)
			return false;
		*s = (struct source){.id = id, .net = k.net};
		if (index_put(t->by_source, hash, id.v) != 0) {
			pool_give(t->sources, id);
			return false;
		}
	}
	if (t->p.connections_per_source_max && s->count >= t->p.connections_per_source_max)
		return false;
	s->count++;
	*ret_source = s->id;
	return true;
}

void source_give(struct transport *t, struct id source)
{
	struct source *s = pool_get(t->sources, source);
	if (s == NULL || --s->count > 0)
		return;
	index_remove(t->by_source, transport_addr_hash(&s->net), source.v);
	pool_give(t->sources, source);
}
