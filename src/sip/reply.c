/* Messages made from another message: the response to a request, ACK and CANCEL of an INVITE. */
#include "sip/build.h"
#include "sip/sip_priv.h"

#define MAX_FORWARDS "70" /* RFC 3261 §8.1.1.6 */

/* Header values that a message has once; of a faulty request that has several, the first. */
static void first_copy(struct strbuf *b, const struct sip_msg *msg, enum sip_header_kind kind)
{
	const struct sip_header *h = sip_msg_header(msg, kind);

	if (h)
		sip_build_header(b, kind, h->value);
}

/* Is sent-by another host than the packet came from? A name always is (RFC 3261 §18.2.1). */
static bool sent_from_elsewhere(const struct sip_via *via, const struct addr *source)
{
	struct addr said;

	return addr_parse_ip(via->host, &said) || !addr_ip_eq(&said, source);
}

/* One parameter of the top Via: received and rport are ours to tell (RFC 3581 §4). */
static void via_param_write(struct strbuf *b, struct slice param, const struct addr *source)
{
	struct slice name, value;

	sip_param_split(param, &name, &value);
	if (slice_ieq(name, SLICE("received")))
		return;
	strbuf_char(b, ';');
	if (!slice_ieq(name, SLICE("rport"))) {
		sip_build_clean(b, param);
		return;
	}
	strbuf_add(b, SLICE("rport="));
	strbuf_u64(b, source->port);
}

static void top_via_write(struct strbuf *b, const struct sip_via *via, const struct addr *source)
{
	const char *sent_by_end = via->params.p ? via->params.p - 1 : via->text.p + via->text.n;
	struct slice rest = via->params;
	char text[ADDR_TEXT_BYTES];

	sip_build_clean(b, slice_of(via->text.p, (size_t)(sent_by_end - via->text.p)));
	while (rest.n) {
		struct slice param = sip_param_cut(&rest);
		if (param.n)
			via_param_write(b, param, source);
	}
	if (via->rport_asked || via->rport || sent_from_elsewhere(via, source)) {
		strbuf_add(b, SLICE(";received="));
		strbuf_str(b, addr_ip_text(source, text));
	}
}

/* All Vias in order; the top one says where the request really came from. */
static void vias_write(struct strbuf *b, const struct sip_msg *req, const struct addr *source)
{
	const struct sip_header *top = sip_msg_header(req, SIP_HDR_VIA);
	const struct sip_via *via = &req->via;

	if (!top || !via->text.p || !source) {
		sip_build_copy(b, req, SIP_HDR_VIA);
		return;
	}
	const char *via_end = via->text.p + via->text.n;
	strbuf_add(b, SLICE("Via: "));
	top_via_write(b, via, source);
	sip_build_clean(b, slice_of(via_end, (size_t)(top->value.p + top->value.n - via_end)));
	strbuf_add(b, SLICE("\r\n"));
	for (uint32_t i = (uint32_t)req->first[SIP_HDR_VIA] + 1; i < req->header_count; i++) {
		if (req->headers[i].kind == SIP_HDR_VIA)
			sip_build_header(b, SIP_HDR_VIA, req->headers[i].value);
	}
}

static void to_write(struct strbuf *b, const struct sip_msg *req, struct slice tag)
{
	const struct sip_header *to = sip_msg_header(req, SIP_HDR_TO);

	if (to)
		sip_build_party(b, SIP_HDR_TO, to->value, req->to_tag.p ? SLICE_NONE : tag);
}

void sip_build_reply(struct strbuf *b, const struct sip_msg *req, const struct sip_reply *reply)
{
	sip_build_status_line(b, reply->code, reply->phrase);
	vias_write(b, req, reply->source);
	if (reply->record_route)
		sip_build_copy(b, req, SIP_HDR_RECORD_ROUTE);
	first_copy(b, req, SIP_HDR_FROM);
	to_write(b, req, reply->to_tag);
	first_copy(b, req, SIP_HDR_CALL_ID);
	first_copy(b, req, SIP_HDR_CSEQ);
	if (reply->code == 100)
		first_copy(b, req, SIP_HDR_TIMESTAMP);
	strbuf_add(b, reply->headers);
	sip_build_body(b, reply->content_type, reply->body);
}

/* What ACK and CANCEL share: all of it the INVITE's, but for the method and the To. */
static void hop_request_write(struct strbuf *b, const struct sip_msg *invite, struct slice method,
			      struct slice to)
{
	sip_build_request_line(b, method, invite->uri_text);
	sip_build_header(b, SIP_HDR_VIA, invite->via.text);
	sip_build_copy(b, invite, SIP_HDR_ROUTE);
	sip_build_header(b, SIP_HDR_MAX_FORWARDS, SLICE(MAX_FORWARDS));
	first_copy(b, invite, SIP_HDR_FROM);
	sip_build_header(b, SIP_HDR_TO, to);
	first_copy(b, invite, SIP_HDR_CALL_ID);
	sip_build_cseq(b, invite->cseq.number, method);
}

void sip_build_ack(struct strbuf *b, const struct sip_msg *invite, const struct sip_msg *response)
{
	hop_request_write(b, invite, SLICE("ACK"), sip_msg_value(response, SIP_HDR_TO));
	sip_build_body(b, SLICE_NONE, SLICE_NONE);
}

void sip_build_cancel(struct strbuf *b, const struct sip_msg *invite, struct slice reason_value)
{
	hop_request_write(b, invite, SLICE("CANCEL"), sip_msg_value(invite, SIP_HDR_TO));
	if (reason_value.n)
		sip_build_header(b, SIP_HDR_REASON, reason_value);
	sip_build_body(b, SLICE_NONE, SLICE_NONE);
}
