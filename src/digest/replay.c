/* nc replay window. */
#include "digest/digest_priv.h"

#define WINDOW		 64
#define RANK_MARK_BITS	 20
#define CLOCK_STEPPED_MS 600000 /* an earlier nonce than this: our clock was set back meanwhile */

/*
 * Nonces in the order in which they were made: time in the upper 44 bits (good until the year
 * 2527), 20 bits of the MAC below, so that two of one millisecond differ. Going back to an earlier
 * nonce would be a replay that a plain hash of the last nonce could not see.
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

static bool note_nc(struct digest_replay *r, uint32_t nc)
{
	if (nc > r->nc_top) {
		uint32_t ahead = nc - r->nc_top;
		r->seen = ahead < WINDOW ? r->seen << ahead : 0;
		r->seen |= 1;
		r->nc_top = nc;
		return true;
	}
	uint32_t behind = r->nc_top - nc;
	if (behind >= WINDOW || (r->seen >> behind & 1))
		return false;
	r->seen |= (uint64_t)1 << behind;
	return true;
}

bool digest_replay_check(struct digest_replay *r, struct slice nonce, uint32_t nc)
{
	uint64_t rank, stepped = (uint64_t)CLOCK_STEPPED_MS << RANK_MARK_BITS;
	if (!rank_of(nonce, &rank))
		return false;
	if (rank == r->nonce_hash)
		return note_nc(r, nc);
	if (rank < r->nonce_hash && r->nonce_hash - rank < stepped)
		return false;
	*r = (struct digest_replay){.nonce_hash = rank, .nc_top = nc, .seen = 1};
	return true;
}
