/* The same description with the relay's addresses in it. */
#include "sdp/sdp_priv.h"

struct writing {
	struct strbuf *b;
	const struct sdp *sdp;
	const struct sdp_rewrite *rw;
	struct addr
		session_c; /* what the session's c= says; streams that differ say so themselves */
};

static void add_line(struct strbuf *b, char type, struct slice value)
{
	strbuf_char(b, type);
	strbuf_char(b, '=');
	strbuf_add(b, value);
	strbuf_str(b, "\r\n");
}

/* "IN IP4 192.0.2.1" */
static void add_address(struct strbuf *b, const struct addr *a)
{
	char text[ADDR_TEXT_BYTES];
	strbuf_str(b, a->family == 6 ? "IN IP6 " : "IN IP4 ");
	strbuf_str(b, addr_is(a) ? addr_ip_text(a, text) : "0.0.0.0");
}

static void add_connection(struct strbuf *b, const struct addr *a)
{
	strbuf_str(b, "c=");
	add_address(b, a);
	strbuf_str(b, "\r\n");
}

/* Refused by the phone itself, or by whoever has no relay address for it. */
static bool is_refused(const struct writing *w, uint32_t i)
{
	return w->sdp->streams[i].port == 0 || !addr_is(&w->rw->rtp[i]);
}

/* What stands in the c= of stream i: ours, or the zeroes of an RFC 2543 hold, in the family that
 * the reader speaks; family 0: refused. */
static struct addr connection_of(const struct writing *w, uint32_t i)
{
	if (is_refused(w, i))
		return (struct addr){0};
	struct addr a = w->rw->rtp[i];
	if (w->sdp->streams[i].on_hold_address)
		a = (struct addr){.family = a.family};
	a.port = 0;
	return a;
}

static struct addr session_connection(const struct writing *w)
{
	for (uint32_t i = 0; i < w->sdp->stream_count; i++) {
		struct addr a = connection_of(w, i);
		if (addr_is(&a))
			return a;
	}
	struct addr origin = w->rw->origin;
	origin.port = 0;
	return origin;
}

static void add_origin(const struct writing *w)
{
	struct strbuf *b = w->b;
	struct slice user = w->rw->origin_user;
	strbuf_str(b, "o=");
	strbuf_add(b, user.n > 0 ? user : SLICE("-"));
	strbuf_char(b, ' ');
	strbuf_u64(b, w->rw->session_id);
	strbuf_char(b, ' ');
	strbuf_u64(b, w->rw->version);
	strbuf_char(b, ' ');
	add_address(b, addr_is(&w->rw->origin) ? &w->rw->origin : &w->session_c);
	strbuf_str(b, "\r\n");
}

/* Which types of lines a section has, one bit each: it is gone through once for each of those that
 * it has. */
#define TYPE_BIT(type) ((uint64_t)1 << ((type) - 'A'))

static uint64_t types_of(const char *types)
{
	uint64_t bits = 0;
	while (*types)
		bits |= TYPE_BIT(*types++);
	return bits;
}

static uint64_t types_in(struct slice section)
{
	uint64_t bits = 0;
	struct sdp_line line;
	while (sdp_line_next(&section, &line) > 0)
		bits |= TYPE_BIT(line.type);
	return bits;
}

static struct slice subject_of(struct slice section)
{
	struct sdp_line line;
	while (sdp_line_next(&section, &line) > 0)
		if (line.type == 's')
			return line.value;
	return SLICE_NONE;
}

/* The section's lines of these types, in its own order. */
static void add_lines(struct strbuf *b, struct slice section, uint64_t there, const char *types)
{
	uint64_t wanted = types_of(types);
	struct sdp_line line;
	if (!(there & wanted))
		return;
	while (sdp_line_next(&section, &line) > 0) {
		if (!(TYPE_BIT(line.type) & wanted))
			continue;
		if (line.type != 'a' || !sdp_attribute_is_dropped(line.value))
			add_line(b, line.type, line.value);
	}
}

