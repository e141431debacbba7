/*
 * Within the room store: the writer's queue as a file beside the database, mapped, so that what was
 * handed over and not yet written outlives kill -9. A start reads the old file and lets a new one
 * take its place.
 */
#pragma once

#include "base/ring.h"

struct queue {
	int fd;
	char *memory; /* NULL: not open */
	size_t bytes; /* of the ring in it */
};

/*
 * Opens path.new with a ring of `bytes` (rounded up to a power of two), its blocks allocated.
 * stamp: of the layout of what is put in. 0; ERR_LIMIT (disk full), ERR_DENIED, ERR_NOMEM, ERR_IO.
 */
int queue_open(const char *path, size_t bytes, uint64_t stamp, struct queue *ret_queue,
	       struct ring **ret_ring);
/* path.new becomes path. */
int queue_settle(const char *path);
void queue_close(struct queue *q);

/* What the queue of a process that has ended held. 0, also without a file; ERR_UNSUPPORTED: another
 * version's; ERR_DAMAGED, ERR_NOMEM, ERR_IO, or what fn returned. */
int queue_read(const char *path, uint64_t stamp, ring_record_fn *fn, void *ctx);
