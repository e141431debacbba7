#include "base/bufs.h"

#include "base/asan_priv.h"
#include "base/err.h"

#include <stdlib.h>

/* 128, 160, 192, 224, 256, 320, ...: four classes to each doubling, so that a fifth at most is room
 * for nothing. */
#define CLASS_SHIFT_FIRST 7u
#define CLASSES		  37u

/* In front of every buffer. */
struct block {
	uint32_t cls;
	uint32_t cap_bytes;
};

struct bufs {
	size_t limit_bytes;
	size_t used_bytes;   /* in buffers that are taken */
	size_t cached_bytes; /* in buffers on the free lists */
	struct block *free_lists[CLASSES];
};

static size_t class_bytes(size_t cls)
{
	return (size_t)(4 + (cls & 3)) << (CLASS_SHIFT_FIRST - 2 + (cls >> 2));
}

_Static_assert(BUFS_BYTES_MAX == (4 + (CLASSES - 1) % 4)
					 << (CLASS_SHIFT_FIRST - 2 + (CLASSES - 1) / 4),
	       "the last class holds the largest buffer");

/* CLASSES: too big for any. */
static size_t class_of(size_t n)
{
	size_t doubling;

	if (n <= (size_t)1 << CLASS_SHIFT_FIRST)
		return 0;
	if (n > BUFS_BYTES_MAX)
		return CLASSES;
	doubling = (size_t)63 - (size_t)__builtin_clzll(n - 1);
	return (doubling - CLASS_SHIFT_FIRST) * 4 + ((n - 1) >> (doubling - 2) & 3) + 1;
}

/* While a buffer is free the link to the next one stands in its bytes. */
static struct block **next_of(struct block *block)
{
	return (struct block **)(void *)(block + 1);
}

int bufs_new(size_t limit_bytes, struct bufs **ret_bufs)
{
	struct bufs *b = calloc(1, sizeof(*b));

	if (!b)
		return ERR_NOMEM;
	b->limit_bytes = limit_bytes;
	*ret_bufs = b;
	return 0;
}

static struct block *pop(struct bufs *b, size_t cls)
{
	struct block *block = b->free_lists[cls];

	if (block) {
		b->free_lists[cls] = *next_of(block);
		b->cached_bytes -= class_bytes(cls);
	}
	return block;
}

/* Gives free buffers, big ones first, back to the heap until `bytes` more are within the limit. */
static void shrink(struct bufs *b, size_t bytes)
{
	for (size_t cls = CLASSES; cls-- > 0;) {
		while (b->used_bytes + b->cached_bytes + bytes > b->limit_bytes &&
		       b->free_lists[cls])
			free(pop(b, cls));
	}
}

void bufs_free(struct bufs *b)
{
	if (!b)
		return;
	for (size_t cls = 0; cls < CLASSES; cls++) {
		while (b->free_lists[cls])
			free(pop(b, cls));
	}
	free(b);
}

char *bufs_take(struct bufs *b, size_t n)
{
	size_t cls = class_of(n), cap;
	struct block *block;

	if (cls == CLASSES || class_bytes(cls) > b->limit_bytes - b->used_bytes)
		return NULL;
	cap = BASE_ASAN ? n : class_bytes(cls);
	block = pop(b, cls);
	if (!block) {
		shrink(b, class_bytes(cls));
		block = malloc(sizeof(*block) + cap);
	}
	if (!block)
		return NULL;
	*block = (struct block){(uint32_t)cls, (uint32_t)cap};
	b->used_bytes += class_bytes(cls);
	return (char *)(block + 1);
}

static struct block *block_of(const char *p)
{
	return (struct block *)(uintptr_t)p - 1;
}

void bufs_give(struct bufs *b, char *p)
{
	struct block *block;

	if (!p)
		return;
	block = block_of(p);
	b->used_bytes -= class_bytes(block->cls);
	if (BASE_ASAN) {
		free(block);
		return;
	}
	*next_of(block) = b->free_lists[block->cls];
	b->free_lists[block->cls] = block;
	b->cached_bytes += class_bytes(block->cls);
}

size_t bufs_cap_bytes(const char *p)
{
	return block_of(p)->cap_bytes;
}

struct slice bufs_copy(struct bufs *b, struct slice s)
{
	char *p = bufs_take(b, s.n);

	if (p && s.n)
		memcpy(p, s.p, s.n);
	return slice_of(p, p ? s.n : 0);
}

size_t bufs_used_bytes(const struct bufs *b)
{
	return b->used_bytes;
}
