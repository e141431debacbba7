/* The route set (RFC 3261 §12.1.1, §12.1.2): from Record-Route to a Route value that is ready to be
 * sent. */
#include "base/err.h"
#include "dialog/dialog_priv.h"
#include "sip/value.h"

static bool is_strict(const struct sip_nameaddr *na)
{
	struct slice ignored;
	return !sip_param(na->uri.params, SLICE("lr"), &ignored);
}

static int check_element(struct slice value, struct sip_nameaddr *ret_na)
{
	if (sip_nameaddr_parse(value, ret_na) || ret_na->star)
		return ERR_SYNTAX;
	bool sip = ret_na->uri.scheme == SIP_SCHEME_SIP || ret_na->uri.scheme == SIP_SCHEME_SIPS;
	return sip && ret_na->uri.host.n ? 0 : ERR_SYNTAX;
}

/* Elements are put in front of what is there, from the end of the memory, or behind it. The bounds
 * stay the same. */
struct writer {
	char *text;
	size_t from, to;
	bool backwards;
};

static int writer_put(struct writer *w, struct slice s)
{
	size_t used = w->to - w->from, comma = used ? 2 : 0;
	if (used + comma + s.n > DIALOG_TEXT_BYTES)
		return ERR_TOO_BIG;
	if (w->backwards) {
		w->from -= s.n + comma;
		memcpy(w->text + w->from, s.p, s.n);
		memcpy(w->text + w->from + s.n, ", ", comma);
		return 0;
	}
	memcpy(w->text + w->to, ", ", comma);
	memcpy(w->text + w->to + comma, s.p, s.n);
	w->to += comma + s.n;
	return 0;
}

int dialog_routes_of(const struct sip_msg *msg, bool reversed, struct dialog_routes *ret_routes)
{
	size_t start = reversed ? DIALOG_TEXT_BYTES : 0;
	struct writer w = {ret_routes->text, start, start, reversed};
	struct sip_values it = sip_msg_values(msg, SIP_HDR_RECORD_ROUTE);
	bool first = true, first_strict = false;

	for (struct slice value; sip_values_next(&it, &value); first = false) {
		struct sip_nameaddr na;
		int err = check_element(value, &na);
		if (!err)
			err = writer_put(&w, value);
		if (err)
			return err;
		if (first || reversed)
			first_strict = is_strict(&na);
	}
	ret_routes->value = slice_of(w.text + w.from, w.to - w.from);
	ret_routes->first_strict = first_strict;
	return 0;
}

struct slice dialog_routes_cut(struct slice *routes)
{
	bool quoted = false, angle = false;
	size_t i;

	for (i = 0; i < routes->n; i++) {
		char c = routes->p[i];
		if (quoted && c == '\\')
			i++;
		else if (c == '"' && !angle)
			quoted = !quoted;
		else if (!quoted && (c == '<' || c == '>'))
			angle = c == '<';
		else if (c == ',' && !quoted && !angle)
			break;
	}
	struct slice first = slice_trim(slice_first(*routes, i));
	*routes = slice_trim(slice_from(*routes, i + 1));
	return first;
}
