/* Which (nonce, nc) were used. */
#include "digest/digest_priv.h"

#include "base/err.h"

#include <stdlib.h>

#define WINDOW		 64
#define RANK_MARK_BITS	 20
#define SET_NONCES	 8
#define CLOCK_STEPPED_MS 600000 /* a floor so far ahead: our clock was set back meanwhile */

/* rank 0: free. */
struct used_nonce {
	uint64_t rank;
	uint64_t seen; /* bit i: nc_top - i was used */
	uint32_t nc_top;
};

/* Nonces whose marks agree in their low bits. What was made before `floor` may have been forgotten.
 */
struct nonce_set {
	uint64_t floor;
	struct used_nonce nonces[SET_NONCES];
};

struct digest_replay {
	uint32_t mask;
	struct nonce_set sets[];
};

int digest_replay_new(uint32_t sets, struct digest_replay **ret_replay)
{
	if (sets == 0 || (sets & (sets - 1)) != 0 || sets > 1u << RANK_MARK_BITS)
		return ERR_INVALID;
	struct digest_replay *r = calloc(1, sizeof(*r) + sets * sizeof(r->sets[0]));
	if (r == NULL)
		return ERR_NOMEM;
	r->mask = sets - 1;
	*ret_replay = r;
	return 0;
}

void digest_replay_free(struct digest_replay *r)
{
	free(r);
}

/*
 * Nonces in the order in which they were made: time in the upper 44 bits (good until the year
 * 2527), 20 bits of the MAC below, so that two of one millisecond differ.
 */
static bool rank_of(struct slice nonce, uint64_t *ret_rank)
{
	uint8_t bytes[DIGEST_NONCE_BYTES];
	if (!digest_nonce_decode(nonce, bytes))
		return false;
	uint64_t ms = 0, mark = 0;
	for (size_t i = 0; i < DIGEST_NONCE_TIME_BYTES; i++)
		ms = ms << 8 | bytes[i];
	for (size_t i = 0; i < 3; i++)
		mark = mark << 8 | bytes[DIGEST_NONCE_BYTES - 3 + i];
	*ret_rank = ms << RANK_MARK_BITS | (mark & ((1u << RANK_MARK_BITS) - 1));
	return true;
}

static bool note_nc(struct used_nonce *u, uint32_t nc)
{
	if (nc > u->nc_top) {
		uint32_t ahead = nc - u->nc_top;
		u->seen = ahead < WINDOW ? u->seen << ahead : 0;
		u->seen |= 1;
		u->nc_top = nc;
		return true;
	}
	uint32_t behind = u->nc_top - nc;
	if (behind >= WINDOW || (u->seen >> behind & 1))
		return false;
	u->seen |= (uint64_t)1 << behind;
	return true;
}

static struct used_nonce *oldest(struct nonce_set *set)
{
	struct used_nonce *least = &set->nonces[0];
	for (size_t i = 1; i < SET_NONCES; i++) {
		if (set->nonces[i].rank < least->rank)
			least = &set->nonces[i];
	}
	return least;
}

/* A nonce so far below the floor was made by a clock that has been set back since. */
static bool clock_stepped(const struct nonce_set *set, uint64_t rank)
{
	return set->floor > rank && set->floor - rank >= (uint64_t)CLOCK_STEPPED_MS
								 << RANK_MARK_BITS;
}

bool digest_replay_check(struct digest_replay *r, struct slice nonce, uint32_t nc)
{
	uint64_t rank;
	if (!rank_of(nonce, &rank))
		return false;
	struct nonce_set *set = &r->sets[rank & r->mask];
	for (size_t i = 0; i < SET_NONCES; i++) {
		if (set->nonces[i].rank == rank)
			return note_nc(&set->nonces[i], nc);
	}
	if (clock_stepped(set, rank))
		*set = (struct nonce_set){0};
	if (rank <= set->floor)
		return false;
	struct used_nonce *place = oldest(set);
	if (place->rank > set->floor)
		set->floor = place->rank;
	*place = (struct used_nonce){.rank = rank, .seen = 1, .nc_top = nc};
	return true;
}
