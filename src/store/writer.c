/*
 * One thread takes what waits in the ring into a batch, writes the batch as one transaction, and
 * only then takes it out of the ring: a batch that fails stays and is tried again, while the ring
 * fills up and says ERR_AGAIN to those who hand over. The ring lies in a file (queue_priv.h), so
 * that what was handed over is written by the next start when this process is killed.
 *
 * `lock` guards the words between the threads that wait: who sleeps, who wants a flush, how far the
 * writing has come. Why not a message: waiting is what a condition variable is for; handing over
 * takes the lock only to wake a sleeper.
 */
#include "store/writer.h"

#include "base/err.h"
#include "store/queue_priv.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BATCH_BYTES   ((size_t)512 * 1024)
#define GATHER_MS     10 /* a batch waits so long for company: one fsync then serves many */
#define RETRY_MS      200
#define RETRY_MS_MAX  5000
#define LAST_ATTEMPTS 5 /* of writer_free */
#define STACK_BYTES   4096

enum kind { PUT, REMOVE, RECORD, FLUSH };

/* In the ring and in the batch: the header, the struct as it was handed over, then its texts one
 * after another. */
struct item {
	uint32_t bytes; /* all of it, a multiple of 8 */
	uint32_t kind;
};

static const size_t binding_texts[] = {
	offsetof(struct store_binding, number),
	offsetof(struct store_binding, key),
	offsetof(struct store_binding, bytes),
};
static const size_t record_texts[] = {
	offsetof(struct store_record, from),	  offsetof(struct store_record, to),
	offsetof(struct store_record, dialled),	  offsetof(struct store_record, customer),
	offsetof(struct store_record, reason),	  offsetof(struct store_record, reason_text),
	offsetof(struct store_record, ended_by),  offsetof(struct store_record, codec),
	offsetof(struct store_record, direction), offsetof(struct store_record, trunk),
};

/* What a kind of item looks like. */
static const struct shape {
	size_t bytes;
	const size_t *texts;
	size_t text_count;
} shapes[] = {
	[PUT] = {sizeof(struct store_binding), binding_texts, 3},
	[REMOVE] = {sizeof(struct store_binding), binding_texts, 3},
	[RECORD] = {sizeof(struct store_record), record_texts, 10},
	[FLUSH] = {sizeof(uint64_t), NULL, 0},
};

struct thread_writer {
	struct writer writer; /* first */
	struct store *store;
	struct ring *ring;
	struct queue queue; /* where the ring lies; not open: in memory */
	pthread_t thread;
	void (*failed)(void *ctx, const char *text);
	void *ctx;
	_Atomic uint64_t written;

	char *batch; /* the thread's own */
	size_t batch_bytes, batch_cap_bytes;
	uint32_t batch_records; /* so many of the ring's are in it */
	uint64_t batch_flush;	/* the last flush ticket in it */

	pthread_mutex_t lock;
	pthread_cond_t wake;  /* for the thread */
	pthread_cond_t moved; /* for those who flush */
	bool stopping;
	uint64_t tickets;  /* of flushes, given out */
	uint64_t flushed;  /* the last ticket before which all is durable */
	uint64_t failures; /* batches that could not be written */
};

static struct slice *text_of(void *body, size_t offset)
{
	return (struct slice *)((char *)body + offset);
}

static size_t item_bytes(enum kind kind, const void *body)
{
	const struct shape *shape = &shapes[kind];
	size_t n = sizeof(struct item) + shape->bytes;

	for (size_t i = 0; i < shape->text_count; i++)
		n += ((const struct slice *)((const char *)body + shape->texts[i]))->n;
	return (n + 7) & ~(size_t)7;
}

