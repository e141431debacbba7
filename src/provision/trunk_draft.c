#include "provision/trunk_draft.h"

#include "base/err.h"
#include "provision/draft.h"
#include "sip/value.h"

#include <stdio.h>
#include <string.h>

#define PRIORITY_DEFAULT 10

void trunk_draft_init(struct trunk_draft *d)
{
	*d = (struct trunk_draft){.t = {.priority = PRIORITY_DEFAULT,
					.weight = 1,
					.trusted = true,
					.transport = SIP_TRANSPORT_OTHER}};
}

/* --- words */

static bool only(const char *text, const char *characters, size_t most)
{
	size_t n = strspn(text, characters);
	return n > 0 && n <= most && text[n] == '\0';
}

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

const struct fault *trunk_draft_name(struct trunk_draft *d, const char *text)
{
	static const struct fault wrong = {
		"invalid", "name",
		"The name of a trunk is 1 to 31 lower-case letters, digits, hyphens and dots",
		"write it like carrier-a"};
	if (!only(text, LOWER DIGITS "-.", TRUNK_NAME_BYTES - 1))
		return &wrong;
	strcpy(d->t.name, text);
	return NULL;
}

const struct fault *trunk_draft_transport(struct trunk_draft *d, const char *text)
{
	static const struct fault wrong = {"invalid", "transport", "The transport is udp or tcp",
					   "leave it out to go by DNS, UDP for an address"};
	enum sip_transport t = sip_transport_of(slice_str(text));
	if (*text && t != SIP_UDP && t != SIP_TCP)
		return &wrong;
	d->t.transport = *text ? t : SIP_TRANSPORT_OTHER;
	return NULL;
}

const struct fault *trunk_draft_format(struct trunk_draft *d, const char *text)
{
	static const struct fault wrong = {
		"invalid", "format", "The format of numbers is national, e164 or plus",
		"national is 0312345678, e164 is 81312345678, plus is +81312345678"};
	return trunk_format_of(slice_str(text), &d->t.format) == 0 ? NULL : &wrong;
}

/* --- host */

static bool is_name(const char *text)
{
	size_t n = strlen(text);
	return only(text, LOWER UPPER DIGITS "-._", TRUNK_HOST_BYTES - 1) && text[0] != '.' &&
	       text[0] != '-' && text[n - 1] != '-' && strstr(text, "..") == NULL &&
	       strspn(text, DIGITS ".") != n; /* an address that is none */
}

static bool take_name(struct trunk *t, const char *text)
{
	uint64_t port = 0;
	char name[TRUNK_HOST_BYTES];
	struct slice rest = slice_str(text), host = slice_cut(&rest, ':');
	bool has_port = host.n < strlen(text);
	if (slice_copy(host, name, sizeof(name)) != 0 || !is_name(name) ||
	    (has_port && (slice_u64(rest, 65535, &port) != 0 || port == 0)))
		return false;
	strcpy(t->host, name);
	t->port = (uint16_t)port;
	return true;
}

const struct fault *trunk_draft_host(struct trunk_draft *d, const char *text)
{
	static const struct fault wrong = {
		"invalid", "host", "The host is a name or an address, and its port if wanted",
		"write it like sip.carrier.example, 192.0.2.9:5070 or [2001:db8::9]:5070"};
	static const struct fault nowhere = {"invalid", "host",
					     "This address is nobody's: nothing can be sent there",
					     "write the address of the peer"};
	struct addr a;
	char host[ADDR_TEXT_BYTES];
	if (addr_parse(slice_str(text), 0, &a) != 0)
		return take_name(&d->t, text) ? NULL : &wrong;
	if (addr_is_any(&a) || addr_is_multicast(&a))
		return &nowhere;
	strcpy(d->t.host, addr_ip_text(&a, host));
	d->t.port = a.port;
	return NULL;
}

