/* sip:, sips: and tel: URIs (RFC 3261 §19.1.1, RFC 3966 §3); others are left alone. */
#include "base/err.h"
#include "sip/sip_priv.h"

/* Cuts s before the first c; *ret_after is what follows c, absent when there is no c. */
static struct slice cut_before(struct slice s, char c, struct slice *ret_after)
{
	size_t at = slice_find(s, c);

	*ret_after = at < s.n ? slice_from(s, at + 1) : SLICE_NONE;
	return slice_first(s, at);
}

/* "[2001:db8::1]" at the start of *text: gives what is in the brackets, leaves what follows. */
static int ip6_cut(struct slice *text, struct slice *ret_host)
{
	struct slice after;
	struct slice host = slice_from(cut_before(*text, ']', &after), 1);

	if (!after.p || host.n < 2 || sip_span(host, SIP_CHAR_IP6) != host.n)
		return ERR_SYNTAX;
	*ret_host = host;
	*text = after;
	return 0;
}

static int name_cut(struct slice *text, struct slice *ret_host)
{
	size_t n = sip_span(*text, SIP_CHAR_HOST);

	if (n == 0)
		return ERR_SYNTAX;
	*ret_host = slice_first(*text, n);
	*text = slice_from(*text, n);
	return 0;
}

/* ":5060" at the start of *text, or nothing. */
static int port_cut(struct slice *text, uint16_t *ret_port)
{
	uint32_t port = 0;
	size_t n = 1;

	*ret_port = 0;
	if (text->n == 0 || text->p[0] != ':')
		return 0;
	for (; n < text->n && text->p[n] >= '0' && text->p[n] <= '9'; n++) {
		port = port * 10 + (uint32_t)(text->p[n] - '0');
		if (port > UINT16_MAX)
			return ERR_SYNTAX;
	}
	*ret_port = (uint16_t)port;
	*text = slice_from(*text, n);
	return n > 1 ? 0 : ERR_SYNTAX;
}

static int host_cut(struct slice *text, struct slice *ret_host)
{
	return text->n && text->p[0] == '[' ? ip6_cut(text, ret_host) : name_cut(text, ret_host);
}

int sip_hostport_parse(struct slice text, struct slice *ret_host, uint16_t *ret_port)
{
	struct slice rest = text, host;
	uint64_t port = 0;
	int rc = host_cut(&rest, &host);

	if (rc)
		return rc;
	rest = sip_trim(rest);
	if (rest.n) {
		if (rest.p[0] != ':' || slice_u64(sip_trim(slice_from(rest, 1)), UINT16_MAX, &port))
			return ERR_SYNTAX;
	}
	*ret_host = host;
	*ret_port = (uint16_t)port;
	return 0;
}

/* ";params?headers", either or both, and nothing else. */
static int tail_parse(struct slice rest, struct sip_uri *uri)
{
	if (rest.n == 0)
		return 0;
	struct slice tail = slice_from(rest, 1);
	if (rest.p[0] == ';')
		uri->params = cut_before(tail, '?', &uri->headers);
	else if (rest.p[0] == '?')
		uri->headers = tail;
	else
		return ERR_SYNTAX;
	return 0;
}

/*
 * What follows "sip:". A user part may hold ';', '?' and '/', none of the other parts an '@', so
 * the first '@' decides. An empty user ("sip:@host") is not of the grammar, but some phones call
 * anonymously that way.
 */
static int hier_parse(struct slice rest, struct sip_uri *uri)
{
	struct slice after;
	struct slice before = cut_before(rest, '@', &after);

	if (after.p) {
		uri->user = cut_before(before, ':', &uri->password);
		rest = after;
	}
	if (host_cut(&rest, &uri->host) || port_cut(&rest, &uri->port))
		return ERR_SYNTAX;
	return tail_parse(rest, uri);
}

static int tel_parse(struct slice rest, struct sip_uri *uri)
{
	uri->user = cut_before(rest, ';', &uri->params);
	return uri->user.n ? 0 : ERR_SYNTAX;
}

/* RFC 3986 §3.1 */
static bool is_scheme(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool later = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
		if (!alpha && !(i > 0 && later))
			return false;
	}
	return s.n > 0;
}

static enum sip_scheme scheme_of(struct slice s)
{
	if (slice_ieq(s, SLICE("sip")))
		return SIP_SCHEME_SIP;
	if (slice_ieq(s, SLICE("sips")))
		return SIP_SCHEME_SIPS;
	return slice_ieq(s, SLICE("tel")) ? SIP_SCHEME_TEL : SIP_SCHEME_OTHER;
}

int sip_uri_parse(struct slice text, struct sip_uri *ret_uri)
{
	struct sip_uri uri = {0};
	struct slice rest;
	struct slice scheme = cut_before(text, ':', &rest);
	int rc = 0;

	if (rest.n == 0 || sip_span(text, SIP_CHAR_URI) != text.n)
		return ERR_SYNTAX;
	uri.scheme = scheme_of(scheme);
	if (uri.scheme == SIP_SCHEME_TEL)
		rc = tel_parse(rest, &uri);
	else if (uri.scheme != SIP_SCHEME_OTHER)
		rc = hier_parse(rest, &uri);
	else if (!is_scheme(scheme))
		rc = ERR_SYNTAX;
	if (rc == 0)
		*ret_uri = uri;
	return rc;
}
