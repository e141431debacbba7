/* Start lines, headers and bodies into a buffer. */
#include "sip/build.h"
#include "sip/sip_priv.h"

#include <stdarg.h>
#include <stdio.h>

void sip_build_clean(struct strbuf *b, struct slice text)
{
	while (text.n) {
		const char *bad = sip_control_find(text.p, text.p + text.n);
		size_t n = (size_t)(bad - text.p);
		strbuf_add(b, slice_first(text, n));
		if (n < text.n)
			strbuf_char(b, ' ');
		text = slice_from(text, n + 1);
	}
}

/* A blank inside would make another start line of it; that must not leave the house at all. */
static void word_write(struct strbuf *b, struct slice word)
{
	for (size_t i = 0; i < word.n; i++) {
		if ((unsigned char)word.p[i] <= ' ' || word.p[i] == 0x7f)
			b->failed = true;
	}
	strbuf_add(b, word);
}

void sip_build_request_line(struct strbuf *b, struct slice method, struct slice uri)
{
	word_write(b, method);
	strbuf_char(b, ' ');
	word_write(b, uri);
	strbuf_add(b, SLICE(" SIP/2.0\r\n"));
}

void sip_build_status_line(struct strbuf *b, int code, struct slice phrase)
{
	strbuf_add(b, SLICE("SIP/2.0 "));
	strbuf_u64(b, (uint64_t)code);
	strbuf_char(b, ' ');
	sip_build_clean(b, phrase.n ? phrase : sip_reason_phrase(code));
	strbuf_add(b, SLICE("\r\n"));
}

void sip_build_header_named(struct strbuf *b, struct slice name, struct slice value)
{
	sip_build_clean(b, name);
	strbuf_add(b, SLICE(": "));
	sip_build_clean(b, value);
	strbuf_add(b, SLICE("\r\n"));
}

void sip_build_header(struct strbuf *b, enum sip_header_kind kind, struct slice value)
{
	strbuf_add(b, sip_header_name(kind));
	strbuf_add(b, SLICE(": "));
	sip_build_clean(b, value);
	strbuf_add(b, SLICE("\r\n"));
}

void sip_build_number(struct strbuf *b, enum sip_header_kind kind, uint64_t number)
{
	strbuf_add(b, sip_header_name(kind));
	strbuf_add(b, SLICE(": "));
	strbuf_u64(b, number);
	strbuf_add(b, SLICE("\r\n"));
}

void sip_build_cseq(struct strbuf *b, uint32_t number, struct slice method)
{
	strbuf_add(b, SLICE("CSeq: "));
	strbuf_u64(b, number);
	strbuf_char(b, ' ');
	sip_build_clean(b, method);
	strbuf_add(b, SLICE("\r\n"));
}

void sip_build_party(struct strbuf *b, enum sip_header_kind kind, struct slice party,
		     struct slice tag)
{
	strbuf_add(b, sip_header_name(kind));
	strbuf_add(b, SLICE(": "));
	sip_build_clean(b, party);
	if (tag.n) {
		strbuf_add(b, SLICE(";tag="));
		sip_build_clean(b, tag);
	}
	strbuf_add(b, SLICE("\r\n"));
}

/* Formats behind what is there, without a copy; then takes out what must not be in a value. */
static void clean_vfmt(struct strbuf *b, const char *fmt, va_list args)
{
	if (b->failed)
		return;
	char *start = b->p + b->n;
	size_t room = b->cap_bytes - b->n;
	int n = vsnprintf(start, room, fmt, args);
	if (n < 0 || (size_t)n >= room) {
		b->failed = true;
		return;
	}
	const char *end = start + n, *bad = start;
	while ((bad = sip_control_find(bad, end)) < end)
		start[bad - start] = ' ';
	b->n += (size_t)n;
}

void sip_build_header_fmt(struct strbuf *b, enum sip_header_kind kind, const char *fmt, ...)
{
	va_list args;

	strbuf_add(b, sip_header_name(kind));
	strbuf_add(b, SLICE(": "));
	va_start(args, fmt);
	clean_vfmt(b, fmt, args);
	va_end(args);
	strbuf_add(b, SLICE("\r\n"));
}

void sip_build_copy(struct strbuf *b, const struct sip_msg *msg, enum sip_header_kind kind)
{
	if (msg->first[kind] < 0)
		return;
	for (uint32_t i = (uint32_t)msg->first[kind]; i < msg->header_count; i++) {
		const struct sip_header *h = &msg->headers[i];
		if (h->kind != kind)
			continue;
		if (kind == SIP_HDR_OTHER)
			sip_build_header_named(b, h->name, h->value);
		else
			sip_build_header(b, kind, h->value);
	}
}

void sip_build_body(struct strbuf *b, struct slice content_type, struct slice body)
{
	if (body.n && content_type.n)
		sip_build_header(b, SIP_HDR_CONTENT_TYPE, content_type);
	strbuf_add(b, SLICE("Content-Length: "));
	strbuf_u64(b, body.n);
	strbuf_add(b, SLICE("\r\n\r\n"));
	strbuf_add(b, body);
}

void sip_build_via(struct strbuf *b, enum sip_transport transport, const struct addr *sent_by,
		   struct slice branch)
{
	char text[ADDR_TEXT_BYTES];

	strbuf_add(b, SLICE("Via: SIP/2.0/"));
	strbuf_add(b, sip_transport_name(transport));
	strbuf_char(b, ' ');
	strbuf_str(b, addr_text(sent_by, text));
	strbuf_add(b, SLICE(";rport;branch="));
	sip_build_clean(b, branch);
	strbuf_add(b, SLICE("\r\n"));
}

void sip_build_quoted(struct strbuf *b, struct slice text)
{
	size_t start = 0;

	strbuf_char(b, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != '"' && text.p[i] != '\\')
			continue;
		sip_build_clean(b, slice_of(text.p + start, i - start));
		strbuf_char(b, '\\');
		start = i;
	}
	sip_build_clean(b, slice_from(text, start));
	strbuf_char(b, '"');
}

static void reason_write(struct strbuf *b, struct slice protocol, int cause, struct slice text)
{
	strbuf_add(b, SLICE("Reason: "));
	strbuf_add(b, protocol);
	strbuf_add(b, SLICE(";cause="));
	strbuf_u64(b, (uint64_t)cause);
	if (text.n) {
		strbuf_add(b, SLICE(";text="));
		sip_build_quoted(b, text);
	}
	strbuf_add(b, SLICE("\r\n"));
}

void sip_build_reason_q850(struct strbuf *b, int cause, struct slice text)
{
	reason_write(b, SLICE("Q.850"), cause, text);
}

void sip_build_warning(struct strbuf *b, struct slice agent, struct slice text)
{
	strbuf_add(b, SLICE("Warning: 399 "));
	sip_build_clean(b, agent.n ? agent : SLICE("opengate"));
	strbuf_char(b, ' ');
	sip_build_quoted(b, text);
	strbuf_add(b, SLICE("\r\n"));
}
