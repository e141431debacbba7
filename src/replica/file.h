/*
 * file: the call file, one for each shard: what is kept of its calls (tables.h), in memory that is
 * mapped from a file, so that saving is a copy without a system call and outlives `kill -9`.
 *
 * The file is a row of cells of 256 bytes. Cell 0 is the header. A record is a chain of cells; its
 * first one says of which call and kind it is, how long, and carries a checksum. A record is
 * replaced by writing a new chain into free cells, then one word that makes it count, and only then
 * giving up the old chain: whenever the process is killed, the record is there as it was before or
 * as it is afterwards. Both may be there: the higher sequence number holds. (The checksum is not
 * against kill -9 but against the disk: XXH3, since a save should cost less than a microsecond and
 * CRC-32 of zlib is slower by a factor of ten.)
 *
 * The file grows as it is needed, with its blocks allocated before they are touched: a full disk is
 * an answer (ERR_LIMIT), never a signal. It is not synced: a machine that loses its power loses its
 * calls anyway.
 *
 * A start reads the old file (image.h), writes a new one beside it and lets that take its place in
 * one stroke: so damage and old versions end there, and whoever is killed meanwhile starts again
 * from the old one.
 */
#pragma once

#include "base/slice.h"

struct replica_file;

#define REPLICA_FILE_VERSION 1
#define REPLICA_RECORD_BYTES (48 * 1024) /* the longest record */

struct replica_file_params {
	const char *path;
	uint32_t cells_max;
	uint64_t sequence; /* begins above that; image.h says of the old file */
	int64_t wall_ms;
};

/* Opens path.new. 0; ERR_LIMIT (disk full), ERR_DENIED, ERR_NOMEM, ERR_IO. */
int replica_file_new(const struct replica_file_params *p, struct replica_file **ret_file);
/* path.new becomes path. 0 or ERR_IO. */
int replica_file_settle(struct replica_file *f);
/* What it holds stays on disk. */
void replica_file_close(struct replica_file *f);

/*
 * Puts a record, or replaces the one at *place (0: none yet), which then names the new one. 0;
 * ERR_LIMIT: no room, what was there stays as it was; ERR_TOO_BIG. After ERR_LIMIT every put that
 * needs the file to grow fails at once, until replica_file_retry.
 */
int replica_file_put(struct replica_file *f, uint64_t uid, uint32_t kind, struct slice bytes,
		     uint32_t *place);
/* *place becomes 0; 0 is ignored. */
void replica_file_drop(struct replica_file *f, uint32_t *place);
void replica_file_retry(struct replica_file *f);

/* Sign of life: until when the server was there. */
void replica_file_alive(struct replica_file *f, int64_t wall_ms);
uint32_t replica_file_cells_used(const struct replica_file *f);
uint32_t replica_file_records(const struct replica_file *f);
