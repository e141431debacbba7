#include "directory/directory_priv.h"

#include <stdlib.h>

/* A stream that was restored has lost its connection: no way leads there until the phone registers
 * again. */
static bool has_way(const struct flow *flow)
{
	return flow_is(flow) && !(flow_is_stream(flow) && flow->connection == 0);
}

int block_new(struct directory *d, struct row *row, const struct reg_binding *b,
	      struct block **ret_block)
{
	char bytes[ENCODED_BYTES];
	struct block *block;
	size_t n;

	if (binding_encode(b, bytes, &n) == 0)
		return ERR_TOO_BIG;
	block = malloc(offsetof(struct block, bytes) + n);
	if (!block)
		return ERR_NOMEM;
	*block = (struct block){.row = row,
				.bytes_n = (uint16_t)n,
				.reach = b->reach,
				.pinged_at = b->pinged_at,
				.pong_at = b->pong_at,
				.expiry.at_ms = b->expires_at};
	memcpy(block->bytes, bytes, n);
	if (has_way(&b->flow) && way_attach(d, block, b) != 0) {
		free(block);
		return ERR_NOMEM;
	}
	*ret_block = block;
	return 0;
}

/* Behind a Path the phone is somebody else's to keep awake. */
static bool wants_pings(const struct block *block, const struct reg_binding *b)
{
	return block->way && (b->nat || b->reg_id) && !b->path.n;
}

/* Those of its stripe's buckets that its shard looks into; NULL: it wants no pings, or there is no
 * memory for them. */
static struct buckets *pings_of(struct number_stripe *stripe, const struct block *block,
				const struct reg_binding *b)
{
	uint32_t lane = flow_is_stream(&b->flow) ? 1u + b->flow.shard : 0;

	if (!wants_pings(block, b) || lane > SHARDS_PINGED)
		return NULL;
	if (lane >= stripe->ping_count) {
		struct buckets **grown = realloc(stripe->pings, (lane + 1) * sizeof(grown[0]));

		if (!grown)
			return NULL;
		for (uint32_t i = stripe->ping_count; i <= lane; i++)
			grown[i] = NULL;
		stripe->pings = grown;
		stripe->ping_count = lane + 1;
	}
	if (!stripe->pings[lane])
		stripe->pings[lane] = buckets_new(PING_BUCKETS);
	return stripe->pings[lane];
}

void block_link(struct directory *d, struct number_stripe *stripe, struct block *block,
		int64_t next_ping_ms)
{
	struct reg_binding b;
	struct buckets *pings = NULL;

	if (binding_decode(slice_of(block->bytes, block->bytes_n), &b) == 0)
		pings = pings_of(stripe, block, &b);
	block->next = block->row->blocks;
	block->row->blocks = block;
	buckets_arm(stripe->expiry, &block->expiry, block->expiry.at_ms);
	if (pings)
		buckets_arm(pings, &block->ping, next_ping_ms);
	atomic_fetch_add(&d->binding_count, 1);
}

void block_unlink(struct directory *d, struct block *block)
{
	struct block **at = &block->row->blocks;

	while (*at != block)
		at = &(*at)->next;
	*at = block->next;
	buckets_cancel(&block->expiry);
	buckets_cancel(&block->ping);
	way_detach(d, block);
	atomic_fetch_sub(&d->binding_count, 1);
}

void block_free(struct directory *d, struct block *block)
{
	if (!block)
		return;
	way_detach(d, block);
	free(block);
}

void block_read(struct directory *d, const struct block *block, struct reg_binding *ret_binding)
{
	/* Our own bytes: they were encoded, or decoded once already, when the block was made. */
	(void)binding_decode(slice_of(block->bytes, block->bytes_n), ret_binding);
	ret_binding->expires_at = block->expiry.at_ms;
	ret_binding->reach = block->reach;
	ret_binding->pinged_at = block->pinged_at;
	ret_binding->pong_at = block->pong_at;
	if (block->way)
		way_read(d, block->way, ret_binding);
	else if (flow_is_stream(&ret_binding->flow))
		ret_binding->reach = REG_UNREACHABLE;
}

int binding_copy_texts(struct reg_binding *b, struct arena *arena)
{
	struct slice *const texts[] = {&b->contact, &b->call_id, &b->instance, &b->user_agent,
				       &b->path};
	size_t n = 0;
	char *at;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		n += texts[i]->n;
	at = arena_alloc(arena, n ? n : 1);
	if (!at)
		return ERR_NOMEM;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i]->n)
			memcpy(at, texts[i]->p, texts[i]->n);
		texts[i]->p = texts[i]->p ? at : NULL;
		at += texts[i]->n;
	}
	return 0;
}
