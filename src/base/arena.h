/*
 * Message arena: all that is made while one datagram is handled, given back in one stroke. The
 * memory is the owner's and of fixed size; a full arena answers NULL, which becomes an ordinary
 * 500/503, never growth.
 */
#pragma once

#include "base/slice.h"

struct arena {
	char *base;
	size_t cap_bytes, used_bytes;
};

void arena_init(struct arena *a, void *memory, size_t bytes);
void arena_reset(struct arena *a);

/* 16-byte aligned, zeroed; NULL when full. Under ASan what lies beyond `used_bytes` is poisoned. */
void *arena_alloc(struct arena *a, size_t bytes);

/* Likewise, but not zeroed: for what is written before it is read. */
void *arena_take(struct arena *a, size_t bytes);

/* NUL-terminated copy; NULL when full. */
char *arena_copy(struct arena *a, struct slice s);