/* Returns the place behind it. */
static char *item_pack(char *to, enum kind kind, const void *body)
{
	const struct shape *shape = &shapes[kind];
	size_t bytes = item_bytes(kind, body);
	struct item item = {.bytes = (uint32_t)bytes, .kind = kind};
	char *at = to + sizeof(item) + shape->bytes;

	memcpy(to, &item, sizeof(item));
	memcpy(to + sizeof(item), body, shape->bytes);
	for (size_t i = 0; i < shape->text_count; i++) {
		struct slice text = *(const struct slice *)((const char *)body + shape->texts[i]);

		if (text.n)
			memcpy(at, text.p, text.n);
		at += text.n;
	}
	memset(at, 0, (size_t)(to + bytes - at));
	return to + bytes;
}

/* The body, its slices pointing behind it again. */
static void *item_body(struct item *item)
{
	const struct shape *shape = &shapes[item->kind];
	char *body = (char *)(item + 1), *at = body + shape->bytes;

	for (size_t i = 0; i < shape->text_count; i++) {
		struct slice *text = text_of(body, shape->texts[i]);

		text->p = at;
		at += text->n;
	}
	return body;
}

/* ---- handing over ---- */

static struct thread_writer *self(struct writer *w)
{
	return (struct thread_writer *)w;
}

