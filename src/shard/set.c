#include "shard/set.h"

#include "base/clock.h"
#include "base/err.h"
#include "shard/mail.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define ANSWER_MS 5000

struct shard_set {
	uint16_t count;
	struct ring *inboxes[SHARDS_MAX];
	void (*wake)(void *ctx, uint16_t shard);
	void *wake_ctx;
};

/*
 * An errand lives on the heap and is freed by whoever lets go last, since the asker may stop
 * waiting. The mutex guards the hand-over between the two threads; a message back would need an
 * inbox for every asking thread.
 */
enum errand_state { ERRAND_WAITING, ERRAND_RUNNING, ERRAND_DONE, ERRAND_ABANDONED };
struct errand {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum errand_state state;
	void (*fn)(struct shard *s, void *arg);
	void *arg;
};

int shard_set_new(uint16_t count, size_t inbox_bytes, void (*wake)(void *ctx, uint16_t shard),
		  void *wake_ctx, struct shard_set **ret_set)
{
	if (count == 0 || count > SHARDS_MAX)
		return ERR_INVALID;
	struct shard_set *set = calloc(1, sizeof(*set));
	if (set == NULL)
		return ERR_NOMEM;
	set->count = count;
	set->wake = wake;
	set->wake_ctx = wake_ctx;
	for (uint16_t i = 0; i < count; i++) {
		if (ring_new(inbox_bytes, &set->inboxes[i]) != 0) {
			shard_set_free(set);
			return ERR_NOMEM;
		}
	}
	*ret_set = set;
	return 0;
}

void shard_set_free(struct shard_set *set)
{
	if (set == NULL)
		return;
	for (uint16_t i = 0; i < set->count; i++) {
		if (set->inboxes[i])
			ring_free(set->inboxes[i]);
	}
	free(set);
}

uint16_t shard_set_count(const struct shard_set *set)
{
	return set->count;
}

struct ring *const *shard_set_inboxes(struct shard_set *set)
{
	return set->inboxes;
}

void shard_set_located(struct shard_set *set, const struct locate_answer *answer)
{
	struct mail mail = {.kind = MAIL_LOCATED};
	bool was_empty = false;
	if (answer->shard >= set->count)
		return;
	if (ring_put(set->inboxes[answer->shard], slice_of((const char *)&mail, sizeof(mail)),
		     slice_of((const char *)answer, sizeof(*answer)), &was_empty) == 0 &&
	    was_empty)
		set->wake(set->wake_ctx, answer->shard);
}

static struct errand *errand_new(void (*fn)(struct shard *s, void *arg), void *arg)
{
	struct errand *e = calloc(1, sizeof(*e));
	if (e == NULL)
		return NULL;
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->changed, &attr);
	pthread_condattr_destroy(&attr);
	e->fn = fn;
	e->arg = arg;
	return e;
}

static void errand_free(struct errand *e)
{
	pthread_cond_destroy(&e->changed);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

void mail_run(struct shard *s, struct errand *e)
{
	pthread_mutex_lock(&e->lock);
	bool abandoned = e->state == ERRAND_ABANDONED;
	if (!abandoned)
		e->state = ERRAND_RUNNING;
	pthread_mutex_unlock(&e->lock);
	if (abandoned) {
		errand_free(e);
		return;
	}
	e->fn(s, e->arg);
	pthread_mutex_lock(&e->lock);
	e->state = ERRAND_DONE;
	pthread_cond_signal(&e->changed);
	pthread_mutex_unlock(&e->lock);
}

/* Once it runs it is waited for however long it takes: its argument is the asker's. */
static int errand_wait(struct errand *e)
{
	struct timespec until = clock_moment(ANSWER_MS);
	int late = 0;
	pthread_mutex_lock(&e->lock);
	while (e->state == ERRAND_WAITING && late == 0)
		late = pthread_cond_timedwait(&e->changed, &e->lock, &until);
	while (e->state == ERRAND_RUNNING)
		pthread_cond_wait(&e->changed, &e->lock);
	bool done = e->state == ERRAND_DONE;
	if (!done)
		e->state = ERRAND_ABANDONED;
	pthread_mutex_unlock(&e->lock);
	if (done)
		errand_free(e);
	return done ? 0 : ERR_TIMEOUT;
}

static int run_on(struct shard_set *set, uint16_t shard, void (*fn)(struct shard *s, void *arg),
		  void *arg)
{
	struct errand *e = errand_new(fn, arg);
	if (e == NULL)
		return ERR_NOMEM;
	struct mail mail = {.kind = MAIL_RUN, .errand = e};
	if (ring_put(set->inboxes[shard], slice_of((const char *)&mail, sizeof(mail)), SLICE_NONE,
		     NULL) != 0) {
		errand_free(e);
		return ERR_AGAIN;
	}
	set->wake(set->wake_ctx, shard);
	return errand_wait(e);
}

int shard_set_run(struct shard_set *set, void (*fn)(struct shard *s, void *arg), void *arg)
{
	for (uint16_t i = 0; i < set->count; i++) {
		int err = run_on(set, i, fn, arg);
		if (err)
			return err;
	}
	return 0;
}

struct calls_question {
	uint64_t uid;
	shard_call_fn *fn;
	void *ctx;
};

static void ask_calls(struct shard *s, void *arg)
{
	const struct calls_question *q = arg;
	shard_calls(s, q->uid, q->fn, q->ctx);
}

int shard_set_calls(struct shard_set *set, uint64_t uid, shard_call_fn *fn, void *ctx)
{
	struct calls_question q = {uid, fn, ctx};
	return shard_set_run(set, ask_calls, &q);
}

struct hangup_question {
	uint64_t uid;
	bool found;
};

static void ask_hangup(struct shard *s, void *arg)
{
	struct hangup_question *q = arg;
	if (shard_hangup(s, q->uid) == 0)
		q->found = true;
}

int shard_set_hangup(struct shard_set *set, uint64_t uid)
{
	struct hangup_question q = {uid, false};
	int err = shard_set_run(set, ask_hangup, &q);
	if (err)
		return err;
	return q.found ? 0 : ERR_NOT_FOUND;
}

static void ask_counts(struct shard *s, void *arg)
{
	struct shard_counts one, *sum = arg;
	shard_counts(s, &one);
	const uint64_t *from = (const uint64_t *)&one;
	uint64_t *to = (uint64_t *)sum;
	for (size_t i = 0; i < sizeof(one) / sizeof(uint64_t); i++)
		to[i] += from[i]; /* the struct is uint64_t all through */
}

int shard_set_counts(struct shard_set *set, struct shard_counts *ret_counts)
{
	struct shard_counts sum = {0};
	int err = shard_set_run(set, ask_counts, &sum);
	if (err == 0)
		*ret_counts = sum;
	return err;
}
