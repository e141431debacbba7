/* Calls and legs by their ids, also by those that they had before a restart. */
#include "core/core.h"

#include <stdlib.h>

struct call *call_of(const struct shard *s, struct id id)
{
	return pool_get(s->calls, id);
}

struct call_forwards *call_forwards_of(const struct shard *s, const struct call *c)
{
	return pool_get(s->forwards, c->forwards);
}

const struct call_forward *call_last_forward(const struct shard *s, const struct call *c)
{
	const struct call_forwards *forwards = call_forwards_of(s, c);
	return forwards && forwards->count ? &forwards->v[forwards->count - 1] : NULL;
}

int leg_alias_compare(const void *a, const void *b)
{
	uint64_t x = ((const struct leg_alias *)a)->old.v, y = ((const struct leg_alias *)b)->old.v;
	return x < y ? -1 : x > y;
}

/* Two processes may have given two legs the same id: the tag tells them apart. */
struct leg *leg_of_before(const struct shard *s, struct id id, struct slice tag)
{
	struct leg_alias key = {.old = id};
	if (s->alias_count == 0)
		return NULL;
	const struct leg_alias *a =
		bsearch(&key, s->aliases, s->alias_count, sizeof(s->aliases[0]), leg_alias_compare);
	while (a && a > s->aliases && id_eq(a[-1].old, id))
		a--;
	for (; a && a < s->aliases + s->alias_count && id_eq(a->old, id); a++) {
		struct leg *l = pool_get(s->legs, a->now);
		if (l && (tag.n == 0 || token_same(dialog_text(&l->dialog, DIALOG_LOCAL_TAG), tag)))
			return l;
	}
	return NULL;
}

struct leg *leg_of(const struct shard *s, struct id id)
{
	struct leg *l = pool_get(s->legs, id);
	/* Of ids of our own, only what a phone has kept may mean a leg of before. */
	return l || id_shard(id) == s->p.index ? l : leg_of_before(s, id, SLICE_NONE);
}

struct leg *branch_leg(const struct shard *s, const struct call *c, uint8_t branch)
{
	return branch < c->branch_count ? leg_of(s, c->branches[branch].leg) : NULL;
}