static void wake(struct thread_writer *w)
{
	pthread_mutex_lock(&w->lock);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

static int hand_over(struct thread_writer *w, const char *items, size_t n)
{
	bool was_empty = false;
	int r = ring_put(w->ring, slice_of(items, n), SLICE_NONE, &was_empty);

	/* Full: no reason to gather any longer. */
	if (was_empty || r == ERR_AGAIN)
		wake(w);
	return r;
}

static enum kind change_kind(const struct writer_change *change)
{
	return change->remove ? REMOVE : PUT;
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
	r = hand_over(self(writer), items, bytes);
	if (items != stack)
		free(items);
	return r;
}

static int record_add(struct writer *writer, const struct store_record *r)
{
	char items[STACK_BYTES] __attribute__((aligned(8)));
	size_t bytes = item_bytes(RECORD, r);

	if (bytes > sizeof(items))
		return ERR_TOO_BIG;
	item_pack(items, RECORD, r);
	return hand_over(self(writer), items, bytes);
}

static const struct writer_ops OPS = {
	.bindings_change = bindings_change,
	.record_add = record_add,
};

/* ---- the thread ---- */

static void now_plus(struct timespec *t, int64_t ms)
{
	clock_gettime(CLOCK_MONOTONIC, t);
	t->tv_sec += ms / 1000;
	t->tv_nsec += (ms % 1000) * 1000000;
	if (t->tv_nsec >= 1000000000) {
		t->tv_sec++;
		t->tv_nsec -= 1000000000;
	}
}

/* Until something waits in the ring; then a moment more, unless somebody is waiting for us. False:
 * stop. */
static bool wait_for_work(struct thread_writer *w)
{
	struct timespec until;
	bool stopping;

	pthread_mutex_lock(&w->lock);
	while (!w->stopping && !ring_peek(w->ring).p)
		pthread_cond_wait(&w->wake, &w->lock);
	now_plus(&until, GATHER_MS);
	if (!w->stopping && w->tickets == w->flushed)
		pthread_cond_timedwait(&w->wake, &w->lock, &until);
	stopping = w->stopping;
	pthread_mutex_unlock(&w->lock);
	return !stopping || ring_peek(w->ring).p;
}

static bool batch_grow(struct thread_writer *w, size_t bytes)
{
	size_t cap = w->batch_cap_bytes ? w->batch_cap_bytes : 16384;
	char *grown;

	while (cap < bytes)
		cap *= 2;
	if (cap == w->batch_cap_bytes)
		return true;
	grown = realloc(w->batch, cap);
	if (!grown)
		return false;
	w->batch = grown;
	w->batch_cap_bytes = cap;
	return true;
}

static bool batch_add(struct thread_writer *w, struct slice record)
{
	if (!batch_grow(w, w->batch_bytes + record.n))
		return false;
	memcpy(w->batch + w->batch_bytes, record.p, record.n);
	w->batch_bytes += record.n;
	return true;
}

/* Without memory for more, the batch is what there is so far. */
static void gather(struct thread_writer *w)
{
	struct slice record;
	size_t cursor = ring_cursor(w->ring);

	w->batch_bytes = 0;
	w->batch_flush = 0;
	w->batch_records = 0;
	while (w->batch_bytes < BATCH_BYTES && (record = ring_peek_on(w->ring, &cursor)).p) {
		if (!batch_add(w, record))
			break;
		w->batch_records++;
	}
}

static void pop_batch(struct thread_writer *w)
{
	for (; w->batch_records; w->batch_records--)
		ring_pop(w->ring);
}

static int write_item(struct thread_writer *w, struct item *item)
{
	const struct store_binding *b;

	switch ((enum kind)item->kind) {
	case PUT:
		return store_binding_put(w->store, item_body(item));
	case REMOVE:
		b = item_body(item);
		return store_binding_remove(w->store, b->number, b->key);
	case RECORD:
		return store_record_add(w->store, item_body(item));
	case FLUSH:
		memcpy(&w->batch_flush, item + 1, sizeof(w->batch_flush));
		return 0;
	}
	return 0;
}

/* An item that will never be accepted must not hold up the others for ever. */
static bool is_hopeless(int err)
{
	return err == ERR_EXISTS || err == ERR_CONFLICT || err == ERR_INVALID || err == ERR_TOO_BIG;
}

static int write_batch(struct thread_writer *w, uint64_t *ret_items)
{
	uint64_t items = 0;
	int r = store_begin(w->store);

	for (size_t at = 0; r == 0 && at < w->batch_bytes;) {
		struct item *item = (struct item *)(w->batch + at);

		r = write_item(w, item);
		if (is_hopeless(r) && w->failed)
			w->failed(w->ctx, store_error(w->store));
		if (is_hopeless(r) || r == ERR_NOT_FOUND)
			r = 0;
		items += item->kind != FLUSH;
		at += item->bytes;
	}
	if (r == 0)
		r = store_commit(w->store);
	else
		store_rollback(w->store);
	*ret_items = items;
	return r;
}

static void report_success(struct thread_writer *w, uint64_t items)
{
	pop_batch(w);
	atomic_fetch_add(&w->written, items);
	if (!w->batch_flush)
		return;
	pthread_mutex_lock(&w->lock);
	w->flushed = w->batch_flush;
	pthread_cond_broadcast(&w->moved);
	pthread_mutex_unlock(&w->lock);
}

/* Tells everybody, then sleeps. True when the server is going down meanwhile. */
static bool report_failure(struct thread_writer *w, int64_t pause_ms)
{
	struct timespec until;
	bool stopping;

	if (w->failed)
		w->failed(w->ctx, store_error(w->store));
	now_plus(&until, pause_ms);
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

/* Until it is written; false when it was given up. */
static bool insist(struct thread_writer *w)
{
	int64_t pause_ms = RETRY_MS;
	uint64_t items;
	int last_attempts = LAST_ATTEMPTS;

	while (write_batch(w, &items) != 0) {
		if (report_failure(w, pause_ms) && --last_attempts == 0) {
			give_up(w);
			return false;
		}
		pause_ms = pause_ms * 2 < RETRY_MS_MAX ? pause_ms * 2 : RETRY_MS_MAX;
	}
	report_success(w, items);
	return true;
}

static void *run(void *arg)
{
	struct thread_writer *w = arg;

	while (wait_for_work(w)) {
		gather(w);
		if (!insist(w))
			break;
	}
	return NULL;
}

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
		item_pack(item, FLUSH, &ticket);
		pthread_cond_signal(&w->wake);
		if (ring_put(w->ring, slice_of(item, sizeof(item)), SLICE_NONE, NULL) == 0) {
			*ret_ticket = w->tickets = ticket;
			return 0;
		}
		if (w->failures != failures)
			return ERR_IO;
		now_plus(&until, GATHER_MS);
		pthread_cond_timedwait(&w->moved, &w->lock, &until);
		ticket = w->tickets + 1;
	}
}

int writer_flush(struct writer *writer)
{
	struct thread_writer *w = self(writer);
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
	free(w->batch);
	free(w);
}

