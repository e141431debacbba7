/*
 * One lookup after RFC 3263 §4, on c-ares. NAPTR and the SRV names that the RFC falls back to are
 * asked at the same time, since there are resolvers that never answer to NAPTR; what NAPTR says
 * then decides which of the SRV answers count. Addresses come last, of all hosts at a time.
 *
 * A lookup lives until c-ares has called back for each of its questions, also when the asker was
 * given an answer long before.
 */
#include "transport/resolver_priv.h"

#include "base/err.h"
#include "sip/value.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TTL_MAX_S      3600
#define TTL_ABSENT_S   30 /* when the zone does not say */
#define TTL_ABSENT_MAX 300
#define TTL_FAILED_S   5
#define SRV_NAMES_MAX  6
#define NAME_BYTES     320

/* A name to ask SRV of. */
struct srv_name {
	char name[NAME_BYTES];
	uint8_t transport;
	uint16_t group;
	bool asked, wanted; /* wanted: its answer counts */
};

struct host {
	char name[NAME_BYTES];
	uint8_t srv; /* index of the name that it was found under; SRV_NAMES_MAX: none */
	uint16_t port;
	struct locate_server found;
};

enum phase { PHASE_NAMES, PHASE_SERVICES, PHASE_ADDRESSES };

struct dns_lookup {
	TAILQ_ENTRY(dns_lookup) link;
	struct dns *dns;
	struct locate_question q;
	dns_done_fn *done; /* NULL: nobody waits any more */
	void *ctx;
	uint64_t user;
	enum phase phase;
	uint32_t open; /* questions that c-ares has, and ourselves while we ask */
	struct srv_name names[SRV_NAMES_MAX];
	uint8_t name_count;
	struct host hosts[LOCATE_SERVERS_MAX];
	uint8_t host_count;
	uint32_t ttl_s;
	bool unanswered;  /* some question got no answer at all */
	bool not_offered; /* SRV said "." */
	bool other_only;  /* NAPTR names only transports that we do not have */
};

/* A question of a lookup, as c-ares gives it back. */
struct asked {
	struct dns_lookup *lookup;
	uint8_t index; /* of the SRV name or the host */
};

static void advance(struct dns_lookup *l);

static void release(struct dns_lookup *l)
{
	if (--l->open == 0)
		advance(l);
}

static struct asked *asked_new(struct dns_lookup *l, uint8_t index)
{
	struct asked *a = malloc(sizeof(*a));
	if (a == NULL) {
		l->unanswered = true;
		return NULL;
	}
	*a = (struct asked){l, index};
	l->open++;
	return a;
}

/* --- how long an answer may be kept */

static void keep_for(struct dns_lookup *l, uint32_t ttl_s)
{
	if (ttl_s < l->ttl_s)
		l->ttl_s = ttl_s;
}

/* RFC 2308 §5: the lesser of the SOA's TTL and its last field. */
static uint32_t absent_ttl_s(const ns_rr *soa)
{
	uint32_t least = TTL_ABSENT_S;
	if (ns_rr_rdlen(*soa) >= 4)
		least = (uint32_t)ns_get32(ns_rr_rdata(*soa) + ns_rr_rdlen(*soa) - 4);
	return least < ns_rr_ttl(*soa) ? least : ns_rr_ttl(*soa);
}

static void keep_as_said(struct dns_lookup *l, int status, const unsigned char *bytes, int n)
{
	bool absent = status == ARES_ENOTFOUND || status == ARES_ENODATA;
	ns_sect section = absent ? ns_s_ns : ns_s_an;
	uint32_t absent_s = TTL_ABSENT_S;
	ns_msg msg;
	ns_rr rr;
	if (!absent && status != ARES_SUCCESS)
		return;
	if (bytes && ns_initparse(bytes, n, &msg) == 0) {
		for (int i = 0; i < ns_msg_count(msg, section); i++) {
			if (ns_parserr(&msg, section, i, &rr) != 0)
				break;
			if (!absent)
				keep_for(l, ns_rr_ttl(rr));
			else if (ns_rr_type(rr) == ns_t_soa)
				absent_s = absent_ttl_s(&rr);
		}
	}
	if (absent)
		keep_for(l, absent_s < TTL_ABSENT_MAX ? absent_s : TTL_ABSENT_MAX);
}

