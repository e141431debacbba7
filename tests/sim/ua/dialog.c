/* Within a call: ACK, BYE, re-INVITE and the rest (RFC 3261 §12.2, §14, §15). */
#include "ua_priv.h"

#include <stdio.h>
#include <stdlib.h>

static const struct ua_wish NO_WISH;

/* Fills everything but headers and body; takes the next CSeq. */
void ua_dialog_request(struct ua *ua, struct ua_call *c, struct ua_request_text *r,
		       const char *method)
{
	(void)ua;
	snprintf(r->method, sizeof(r->method), "%s", method);
	snprintf(r->uri, sizeof(r->uri), "%s", c->target);
	snprintf(r->from, sizeof(r->from), "%.450s;tag=%s", c->local, c->local_tag);
	if (c->remote_tag[0])
		snprintf(r->to, sizeof(r->to), "%.300s;tag=%s", c->remote, c->remote_tag);
	else
		snprintf(r->to, sizeof(r->to), "%s", c->remote);
	snprintf(r->call_id, sizeof(r->call_id), "%s", c->call_id);
	snprintf(r->routes, sizeof(r->routes), "%s", c->routes);
	r->cseq = ++c->cseq;
	r->contact = strcmp(method, "INVITE") == 0 || strcmp(method, "UPDATE") == 0;
}

static void learn_routes(struct ua_call *c, const struct wire_msg *m)
{
	const uint32_t n = wire_header_count(m, "Record-Route");
	struct strbuf b;
	strbuf_init(&b, c->routes, sizeof(c->routes) - 1);
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			strbuf_str(&b, ", ");
		strbuf_add(&b, wire_header(m, "Record-Route", m->is_request ? i : n - 1 - i));
	}
	c->routes[b.n] = 0;
}

static struct slice without_tag(struct slice value)
{
	const char *tag = memmem(value.p, value.n, ";tag=", 5);
	return tag ? slice_first(value, (size_t)(tag - value.p)) : value;
}

/* The far side's tag, target and routes, from the INVITE or from a response to ours. */
void ua_dialog_learn(struct ua_call *c, const struct wire_msg *m)
{
	const struct slice far = wire_header(m, m->is_request ? "From" : "To", 0);
	const struct slice near = wire_header(m, m->is_request ? "To" : "From", 0);
	const struct slice contact = wire_header(m, "Contact", 0);
	const struct slice tag = wire_param(far, "tag");
	if (tag.n)
		ua_text(c->remote_tag, sizeof(c->remote_tag), tag);
	if (contact.n)
		ua_text(c->target, sizeof(c->target), wire_uri(contact));
	if (m->is_request) {
		ua_text(c->remote, sizeof(c->remote), without_tag(far));
		ua_text(c->local, sizeof(c->local), without_tag(near));
	}
	if (m->is_request || m->code >= 200)
		learn_routes(c, m);
}

/* --- ACK. */

static void send_ack(struct ua *ua, struct ua_call *c, const struct wire_msg *m, const char *body)
{
	struct ua_request_text r = {0};
	char buf[UA_MSG_BYTES], branch[64];
	struct strbuf b;
	ua_dialog_request(ua, c, &r, "ACK");
	c->cseq--;
	r.cseq = wire_cseq(m);
	snprintf(r.type, sizeof(r.type), "application/sdp");
	snprintf(r.body, sizeof(r.body), "%s", body);
	ua_token(ua, branch, 28, "z9hG4bK");
	strbuf_init(&b, buf, sizeof(buf));
	ua_write_request(ua, &b, &r, branch, false);
	free(c->ack);
	c->ack = sim_alloc(b.n);
	c->ack_n = b.n;
	memcpy(c->ack, b.p, b.n);
	c->ack_cseq = r.cseq;
	c->ack_way = ua_way_to_uri(ua, slice_str(r.uri));
	ua_way_send(ua, &c->ack_way, strbuf_slice(&b));
}

bool ua_call_reack(struct ua *ua, struct ua_call *c, const struct wire_msg *m)
{
	if (!c->ack || c->ack_cseq != wire_cseq(m))
		return false;
	ua_way_send(ua, &c->ack_way, slice_of(c->ack, c->ack_n));
	return true;
}

