/*
 * REFER within a call (RFC 3515): a subscriber's telephone sends the other party on, and is told by
 * NOTIFY how that goes (RFC 6665) until it hangs up. Only blind transfers: one that names a call of
 * its own to be replaced (RFC 3891) is refused.
 */
#include "b2bua/transfer_priv.h"

#include "sip/value.h"

#define TOLD_S 600 /* of the subscription: longer than anybody's phone rings */

/* --- what it asks */

static bool names_replaces(struct slice uri)
{
	size_t at = slice_find(uri, '?');
	for (struct slice rest = slice_from(uri, at < uri.n ? at + 1 : at); rest.n;) {
		struct slice header = slice_cut(&rest, '&');
		if (slice_ieq(slice_cut(&header, '='), SLICE("Replaces")))
			return true;
	}
	return false;
}

/* The target's digits as they were dialled. False: *ret_refusal. */
static bool read_target(struct shard *s, const struct sip_msg *msg, char *ret_user, size_t bytes,
			struct refusal *ret_refusal)
{
	struct sip_nameaddr na;
	struct slice value = sip_msg_value(msg, SIP_HDR_REFER_TO), method;
	if (value.n == 0 || sip_nameaddr_parse(value, &na) != 0 || na.star) {
		*ret_refusal = (struct refusal){400, 0, "Refer-To is missing or cannot be read"};
		return false;
	}
	if (na.uri.scheme == SIP_SCHEME_OTHER) {
		*ret_refusal =
			(struct refusal){416, 0, "Refer-To has to be a sip: or tel: address"};
		return false;
	}
	if (names_replaces(value)) {
		*ret_refusal = (struct refusal){
			501, 0, "Transfer with consultation (Replaces) is not offered"};
		return false;
	}
	if (sip_param(na.uri.params, SLICE("method"), &method) &&
	    !slice_ieq(method, SLICE("INVITE"))) {
		*ret_refusal = (struct refusal){501, 0, "Only calls (INVITE) are transferred"};
		return false;
	}
	if ((na.uri.scheme != SIP_SCHEME_TEL && !host_is_ours(s, na.uri.host)) ||
	    sip_unescape(na.uri.user, ret_user, bytes) != 0) {
		*ret_refusal = (struct refusal){404, CAUSE_UNALLOCATED, NULL};
		return false;
	}
	return true;
}

/* Nobody's offer or other transfer is in the way. */
static bool is_free(struct shard *s, const struct call *c, const struct leg *l)
{
	const struct leg *a = leg_of(s, c->leg_a), *b = branch_leg(s, c, c->winner);
	return c->state == CALL_ANSWERED && !c->transfer && a && b && a->state == LEG_ANSWERED &&
	       b->state == LEG_ANSWERED && a->acked && b->acked && !id_is(a->reinvite) &&
	       !id_is(b->reinvite) && (l == a || l == b);
}

static void refuse(struct shard *s, struct call *c, struct leg *l, struct id server,
		   const struct refusal *r)
{
	const struct call_cause_info *info = call_cause_info(r->cause);
	struct strbuf b = scratch_buf(s, 1024);
	if (r->cause != CAUSE_NORMAL)
		sip_build_reason_q850(&b, info->q850, slice_str(info->text));
	sip_build_warning(&b, domain_of(s), slice_str(r->text ? r->text : info->text));
	if (r->code == 503)
		sip_build_number(&b, SIP_HDR_RETRY_AFTER, RETRY_AFTER_S);
	leg_respond(s, l, server, r->code, strbuf_slice(&b), SLICE_NONE, SLICE_NONE);
	struct event e = event_of(s, EVENT_CALL_NOT_TRANSFERRED, c);
	event_add_number(&e, EVENT_KEY_CODE, r->code);
	event_add_text(&e, EVENT_KEY_REASON, slice_str(r->cause ? info->word : ""));
	event_add_text(&e, EVENT_KEY_DETAIL, slice_str(r->text ? r->text : info->text));
	event_send(s, &e);
}

static bool takes(struct shard *s, struct call *c, struct leg *l, const struct sip_msg *msg,
		  struct refusal *ret_refusal)
{
	char user[256];
	if (!is_free(s, c, l)) {
		*ret_refusal = (struct refusal){
			491, 0, "The call is being set up, changed or transferred; try again"};
		return false;
	}
	return read_target(s, msg, user, sizeof(user), ret_refusal) &&
	       transfer_start(s, c, l, slice_str(user), ret_refusal);
}

/* RFC 4488: the telephone may do without being told. */
static void take_on(struct shard *s, struct call *c, struct leg *l, struct id server,
		    const struct sip_msg *msg)
{
	struct strbuf b = scratch_buf(s, 256);
	c->referrer = l->id;
	c->refer_cseq = msg->cseq.number;
	c->refer_told = !slice_ieq(sip_msg_value(msg, SIP_HDR_REFER_SUB), SLICE("false"));
	if (l->refers < UINT8_MAX)
		l->refers++;
	if (!c->refer_told)
		sip_build_header(&b, SIP_HDR_REFER_SUB, SLICE("false"));
	leg_respond(s, l, server, 202, strbuf_slice(&b), SLICE_NONE, SLICE_NONE);
	refer_notify(s, c, 100);
	transfer_go(s, c, l->branch == LEG_IS_CALLER ? CALL_CALLER : CALL_CALLEE);
}

void refer_receive(struct shard *s, struct call *c, struct leg *l, struct id server,
		   const struct sip_msg *msg)
{
	struct refusal r;
	if (takes(s, c, l, msg, &r))
		take_on(s, c, l, server, msg);
	else
		refuse(s, c, l, server, &r);
}

/* --- what it is told */

void refer_notify(struct shard *s, struct call *c, int code)
{
	struct leg *l = leg_of(s, c->referrer);
	struct id client;
	if (l == NULL || l->state != LEG_ANSWERED || !c->refer_told)
		return;
	struct strbuf more = scratch_buf(s, 256), body = scratch_buf(s, 128);
	if (l->refers > 1) /* which one of them (RFC 3515 §2.4.6) */
		sip_build_header_fmt(&more, SIP_HDR_EVENT, "refer;id=%u", c->refer_cseq);
	else
		sip_build_header(&more, SIP_HDR_EVENT, SLICE("refer"));
	if (code < 200)
		sip_build_header_fmt(&more, SIP_HDR_SUBSCRIPTION_STATE, "active;expires=%d",
				     TOLD_S);
	else
		sip_build_header(&more, SIP_HDR_SUBSCRIPTION_STATE,
				 SLICE("terminated;reason=noresource"));
	strbuf_fmt(&body, "SIP/2.0 %d %.*s\r\n", code, SLICE_ARG(sip_reason_phrase(code)));
	struct leg_request r = {
		.method = SIP_NOTIFY,
		.cseq = dialog_next_cseq(&l->dialog),
		.user = user_of(USER_EXCHANGE, ID_NONE), /* whether it listens is its own affair */
		.headers = strbuf_slice(&more),
		.content_type = SLICE("message/sipfrag;version=2.0"),
		.body = strbuf_slice(&body),
	};
	(void)leg_send_request(s, l, &r, &client);
}
