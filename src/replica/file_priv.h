/* Within the room replica: what the call file looks like. */
#pragma once

#include "replica/file.h"

#define CELL_BYTES	  256
#define CELL_HEAD_BYTES	  40 /* in front of the first cell's part of a record */
#define CELL_MORE_BYTES	  8
#define CELL_FIRST_PART	  (CELL_BYTES - CELL_HEAD_BYTES)
#define CELL_FURTHER_PART (CELL_BYTES - CELL_MORE_BYTES)

/* The word `kind`: free, a record of one of the kinds, or a further cell of one. No bit that turns
 * makes one of another. */
#define CELL_FREE   0u
#define CELL_RECORD 0x5ca10000u /* and the kind below it */
#define CELL_KINDS  0x100u
#define CELL_MORE   0xa35e7eedu

static inline bool cell_is_record(uint32_t word)
{
	return word - CELL_RECORD < CELL_KINDS;
}

struct cell {
	uint32_t kind;
	uint32_t next; /* of the chain, or of the free ones; 0: the last */
	union {
		struct {
			uint64_t uid, sequence, hash;
			uint32_t bytes, unused;
			char part[CELL_FIRST_PART];
		} first;
		char part[CELL_FURTHER_PART];
	};
};
_Static_assert(sizeof(struct cell) == CELL_BYTES, "a cell is a cell");

static const char replica_magic[16] = "OpenGate calls\n";

struct file_header {
	char magic[16];
	uint32_t version, cell_bytes;
	int64_t alive_ms; /* wall */
};
_Static_assert(sizeof(struct file_header) <= CELL_BYTES, "the header is a cell");

static inline uint32_t cells_of(size_t bytes)
{
	if (bytes <= CELL_FIRST_PART)
		return 1;
	return (uint32_t)(1 +
			  (bytes - CELL_FIRST_PART + CELL_FURTHER_PART - 1) / CELL_FURTHER_PART);
}

uint64_t replica_hash(uint64_t uid, uint32_t kind, uint64_t sequence, struct slice bytes);
