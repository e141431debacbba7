/* Are two URIs the same place? (RFC 3261 §19.1.4, RFC 5954 §4.2; numbers: RFC 3966 §4) */
#include "sip/sip_priv.h"

/* Lists are compared each with each. With more than this nobody means well: different. */
#define COMPARED_MAX 32

/*
 * The character at *i, unescaped, and moves on. An escaped character of the reserved set is not the
 * same as the bare one, so it comes back outside of the range of bytes. A broken escape stands for
 * itself.
 */
static int next_char(struct slice s, size_t *i, bool fold)
{
	int c = (unsigned char)s.p[(*i)++];

	if (c == '%') {
		int pair = sip_hex_pair(s, *i);
		if (pair >= 0) {
			*i += 2;
			c = pair;
			if (sip_char_in((char)pair, SIP_CHAR_RESERVED))
				return pair + 0x100;
		}
	}
	return fold && c >= 'A' && c <= 'Z' ? c + 0x20 : c;
}

static bool text_equal(struct slice a, struct slice b, bool fold)
{
	size_t i = 0, j = 0;

	if ((a.p == NULL) != (b.p == NULL))
		return false;
	while (i < a.n && j < b.n) {
		if (next_char(a, &i, fold) != next_char(b, &j, fold))
			return false;
	}
	return i == a.n && j == b.n;
}

/* These must be in both URIs or in neither; others that only one URI has are ignored. */
static bool must_match(struct slice name)
{
	static const struct slice names[] = {
		{"transport", 9}, {"user", 4}, {"method", 6}, {"maddr", 5}, {"ttl", 3},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (text_equal(name, names[i], true))
			return true;
	}
	return false;
}

/* A list of name=value, cut at `sep`. */
struct pairs {
	struct slice rest;
	char sep;
};

static bool pairs_next(struct pairs *list, struct slice *ret_name, struct slice *ret_value)
{
	while (list->rest.n) {
		struct slice pair = slice_cut(&list->rest, list->sep);
		if (pair.n == 0)
			continue;
		sip_param_split(pair, ret_name, ret_value);
		return true;
	}
	return false;
}

static size_t pairs_count(struct pairs list)
{
	struct slice name, value;
	size_t n = 0;

	while (pairs_next(&list, &name, &value))
		n++;
	return n;
}

static bool pairs_find(struct pairs list, struct slice name, struct slice *ret_value)
{
	struct slice n;

	while (pairs_next(&list, &n, ret_value)) {
		if (text_equal(n, name, true))
			return true;
	}
	return false;
}

/* What both have is the same, and b lacks none that must be in both. */
static bool params_covered(struct pairs a, struct pairs b)
{
	struct slice name, value, other;

	while (pairs_next(&a, &name, &value)) {
		if (pairs_find(b, name, &other)) {
			if (!text_equal(value, other, true))
				return false;
		} else if (must_match(name)) {
			return false;
		}
	}
	return true;
}

static bool params_equal(struct slice a, struct slice b)
{
	struct pairs pa = {a, ';'}, pb = {b, ';'};

	if (slice_eq(a, b))
		return true;
	if (pairs_count(pa) > COMPARED_MAX || pairs_count(pb) > COMPARED_MAX)
		return false;
	return params_covered(pa, pb) && params_covered(pb, pa);
}

/* URI headers are never ignored: the same number of them, each found in the other. */
static bool headers_equal(struct slice a, struct slice b)
{
	struct pairs pa = {a, '&'}, pb = {b, '&'};
	struct slice name, value, other;

	if (slice_eq(a, b))
		return true;
	if (pairs_count(pa) != pairs_count(pb) || pairs_count(pa) > COMPARED_MAX)
		return false;
	while (pairs_next(&pa, &name, &value)) {
		if (!pairs_find(pb, name, &other) || !text_equal(value, other, false))
			return false;
	}
	return true;
}

/* The next digit of a telephone number, lower case, visual separators left out; -1 at the end. */
static int next_digit(struct slice s, size_t *i)
{
	while (*i < s.n && memchr("-.()", s.p[*i], 4))
		(*i)++;
	return *i < s.n ? next_char(s, i, true) : -1;
}

static bool number_equal(struct slice a, struct slice b)
{
	size_t i = 0, j = 0;
	int c;

	do {
		c = next_digit(a, &i);
		if (c != next_digit(b, &j))
			return false;
	} while (c >= 0);
	return true;
}

/* Names as text; addresses of version 6 as addresses, which have many spellings. */
static bool host_equal(struct slice a, struct slice b)
{
	struct addr x, y;

	if (slice_ieq(a, b))
		return true;
	if (slice_find(a, ':') == a.n || slice_find(b, ':') == b.n)
		return false;
	return addr_parse_ip(a, &x) == 0 && addr_parse_ip(b, &y) == 0 && addr_ip_eq(&x, &y);
}

bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b)
{
	if (a->scheme != b->scheme || a->scheme == SIP_SCHEME_OTHER)
		return false;
	if (a->scheme == SIP_SCHEME_TEL)
		return number_equal(a->user, b->user) && params_equal(a->params, b->params);
	return a->port == b->port && host_equal(a->host, b->host) &&
	       text_equal(a->user, b->user, false) && text_equal(a->password, b->password, false) &&
	       params_equal(a->params, b->params) && headers_equal(a->headers, b->headers);
}
