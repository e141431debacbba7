/* Readers of single values: text of the file -> member of struct config. Each fault is a sentence
 * with its remedy. */
#include "base/err.h"
#include "main/config_priv.h"

#include <stdarg.h>
#include <stdio.h>

static void *member(const struct config_key *key, struct config *c)
{
	return (char *)c + key->offset;
}

/* Sentences with a number in them live here until the next fault: the file is read by one thread.
 */
static const char *sentence(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static const char *sentence(const char *fmt, ...)
{
	static _Thread_local char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return text;
}

const char *config_read_text(const struct config_key *key, struct slice text, struct config *c)
{
	if (!text.n)
		return "is empty; write a path or leave the key out";
	if (slice_copy(text, member(key, c), key->bytes))
		return sentence("is longer than %zu bytes; use a shorter path", key->bytes - 1);
	return NULL;
}

const char *config_read_socket(const struct config_key *key, struct slice text, struct config *c)
{
	return config_read_text(key, text, c);
}

const char *config_read_count(const struct config_key *key, struct slice text, struct config *c)
{
	uint64_t value;

	if (slice_u64(text, key->max, &value) || value < key->min)
		return sentence("\"%.*s\" is not a whole number from %u to %u",
				SLICE_ARG(slice_first(text, 40)), key->min, key->max);
	*(uint32_t *)member(key, c) = (uint32_t)value;
	return NULL;
}

static bool is_host_char(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '.';
}

const char *config_read_domain(const struct config_key *key, struct slice text, struct config *c)
{
	char *dst = member(key, c);

	if (!text.n || text.n >= key->bytes)
		return sentence("must have 1 to %zu characters, for example sip.example.jp",
				key->bytes - 1);
	slice_copy(text, dst, key->bytes);
	for (char *p = dst; *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
		if (!is_host_char(*p))
			return sentence("\"%s\" is not a host name; use letters, digits, hyphens "
					"and dots only",
					dst);
	}
	return NULL;
}

static const char *not_an_address(struct slice text)
{
	return sentence("\"%.*s\" is not an IP address; write for example 192.0.2.10 or "
			"2001:db8::10 (names are not "
			"looked up here)",
			SLICE_ARG(slice_first(text, 80)));
}

const char *config_read_listen(const struct config_key *key, struct slice text, struct config *c)
{
	struct transport_listener l = {0};
	struct slice rest = text, scheme = slice_cut(&rest, ':');

	(void)key;
	if (slice_ieq(scheme, SLICE("tls")) || slice_ieq(scheme, SLICE("ws")) ||
	    slice_ieq(scheme, SLICE("wss")))
		return sentence("%.*s is not offered by this version; use udp: or tcp:",
				SLICE_ARG(scheme));
	if (!slice_ieq(scheme, SLICE("udp")) && !slice_ieq(scheme, SLICE("tcp")))
		return sentence("\"%.*s\" does not begin with udp: or tcp:; write for example "
				"\"udp:192.0.2.10:5060\"",
				SLICE_ARG(slice_first(text, 80)));
	if (addr_parse(rest, 5060, &l.bind))
		return sentence("\"%.*s\" is not ADDRESS:PORT; write for example "
				"\"udp:192.0.2.10:5060\" or "
				"\"udp:[2001:db8::10]:5060\" (names are not looked up here)",
				SLICE_ARG(slice_first(rest, 80)));
	if (c->listener_count == TRANSPORT_LISTENERS_MAX)
		return sentence("has more than %d entries; leave some out",
				TRANSPORT_LISTENERS_MAX);
	l.transport = slice_ieq(scheme, SLICE("udp")) ? SIP_UDP : SIP_TCP;
	for (uint32_t i = 0; i < c->listener_count; i++)
		if (c->listeners[i].transport == l.transport &&
		    addr_eq(&c->listeners[i].bind, &l.bind) && l.bind.port)
			return sentence("names \"%.*s\" twice; leave one out",
					SLICE_ARG(slice_first(text, 80)));
	c->listeners[c->listener_count++] = l;
	return NULL;
}

/* One address of each family at most. */
static const char *read_address_pair(struct slice text, struct addr *v4, struct addr *v6)
{
	struct addr a;

	if (addr_parse_ip(text, &a))
		return not_an_address(text);
	if (addr_is_any(&a) || addr_is_multicast(&a))
		return sentence(
			"%.*s is not an address that phones can send to; write the server's own",
			SLICE_ARG(text));
	struct addr *slot = a.family == 4 ? v4 : v6;

	if (addr_is(slot))
		return sentence("has two IPv%u addresses; leave one", a.family);
	*slot = a;
	return NULL;
}

const char *config_read_advertise(const struct config_key *key, struct slice text, struct config *c)
{
	(void)key;
	return read_address_pair(text, &c->advertise4, &c->advertise6);
}

const char *config_read_media(const struct config_key *key, struct slice text, struct config *c)
{
	(void)key;
	return read_address_pair(text, &c->media4, &c->media6);
}

#define DNS_SERVERS_MAX 4

/* Gathers them in the form that the resolver takes. */
const char *config_read_dns(const struct config_key *key, struct slice text, struct config *c)
{
	char addr[ADDR_TEXT_BYTES];
	size_t n = strlen(c->dns_servers), servers = n > 0;
	struct addr a;

	if (slice_ieq(text, SLICE("system"))) {
		if (n)
			return "names servers and \"system\"; leave one of the two out";
		return NULL;
	}
	if (addr_parse(text, 53, &a))
		return sentence("\"%.*s\" is not ADDRESS or ADDRESS:PORT; write for example "
				"192.0.2.53 or [2001:db8::53]:53, or system",
				SLICE_ARG(slice_first(text, 80)));
	for (size_t i = 0; i < n; i++)
		servers += c->dns_servers[i] == ',';
	if (servers == DNS_SERVERS_MAX)
		return sentence("has more than %d entries; leave some out", DNS_SERVERS_MAX);
	snprintf(c->dns_servers + n, key->bytes - n, "%s%s", n ? "," : "", addr_text(&a, addr));
	return NULL;
}

const char *config_read_ports(const struct config_key *key, struct slice text, struct config *c)
{
	struct slice rest = text, low = slice_trim(slice_cut(&rest, '-'));
	uint64_t first, last;

	(void)key;
	rest = slice_trim(rest);
	if (slice_u64(low, UINT32_MAX, &first) || slice_u64(rest, UINT32_MAX, &last))
		return sentence("\"%.*s\" is not FIRST-LAST; write for example 10000-65535",
				SLICE_ARG(slice_first(text, 40)));
	if (first < 1024 || last > 65535)
		return sentence("%.*s leaves the range 1024-65535; write for example 10000-65535",
				SLICE_ARG(text));
	if (first > last)
		return sentence("%.*s ends before it begins; write %u-%u", SLICE_ARG(text),
				(unsigned)last, (unsigned)first);
	c->media_port_first = (uint16_t)first;
	c->media_port_last = (uint16_t)last;
	return NULL;
}

const char *config_read_http(const struct config_key *key, struct slice text, struct config *c)
{
	(void)key;
	if (!text.n || slice_ieq(text, SLICE("off")) || slice_ieq(text, SLICE("no"))) {
		c->http_listen = (struct addr){0};
		return NULL;
	}
	if (addr_parse(text, 8080, &c->http_listen))
		return sentence(
			"\"%.*s\" is not ADDRESS:PORT; write for example 127.0.0.1:8080, or off",
			SLICE_ARG(slice_first(text, 80)));
	return NULL;
}

const char *config_read_shards(const struct config_key *key, struct slice text, struct config *c)
{
	uint64_t value;

	c->shards = CONFIG_SHARDS_AUTO;
	if (slice_ieq(text, SLICE("auto")))
		return NULL;
	if (slice_u64(text, key->max, &value) || value < key->min)
		return sentence("\"%.*s\" is neither auto nor a number from %u to %u",
				SLICE_ARG(slice_first(text, 40)), key->min, key->max);
	c->shards = (uint32_t)value;
	return NULL;
}

const char *config_read_digest(const struct config_key *key, struct slice text, struct config *c)
{
	static const struct {
		const char *name;
		enum digest_offer offer;
	} rows[] = {
		{"md5", DIGEST_OFFER_MD5},
		{"both", DIGEST_OFFER_BOTH},
		{"sha-256", DIGEST_OFFER_SHA256},
	};

	(void)key;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!slice_ieq(text, slice_str(rows[i].name)))
			continue;
		c->digest_offer = rows[i].offer;
		return NULL;
	}
	return sentence("\"%.*s\" is none of md5, sha-256, both", SLICE_ARG(slice_first(text, 40)));
}

