#include "directory/directory_priv.h"

static struct block *block_of(struct due *ping)
{
	return (struct block *)((char *)ping - offsetof(struct block, ping));
}

/* A stream that is gone will not come back; its block waits for the phone to register. */
static bool fill(struct directory *d, struct block *block, struct directory_ping *ret_ping)
{
	struct reg_binding b;

	if (binding_decode(slice_of(block->bytes, block->bytes_n), &b) != 0 ||
	    slice_copy(b.contact, ret_ping->contact, sizeof(ret_ping->contact)) != 0 ||
	    (flow_is_stream(&b.flow) && way_is_gone(d, block->way)))
		return false;
	(void)slice_copy(row_number(block->row), ret_ping->number, sizeof(ret_ping->number));
	ret_ping->flow = b.flow;
	return true;
}

struct round {
	struct directory *d;
	int64_t now_ms, period_ms;
	struct directory_ping *pings;
	uint32_t count, max;
};

static void take_due(struct round *g, struct number_stripe *s, uint32_t lane)
{
	struct buckets *buckets = lane < s->ping_count ? s->pings[lane] : NULL;
	struct due *due;

	while (buckets && g->count < g->max && (due = buckets_next(buckets, g->now_ms)) != NULL) {
		struct block *block = block_of(due);

		if (!fill(g->d, block, &g->pings[g->count]))
			continue;
		g->count++;
		block->pinged_at = g->now_ms;
		buckets_arm(buckets, &block->ping, g->now_ms + g->period_ms);
	}
}

/* Each UDP stripe is one shard's; of streams, each shard has its own buckets in every stripe. */
uint32_t directory_pings_due(struct directory *d, uint32_t shard, uint32_t shards, int64_t now_ms,
			     int64_t period_ms, struct directory_ping *ret_pings, uint32_t max)
{
	struct round g = {
		.d = d, .now_ms = now_ms, .period_ms = period_ms, .pings = ret_pings, .max = max};
	_Atomic uint32_t *from = &d->ping_from[shard % SHARDS_PINGED];
	uint32_t start = atomic_load(from);

	if (period_ms <= 0 || shards == 0)
		return 0;
	atomic_store(&d->ping_period_ms, period_ms);
	for (uint32_t i = 0; i < STRIPES && g.count < max; i++) {
		uint32_t at = (start + i) % STRIPES;
		struct number_stripe *s = &d->numbers[at];

		pthread_mutex_lock(&s->lock);
		if (at % shards == shard)
			take_due(&g, s, 0);
		take_due(&g, s, 1 + shard);
		pthread_mutex_unlock(&s->lock);
		atomic_store(from, at);
	}
	return g.count;
}

static struct block *find_by_flow(const struct row *row, const struct flow *flow)
{
	for (struct block *b = row->blocks; b; b = b->next)
		if (b->way && way_leads(b->way, flow))
			return b;
	return NULL;
}

static enum directory_reach_change note_result(struct directory *d, struct block *block,
					       bool answered, int64_t now_ms)
{
	bool was_unreachable = block->reach == REG_UNREACHABLE || way_is_gone(d, block->way);

	block->reach = answered ? REG_REACHABLE : REG_UNREACHABLE;
	if (answered) {
		block->pong_at = now_ms;
		way_is_alive(d, block->way);
	}
	if (was_unreachable == !answered)
		return DIRECTORY_REACH_SAME;
	return answered ? DIRECTORY_BECAME_REACHABLE : DIRECTORY_BECAME_UNREACHABLE;
}

enum directory_reach_change directory_ping_result(struct directory *d, struct slice number,
						  const struct flow *flow, bool answered,
						  int64_t now_ms)
{
	enum directory_reach_change change = DIRECTORY_REACH_SAME;
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);
	struct block *block;

	if (!row)
		return change;
	block = find_by_flow(row, flow);
	if (block)
		change = note_result(d, block, answered, now_ms);
	pthread_mutex_unlock(&s->lock);
	return change;
}
