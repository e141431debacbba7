/* The c-ares channel: which servers, how long, and its sockets in the locator's poll. */
#include "transport/resolver_priv.h"

#include "base/err.h"

#include <stdlib.h>

#define TRY_MS 1000 /* of the first try at a server; c-ares doubles it for the second */
#define TRIES  2

/* Names are looked up as they stand: no search list. */
static int open_channel(struct dns *d, const char *servers)
{
	struct ares_options options = {.timeout = TRY_MS, .tries = TRIES};
	int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_DOMAINS;
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return ERR_NOMEM;
	if (ares_init_options(&d->channel, &options, mask) != ARES_SUCCESS) {
		ares_library_cleanup();
		return ERR_NOMEM;
	}
	if (servers == NULL || ares_set_servers_ports_csv(d->channel, servers) == ARES_SUCCESS)
		return 0;
	ares_destroy(d->channel);
	ares_library_cleanup();
	return ERR_INVALID;
}

int dns_new(const char *servers, uint32_t transports, struct dns **ret_dns)
{
	struct dns *d = calloc(1, sizeof(*d));
	if (d == NULL)
		return ERR_NOMEM;
	d->transports = transports;
	TAILQ_INIT(&d->lookups);
	int err = open_channel(d, servers);
	if (err) {
		free(d);
		return err;
	}
	*ret_dns = d;
	return 0;
}

void dns_free(struct dns *d)
{
	if (d == NULL)
		return;
	dns_lookup_abandon_all(d);
	ares_destroy(d->channel); /* calls back for each open question */
	ares_library_cleanup();
	free(d);
}

/* The macros of c-ares shift a sign bit for its last one. */
_Static_assert(DNS_FDS_MAX < ARES_GETSOCK_MAXNUM, "what ARES_GETSOCK_WRITABLE can tell");

uint32_t dns_fds(struct dns *d, struct pollfd fds[DNS_FDS_MAX])
{
	ares_socket_t socks[DNS_FDS_MAX];
	unsigned bits = (unsigned)ares_getsock(d->channel, socks, DNS_FDS_MAX);
	uint32_t n = 0;
	for (unsigned i = 0; i < DNS_FDS_MAX; i++) {
		bool in = ARES_GETSOCK_READABLE(bits, i), out = ARES_GETSOCK_WRITABLE(bits, i);
		if (in || out)
			fds[n++] = (struct pollfd){
				.fd = socks[i],
				.events = (short)((in ? POLLIN : 0) | (out ? POLLOUT : 0)),
			};
	}
	return n;
}

int64_t dns_timeout_ms(struct dns *d, int64_t most_ms)
{
	struct timeval tv, most = {most_ms / 1000, (most_ms % 1000) * 1000};
	const struct timeval *least = ares_timeout(d->channel, &most, &tv);
	return (int64_t)least->tv_sec * 1000 + (least->tv_usec + 999) / 1000;
}

void dns_process(struct dns *d, const struct pollfd *fds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		bool in = fds[i].revents & (POLLIN | POLLERR | POLLHUP),
		     out = fds[i].revents & POLLOUT;
		if (in || out)
			ares_process_fd(d->channel, in ? fds[i].fd : ARES_SOCKET_BAD,
					out ? fds[i].fd : ARES_SOCKET_BAD);
	}
	ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* time-outs */
}
