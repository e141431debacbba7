#include "base/index.h"

#include "base/err.h"

#include <stdlib.h>

#define BITS_FIRST 4u

/* value == 0: empty */
struct entry {
	uint64_t hash, value;
};

struct index {
	struct entry *v;
	uint32_t count, limit;
	unsigned bits; /* log2 of the entries in v */
};

static size_t mask_of(const struct index *ix)
{
	return ((size_t)1 << ix->bits) - 1;
}

/*
 * Where an entry would stand if it were alone. The upper bits of a product: a weak hash is spread,
 * and growth keeps the order of entries, so that rebuilding runs through both tables from front to
 * back.
 */
static size_t home(const struct index *ix, uint64_t hash)
{
	return (size_t)((hash * 0x9e3779b97f4a7c15u) >> (64 - ix->bits));
}

int index_new(uint32_t limit, struct index **ret_index)
{
	struct index *ix = calloc(1, sizeof(*ix));

	if (!ix)
		return ERR_NOMEM;
	ix->limit = limit;
	ix->bits = BITS_FIRST;
	ix->v = calloc((size_t)1 << ix->bits, sizeof(ix->v[0]));
	if (!ix->v) {
		free(ix);
		return ERR_NOMEM;
	}
	*ret_index = ix;
	return 0;
}

void index_free(struct index *ix)
{
	if (!ix)
		return;
	free(ix->v);
	free(ix);
}

static void place(struct index *ix, uint64_t hash, uint64_t value)
{
	size_t mask = mask_of(ix), i = home(ix, hash);

	while (ix->v[i].value)
		i = (i + 1) & mask;
	ix->v[i] = (struct entry){hash, value};
}

/* Begins behind an empty entry, so that a run which wraps around keeps its order. */
static int grow(struct index *ix)
{
	struct index old = *ix;
	size_t mask = mask_of(&old), start = 0;

	ix->v = calloc((mask + 1) * 2, sizeof(ix->v[0]));
	if (!ix->v) {
		ix->v = old.v;
		return ERR_NOMEM;
	}
	ix->bits++;
	while (old.v[start].value)
		start++;
	for (size_t i = 1; i <= mask; i++) {
		const struct entry *e = &old.v[(start + i) & mask];

		if (e->value)
			place(ix, e->hash, e->value);
	}
	free(old.v);
	return 0;
}

int index_put(struct index *ix, uint64_t hash, uint64_t value)
{
	size_t entries = (size_t)1 << ix->bits;

	if (value == 0)
		return ERR_INVALID;
	if (ix->count == ix->limit)
		return ERR_LIMIT;
	if (((size_t)ix->count + 1) * 4 > entries * 3 && grow(ix) != 0)
		return ERR_NOMEM;
	place(ix, hash, value);
	ix->count++;
	return 0;
}

/* Moves back over the hole what would otherwise be cut off from its home. */
static void close_hole(struct index *ix, size_t hole)
{
	size_t mask = mask_of(ix);

	for (size_t i = (hole + 1) & mask; ix->v[i].value; i = (i + 1) & mask) {
		size_t from_home = (i - home(ix, ix->v[i].hash)) & mask;

		if (from_home >= ((i - hole) & mask)) {
			ix->v[hole] = ix->v[i];
			hole = i;
		}
	}
	ix->v[hole] = (struct entry){0};
}

static bool find_pair(const struct index *ix, uint64_t hash, uint64_t value, size_t *ret_at)
{
	size_t mask = mask_of(ix), i = home(ix, hash);

	if (value == 0)
		return false;
	while (ix->v[i].hash != hash || ix->v[i].value != value) {
		if (ix->v[i].value == 0)
			return false;
		i = (i + 1) & mask;
	}
	*ret_at = i;
	return true;
}

bool index_remove(struct index *ix, uint64_t hash, uint64_t value)
{
	size_t at;

	if (!find_pair(ix, hash, value, &at))
		return false;
	close_hole(ix, at);
	ix->count--;
	return true;
}

void index_replace(struct index *ix, uint64_t hash, uint64_t value, uint64_t by)
{
	size_t at;

	if (by && find_pair(ix, hash, value, &at))
		ix->v[at].value = by;
}

uint64_t index_find(const struct index *ix, uint64_t hash, index_match_fn *match, const void *ctx)
{
	size_t mask = mask_of(ix);

	for (size_t i = home(ix, hash); ix->v[i].value; i = (i + 1) & mask) {
		const struct entry *e = &ix->v[i];

		if (e->hash == hash && (!match || match(ctx, e->value)))
			return e->value;
	}
	return 0;
}

uint32_t index_count(const struct index *ix)
{
	return ix->count;
}
