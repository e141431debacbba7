/*
 * Coarse buckets of time: a million moments that something is due at, armed and cancelled in
 * constant time, asked for from time to time. Nothing is found early; what is due is found at the
 * first look after its moment. One lock around.
 *
 * Why not the timer wheel of base: it fires by callback with an id into a pool. Here a block of
 * exact size carries its own 24 bytes, and whoever asks takes only as many as it can use.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Part of what is due. link == NULL: not armed. */
struct due {
	struct due *next, **link;
	int64_t at_ms;
};

struct buckets;

/* count buckets of one second each: moments further away than that are only looked at more than
 * once. NULL: no memory. */
struct buckets *buckets_new(uint32_t count);
void buckets_free(struct buckets *b);

/* (Re-)arms. */
void buckets_arm(struct buckets *b, struct due *d, int64_t at_ms);
void buckets_cancel(struct due *d);
/* One that is due, no longer armed; NULL: none is left at now_ms. */
struct due *buckets_next(struct buckets *b, int64_t now_ms);
