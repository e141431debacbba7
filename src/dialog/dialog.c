/* The life of a dialog: set up on either side, target refresh, what belongs to it (RFC 3261 §12).
 */
#include "base/err.h"
#include "dialog/dialog_priv.h"
#include "sip/value.h"

/* Absent (RFC 2543: a peer without a tag) stays absent. */
static int set_or_clear(struct dialog *d, enum dialog_text which, struct slice text)
{
	if (text.n)
		return dialog_set_text(d, which, text);
	dialog_clear_text(d, which);
	return 0;
}

static void write_param(struct strbuf *b, struct slice name, struct slice value)
{
	strbuf_char(b, ';');
	strbuf_add(b, name);
	if (!value.p)
		return;
	bool quoted = value.p[-1] == '"'; /* '=' or the quote stands in front of a value */
	strbuf_add(b, quoted ? SLICE("=\"") : SLICE("="));
	strbuf_add(b, value);
	if (quoted)
		strbuf_char(b, '"');
}

/* From or To without its tag: "display" <uri>;other=params. */
static void write_party(struct strbuf *b, const struct sip_nameaddr *na)
{
	struct slice params = na->params, name, value;

	if (na->display.n) {
		strbuf_char(b, '"');
		strbuf_add(b, na->display);
		strbuf_add(b, SLICE("\" "));
	}
	strbuf_char(b, '<');
	strbuf_add(b, na->uri_text);
	strbuf_char(b, '>');
	while (sip_param_next(&params, &name, &value)) {
		if (!slice_ieq(name, SLICE("tag")))
			write_param(b, name, value);
	}
}

static int set_party(struct dialog *d, enum dialog_text which, const struct sip_nameaddr *na)
{
	char memory[DIALOG_TEXT_BYTES];
	struct strbuf b;

	strbuf_init(&b, memory, sizeof(memory));
	write_party(&b, na);
	return b.failed ? ERR_TOO_BIG : dialog_set_text(d, which, strbuf_slice(&b));
}

/* The URI of the (one) Contact. 0; ERR_NOT_FOUND: no Contact; ERR_SYNTAX: nothing that a request
 * could be sent to. */
static int contact_of(const struct sip_msg *msg, struct slice *ret_uri)
{
	struct sip_values it = sip_msg_values(msg, SIP_HDR_CONTACT);
	struct slice value;
	struct sip_nameaddr na;

	if (!sip_values_next(&it, &value))
		return ERR_NOT_FOUND;
	if (sip_nameaddr_parse(value, &na) || na.star || !na.uri.host.n)
		return ERR_SYNTAX;
	if (na.uri.scheme != SIP_SCHEME_SIP && na.uri.scheme != SIP_SCHEME_SIPS)
		return ERR_SYNTAX;
	*ret_uri = na.uri_text;
	return 0;
}

static int set_target(struct dialog *d, const struct sip_msg *msg, bool needed)
{
	struct slice uri;
	int err = contact_of(msg, &uri);

	if (err == ERR_NOT_FOUND)
		return needed ? ERR_SYNTAX : 0;
	return err ? err : dialog_set_text(d, DIALOG_REMOTE_TARGET, uri);
}

static int set_routes(struct dialog *d, const struct sip_msg *msg)
{
	struct dialog_routes routes;
	int err = dialog_routes_of(msg, d->is_uac, &routes);

	if (err)
		return err;
	d->first_route_strict = routes.first_strict;
	return set_or_clear(d, DIALOG_ROUTES, routes.value);
}

static int fill_from_request(struct dialog *d, const struct sip_msg *invite, struct slice local_tag)
{
	int err = dialog_set_text(d, DIALOG_CALL_ID, invite->call_id);
	if (!err)
		err = dialog_set_text(d, DIALOG_LOCAL_TAG, local_tag);
	if (!err)
		err = set_or_clear(d, DIALOG_REMOTE_TAG, invite->from_tag);
	if (!err)
		err = set_party(d, DIALOG_LOCAL_URI, &invite->to);
	if (!err)
		err = set_party(d, DIALOG_REMOTE_URI, &invite->from);
	if (!err)
		err = set_target(d, invite, true);
	return err ? err : set_routes(d, invite);
}

int dialog_from_request(struct dialog *d, const struct sip_msg *invite, struct slice local_tag)
{
	char memory[DIALOG_TEXT_BYTES];
	struct dialog fresh;

	dialog_init_in(&fresh, memory, sizeof(memory));
	fresh.state = DIALOG_EARLY;
	fresh.secure = invite->uri.scheme == SIP_SCHEME_SIPS;
	fresh.remote_cseq = invite->cseq.number;
	int err = fill_from_request(&fresh, invite, local_tag);
	return err ? err : dialog_copy(d, &fresh);
}