/* Whether there is something to read in the answer. */
static bool answered(struct dns_lookup *l, int status, const unsigned char *bytes, int n)
{
	keep_as_said(l, status, bytes, n);
	if (status != ARES_SUCCESS && status != ARES_ENOTFOUND && status != ARES_ENODATA &&
	    status != ARES_EDESTRUCTION)
		l->unanswered = true;
	return status == ARES_SUCCESS;
}

/* --- SRV */

static void on_srv(void *arg, int status, int timeouts, unsigned char *bytes, int n)
{
	struct asked *a = arg;
	struct dns_lookup *l = a->lookup;
	struct ares_srv_reply *srv = NULL;
	(void)timeouts;
	if (answered(l, status, bytes, n) && ares_parse_srv_reply(bytes, n, &srv) == ARES_SUCCESS) {
		const struct srv_name *name = &l->names[a->index];
		for (const struct ares_srv_reply *r = srv; r; r = r->next) {
			if (r->host[0] == '\0' || strcmp(r->host, ".") == 0) {
				l->not_offered = true; /* RFC 2782, "Target" */
				continue;
			}
			if (l->host_count == LOCATE_SERVERS_MAX)
				break;
			struct host *h = &l->hosts[l->host_count];
			int chars = snprintf(h->name, sizeof(h->name), "%s", r->host);
			if (chars < 0 || (size_t)chars >= sizeof(h->name))
				continue;
			h->srv = a->index;
			h->port = r->port;
			h->found = (struct locate_server){.priority = r->priority,
							  .weight = r->weight,
							  .transport = name->transport};
			l->host_count++;
		}
		ares_free_data(srv);
	}
	free(a);
	release(l);
}

static void ask_srv(struct dns_lookup *l, uint8_t index)
{
	struct asked *a = asked_new(l, index);
	l->names[index].asked = true;
	if (a)
		ares_query(l->dns->channel, l->names[index].name, ns_c_in, ns_t_srv, on_srv, a);
}

static struct srv_name *name_add(struct dns_lookup *l, enum sip_transport transport)
{
	if (l->name_count == SRV_NAMES_MAX || !(l->dns->transports & 1u << transport))
		return NULL;
	struct srv_name *n = &l->names[l->name_count];
	*n = (struct srv_name){.transport = (uint8_t)transport, .group = l->name_count};
	l->name_count++;
	return n;
}

/* RFC 3263 §4.1: the names for want of NAPTR, one for each transport that may be used. */
static void default_names(struct dns_lookup *l)
{
	static const struct {
		const char *prefix;
		enum sip_transport transport;
	} rows[] = {{"_sip._udp", SIP_UDP}, {"_sip._tcp", SIP_TCP}, {"_sips._tcp", SIP_TLS}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum sip_transport t = rows[i].transport;
		bool said = l->q.transport != SIP_TRANSPORT_OTHER;
		if (said ? t != l->q.transport : (l->q.secure && t != SIP_TLS))
			continue;
		struct srv_name *n = name_add(l, t);
		if (n == NULL)
			continue;
		n->wanted = true;
		snprintf(n->name, sizeof(n->name), "%s.%s", rows[i].prefix, l->q.host);
	}
}

/* --- NAPTR */

static bool service_transport(const struct ares_naptr_reply *r, bool secure,
			      enum sip_transport *ret_transport)
{
	static const struct {
		const char *service;
		enum sip_transport transport;
	} rows[] = {{"SIP+D2U", SIP_UDP}, {"SIP+D2T", SIP_TCP}, {"SIPS+D2T", SIP_TLS}};
	struct slice service = slice_str((const char *)r->service),
		     flags = slice_str((const char *)r->flags);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!slice_ieq(service, slice_str(rows[i].service)) ||
		    !slice_ieq(flags, SLICE("s")))
			continue;
		if (secure && rows[i].transport != SIP_TLS)
			continue;
		*ret_transport = rows[i].transport;
		return true;
	}
	return false;
}

static struct srv_name *name_find(struct dns_lookup *l, const char *name, enum sip_transport t)
{
	for (uint8_t i = 0; i < l->name_count; i++) {
		if (l->names[i].transport == t &&
		    slice_ieq(slice_str(l->names[i].name), slice_str(name)))
			return &l->names[i];
	}
	return NULL;
}

