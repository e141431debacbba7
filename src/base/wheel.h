/*
 * Timer wheel: a million timers, arm and cancel in constant time, one millisecond of grain. The
 * timer is a member of the pool slot that it belongs to; it fires with a kind and that slot's id,
 * so that nothing dangles. One owner, no lock. Never fires early; fires in order of time, equal
 * times in order of arming.
 */
#pragma once

#include "base/pool.h"

struct timer {
	struct timer *next, **link; /* the wheel's; link == NULL when not armed */
	int64_t at_ms;
	uint32_t kind;
	struct id owner;
};

struct wheel;

int wheel_new(int64_t now_ms, struct wheel **ret_wheel);
void wheel_free(struct wheel *w);

/* (Re-)arms t for at_ms (monotonic); a time in the past fires at the next wheel_advance. */
void wheel_arm(struct wheel *w, struct timer *t, int64_t at_ms, uint32_t kind, struct id owner);
/* Nothing happens when it is not armed. Must be called before t's memory goes. */
void wheel_cancel(struct wheel *w, struct timer *t);
static inline bool timer_armed(const struct timer *t)
{
	return t->link != NULL;
}

typedef void wheel_fire_fn(void *ctx, uint32_t kind, struct id owner);
/* Fires all that is due up to now_ms. fire may arm and cancel any timer, also those that are due
 * now. */
void wheel_advance(struct wheel *w, int64_t now_ms, wheel_fire_fn *fire, void *ctx);

/* When the next timer is due, at the latest (may be early by a turn of the wheel, never late);
 * INT64_MAX when none. */
int64_t wheel_next_ms(const struct wheel *w);
uint32_t wheel_count(const struct wheel *w);
