#include "store/queue_priv.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 512
#define STAMP_AT   2048 /* in the first page, behind what the ring keeps there */

static int new_path(const char *path, char ret_path[PATH_BYTES])
{
	int n = snprintf(ret_path, PATH_BYTES, "%s.new", path);
	return n > 0 && n < PATH_BYTES ? 0 : ERR_TOO_BIG;
}

static size_t ring_bytes(size_t wanted)
{
	size_t bytes = RING_SHARED_BYTES;
	while (bytes < wanted)
		bytes *= 2;
	return bytes;
}

/* Blocks before pages: a full disk is an answer, not a signal. */
static int map(struct queue *q)
{
	size_t whole = RING_SHARED_BYTES + q->bytes;
	int e = posix_fallocate(q->fd, 0, (off_t)whole);
	if (e)
		return err_of_file(e);
	void *p = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_SHARED, q->fd, 0);
	if (p == MAP_FAILED)
		return err_of_file(errno);
	q->memory = p;
	return 0;
}

int queue_open(const char *path, size_t bytes, uint64_t stamp, struct queue *ret_queue,
	       struct ring **ret_ring)
{
	char beside[PATH_BYTES];
	struct queue q = {.bytes = ring_bytes(bytes)};
	int err = new_path(path, beside);
	if (err)
		return err;
	q.fd = open(beside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (q.fd < 0)
		return err_of_file(errno);
	err = map(&q);
	if (err == 0)
		err = ring_new_at(q.memory, q.bytes, ret_ring);
	if (err) {
		queue_close(&q);
		(void)unlink(beside);
		return err;
	}
	memcpy(q.memory + STAMP_AT, &stamp, sizeof(stamp));
	*ret_queue = q;
	return 0;
}

int queue_settle(const char *path)
{
	char beside[PATH_BYTES];
	int err = new_path(path, beside);
	if (err)
		return err;
	return rename(beside, path) == 0 ? 0 : err_of_file(errno);
}

void queue_close(struct queue *q)
{
	if (q->memory)
		munmap(q->memory, RING_SHARED_BYTES + q->bytes);
	if (q->fd >= 0)
		close(q->fd);
	*q = (struct queue){.fd = -1};
}

/* --- reading: not mapped, so that a bad block is an error and not a signal */

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

static int recover(const char *memory, size_t n, uint64_t stamp, ring_record_fn *fn, void *ctx)
{
	size_t bytes = n - RING_SHARED_BYTES;
	uint64_t found;
	if (n < 2 * RING_SHARED_BYTES || (bytes & (bytes - 1)))
		return ERR_DAMAGED;
	memcpy(&found, memory + STAMP_AT, sizeof(found));
	return found == stamp ? ring_recover(memory, bytes, fn, ctx) : ERR_UNSUPPORTED;
}

static int read_file(int fd, uint64_t stamp, ring_record_fn *fn, void *ctx)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return ERR_IO;
	size_t n = (size_t)st.st_size;
	char *memory = malloc(n + 1);
	if (memory == NULL)
		return ERR_NOMEM;
	int err = read_all(fd, memory, n);
	if (err == 0)
		err = recover(memory, n, stamp, fn, ctx);
	free(memory);
	return err;
}

int queue_read(const char *path, uint64_t stamp, ring_record_fn *fn, void *ctx)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_of_file(errno);
	int err = read_file(fd, stamp, fn, ctx);
	close(fd);
	return err;
}
