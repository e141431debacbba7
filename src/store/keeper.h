/*
 * keeper: what has to be done in the store now and then, on a thread and a handle of its own:
 * deletes call records that are too old, and asks once a second whether there is something to
 * keep (tick). It works in batches so small that the writer, which waits for the file like any
 * other, does not notice.
 */
#pragma once

#include "store/store.h"

struct keeper;

struct keeper_params {
	const char *path;
	uint32_t keep_days; /* of records, the day of their start not counted; 0: for ever */
	/* After each run that deleted something or failed. text: the store's sentence; NULL: it
	 * went well. On the keeper's thread. */
	void (*pruned)(void *ctx, int64_t before_ms, uint64_t deleted, const char *text);
	/* Once a second, and once more at the end. NULL: nothing. */
	void (*tick)(void *ctx, struct store *s);
	void *ctx;
};

/* Errors as store_open. */
int keeper_new(const struct keeper_params *p, struct keeper **ret_keeper);
/* A run that is under way ends at its next batch. */
void keeper_free(struct keeper *k);
/* Any thread, as what follows. From now on. */
void keeper_set_days(struct keeper *k, uint32_t keep_days);
/* Deletes what started before then, whatever keep_days says. actor: for the audit. False: such a
 * run is under way already. */
bool keeper_prune(struct keeper *k, int64_t before_ms, const char *actor);

struct keeper_progress {
	bool running; /* what keeper_prune asked for */
	int64_t before_ms;
	uint64_t deleted; /* of the run that is under way, or the last one */
	bool failed;	  /* the last one ended early */
};
void keeper_progress(struct keeper *k, struct keeper_progress *ret_progress);
