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

/* Copies the record, given in two parts (either may be empty), whole. 0, ERR_AGAIN when full,
 * ERR_TOO_BIG when it can never fit (above half of the ring). Any thread. *ret_was_empty (may be
 * NULL) tells that the consumer may be asleep and wants a wake-up. */
int ring_put(struct ring *r, struct slice head, struct slice body, bool *ret_was_empty);

/* The oldest record, in place (8-byte aligned), valid until ring_pop; p == NULL when empty.
 * Consumer thread only. */
struct slice ring_peek(struct ring *r);
void ring_pop(struct ring *r);

/* How full it is, roughly while others are at work: a producer may give up what matters least
 * before it is full. */
size_t ring_used_bytes(const struct ring *r);
size_t ring_cap_bytes(const struct ring *r);