void trunk_host_text(const struct trunk *t, char *text, size_t bytes)
{
	bool ip6 = strchr(t->host, ':') != NULL;
	int n = snprintf(text, bytes, ip6 ? "[%s]" : "%s", t->host);
	if (t->port && n > 0 && (size_t)n < bytes)
		snprintf(text + n, bytes - (size_t)n, ":%u", t->port);
}

/* --- account */

const struct fault *trunk_draft_user(struct trunk_draft *d, const char *text, bool registers)
{
	static const struct fault wrong = {"invalid", "user",
					   "The account at the trunk is 1 to 63 letters, digits "
					   "and the characters - _ . + ! ~",
					   "write it as the operator of that network gave it"};
	if (*text && !only(text, LOWER UPPER DIGITS "-_.+!~", TRUNK_USER_BYTES - 1))
		return &wrong;
	if (*text || !registers)
		strcpy(d->t.user, text);
	if (registers || *text == '\0')
		d->t.registers = registers && *text;
	return NULL;
}

const struct fault *trunk_draft_password(struct trunk_draft *d, const char *text)
{
	static const struct fault wrong = {
		"invalid", "password", "The password is one line of 1 to 127 bytes of UTF-8", NULL};
	size_t n = strlen(text);
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return &wrong;
	}
	if (n == 0 || n >= TRUNK_SECRET_BYTES)
		return &wrong;
	strcpy(d->t.password, text);
	d->new_password = true;
	return NULL;
}

const struct fault *trunk_draft_whole(const struct trunk_draft *d, bool had_password)
{
	static const struct fault nobody = {"conflict", "password",
					    "There is a password but no account that it belongs to",
					    "give the account with --user or --register"};
	static const struct fault silent = {"conflict", "register",
					    "An account cannot be registered without its password",
					    "give it with --password-file"};
	bool password = d->new_password || had_password;
	if (d->t.registers && !password)
		return &silent;
	return d->new_password && d->t.user[0] == '\0' ? &nobody : NULL;
}

/* --- numbers */

const struct fault *trunk_draft_number(struct trunk_draft *d, enum trunk_draft_count which,
				       int64_t value)
{
	static const struct {
		int64_t min, max;
		struct fault wrong;
	} rows[] = {
		[TRUNK_DRAFT_PRIORITY] = {0,
					  TRUNK_PRIORITY_MAX,
					  {"invalid", "priority", "The priority is 0 to 1000",
					   "the lowest is tried first"}},
		[TRUNK_DRAFT_WEIGHT] = {1,
					TRUNK_PRIORITY_MAX,
					{"invalid", "weight", "The weight is 1 to 1000",
					 "of trunks with the same priority one with weight 3 "
					 "gets three times the calls of one with weight 1"}},
		[TRUNK_DRAFT_CAPACITY] = {0,
					  TRUNK_CAPACITY_MAX,
					  {"invalid", "capacity",
					   "The capacity is 0 to 1000000 calls", "0 is no limit"}},
	};
	uint32_t *const members[] = {&d->t.priority, &d->t.weight, &d->t.capacity};
	if (value < rows[which].min || value > rows[which].max)
		return &rows[which].wrong;
	*members[which] = (uint32_t)value;
	return NULL;
}

/* --- lists */

const struct fault *trunk_draft_source(struct trunk_draft *d, const char *text)
{
	static const struct fault wrong = {
		"invalid", "sources", "A source is an address or a range of addresses",
		"write it like 192.0.2.9, 192.0.2.0/24 or 2001:db8::/32"};
	static const struct fault wide = {
		"invalid", "sources", "This range is everybody: calls from there need no password",
		"name only addresses of that network"};
	static const struct fault many = {"invalid", "sources",
					  "A trunk has at most 16 source ranges", NULL};
	struct cidr c;
	if (cidr_parse(slice_str(text), &c) != 0)
		return &wrong;
	if (c.bits == 0)
		return &wide;
	if (d->t.source_count == TRUNK_SOURCES_MAX)
		return &many;
	d->t.sources[d->t.source_count++] = c;
	return NULL;
}

