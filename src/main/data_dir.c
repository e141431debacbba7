#include "main/data_dir.h"

#include "base/err.h"
#include "main/config.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_directory(const char *path)
{
	char part[CONFIG_PATH_BYTES];
	snprintf(part, sizeof(part), "%s", path);
	for (char *p = part + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		(void)mkdir(part, 0750); /* what matters is whether the last one works */
		*p = '/';
	}
	return mkdir(part, 0750) == 0 || errno == EEXIST ? 0 : ERR_DENIED;
}

int data_dir_lock(const char *data_dir, int *ret_fd, char *ret_text, size_t text_bytes)
{
	int fd = -1;
	char path[CONFIG_PATH_BYTES + 16];
	snprintf(path, sizeof(path), "%s/opengate.lock", data_dir);
	if (make_directory(data_dir) == 0)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0) {
		snprintf(ret_text, text_bytes,
			 "data_dir %s is not writable (%s): create it for this user or choose "
			 "another",
			 data_dir, strerror(errno));
		return ERR_DENIED;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		*ret_fd = fd;
		return 0;
	}
	close(fd);
	snprintf(ret_text, text_bytes,
		 "another opengated uses data_dir %s: stop it first or choose another directory",
		 data_dir);
	return ERR_IN_USE;
}

static int secret_read(const char *path, void *bytes, size_t n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_DENIED;
	ssize_t got = read(fd, bytes, n);
	close(fd);
	return got == (ssize_t)n ? 0 : ERR_DAMAGED;
}

/* Whole or not at all: under another name first. */
static int secret_write(const char *path, const void *bytes, size_t n)
{
	char fresh[CONFIG_PATH_BYTES + 40];
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return ERR_DENIED;
	bool good = write(fd, bytes, n) == (ssize_t)n && fsync(fd) == 0;
	good = close(fd) == 0 && good;
	return good && rename(fresh, path) == 0 ? 0 : ERR_IO;
}

int data_dir_secret(const char *data_dir, const char *name, void *bytes, size_t n, char *ret_text,
		    size_t text_bytes)
{
	char path[CONFIG_PATH_BYTES + 32];
	snprintf(path, sizeof(path), "%s/%s", data_dir, name);
	int err = secret_read(path, bytes, n);
	if (err == ERR_NOT_FOUND) {
		randombytes_buf(bytes, n);
		err = secret_write(path, bytes, n);
	}
	if (err == ERR_DAMAGED)
		snprintf(ret_text, text_bytes,
			 "%s is damaged: put it back from a backup, or remove it and give the "
			 "passwords of the trunks anew",
			 path);
	else if (err)
		snprintf(ret_text, text_bytes,
			 "%s cannot be read or written (%s): give it to this user", path,
			 strerror(errno));
	return err;
}