int dialog_prepare(struct dialog *d, struct slice call_id, struct slice local_tag,
		   struct slice local_uri, struct slice remote_uri, struct slice remote_target,
		   uint32_t cseq)
{
	char memory[DIALOG_TEXT_BYTES];
	struct dialog fresh;

	dialog_init_in(&fresh, memory, sizeof(memory));
	fresh.is_uac = true;
	fresh.secure = slice_istarts(remote_target, SLICE("sips:"));
	fresh.local_cseq = cseq;
	int err = dialog_set_text(&fresh, DIALOG_CALL_ID, call_id);
	if (!err)
		err = dialog_set_text(&fresh, DIALOG_LOCAL_TAG, local_tag);
	if (!err)
		err = dialog_set_text(&fresh, DIALOG_LOCAL_URI, local_uri);
	if (!err)
		err = dialog_set_text(&fresh, DIALOG_REMOTE_URI, remote_uri);
	if (!err)
		err = dialog_set_text(&fresh, DIALOG_REMOTE_TARGET, remote_target);
	return err ? err : dialog_copy(d, &fresh);
}

/* Routes are set when the dialog is born, and anew by its first 2xx (§13.2.2.4); afterwards they
 * stay (§12.2). */
static int fill_from_response(struct dialog *d, const struct sip_msg *response)
{
	bool final = response->code >= 200;
	bool born = d->state == DIALOG_NONE ||
		    !slice_eq(dialog_text(d, DIALOG_REMOTE_TAG), response->to_tag);
	int err = set_target(d, response, false);

	/* Without a Contact that a request could go to, the phone is where the INVITE found it. */
	if (err == ERR_SYNTAX)
		err = 0;
	if (!err && (born || (final && d->state == DIALOG_EARLY)))
		err = set_routes(d, response);
	if (!err)
		err = set_or_clear(d, DIALOG_REMOTE_TAG, response->to_tag);
	if (final)
		d->state = DIALOG_CONFIRMED;
	else if (d->state == DIALOG_NONE)
		d->state = DIALOG_EARLY;
	return err;
}

int dialog_from_response(struct dialog *d, const struct sip_msg *response)
{
	bool final = response->code >= 200;
	bool confirmed = d->state == DIALOG_CONFIRMED || d->state == DIALOG_ENDED;

	if (response->code <= 100 || (!final && !response->to_tag.n) || d->state == DIALOG_ENDED)
		return 0;
	if (confirmed && !slice_eq(dialog_text(d, DIALOG_REMOTE_TAG), response->to_tag))
		return ERR_CONFLICT;
	char memory[DIALOG_TEXT_BYTES];
	struct dialog next;
	dialog_init_in(&next, memory, sizeof(memory));
	int err = dialog_copy(&next, d);
	if (!err)
		err = fill_from_response(&next, response);
	return err ? err : dialog_copy(d, &next);
}

int dialog_refresh_target(struct dialog *d, const struct sip_msg *msg)
{
	return set_target(d, msg, false);
}

/* word@192.168.1.10 is word@203.0.113.10 in the mouth of a router that writes its own address over
 * the phone's, in one message and not in the next. The tags are what a stranger cannot know. */
static bool same_call_id(struct slice a, struct slice b)
{
	struct addr host;

	if (slice_eq(a, b))
		return true;
	struct slice word_a = slice_cut(&a, '@'), word_b = slice_cut(&b, '@');
	return word_a.n && slice_eq(word_a, word_b) && addr_parse_ip(a, &host) == 0 &&
	       addr_parse_ip(b, &host) == 0;
}

bool dialog_matches_request(const struct dialog *d, const struct sip_msg *msg)
{
	return same_call_id(dialog_text(d, DIALOG_CALL_ID), msg->call_id) &&
	       slice_eq(dialog_text(d, DIALOG_LOCAL_TAG), msg->to_tag) &&
	       slice_eq(dialog_text(d, DIALOG_REMOTE_TAG), msg->from_tag);
}

int dialog_check_cseq(struct dialog *d, const struct sip_msg *msg)
{
	if (msg->method == SIP_ACK || msg->method == SIP_CANCEL)
		return 0;
	if (msg->cseq.number < d->remote_cseq)
		return ERR_STALE;
	d->remote_cseq = msg->cseq.number;
	return 0;
}

uint32_t dialog_next_cseq(struct dialog *d)
{
	return ++d->local_cseq;
}
