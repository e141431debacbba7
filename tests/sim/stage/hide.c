/*
 * Is the topology hidden? Every SIP message that a phone sends makes its Call-ID, branch and tags
 * (its own and those that the server gave it) that phone's words; so are its account and its
 * addresses. A message of the server to another phone must hold none of them.
 *
 * A word that two phones have used (a NAT's address, a Call-ID that a scenario wrote twice) is
 * nobody's.
 */
#include "net/net_priv.h"
#include "stage/watch.h"

#include <stdio.h>
#include <stdlib.h>

#define WORDS	   (1u << 16) /* oldest are overwritten */
#define WORD_BYTES 72
#define WORD_LEAST 6

struct word {
	char text[WORD_BYTES];
	const struct ua *owner; /* NULL: nobody's (any more) */
};

struct hide {
	struct stage *st;
	struct word *words; /* open addressing, never more than half full */
	uint32_t used;
	bool stopped;
};

static uint32_t hash(struct slice s)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 16777619u;
	return (h ^ (h >> 15)) % WORDS;
}

static struct word *place_of(const struct hide *h, struct slice s)
{
	uint32_t i = hash(s);
	while (h->words[i].text[0] && !slice_eq(slice_str(h->words[i].text), s))
		i = (i + 1) % WORDS;
	return &h->words[i];
}

static bool same_line(const struct ua *a, const struct ua *b)
{
	return a == b || (ua_number(a)[0] && strcmp(ua_number(a), ua_number(b)) == 0);
}

static void learn(struct hide *h, const struct ua *owner, struct slice s)
{
	if (s.n < WORD_LEAST || s.n >= WORD_BYTES)
		return;
	struct word *w = place_of(h, s);
	if (w->text[0]) {
		if (w->owner && !same_line(w->owner, owner))
			w->owner = NULL;
		return;
	}
	if (h->used == WORDS / 2) {
		memset(h->words, 0, WORDS * sizeof(*h->words));
		h->used = 0;
		w = place_of(h, s);
	}
	h->used++;
	(void)slice_copy(s, w->text, sizeof(w->text));
	w->owner = owner;
}

static void learn_host(struct hide *h, const struct ua *owner, const struct addr *a)
{
	char text[ADDR_TEXT_BYTES];
	if (a->family)
		learn(h, owner, slice_str(addr_ip_text(a, text)));
}

static void learn_message(struct hide *h, const struct ua *from, struct slice bytes)
{
	struct wire_msg m;
	if (!wire_read(bytes, &m))
		return;
	learn(h, from, wire_header(&m, "Call-ID", 0));
	if (m.is_request)
		learn(h, from, wire_param(wire_header(&m, "Via", 0), "branch"));
	learn(h, from, wire_param(wire_header(&m, "From", 0), "tag"));
	learn(h, from, wire_param(wire_header(&m, "To", 0), "tag"));
}

static bool in_word(char c)
{
	return c > ' ' && !strchr(";,<>@=\"/()[]", c);
}

/* An IPv4 address may have a port behind it. */
static struct slice without_port(struct slice s)
{
	const size_t colon = slice_find(s, ':');
	return colon < s.n && memchr(s.p, '.', colon) ? slice_first(s, colon) : s;
}

static void judge(struct hide *h, const struct ua *to, struct slice s)
{
	s = without_port(s);
	if (s.n < WORD_LEAST || s.n >= WORD_BYTES)
		return;
	const struct word *w = place_of(h, s);
	if (w->text[0] && w->owner && !same_line(w->owner, to))
		stage_fault(h->st, "%s is sent \"%s\", which is of %s", ua_name(to), w->text,
			    ua_name(w->owner));
}

/* "sip:10000012" and "10000012" are both looked at. */
static void judge_both(struct hide *h, const struct ua *to, struct slice s)
{
	judge(h, to, s);
	const size_t colon = slice_find(s, ':');
	if (colon < s.n)
		judge(h, to, slice_from(s, colon + 1));
}

static void judge_message(struct hide *h, const struct ua *to, struct slice bytes)
{
	size_t from = 0;
	for (size_t i = 0; i <= bytes.n; i++) {
		if (i < bytes.n && in_word(bytes.p[i]))
			continue;
		judge_both(h, to, slice_of(bytes.p + from, i - from));
		from = i + 1;
	}
}

/* --- who is it */

static bool is_server(const struct addr *a)
{
	const struct addr s = stage_addr(a->family);
	return addr_ip_eq(a, &s);
}

/* The phone with that socket; of a stream, the one at that host (its port is any). */
static struct ua *phone_at(const struct stage *st, const struct addr *a, bool stream)
{
	for (uint32_t i = 0; i < st->phone_n; i++) {
		const struct addr own = ua_addr(st->phones[i]);
		if (stream ? addr_ip_eq(a, &own) : addr_eq(a, &own))
			return st->phones[i];
	}
	return NULL;
}

static void on_packet(void *ctx, const struct sim_packet *p)
{
	struct hide *h = ctx;
	if (h->stopped || !wire_bytes_match("any", p->bytes))
		return;
	struct ua *to = is_server(&p->src) ? phone_at(h->st, &p->dst, p->stream) : NULL;
	struct ua *from = is_server(&p->dst) ? phone_at(h->st, &p->src, p->stream) : NULL;
	if (to)
		judge_message(h, to, p->bytes);
	if (from)
		learn_message(h, from, p->bytes);
}

/* --- life */

struct hide *hide_new(struct stage *st)
{
	struct hide *h = sim_alloc(sizeof(*h));
	h->st = st;
	h->words = sim_alloc(WORDS * sizeof(*h->words));
	sim_net_add_tap(st->net, on_packet, h);
	return h;
}

void hide_free(struct hide *h)
{
	if (!h)
		return;
	free(h->words);
	free(h);
}

void hide_phone(struct hide *h, struct ua *ua)
{
	const struct addr local = ua_addr(ua), claimed = ua_claimed(ua);
	learn_host(h, ua, &local);
	learn_host(h, ua, &claimed);
	/* One that plays a trunk has none but its number, which everybody may know. */
	if (strcmp(ua_account(ua), ua_number(ua)) != 0)
		learn(h, ua, slice_str(ua_account(ua)));
}

void hide_stop(struct hide *h)
{
	h->stopped = true;
}
