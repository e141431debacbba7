/* One Via element (RFC 3261 §20.42, §18.2.1; rport: RFC 3581). */
#include "base/err.h"
#include "sip/sip_priv.h"

/* The token at the start of *rest, with the blanks around it taken away. */
static struct slice token_cut(struct slice *rest)
{
	*rest = sip_trim(*rest);
	size_t n = sip_span(*rest, SIP_CHAR_TOKEN);
	struct slice token = slice_first(*rest, n);

	*rest = sip_trim(slice_from(*rest, n));
	return token;
}

static bool slash_cut(struct slice *rest)
{
	if (rest->n == 0 || rest->p[0] != '/')
		return false;
	*rest = slice_from(*rest, 1);
	return true;
}

/*
 * "SIP/2.0/UDP ", blanks allowed around the slashes. Another protocol or version passes: a request
 * of SIP/7.0 has such a Via, and its 505 must find the way back.
 */
static int sent_protocol_cut(struct slice *rest, struct sip_via *via)
{
	if (slice_starts(*rest, SLICE("SIP/2.0/"))) {
		*rest = slice_from(*rest, 8);
	} else {
		for (int part = 0; part < 2; part++) {
			if (token_cut(rest).n == 0 || !slash_cut(rest))
				return ERR_SYNTAX;
		}
	}
	via->transport_text = token_cut(rest);
	via->transport = sip_transport_of(via->transport_text);
	return via->transport_text.n ? 0 : ERR_SYNTAX;
}

/* Takes a value that may be there once; a second one would leave open which counts. */
static int once(struct slice *place, struct slice value)
{
	if (place->p)
		return ERR_SYNTAX;
	*place = value.p ? value : SLICE("");
	return 0;
}

static struct slice without_brackets(struct slice s)
{
	if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		return slice_of(s.p + 1, s.n - 2);
	return s;
}

static int rport_take(struct slice value, struct sip_via *via)
{
	uint64_t port = 0;

	if (via->rport_asked || via->rport)
		return ERR_SYNTAX;
	if (value.n && slice_u64(value, UINT16_MAX, &port))
		return ERR_SYNTAX;
	via->rport = (uint16_t)port;
	via->rport_asked = port == 0;
	return 0;
}

static int param_take(struct slice param, struct sip_via *via)
{
	struct slice name, value;

	if (param.n == 0)
		return ERR_SYNTAX;
	sip_param_split(param, &name, &value);
	if (slice_ieq(name, SLICE("branch")))
		return once(&via->branch, value);
	if (slice_ieq(name, SLICE("received")))
		return once(&via->received, without_brackets(value));
	return slice_ieq(name, SLICE("rport")) ? rport_take(value, via) : 0;
}

static int params_take(struct sip_via *via)
{
	struct slice rest = via->params;

	while (rest.n) {
		int rc = param_take(sip_param_cut(&rest), via);
		if (rc)
			return rc;
	}
	return sip_params_are_sound(via->params) ? 0 : ERR_SYNTAX;
}

int sip_via_parse(struct slice value, struct sip_via *ret_via)
{
	struct sip_via via = {.text = sip_trim(value)};
	struct slice rest = via.text;

	if (sent_protocol_cut(&rest, &via))
		return ERR_SYNTAX;
	const char *semicolon = rest.n ? memchr(rest.p, ';', rest.n) : NULL;
	size_t at = semicolon ? (size_t)(semicolon - rest.p) : rest.n;
	if (sip_hostport_parse(sip_trim(slice_first(rest, at)), &via.host, &via.port))
		return ERR_SYNTAX;
	if (semicolon)
		via.params = slice_from(rest, at + 1);
	if (params_take(&via))
		return ERR_SYNTAX;
	*ret_via = via;
	return 0;
}
