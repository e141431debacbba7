/* `lock` guards what the threads tell each other: what is asked for, how far it is, and that it is
 * time to stop. The keeper sleeps on `wake`. */
#include "store/keeper.h"

#include "base/clock.h"
#include "base/day.h"
#include "base/err.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define TICK_MS	    1000
#define BATCH_ROWS  200
#define PAUSE_MS    20 /* between two batches: others get the file */
#define LOOK_TICKS  600
#define ACTOR_BYTES 32

struct keeper {
	struct keeper_params p;
	struct store *store;
	pthread_t thread;
	bool started;

	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping, asked;
	uint32_t keep_days;
	char actor[ACTOR_BYTES];
	struct keeper_progress progress;
};

/* True: stop. Ends early when something is asked for, if `early`. */
static bool wait(struct keeper *k, int64_t ms, bool early)
{
	struct timespec until = clock_moment(ms);
	pthread_mutex_lock(&k->lock);
	while (!k->stopping && !(early && k->asked) &&
	       pthread_cond_timedwait(&k->wake, &k->lock, &until) == 0)
		;
	bool stopping = k->stopping;
	pthread_mutex_unlock(&k->lock);
	return stopping;
}

static void note_progress(struct keeper *k, bool asked, uint64_t deleted)
{
	if (!asked)
		return;
	pthread_mutex_lock(&k->lock);
	k->progress.deleted = deleted;
	pthread_mutex_unlock(&k->lock);
}

static int audit(struct keeper *k, const char *actor, int64_t before_ms, uint64_t deleted)
{
	char day[DAY_CHARS + 1], detail[64];
	day_text(day_of(before_ms), day);
	snprintf(detail, sizeof(detail), "%llu records before that day deleted",
		 (unsigned long long)deleted);
	return store_audit_add(k->store, clock_wall_ms(), slice_str(actor), SLICE("records.prune"),
			       slice_str(day), slice_str(detail));
}

/* 0: nothing of that time is left. */
static int prune(struct keeper *k, int64_t before_ms, bool asked, uint64_t *ret_deleted)
{
	uint32_t batch = BATCH_ROWS;
	int err = 0;
	while (err == 0 && batch == BATCH_ROWS) {
		err = store_record_prune(k->store, before_ms, BATCH_ROWS, &batch);
		if (err == 0)
			*ret_deleted += batch;
		note_progress(k, asked, *ret_deleted);
		if (k->p.tick)
			k->p.tick(k->p.ctx, k->store);
		if (err == 0 && batch == BATCH_ROWS && wait(k, PAUSE_MS, false))
			err = ERR_CLOSED;
	}
	return err;
}

static void run_prune(struct keeper *k, int64_t before_ms, bool asked, const char *actor)
{
	uint64_t deleted = 0;
	int err = prune(k, before_ms, asked, &deleted);
	if (deleted && audit(k, actor, before_ms, deleted) && err == 0)
		err = ERR_IO;
	if (k->p.pruned && (deleted || (err && err != ERR_CLOSED)))
		k->p.pruned(k->p.ctx, before_ms, deleted,
			    err && err != ERR_CLOSED ? store_error(k->store) : NULL);
	if (!asked)
		return;
	pthread_mutex_lock(&k->lock);
	k->progress.running = false;
	k->progress.failed = err != 0;
	pthread_mutex_unlock(&k->lock);
}

static void prune_asked(struct keeper *k)
{
	char actor[ACTOR_BYTES];
	pthread_mutex_lock(&k->lock);
	bool asked = k->asked;
	int64_t before_ms = k->progress.before_ms;
	memcpy(actor, k->actor, sizeof(actor));
	k->asked = false;
	pthread_mutex_unlock(&k->lock);
	if (asked)
		run_prune(k, before_ms, true, actor);
}

static void prune_old(struct keeper *k)
{
	pthread_mutex_lock(&k->lock);
	uint32_t days = k->keep_days;
	pthread_mutex_unlock(&k->lock);
	if (days)
		run_prune(k, day_start_ms(day_of(clock_wall_ms()) - (int32_t)days), false,
			  "server");
}

static void *run(void *arg)
{
	struct keeper *k = arg;
	for (uint32_t ticks = 0; !wait(k, TICK_MS, true); ticks++) {
		if (k->p.tick)
			k->p.tick(k->p.ctx, k->store);
		prune_asked(k);
		if (ticks % LOOK_TICKS == 0)
			prune_old(k);
	}
	if (k->p.tick)
		k->p.tick(k->p.ctx, k->store);
	return NULL;
}

static struct keeper *create(const struct keeper_params *p)
{
	struct keeper *k = calloc(1, sizeof(*k));
	pthread_condattr_t attr;
	if (k == NULL)
		return NULL;
	k->p = *p;
	k->keep_days = p->keep_days;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->wake, &attr);
	pthread_condattr_destroy(&attr);
	return k;
}

int keeper_new(const struct keeper_params *p, struct keeper **ret_keeper)
{
	struct keeper *k = create(p);
	if (k == NULL)
		return ERR_NOMEM;
	int err = store_open(p->path, &k->store, NULL, 0);
	if (err == 0) {
		k->started = pthread_create(&k->thread, NULL, run, k) == 0;
		err = k->started ? 0 : ERR_LIMIT;
	}
	if (err)
		keeper_free(k);
	else
		*ret_keeper = k;
	return err;
}

void keeper_free(struct keeper *k)
{
	if (k == NULL)
		return;
	pthread_mutex_lock(&k->lock);
	k->stopping = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
	if (k->started)
		pthread_join(k->thread, NULL);
	store_close(k->store);
	pthread_cond_destroy(&k->wake);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

void keeper_set_days(struct keeper *k, uint32_t keep_days)
{
	pthread_mutex_lock(&k->lock);
	k->keep_days = keep_days;
	pthread_mutex_unlock(&k->lock);
}

bool keeper_prune(struct keeper *k, int64_t before_ms, const char *actor)
{
	pthread_mutex_lock(&k->lock);
	bool busy = k->progress.running;
	if (!busy) {
		k->asked = true;
		k->progress = (struct keeper_progress){.running = true, .before_ms = before_ms};
		(void)slice_copy(slice_first(slice_str(actor), ACTOR_BYTES - 1), k->actor,
				 sizeof(k->actor));
		pthread_cond_signal(&k->wake);
	}
	pthread_mutex_unlock(&k->lock);
	return !busy;
}

void keeper_progress(struct keeper *k, struct keeper_progress *ret_progress)
{
	pthread_mutex_lock(&k->lock);
	*ret_progress = k->progress;
	pthread_mutex_unlock(&k->lock);
}
