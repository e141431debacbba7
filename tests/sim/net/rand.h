/* Chance that can be repeated: splitmix64. Not for secrets; the shards have base/rng.h, seeded from
 * this. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sim_rand {
	uint64_t state;
};

static inline uint64_t sim_rand_next(struct sim_rand *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Uniform in [0, below); 0 when below is 0. */
static inline uint32_t sim_rand_below(struct sim_rand *r, uint32_t below)
{
	return below == 0 ? 0 : (uint32_t)(sim_rand_next(r) % below);
}

static inline bool sim_rand_chance(struct sim_rand *r, uint32_t per_mille)
{
	return sim_rand_below(r, 1000) < per_mille;
}
