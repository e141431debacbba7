#include "base/bufs.h"

#include "base/asan_priv.h"
#include "base/err.h"

#include <stdlib.h>

#define CLASS_BYTES_FIRST 512u
#define CLASSES		  8u /* 512 B .. 64 KiB */

/* In front of every buffer. */
struct block {
	struct block *next; /* free list */
	size_t cls;
};

struct bufs {
	size_t limit_bytes;
	size_t used_bytes;   /* in buffers that are taken */
	size_t cached_bytes; /* in buffers on the free lists */
	struct block *free_lists[CLASSES];
};

static size_t class_bytes(size_t cls)
{
	return (size_t)CLASS_BYTES_FIRST << cls;
}

static size_t class_of(size_t n)
{
	size_t cls = 0;

	while (cls < CLASSES && class_bytes(cls) < n)
		cls++;
	return cls;
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
		b->free_lists[cls] = block->next;
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
	size_t cls = class_of(n);
	struct block *block;

	if (cls == CLASSES || class_bytes(cls) > b->limit_bytes - b->used_bytes)
		return NULL;
	block = pop(b, cls);
	if (!block) {
		shrink(b, class_bytes(cls));
		block = malloc(sizeof(*block) + (BASE_ASAN ? n : class_bytes(cls)));
	}
	if (!block)
		return NULL;
	block->cls = cls;
	b->used_bytes += class_bytes(cls);
	return (char *)(block + 1);
}

void bufs_give(struct bufs *b, char *p)
{
	struct block *block;

	if (!p)
		return;
	block = (struct block *)p - 1;
	b->used_bytes -= class_bytes(block->cls);
	if (BASE_ASAN) {
		free(block);
		return;
	}
	block->next = b->free_lists[block->cls];
	b->free_lists[block->cls] = block;
	b->cached_bytes += class_bytes(block->cls);
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