static struct thread_writer *create(void)
{
	struct thread_writer *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;

	if (!w)
		return NULL;
	w->queue.fd = -1;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, &attr);
	pthread_cond_init(&w->moved, &attr);
	pthread_condattr_destroy(&attr);
	return w;
}

/* ---- what an earlier process left ---- */

/* Of the shapes: a queue of another version's layout cannot be read. */
static uint64_t layout(void)
{
	uint64_t h = 1;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		h = h * 1000003 + shapes[i].bytes;
		for (size_t j = 0; j < shapes[i].text_count; j++)
			h = h * 1000003 + shapes[i].texts[j];
	}
	return h;
}

/* The memory of a process that was killed is not believed to the last bit. */
static bool is_whole(struct slice record)
{
	struct item item;

	for (size_t at = 0; at < record.n; at += item.bytes) {
		const char *body = record.p + at + sizeof(item);
		size_t left = record.n - at, texts = 0;

		if (left < sizeof(item))
			return false;
		memcpy(&item, record.p + at, sizeof(item));
		if (item.kind > FLUSH || item.bytes > left || item.bytes % 8 ||
		    item.bytes < sizeof(item) + shapes[item.kind].bytes)
			return false;
		for (size_t i = 0; i < shapes[item.kind].text_count; i++) {
			struct slice text;

			memcpy(&text, body + shapes[item.kind].texts[i], sizeof(text));
			if (text.n > item.bytes - texts)
				return false;
			texts += text.n;
		}
		if (sizeof(item) + shapes[item.kind].bytes + texts > item.bytes)
			return false;
	}
	return true;
}

static int take_left(void *ctx, struct slice record)
{
	if (!is_whole(record))
		return ERR_DAMAGED;
	return batch_add(ctx, record) ? 0 : ERR_NOMEM;
}

static int put_back(struct thread_writer *w)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < w->batch_bytes;) {
		const struct item *item = (const struct item *)(w->batch + at);
		/* marks of flushes are nobody's any more */
		if (item->kind != FLUSH)
			r = ring_put(w->ring, slice_of(w->batch + at, item->bytes), SLICE_NONE,
				     NULL);
		at += item->bytes;
	}
	return r;
}

static void tell(struct thread_writer *w, const char *path, const char *what, int err)
{
	char text[STORE_TEXT_BYTES + 128]; /* the path, and room for the rest */

	snprintf(text, sizeof(text), "%.400s: %s (%s)", path, what, err_text(err));
	if (w->failed)
		w->failed(w->ctx, text);
}

/* Into the store at once, so that they are there when it is read; else into the new ring. */
static int write_left(struct thread_writer *w)
{
	uint64_t items;
	int r = 0;

	if (w->batch_bytes && write_batch(w, &items) != 0)
		r = put_back(w);
	w->batch_bytes = 0;
	w->batch_flush = 0;
	return r;
}

/* Without a file for it the queue is in memory: what waits does not outlive kill -9. */
static int open_ring(struct thread_writer *w, const char *path, size_t queue_bytes)
{
	char file[STORE_TEXT_BYTES];
	int err, r;

	snprintf(file, sizeof(file), "%s.queue", path);
	err = queue_read(file, layout(), take_left, w);
	if (err)
		tell(w, file, "what waited to be written when the server was killed is lost", err);
	err = queue_open(file, queue_bytes, layout(), &w->queue, &w->ring);
	if (err)
		tell(w, file, "what waits to be written would not outlive a crash", err);
	r = err ? ring_new(queue_bytes, &w->ring) : 0;
	if (r == 0)
		r = write_left(w);
	/* An old file that stayed would be written once more by the next start, over what is newer.
	 */
	if (r == 0 && (err || queue_settle(file) != 0))
		(void)unlink(file);
	return r;
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
		r = open_ring(w, path, queue_bytes);
	if (r == 0 && pthread_create(&w->thread, NULL, run, w) != 0)
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
	struct thread_writer *w = self(writer);

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	destroy(w);
}
