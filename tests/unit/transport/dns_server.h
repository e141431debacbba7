/*
 * A name server on loopback that says what a table says, for the locator's tests. A name that
 * stands nowhere in the table does not exist; one that does, but not with the type asked for, has
 * no such data; both answers carry an SOA.
 */
#pragma once

#include "base/addr.h"

enum dns_mode {
	DNS_ANSWERED,
	DNS_SILENT,    /* never answered */
	DNS_REFUSED,   /* SERVFAIL */
	DNS_TRUNCATED, /* over UDP only the bit that sends the asker to TCP */
};

struct dns_row {
	const char *name;
	const char *type; /* "A", "AAAA", "CNAME", "SRV", "NAPTR" */
	uint32_t ttl_s;
	const char *data; /* address, or the name that is pointed to */
	uint16_t a, b, c; /* SRV: priority, weight, port; NAPTR: order, preference */
	const char *flags, *service;
	enum dns_mode mode;
};

struct dns_server;
/* rows end with one without a name; they may be changed while nothing is asked. */
struct dns_server *dns_server_new(const struct dns_row *rows, uint32_t absent_ttl_s);
void dns_server_free(struct dns_server *s);
/* "127.0.0.1:PORT" */
const char *dns_server_text(const struct dns_server *s);
/* Questions of that name and type so far, repeated ones too; NULL: any. */
uint32_t dns_server_asked(struct dns_server *s, const char *name, const char *type);
