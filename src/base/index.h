/*
 * Index: hash -> 64-bit value (a struct id's v, or a table row), open addressing, several values
 * per hash allowed. The index does not know the keys: the caller hashes (base/hash.h, keyed) and
 * compares. One owner, no lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index;

/* Grows by itself up to `limit` entries. 0 or ERR_NOMEM. */
int index_new(uint32_t limit, struct index **ret_index);
void index_free(struct index *ix);

/* value must not be 0. 0, ERR_LIMIT or ERR_NOMEM. */
int index_put(struct index *ix, uint64_t hash, uint64_t value);

/* Removes that very pair; false when it was not there. */
bool index_remove(struct index *ix, uint64_t hash, uint64_t value);

/* Puts another value in the place of one that is there; needs no memory. */
void index_replace(struct index *ix, uint64_t hash, uint64_t value, uint64_t by);

/* True when the row is the one that is sought. */
typedef bool index_match_fn(const void *ctx, uint64_t value);

/* First value under hash for which match says true; 0 when none. match may be NULL: the first one.
 */
uint64_t index_find(const struct index *ix, uint64_t hash, index_match_fn *match, const void *ctx);

uint32_t index_count(const struct index *ix);
