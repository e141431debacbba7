/*
 * The locator: one thread, its questions in a ring, the answers it keeps. An entry is a question
 * with its answer, or with the lookup that will bring it and the askers who wait; the same question
 * of many shards is one lookup.
 */
#include "transport/locate_priv.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/index.h"
#include "base/pool.h"
#include "base/ring.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#define ENTRIES_MAX	1024
#define ASKERS_MAX	8192
#define RING_BYTES	(1u << 20)
#define LONGEST_WAIT_MS 60000

/* What an asking thread puts into the ring. */
struct ask {
	uint64_t token;
	uint16_t shard;
	struct locate_question q;
};

struct asker {
	uint64_t token;
	uint16_t shard;
	struct id next;
};

struct entry {
	TAILQ_ENTRY(entry) link; /* kept: by time of use; looked up: by deadline */
	struct id id;
	struct locate_question q;
	struct dns_lookup *lookup;    /* NULL: answered */
	struct id askers, last_asker; /* answered in the order they came */
	int64_t until_ms;	      /* looked up: the deadline; kept: goes then */
	int err;
	uint32_t count;
	struct locate_server servers[LOCATE_SERVERS_MAX];
};
TAILQ_HEAD(entries, entry);

struct locator {
	struct locator_params p;
	struct ring *asks;
	int wake_fd;
	atomic_bool stop;
	pthread_t thread;
	bool started;
	/* the rest is the thread's own */
	struct dns *dns;
	struct rng rng;
	struct pool *pool, *askers;
	struct index *by_question;
	struct entries kept, open;
};

/* --- entries */

static uint64_t hash_of(const struct locator *l, const struct locate_question *q)
{
	return hash_slice(&l->p.hash_key, slice_of((const char *)q, sizeof(*q)));
}

struct question_key {
	const struct locator *l;
	const struct locate_question *q;
};

static bool same_question(const void *ctx, uint64_t value)
{
	const struct question_key *k = ctx;
	const struct entry *e = pool_get(k->l->pool, (struct id){value});
	return e && memcmp(&e->q, k->q, sizeof(e->q)) == 0;
}

static struct entry *entry_find(const struct locator *l, const struct locate_question *q)
{
	struct question_key k = {l, q};
	uint64_t id = index_find(l->by_question, hash_of(l, q), same_question, &k);
	return pool_get(l->pool, (struct id){id});
}

static void entry_drop(struct locator *l, struct entry *e)
{
	TAILQ_REMOVE(e->lookup ? &l->open : &l->kept, e, link);
	index_remove(l->by_question, hash_of(l, &e->q), e->id.v);
	pool_give(l->pool, e->id);
}

/* At the limit the answer that was not asked for the longest goes; lookups stay. */
static struct entry *entry_new(struct locator *l, const struct locate_question *q)
{
	struct id id;
	struct entry *oldest = TAILQ_FIRST(&l->kept);
	if (pool_used(l->pool) == pool_limit(l->pool) && oldest)
		entry_drop(l, oldest);
	struct entry *e = pool_take(l->pool, &id);
	if (e == NULL)
		return NULL;
	e->id = id;
	e->q = *q;
	if (index_put(l->by_question, hash_of(l, q), id.v) == 0)
		return e;
	pool_give(l->pool, id);
	return NULL;
}

/* --- answers */

static void post(struct locator *l, const struct entry *e, uint64_t token, uint16_t shard)
{
	struct locate_answer a = {.token = token, .shard = shard, .err = e->err};
	locate_order(e->servers, e->count, &l->rng, &a);
	l->p.post(l->p.ctx, &a);
}

static void post_refusal(struct locator *l, const struct ask *ask)
{
	struct locate_answer a = {.token = ask->token, .shard = ask->shard, .err = ERR_LIMIT};
	l->p.post(l->p.ctx, &a);
}

static void tell_askers(struct locator *l, struct entry *e)
{
	struct asker *a;
	while ((a = pool_get(l->askers, e->askers)) != NULL) {
		struct id id = e->askers;
		post(l, e, a->token, a->shard);
		e->askers = a->next;
		pool_give(l->askers, id);
	}
}

static void take_result(struct locator *l, struct entry *e, const struct dns_result *r)
{
	TAILQ_REMOVE(&l->open, e, link);
	TAILQ_INSERT_TAIL(&l->kept, e, link);
	e->lookup = NULL;
	e->err = r->err;
	e->count = r->count;
	memcpy(e->servers, r->servers, r->count * sizeof(r->servers[0]));
	e->until_ms = clock_mono_ms() + (int64_t)r->ttl_s * 1000;
	tell_askers(l, e);
	if (r->ttl_s == 0)
		entry_drop(l, e);
}

static void on_done(void *ctx, uint64_t user, const struct dns_result *r)
{
	struct locator *l = ctx;
	struct entry *e = pool_get(l->pool, (struct id){user});
	if (e)
		take_result(l, e, r);
}

/* --- questions */

static bool wait_for(struct locator *l, struct entry *e, const struct ask *ask)
{
	struct id id;
	struct asker *a = pool_take(l->askers, &id);
	if (a == NULL)
		return false;
	*a = (struct asker){.token = ask->token, .shard = ask->shard};
	struct asker *last = pool_get(l->askers, e->last_asker);
	*(last ? &last->next : &e->askers) = id;
	e->last_asker = id;
	return true;
}

