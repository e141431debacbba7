/* Numbers, bindings, rules, forwarding and screening out of the store. */
#include "directory/crew.h"
#include "directory/directory_priv.h"

struct load {
	struct directory *d;
	int64_t now_ms;
	struct crew *crew;
	bool expired; /* some were over; the reader's */
};

static int put_number(void *ctx, const struct load_item *item)
{
	struct load *l = ctx;

	return number_put(l->d, &item->n, item->at_ms);
}

static int read_number(void *ctx, const struct store_number *from)
{
	struct load *l = ctx;
	struct batch *batch = crew_batch(l->crew);
	struct load_item *item = &batch->items[batch->count];
	struct directory_number *n = &item->n;

	item->at_ms = from->password_changed_at;
	n->channels = from->channels;
	n->international = from->international;
	n->suspended = from->suspended;
	n->policy = from->registration_policy <= REG_REJECT
			    ? (enum reg_policy)from->registration_policy
			    : REG_NEWEST;
	memcpy(n->ha1.md5, from->ha1_md5, sizeof(n->ha1.md5));
	memcpy(n->ha1.sha256, from->ha1_sha256, sizeof(n->ha1.sha256));
	if (slice_copy(from->number, n->number, sizeof(n->number)) != 0 ||
	    slice_copy(from->account, n->account, sizeof(n->account)) != 0 ||
	    slice_copy(from->customer, n->customer, sizeof(n->customer)) != 0 ||
	    slice_copy(from->realm, n->realm, sizeof(n->realm)) != 0)
		return ERR_DAMAGED;
	return crew_add(l->crew);
}

/* Connections did not survive. A number that has died with its stream may still have a datagram's
 * way. */
static void forget_stream(struct reg_binding *b)
{
	if (!flow_is_stream(&b->flow))
		return;
	b->flow.connection = 0;
	b->reach = REG_UNREACHABLE;
}

/* Spread over one period: a million phones are not to be pinged in the same second. */
static int64_t first_ping(struct directory *d, struct slice number, int64_t now_ms)
{
	int64_t period = atomic_load(&d->ping_period_ms);

	return now_ms + (int64_t)(hash_slice(&d->hash_key, number) % (uint64_t)period);
}

static uint32_t count_blocks(const struct row *row)
{
	uint32_t n = 0;

	for (const struct block *b = row->blocks; b; b = b->next)
		n++;
	return n;
}

/* One made before the last change of the password is void; it was written late. */
static bool is_void(const struct row *row, const struct reg_binding *b)
{
	return b->refreshed_at / 1000 < (int64_t)row->password_changed_s ||
	       count_blocks(row) >= REG_BINDINGS_MAX;
}

static int restore(struct load *l, struct number_stripe *s, struct row *row, struct reg_binding *b)
{
	struct block *block;
	int r;

	if (is_void(row, b))
		return 0;
	forget_stream(b);
	r = block_new(l->d, row, b, &block);
	if (r == 0)
		block_link(l->d, s, block, first_ping(l->d, row_number(row), l->now_ms));
	return r == ERR_TOO_BIG ? 0 : r;
}

/* One that cannot be read is passed over: the phone will register again. */
static int put_binding(void *ctx, const struct load_item *item)
{
	struct load *l = ctx;
	struct number_stripe *s;
	struct reg_binding b;
	struct row *row;
	int r;

	if (binding_decode(item->bytes, &b) != 0)
		return 0;
	row = number_lock(l->d, slice_str(item->number), &s);
	if (!row)
		return 0;
	b.expires_at = item->at_ms;
	r = restore(l, s, row, &b);
	pthread_mutex_unlock(&s->lock);
	return r;
}

static int read_binding(void *ctx, const struct store_binding *from)
{
	struct load *l = ctx;
	struct batch *batch = crew_batch(l->crew);
	struct load_item *item = &batch->items[batch->count];

	if (from->expires_at <= l->now_ms) {
		l->expired = true;
		return 0;
	}
	if (from->bytes.n > ENCODED_BYTES ||
	    slice_copy(from->number, item->number, sizeof(item->number)) != 0)
		return 0;
	item->at_ms = from->expires_at;
	item->bytes = slice_of(batch->bytes + batch->used_bytes, from->bytes.n);
	memcpy(batch->bytes + batch->used_bytes, from->bytes.p, from->bytes.n);
	batch->used_bytes += from->bytes.n;
	return crew_add(l->crew);
}

static int load_numbers(struct load *l, struct store *store)
{
	int r = crew_new(put_number, l, &l->crew), done;

	if (r != 0)
		return r;
	r = store_number_each(store, SLICE_NONE, read_number, l);
	done = crew_wait(l->crew);
	crew_free(l->crew);
	return r ? r : done;
}

static int load_bindings(struct load *l, struct store *store)
{
	int r = crew_new(put_binding, l, &l->crew), done;

	if (r != 0)
		return r;
	r = store_binding_each(store, read_binding, l);
	done = crew_wait(l->crew);
	crew_free(l->crew);
	return r ? r : done;
}

_Static_assert(STORE_FORWARD_KINDS == FORWARD_KINDS, "a kind that is not stored");
_Static_assert(STORE_FORWARD_TARGETS == FORWARD_TARGETS_MAX, "a row that is not stored");

int directory_forward_of_store(const struct store_forward *from,
			       struct forward_settings *ret_settings)
{
	struct forward_settings f;
	int r = 0;

	forward_settings_init(&f);
	f.ring_s = from->ring_s;
	f.deflection = from->deflection;
	for (int i = 0; i < FORWARD_KINDS; i++)
		f.rules[i] = (struct forward_rule){from->rules[i].on, from->rules[i].row};
	for (int i = 0; i < FORWARD_TARGETS_MAX && r == 0; i++)
		r = slice_copy(from->targets[i].digits, f.targets[i], sizeof(f.targets[i]));
	if (r == 0)
		*ret_settings = f;
	return r ? ERR_DAMAGED : 0;
}

static int put_forward(void *ctx, const struct store_forward *from)
{
	struct load *l = ctx;
	struct forward_settings f;
	int r = directory_forward_of_store(from, &f);

	return r ? r : directory_forward_put(l->d, from->number, &f);
}

static int put_screen(void *ctx, const struct store_screen *from)
{
	struct load *l = ctx;
	const struct screen_settings s = {.anonymous = from->anonymous,
					  .abroad = from->abroad,
					  .inbound_limit = from->inbound_limit};

	return directory_screen_put(l->d, from->number, &s);
}

static int add_block(void *ctx, const struct store_block *from)
{
	struct load *l = ctx;
	int r = directory_block_add(l->d, from->number, from->caller);

	return r == ERR_TOO_BIG || r == ERR_LIMIT ? ERR_DAMAGED : r;
}

int directory_load(struct directory *d, struct store *store, int64_t now_ms)
{
	struct load l = {.d = d, .now_ms = now_ms};
	int r = load_numbers(&l, store);

	if (r == 0)
		r = load_bindings(&l, store);
	if (r == 0)
		r = store_forward_each(store, put_forward, &l);
	if (r == 0)
		r = store_screen_each(store, put_screen, &l);
	if (r == 0)
		r = store_block_each(store, SLICE_NONE, add_block, &l);
	if (r == 0)
		r = directory_rules_load(d, store);
	if (r == 0 && l.expired)
		r = store_binding_remove_expired(store, now_ms);
	return r;
}
