/*
 * writer: writing behind. Shards hand bindings and call records to one thread, which gathers what
 * waits into one transaction after another: a tenth of a second when there are bindings in it, else
 * half a second, less when somebody flushes or the queue fills up. The queue outlives kill -9; a
 * loss of power takes what was not written. A full queue is backpressure (ERR_AGAIN): the caller
 * answers 503 rather than lose a word.
 *
 * What hands over sees a struct of functions, as with io, so that the simulation can stand in for
 * the thread; writer_new makes the real one.
 */
#pragma once

#include "store/store.h"

/* A change of bindings. */
struct writer_change {
	bool remove;
	struct store_binding binding; /* remove: number and key only */
};

struct writer;
struct writer_ops {
	int (*bindings_change)(struct writer *w, const struct writer_change *changes, size_t n);
	int (*record_add)(struct writer *w, const struct store_record *r);
};
struct writer {
	const struct writer_ops *ops;
};

/* Opens its own handle on path and starts the thread. failed(ctx, text) on each batch that could
 * not be written (it is tried again until it is, or writer_free gives up and says so). Errors as
 * store_open. */
int writer_new(const char *path, size_t queue_bytes, void (*failed)(void *ctx, const char *text),
	       void *ctx, struct writer **ret_writer);
/* Writes what waits, then ends. */
void writer_free(struct writer *w);

/* Several changes of bindings, taken over all or none and written in one transaction. Any thread;
 * copied. 0, ERR_AGAIN (full), ERR_TOO_BIG or ERR_NOMEM. What the store has no number for is let
 * go: the number was removed meanwhile. */
static inline int writer_bindings_change(struct writer *w, const struct writer_change *changes,
					 size_t n)
{
	return w->ops->bindings_change(w, changes, n);
}
static inline int writer_binding_put(struct writer *w, const struct store_binding *b)
{
	const struct writer_change change = {.binding = *b};
	return writer_bindings_change(w, &change, 1);
}
static inline int writer_binding_remove(struct writer *w, struct slice number, struct slice key)
{
	const struct writer_change change = {.remove = true,
					     .binding = {.number = number, .key = key}};
	return writer_bindings_change(w, &change, 1);
}
static inline int writer_record_add(struct writer *w, const struct store_record *r)
{
	return w->ops->record_add(w, r);
}

/* --- Of the one that writer_new made. */

/* Waits until all that was handed over before is durable. 0 or ERR_IO (the last batch failed; it is
 * still tried). */
int writer_flush(struct writer *w);
/* Changes and records that are durable, or were let go. */
uint64_t writer_written(const struct writer *w);