/* A record that counts. The first one that does ends the fall-back names' counting. */
static void take_naptr(struct dns_lookup *l, const struct ares_naptr_reply *r, uint16_t rank,
		       bool *any)
{
	enum sip_transport t;
	if (!service_transport(r, l->q.secure, &t))
		return;
	if (!(l->dns->transports & 1u << t)) {
		l->other_only = !*any;
		return;
	}
	for (uint8_t i = 0; !*any && i < l->name_count; i++)
		l->names[i].wanted = false;
	struct srv_name *n = name_find(l, r->replacement, t);
	if (n == NULL && strlen(r->replacement) < sizeof(n->name)) {
		n = name_add(l, t);
		if (n)
			strcpy(n->name, r->replacement);
	}
	*any = true;
	l->other_only = false;
	if (n == NULL || n->wanted)
		return;
	n->wanted = true;
	n->group = rank;
}

static int by_order(const void *a, const void *b)
{
	const struct ares_naptr_reply *x = *(struct ares_naptr_reply *const *)a,
				      *y = *(struct ares_naptr_reply *const *)b;
	return x->order != y->order ? x->order - y->order : x->preference - y->preference;
}

#define NAPTR_MAX 16

static void on_naptr(void *arg, int status, int timeouts, unsigned char *bytes, int n)
{
	struct asked *a = arg;
	struct dns_lookup *l = a->lookup;
	struct ares_naptr_reply *naptr = NULL, *sorted[NAPTR_MAX];
	size_t count = 0;
	bool any = false;
	(void)timeouts;
	if (answered(l, status, bytes, n) &&
	    ares_parse_naptr_reply(bytes, n, &naptr) == ARES_SUCCESS) {
		for (struct ares_naptr_reply *r = naptr; r && count < NAPTR_MAX; r = r->next)
			sorted[count++] = r;
		qsort(sorted, count, sizeof(sorted[0]), by_order);
		for (size_t i = 0; i < count; i++)
			take_naptr(l, sorted[i], (uint16_t)i, &any);
		ares_free_data(naptr);
	}
	free(a);
	release(l);
}

/* --- addresses */

static void on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct asked *a = arg;
	struct dns_lookup *l = a->lookup;
	struct host *h = &l->hosts[a->index];
	(void)timeouts;
	if (answered(l, status, NULL, 0) && info) {
		for (const struct ares_addrinfo_cname *c = info->cnames; c; c = c->next)
			keep_for(l, (uint32_t)c->ttl);
		for (const struct ares_addrinfo_node *node = info->nodes; node;
		     node = node->ai_next) {
			keep_for(l, (uint32_t)node->ai_ttl);
			if (h->found.addr_count == LOCATE_ADDRS_MAX)
				break;
			struct addr *addr = &h->found.addrs[h->found.addr_count++];
			addr_from_sockaddr(node->ai_addr, addr);
			addr->port = h->port;
		}
	}
	ares_freeaddrinfo(info);
	free(a);
	release(l);
}

static void ask_addresses(struct dns_lookup *l, uint8_t index)
{
	static const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC};
	struct asked *a = asked_new(l, index);
	if (a)
		ares_getaddrinfo(l->dns->channel, l->hosts[index].name, NULL, &hints, on_addresses,
				 a);
}

/* Without SRV: the name itself is the host (RFC 3263 §4.2). */
static void host_itself(struct dns_lookup *l)
{
	enum sip_transport t = locate_default_transport(&l->q);
	struct host *h = &l->hosts[0];
	if (!(l->dns->transports & 1u << t)) {
		l->other_only = true;
		return;
	}
	*h = (struct host){.srv = SRV_NAMES_MAX, .found.transport = (uint8_t)t};
	h->port = l->q.port ? l->q.port : locate_port(t);
	strcpy(h->name, l->q.host);
	l->host_count = 1;
}

/* --- the way through */

static bool counts(const struct dns_lookup *l, const struct host *h)
{
	return h->srv == SRV_NAMES_MAX || l->names[h->srv].wanted;
}