const struct fault *trunk_draft_prefix(struct trunk_draft *d, const char *text)
{
	static const struct fault wrong = {"invalid", "prefixes",
					   "A prefix is the beginning of a number",
					   "write it like 03, 0120, 010 (abroad) or +82"};
	static const struct fault many = {"invalid", "prefixes", "A trunk has at most 32 prefixes",
					  NULL};
	char prefix[DIAL_BYTES];
	if (trunk_prefix_read(slice_str(text), prefix) != 0)
		return &wrong;
	if (d->t.prefix_count == TRUNK_PREFIXES_MAX)
		return &many;
	strcpy(d->t.prefixes[d->t.prefix_count++], prefix);
	return NULL;
}

/* --- from and to the store */

static bool take_list(struct trunk_draft *d, struct slice list,
		      const struct fault *(*take)(struct trunk_draft *d, const char *text))
{
	char one[ADDR_TEXT_BYTES];
	while (list.n) {
		if (slice_copy(slice_cut(&list, ','), one, sizeof(one)) != 0 ||
		    take(d, one) != NULL)
			return false;
	}
	return true;
}

int trunk_draft_from(struct trunk_draft *d, const struct store_trunk *from)
{
	trunk_draft_init(d);
	d->t.id = from->id;
	d->t.port = from->port;
	d->t.transport = (enum sip_transport)from->transport;
	d->t.format = (enum trunk_format)from->format;
	d->t.registers = from->registers;
	d->t.trusted = from->trusted;
	d->t.priority = from->priority;
	d->t.weight = from->weight;
	d->t.capacity = from->capacity;
	bool good = slice_copy(from->name, d->t.name, sizeof(d->t.name)) == 0 &&
		    slice_copy(from->host, d->t.host, sizeof(d->t.host)) == 0 &&
		    slice_copy(from->account, d->t.user, sizeof(d->t.user)) == 0 &&
		    take_list(d, from->sources, trunk_draft_source) &&
		    take_list(d, from->prefixes, trunk_draft_prefix);
	return good ? 0 : ERR_DAMAGED;
}

static struct slice sources_text(const struct trunk *t, struct strbuf *b)
{
	char text[ADDR_TEXT_BYTES];
	size_t from = b->n;
	for (uint32_t i = 0; i < t->source_count; i++)
		strbuf_fmt(b, "%s%s/%u", i ? "," : "", addr_ip_text(&t->sources[i].net, text),
			   t->sources[i].bits);
	return slice_of(b->p + from, b->n - from);
}

static struct slice prefixes_text(const struct trunk *t, struct strbuf *b)
{
	size_t from = b->n;
	for (uint32_t i = 0; i < t->prefix_count; i++)
		strbuf_fmt(b, "%s%s", i ? "," : "", t->prefixes[i]);
	return slice_of(b->p + from, b->n - from);
}

void trunk_draft_store(const struct trunk_draft *d, struct slice sealed,
		       char memory[TRUNK_DRAFT_BYTES], struct store_trunk *ret_trunk)
{
	const struct trunk *t = &d->t;
	struct strbuf b;
	strbuf_init(&b, memory, TRUNK_DRAFT_BYTES);
	*ret_trunk = (struct store_trunk){
		.id = t->id,
		.name = slice_str(t->name),
		.host = slice_str(t->host),
		.account = slice_str(t->user),
		.secret = sealed,
		.port = t->port,
		.transport = (uint8_t)t->transport,
		.format = (uint8_t)t->format,
		.registers = t->registers,
		.trusted = t->trusted,
		.priority = t->priority,
		.weight = t->weight,
		.capacity = t->capacity,
	};
	ret_trunk->sources = sources_text(t, &b);
	ret_trunk->prefixes = prefixes_text(t, &b);
}
