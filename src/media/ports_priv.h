/*
 * ports: which port pairs (even, odd) are free. The first choice is random, so that nobody can
 * foresee where a call's media will be. A pair given back rests for a while: late packets of the
 * old call must not find a new one there.
 */
#pragma once

#include "base/rng.h"

#include <stdbool.h>
#include <stdint.h>

#define PORTS_REST_MS 10000

struct ports;

/* Whole pairs within first..last. 0, ERR_INVALID (there is none) or ERR_NOMEM. */
int ports_new(uint16_t first, uint16_t last, struct ports **ret_ports);
void ports_free(struct ports *p);

uint32_t ports_count(const struct ports *p);
/* True for either port of a pair that is taken; false also while it rests. */
bool ports_is_taken(const struct ports *p, uint16_t port);

/* The even port of a pair. When all others are taken, the one that has rested longest; ERR_LIMIT
 * when all are taken. */
int ports_take(struct ports *p, struct rng *rng, int64_t now_ms, uint16_t *ret_port);
/* After a restart: that very pair. 0; ERR_IN_USE: taken or resting; ERR_NOT_FOUND: it is not one of
 * these. */
int ports_take_this(struct ports *p, uint16_t port);
/* It could not be opened: free at once, to be tried again. */
void ports_untake_this(struct ports *p, uint16_t port);
/* Also for a pair that turned out to be in use by somebody else: it is not tried again soon. */
void ports_give(struct ports *p, uint16_t port, int64_t now_ms);
