/*
 * A crew for directory_load: one thread reads the store, others put what it has read into the
 * tables; most of that work is waiting for memory. Batches go round between them. Threads are
 * started with the first full batch, so that a small store is loaded by its reader alone.
 */
#pragma once

#include "directory/directory.h"

#define BATCH_ITEMS 1024
#define BATCH_BYTES 262144

struct load_item {
	char number[STORE_NUMBER_BYTES];
	int64_t at_ms;		   /* a number: password_changed_at; a binding: expires_at */
	struct directory_number n; /* a number */
	struct slice bytes;	   /* a binding: encoded, in the batch */
};

struct batch {
	struct batch *next;
	uint32_t count;
	size_t used_bytes;
	struct load_item items[BATCH_ITEMS];
	char bytes[BATCH_BYTES];
};

typedef int crew_work_fn(void *ctx, const struct load_item *item);

struct crew;

/* 0 or ERR_NOMEM. work is called by several threads at once. */
int crew_new(crew_work_fn *work, void *ctx, struct crew **ret_crew);
/* The batch that is being filled; there is always room for one more item with bytes up to
 * BATCH_BYTES / 4. */
struct batch *crew_batch(struct crew *c);
/* The item at count is complete: the batch goes off when it is full. 0, or the first error of any
 * work so far. */
int crew_add(struct crew *c);
/* All that was added is done. The first error of any work. */
int crew_wait(struct crew *c);
void crew_free(struct crew *c);
