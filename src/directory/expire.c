/* What takes bindings out when their time is over, and what shows them: a few under the lock, then
 * told without it. */
#include "directory/directory_priv.h"

#include <stdlib.h>

#define AT_ONCE	   16
#define WALK_BYTES 65536
#define ROWS_MAX   64 /* looked at under one lock */

/* ---- expiry ---- */

struct over {
	struct block *block;
	struct reg_binding binding; /* points into the block */
	char number[STORE_NUMBER_BYTES];
};

static struct block *block_of(struct due *expiry)
{
	return (struct block *)((char *)expiry - offsetof(struct block, expiry));
}

static int remove_from_store(struct directory *d, const struct block *block,
			     const struct reg_binding *b)
{
	char key[KEY_BYTES];

	return d->writer ? writer_binding_remove(d->writer, row_number(block->row),
						 binding_key(b, key))
			 : 0;
}

/* ERR_AGAIN: the writer's queue is full; it stays for another time. */
static int take_over_one(struct directory *d, struct number_stripe *s, struct due *due,
			 struct over *o)
{
	int r;

	o->block = block_of(due);
	block_read(d, o->block, &o->binding);
	r = remove_from_store(d, o->block, &o->binding);
	if (r != 0) {
		buckets_arm(s->expiry, due, due->at_ms);
		return r;
	}
	(void)slice_copy(row_number(o->block->row), o->number, sizeof(o->number));
	block_unlink(d, o->block);
	return 0;
}

static int expire_some(struct directory *d, struct number_stripe *s, int64_t now_ms, uint32_t max,
		       struct over v[AT_ONCE], uint32_t *ret_count)
{
	uint32_t count = 0;
	struct due *due;
	int r = 0;

	pthread_mutex_lock(&s->lock);
	while (count < AT_ONCE && count < max && (due = buckets_next(s->expiry, now_ms)) != NULL) {
		r = take_over_one(d, s, due, &v[count]);
		if (r != 0)
			break;
		count++;
	}
	pthread_mutex_unlock(&s->lock);
	*ret_count = count;
	return r;
}

static int expire_stripe(struct directory *d, struct number_stripe *s, int64_t now_ms, uint32_t max,
			 directory_expired_fn *fn, void *ctx, uint32_t *ret_done)
{
	struct over v[AT_ONCE];
	uint32_t count;
	int r;

	do {
		r = expire_some(d, s, now_ms, max - *ret_done, v, &count);
		for (uint32_t i = 0; i < count; i++) {
			if (fn)
				fn(ctx, v[i].number, &v[i].binding);
			block_free(d, v[i].block);
		}
		*ret_done += count;
	} while (r == 0 && count == AT_ONCE && *ret_done < max);
	return r;
}

uint32_t directory_expire(struct directory *d, int64_t now_ms, uint32_t max,
			  directory_expired_fn *fn, void *ctx)
{
	uint32_t done = 0, start = atomic_load(&d->expire_from);
	int r = 0;

	for (uint32_t i = 0; i < STRIPES && done < max && r == 0; i++) {
		uint32_t at = (start + i) % STRIPES;

		r = expire_stripe(d, &d->numbers[at], now_ms, max, fn, ctx, &done);
		atomic_store(&d->expire_from, at);
	}
	return done;
}

/* ---- the walk ---- */

struct shown {
	struct reg_binding binding; /* texts in the walk's arena */
	char number[STORE_NUMBER_BYTES], account[STORE_ACCOUNT_BYTES];
};

struct walk {
	struct directory *d;
	int64_t now_ms;
	directory_registration_fn *fn;
	void *ctx;
	struct arena arena;
	struct shown shown[AT_ONCE];
	uint32_t count;
	char memory[WALK_BYTES];
};

static bool show(struct walk *w, const struct row *row, const struct block *block)
{
	struct shown *s = &w->shown[w->count];

	if (w->count == AT_ONCE)
		return false;
	block_read(w->d, block, &s->binding);
	if (binding_copy_texts(&s->binding, &w->arena) != 0)
		return false;
	(void)slice_copy(row_number(row), s->number, sizeof(s->number));
	(void)slice_copy(row_account(row), s->account, sizeof(s->account));
	w->count++;
	return true;
}

/* False: no room for all of them; none is then shown yet. */
static bool show_row(struct walk *w, const struct row *row)
{
	uint32_t before = w->count;

	for (const struct block *b = row->blocks; b; b = b->next) {
		if (b->expiry.at_ms <= w->now_ms)
			continue;
		if (!show(w, row, b)) {
			w->count = before;
			return false;
		}
	}
	return true;
}

static void tell(struct walk *w)
{
	for (uint32_t i = 0; i < w->count; i++)
		w->fn(w->ctx, w->shown[i].number, w->shown[i].account, &w->shown[i].binding);
	w->count = 0;
	arena_reset(&w->arena);
}

/* Rows keep their places, so that the walk can let go of the lock between two handfuls. */
static void walk_stripe(struct walk *w, struct number_stripe *s)
{
	uint32_t at = 0, rows;
	bool more = true;

	while (more) {
		pthread_mutex_lock(&s->lock);
		for (rows = 0; at < s->row_count && rows < ROWS_MAX; at++, rows++)
			if (s->rows[at] && !show_row(w, s->rows[at]))
				break;
		more = at < s->row_count;
		pthread_mutex_unlock(&s->lock);
		tell(w);
	}
}

static void walk_number(struct walk *w, struct slice number)
{
	struct number_stripe *s;
	struct row *row = number_lock(w->d, number, &s);

	if (!row)
		return;
	(void)show_row(w, row);
	pthread_mutex_unlock(&s->lock);
	tell(w);
}

void directory_registrations(struct directory *d, struct slice number, int64_t now_ms,
			     directory_registration_fn *fn, void *ctx)
{
	struct walk *w = malloc(sizeof(*w));

	if (!w)
		return;
	w->d = d;
	w->now_ms = now_ms;
	w->fn = fn;
	w->ctx = ctx;
	w->count = 0;
	arena_init(&w->arena, w->memory, sizeof(w->memory));
	if (number.n)
		walk_number(w, number);
	else
		for (uint32_t i = 0; i < STRIPES; i++)
			walk_stripe(w, &d->numbers[i]);
	free(w);
}

uint64_t directory_registration_count(const struct directory *d)
{
	return atomic_load(&d->binding_count);
}
