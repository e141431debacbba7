/*
 * Within the room store: the writer that has a thread. writer.c: handing over, flushing, its life;
 * writer_thread.c: the thread; writer_left.c: what an earlier process left in the queue.
 */
#pragma once

#include "base/ring.h"
#include "store/batch_priv.h"
#include "store/queue_priv.h"
#include "store/writer.h"

#include <pthread.h>
#include <stdatomic.h>

/* How those who hand over press the thread, that would rather gather. */
enum press { PRESS_LITTLE, PRESS_BINDING, PRESS_NOW };

struct thread_writer {
	struct writer writer; /* first */
	struct store *store;
	struct ring *ring;
	struct queue queue; /* where the ring lies; not open: in memory */
	pthread_t thread;
	void (*failed)(void *ctx, const char *text);
	void *ctx;
	_Atomic uint64_t written;

	struct batch batch; /* the thread's own, as the next two */
	size_t batch_end;   /* so far it reaches into the ring */
	bool more_waits;    /* it was not all that waited */

	pthread_mutex_t lock;
	pthread_cond_t wake;  /* for the thread */
	pthread_cond_t moved; /* for those who flush */
	_Atomic int pressed;  /* enum press; set with the lock, seen without */
	int64_t gather_ms[PRESS_NOW];
	bool stopping;
	uint64_t tickets;  /* of flushes, given out */
	uint64_t flushed;  /* the last ticket before which all is durable */
	uint64_t failures; /* batches that could not be written */
};

static inline struct thread_writer *writer_self(struct writer *w)
{
	return (struct thread_writer *)w;
}

/* How long a batch waits for company: one with bindings in it, one of records alone. */
void writer_gather_for(struct writer *w, int64_t bindings_ms, int64_t records_ms);

/* The thread: until it is stopping and all is written or given up. */
void *writer_run(void *thread_writer);

/* Writes what an earlier process left in path's queue and opens a new one. 0 or ERR_NOMEM. */
int writer_open_ring(struct thread_writer *w, const char *path, size_t queue_bytes);
