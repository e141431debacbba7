/* Where a message ends in a stream of bytes (RFC 3261 §18.3, §7.5). */
#include "base/err.h"
#include "sip/sip_priv.h"

/* A peer that sends byte by byte has all looked at each time; a limit keeps that affordable. */
#define LINES_MAX (4 * SIP_HEADERS_MAX)

struct slice sip_header_name_read(const char *p, const char *end, const char **ret_value)
{
	const char *start = p;

	while (p < end && sip_char_in(*p, SIP_CHAR_TOKEN))
		p++;
	struct slice name = slice_of(start, (size_t)(p - start));
	while (p < end && sip_is_blank(*p))
		p++;
	if (name.n == 0 || p == end || *p != ':')
		return SLICE_NONE;
	*ret_value = p + 1;
	return name;
}

int sip_content_length_parse(struct slice value, size_t *ret_bytes)
{
	uint64_t bytes = 0;

	if (slice_u64(value, SIP_MESSAGE_BYTES_MAX, &bytes))
		return ERR_SYNTAX;
	*ret_bytes = (size_t)bytes;
	return 0;
}

struct scan {
	const char *p, *end;
	unsigned lines;
	bool has_length;
	size_t length_bytes;
};

/* One line with its line end; ERR_AGAIN when its end has not come yet. */
static int line_next(struct scan *s, struct slice *ret_line)
{
	const char *lf = s->p < s->end ? memchr(s->p, '\n', (size_t)(s->end - s->p)) : NULL;

	if (!lf)
		return ERR_AGAIN;
	if (++s->lines > LINES_MAX)
		return ERR_TOO_BIG;
	*ret_line = slice_of(s->p, (size_t)(lf + 1 - s->p));
	s->p = lf + 1;
	return 0;
}

/* A header with all lines that it is folded over. */
static int header_next(struct scan *s, struct slice *ret_header)
{
	struct slice more;
	int rc = line_next(s, ret_header);

	while (rc == 0 && s->p < s->end && sip_is_blank(*s->p)) {
		rc = line_next(s, &more);
		if (rc == 0)
			ret_header->n += more.n;
	}
	/* Without the next byte nobody knows whether the header goes on. */
	return rc == 0 && s->p == s->end ? ERR_AGAIN : rc;
}

/* Takes Content-Length; lines that are no headers are the parser's to complain about. */
static int header_take(struct scan *s, struct slice header)
{
	const char *end = header.p + header.n, *value;
	struct slice name = sip_header_name_read(header.p, end, &value);
	size_t bytes = 0;

	if (!name.p || sip_header_kind_of(name) != SIP_HDR_CONTENT_LENGTH)
		return 0;
	struct slice length = slice_trim(slice_of(value, (size_t)(end - value)));
	if (sip_content_length_parse(length, &bytes))
		return slice_is_digits(length) ? ERR_TOO_BIG : ERR_SYNTAX;
	if (s->has_length && bytes != s->length_bytes)
		return ERR_SYNTAX;
	s->has_length = true;
	s->length_bytes = bytes;
	return 0;
}

/* Does a word of the line start with "SIP/"? */
static bool names_the_protocol(struct slice line)
{
	while (line.n) {
		if (slice_istarts(line, SLICE("SIP/")))
			return true;
		slice_cut(&line, ' ');
	}
	return false;
}

/* Nothing but a method or "SIP/" can start a message, and a whole start line names the protocol. */
static int start_take(struct scan *s)
{
	struct slice line;

	if (!sip_char_in(*s->p, SIP_CHAR_TOKEN))
		return ERR_SYNTAX;
	int rc = line_next(s, &line);
	if (rc)
		return rc;
	return names_the_protocol(line) ? 0 : ERR_SYNTAX;
}

static int headers_take(struct scan *s)
{
	struct slice header;
	int rc = 0;

	for (;;) {
		size_t eol = sip_eol(s->p, s->end);
		if (eol) {
			s->p += eol;
			return s->has_length ? 0 : ERR_SYNTAX;
		}
		rc = header_next(s, &header);
		if (rc == 0)
			rc = header_take(s, header);
		if (rc)
			return rc;
	}
}

int sip_msg_frame(struct slice bytes, size_t *ret_bytes)
{
	struct scan s = {0};

	if (bytes.n == 0)
		return ERR_AGAIN;
	s.p = bytes.p;
	s.end = bytes.p + bytes.n;
	int rc = start_take(&s);
	if (rc == 0)
		rc = headers_take(&s);
	if (rc == ERR_AGAIN && bytes.n >= SIP_MESSAGE_BYTES_MAX)
		return ERR_TOO_BIG;
	if (rc)
		return rc;
	size_t whole = (size_t)(s.p - bytes.p) + s.length_bytes;
	if (whole > SIP_MESSAGE_BYTES_MAX)
		return ERR_TOO_BIG;
	if (whole > bytes.n)
		return ERR_AGAIN;
	*ret_bytes = whole;
	return 0;
}
