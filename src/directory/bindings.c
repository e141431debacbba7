/*
 * REGISTER: the registrar's rules applied to a number's blocks, and the outcome kept. All that may
 * fail (memory, the writer's queue) is done before the first block is touched.
 */
#include "directory/directory_priv.h"

#include <stdlib.h>

#define LIVE_MAX REG_BINDINGS_MAX
#define NEW_MAX	 REG_CONTACTS_MAX

struct registration {
	struct directory *d;
	struct number_stripe *stripe;
	struct row *row;
	const struct reg_request *request;
	struct reg_outcome *outcome;

	struct block *live[LIVE_MAX]; /* as they were, with what was known of them */
	struct reg_binding old[LIVE_MAX];
	uint32_t live_count;

	struct block *made[NEW_MAX];
	const struct reg_binding *made_of[NEW_MAX];
	uint32_t made_count;
	struct block *dropped[LIVE_MAX];
	uint32_t dropped_count;
};

/* What has expired waits for directory_expire to report it. */
static void collect_live(struct registration *g)
{
	for (struct block *b = g->row->blocks; b && g->live_count < LIVE_MAX; b = b->next) {
		if (b->expiry.at_ms <= g->request->now_ms)
			continue;
		block_read(g->d, b, &g->old[g->live_count]);
		g->live[g->live_count++] = b;
	}
}

/* A binding that reg left alone still points into its block. */
static bool is_of_block(const struct reg_binding *b, const struct block *block)
{
	return b->contact.p >= block->bytes && b->contact.p < block->bytes + block->bytes_n;
}

static bool is_left_alone(const struct registration *g, const struct block *block)
{
	for (uint32_t i = 0; i < g->outcome->binding_count; i++)
		if (is_of_block(&g->outcome->bindings[i], block))
			return true;
	return false;
}

static bool is_made_anew(const struct registration *g, const struct reg_binding *b)
{
	for (uint32_t i = 0; i < g->live_count; i++)
		if (is_of_block(b, g->live[i]))
			return false;
	return true;
}

static int make_blocks(struct registration *g)
{
	/* From the oldest on, so that the newest comes to stand first in the list. */
	for (uint32_t i = g->outcome->binding_count; i-- > 0;) {
		const struct reg_binding *b = &g->outcome->bindings[i];
		int r;

		if (!is_made_anew(g, b))
			continue;
		r = block_new(g->d, g->row, b, &g->made[g->made_count]);
		if (r != 0)
			return r;
		g->made_of[g->made_count++] = b;
	}
	for (uint32_t i = 0; i < g->live_count; i++)
		if (!is_left_alone(g, g->live[i]))
			g->dropped[g->dropped_count++] = g->live[i];
	return 0;
}

static struct slice key_of(const struct block *block, char dst[KEY_BYTES])
{
	struct reg_binding b;

	if (binding_decode(slice_of(block->bytes, block->bytes_n), &b) != 0)
		return SLICE_NONE;
	return binding_key(&b, dst);
}

/* Is a row of that key written anew anyway? */
static bool is_written(const struct writer_change *changes, size_t count, struct slice key)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq(changes[i].binding.key, key))
			return true;
	return false;
}

static int hand_to_writer(struct registration *g)
{
	struct writer_change changes[NEW_MAX + LIVE_MAX];
	char keys[NEW_MAX + LIVE_MAX][KEY_BYTES], bytes[NEW_MAX][ENCODED_BYTES];
	struct slice number = row_number(g->row);
	size_t n = 0, lasting_n;

	for (uint32_t i = 0; i < g->made_count; i++, n++) {
		const struct reg_binding *b = g->made_of[i];
		size_t bytes_n = binding_encode(b, bytes[i], &lasting_n);

		changes[n] =
			(struct writer_change){.binding = {.number = number,
							   .key = binding_key(b, keys[n]),
							   .bytes = slice_of(bytes[i], bytes_n),
							   .expires_at = b->expires_at}};
	}
	for (uint32_t i = 0; i < g->dropped_count; i++) {
		struct slice key = key_of(g->dropped[i], keys[n]);

		if (!is_written(changes, n, key))
			changes[n++] = (struct writer_change){
				.remove = true, .binding = {.number = number, .key = key}};
	}
	return writer_bindings_change(g->d->writer, changes, n);
}