/* A 2xx to INVITE: takes the answer, or answers the offer that came with it. */
static void on_accepted(struct ua *ua, struct ua_call *c, const struct wire_msg *m)
{
	char body[2048] = "";
	ua_dialog_learn(c, m);
	const bool was_offer = !c->offer_pending;
	c->offer_pending = false;
	if (ua_sdp_read(c, m->body) && was_offer)
		ua_sdp_write(ua, c, &NO_WISH, true, body, sizeof(body));
	send_ack(ua, c, m, body);
	c->state = UA_TALKING;
	c->code = m->code;
	if (c->cancelled)
		ua_bye(ua, c); /* the 200 was faster than the CANCEL */
}

/* --- Responses to what we asked. */

/* A reliable provisional response is acknowledged, and an offer in it answered (RFC 3262 §4, §5).
 */
static void send_prack(struct ua *ua, struct ua_call *c, const struct wire_msg *m, bool offered)
{
	struct ua_request_text r = {0};
	const struct slice rseq = wire_header(m, "RSeq", 0);
	ua_dialog_request(ua, c, &r, "PRACK");
	snprintf(r.headers, sizeof(r.headers), "RAck: %.*s %u INVITE\r\n", SLICE_ARG(rseq),
		 c->invite_cseq);
	if (offered) {
		snprintf(r.type, sizeof(r.type), "application/sdp");
		ua_sdp_write(ua, c, &NO_WISH, true, r.body, sizeof(r.body));
	}
	const struct ua_way way = ua_way_to_uri(ua, slice_str(r.uri));
	ua_txn_start(ua, c, &r, &way, NULL);
}

static void on_opening_response(struct ua *ua, struct ua_call *c, const struct wire_msg *m)
{
	if (m->code >= 300) {
		ua_call_end(ua, c, m->code);
	} else if (m->code >= 200) {
		on_accepted(ua, c, m);
	} else if (m->code > 100) {
		ua_dialog_learn(c, m);
		const bool sdp = ua_sdp_read(c, m->body);
		c->state = UA_EARLY;
		if (wire_header(m, "RSeq", 0).n)
			send_prack(ua, c, m, sdp && !c->offer_pending);
	}
}

static void on_reinvite_response(struct ua *ua, struct ua_call *c, const struct wire_msg *m)
{
	if (m->code < 200)
		return;
	c->reinviting = false;
	if (m->code < 300) {
		const enum ua_state state = c->state;
		on_accepted(ua, c, m);
		c->state = state;
		return;
	}
	c->code = m->code;
	c->offer_pending = false;
	if (m->code == 481 || m->code == 408)
		ua_call_end(ua, c, m->code);
}

void ua_call_on_response(struct ua *ua, struct ua_txn *t, const struct wire_msg *m)
{
	struct ua_call *c = t->call;
	const bool invite = strcmp(t->req.method, "INVITE") == 0;
	if (invite && (c->state == UA_CALLING || c->state == UA_EARLY))
		on_opening_response(ua, c, m);
	else if (invite)
		on_reinvite_response(ua, c, m);
	else if (m->code >= 200 && strcmp(t->req.method, "BYE") == 0)
		ua_call_end(ua, c, 0);
}

/* Nothing came: the INVITE failed, the BYE may as well be believed, the CANCEL leaves it to the
 * INVITE's fate. */
void ua_call_on_timeout(struct ua *ua, struct ua_txn *t)
{
	struct ua_call *c = t->call;
	const bool opening = c->state == UA_CALLING || c->state == UA_EARLY;
	if (strcmp(t->req.method, "INVITE") == 0 ||
	    (opening && strcmp(t->req.method, "CANCEL") == 0))
		ua_call_end(ua, c, 408);
	else if (strcmp(t->req.method, "BYE") == 0)
		ua_call_end(ua, c, 0);
}

/* --- Verbs. */

const char *ua_bye(struct ua *ua, struct ua_call *c)
{
	struct ua_request_text r = {0};
	if (c->state != UA_TALKING && c->state != UA_EARLY && c->state != UA_ACCEPTED)
		return "there is no call to hang up";
	ua_dialog_request(ua, c, &r, "BYE");
	c->state = UA_ENDING;
	free(c->ok);
	c->ok = NULL;
	const struct ua_way way = ua_way_to_uri(ua, slice_str(r.uri));
	ua_txn_start(ua, c, &r, &way, NULL);
	return NULL;
}