/* The lookup may be over before dns_lookup_start returns: then the entry is answered, or gone. */
static void look_up(struct locator *l, struct entry *e)
{
	static struct dns_lookup *const starting = (struct dns_lookup *)1;
	struct id id = e->id;
	e->lookup = starting;
	e->until_ms = clock_mono_ms() + LOCATE_LIMIT_MS;
	TAILQ_INSERT_TAIL(&l->open, e, link);
	struct dns_lookup *lookup = dns_lookup_start(l->dns, &e->q, on_done, l, id.v);
	e = pool_get(l->pool, id);
	if (e == NULL || e->lookup != starting)
		return;
	e->lookup = lookup;
	if (lookup == NULL)
		take_result(l, e, &(struct dns_result){.err = ERR_LIMIT});
}

static void take_ask(struct locator *l, const struct ask *ask)
{
	struct entry *e = entry_find(l, &ask->q);
	if (e && e->lookup == NULL && clock_mono_ms() >= e->until_ms) {
		entry_drop(l, e);
		e = NULL;
	}
	if (e && e->lookup == NULL) {
		TAILQ_REMOVE(&l->kept, e, link);
		TAILQ_INSERT_TAIL(&l->kept, e, link);
		post(l, e, ask->token, ask->shard);
		return;
	}
	bool fresh = e == NULL;
	if (fresh)
		e = entry_new(l, &ask->q);
	if (e == NULL || !wait_for(l, e, ask)) {
		post_refusal(l, ask);
		if (e == NULL || !fresh)
			return;
	}
	if (fresh)
		look_up(l, e);
}

static void take_asks(struct locator *l)
{
	for (struct slice r = ring_peek(l->asks); r.p; r = ring_peek(l->asks)) {
		struct ask ask;
		memcpy(&ask, r.p, sizeof(ask));
		ring_pop(l->asks);
		take_ask(l, &ask);
	}
}

static void end_late(struct locator *l)
{
	struct entry *e;
	while ((e = TAILQ_FIRST(&l->open)) != NULL && e->until_ms <= clock_mono_ms()) {
		struct dns_result r;
		dns_lookup_end(e->lookup, &r);
		take_result(l, e, &r);
	}
}

/* --- the thread */

static int64_t wait_ms(struct locator *l)
{
	const struct entry *first = TAILQ_FIRST(&l->open);
	int64_t most = LONGEST_WAIT_MS;
	if (first && first->until_ms - clock_mono_ms() < most)
		most = first->until_ms - clock_mono_ms();
	return dns_timeout_ms(l->dns, most > 0 ? most : 0);
}

static void *run(void *arg)
{
	struct locator *l = arg;
	while (!atomic_load(&l->stop)) {
		struct pollfd fds[DNS_FDS_MAX + 1];
		uint32_t n = dns_fds(l->dns, fds);
		fds[n] = (struct pollfd){.fd = l->wake_fd, .events = POLLIN};
		if (poll(fds, n + 1, (int)wait_ms(l)) < 0 && errno != EINTR)
			break;
		eventfd_t ignored;
		if (fds[n].revents & POLLIN)
			(void)eventfd_read(l->wake_fd, &ignored);
		take_asks(l);
		dns_process(l->dns, fds, n);
		end_late(l);
	}
	return NULL;
}

static int open_all(struct locator *l)
{
	struct pool_params entries = {"names", 0, sizeof(struct entry), ENTRIES_MAX},
			   askers = {"askers", 0, sizeof(struct asker), ASKERS_MAX};
	TAILQ_INIT(&l->kept);
	TAILQ_INIT(&l->open);
	rng_init(&l->rng, l->p.seed);
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->wake_fd < 0)
		return ERR_LIMIT;
	int err = ring_new(RING_BYTES, &l->asks);
	if (err == 0)
		err = pool_new(&entries, &l->pool);
	if (err == 0)
		err = pool_new(&askers, &l->askers);
	if (err == 0)
		err = index_new(ENTRIES_MAX, &l->by_question);
	if (err == 0)
		err = dns_new(l->p.servers, l->p.transports, &l->dns);
	if (err == 0 && pthread_create(&l->thread, NULL, run, l) != 0)
		err = ERR_LIMIT;
	l->started = err == 0;
	return err;
}

int locator_new(const struct locator_params *p, struct locator **ret_locator)
{
	struct locator *l = calloc(1, sizeof(*l));
	if (l == NULL)
		return ERR_NOMEM;
	l->p = *p;
	int err = open_all(l);
	if (err) {
		locator_free(l);
		return err;
	}
	*ret_locator = l;
	return 0;
}

void locator_free(struct locator *l)
{
	if (l == NULL)
		return;
	if (l->started) {
		atomic_store(&l->stop, true);
		(void)eventfd_write(l->wake_fd, 1);
		pthread_join(l->thread, NULL);
	}
	dns_free(l->dns);
	index_free(l->by_question);
	pool_free(l->askers);
	pool_free(l->pool);
	if (l->asks)
		ring_free(l->asks);
	if (l->wake_fd >= 0)
		close(l->wake_fd);
	free(l);
}

int locator_ask(struct locator *l, const struct sip_uri *uri, uint16_t shard, uint64_t token)
{
	struct ask ask = {.token = token, .shard = shard};
	bool was_empty = false;
	int err = locate_question_of(uri, &ask.q);
	if (err)
		return err;
	if (ring_put(l->asks, slice_of((const char *)&ask, sizeof(ask)), SLICE_NONE, &was_empty))
		return ERR_LIMIT;
	if (was_empty)
		(void)eventfd_write(l->wake_fd, 1);
	return 0;
}
