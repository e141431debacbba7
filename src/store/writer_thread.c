/*
 * The thread takes what waits in the ring into a batch, writes the batch as one transaction, and
 * only then takes it out of the ring: a batch that fails stays and is tried again, while the ring
 * fills up and says ERR_AGAIN to those who hand over.
 */
#include "store/writer_priv.h"

#include "base/clock.h"
#include "base/err.h"

#include <stdio.h>

#define BATCH_BYTES   ((size_t)1024 * 1024)
#define RETRY_MS      200
#define RETRY_MS_MAX  5000
#define LAST_ATTEMPTS 5 /* of writer_free */

/* With the lock: how long a batch that began then may still wait for company; 0: it may not. */
static int64_t patience(struct thread_writer *w, int64_t since_ms)
{
	int press = atomic_load(&w->pressed);
	int64_t left;

	if (w->stopping || w->tickets != w->flushed || w->more_waits || press >= PRESS_NOW)
		return 0;
	left = since_ms + w->gather_ms[press] - clock_mono_ms();
	return left > 0 ? left : 0;
}

/* Until something waits in the ring; then longer, for company, unless somebody presses. False:
 * stop. The press is over before the ring is looked into, so that none is taken for an older one.
 */
static bool wait_for_work(struct thread_writer *w)
{
	int64_t since_ms, left;
	bool stopping;

	pthread_mutex_lock(&w->lock);
	while (!w->stopping && !ring_peek(w->ring).p)
		pthread_cond_wait(&w->wake, &w->lock);
	since_ms = clock_mono_ms();
	while ((left = patience(w, since_ms)) > 0) {
		struct timespec until = clock_moment(left);

		pthread_cond_timedwait(&w->wake, &w->lock, &until);
	}
	stopping = w->stopping;
	atomic_store(&w->pressed, PRESS_LITTLE);
	pthread_mutex_unlock(&w->lock);
	return !stopping || ring_peek(w->ring).p;
}

/* Without memory for more, the batch is what there is so far; that may be nothing. */
static void gather(struct thread_writer *w)
{
	size_t cursor = ring_cursor(w->ring);
	struct slice record;

	batch_clear(&w->batch);
	w->batch_end = cursor;
	while (w->batch.n < BATCH_BYTES && (record = ring_peek_on(w->ring, &cursor)).p) {
		if (!batch_add(&w->batch, record))
			break;
		w->batch_end = cursor;
	}
	w->more_waits = w->batch.n >= BATCH_BYTES;
}

static void report_success(struct thread_writer *w, uint64_t items)
{
	ring_pop_to(w->ring, w->batch_end);
	atomic_fetch_add(&w->written, items);
	if (!w->batch.flush)
		return;
	pthread_mutex_lock(&w->lock);
	w->flushed = w->batch.flush;
	pthread_cond_broadcast(&w->moved);
	pthread_mutex_unlock(&w->lock);
}

/* Tells everybody, then sleeps. True when the server is going down meanwhile. */
static bool report_failure(struct thread_writer *w, int64_t pause_ms)
{
	struct timespec until = clock_moment(pause_ms);
	bool stopping;

	if (w->failed)
		w->failed(w->ctx, w->batch.n ? store_error(w->store) : err_text(ERR_NOMEM));
	pthread_mutex_lock(&w->lock);
	w->failures++;
	pthread_cond_broadcast(&w->moved);
	while (!w->stopping && pthread_cond_timedwait(&w->wake, &w->lock, &until) == 0)
		;
	stopping = w->stopping;
	pthread_mutex_unlock(&w->lock);
	return stopping;
}

static void give_up(struct thread_writer *w)
{
	char text[160];

	snprintf(text, sizeof(text),
		 "The server is going down and %zu bytes of bindings and call records %s.",
		 ring_used_bytes(w->ring),
		 w->queue.memory ? "wait for its next start" : "are lost");
	if (w->failed)
		w->failed(w->ctx, text);
}

static int write_next(struct thread_writer *w, uint64_t *ret_items)
{
	if (w->batch.n == 0)
		gather(w);
	if (w->batch.n == 0)
		return ERR_NOMEM;
	return batch_write(&w->batch, w->store, w->failed, w->ctx, ret_items);
}

/* Until something is written; false when it was given up. */
static bool insist(struct thread_writer *w)
{
	int64_t pause_ms = RETRY_MS;
	uint64_t items;
	int last_attempts = LAST_ATTEMPTS;

	while (write_next(w, &items) != 0) {
		if (report_failure(w, pause_ms) && --last_attempts == 0) {
			give_up(w);
			return false;
		}
		pause_ms = pause_ms * 2 < RETRY_MS_MAX ? pause_ms * 2 : RETRY_MS_MAX;
	}
	report_success(w, items);
	batch_clear(&w->batch);
	return true;
}

void *writer_run(void *arg)
{
	struct thread_writer *w = arg;

	while (wait_for_work(w)) {
		if (!insist(w))
			break;
	}
	return NULL;
}
