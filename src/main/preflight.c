#include "main/preflight.h"

#include "base/err.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* 0 or errno. */
static int try_bind(const struct addr *a, int type)
{
	struct sockaddr_storage sa;
	socklen_t n = addr_to_sockaddr(a, &sa);
	int one = 1;
	int fd = socket(sa.ss_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (type == SOCK_STREAM) /* connections of a server that has just ended do not count */
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (sa.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	int rc = bind(fd, (struct sockaddr *)&sa, n) == 0 ? 0 : errno;
	close(fd);
	return rc;
}

static const char *remedy(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "another program uses this port; stop it or choose another port";
	case EADDRNOTAVAIL:
		return "this host has no such address; write one that 'ip address' shows";
	case EACCES:
	case EPERM:
		return "only root may use this port; choose one above 1023, or give the server "
		       "CAP_NET_BIND_SERVICE";
	case EAFNOSUPPORT:
		return "this host has no IPv6; leave the address out";
	default:
		return strerror(error);
	}
}

static int refuse(const char *what, int error, char *ret_text, size_t text_bytes)
{
	snprintf(ret_text, text_bytes, "%s: %s", what, remedy(error));
	return error == EADDRINUSE ? ERR_IN_USE : ERR_DENIED;
}

static int check_listener(const struct transport_listener *l, char *ret_text, size_t text_bytes)
{
	char addr[ADDR_TEXT_BYTES], what[ADDR_TEXT_BYTES + 32];
	int error = try_bind(&l->bind, l->transport == SIP_UDP ? SOCK_DGRAM : SOCK_STREAM);
	if (error == 0 || error == EMFILE || error == ENFILE)
		return 0; /* opening it in earnest will tell */
	snprintf(what, sizeof(what), "sip.listen %s:%s", l->transport == SIP_UDP ? "udp" : "tcp",
		 addr_text(&l->bind, addr));
	return refuse(what, error, ret_text, text_bytes);
}

static int check_media(const struct addr *media, char *ret_text, size_t text_bytes)
{
	char addr[ADDR_TEXT_BYTES], what[ADDR_TEXT_BYTES + 32];
	struct addr any_port = *media;
	any_port.port = 0;
	int error = addr_is(media) ? try_bind(&any_port, SOCK_DGRAM) : 0;
	if (error == 0 || error == EMFILE || error == ENFILE)
		return 0;
	snprintf(what, sizeof(what), "media.address %s", addr_ip_text(media, addr));
	return refuse(what, error, ret_text, text_bytes);
}

int preflight_addresses(const struct config *c, char *ret_text, size_t text_bytes)
{
	int err = 0;
	for (uint32_t i = 0; i < c->listener_count && err == 0; i++)
		err = check_listener(&c->listeners[i], ret_text, text_bytes);
	if (err == 0)
		err = check_media(&c->media4, ret_text, text_bytes);
	return err ? err : check_media(&c->media6, ret_text, text_bytes);
}

int preflight_announcements(const struct config *c, char *ret_text, size_t text_bytes)
{
	struct sounds *sounds = NULL;
	int err = announcements_load(c->announce_folder, &sounds, ret_text, text_bytes);
	sounds_free(sounds);
	return err;
}

#define PER_CALL 4   /* two legs, RTP and RTCP each */
#define SPARE	 256 /* listeners, connections, database, API */

uint64_t preflight_descriptors_needed(uint32_t calls)
{
	return (uint64_t)calls * PER_CALL + SPARE;
}

/* Root may go beyond the hard limit; others up to it. */
static rlim_t raise_limit(rlim_t needed)
{
	struct rlimit l, wanted = {.rlim_cur = needed, .rlim_max = needed};
	if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur >= needed)
		return needed;
	if (l.rlim_max >= needed)
		wanted.rlim_max = l.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &wanted) == 0)
		return needed;
	l.rlim_cur = l.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &l);
	return getrlimit(RLIMIT_NOFILE, &l) == 0 ? l.rlim_cur : 0;
}

bool preflight_descriptors(const struct config *c, char *ret_text, size_t text_bytes)
{
	uint64_t needed = preflight_descriptors_needed(c->calls_max);
	uint64_t allowed = raise_limit(needed);
	if (allowed >= needed)
		return true;
	snprintf(ret_text, text_bytes,
		 "sip.calls_max %u needs %llu descriptors and %llu are allowed, enough for %llu "
		 "calls; raise LimitNOFILE (systemd) or 'ulimit -n', or lower sip.calls_max",
		 c->calls_max, (unsigned long long)needed, (unsigned long long)allowed,
		 (unsigned long long)(allowed > SPARE ? (allowed - SPARE) / PER_CALL : 0));
	return false;
}
