#include "base/addr.h"

#include "base/err.h"

#include <arpa/inet.h>
#include <netinet/in.h>

bool addr_ip_eq(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && a->scope == b->scope &&
	       memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return a->port == b->port && addr_ip_eq(a, b);
}

static void from_in6(const struct in6_addr *in6, struct addr *ret_addr)
{
	if (IN6_IS_ADDR_V4MAPPED(in6)) {
		ret_addr->family = 4;
		memcpy(ret_addr->ip, in6->s6_addr + 12, 4);
	} else {
		ret_addr->family = 6;
		memcpy(ret_addr->ip, in6->s6_addr, 16);
	}
}

void addr_from_sockaddr(const struct sockaddr *sa, struct addr *ret_addr)
{
	struct addr a = {0};

	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)sa;

		a.family = 4;
		a.port = ntohs(in->sin_port);
		memcpy(a.ip, &in->sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;

		from_in6(&in6->sin6_addr, &a);
		a.port = ntohs(in6->sin6_port);
		a.scope = a.family == 6 ? in6->sin6_scope_id : 0;
	}
	*ret_addr = a;
}

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ret_sa)
{
	if (a->family == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret_sa;

		*in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(a->port)};
		memcpy(&in->sin_addr, a->ip, 4);
		return sizeof(*in);
	}
	if (a->family == 6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret_sa;

		*in6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
					     .sin6_port = htons(a->port),
					     .sin6_scope_id = a->scope};
		memcpy(&in6->sin6_addr, a->ip, 16);
		return sizeof(*in6);
	}
	ret_sa->ss_family = AF_UNSPEC;
	return sizeof(ret_sa->ss_family);
}

static bool is_bracketed(struct slice s)
{
	return s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';
}

int addr_parse_ip(struct slice text, struct addr *ret_addr)
{
	char buf[INET6_ADDRSTRLEN];
	bool bracketed = is_bracketed(text);
	struct addr a = {0};
	struct in6_addr in6;

	if (bracketed)
		text = slice_of(text.p + 1, text.n - 2);
	/* A NUL inside would end the text early for inet_pton. */
	if (slice_copy(text, buf, sizeof(buf)) != 0 || strlen(buf) != text.n)
		return ERR_SYNTAX;
	if (!bracketed && inet_pton(AF_INET, buf, a.ip) == 1) {
		a.family = 4;
	} else if (inet_pton(AF_INET6, buf, &in6) == 1) {
		memset(a.ip, 0, sizeof(a.ip));
		from_in6(&in6, &a);
	} else {
		return ERR_SYNTAX;
	}
	*ret_addr = a;
	return 0;
}

/* Splits "host", "host:port", "[v6]", "[v6]:port"; *ret_port keeps p == NULL when no colon
 * announced one. */
static int split_port(struct slice text, struct slice *ret_host, struct slice *ret_port)
{
	size_t end = text.n && text.p[0] == '[' ? slice_find(text, ']') + 1 : slice_find(text, ':');

	if (end > text.n)
		return ERR_SYNTAX;
	*ret_host = slice_first(text, end);
	*ret_port = SLICE_NONE;
	if (end == text.n)
		return 0;
	if (text.p[end] != ':')
		return ERR_SYNTAX;
	*ret_port = slice_from(text, end + 1);
	return 0;
}

int addr_parse(struct slice text, uint16_t default_port, struct addr *ret_addr)
{
	struct slice host, port_text;
	uint64_t port = default_port;
	struct addr a;

	/* An IPv6 address without brackets cannot carry a port. */
	if (addr_parse_ip(text, &a) != 0) {
		if (split_port(text, &host, &port_text) != 0 || addr_parse_ip(host, &a) != 0)
			return ERR_SYNTAX;
		if (port_text.p && slice_u64(port_text, UINT16_MAX, &port) != 0)
			return ERR_SYNTAX;
	}
	a.port = (uint16_t)port;
	*ret_addr = a;
	return 0;
}

/* Written by hand: each message names several addresses, and printf costs more than the rest. */
static char *put_decimal(char *p, unsigned v)
{
	unsigned power = v < 10 ? 1 : v < 100 ? 10 : v < 1000 ? 100 : v < 10000 ? 1000 : 10000;

	for (; power > 1; power /= 10) {
		*p++ = (char)('0' + v / power);
		v %= power;
	}
	*p++ = (char)('0' + v);
	return p;
}

