/*
 * field: one table of a struct's members (tag, offset, type) drives its encoding, decoding,
 * printing and comparison. What must outlive the process is described here and nowhere else.
 *
 * Encoded, a struct is a run of entries: a key (tag and shape), then a number, eight bytes, or a
 * length and bytes. A member that is zero or empty is left out and comes back as zero: so a newer
 * program reads what an older one wrote, and an older one skips the tags that it does not know.
 * Tags are never used again for something else.
 *
 * Decoding believes nothing: any bytes give either a struct whose every member is within its
 * bounds, or ERR_DAMAGED.
 */
#pragma once

#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum replica_type {
	REPLICA_UINT,	     /* bool, enum or unsigned, 1, 2, 4 or 8 bytes; up to `max` */
	REPLICA_INT,	     /* signed, 2, 4 or 8 bytes */
	REPLICA_FIXED,	     /* 8 bytes as they are: ids, hashes */
	REPLICA_REAL,	     /* double */
	REPLICA_TEXT,	     /* char[], NUL-terminated */
	REPLICA_SLICE,	     /* struct slice; decoded, it points into the encoded bytes */
	REPLICA_ADDR,	     /* struct addr */
	REPLICA_DIALOG_TEXT, /* of a struct dialog, the text with number `max`; decoded, it stays
				where it is in the encoded bytes */
	REPLICA_STRUCT,	     /* a struct within this one */
	REPLICA_LIST,	     /* an array of structs; how many stands in a uint8_t member */
	REPLICA_REFS,	     /* an array of pointers to structs, likewise. Decoding fills what they
				point to; NULL ends it */
	REPLICA_NOT_KEPT,    /* made anew after a restart */
};

struct replica_table;

struct replica_field {
	uint16_t tag; /* 0: REPLICA_NOT_KEPT */
	uint8_t type;
	const char *name;
	uint32_t offset, bytes; /* bytes: of the member, an array as a whole */
	uint64_t max;
	const struct replica_table *sub;
	uint32_t count_offset;
};

struct replica_table {
	const char *name;
	const struct replica_field *fields; /* in the order of their tags */
	uint32_t count;
	uint32_t bytes; /* of the struct */
};

/* Rows of a table. F_COUNTED: the member that counts a list needs no row of its own. */
#define REPLICA_MEMBER(st, m)                                                                      \
	.name = #m, .offset = offsetof(struct st, m), .bytes = sizeof(((struct st *)NULL)->m)
#define F_UINT(t, st, m)                                                                           \
	{                                                                                          \
		.tag = t, .type = REPLICA_UINT, REPLICA_MEMBER(st, m), .max = UINT64_MAX           \
	}
#define F_UPTO(t, st, m, most)                                                                     \
	{                                                                                          \
		.tag = t, .type = REPLICA_UINT, REPLICA_MEMBER(st, m), .max = most                 \
	}
#define F_BOOL(t, st, m) F_UPTO(t, st, m, 1)
#define F_INT(t, st, m)                                                                            \
	{                                                                                          \
		.tag = t, .type = REPLICA_INT, REPLICA_MEMBER(st, m)                               \
	}
#define F_FIXED(t, st, m)                                                                          \
	{                                                                                          \
		.tag = t, .type = REPLICA_FIXED, REPLICA_MEMBER(st, m)                             \
	}
#define F_REAL(t, st, m)                                                                           \
	{                                                                                          \
		.tag = t, .type = REPLICA_REAL, REPLICA_MEMBER(st, m)                              \
	}
#define F_TEXT(t, st, m)                                                                           \
	{                                                                                          \
		.tag = t, .type = REPLICA_TEXT, REPLICA_MEMBER(st, m)                              \
	}
#define F_SLICE(t, st, m)                                                                          \
	{                                                                                          \
		.tag = t, .type = REPLICA_SLICE, REPLICA_MEMBER(st, m)                             \
	}
#define F_ADDR(t, st, m)                                                                           \
	{                                                                                          \
		.tag = t, .type = REPLICA_ADDR, REPLICA_MEMBER(st, m)                              \
	}
#define F_STRUCT(t, st, m, table)                                                                  \
	{                                                                                          \
		.tag = t, .type = REPLICA_STRUCT, REPLICA_MEMBER(st, m), .sub = &(table)           \
	}
#define F_LIST(t, st, m, counter, table)                                                           \
	{                                                                                          \
		.tag = t, .type = REPLICA_LIST, REPLICA_MEMBER(st, m), .sub = &(table),            \
		.count_offset = offsetof(struct st, counter)                                       \
	}
#define F_REFS(t, st, m, counter, table)                                                           \
	{                                                                                          \
		.tag = t, .type = REPLICA_REFS, REPLICA_MEMBER(st, m), .sub = &(table),            \
		.count_offset = offsetof(struct st, counter)                                       \
	}
#define F_NOT_KEPT(st, m)                                                                          \
	{                                                                                          \
		.tag = 0, .type = REPLICA_NOT_KEPT, REPLICA_MEMBER(st, m)                          \
	}
#define REPLICA_TABLE(text, st, rows)                                                              \
	{                                                                                          \
		.name = text, .fields = rows, .count = sizeof(rows) / sizeof((rows)[0]),           \
		.bytes = sizeof(struct st),                                                        \
	}

/* *ret_n: bytes written. 0 or ERR_TOO_BIG. */
int replica_encode(const struct replica_table *t, const void *from, char *dst, size_t cap_bytes,
		   size_t *ret_n);
/* *to is zeroed first, but for the pointers of REPLICA_REFS. 0, or ERR_DAMAGED: it is half filled
 * then. */
int replica_decode(const struct replica_table *t, struct slice bytes, void *to);
/* As JSON, what is zero or empty left out: for people. */
void replica_print(const struct replica_table *t, const void *from, struct strbuf *b);
/* Every kept member equal. ret_where (may be NULL): the name of the first that is not. */
bool replica_same(const struct replica_table *t, const void *a, const void *b,
		  const char **ret_where);

/* How many elements a REPLICA_LIST or REPLICA_REFS can hold, and does. */
uint32_t replica_list_cap(const struct replica_field *f);
uint32_t replica_list_count(const struct replica_field *f, const void *from);
