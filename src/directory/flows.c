/*
 * Ways: what a remote address and port, or a connection, leads to. Keepalives are signs of a way,
 * not of a binding: a gateway may have thousands of numbers behind one socket, and a sign of life
 * costs the same there.
 */
#include "directory/directory_priv.h"

#include <stdlib.h>

/* A datagram may come through any shard; a stream is one connection of one shard. */
#define KEY_BYTES_MAX 29

struct way_key {
	uint8_t n;
	uint8_t bytes[KEY_BYTES_MAX];
};

static void add(struct way_key *key, const void *p, size_t n)
{
	memcpy(key->bytes + key->n, p, n);
	key->n = (uint8_t)(key->n + n);
}

static struct way_key key_of(const struct flow *flow)
{
	const struct addr *a = &flow->remote;
	struct way_key key = {.n = 1, .bytes = {(uint8_t)(a->family << 4 | (int)flow->transport)}};

	add(&key, &a->port, sizeof(a->port));
	add(&key, a->ip, a->family == 4 ? 4 : sizeof(a->ip));
	if (a->family == 6)
		add(&key, &a->scope, sizeof(a->scope));
	if (flow_is_stream(flow)) {
		add(&key, &flow->shard, sizeof(flow->shard));
		add(&key, &flow->connection, sizeof(flow->connection));
	}
	return key;
}

static uint64_t hash_of(const struct directory *d, const uint8_t *key, size_t n)
{
	return hash_slice(&d->hash_key, slice_of((const char *)key, n));
}

static struct way_stripe *lock(struct directory *d, uint64_t hash)
{
	struct way_stripe *s = &d->ways[hash >> (64 - STRIPE_BITS)];

	pthread_mutex_lock(&s->lock);
	return s;
}

static struct way_stripe *lock_of(struct directory *d, const struct way *way)
{
	return lock(d, hash_of(d, way->key, way->key_n));
}

static void unlock(struct way_stripe *s)
{
	pthread_mutex_unlock(&s->lock);
}

static bool is_key(const struct way *way, const struct way_key *key)
{
	return way->key_n == key->n && memcmp(way->key, key->bytes, key->n) == 0;
}

static bool matches(const void *ctx, uint64_t value)
{
	const struct way *way = (const struct way *)(uintptr_t)value;

	return is_key(way, ctx);
}

static struct way *find(const struct way_stripe *s, uint64_t hash, const struct way_key *key)
{
	return (struct way *)(uintptr_t)index_find(s->index, hash, matches, key);
}

static struct way *make(struct way_stripe *s, uint64_t hash, const struct way_key *key,
			const struct reg_binding *b)
{
	struct way *way = calloc(1, offsetof(struct way, key) + key->n);

	if (!way)
		return NULL;
	way->last_keepalive_at = b->last_keepalive_at;
	way->keepalive_interval_ms = b->keepalive_interval_ms;
	way->keepalive_kind = b->keepalive_kind;
	way->key_n = key->n;
	memcpy(way->key, key->bytes, key->n);
	if (index_put(s->index, hash, (uintptr_t)way) != 0) {
		free(way);
		return NULL;
	}
	return way;
}

int way_attach(struct directory *d, struct block *block, const struct reg_binding *b)
{
	struct way_key key = key_of(&b->flow);
	uint64_t hash = hash_of(d, key.bytes, key.n);
	struct way_stripe *s = lock(d, hash);
	struct way *way = find(s, hash, &key);

	if (!way)
		way = make(s, hash, &key, b);
	if (way) {
		way->gone = false;
		block->way = way;
		block->way_next = way->first;
		block->way_link = &way->first;
		if (way->first)
			way->first->way_link = &block->way_next;
		way->first = block;
	}
	unlock(s);
	return way ? 0 : ERR_NOMEM;
}

void way_detach(struct directory *d, struct block *block)
{
	struct way *way = block->way;
	struct way_stripe *s;
	uint64_t hash;

	if (!way)
		return;
	hash = hash_of(d, way->key, way->key_n);
	s = lock(d, hash);
	*block->way_link = block->way_next;
	if (block->way_next)
		block->way_next->way_link = block->way_link;
	block->way = NULL;
	if (!way->first) {
		index_remove(s->index, hash, (uintptr_t)way);
		free(way);
	}
	unlock(s);
}

void way_turn(struct directory *d, struct block *block, struct row *row)
{
	struct way_stripe *s = block->way ? lock_of(d, block->way) : NULL;

	block->row = row;
	if (s)
		unlock(s);
}

bool way_leads(const struct way *way, const struct flow *flow)
{
	struct way_key key = key_of(flow);

	return is_key(way, &key);
}

bool way_is_gone(struct directory *d, const struct way *way)
{
	struct way_stripe *s = lock_of(d, way);
	bool gone = way->gone;

	unlock(s);
	return gone;
}

void way_is_alive(struct directory *d, struct way *way)
{
	struct way_stripe *s = lock_of(d, way);

	way->gone = false;
	unlock(s);
}

void way_read(struct directory *d, const struct way *way, struct reg_binding *b)
{
	struct way_stripe *s = lock_of(d, way);

	b->last_keepalive_at = way->last_keepalive_at;
	b->keepalive_interval_ms = way->keepalive_interval_ms;
	b->keepalive_kind = way->keepalive_kind;
	if (way->gone)
		b->reach = REG_UNREACHABLE;
	unlock(s);
}

static void note_keepalive(struct way *way, enum transport_keepalive kind, int64_t now_ms)
{
	int64_t interval = now_ms - way->last_keepalive_at;

	if (way->last_keepalive_at && interval > 0)
		way->keepalive_interval_ms =
			interval < UINT32_MAX ? (uint32_t)interval : UINT32_MAX;
	way->last_keepalive_at = now_ms;
	way->keepalive_kind = (uint8_t)kind;
	way->gone = false;
}

bool directory_keepalive(struct directory *d, const struct flow *flow,
			 enum transport_keepalive kind, int64_t now_ms,
			 char ret_number[STORE_NUMBER_BYTES])
{
	struct way_key key = key_of(flow);
	uint64_t hash = hash_of(d, key.bytes, key.n);
	struct way_stripe *s = lock(d, hash);
	struct way *way = find(s, hash, &key);

	if (way) {
		note_keepalive(way, kind, now_ms);
		(void)slice_copy(row_number(way->first->row), ret_number, STORE_NUMBER_BYTES);
	}
	unlock(s);
	return way != NULL;
}

void directory_flow_gone(struct directory *d, const struct flow *flow, int64_t now_ms)
{
	struct way_key key = key_of(flow);
	uint64_t hash = hash_of(d, key.bytes, key.n);
	struct way_stripe *s = lock(d, hash);
	struct way *way = find(s, hash, &key);

	(void)now_ms;
	if (way)
		way->gone = true;
	unlock(s);
}
