/*
 * Events are kept as the bytes that came through the ring, one behind the other, and decoded when
 * they are asked for: of a million calls hardly one is looked at. The memory is a circle of blocks,
 * emptied one at a time: to find out where the oldest event ends would mean to fetch it from memory
 * that no cache holds any more.
 */
#include "api/trace.h"

#include "api/api_priv.h"
#include "base/err.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BLOCK_BYTES ((size_t)256 * 1024) /* twice the largest event */
#define BLOCKS_MIN  4u

/* In a block: this, then its bytes, up to a multiple of 8. */
struct kept {
	uint64_t call; /* 0: found by its Call-ID */
	uint64_t n;
	char bytes[];
};

struct trace {
	pthread_mutex_t lock;
	char *memory;
	size_t block_count, block; /* the one that is filled */
	size_t used_bytes[];	   /* of each */
};

int trace_new(size_t bytes, struct trace **ret_trace)
{
	size_t blocks = bytes / BLOCK_BYTES > BLOCKS_MIN ? bytes / BLOCK_BYTES : BLOCKS_MIN;
	struct trace *t = calloc(1, sizeof(*t) + blocks * sizeof(t->used_bytes[0]));
	if (t == NULL)
		return ERR_NOMEM;
	t->memory = mmap(NULL, blocks * BLOCK_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (t->memory == MAP_FAILED) {
		free(t);
		return ERR_NOMEM;
	}
	pthread_mutex_init(&t->lock, NULL);
	t->block_count = blocks;
	*ret_trace = t;
	return 0;
}

void trace_free(struct trace *t)
{
	if (t == NULL)
		return;
	munmap(t->memory, t->block_count * BLOCK_BYTES);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* --- keeping */

static size_t whole(size_t n)
{
	return sizeof(struct kept) + ((n + 7) & ~(size_t)7);
}

static void keep(struct trace *t, const struct event_bytes *e)
{
	size_t need = whole(e->bytes.n);
	if (need > BLOCK_BYTES)
		return;
	if (need > BLOCK_BYTES - t->used_bytes[t->block]) {
		t->block = (t->block + 1) % t->block_count;
		t->used_bytes[t->block] = 0;
	}
	struct kept *k =
		(struct kept *)(t->memory + t->block * BLOCK_BYTES + t->used_bytes[t->block]);
	k->call = e->call;
	k->n = e->bytes.n;
	memcpy(k->bytes, e->bytes.p, e->bytes.n);
	t->used_bytes[t->block] += need;
}

void trace_events(void *trace, const struct event_bytes *events, size_t n)
{
	struct trace *t = trace;
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < n; i++) {
		if (events[i].call || events[i].type == EVENT_SIP_MESSAGE)
			keep(t, &events[i]);
	}
	pthread_mutex_unlock(&t->lock);
}

/* --- asking, with the lock */

/* Where a walk stands; all zero: before the oldest. */
struct place {
	size_t blocks, at; /* so many blocks are behind it, so many bytes of this one */
};

static const struct kept *next_kept(const struct trace *t, struct place *p)
{
	for (; p->blocks < t->block_count; p->blocks++, p->at = 0) {
		size_t block = (t->block + 1 + p->blocks) % t->block_count;
		if (p->at == t->used_bytes[block])
			continue;
		const struct kept *k =
			(const struct kept *)(t->memory + block * BLOCK_BYTES + p->at);
		p->at += whole(k->n);
		return k;
	}
	return NULL;
}

/* FNV-1a; only groups events for people. 0: no Call-ID. */
static uint64_t hash_of_call_id(const struct kept *k)
{
	struct event e;
	const struct event_field *f = NULL;
	uint64_t h = 14695981039346656037u;
	if (event_decode(slice_of(k->bytes, k->n), &e) == 0)
		f = event_find(&e, EVENT_KEY_CALL_ID);
	for (size_t i = 0; f && i < f->text.n; i++)
		h = (h ^ (unsigned char)f->text.p[i]) * 1099511628211u;
	return f ? h : 0;
}

static json_t *event_json(const struct event *e)
{
	json_t *o = json_object();
	json_object_set_new(o, "at", json_time(e->wall_ms));
	json_object_set_new(o, "mono_ms", json_integer(e->mono_ms));
	json_object_set_new(o, "event", json_string(event_name(e->type)));
	json_object_set_new(o, "text", json_string(event_text(e->type)));
	for (uint32_t i = 0; i < e->field_count; i++) {
		const struct event_field *f = &e->fields[i];
		const char *key = event_key_name(f->key);
		json_object_set_new(o, key,
				    f->text.p ? json_slice(f->text) : json_integer(f->number));
	}
	return o;
}

#define CALL_IDS_MAX 32

static bool is_among(uint64_t id, const uint64_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

/* The Call-IDs of the call's legs: what was said before the call had its number carries one of
 * them. */
static size_t call_ids(const struct trace *t, uint64_t call, uint64_t ids[CALL_IDS_MAX])
{
	struct place at = {0};
	const struct kept *k;
	size_t n = 0;
	while (n < CALL_IDS_MAX && (k = next_kept(t, &at)) != NULL) {
		uint64_t id = k->call == call ? hash_of_call_id(k) : 0;
		if (id && !is_among(id, ids, n))
			ids[n++] = id;
	}
	return n;
}

static bool belongs(const struct kept *k, uint64_t call, const uint64_t *ids, size_t n)
{
	return k->call == call || (k->call == 0 && n && is_among(hash_of_call_id(k), ids, n));
}

json_t *trace_of_call(struct trace *t, uint64_t call)
{
	uint64_t ids[CALL_IDS_MAX];
	struct place at = {0};
	struct event e;
	const struct kept *k;
	json_t *all = json_array();
	pthread_mutex_lock(&t->lock);
	size_t n = call_ids(t, call, ids);
	while ((k = next_kept(t, &at)) != NULL) {
		if (belongs(k, call, ids, n) && event_decode(slice_of(k->bytes, k->n), &e) == 0)
			json_array_append_new(all, event_json(&e));
	}
	pthread_mutex_unlock(&t->lock);
	if (json_array_size(all))
		return all;
	json_decref(all);
	return NULL;
}
