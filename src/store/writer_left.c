/* What was handed over to an earlier process, and not yet written when it ended. */
#include "store/writer_priv.h"

#include "base/err.h"
#include "store/item_priv.h"

#include <stdio.h>
#include <unistd.h>

static int take_left(void *ctx, struct slice record)
{
	if (!item_are_whole(record))
		return ERR_DAMAGED;
	return batch_add(&((struct thread_writer *)ctx)->batch, record) ? 0 : ERR_NOMEM;
}

static int put_back(struct thread_writer *w)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < w->batch.n;) {
		const struct item *item = (const struct item *)(w->batch.bytes + at);
		/* marks of flushes are nobody's any more */
		if (item->kind != ITEM_FLUSH)
			r = ring_put(w->ring, slice_of(w->batch.bytes + at, item->bytes),
				     SLICE_NONE, NULL);
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

	if (w->batch.n && batch_write(&w->batch, w->store, w->failed, w->ctx, &items) != 0)
		r = put_back(w);
	batch_clear(&w->batch);
	return r;
}

/* Without a file for it the queue is in memory: what waits does not outlive kill -9. */
int writer_open_ring(struct thread_writer *w, const char *path, size_t queue_bytes)
{
	char file[STORE_TEXT_BYTES];
	int err, r;

	snprintf(file, sizeof(file), "%s.queue", path);
	err = queue_read(file, item_layout(), take_left, w);
	if (err)
		tell(w, file, "what waited to be written when the server was killed is lost", err);
	err = queue_open(file, queue_bytes, item_layout(), &w->queue, &w->ring);
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
