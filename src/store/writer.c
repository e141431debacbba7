/*
 * Handing over to the writer's thread (writer_thread.c), waiting for it, and its life. The ring
 * between them lies in a file (queue_priv.h), so that what was handed over is written by the next
 * start when this process is killed; therefore the thread may gather for a while.
 *
 * `lock` guards the words between the threads that wait: who sleeps, who presses, who wants a
 * flush, how far the writing has come. Why not a message: waiting is what a condition variable is
 * for; handing over takes the lock only to wake a sleeper.
 */
#include "store/writer_priv.h"

#include "base/clock.h"
#include "base/err.h"
#include "store/item_priv.h"

#include <stdlib.h>

/* One fsync then serves many, and a page that many change is written once. As long as this, a loss
 * of power can undo a registration or a record. */
#define GATHER_BINDINGS_MS 100
#define GATHER_RECORDS_MS  500
#define MARK_RETRY_MS	   10
#define STACK_BYTES	   4096

/* ---- handing over ---- */

static void wake(struct thread_writer *w, enum press press)
{
	pthread_mutex_lock(&w->lock);
	if (atomic_load(&w->pressed) < (int)press)
		atomic_store(&w->pressed, press);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

/* A ring that fills up is no time to gather. */
static bool fills_up(const struct ring *ring)
{
	return ring_used_bytes(ring) > ring_cap_bytes(ring) / 4;
}

static int hand_over(struct thread_writer *w, const char *items, size_t n, enum press press)
{
	bool was_empty = false;
	int r = ring_put(w->ring, slice_of(items, n), SLICE_NONE, &was_empty);

	if (r == ERR_AGAIN || fills_up(w->ring))
		press = PRESS_NOW;
	if (was_empty || (int)press > atomic_load(&w->pressed))
		wake(w, press);
	return r;
}

static enum item_kind change_kind(const struct writer_change *change)
{
	return change->remove ? ITEM_REMOVE : ITEM_PUT;
}

static int bindings_change(struct writer *writer, const struct writer_change *changes, size_t n)
{
	char stack[STACK_BYTES] __attribute__((aligned(8))), *items = stack, *at;
	size_t bytes = 0;
	int r;

	for (size_t i = 0; i < n; i++)
		bytes += item_bytes(change_kind(&changes[i]), &changes[i].binding);
	if (bytes == 0)
		return 0;
	if (bytes > sizeof(stack) && (items = malloc(bytes)) == NULL)
		return ERR_NOMEM;
	at = items;
	for (size_t i = 0; i < n; i++)
		at = item_pack(at, change_kind(&changes[i]), &changes[i].binding);
	r = hand_over(writer_self(writer), items, bytes, PRESS_BINDING);
	if (items != stack)
		free(items);
	return r;
}

static int record_add(struct writer *writer, const struct store_record *r)
{
	char items[STACK_BYTES] __attribute__((aligned(8)));
	size_t bytes = item_bytes(ITEM_RECORD, r);

	if (bytes > sizeof(items))
		return ERR_TOO_BIG;
	item_pack(items, ITEM_RECORD, r);
	return hand_over(writer_self(writer), items, bytes, PRESS_LITTLE);
}

static const struct writer_ops OPS = {
	.bindings_change = bindings_change,
	.record_add = record_add,
};

/* ---- flushing: a mark goes through the ring behind all that was handed over ---- */

/*
 * The lock is held: marks enter the ring in the order of their tickets. A full ring is waited for,
 * unless the writing fails meanwhile.
 */
static int put_mark(struct thread_writer *w, uint64_t failures, uint64_t *ret_ticket)
{
	char item[sizeof(struct item) + sizeof(uint64_t)] __attribute__((aligned(8)));
	uint64_t ticket = w->tickets + 1;
	struct timespec until;

	for (;;) {
		item_pack(item, ITEM_FLUSH, &ticket);
		pthread_cond_signal(&w->wake);
		if (ring_put(w->ring, slice_of(item, sizeof(item)), SLICE_NONE, NULL) == 0) {
			*ret_ticket = w->tickets = ticket;
			return 0;
		}
		if (w->failures != failures)
			return ERR_IO;
		until = clock_moment(MARK_RETRY_MS);
		pthread_cond_timedwait(&w->moved, &w->lock, &until);
		ticket = w->tickets + 1;
	}
}

int writer_flush(struct writer *writer)
{
	struct thread_writer *w = writer_self(writer);
	uint64_t ticket = 0, failures;
	int r;

	pthread_mutex_lock(&w->lock);
	failures = w->failures;
	r = put_mark(w, failures, &ticket);
	while (r == 0 && w->flushed < ticket) {
		if (w->failures != failures)
			r = ERR_IO;
		else
			pthread_cond_wait(&w->moved, &w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return r;
}

uint64_t writer_written(const struct writer *writer)
{
	return atomic_load(&((const struct thread_writer *)writer)->written);
}

/* ---- life ---- */

static void destroy(struct thread_writer *w)
{
	pthread_cond_destroy(&w->moved);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	ring_free(w->ring);
	queue_close(&w->queue);
	store_close(w->store);
	batch_fini(&w->batch);
	free(w);
}

static struct thread_writer *create(void)
{
	struct thread_writer *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;

	if (!w)
		return NULL;
	w->queue.fd = -1;
	w->gather_ms[PRESS_BINDING] = GATHER_BINDINGS_MS;
	w->gather_ms[PRESS_LITTLE] = GATHER_RECORDS_MS;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, &attr);
	pthread_cond_init(&w->moved, &attr);
	pthread_condattr_destroy(&attr);
	return w;
}

void writer_gather_for(struct writer *writer, int64_t bindings_ms, int64_t records_ms)
{
	struct thread_writer *w = writer_self(writer);

	pthread_mutex_lock(&w->lock);
	w->gather_ms[PRESS_BINDING] = bindings_ms;
	w->gather_ms[PRESS_LITTLE] = records_ms;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

int writer_new(const char *path, size_t queue_bytes, void (*failed)(void *ctx, const char *text),
	       void *ctx, struct writer **ret_writer)
{
	struct thread_writer *w = create();
	char text[STORE_TEXT_BYTES];
	int r;

	if (!w)
		return ERR_NOMEM;
	w->writer.ops = &OPS;
	w->failed = failed;
	w->ctx = ctx;
	r = store_open(path, &w->store, text, sizeof(text));
	if (r != 0 && failed)
		failed(ctx, text);
	if (r == 0)
		r = writer_open_ring(w, path, queue_bytes);
	if (r == 0 && pthread_create(&w->thread, NULL, writer_run, w) != 0)
		r = ERR_NOMEM;
	if (r != 0) {
		destroy(w);
		return r;
	}
	*ret_writer = &w->writer;
	return 0;
}

void writer_free(struct writer *writer)
{
	struct thread_writer *w = writer_self(writer);

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	destroy(w);
}
