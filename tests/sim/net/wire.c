#include "wire.h"

#include <strings.h>

static const struct {
	char compact;
	const char *name;
} COMPACT[] = {
	{'v', "Via"},
	{'f', "From"},
	{'t', "To"},
	{'i', "Call-ID"},
	{'m', "Contact"},
	{'k', "Supported"},
	{'c', "Content-Type"},
	{'l', "Content-Length"},
	{'e', "Content-Encoding"},
	{'s', "Subject"},
	{'x', "Session-Expires"},
	{'u', "Allow-Events"},
};

char wire_compact(struct slice name)
{
	for (size_t i = 0; i < sizeof(COMPACT) / sizeof(COMPACT[0]); i++) {
		if (slice_ieq(name, slice_str(COMPACT[i].name)))
			return COMPACT[i].compact;
	}
	return 0;
}

static struct slice line_cut(struct slice *rest)
{
	struct slice line = slice_cut(rest, '\n');
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

uint64_t wire_number(struct slice s)
{
	uint64_t n = 0;
	for (size_t i = 0; i < s.n && i < 19 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	return n;
}

static bool read_start(struct wire_msg *m)
{
	struct slice rest = m->start;
	const struct slice first = slice_cut(&rest, ' ');
	if (slice_starts(first, SLICE("SIP/2.0"))) {
		m->code = (int)wire_number(slice_first(rest, 3));
		return m->code >= 100 && m->code <= 699;
	}
	m->is_request = true;
	m->method = first;
	m->uri = slice_cut(&rest, ' ');
	return slice_starts(rest, SLICE("SIP/"));
}

bool wire_read(struct slice raw, struct wire_msg *ret_msg)
{
	struct wire_msg m = {.raw = raw};
	struct slice rest = raw;
	m.start = line_cut(&rest);
	if (!read_start(&m))
		return false;
	m.head = slice_of(rest.p, 0);
	while (rest.n) {
		const struct slice line = line_cut(&rest);
		if (line.n == 0)
			break;
		m.head.n = (size_t)(line.p + line.n - m.head.p);
	}
	m.body = rest;
	if (!m.is_request) {
		struct slice cseq = wire_header(&m, "CSeq", 0);
		slice_cut(&cseq, ' ');
		m.method = slice_trim(cseq);
	}
	*ret_msg = m;
	return true;
}

static bool is_named(struct slice found, const char *name)
{
	if (slice_ieq(found, slice_str(name)))
		return true;
	for (size_t i = 0; found.n == 1 && i < sizeof(COMPACT) / sizeof(COMPACT[0]); i++) {
		if ((found.p[0] | 0x20) == COMPACT[i].compact)
			return strcasecmp(COMPACT[i].name, name) == 0;
	}
	return false;
}

struct slice wire_header(const struct wire_msg *m, const char *name, uint32_t nth)
{
	struct slice rest = m->head;
	while (rest.n) {
		struct slice line = line_cut(&rest);
		const struct slice found = slice_trim(slice_cut(&line, ':'));
		if (is_named(found, name) && nth-- == 0)
			return slice_trim(line);
	}
	return SLICE_NONE;
}

uint32_t wire_header_count(const struct wire_msg *m, const char *name)
{
	uint32_t n = 0;
	while (wire_header(m, name, n).p)
		n++;
	return n;
}

uint32_t wire_cseq(const struct wire_msg *m)
{
	return (uint32_t)wire_number(wire_header(m, "CSeq", 0));
}

struct slice wire_uri(struct slice value)
{
	const size_t open = slice_find(value, '<');
	if (open < value.n) {
		struct slice inside = slice_from(value, open + 1);
		return slice_first(inside, slice_find(inside, '>'));
	}
	return slice_trim(slice_first(value, slice_find(value, ';')));
}

static struct slice unquote(struct slice v)
{
	v = slice_trim(v);
	if (v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"')
		v = slice_of(v.p + 1, v.n - 2);
	return v;
}

struct slice wire_param(struct slice value, const char *name)
{
	const size_t close = slice_find(value, '>');
	struct slice rest = close < value.n ? slice_from(value, close + 1) : value;
	slice_cut(&rest, ';');
	while (rest.n) {
		struct slice v = slice_cut(&rest, ';');
		const struct slice key = slice_trim(slice_cut(&v, '='));
		if (slice_ieq(key, slice_str(name)))
			return v.p ? unquote(v) : SLICE("");
	}
	return SLICE_NONE;
}

struct slice wire_auth_param(struct slice value, const char *name)
{
	slice_cut(&value, ' '); /* "Digest" */
	while (value.n) {
		struct slice v = slice_cut(&value, ',');
		const struct slice key = slice_trim(slice_cut(&v, '='));
		if (slice_ieq(key, slice_str(name)))
			return unquote(v);
	}
	return SLICE_NONE;
}

static bool code_matches(struct slice pattern, int code)
{
	if (pattern.n != 3 || pattern.p[0] != (char)('0' + code / 100))
		return false;
	if (slice_ieq(slice_from(pattern, 1), SLICE("xx")))
		return true;
	uint64_t want;
	return slice_u64(pattern, 999, &want) == 0 && (int)want == code;
}

static bool one_matches(struct slice pattern, const struct wire_msg *m)
{
	if (slice_eq(pattern, SLICE("any")))
		return true;
	if (slice_eq(pattern, SLICE("request")))
		return m->is_request;
	if (slice_eq(pattern, SLICE("response")))
		return !m->is_request;
	if (m->is_request)
		return slice_eq(pattern, m->method);
	struct slice method = pattern;
	const struct slice code = slice_cut(&method, '/');
	return code_matches(code, m->code) && (method.n == 0 || slice_eq(method, m->method));
}

bool wire_matches(const char *pattern, const struct wire_msg *m)
{
	struct slice rest = slice_str(pattern);
	while (rest.n) {
		if (one_matches(slice_cut(&rest, '|'), m))
			return true;
	}
	return false;
}

bool wire_bytes_match(const char *pattern, struct slice bytes)
{
	struct wire_msg m;
	const bool media = bytes.n >= 2 && ((uint8_t)bytes.p[0] & 0xc0) == 0x80;
	const bool rtcp = media && (uint8_t)bytes.p[1] >= 192 && (uint8_t)bytes.p[1] <= 223;
	if (strcmp(pattern, "rtp") == 0)
		return media && !rtcp;
	if (strcmp(pattern, "rtcp") == 0)
		return rtcp;
	return wire_read(bytes, &m) && wire_matches(pattern, &m);
}
