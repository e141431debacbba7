#include "ladder.h"

#include "net_priv.h"
#include "wire.h"

#include <stdlib.h>

#define ENTRIES	   4096
#define NAMES_MAX  64
#define TEXT_BYTES 112

struct entry {
	int64_t at_us;
	struct addr src, dst; /* family 0: a note */
	enum sim_fate fate;
	bool stream, media;
	uint32_t times; /* the same once more: media only */
	char text[TEXT_BYTES];
};

struct ladder {
	struct sim_net *net;
	uint64_t count; /* ever; the last ENTRIES are kept */
	struct {
		struct addr addr;
		char name[32];
	} names[NAMES_MAX];
	uint32_t name_n;
	struct entry entries[ENTRIES];
};

static struct entry *entry_at(const struct ladder *l, uint64_t i)
{
	return (struct entry *)&l->entries[i % ENTRIES];
}

static void describe(struct slice bytes, struct entry *e)
{
	struct wire_msg m;
	e->media = wire_bytes_match("rtp", bytes) || wire_bytes_match("rtcp", bytes);
	if (e->media)
		snprintf(e->text, sizeof(e->text), "%s",
			 wire_bytes_match("rtcp", bytes) ? "RTCP" : "RTP");
	else if (!wire_read(bytes, &m))
		snprintf(e->text, sizeof(e->text), "%zu bytes", bytes.n);
	else if (m.is_request)
		snprintf(e->text, sizeof(e->text), "%.*s %.*s (%u)", SLICE_ARG(m.method),
			 SLICE_ARG(m.uri), wire_cseq(&m));
	else
		snprintf(e->text, sizeof(e->text), "%.*s (%u %.*s)",
			 SLICE_ARG(slice_from(m.start, 8)), wire_cseq(&m), SLICE_ARG(m.method));
}

static bool same_flow(const struct entry *a, const struct entry *b)
{
	return a->media && b->media && addr_eq(&a->src, &b->src) && addr_eq(&a->dst, &b->dst) &&
	       a->fate == b->fate && strcmp(a->text, b->text) == 0;
}

/* Media of two directions interleave: the same flow among the last few lines counts up. */
static bool counted_up(struct ladder *l, const struct entry *e)
{
	for (uint64_t back = 1; back <= 4 && back <= l->count; back++) {
		struct entry *last = entry_at(l, l->count - back);
		if (!last->media)
			return false;
		if (same_flow(last, e)) {
			last->times++;
			return true;
		}
	}
	return false;
}

static void on_packet(void *ctx, const struct sim_packet *p)
{
	struct ladder *l = ctx;
	struct entry e = {
		.at_us = p->at_us,
		.src = p->src,
		.dst = p->dst,
		.fate = p->fate,
		.stream = p->stream,
		.times = 1,
	};
	describe(p->bytes, &e);
	if (!e.media || !counted_up(l, &e))
		*entry_at(l, l->count++) = e;
}

struct ladder *ladder_new(struct sim_net *net)
{
	struct ladder *l = sim_alloc(sizeof(*l));
	l->net = net;
	sim_net_add_tap(net, on_packet, l);
	return l;
}

void ladder_free(struct ladder *l)
{
	free(l);
}

void ladder_name(struct ladder *l, const struct addr *addr, const char *name)
{
	if (l->name_n == NAMES_MAX)
		return;
	l->names[l->name_n].addr = *addr;
	snprintf(l->names[l->name_n++].name, sizeof(l->names[0].name), "%s", name);
}

void ladder_note(struct ladder *l, const char *text)
{
	struct entry e = {.at_us = sim_net_now_us(l->net), .times = 1};
	snprintf(e.text, sizeof(e.text), "%s", text);
	*entry_at(l, l->count++) = e;
}

/* "taro:5060": the last name given wins, for phones that move. */
static const char *name_of(const struct ladder *l, const struct addr *a,
			   char buf[ADDR_TEXT_BYTES + 32])
{
	char text[ADDR_TEXT_BYTES];
	for (uint32_t i = l->name_n; i-- > 0;) {
		const struct addr *known = &l->names[i].addr;
		if (!addr_ip_eq(known, a) || (known->port && known->port != a->port))
			continue;
		snprintf(buf, ADDR_TEXT_BYTES + 32, "%s:%u", l->names[i].name, a->port);
		return buf;
	}
	snprintf(buf, ADDR_TEXT_BYTES + 32, "%s", addr_text(a, text));
	return buf;
}

static const char *fate_text(enum sim_fate fate)
{
	static const char *const TEXTS[] = {
		[SIM_PASS] = "",
		[SIM_DROP] = "   [lost]",
		[SIM_DUP] = "   [twice]",
		[SIM_DELAY] = "   [late]",
		[SIM_NOBODY] = "   [nobody there]",
	};
	return TEXTS[fate];
}

static void print_entry(const struct ladder *l, const struct entry *e, FILE *to, const char *prefix)
{
	char src[ADDR_TEXT_BYTES + 32], dst[ADDR_TEXT_BYTES + 32];
	fprintf(to, "%s%9.3f ", prefix, (double)e->at_us / 1e6);
	if (e->src.family == 0) {
		fprintf(to, "-- %s\n", e->text);
		return;
	}
	fprintf(to, "%14s -%s %-14s %s", name_of(l, &e->src, src), e->stream ? ">>" : "->",
		name_of(l, &e->dst, dst), e->text);
	if (e->times > 1)
		fprintf(to, " x %u", e->times);
	fprintf(to, "%s\n", fate_text(e->fate));
}

void ladder_print(const struct ladder *l, FILE *to, const char *prefix, size_t lines)
{
	uint64_t first = l->count > lines ? l->count - lines : 0;
	if (l->count > ENTRIES && first < l->count - ENTRIES)
		first = l->count - ENTRIES;
	for (uint64_t i = first; i < l->count; i++)
		print_entry(l, entry_at(l, i), to, prefix);
}
