/* What resolver.c (the channel) and dns.c (the lookups in it) share. */
#pragma once

#include "transport/locate_priv.h"

#include <ares.h>
#include <sys/queue.h>

struct dns {
	ares_channel channel;
	uint32_t transports;
	TAILQ_HEAD(, dns_lookup) lookups;
};

/* Nobody is told any more. */
void dns_lookup_abandon_all(struct dns *d);
