#include "main/gate.h"

#include "base/err.h"

#include <pthread.h>
#include <stdlib.h>

/* The mutex guards two flags; a ring cannot be slept on. Held for a few instructions. */
struct event_gate {
	pthread_mutex_t lock;
	pthread_cond_t knocked;
	bool knock, closed;
};

int event_gate_new(struct event_gate **ret_gate)
{
	struct event_gate *g = calloc(1, sizeof(*g));
	if (g == NULL)
		return ERR_NOMEM;
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->knocked, NULL);
	*ret_gate = g;
	return 0;
}

void event_gate_free(struct event_gate *g)
{
	if (g == NULL)
		return;
	pthread_cond_destroy(&g->knocked);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

static void set(struct event_gate *g, bool *flag)
{
	pthread_mutex_lock(&g->lock);
	*flag = true;
	pthread_cond_signal(&g->knocked);
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

bool event_gate_wait(struct event_gate *g)
{
	pthread_mutex_lock(&g->lock);
	while (!g->knock && !g->closed)
		pthread_cond_wait(&g->knocked, &g->lock);
	bool again = g->knock;
	g->knock = false;
	pthread_mutex_unlock(&g->lock);
	return again;
}
