#include "replica/file_priv.h"

#include "base/err.h"

#define XXH_INLINE_ALL
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#define GROW_CELLS 4096u /* 1 MiB: some 700 calls */
#define PATH_BYTES 512

struct replica_file {
	int fd;
	struct cell *cells; /* moves when the file grows */
	uint32_t cells_have, cells_max;
	uint32_t fresh; /* the cells from here on were never used */
	uint32_t free_head, free_count;
	uint32_t used, records;
	bool starved; /* it could not grow */
	uint64_t sequence;
	char path[PATH_BYTES], path_new[PATH_BYTES];
};

uint64_t replica_hash(uint64_t uid, uint32_t kind, uint64_t sequence, struct slice bytes)
{
	uint64_t seed = uid ^ sequence << 20 ^ (uint64_t)kind << 56 ^ (uint64_t)bytes.n << 40;
	return XXH3_64bits_withSeed(bytes.p, bytes.n, seed);
}

/* --- life */

static size_t bytes_of(uint32_t cells)
{
	return (size_t)cells * CELL_BYTES;
}

/* Blocks first: a page without one behind it would be a SIGBUS when the disk is full. */
static int grow_to(struct replica_file *f, uint32_t cells)
{
	size_t had = bytes_of(f->cells_have), wanted = bytes_of(cells);
	int e = posix_fallocate(f->fd, (off_t)had, (off_t)(wanted - had));
	void *p;
	if (e)
		return err_of_file(e);
	if (f->cells == NULL)
		p = mmap(NULL, wanted, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
	else
		p = mremap(f->cells, had, wanted, MREMAP_MAYMOVE);
	if (p == MAP_FAILED)
		return err_of_file(errno);
	f->cells = p;
	f->cells_have = cells;
	return 0;
}

static bool grow(struct replica_file *f)
{
	uint32_t left = f->cells_max - f->cells_have, more = left < GROW_CELLS ? left : GROW_CELLS;
	if (f->starved || more == 0)
		return false;
	f->starved = grow_to(f, f->cells_have + more) != 0;
	return !f->starved;
}

static void write_header(struct replica_file *f, int64_t wall_ms)
{
	struct file_header h = {
		.version = REPLICA_FILE_VERSION, .cell_bytes = CELL_BYTES, .alive_ms = wall_ms};
	memcpy(h.magic, replica_magic, sizeof(h.magic));
	memcpy(f->cells, &h, sizeof(h));
	f->fresh = 1;
}

static int open_new(struct replica_file *f, const struct replica_file_params *p)
{
	int n = snprintf(f->path, sizeof(f->path), "%s", p->path);
	int m = snprintf(f->path_new, sizeof(f->path_new), "%s.new", p->path);
	if (n >= PATH_BYTES || m >= PATH_BYTES)
		return ERR_TOO_BIG;
	f->fd = open(f->path_new, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (f->fd < 0)
		return err_of_file(errno);
	uint32_t first = f->cells_max < GROW_CELLS ? f->cells_max : GROW_CELLS;
	int err = grow_to(f, first);
	if (err == 0)
		write_header(f, p->wall_ms);
	else
		(void)unlink(f->path_new);
	return err;
}

int replica_file_new(const struct replica_file_params *p, struct replica_file **ret_file)
{
	struct replica_file *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return ERR_NOMEM;
	f->fd = -1;
	f->cells_max = p->cells_max + 1;
	f->sequence = p->sequence;
	int err = open_new(f, p);
	if (err)
		replica_file_close(f);
	else
		*ret_file = f;
	return err;
}

int replica_file_settle(struct replica_file *f)
{
	return rename(f->path_new, f->path) == 0 ? 0 : err_of_file(errno);
}

void replica_file_close(struct replica_file *f)
{
	if (f == NULL)
		return;
	if (f->cells)
		munmap(f->cells, bytes_of(f->cells_have));
	if (f->fd >= 0)
		close(f->fd);
	free(f);
}

/* --- cells */

static bool have_free(struct replica_file *f, uint32_t n)
{
	while (f->free_count + (f->cells_have - f->fresh) < n) {
		if (!grow(f))
			return false;
	}
	return true;
}

/* Those given up last come first: their pages are at hand. */
static uint32_t take_cell(struct replica_file *f)
{
	uint32_t at = f->free_head;
	f->used++;
	if (at == 0)
		return f->fresh++;
	f->free_head = f->cells[at].next;
	f->free_count--;
	return at;
}

static size_t take_part(struct slice *rest, char *part, size_t cap_bytes)
{
	size_t n = rest->n < cap_bytes ? rest->n : cap_bytes;
	memcpy(part, rest->p, n);
	*rest = slice_from(*rest, n);
	return n;
}

/* Everything but the word that makes it count. */
static uint32_t write_chain(struct replica_file *f, uint64_t uid, uint32_t kind, struct slice bytes)
{
	uint32_t first = take_cell(f);
	struct cell *c = &f->cells[first];
	struct slice rest = bytes;
	c->first.uid = uid;
	c->first.sequence = ++f->sequence;
	c->first.hash = replica_hash(uid, kind, f->sequence, bytes);
	c->first.bytes = (uint32_t)bytes.n;
	take_part(&rest, c->first.part, CELL_FIRST_PART);
	while (rest.n) {
		c->next = take_cell(f);
		c = &f->cells[c->next];
		c->kind = CELL_MORE;
		take_part(&rest, c->part, CELL_FURTHER_PART);
	}
	c->next = 0;
	return first;
}

int replica_file_put(struct replica_file *f, uint64_t uid, uint32_t kind, struct slice bytes,
		     uint32_t *place)
{
	if (bytes.n > REPLICA_RECORD_BYTES)
		return ERR_TOO_BIG;
	if (!have_free(f, cells_of(bytes.n)))
		return ERR_LIMIT;
	uint32_t first = write_chain(f, uid, kind, bytes);
	__atomic_store_n(&f->cells[first].kind, CELL_RECORD + kind, __ATOMIC_RELEASE);
	f->records++;
	replica_file_drop(f, place);
	*place = first;
	return 0;
}

void replica_file_drop(struct replica_file *f, uint32_t *place)
{
	uint32_t first = *place, last = first;
	*place = 0;
	if (first == 0)
		return;
	__atomic_store_n(&f->cells[first].kind, CELL_FREE, __ATOMIC_RELEASE);
	f->records--;
	uint32_t n = 1;
	for (; f->cells[last].next; n++) {
		last = f->cells[last].next;
		f->cells[last].kind = CELL_FREE;
	}
	f->cells[last].next = f->free_head;
	f->free_head = first;
	f->free_count += n;
	f->used -= n;
}

void replica_file_retry(struct replica_file *f)
{
	f->starved = false;
}

void replica_file_alive(struct replica_file *f, int64_t wall_ms)
{
	struct file_header *h = (struct file_header *)(void *)f->cells;
	h->alive_ms = wall_ms;
}

uint32_t replica_file_cells_used(const struct replica_file *f)
{
	return f->used;
}

uint32_t replica_file_records(const struct replica_file *f)
{
	return f->records;
}
