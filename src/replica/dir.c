/* The call files of a data directory. */
#include "base/err.h"
#include "replica/image.h"

#include <stdio.h>
#include <unistd.h>

#define FILES_MAX 256 /* as many as there can be shards in an id */

int replica_path(const char *dir, uint16_t shard, char ret_path[REPLICA_PATH_BYTES])
{
	int n = snprintf(ret_path, REPLICA_PATH_BYTES, "%s/calls-%u.og", dir, shard);
	return n > 0 && n < REPLICA_PATH_BYTES ? 0 : ERR_TOO_BIG;
}

static void put_aside(const char *path)
{
	char aside[REPLICA_PATH_BYTES + 8];
	snprintf(aside, sizeof(aside), "%s.unread", path);
	(void)rename(path, aside); /* if it cannot be, the new file takes its place */
}

int replica_image_add_dir(struct replica_image *image, const char *dir, replica_unread_fn *unread,
			  void *ctx)
{
	char path[REPLICA_PATH_BYTES];
	for (uint16_t i = 0; i < FILES_MAX; i++) {
		int err = replica_path(dir, i, path);
		if (err == 0)
			err = replica_image_add(image, path);
		if (err == ERR_NOMEM)
			return err;
		if (err == 0 || err == ERR_NOT_FOUND)
			continue;
		unread(ctx, path, err);
		put_aside(path);
	}
	replica_image_sort(image);
	return 0;
}

void replica_remove_files(const char *dir, uint16_t from_shard)
{
	char path[REPLICA_PATH_BYTES];
	for (uint16_t i = from_shard; i < FILES_MAX; i++) {
		if (replica_path(dir, i, path) == 0)
			(void)unlink(path);
	}
}
