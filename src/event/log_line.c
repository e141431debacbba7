/* The text form of an event: one line that can be read, cut and searched, and in which a stranger
 * cannot fake a line. */
#include "event/event.h"

#include "base/strbuf.h"

#include <time.h>

static void add_time(struct strbuf *b, int64_t wall_ms)
{
	time_t s = (time_t)(wall_ms / 1000);
	int ms = (int)(wall_ms % 1000);
	struct tm tm;

	if (ms < 0) {
		ms += 1000;
		s--;
	}
	if (!gmtime_r(&s, &tm))
		memset(&tm, 0, sizeof(tm));
	strbuf_fmt(b, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
		   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ms);
}

/* Bytes of the printable character that s begins with; 0 when it must be escaped: control
 * characters (C0, DEL, C1) and what is not UTF-8. */
static size_t printable(struct slice s)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	if (c < 0x20 || c == 0x7f || n > s.n || !slice_is_utf8(slice_first(s, n)))
		return 0;
	return c == 0xc2 && (unsigned char)s.p[1] < 0xa0 ? 0 : n;
}

static bool needs_quotes(struct slice s)
{
	for (size_t i = 0, n; i < s.n; i += n) {
		n = printable(slice_from(s, i));
		if (n == 0 || (n == 1 && strchr(" \"\\=", s.p[i])))
			return true;
	}
	return s.n == 0;
}

/* One character or escaped byte, whole or not at all; how many bytes of s that were. */
static size_t add_char(struct strbuf *b, struct slice s)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = printable(s);
	unsigned char c = (unsigned char)s.p[0];

	if (n == 0) {
		strbuf_add(b, slice_of((char[]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4));
		return 1;
	}
	if (c == '"' || c == '\\')
		strbuf_add(b, slice_of((char[]){'\\', s.p[0]}, 2));
	else
		strbuf_add(b, slice_first(s, n));
	return n;
}

static void add_text(struct strbuf *b, const char *key, struct slice text)
{
	bool quoted = needs_quotes(text);

	strbuf_char(b, ' ');
	strbuf_str(b, key);
	strbuf_str(b, quoted ? "=\"" : "=");
	for (size_t i = 0; i < text.n && !b->failed;)
		i += add_char(b, slice_from(text, i));
	if (quoted)
		strbuf_char(b, '"');
}

static void add_number(struct strbuf *b, const char *key, int64_t number)
{
	strbuf_char(b, ' ');
	strbuf_str(b, key);
	strbuf_str(b, number < 0 ? "=-" : "=");
	strbuf_u64(b, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

struct slice event_log_line(const struct event *e, char *buf, size_t cap_bytes)
{
	static const char *const levels[] = {"trace", "info", "warning", "error"};
	struct strbuf b;

	strbuf_init(&b, buf, cap_bytes);
	add_time(&b, e->wall_ms);
	strbuf_char(&b, ' ');
	strbuf_str(&b, levels[event_level(e->type)]);
	strbuf_char(&b, ' ');
	strbuf_str(&b, event_text(e->type));
	if (e->call)
		strbuf_fmt(&b, " call=%016llx", (unsigned long long)e->call);
	if (e->number.n)
		add_text(&b, "number", e->number);
	for (uint32_t i = 0; i < e->field_count; i++) {
		const struct event_field *f = &e->fields[i];

		if (event_key_is_number(f->key))
			add_number(&b, event_key_name(f->key), f->number);
		else
			add_text(&b, event_key_name(f->key), f->text);
	}
	return strbuf_slice(&b);
}