const char *config_read_trusted(const struct config_key *key, struct slice text, struct config *c)
{
	struct cidr net;

	(void)key;
	if (cidr_parse(text, &net))
		return sentence("\"%.*s\" is not ADDRESS or ADDRESS/BITS; write for example "
				"192.0.2.10 or 2001:db8::/64",
				SLICE_ARG(slice_first(text, 80)));
	if (net.bits == 0)
		return sentence("\"%.*s\" would trust everybody; name the PBX or SBC in front",
				SLICE_ARG(slice_first(text, 80)));
	if (c->trusted_count == TRUSTED_MAX)
		return sentence("has more than %d entries; leave some out", TRUSTED_MAX);
	c->trusted[c->trusted_count++] = net;
	return NULL;
}

const char *config_read_own(const struct config_key *key, struct slice text, struct config *c)
{
	(void)key;
	if (!slice_is_digits(text) || !slice_starts(text, SLICE("050")) ||
	    text.n >= TRUNK_OWN_BYTES)
		return sentence("\"%.*s\" is not the beginning of an IP phone number; write for "
				"example \"0501000\"",
				SLICE_ARG(slice_first(text, 40)));
	if (c->own_count == TRUNK_OWN_MAX)
		return sentence("has more than %d entries; leave some out", TRUNK_OWN_MAX);
	(void)slice_copy(text, c->own[c->own_count++], TRUNK_OWN_BYTES);
	return NULL;
}