/* Returns where the text ends; it is not terminated. */
static char *put_ip(char *p, const struct addr *a)
{
	if (a->family == 6) {
		inet_ntop(AF_INET6, a->ip, p, INET6_ADDRSTRLEN);
		return p + strlen(p);
	}
	if (a->family != 4)
		return (char *)memcpy(p, "none", 4) + 4;
	for (size_t i = 0; i < 4; i++) {
		if (i)
			*p++ = '.';
		p = put_decimal(p, a->ip[i]);
	}
	return p;
}

static char *put_host(char *p, const struct addr *a)
{
	if (a->family != 6)
		return put_ip(p, a);
	*p++ = '[';
	p = put_ip(p, a);
	*p++ = ']';
	return p;
}

const char *addr_ip_text(const struct addr *a, char buf[ADDR_TEXT_BYTES])
{
	*put_ip(buf, a) = '\0';
	return buf;
}

const char *addr_host_text(const struct addr *a, char buf[ADDR_TEXT_BYTES])
{
	*put_host(buf, a) = '\0';
	return buf;
}

const char *addr_text(const struct addr *a, char buf[ADDR_TEXT_BYTES])
{
	char *p = put_host(buf, a);

	if (a->family) {
		*p++ = ':';
		p = put_decimal(p, a->port);
	}
	*p = '\0';
	return buf;
}

/* An address range of well-known meaning: the first bits of an address, its family. */
struct range {
	uint8_t family, bits;
	uint8_t first[2];
};

static bool in_bits(const uint8_t *ip, const uint8_t *net, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(ip, net, whole) != 0)
		return false;
	return rest == 0 || ((ip[whole] ^ net[whole]) >> (8 - rest)) == 0;
}

bool addr_is_any(const struct addr *a)
{
	static const uint8_t zero[16];

	return a->family != 0 && memcmp(a->ip, zero, sizeof(zero)) == 0;
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = {[15] = 1};

	return a->family == 4 ? a->ip[0] == 127 : a->family == 6 && memcmp(a->ip, one, 16) == 0;
}

bool addr_is_private(const struct addr *a)
{
	static const struct range ranges[] = {
		{4, 8, {10}},	       /* RFC 1918 */
		{4, 12, {172, 16}},    /* RFC 1918 */
		{4, 16, {192, 168}},   /* RFC 1918 */
		{4, 10, {100, 64}},    /* RFC 6598: carrier-grade NAT */
		{4, 16, {169, 254}},   /* RFC 3927: link-local */
		{6, 10, {0xfe, 0x80}}, /* RFC 4291: link-local */
		{6, 7, {0xfc}},	       /* RFC 4193: unique local */
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (a->family == ranges[i].family &&
		    in_bits(a->ip, ranges[i].first, ranges[i].bits))
			return true;
	}
	return false;
}

bool addr_is_multicast(const struct addr *a)
{
	return a->family == 4 ? a->ip[0] >> 4 == 0xe : a->family == 6 && a->ip[0] == 0xff;
}

static void mask_bits(uint8_t *ip, unsigned bits)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits > i * 8 ? bits - i * 8 : 0;

		if (keep < 8)
			ip[i] &= (uint8_t)(0xff00u >> keep);
	}
}

int cidr_parse(struct slice text, struct cidr *ret_cidr)
{
	size_t slash = slice_find(text, '/');
	uint64_t bits;
	struct cidr c = {0};

	if (addr_parse_ip(slice_first(text, slash), &c.net) != 0)
		return ERR_SYNTAX;
	bits = c.net.family == 4 ? 32 : 128;
	if (slash < text.n && slice_u64(slice_from(text, slash + 1), bits, &bits) != 0)
		return ERR_SYNTAX;
	c.bits = (uint8_t)bits;
	mask_bits(c.net.ip, c.bits);
	*ret_cidr = c;
	return 0;
}

bool cidr_contains(const struct cidr *c, const struct addr *a)
{
	return c->net.family != 0 && c->net.family == a->family &&
	       in_bits(a->ip, c->net.ip, c->bits);
}
