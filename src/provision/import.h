/*
 * import: many numbers out of one CSV file, all or none. It runs on a thread of its own with a
 * store handle of its own, so that calls, phones and other requests go on meanwhile:
 *
 *   checking   every row is read and checked, against the other rows and the store; nothing is
 *              locked
 *   hashing    option passwords that were given go through Argon2id, which is slow on purpose (some
 *              0.1 s each); SIP passwords and made ones need no slow hash
 *   writing    one transaction; other changes of numbers wait for these moments (hold)
 *
 * If any row is wrong, nothing is written and every wrong row is named. A kill at any moment
 * leaves all or nothing.
 */
#pragma once

#include "directory/directory.h"

struct import;

struct import_params {
	const char *data_file, *domain;
	struct directory *directory;
	/* hold(ctx, true): other changes of numbers wait; false: they go on. May be NULL. */
	void (*hold)(void *ctx, bool held);
	void *hold_ctx;
};

int import_new(const struct import_params *p, struct import **ret_import);
/* Stops what runs (nothing of it remains unless it was committed) and waits for it. */
void import_stop(struct import *im);
void import_free(struct import *im);

/* The answer: status and JSON text (malloc'ed, the receiver's). */
typedef void import_done_fn(void *ctx, unsigned status, char *text);
/* Takes csv (malloc'ed, NUL-terminated behind n). done is called on the import's thread. False:
 * another one is running, or the thread could not be started; csv is still the caller's. */
bool import_start(struct import *im, char *csv, size_t n, import_done_fn *done, void *ctx);

/* What the thread does, on the caller's; for tests. */
void import_run(struct import *im, char *csv, size_t n, unsigned *ret_status, char **ret_text);

struct import_progress {
	bool running;
	const char *phase; /* "idle", "checking", "hashing", "writing" */
	size_t done, total;
};
/* Any thread. */
void import_progress(struct import *im, struct import_progress *ret_progress);
