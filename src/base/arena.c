#include "base/arena.h"

#include "base/asan_priv.h"

#include <stdarg.h>
#include <stdio.h>

#define ARENA_ALIGN 16u

/*
 * Poison beyond what is used, except in memory on a stack: nobody would lift it when that frame
 * returns, and the next function to use the same bytes would be blamed.
 */
static void poison_rest(const struct arena *a)
{
#if BASE_ASAN
	char name[2];
	void *region;
	size_t region_bytes;

	if (strcmp(__asan_locate_address(a->base, name, sizeof(name), &region, &region_bytes),
		   "stack") == 0)
		return;
#endif
	base_poison(a->base + a->used_bytes, a->cap_bytes - a->used_bytes);
}

void arena_init(struct arena *a, void *memory, size_t bytes)
{
	*a = (struct arena){.base = memory, .cap_bytes = bytes};
	poison_rest(a);
}

void arena_reset(struct arena *a)
{
	a->used_bytes = 0;
	poison_rest(a);
}

/* Bytes to skip so that the next allocation is aligned. */
static size_t gap(const struct arena *a)
{
	return -(uintptr_t)(a->base + a->used_bytes) & (ARENA_ALIGN - 1);
}

static char *take(struct arena *a, size_t bytes)
{
	size_t skip = gap(a), left = a->cap_bytes - a->used_bytes;
	char *p = a->base + a->used_bytes + skip;

	if (skip > left || bytes > left - skip)
		return NULL;
	a->used_bytes += skip + bytes;
	base_unpoison(p, bytes);
	return p;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	char *p = take(a, bytes);

	if (p)
		memset(p, 0, bytes);
	return p;
}

void *arena_take(struct arena *a, size_t bytes)
{
	return take(a, bytes);
}

char *arena_copy(struct arena *a, struct slice s)
{
	char *p = take(a, s.n + 1);

	if (!p)
		return NULL;
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}
