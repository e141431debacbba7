/*
 * Channels, of calls that a number makes, and inbound places, of calls that come to it: which calls
 * hold one, not how many, so that giving back twice cannot go wrong.
 */
#include "directory/directory_priv.h"

#include <stdlib.h>

#define HOLDERS_TOLD 32u
#define CAP_FIRST    2u

/* One of the two, of one number. */
struct places {
	struct held **held;
	_Atomic uint32_t *total; /* of all numbers */
};

static struct places channels_of(struct directory *d, struct row *row)
{
	return (struct places){&row->held, &d->held_count};
}

static struct places inbound_of(struct directory *d, struct row *row)
{
	return (struct places){&row->inbound, &d->inbound_count};
}

static uint32_t count_of(const struct held *h)
{
	return h ? h->count : 0;
}

static bool find(const struct held *h, uint64_t call, uint32_t *ret_at)
{
	for (uint32_t i = 0; i < count_of(h); i++) {
		if (h->calls[i] != call)
			continue;
		*ret_at = i;
		return true;
	}
	return false;
}

static struct held *grown(struct held *h)
{
	uint32_t count = count_of(h), cap = h ? h->cap : 0;

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
	uint32_t n = count_of(h) < HOLDERS_TOLD ? count_of(h) : HOLDERS_TOLD;

	if (n && ret_holders)
		memcpy(ret_holders, h->calls, n * sizeof(h->calls[0]));
	if (ret_holder_count)
		*ret_holder_count = n;
	return ERR_LIMIT;
}

/* One that it has already stays the one. */
static int hold(struct places p, uint64_t call)
{
	struct held *h = *p.held;
	uint32_t at;

	if (find(h, call, &at))
		return 0;
	h = grown(h);
	if (!h)
		return ERR_NOMEM;
	h->calls[h->count++] = call;
	*p.held = h;
	atomic_fetch_add(p.total, 1);
	return 0;
}

static int take(struct places p, uint32_t limit, uint64_t call)
{
	uint32_t at;

	if (!find(*p.held, call, &at) && count_of(*p.held) >= limit)
		return ERR_LIMIT;
	return hold(p, call);
}

static bool give(struct places p, uint64_t call)
{
	struct held *h = *p.held;
	uint32_t at;

	if (!find(h, call, &at))
		return false;
	h->calls[at] = h->calls[--h->count];
	atomic_fetch_sub(p.total, 1);
	if (h->count == 0) {
		free(h);
		*p.held = NULL;
	}
	return true;
}

static void give_all(struct places p)
{
	atomic_fetch_sub(p.total, count_of(*p.held));
	free(*p.held);
	*p.held = NULL;
}

void held_free(struct directory *d, struct row *row)
{
	give_all(channels_of(d, row));
	give_all(inbound_of(d, row));
}

/* --- channels */

int directory_channel_take(struct directory *d, struct slice number, uint64_t call,
			   uint64_t *ret_holders, uint32_t *ret_holder_count)
{
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);
	int r;

	if (!row)
		return ERR_NOT_FOUND;
	r = take(channels_of(d, row), row->channels, call);
	if (r == ERR_LIMIT)
		r = tell_holders(row->held, ret_holders, ret_holder_count);
	pthread_mutex_unlock(&s->lock);
	return r;
}

int directory_channel_restore(struct directory *d, struct slice number, uint64_t call)
{
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);
	int r;

	if (!row)
		return ERR_NOT_FOUND;
	r = hold(channels_of(d, row), call);
	pthread_mutex_unlock(&s->lock);
	return r;
}

bool directory_channel_give(struct directory *d, struct slice number, uint64_t call)
{
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);
	bool given;

	if (!row)
		return false;
	given = give(channels_of(d, row), call);
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
	count = count_of(row->held);
	pthread_mutex_unlock(&s->lock);
	return count;
}

/* --- inbound places */

static uint32_t inbound_limit(const struct row *row)
{
	uint32_t limit = row->screen ? row->screen->settings.inbound_limit : 0;

	return limit ? limit : UINT32_MAX;
}

int directory_inbound_take(struct directory *d, struct slice number, uint64_t call)
{
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);
	int r;

	if (!row)
		return ERR_NOT_FOUND;
	r = take(inbound_of(d, row), inbound_limit(row), call);
	pthread_mutex_unlock(&s->lock);
	return r;
}

int directory_inbound_restore(struct directory *d, struct slice number, uint64_t call)
{
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);
	int r;

	if (!row)
		return ERR_NOT_FOUND;
	r = hold(inbound_of(d, row), call);
	pthread_mutex_unlock(&s->lock);
	return r;
}

bool directory_inbound_give(struct directory *d, struct slice number, uint64_t call)
{
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);
	bool given;

	if (!row)
		return false;
	given = give(inbound_of(d, row), call);
	pthread_mutex_unlock(&s->lock);
	return given;
}

uint32_t directory_inbound_held(struct directory *d, struct slice number)
{
	struct number_stripe *s;
	struct row *row;
	uint32_t count;

	if (number.n == 0)
		return atomic_load(&d->inbound_count);
	row = number_lock(d, number, &s);
	if (!row)
		return 0;
	count = count_of(row->inbound);
	pthread_mutex_unlock(&s->lock);
	return count;
}
