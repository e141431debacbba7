/*
 * Within the room store: items (item_priv.h) copied out of the queue, written as one transaction.
 */
#pragma once

#include "base/slice.h"
#include "store/store.h"

struct batch {
	char *bytes;
	size_t n, cap_bytes;
	uint64_t flush; /* the last flush ticket in it, once written; 0: none */
};

void batch_fini(struct batch *b);
void batch_clear(struct batch *b);
/* Whole items. False: no memory. */
bool batch_add(struct batch *b, struct slice items);

/* 0 or as store_commit; all of it or nothing. ret_items: how many it has, flushes aside.
 * hopeless(ctx, text) on each item that the store will never accept, which is let go, as is
 * silently what there is no number for. */
int batch_write(struct batch *b, struct store *s, void (*hopeless)(void *ctx, const char *text),
		void *ctx, uint64_t *ret_items);
