/*
 * image: what call files held when the process ended, read whole. Of every record the newest whole
 * copy; what is damaged is left out and counted.
 */
#pragma once

#include "replica/tables.h"

struct replica_item {
	uint64_t uid, sequence;
	uint32_t kind; /* enum replica_kind; higher ones are a newer program's */
	struct slice bytes;
};

struct replica_image {
	struct replica_item *items; /* by uid, then kind */
	size_t count, cap;
	uint32_t damaged;	      /* records that were left out */
	uint64_t sequence;	      /* the highest seen */
	int64_t alive_ms;	      /* wall: the last sign of life in any of the files */
	struct replica_block *blocks; /* the items' bytes */
};

/*
 * Adds the records of one file; *image begins zeroed. 0; ERR_NOT_FOUND: there is no such file;
 * ERR_DAMAGED: it is no call file; ERR_UNSUPPORTED: its version is another one's; ERR_NOMEM,
 * ERR_IO, ERR_DENIED.
 */
int replica_image_add(struct replica_image *image, const char *path);
/* After the last file: the items in order, only the newest of each call and kind. */
void replica_image_sort(struct replica_image *image);
void replica_image_free(struct replica_image *image);

/*
 * Adds calls-0.og, calls-1.og, ... of that directory, and sorts. What cannot be read is put aside
 * as calls-N.og.unread and told of. 0 or ERR_NOMEM.
 */
typedef void replica_unread_fn(void *ctx, const char *path, int err);
int replica_image_add_dir(struct replica_image *image, const char *dir, replica_unread_fn *unread,
			  void *ctx);
/* The files of shards that there are no longer: their calls have been taken over. */
void replica_remove_files(const char *dir, uint16_t from_shard);
#define REPLICA_PATH_BYTES 512
/* 0 or ERR_TOO_BIG. */
int replica_path(const char *dir, uint16_t shard, char ret_path[REPLICA_PATH_BYTES]);

/* From memory, for tests and fuzzing: errors as above. */
int replica_image_add_bytes(struct replica_image *image, struct slice bytes);

/* Where the next call's items begin. */
size_t replica_image_next(const struct replica_image *image, size_t from);
