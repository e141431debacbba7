/* Which trunk takes a call, which one a message came from. */
#include "trunk/trunk.h"

/* How much of the number the best of its prefixes covers; -1: it does not take that number. */
static int prefix_fits(const struct trunk *t, struct slice number)
{
	int best = t->prefix_count ? -1 : 0;
	for (uint32_t i = 0; i < t->prefix_count; i++) {
		struct slice prefix = slice_str(t->prefixes[i]);
		if (slice_starts(number, prefix) && (int)prefix.n > best)
			best = (int)prefix.n;
	}
	return best;
}

static bool was_tried(const struct trunk_ask *ask, uint32_t id)
{
	for (uint32_t i = 0; i < ask->tried_count; i++) {
		if (ask->tried[i] == id)
			return true;
	}
	return false;
}

static bool is_emergency(struct slice number)
{
	return slice_eq(number, SLICE("110")) || slice_eq(number, SLICE("118")) ||
	       slice_eq(number, SLICE("119"));
}

bool trunk_is_full(const struct trunk *t, const struct trunk_state *state)
{
	return t->capacity && state->calls >= t->capacity;
}

/* What those that are chosen among have in common. */
struct best {
	int prefix;
	uint32_t priority, weights;
};

static bool is_better(const struct best *b, int prefix, uint32_t priority)
{
	return prefix > b->prefix || (prefix == b->prefix && priority < b->priority);
}

static uint32_t weight_of(const struct trunk *t)
{
	return t->weight ? t->weight : 1;
}

static bool may_take(const struct trunk *t, const struct trunk_state *state,
		     const struct trunk_ask *ask, int *ret_prefix, enum trunk_verdict *verdict)
{
	*ret_prefix = was_tried(ask, t->id) ? -1 : prefix_fits(t, ask->number);
	if (*ret_prefix < 0)
		return false;
	if (state->down) {
		if (*verdict == TRUNK_NONE)
			*verdict = TRUNK_ALL_DOWN;
		return false;
	}
	if (trunk_is_full(t, state)) {
		*verdict = TRUNK_ALL_FULL;
		return false;
	}
	return true;
}

enum trunk_verdict trunk_choose(const struct trunk *v, const struct trunk_state *states,
				uint32_t count, const struct trunk_ask *ask, uint32_t *ret_index)
{
	enum trunk_verdict verdict = TRUNK_NONE;
	struct best best = {.prefix = -1};
	int prefix;
	if (is_emergency(ask->number))
		return TRUNK_NONE;
	for (uint32_t i = 0; i < count; i++) {
		if (!may_take(&v[i], &states[i], ask, &prefix, &verdict))
			continue;
		if (is_better(&best, prefix, v[i].priority))
			best = (struct best){prefix, v[i].priority, 0};
		if (prefix == best.prefix && v[i].priority == best.priority)
			best.weights += weight_of(&v[i]);
	}
	if (best.prefix < 0)
		return verdict;
	uint32_t mark = ask->draw % best.weights;
	for (uint32_t i = 0; i < count; i++) {
		if (!may_take(&v[i], &states[i], ask, &prefix, &verdict) || prefix != best.prefix ||
		    v[i].priority != best.priority)
			continue;
		*ret_index = i;
		if (mark < weight_of(&v[i]))
			break;
		mark -= weight_of(&v[i]);
	}
	return TRUNK_FOUND;
}

/* --- where a message came from */

/* Bits of the narrowest range that holds the address; -1: none does. */
static int range_fits(const struct trunk *t, const struct addr *source)
{
	int best = -1;
	for (uint32_t i = 0; i < t->source_count; i++) {
		if (cidr_contains(&t->sources[i], source) && t->sources[i].bits > best)
			best = t->sources[i].bits;
	}
	return best;
}

/* Its own address is narrower than every range. Over UDP a peer sends from where it listens: on a
 * host that has others beside it the port tells them apart. */
#define OWN_ADDRESS 256
static int address_fits(const struct trunk_state *state, const struct flow *flow)
{
	for (uint32_t i = 0; i < state->address_count; i++) {
		const struct addr *a = &state->addresses[i];
		bool port = flow_is_stream(flow) || a->port == 0 || a->port == flow->remote.port;
		if (port && addr_ip_eq(a, &flow->remote))
			return OWN_ADDRESS;
	}
	return -1;
}

int trunk_of_source(const struct trunk *v, const struct trunk_state *states, uint32_t count,
		    const struct flow *flow)
{
	int found = -1, best = -1;
	for (uint32_t i = 0; i < count; i++) {
		int fits = address_fits(&states[i], flow);
		if (fits < 0)
			fits = range_fits(&v[i], &flow->remote);
		if (fits > best) {
			best = fits;
			found = (int)i;
		}
	}
	return found;
}
