#include "replica/image.h"

#include "base/err.h"
#include "replica/file_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The bytes of one file's records, one after another. */
struct replica_block {
	struct replica_block *next;
	size_t n, cap;
	char bytes[];
};

struct reader {
	struct replica_image *image;
	struct replica_block *block;
	const struct cell *cells;
	uint32_t cell_count;
};

static bool add_item(struct replica_image *image, const struct replica_item *item)
{
	if (image->count == image->cap) {
		size_t cap = image->cap ? image->cap * 2 : 64;
		struct replica_item *grown = realloc(image->items, cap * sizeof(*grown));
		if (grown == NULL)
			return false;
		image->items = grown;
		image->cap = cap;
	}
	image->items[image->count++] = *item;
	return true;
}

/* Puts the chain's parts together. False: the chain is broken. */
static bool gather(const struct reader *r, const struct cell *first, char *to)
{
	size_t left = first->first.bytes, n = left < CELL_FIRST_PART ? left : CELL_FIRST_PART;
	uint32_t next = first->next;
	memcpy(to, first->first.part, n);
	for (to += n, left -= n; left > 0; to += n, left -= n) {
		if (next == 0 || next >= r->cell_count || r->cells[next].kind != CELL_MORE)
			return false;
		n = left < CELL_FURTHER_PART ? left : CELL_FURTHER_PART;
		memcpy(to, r->cells[next].part, n);
		next = r->cells[next].next;
	}
	return next == 0;
}

/* 0; ERR_DAMAGED: this one only; ERR_NOMEM. */
static int take_record(struct reader *r, const struct cell *c)
{
	struct replica_block *block = r->block;
	struct replica_item item = {
		.uid = c->first.uid, .sequence = c->first.sequence, .kind = c->kind - CELL_RECORD};
	size_t n = c->first.bytes;
	if (n > REPLICA_RECORD_BYTES || n > block->cap - block->n ||
	    !gather(r, c, block->bytes + block->n))
		return ERR_DAMAGED;
	item.bytes = slice_of(block->bytes + block->n, n);
	if (replica_hash(item.uid, item.kind, item.sequence, item.bytes) != c->first.hash)
		return ERR_DAMAGED;
	block->n += n;
	if (item.sequence > r->image->sequence)
		r->image->sequence = item.sequence;
	return add_item(r->image, &item) ? 0 : ERR_NOMEM;
}

static int take_all(struct reader *r)
{
	for (uint32_t i = 1; i < r->cell_count; i++) {
		const struct cell *c = &r->cells[i];
		if (c->kind == CELL_FREE || c->kind == CELL_MORE)
			continue;
		int err = cell_is_record(c->kind) ? take_record(r, c) : ERR_DAMAGED;
		if (err == ERR_DAMAGED)
			r->image->damaged++;
		else if (err)
			return err;
	}
	return 0;
}

static int check_header(struct slice bytes, struct file_header *ret_header)
{
	if (bytes.n < CELL_BYTES)
		return ERR_DAMAGED;
	memcpy(ret_header, bytes.p, sizeof(*ret_header));
	if (memcmp(ret_header->magic, replica_magic, sizeof(replica_magic)) != 0)
		return ERR_DAMAGED;
	bool known =
		ret_header->version == REPLICA_FILE_VERSION && ret_header->cell_bytes == CELL_BYTES;
	return known ? 0 : ERR_UNSUPPORTED;
}

/* No record is counted twice, so that all of them are never longer than the file. */
static struct replica_block *block_new(struct replica_image *image, size_t cap)
{
	struct replica_block *block = malloc(sizeof(*block) + cap);
	if (block == NULL)
		return NULL;
	*block = (struct replica_block){.next = image->blocks, .cap = cap};
	image->blocks = block;
	return block;
}

int replica_image_add_bytes(struct replica_image *image, struct slice bytes)
{
	struct file_header header;
	int err = check_header(bytes, &header);
	if (err)
		return err;
	struct reader r = {
		.image = image,
		.block = block_new(image, bytes.n),
		.cells = (const struct cell *)(const void *)bytes.p,
		.cell_count = (uint32_t)(bytes.n / CELL_BYTES),
	};
	if (r.block == NULL)
		return ERR_NOMEM;
	if (header.alive_ms > image->alive_ms)
		image->alive_ms = header.alive_ms;
	return take_all(&r);
}

/* --- from disk: read, not mapped, so that a bad block is an error and not a signal */

static int read_all(int fd, char *to, size_t n)
{
	while (n > 0) {
		ssize_t got = read(fd, to, n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return ERR_IO;
		to += got;
		n -= (size_t)got;
	}
	return 0;
}

static int read_file(int fd, struct replica_image *image)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return ERR_IO;
	size_t n = (size_t)st.st_size;
	char *bytes = aligned_alloc(CELL_BYTES, (n + CELL_BYTES) / CELL_BYTES * CELL_BYTES);
	if (bytes == NULL)
		return ERR_NOMEM;
	int err = read_all(fd, bytes, n);
	if (err == 0)
		err = replica_image_add_bytes(image, slice_of(bytes, n));
	free(bytes);
	return err;
}

int replica_image_add(struct replica_image *image, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : errno == EACCES ? ERR_DENIED : ERR_IO;
	int err = read_file(fd, image);
	close(fd);
	return err;
}

/* --- in order */

static int compare(const void *a, const void *b)
{
	const struct replica_item *x = a, *y = b;
	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->sequence > y->sequence ? -1 : x->sequence < y->sequence;
}

void replica_image_sort(struct replica_image *image)
{
	size_t n = 0;
	if (image->count == 0)
		return;
	qsort(image->items, image->count, sizeof(image->items[0]), compare);
	for (size_t i = 0; i < image->count; i++) {
		const struct replica_item *item = &image->items[i];
		bool again = n > 0 && image->items[n - 1].uid == item->uid &&
			     image->items[n - 1].kind == item->kind;
		if (!again)
			image->items[n++] = *item;
	}
	image->count = n;
}

void replica_image_free(struct replica_image *image)
{
	while (image->blocks) {
		struct replica_block *next = image->blocks->next;
		free(image->blocks);
		image->blocks = next;
	}
	free(image->items);
	*image = (struct replica_image){0};
}

size_t replica_image_next(const struct replica_image *image, size_t from)
{
	size_t i = from;
	while (i < image->count && image->items[i].uid == image->items[from].uid)
		i++;
	return i;
}
