/* What becomes of a phone's words on their way out: its own way of writing headers, and a router in
 * between that rewrites SIP (an ALG). Neither counts Content-Length anew. */
#include "ua_priv.h"

#include <ctype.h>

static void swap(struct strbuf *b, struct slice bytes, const char *from, const char *to)
{
	const size_t n = strlen(from);
	const char *at;
	while ((at = memmem(bytes.p, bytes.n, from, n)) != NULL) {
		const size_t before = (size_t)(at - bytes.p);
		strbuf_add(b, slice_first(bytes, before));
		strbuf_str(b, to);
		bytes = slice_from(bytes, before + n);
	}
	strbuf_add(b, bytes);
}

/* "v:SIP/2.0/UDP ..." */
static void write_compact(struct strbuf *b, struct slice name, struct slice value)
{
	const char letter = wire_compact(name);
	if (letter)
		strbuf_char(b, letter);
	else
		strbuf_add(b, name);
	strbuf_char(b, ':');
	strbuf_add(b, slice_trim(value));
}

/* "VIA \t:\r\n   SIP/2.0/UDP ...  " */
static void write_folded(struct strbuf *b, struct slice name, struct slice value)
{
	for (size_t i = 0; i < name.n; i++)
		strbuf_char(b, (char)toupper((unsigned char)name.p[i]));
	strbuf_str(b, " \t:\r\n   ");
	strbuf_add(b, slice_trim(value));
	strbuf_str(b, "  ");
}

static void restyle(struct strbuf *b, struct slice bytes, bool compact)
{
	strbuf_add(b, slice_cut(&bytes, '\n'));
	strbuf_char(b, '\n');
	while (bytes.n) {
		struct slice line = slice_trim(slice_cut(&bytes, '\n'));
		if (line.n == 0)
			break;
		const struct slice name = slice_cut(&line, ':');
		if (compact)
			write_compact(b, name, line);
		else
			write_folded(b, name, line);
		strbuf_str(b, "\r\n");
	}
	strbuf_str(b, "\r\n");
	strbuf_add(b, bytes);
}

struct slice ua_quirk(const struct ua *ua, struct slice bytes, char memory[2][UA_QUIRK_BYTES])
{
	const struct ua_habits *h = &ua->habits;
	struct wire_msg m;
	struct strbuf b;
	int turn = 0;
	if (!wire_read(bytes, &m))
		return bytes; /* a keepalive */
	for (uint32_t i = 0; i < h->swap_n; i++) {
		strbuf_init(&b, memory[turn++ & 1], UA_QUIRK_BYTES);
		swap(&b, bytes, h->swaps[i].from, h->swaps[i].to);
		bytes = strbuf_slice(&b);
	}
	if (h->style == UA_PLAIN)
		return bytes;
	strbuf_init(&b, memory[turn & 1], UA_QUIRK_BYTES);
	restyle(&b, bytes, h->style == UA_COMPACT);
	return strbuf_slice(&b);
}