static int copy_outcome(struct reg_outcome *o, struct arena *arena)
{
	int r = 0;

	for (uint32_t i = 0; i < o->binding_count && r == 0; i++)
		r = binding_copy_texts(&o->bindings[i], arena);
	for (uint32_t i = 0; i < o->change_count && r == 0; i++)
		r = binding_copy_texts(&o->changes[i].binding, arena);
	return r;
}

/* One that expired a moment ago and has come back at once: its row in the store is the new one's
 * now. */
static void drop_expired_twin(struct registration *g, const struct block *made)
{
	char key[KEY_BYTES], other[KEY_BYTES];
	struct slice want = key_of(made, key);
	struct block *next;

	for (struct block *b = g->row->blocks; b; b = next) {
		next = b->next;
		if (b->expiry.at_ms <= g->request->now_ms && slice_eq(key_of(b, other), want))
			block_drop(g->d, b);
	}
}

/* A phone that was pinged keeps its turn. */
static int64_t next_ping(const struct registration *g, const struct block *block)
{
	int64_t period = atomic_load(&g->d->ping_period_ms);

	return (block->pinged_at ? block->pinged_at : g->request->now_ms) + period;
}

static void carry_out(struct registration *g)
{
	for (uint32_t i = 0; i < g->dropped_count; i++)
		block_drop(g->d, g->dropped[i]);
	for (uint32_t i = 0; i < g->made_count; i++) {
		drop_expired_twin(g, g->made[i]);
		block_link(g->d, g->stripe, g->made[i], next_ping(g, g->made[i]));
	}
}

static int keep_outcome(struct registration *g, struct arena *arena)
{
	int r = g->outcome->change_count ? make_blocks(g) : 0;

	if (r == 0)
		r = copy_outcome(g->outcome, arena);
	if (r == 0 && g->d->writer && g->made_count + g->dropped_count)
		r = hand_to_writer(g);
	if (r == 0) {
		carry_out(g);
		return 0;
	}
	while (g->made_count)
		block_free(g->d, g->made[--g->made_count]);
	return r;
}

int directory_register(struct directory *d, struct slice number, const struct reg_request *request,
		       struct arena *arena, struct reg_outcome *ret_outcome)
{
	struct registration g;
	int r;

	g.d = d;
	g.request = request;
	g.outcome = ret_outcome;
	g.live_count = g.made_count = g.dropped_count = 0;
	g.row = number_lock(d, number, &g.stripe);
	if (!g.row)
		return ERR_NOT_FOUND;
	collect_live(&g);
	reg_apply(g.old, g.live_count, request, (enum reg_policy)g.row->policy, ret_outcome);
	r = keep_outcome(&g, arena);
	pthread_mutex_unlock(&g.stripe->lock);
	return r;
}

/* ---- asking ---- */

/* Is a rung before b? By q, then the one that was registered last. */
static bool is_before(const struct reg_binding *a, const struct reg_binding *b)
{
	if (a->q_thousandths != b->q_thousandths)
		return a->q_thousandths > b->q_thousandths;
	return a->registered_at > b->registered_at;
}

static uint32_t read_live(struct directory *d, const struct row *row, int64_t now_ms,
			  struct reg_binding ret_bindings[LIVE_MAX])
{
	uint32_t count = 0;

	for (const struct block *block = row->blocks; block && count < LIVE_MAX;
	     block = block->next) {
		struct reg_binding b;
		uint32_t at = count;

		if (block->expiry.at_ms <= now_ms)
			continue;
		block_read(d, block, &b);
		for (; at > 0 && is_before(&b, &ret_bindings[at - 1]); at--)
			ret_bindings[at] = ret_bindings[at - 1];
		ret_bindings[at] = b;
		count++;
	}
	return count;
}

int directory_bindings(struct directory *d, struct slice number, int64_t now_ms,
		       struct arena *arena, struct reg_binding **ret_bindings, uint32_t *ret_count)
{
	struct reg_binding live[LIVE_MAX], *out;
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);
	uint32_t count;
	int r = 0;

	if (!row)
		return ERR_NOT_FOUND;
	count = read_live(d, row, now_ms, live);
	for (uint32_t i = 0; i < count && r == 0; i++)
		r = binding_copy_texts(&live[i], arena);
	pthread_mutex_unlock(&s->lock);
	out = r == 0 ? arena_alloc(arena, count ? count * sizeof(*out) : 1) : NULL;
	if (!out)
		return ERR_NOMEM;
	memcpy(out, live, count * sizeof(*out));
	*ret_bindings = out;
	*ret_count = count;
	return 0;
}
