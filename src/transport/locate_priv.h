/* The inside of locate: the question, what DNS said (dns.c), its order (locate.c). */
#pragma once

#include "transport/locate.h"

#include <poll.h>

#define LOCATE_HOST_BYTES  254
#define LOCATE_SERVERS_MAX 16 /* hosts of one answer */
#define LOCATE_ADDRS_MAX   4  /* addresses of one host */

/* What was asked, in one form for all its spellings: the key of the cache. No padding. */
struct locate_question {
	char host[LOCATE_HOST_BYTES]; /* lower case, without the last dot; zeros behind it */
	uint16_t port;		      /* 0: none */
	uint8_t secure;		      /* sips: */
	uint8_t transport;	      /* enum sip_transport; SIP_TRANSPORT_OTHER: not said */
};
_Static_assert(sizeof(struct locate_question) == LOCATE_HOST_BYTES + 4, "compared as bytes");

/* 0; ERR_SYNTAX: no host name; ERR_UNSUPPORTED: scheme or transport. */
int locate_question_of(const struct sip_uri *uri, struct locate_question *ret_question);
/* Transport where the URI does not say, and DNS neither (RFC 3263 §4.1). */
enum sip_transport locate_default_transport(const struct locate_question *q);

/* One host that serves. Lower group first, then lower priority, then by weight. */
struct locate_server {
	uint16_t group, priority, weight;
	uint8_t transport; /* enum sip_transport */
	uint8_t addr_count;
	struct addr addrs[LOCATE_ADDRS_MAX]; /* with port */
};

/* The order to try (RFC 2782, "Weight"): drawn anew for each answer. */
void locate_order(const struct locate_server *v, uint32_t count, struct rng *rng,
		  struct locate_answer *answer);

/* --- resolver.c: the name servers */
struct dns;
#define DNS_FDS_MAX 15
int dns_new(const char *servers, uint32_t transports, struct dns **ret_dns);
/* Lookups in progress are dropped without a word. */
void dns_free(struct dns *d);
uint32_t dns_fds(struct dns *d, struct pollfd fds[DNS_FDS_MAX]);
int64_t dns_timeout_ms(struct dns *d, int64_t most_ms);
void dns_process(struct dns *d, const struct pollfd *fds, uint32_t count);

/* --- dns.c: lookups */
struct dns_result {
	int err; /* as locate_answer's */
	struct locate_server servers[LOCATE_SERVERS_MAX];
	uint32_t count;
	uint32_t ttl_s; /* how long this may be kept */
};
typedef void dns_done_fn(void *ctx, uint64_t user, const struct dns_result *result);
struct dns_lookup;
/* done is called once, perhaps from within: not after dns_lookup_end. NULL: no memory. */
struct dns_lookup *dns_lookup_start(struct dns *d, const struct locate_question *q,
				    dns_done_fn *done, void *ctx, uint64_t user);
/* Time is up: *ret_result is what has been found until now; the lookup is forgotten. */
void dns_lookup_end(struct dns_lookup *l, struct dns_result *ret_result);
