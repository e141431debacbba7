/* Channels: which calls hold one, not how many, so that giving back twice cannot go wrong. */
#include "directory/directory_priv.h"

#include <stdlib.h>

#define HOLDERS_TOLD 32u
#define CAP_FIRST    2u

static bool find(const struct held *h, uint64_t call, uint32_t *ret_at)
{
	for (uint32_t i = 0; h && i < h->count; i++) {
		if (h->calls[i] != call)
			continue;
		*ret_at = i;
		return true;
	}
	return false;
}

static struct held *grown(struct held *h)
{
	uint32_t count = h ? h->count : 0, cap = h ? h->cap : 0;

	if (count < cap)
		return h;
	cap = cap ? cap * 2 : CAP_FIRST;
	h = realloc(h, sizeof(*h) + cap * sizeof(h->calls[0]));
	if (!h)
		return NULL;
	h->count = count;
	h->cap = cap;
	return h;
}

static int tell_holders(const struct held *h, uint64_t *ret_holders, uint32_t *ret_holder_count)
{
	uint32_t n = !h ? 0 : h->count < HOLDERS_TOLD ? h->count : HOLDERS_TOLD;

	if (n && ret_holders)
		memcpy(ret_holders, h->calls, n * sizeof(h->calls[0]));
	if (ret_holder_count)
		*ret_holder_count = n;
	return ERR_LIMIT;
}

static int hold(struct directory *d, struct row *row, uint64_t call)
{
	struct held *h = grown(row->held);

	if (!h)
		return ERR_NOMEM;
	h->calls[h->count++] = call;
	row->held = h;
	atomic_fetch_add(&d->held_count, 1);
	return 0;
}

static int take(struct directory *d, struct row *row, uint64_t call, uint64_t *ret_holders,
		uint32_t *ret_holder_count)
{
	struct held *h = row->held;
	uint32_t at;

	if (find(h, call, &at))
		return 0;
	if ((h ? h->count : 0) >= row->channels)
		return tell_holders(h, ret_holders, ret_holder_count);
	return hold(d, row, call);
}

int directory_channel_take(struct directory *d, struct slice number, uint64_t call,
			   uint64_t *ret_holders, uint32_t *ret_holder_count)
{
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);
	int r;

	if (!row)
		return ERR_NOT_FOUND;
	r = take(d, row, call, ret_holders, ret_holder_count);
	pthread_mutex_unlock(&s->lock);
	return r;
}

int directory_channel_restore(struct directory *d, struct slice number, uint64_t call)
{
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);
	uint32_t at;
	int r = 0;

	if (!row)
		return ERR_NOT_FOUND;
	if (!find(row->held, call, &at))
		r = hold(d, row, call);
	pthread_mutex_unlock(&s->lock);
	return r;
}

static bool give(struct directory *d, struct row *row, uint64_t call)
{
	struct held *h = row->held;
	uint32_t at;

	if (!find(h, call, &at))
		return false;
	h->calls[at] = h->calls[--h->count];
	atomic_fetch_sub(&d->held_count, 1);
	if (h->count == 0) {
		free(h);
		row->held = NULL;
	}
	return true;
}

bool directory_channel_give(struct directory *d, struct slice number, uint64_t call)
{
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);
	bool given;

	if (!row)
		return false;
	given = give(d, row, call);
	pthread_mutex_unlock(&s->lock);
	return given;
}

uint32_t directory_channels_held(struct directory *d, struct slice number)
{
	struct number_stripe *s;
	struct row *row;
	uint32_t count;

	if (number.n == 0)
		return atomic_load(&d->held_count);
	row = number_lock(d, number, &s);
	if (!row)
		return 0;
	count = row->held ? row->held->count : 0;
	pthread_mutex_unlock(&s->lock);
	return count;
}

void held_free(struct directory *d, struct row *row)
{
	if (row->held)
		atomic_fetch_sub(&d->held_count, row->held->count);
	free(row->held);
	row->held = NULL;
}
