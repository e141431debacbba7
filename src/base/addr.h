/* IP address and port as plain data; comparable, hashable, printable. */
#pragma once

#include "base/slice.h"

#include <sys/socket.h>

struct addr {
	uint8_t ip[16]; /* IPv4 in the first 4 bytes, the rest 0 */
	uint32_t scope; /* IPv6 link-local interface, else 0 */
	uint16_t port;	/* host order */
	uint8_t family; /* 4, 6; 0 = none */
	uint8_t pad;
};

#define ADDR_TEXT_BYTES 64

static inline bool addr_is(const struct addr *a)
{
	return a->family != 0;
}
bool addr_eq(const struct addr *a, const struct addr *b);
/* The same host, whatever the port. */
bool addr_ip_eq(const struct addr *a, const struct addr *b);

void addr_from_sockaddr(const struct sockaddr *sa,
			struct addr *ret_addr); /* IPv4-mapped IPv6 becomes IPv4 */
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ret_sa);

/* "192.0.2.1" or "2001:db8::1" or "[2001:db8::1]". Names are refused. 0 or ERR_SYNTAX. */
int addr_parse_ip(struct slice text, struct addr *ret_addr);
/* "192.0.2.1:5060", "[::1]:5060"; the port is optional and then default_port. 0 or ERR_SYNTAX. */
int addr_parse(struct slice text, uint16_t default_port, struct addr *ret_addr);

/* "192.0.2.1:5060", "[2001:db8::1]:5060". Returns buf. */
const char *addr_text(const struct addr *a, char buf[ADDR_TEXT_BYTES]);
/* The host alone, an IPv6 one without brackets (SDP) or with (URIs, Via). Returns buf. */
const char *addr_ip_text(const struct addr *a, char buf[ADDR_TEXT_BYTES]);
const char *addr_host_text(const struct addr *a, char buf[ADDR_TEXT_BYTES]);

bool addr_is_any(const struct addr *a);
bool addr_is_loopback(const struct addr *a);
/* RFC 1918, RFC 6598, link-local, unique local: an address that no phone on the Internet can be
 * reached at. */
bool addr_is_private(const struct addr *a);
bool addr_is_multicast(const struct addr *a);

/* "192.0.2.0/24" or a single address. */
struct cidr {
	struct addr net;
	uint8_t bits;
};
int cidr_parse(struct slice text, struct cidr *ret_cidr);
bool cidr_contains(const struct cidr *c, const struct addr *a);
