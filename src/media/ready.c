#include "media/ready_priv.h"

#include "base/err.h"

#include <stdlib.h>
#include <sys/queue.h>

struct idle {
	TAILQ_ENTRY(idle) list; /* free, or in the order in which they fell quiet */
	struct ready_pair pair;
	int64_t quiet_since_ms;
	bool used;
};

TAILQ_HEAD(idle_list, idle);

struct ready {
	uint32_t count, max;
	struct idle_list free, v4, v6;
	struct idle places[];
};

int ready_new(uint32_t pairs_max, struct ready **ret_ready)
{
	struct ready *r = calloc(1, sizeof(*r) + pairs_max * sizeof(r->places[0]));
	if (r == NULL)
		return ERR_NOMEM;
	r->max = pairs_max;
	TAILQ_INIT(&r->free);
	TAILQ_INIT(&r->v4);
	TAILQ_INIT(&r->v6);
	for (uint32_t i = 0; i < pairs_max; i++)
		TAILQ_INSERT_TAIL(&r->free, &r->places[i], list);
	*ret_ready = r;
	return 0;
}

void ready_free(struct ready *r)
{
	free(r);
}

static struct idle_list *list_of(struct ready *r, int family)
{
	return family == 6 ? &r->v6 : &r->v4;
}

int ready_put(struct ready *r, const struct ready_pair *pair, int64_t now_ms, uint32_t *ret_place)
{
	struct idle *i = TAILQ_FIRST(&r->free);
	if (i == NULL)
		return ERR_LIMIT;
	TAILQ_REMOVE(&r->free, i, list);
	i->pair = *pair;
	i->quiet_since_ms = now_ms;
	i->used = true;
	TAILQ_INSERT_TAIL(list_of(r, pair->rtp.family), i, list);
	r->count++;
	*ret_place = (uint32_t)(i - r->places);
	return 0;
}

static void take(struct ready *r, struct idle *i, struct ready_pair *ret_pair)
{
	TAILQ_REMOVE(list_of(r, i->pair.rtp.family), i, list);
	TAILQ_INSERT_HEAD(&r->free, i, list);
	i->used = false;
	r->count--;
	*ret_pair = i->pair;
}

static int64_t quiet_ms(const struct ready *r)
{
	return r->count >= r->max - r->max / 4 ? READY_QUIET_CROWDED_MS : READY_QUIET_MS;
}

bool ready_take(struct ready *r, int family, int64_t now_ms, struct ready_pair *ret_pair)
{
	struct idle *i = TAILQ_FIRST(list_of(r, family));
	if (i == NULL || now_ms - i->quiet_since_ms < quiet_ms(r))
		return false;
	take(r, i, ret_pair);
	return true;
}

bool ready_take_any(struct ready *r, int family, struct ready_pair *ret_pair)
{
	struct idle *i = family == 6 ? NULL : TAILQ_FIRST(&r->v4);
	if (i == NULL && family != 4)
		i = TAILQ_FIRST(&r->v6);
	if (i == NULL)
		return false;
	take(r, i, ret_pair);
	return true;
}

/* To the end of the list: it stays in the order of quiet_since_ms. */
void ready_heard(struct ready *r, uint32_t place, int64_t now_ms)
{
	struct idle *i = place < r->max ? &r->places[place] : NULL;
	if (i == NULL || !i->used)
		return;
	struct idle_list *list = list_of(r, i->pair.rtp.family);
	i->quiet_since_ms = now_ms;
	TAILQ_REMOVE(list, i, list);
	TAILQ_INSERT_TAIL(list, i, list);
}

uint32_t ready_count(const struct ready *r)
{
	return r->count;
}
