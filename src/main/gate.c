#include "main/gate.h"

#include "base/clock.h"
#include "base/err.h"

#include <pthread.h>
#include <stdlib.h>

/* The mutex guards the words below; a ring cannot be slept on. Held for a few instructions. */
struct event_gate {
	pthread_mutex_t lock;
	pthread_cond_t moved;	/* for the reader */
	pthread_cond_t settled; /* for those who wait for it */
	int64_t gather_ms;
	bool knock, hurry, closed;
	uint64_t begun, done; /* rounds of reading */
};

int event_gate_new(int64_t gather_ms, struct event_gate **ret_gate)
{
	struct event_gate *g = calloc(1, sizeof(*g));
	pthread_condattr_t attr;
	if (g == NULL)
		return ERR_NOMEM;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->moved, &attr);
	pthread_cond_init(&g->settled, NULL);
	pthread_condattr_destroy(&attr);
	g->gather_ms = gather_ms;
	*ret_gate = g;
	return 0;
}

void event_gate_free(struct event_gate *g)
{
	if (g == NULL)
		return;
	pthread_cond_destroy(&g->settled);
	pthread_cond_destroy(&g->moved);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

static void set(struct event_gate *g, bool *flag)
{
	pthread_mutex_lock(&g->lock);
	*flag = true;
	pthread_cond_signal(&g->moved);
	pthread_mutex_unlock(&g->lock);
}

void event_gate_knock(void *gate)
{
	struct event_gate *g = gate;
	set(g, &g->knock);
}

void event_gate_close(struct event_gate *g)
{
	set(g, &g->closed);
}

/* With the lock, after a knock. */
static void gather(struct event_gate *g)
{
	struct timespec until = clock_moment(g->gather_ms);
	while (!g->hurry && !g->closed && pthread_cond_timedwait(&g->moved, &g->lock, &until) == 0)
		;
}

bool event_gate_wait(struct event_gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->done = g->begun;
	pthread_cond_broadcast(&g->settled);
	while (!g->knock && !g->hurry && !g->closed)
		pthread_cond_wait(&g->moved, &g->lock);
	gather(g);
	bool again = g->knock || g->hurry;
	g->knock = g->hurry = false;
	g->begun++;
	if (!again) /* nobody reads any more */
		pthread_cond_broadcast(&g->settled);
	pthread_mutex_unlock(&g->lock);
	return again;
}

void event_gate_settle(void *gate)
{
	struct event_gate *g = gate;
	pthread_mutex_lock(&g->lock);
	uint64_t want = g->begun + 1; /* one that is going on may have passed by it */
	g->hurry = true;
	pthread_cond_signal(&g->moved);
	while (g->done < want && !g->closed)
		pthread_cond_wait(&g->settled, &g->lock);
	pthread_mutex_unlock(&g->lock);
}
