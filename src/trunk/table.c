/* The set of trunks: swapped whole, looked into by id. */
#include "trunk/table_priv.h"

#include "base/err.h"

#include <sodium.h>
#include <stdlib.h>

int trunks_new(const struct trunk_key *key, struct trunks **ret_trunks)
{
	struct trunks *t = calloc(1, sizeof(*t));
	struct trunk_table *table = calloc(1, sizeof(*table));
	if (t == NULL || table == NULL) {
		free(t);
		free(table);
		return ERR_NOMEM;
	}
	pthread_mutex_init(&t->lock, NULL);
	t->now = table;
	t->has_key = key != NULL;
	if (key)
		t->key = *key;
	*ret_trunks = t;
	return 0;
}

static void table_free(struct trunk_table *table)
{
	sodium_memzero(table, sizeof(*table));
	free(table);
}

void trunks_free(struct trunks *t)
{
	if (t == NULL)
		return;
	table_free(t->now);
	pthread_mutex_destroy(&t->lock);
	sodium_memzero(t, sizeof(*t));
	free(t);
}

const struct trunk_key *trunks_key(const struct trunks *t)
{
	return t->has_key ? &t->key : NULL;
}

uint32_t trunks_version(const struct trunks *t)
{
	return atomic_load(&t->version);
}

uint32_t trunks_count(const struct trunks *t)
{
	return atomic_load(&t->count);
}

int trunks_at(const struct trunks *t, uint32_t id)
{
	for (uint32_t i = 0; id && i < t->now->count; i++) {
		if (t->now->v[i].id == id)
			return (int)i;
	}
	return -1;
}

/* --- a new set */

static bool same_way(const struct trunk *a, const struct trunk *b)
{
	return strcmp(a->host, b->host) == 0 && a->port == b->port && a->transport == b->transport;
}

static bool same_account(const struct trunk *a, const struct trunk *b)
{
	return a->registers == b->registers && strcmp(a->user, b->user) == 0 &&
	       strcmp(a->password, b->password) == 0;
}

/* What stays true of a trunk that was changed: calls and counts always, the rest as long as the way
 * to it is the same. */
static void carry_over(const struct trunk_table *from, uint32_t i, struct trunk_table *to,
		       uint32_t at)
{
	const struct trunk *old = &from->v[i], *t = &to->v[at];
	if (same_way(old, t) && same_account(old, t)) {
		to->states[at] = from->states[i];
		to->known[at] = from->known[i];
		return;
	}
	to->states[at].calls = from->states[i].calls;
	to->known[at].attempts = from->known[i].attempts;
	to->known[at].failures = from->known[i].failures;
	to->known[at].probes = from->known[i].probes;
}

/* Of a numeric host it is known without asking; otherwise when DNS has answered. */
static void own_address(const struct trunk *t, struct trunk_state *state)
{
	struct addr a;
	if (addr_parse_ip(slice_str(t->host), &a) != 0)
		return;
	a.port = t->port ? t->port : 5060;
	state->addresses[0] = a;
	state->address_count = 1;
}

static void fill(const struct trunk_table *from, struct trunk_table *to)
{
	for (uint32_t at = 0; at < to->count; at++) {
		own_address(&to->v[at], &to->states[at]);
		to->states[at].registration = to->v[at].registers ? TRUNK_REGISTRATION_WAITING
								  : TRUNK_REGISTRATION_UNUSED;
		for (uint32_t i = 0; i < from->count; i++) {
			if (from->v[i].id == to->v[at].id)
				carry_over(from, i, to, at);
		}
	}
}

int trunks_swap(struct trunks *t, const struct trunk *v, uint32_t count)
{
	struct trunk_table *next = calloc(1, sizeof(*next)), *old;
	if (next == NULL)
		return ERR_NOMEM;
	next->count = count;
	memcpy(next->v, v, count * sizeof(*v));
	pthread_mutex_lock(&t->lock);
	old = t->now;
	fill(old, next);
	t->now = next;
	atomic_store(&t->count, count);
	atomic_fetch_add(&t->version, 1);
	pthread_mutex_unlock(&t->lock);
	table_free(old);
	return 0;
}

void trunks_set_own(struct trunks *t, const char (*v)[TRUNK_OWN_BYTES], uint32_t count)
{
	pthread_mutex_lock(&t->lock);
	memcpy(t->own, v, count * sizeof(*v));
	t->own_count = count;
	pthread_mutex_unlock(&t->lock);
}

/* --- looking */

bool trunks_may_know(const struct trunks *t, struct slice number)
{
	bool own = false;
	if (t == NULL || trunks_count(t) == 0)
		return false;
	pthread_mutex_t *lock = (pthread_mutex_t *)&t->lock;
	pthread_mutex_lock(lock);
	for (uint32_t i = 0; i < t->own_count; i++)
		own |= slice_starts(number, slice_str(t->own[i]));
	pthread_mutex_unlock(lock);
	return !own;
}

bool trunks_get(struct trunks *t, uint32_t id, struct trunk *ret_trunk)
{
	pthread_mutex_lock(&t->lock);
	int at = trunks_at(t, id);
	if (at >= 0)
		*ret_trunk = t->now->v[at];
	pthread_mutex_unlock(&t->lock);
	return at >= 0;
}

bool trunks_of_source(struct trunks *t, const struct flow *flow, struct trunk *ret_trunk)
{
	if (trunks_count(t) == 0)
		return false;
	pthread_mutex_lock(&t->lock);
	int at = trunk_of_source(t->now->v, t->now->states, t->now->count, flow);
	if (at >= 0)
		*ret_trunk = t->now->v[at];
	pthread_mutex_unlock(&t->lock);
	return at >= 0;
}

static void view_of(const struct trunk_table *table, uint32_t i, struct trunk_view *v)
{
	const struct trunk_known *k = &table->known[i];
	*v = (struct trunk_view){
		.trunk = table->v[i],
		.has_password = table->v[i].password[0] != '\0',
		.state = table->states[i],
		.attempts = k->attempts,
		.failures = k->failures,
		.changed_at = k->changed_at,
		.registered_until = k->registered_until,
		.register_code = k->register_code,
		.options_code = k->options_code,
		.options_ms = k->options_ms,
		.probes = k->probes,
	};
	sodium_memzero(v->trunk.password, sizeof(v->trunk.password));
}

int trunks_each(struct trunks *t, trunks_view_fn *fn, void *ctx)
{
	struct trunk_view *views = calloc(TRUNKS_MAX, sizeof(*views));
	if (views == NULL)
		return ERR_NOMEM;
	pthread_mutex_lock(&t->lock);
	uint32_t count = t->now->count;
	for (uint32_t i = 0; i < count; i++)
		view_of(t->now, i, &views[i]);
	pthread_mutex_unlock(&t->lock);
	for (uint32_t i = 0; i < count; i++)
		fn(ctx, &views[i]);
	free(views);
	return 0;
}

bool trunks_view(struct trunks *t, struct slice name, struct trunk_view *ret_view)
{
	bool found = false;
	pthread_mutex_lock(&t->lock);
	for (uint32_t i = 0; i < t->now->count && !found; i++) {
		found = slice_eq(name, slice_str(t->now->v[i].name));
		if (found)
			view_of(t->now, i, ret_view);
	}
	pthread_mutex_unlock(&t->lock);
	return found;
}