const char *config_read_announce(const struct config_key *key, struct slice text, struct config *c)
{
	static const char *const names[] = {
		[ANNOUNCE_OFF] = "off", [ANNOUNCE_FILES] = "files", [ANNOUNCE_ALL] = "all"};

	(void)key;
	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!slice_ieq(text, slice_str(names[i])))
			continue;
		c->announce = (enum announce_play)i;
		return NULL;
	}
	return sentence("\"%.*s\" is none of off, files, all", SLICE_ARG(slice_first(text, 40)));
}

const char *config_read_language(const struct config_key *key, struct slice text, struct config *c)
{
	bool letters = text.n == 2 || text.n == 3;

	for (size_t i = 0; i < text.n; i++)
		letters &= text.p[i] >= 'a' && text.p[i] <= 'z';
	if (!letters || slice_copy(text, c->announce_language, key->bytes))
		return sentence("\"%.*s\" is no language; write its two letters, for example ja "
				"or en",
				SLICE_ARG(slice_first(text, 40)));
	return NULL;
}

const char *config_read_cause(const struct config_key *key, struct slice text, struct config *c)
{
	uint32_t cause;

	(void)key;
	if (announcement_cause(text, &cause)) {
		c->announce_off[cause / 64] |= (uint64_t)1 << (cause % 64);
		return NULL;
	}
	const char *guess = announcement_guess(text);
	return guess ? sentence("there is no cause \"%.*s\"; did you mean %s?",
				SLICE_ARG(slice_first(text, 40)), guess)
		     : sentence("there is no cause \"%.*s\"; opengate.yaml(5) lists them",
				SLICE_ARG(slice_first(text, 40)));
}

const char *config_read_level(const struct config_key *key, struct slice text, struct config *c)
{
	static const char *const names[] = {"trace", "info", "warning", "error"};

	(void)key;
	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!slice_ieq(text, slice_str(names[i])))
			continue;
		c->log_level = i;
		return NULL;
	}
	return sentence("\"%.*s\" is none of trace, info, warning, error",
			SLICE_ARG(slice_first(text, 40)));
}