static void result_of(const struct dns_lookup *l, struct dns_result *r)
{
	*r = (struct dns_result){.ttl_s = l->ttl_s < TTL_MAX_S ? l->ttl_s : TTL_MAX_S};
	for (uint8_t i = 0; i < l->host_count; i++) {
		const struct host *h = &l->hosts[i];
		if (!counts(l, h) || h->found.addr_count == 0)
			continue;
		struct locate_server *s = &r->servers[r->count++];
		*s = h->found;
		s->group = h->srv == SRV_NAMES_MAX ? 0 : l->names[h->srv].group;
	}
	if (r->count)
		return;
	if (l->unanswered)
		r->err = ERR_TIMEOUT;
	else
		r->err = l->other_only ? ERR_UNSUPPORTED : ERR_NOT_FOUND;
	if (l->unanswered && r->ttl_s > TTL_FAILED_S)
		r->ttl_s = TTL_FAILED_S;
}

static void lookup_free(struct dns_lookup *l)
{
	TAILQ_REMOVE(&l->dns->lookups, l, link);
	free(l);
}

static void finish(struct dns_lookup *l)
{
	struct dns_result result;
	dns_done_fn *done = l->done;
	void *ctx = l->ctx;
	uint64_t user = l->user;
	result_of(l, &result);
	lookup_free(l);
	if (done)
		done(ctx, user, &result);
}

/* The names that are known by now and were not asked yet. */
static void ask_services(struct dns_lookup *l)
{
	for (uint8_t i = 0; i < l->name_count; i++) {
		if (!l->names[i].asked)
			ask_srv(l, i);
	}
}

static void ask_hosts(struct dns_lookup *l)
{
	uint8_t useful = 0;
	for (uint8_t i = 0; i < l->host_count; i++)
		useful = (uint8_t)(useful + counts(l, &l->hosts[i]));
	if (useful == 0 && !l->not_offered)
		host_itself(l);
	for (uint8_t i = 0; i < l->host_count; i++) {
		if (counts(l, &l->hosts[i]))
			ask_addresses(l, i);
	}
}

/* Nothing is open: the next phase, or the end. */
static void advance(struct dns_lookup *l)
{
	if (l->phase == PHASE_ADDRESSES || l->done == NULL) {
		finish(l);
		return;
	}
	l->open++; /* c-ares may call back at once */
	if (l->phase == PHASE_NAMES) {
		l->phase = PHASE_SERVICES;
		ask_services(l); /* of NAPTR's */
	} else {
		l->phase = PHASE_ADDRESSES;
		ask_hosts(l);
	}
	release(l);
}

/* With a port nothing but addresses is to be asked; with a transport no NAPTR (RFC 3263 §4.1,
 * §4.2).
 */
static void begin(struct dns_lookup *l)
{
	l->open++;
	if (l->q.port) {
		l->phase = PHASE_ADDRESSES;
		ask_hosts(l);
		release(l);
		return;
	}
	default_names(l);
	ask_services(l);
	struct asked *a = l->q.transport == SIP_TRANSPORT_OTHER ? asked_new(l, 0) : NULL;
	if (a)
		ares_query(l->dns->channel, l->q.host, ns_c_in, ns_t_naptr, on_naptr, a);
	release(l);
}

struct dns_lookup *dns_lookup_start(struct dns *d, const struct locate_question *q,
				    dns_done_fn *done, void *ctx, uint64_t user)
{
	struct dns_lookup *l = calloc(1, sizeof(*l));
	if (l == NULL)
		return NULL;
	l->dns = d;
	l->q = *q;
	l->done = done;
	l->ctx = ctx;
	l->user = user;
	l->ttl_s = TTL_MAX_S;
	TAILQ_INSERT_TAIL(&d->lookups, l, link);
	begin(l);
	return l;
}

void dns_lookup_end(struct dns_lookup *l, struct dns_result *ret_result)
{
	l->unanswered = true;
	result_of(l, ret_result);
	if (ret_result->ttl_s > TTL_FAILED_S)
		ret_result->ttl_s = TTL_FAILED_S; /* it is not the whole truth */
	l->done = NULL;
}

void dns_lookup_abandon_all(struct dns *d)
{
	struct dns_lookup *l;
	TAILQ_FOREACH(l, &d->lookups, link)
	l->done = NULL;
}