const char *ua_reinvite(struct ua *ua, struct ua_call *c, const struct ua_wish *wish)
{
	struct ua_request_text r = {0};
	if (c->state != UA_TALKING)
		return "there is no call to change";
	ua_dialog_request(ua, c, &r, "INVITE");
	snprintf(r.type, sizeof(r.type), "application/sdp");
	snprintf(r.headers, sizeof(r.headers), "%s", wish->headers ? wish->headers : "");
	ua_sdp_write(ua, c, wish, false, r.body, sizeof(r.body));
	c->offer_pending = !wish->no_sdp;
	c->invite_cseq = r.cseq;
	c->reinviting = true;
	c->code = 0;
	const struct ua_way way = ua_way_to_uri(ua, slice_str(r.uri));
	ua_txn_start(ua, c, &r, &way, NULL);
	return NULL;
}

const char *ua_refer(struct ua *ua, struct ua_call *c, const char *target, const char *headers)
{
	struct ua_request_text r = {0};
	const bool whole = strchr(target, ':') || target[0] == 0;
	if (c->state != UA_TALKING && c->state != UA_EARLY && c->state != UA_ACCEPTED)
		return "there is no dialog to send that in";
	ua_dialog_request(ua, c, &r, "REFER");
	r.contact = true;
	if (whole)
		snprintf(r.headers, sizeof(r.headers), "Refer-To: <%s>\r\n%s", target,
			 headers ? headers : "");
	else
		snprintf(r.headers, sizeof(r.headers), "Refer-To: <sip:%s@%s>\r\n%s", target,
			 ua->domain, headers ? headers : "");
	const struct ua_way way = ua_way_to_uri(ua, slice_str(r.uri));
	ua_txn_start(ua, c, &r, &way, NULL);
	return NULL;
}

const char *ua_request(struct ua *ua, struct ua_call *c, const char *method, const char *type,
		       const char *body)
{
	struct ua_request_text r = {0};
	if (c->state != UA_TALKING && c->state != UA_EARLY)
		return "there is no dialog to send that in";
	ua_dialog_request(ua, c, &r, method);
	snprintf(r.type, sizeof(r.type), "%s", type ? type : "");
	snprintf(r.body, sizeof(r.body), "%s", body ? body : "");
	const struct ua_way way = ua_way_to_uri(ua, slice_str(r.uri));
	ua_txn_start(ua, c, &r, &way, NULL);
	return NULL;
}

/* --- Requests of the far side. */

static void on_reinvite(struct ua *ua, struct ua_call *c, const struct wire_msg *m,
			const struct ua_way *way)
{
	char body[2048];
	const int refusal = c->reinviting ? 491 : ua->habits.reinvite_code;
	if (refusal) {
		ua->habits.reinvite_code = 0;
		ua_reply(ua, m, way, refusal, c->local_tag, NULL, NULL, NULL);
		return;
	}
	const bool has_offer = ua_sdp_read(c, m->body);
	const struct slice contact = wire_header(m, "Contact", 0);
	if (contact.n)
		ua_text(c->target, sizeof(c->target), wire_uri(contact));
	ua_sdp_write(ua, c, &NO_WISH, has_offer, body, sizeof(body));
	c->offer_pending = !has_offer;
	c->way = *way;
	ua_reply(ua, m, way, 200, c->local_tag, NULL, "application/sdp", body);
	ua_repeat_ok(ua, c, m);
}

static bool understood(struct slice method)
{
	return slice_eq(method, SLICE("INFO")) || slice_eq(method, SLICE("MESSAGE")) ||
	       slice_eq(method, SLICE("OPTIONS")) || slice_eq(method, SLICE("UPDATE")) ||
	       slice_eq(method, SLICE("PRACK")) || slice_eq(method, SLICE("NOTIFY"));
}

void ua_call_on_request(struct ua *ua, struct ua_call *c, const struct wire_msg *m,
			const struct ua_way *way)
{
	const bool over = c->state == UA_ENDED || c->state == UA_IDLE;
	if (slice_eq(m->method, SLICE("BYE"))) {
		ua_reply(ua, m, way, over ? 481 : 200, c->local_tag, NULL, NULL, NULL);
		if (!over)
			ua_call_end(ua, c, 0);
	} else if (over || c->state == UA_ENDING) {
		ua_reply(ua, m, way, 481, c->local_tag, NULL, NULL, NULL);
	} else if (slice_eq(m->method, SLICE("INVITE"))) {
		on_reinvite(ua, c, m, way);
	} else {
		ua_reply(ua, m, way, understood(m->method) ? 200 : 405, c->local_tag, NULL, NULL,
			 NULL);
	}
}
