/* Requests within a dialog: where they go first and how their head reads (RFC 3261 §12.2.1.1). */
#include "base/err.h"
#include "dialog/dialog_priv.h"
#include "sip/value.h"

int dialog_next_hop(const struct dialog *d, struct sip_uri *ret_uri)
{
	struct slice routes = dialog_text(d, DIALOG_ROUTES);
	struct sip_nameaddr na;

	if (!routes.n)
		return sip_uri_parse(dialog_text(d, DIALOG_REMOTE_TARGET), ret_uri);
	if (sip_nameaddr_parse(dialog_routes_cut(&routes), &na))
		return ERR_SYNTAX;
	*ret_uri = na.uri;
	return 0;
}

static bool may_stand_in_request_uri(struct slice param_name)
{
	return !slice_ieq(param_name, SLICE("method"));
}

struct slice dialog_request_uri(struct slice text, char *memory, size_t cap_bytes)
{
	struct sip_uri uri;
	struct slice name, value;
	struct strbuf b;

	bool plain = slice_find(text, ';') == text.n && slice_find(text, '?') == text.n;
	if (plain || sip_uri_parse(text, &uri))
		return text;
	if (!uri.headers.p && !sip_param(uri.params, SLICE("method"), &value))
		return text;
	strbuf_init(&b, memory, cap_bytes);
	/* A user part may hold a '?' too; only the parser knows which one is meant. */
	const char *first = uri.params.p ? uri.params.p : uri.headers.p;
	strbuf_add(&b, slice_first(text, (size_t)(first - text.p) - 1));
	for (struct slice rest = uri.params; sip_param_next(&rest, &name, &value);) {
		if (!may_stand_in_request_uri(name))
			continue;
		strbuf_char(&b, ';');
		strbuf_add(&b, name);
		if (value.p) {
			strbuf_char(&b, '=');
			strbuf_add(&b, value);
		}
	}
	return b.failed ? text : strbuf_slice(&b);
}

/* What the request line and the Route header say: the target and all routes, or for a strict first
 * router its URI, the other routes, and the target at the end. */
struct path {
	struct slice uri;
	struct slice routes;
	char uri_memory[DIALOG_TEXT_BYTES];
	char routes_memory[DIALOG_TEXT_BYTES + 8];
};

static void strict_path(const struct dialog *d, struct path *path)
{
	struct slice rest = dialog_text(d, DIALOG_ROUTES);
	struct slice first = dialog_routes_cut(&rest);
	struct sip_nameaddr na;
	struct strbuf b;

	if (!sip_nameaddr_parse(first, &na))
		path->uri =
			dialog_request_uri(na.uri_text, path->uri_memory, sizeof(path->uri_memory));
	strbuf_init(&b, path->routes_memory, sizeof(path->routes_memory));
	strbuf_add(&b, rest);
	if (rest.n)
		strbuf_add(&b, SLICE(", "));
	strbuf_char(&b, '<');
	strbuf_add(&b, dialog_text(d, DIALOG_REMOTE_TARGET));
	strbuf_char(&b, '>');
	path->routes = strbuf_slice(&b);
}

static void find_path(const struct dialog *d, struct path *path)
{
	path->uri = dialog_request_uri(dialog_text(d, DIALOG_REMOTE_TARGET), path->uri_memory,
				       sizeof(path->uri_memory));
	path->routes = dialog_text(d, DIALOG_ROUTES);
	if (path->routes.n && d->first_route_strict)
		strict_path(d, path);
}

void dialog_write_request(const struct dialog *d, struct strbuf *b, struct slice method,
			  uint32_t cseq, enum sip_transport transport, const struct addr *sent_by,
			  struct slice branch, uint32_t max_forwards)
{
	struct path path;

	find_path(d, &path);
	sip_build_request_line(b, method, path.uri);
	sip_build_via(b, transport, sent_by, branch);
	sip_build_number(b, SIP_HDR_MAX_FORWARDS, max_forwards);
	if (path.routes.n)
		sip_build_header(b, SIP_HDR_ROUTE, path.routes);
	sip_build_party(b, SIP_HDR_FROM, dialog_text(d, DIALOG_LOCAL_URI),
			dialog_text(d, DIALOG_LOCAL_TAG));
	sip_build_party(b, SIP_HDR_TO, dialog_text(d, DIALOG_REMOTE_URI),
			dialog_text(d, DIALOG_REMOTE_TAG));
	sip_build_header(b, SIP_HDR_CALL_ID, dialog_text(d, DIALOG_CALL_ID));
	sip_build_cseq(b, cseq, method);
}
