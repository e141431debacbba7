#include "main/data_dir.h"

#include "base/err.h"
#include "main/config.h"

#include <errno.h>
#include <fcntl.h>
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
