/*
 * `lock` guards the two lists of batches, the counts and the error. Why not rings: the reader must
 * sleep when all batches are out, and the workers when none is in.
 */
#include "directory/crew.h"

#include "base/err.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define WORKERS_MAX 4
#define BATCHES	    (2 * WORKERS_MAX)

struct crew {
	crew_work_fn *work;
	void *ctx;
	struct batch *filling;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct batch *empty, *full;
	uint32_t out; /* full ones and those being worked on */
	bool ending;
	int err;

	pthread_t workers[WORKERS_MAX];
	uint32_t worker_count;
	struct batch batches[BATCHES];
};

static void push(struct batch **list, struct batch *b)
{
	b->next = *list;
	*list = b;
}

static struct batch *pop(struct batch **list)
{
	struct batch *b = *list;

	if (b)
		*list = b->next;
	return b;
}

int crew_new(crew_work_fn *work, void *ctx, struct crew **ret_crew)
{
	struct crew *c = calloc(1, sizeof(*c));

	if (!c)
		return ERR_NOMEM;
	c->work = work;
	c->ctx = ctx;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	for (uint32_t i = 0; i < BATCHES; i++)
		push(&c->empty, &c->batches[i]);
	c->filling = pop(&c->empty);
	*ret_crew = c;
	return 0;
}

static int work_through(struct crew *c, struct batch *b)
{
	int r = 0;

	for (uint32_t i = 0; i < b->count && r == 0; i++)
		r = c->work(c->ctx, &b->items[i]);
	b->count = 0;
	b->used_bytes = 0;
	return r;
}

static void note_error(struct crew *c, int r)
{
	if (c->err == 0)
		c->err = r;
}

static void *work(void *arg)
{
	struct crew *c = arg;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		struct batch *b = pop(&c->full);
		int r;

		if (!b && c->ending)
			break;
		if (!b) {
			pthread_cond_wait(&c->changed, &c->lock);
			continue;
		}
		pthread_mutex_unlock(&c->lock);
		r = work_through(c, b);
		pthread_mutex_lock(&c->lock);
		note_error(c, r);
		push(&c->empty, b);
		c->out--;
		pthread_cond_broadcast(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* As many as there are processors; none is no harm. */
static void start_workers(struct crew *c)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	while (c->worker_count < WORKERS_MAX && (long)c->worker_count < n &&
	       pthread_create(&c->workers[c->worker_count], NULL, work, c) == 0)
		c->worker_count++;
}

static int hand_over(struct crew *c)
{
	int r;

	if (c->worker_count == 0)
		start_workers(c);
	if (c->worker_count == 0)
		return work_through(c, c->filling);
	pthread_mutex_lock(&c->lock);
	push(&c->full, c->filling);
	c->out++;
	pthread_cond_broadcast(&c->changed);
	while (!c->empty)
		pthread_cond_wait(&c->changed, &c->lock);
	c->filling = pop(&c->empty);
	r = c->err;
	pthread_mutex_unlock(&c->lock);
	return r;
}

struct batch *crew_batch(struct crew *c)
{
	return c->filling;
}

int crew_add(struct crew *c)
{
	struct batch *b = c->filling;

	b->count++;
	return b->count == BATCH_ITEMS || b->used_bytes > BATCH_BYTES * 3 / 4 ? hand_over(c) : 0;
}

int crew_wait(struct crew *c)
{
	int r = work_through(c, c->filling);

	pthread_mutex_lock(&c->lock);
	note_error(c, r);
	while (c->out)
		pthread_cond_wait(&c->changed, &c->lock);
	r = c->err;
	pthread_mutex_unlock(&c->lock);
	return r;
}

void crew_free(struct crew *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->ending = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	for (uint32_t i = 0; i < c->worker_count; i++)
		pthread_join(c->workers[i], NULL);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
