#include "directory/directory_priv.h"

#include <stdlib.h>

#define TABLE_LIMIT	       (1u << 30)
#define PING_PERIOD_DEFAULT_MS 25000 /* until the first directory_pings_due */

static int stripe_new(struct directory *d, uint32_t i)
{
	struct number_stripe *s = &d->numbers[i];
	int r;

	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&d->accounts[i].lock, NULL);
	pthread_mutex_init(&d->ways[i].lock, NULL);
	pthread_mutex_init(&d->nonces[i].lock, NULL);
	s->expiry = buckets_new(EXPIRY_BUCKETS);
	r = s->expiry ? index_new(TABLE_LIMIT, &s->index) : ERR_NOMEM;
	if (r == 0)
		r = index_new(TABLE_LIMIT, &d->accounts[i].index);
	if (r == 0)
		r = index_new(TABLE_LIMIT, &d->ways[i].index);
	if (r == 0)
		r = digest_replay_new(NONCE_SETS, &d->nonces[i].replay);
	return r;
}

int directory_new(const struct directory_params *p, struct directory **ret_directory)
{
	struct directory *d = aligned_alloc(_Alignof(struct directory), sizeof(*d));
	int r = 0;

	if (!d)
		return ERR_NOMEM;
	memset(d, 0, sizeof(*d));
	d->hash_key = *p->hash_key;
	d->writer = p->writer;
	d->ping_period_ms = PING_PERIOD_DEFAULT_MS;
	pthread_mutex_init(&d->realm_lock, NULL);
	pthread_mutex_init(&d->rules_lock, NULL);
	for (uint32_t i = 0; i < STRIPES && r == 0; i++)
		r = stripe_new(d, i);
	if (r != 0) {
		directory_free(d);
		return r;
	}
	*ret_directory = d;
	return 0;
}

static void rows_free(struct directory *d, struct number_stripe *s)
{
	for (uint32_t i = 0; i < s->row_count; i++) {
		struct row *row = s->rows[i];

		if (!row)
			continue;
		while (row->blocks)
			block_drop(d, row->blocks);
		held_free(d, row);
		free(row->forward);
		free(row->screen);
		free(row);
	}
	free(s->rows);
}

static void stripe_free(struct directory *d, uint32_t i)
{
	struct number_stripe *s = &d->numbers[i];

	index_free(s->index);
	index_free(d->accounts[i].index);
	index_free(d->ways[i].index);
	digest_replay_free(d->nonces[i].replay);
	buckets_free(s->expiry);
	for (uint32_t lane = 0; lane < s->ping_count; lane++)
		buckets_free(s->pings[lane]);
	free(s->pings);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&d->accounts[i].lock);
	pthread_mutex_destroy(&d->ways[i].lock);
	pthread_mutex_destroy(&d->nonces[i].lock);
}

/* Blocks of all stripes first: they are chained in ways of any stripe. */
void directory_free(struct directory *d)
{
	if (!d)
		return;
	for (uint32_t i = 0; i < STRIPES; i++)
		rows_free(d, &d->numbers[i]);
	for (uint32_t i = 0; i < STRIPES; i++)
		stripe_free(d, i);
	for (uint32_t i = 0; i < d->realm_count; i++)
		free(d->realms[i]);
	pthread_mutex_destroy(&d->realm_lock);
	plan_rules_unref(d->rules);
	pthread_mutex_destroy(&d->rules_lock);
	free(d);
}
