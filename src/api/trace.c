#include "api/trace.h"

#include "api/api_priv.h"
#include "base/err.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define ENCODED_BYTES_MAX (80 * 1024)

struct kept {
	TAILQ_ENTRY(kept) all;
	uint64_t call, call_id_hash; /* call 0: found by its Call-ID */
	size_t n;
	char bytes[];
};

TAILQ_HEAD(kept_list, kept);

struct trace {
	pthread_mutex_t lock;
	struct kept_list list;
	size_t bytes, limit_bytes;
	char encoded[ENCODED_BYTES_MAX];
};

int trace_new(size_t bytes, struct trace **ret_trace)
{
	struct trace *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return ERR_NOMEM;
	pthread_mutex_init(&t->lock, NULL);
	TAILQ_INIT(&t->list);
	t->limit_bytes = bytes;
	*ret_trace = t;
	return 0;
}

static void drop_oldest(struct trace *t)
{
	struct kept *k = TAILQ_FIRST(&t->list);
	TAILQ_REMOVE(&t->list, k, all);
	t->bytes -= sizeof(*k) + k->n;
	free(k);
}

void trace_free(struct trace *t)
{
	if (t == NULL)
		return;
	while (!TAILQ_EMPTY(&t->list))
		drop_oldest(t);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* FNV-1a; only groups events for people. 0: no Call-ID. */
static uint64_t hash_of_call_id(const struct event *e)
{
	const struct event_field *f = event_find(e, EVENT_KEY_CALL_ID);
	uint64_t h = 14695981039346656037u;
	for (size_t i = 0; f && i < f->text.n; i++)
		h = (h ^ (unsigned char)f->text.p[i]) * 1099511628211u;
	return f ? h : 0;
}

static void keep(struct trace *t, const struct event *e)
{
	size_t n;
	if (event_encode(e, t->encoded, sizeof(t->encoded), &n) != 0)
		return;
	struct kept *k = malloc(sizeof(*k) + n);
	if (k == NULL)
		return;
	k->call = e->call;
	k->call_id_hash = hash_of_call_id(e);
	k->n = n;
	memcpy(k->bytes, t->encoded, n);
	TAILQ_INSERT_TAIL(&t->list, k, all);
	t->bytes += sizeof(*k) + n;
	while (t->bytes > t->limit_bytes)
		drop_oldest(t);
}

void trace_event(void *trace, const struct event *e)
{
	struct trace *t = trace;
	bool of_a_call = e->call || e->type == EVENT_SIP_MESSAGE;
	if (!of_a_call)
		return;
	pthread_mutex_lock(&t->lock);
	keep(t, e);
	pthread_mutex_unlock(&t->lock);
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

/* The Call-IDs of the call's legs: what was said before the call had its number carries one of
 * them. */
static size_t call_ids(const struct trace *t, uint64_t call, uint64_t ids[CALL_IDS_MAX])
{
	size_t n = 0;
	const struct kept *k;
	TAILQ_FOREACH(k, &t->list, all)
	{
		bool known = k->call != call || k->call_id_hash == 0 || n == CALL_IDS_MAX;
		for (size_t i = 0; i < n; i++)
			known |= ids[i] == k->call_id_hash;
		if (!known)
			ids[n++] = k->call_id_hash;
	}
	return n;
}

static bool belongs(const struct kept *k, uint64_t call, const uint64_t *ids, size_t n)
{
	bool same = k->call == call;
	for (size_t i = 0; i < n && k->call == 0; i++)
		same |= ids[i] == k->call_id_hash;
	return same;
}

json_t *trace_of_call(struct trace *t, uint64_t call)
{
	uint64_t ids[CALL_IDS_MAX];
	struct event e;
	const struct kept *k;
	json_t *all = json_array();
	pthread_mutex_lock(&t->lock);
	size_t n = call_ids(t, call, ids);
	TAILQ_FOREACH(k, &t->list, all)
	{
		if (belongs(k, call, ids, n) && event_decode(slice_of(k->bytes, k->n), &e) == 0)
			json_array_append_new(all, event_json(&e));
	}
	pthread_mutex_unlock(&t->lock);
	if (json_array_size(all))
		return all;
	json_decref(all);
	return NULL;
}
