#include "api/doors_priv.h"

#include "base/err.h"
#include "provision/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SECONDS_MAX	30u /* without a word, a connection ends */
#define CONNECTIONS_MAX 256u
#define BACKLOG		1024 /* a full one would look like no server */
/* epoll: with calls in progress descriptors go far beyond what select() can watch. */
#define FLAGS (MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME)

static int connect_to(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	int why = rc == 0 ? 0 : errno;
	if (fd >= 0)
		close(fd);
	return why;
}

/* A socket that nobody answers at is left over from a run that was killed. Anything else stays. */
static const char *clear_path(const struct sockaddr_un *sun)
{
	struct stat st;
	if (lstat(sun->sun_path, &st) != 0)
		return NULL;
	if (!S_ISSOCK(st.st_mode))
		return "something that is no socket stands there; choose another path or move it "
		       "away";
	if (connect_to(sun) != ECONNREFUSED)
		return "another program answers there; stop it or choose another path";
	(void)unlink(sun->sun_path);
	return NULL;
}

static const char *why_not(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return "its directory does not exist; make it or choose another path";
	case EACCES:
	case EPERM:
		return "its directory may not be written; give it to this user or choose another "
		       "path";
	case EROFS:
		return "its file system is read-only; choose another path";
	default:
		return strerror(error);
	}
}

static int bind_unix(const char *path, char *ret_text, size_t text_bytes)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	const char *why = slice_copy(slice_str(path), sun.sun_path, sizeof(sun.sun_path))
				  ? "the path is too long"
				  : clear_path(&sun);
	int fd = why ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 &&
	    chmod(path, 0660) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	snprintf(ret_text, text_bytes, "http.socket %s cannot be opened: %s", path,
		 why ? why : why_not(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int open_unix_door(struct doors *d, char *ret_text, size_t text_bytes)
{
	int fd = bind_unix(d->api->p.socket, ret_text, text_bytes);
	if (fd < 0)
		return ERR_DENIED;
	d->unix_door = MHD_start_daemon(
		FLAGS, 0, NULL, NULL, serve_trusted, d, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_NOTIFY_COMPLETED, serve_completed, d, MHD_OPTION_UNESCAPE_CALLBACK,
		serve_unescape, d, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, SECONDS_MAX, MHD_OPTION_END);
	if (d->unix_door)
		return 0;
	close(fd);
	snprintf(ret_text, text_bytes, "http.socket %s cannot be served: %s", d->api->p.socket,
		 strerror(errno));
	return ERR_LIMIT;
}

static int open_tcp_door(struct doors *d, char *ret_text, size_t text_bytes)
{
	const struct addr *listen_at = &d->api->p.listen;
	struct sockaddr_storage sa;
	char text[ADDR_TEXT_BYTES];
	if (!addr_is(listen_at))
		return 0;
	unsigned flags = FLAGS | (listen_at->family == 6 ? MHD_USE_IPv6 : 0u);
	(void)addr_to_sockaddr(listen_at, &sa);
	errno = 0;
	d->tcp_door = MHD_start_daemon(
		flags, listen_at->port, NULL, NULL, serve_stranger, d, MHD_OPTION_SOCK_ADDR,
		(struct sockaddr *)&sa, MHD_OPTION_NOTIFY_COMPLETED, serve_completed, d,
		MHD_OPTION_UNESCAPE_CALLBACK, serve_unescape, d, MHD_OPTION_CONNECTION_LIMIT,
		CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, SECONDS_MAX, MHD_OPTION_END);
	if (d->tcp_door)
		return 0;
	snprintf(ret_text, text_bytes, "http.listen %s: %s", addr_text(listen_at, text),
		 errno == EADDRNOTAVAIL
			 ? "this host has no such address; write one that it has, or \"off\""
		 : errno == EACCES
			 ? "only root may listen on this port; choose one above 1023, or \"off\""
			 : "another program uses this port; choose another, or \"off\"");
	return ERR_IN_USE;
}

int doors_open(struct api *api, char *ret_text, size_t text_bytes)
{
	struct doors *d = api->doors;
	int err = open_unix_door(d, ret_text, text_bytes);
	return err ? err : open_tcp_door(d, ret_text, text_bytes);
}

void doors_hold(void *doors, bool held)
{
	struct doors *d = doors;
	struct MHD_Connection *waiting[WAITING_MAX];
	pthread_mutex_lock(&d->lock);
	d->held = held;
	unsigned count = held ? 0 : d->waiting_count;
	memcpy(waiting, d->waiting, count * sizeof(waiting[0]));
	d->waiting_count -= count;
	pthread_mutex_unlock(&d->lock);
	for (unsigned i = 0; i < count; i++)
		MHD_resume_connection(waiting[i]);
}

/* No connection may be waiting when its door closes: the import, which answers the one that asked
 * for it and lets go of the others, goes first. */
void doors_close(struct doors *d)
{
	if (d->unix_door) {
		import_stop(d->api->import);
		MHD_stop_daemon(d->unix_door);
		(void)unlink(d->api->p.socket);
	}
	if (d->tcp_door)
		MHD_stop_daemon(d->tcp_door);
	d->unix_door = d->tcp_door = NULL;
}