/*
 * In the order of RFC 8866 §5, whatever the phone's was. u=, e= and p= name the caller (who may
 * have withheld that) and stay behind; v, o, s, c are ours to write, an absent s= or t= is given
 * its neutral value.
 */
static void add_session(const struct writing *w)
{
	struct slice section = w->sdp->session_text,
		     subject = w->rw->nameless ? SLICE_NONE : subject_of(section);
	uint64_t there = types_in(section);
	strbuf_str(w->b, "v=0\r\n");
	add_origin(w);
	add_line(w->b, 's', subject.n > 0 ? subject : SLICE("-"));
	if (!w->rw->nameless)
		add_lines(w->b, section, there, "i");
	add_connection(w->b, &w->session_c);
	add_lines(w->b, section, there, "b");
	if (there & TYPE_BIT('t'))
		add_lines(w->b, section, there, "trz");
	else
		add_line(w->b, 't', SLICE("0 0"));
	add_lines(w->b, section, there, "ka");
}

static void add_media_line(struct strbuf *b, const struct sdp_stream *stream, uint16_t port)
{
	strbuf_str(b, "m=");
	strbuf_add(b, stream->media_text);
	strbuf_char(b, ' ');
	strbuf_u64(b, port);
	strbuf_char(b, ' ');
	strbuf_add(b, stream->proto_text);
	if (stream->formats_text.n > 0) {
		strbuf_char(b, ' ');
		strbuf_add(b, stream->formats_text);
	}
	strbuf_str(b, "\r\n");
}

/* a=rtcp (RFC 3605); the address only when it is not that of the stream. */
static void add_rtcp(struct strbuf *b, const struct addr *rtcp, const struct addr *rtp)
{
	strbuf_str(b, "a=rtcp:");
	strbuf_u64(b, rtcp->port);
	if (!addr_ip_eq(rtcp, rtp)) {
		strbuf_char(b, ' ');
		add_address(b, rtcp);
	}
	strbuf_str(b, "\r\n");
}

static void add_stream(const struct writing *w, uint32_t i)
{
	const struct sdp_stream *stream = &w->sdp->streams[i];
	const struct addr *rtp = &w->rw->rtp[i], *rtcp = &w->rw->rtcp[i];
	struct addr c = connection_of(w, i);
	if (is_refused(w, i)) {
		/* Nothing of it matters (RFC 3264 §6), and some of it may name the phone's address
		 * (MSRP's a=path). */
		add_media_line(w->b, stream, 0);
		return;
	}
	add_media_line(w->b, stream, rtp->port);
	uint64_t there = types_in(stream->text);
	if (!w->rw->nameless)
		add_lines(w->b, stream->text, there,
			  "i"); /* goes before c=, which goes before the rest */
	if (addr_is(&c) && !addr_eq(&c, &w->session_c))
		add_connection(w->b, &c);
	add_lines(w->b, stream->text, there, "bka");
	if (addr_is(rtcp))
		add_rtcp(w->b, rtcp, rtp);
}

static struct slice cut_to_origin(struct slice text, struct slice *ret_before)
{
	size_t at = 0;
	while (at + 3 < text.n && memcmp(text.p + at, "\no=", 3) != 0)
		at++;
	*ret_before = slice_first(text, at);
	text = slice_from(text, at + 1);
	return slice_from(text, slice_find(text, '\n'));
}

bool sdp_same_but_origin(struct slice a, struct slice b)
{
	struct slice before_a, before_b, after_a = cut_to_origin(a, &before_a),
					 after_b = cut_to_origin(b, &before_b);
	return slice_eq(before_a, before_b) && slice_eq(after_a, after_b);
}

void sdp_write(struct strbuf *b, const struct sdp *sdp, const struct sdp_rewrite *rw)
{
	struct writing w = {.b = b, .sdp = sdp, .rw = rw};
	w.session_c = session_connection(&w);
	add_session(&w);
	for (uint32_t i = 0; i < sdp->stream_count; i++)
		add_stream(&w, i);
}
