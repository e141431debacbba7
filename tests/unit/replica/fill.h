/* A struct filled with arbitrary values, each within what its table allows. */
#pragma once

#include "base/rng.h"
#include "replica/tables.h"

/* Texts that a struct slice points to; good until the next fill. */
struct fill {
	struct rng rng;
	char texts[64 * 1024];
	size_t used;
};

void fill_init(struct fill *f, uint8_t seed);
/* Lists get one to `most` elements (0: as many as fit). Pointers of REPLICA_REFS must be set. */
void fill_struct(struct fill *f, const struct replica_table *t, void *to, uint32_t most);
