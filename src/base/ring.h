/*
 * Ring: variable-sized records from one or several producer threads to one consumer thread,
 * bounded, without a lock on the consumer's side. A full ring is backpressure: ring_put says so and
 * the producer counts or refuses.
 */
#pragma once

#include "base/slice.h"

struct ring;

/* bytes is rounded up to a power of two. 0 or ERR_NOMEM. */
int ring_new(size_t bytes, struct ring **ret_ring);
void ring_free(struct ring *r);

/*
 * A ring in memory of the caller's that outlives the process, such as a mapped file: bytes + one
 * page, zeroed; bytes is a power of two from 4096 on. What was put and not popped is found again by
 * ring_recover. 0, ERR_NOMEM or ERR_INVALID.
 */
#define RING_SHARED_BYTES 4096
int ring_new_at(void *memory, size_t bytes, struct ring **ret_ring);
/* The records in the memory of a ring whose process has ended, oldest first, as far as they were
 * put whole. Believes nothing. fn returns 0 to go on. 0, ERR_DAMAGED (it is no ring of that size),
 * or what fn returned. */
typedef int ring_record_fn(void *ctx, struct slice record);
int ring_recover(const void *memory, size_t bytes, ring_record_fn *fn, void *ctx);

/* Copies the record, given in two parts (either may be empty), whole. 0, ERR_AGAIN when full,
 * ERR_TOO_BIG when it can never fit (above half of the ring). Any thread. *ret_was_empty (may be
 * NULL) tells that the consumer may be asleep and wants a wake-up. */
int ring_put(struct ring *r, struct slice head, struct slice body, bool *ret_was_empty);

/* The oldest record, in place (8-byte aligned), valid until ring_pop; p == NULL when empty.
 * Consumer thread only. */
struct slice ring_peek(struct ring *r);
void ring_pop(struct ring *r);
/* The record after those that were looked at already, without popping them: *cursor begins as
 * ring_cursor's. p == NULL: there is none yet. Consumer thread only, and no ring_peek meanwhile. */
size_t ring_cursor(const struct ring *r);
struct slice ring_peek_on(const struct ring *r, size_t *cursor);
/* Pops all before the cursor, which must have come from there, in one stroke. */
void ring_pop_to(struct ring *r, size_t cursor);

/* How full it is, roughly while others are at work: a producer may give up what matters least
 * before it is full. */
size_t ring_used_bytes(const struct ring *r);
size_t ring_cap_bytes(const struct ring *r);
