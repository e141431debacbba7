#include "core/core.h"

#include "sip/value.h"

const char reply_allow[] =
	"INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, MESSAGE, PRACK, UPDATE, "
	"REFER";

void scratch_reset(struct shard *s)
{
	arena_reset(&s->scratch);
	s->sdp_text = SLICE_NONE;
	s->sdp = NULL;
}

struct strbuf scratch_buf(struct shard *s, size_t n)
{
	struct strbuf b;
	char *p = arena_take(&s->scratch, n);
	strbuf_init(&b, p, p ? n : 0);
	b.failed = p == NULL;
	return b;
}

void header_reason(struct strbuf *b, const struct shard *s, enum call_cause cause)
{
	const struct call_cause_info *info = call_cause_info(cause);
	sip_build_reason_q850(b, info->q850, slice_str(info->text));
	sip_build_warning(b, domain_of(s), slice_str(info->text));
}

void header_contact(struct strbuf *b, struct slice user, const struct flow *flow)
{
	char host[ADDR_TEXT_BYTES];
	strbuf_add(b, SLICE("Contact: <sip:"));
	strbuf_add(b, user);
	strbuf_char(b, '@');
	strbuf_str(b, addr_text(&flow->local, host));
	if (flow->transport != SIP_UDP) {
		strbuf_add(b, SLICE(";transport="));
		strbuf_add(b, sip_transport_param_name(flow->transport));
	}
	strbuf_add(b, SLICE(">\r\n"));
}

void reply(struct shard *s, struct id server, int code, struct slice headers)
{
	const struct flow *flow = txn_flow_of(s->txns, server);
	struct strbuf all = scratch_buf(s, headers.n + 128);
	sip_build_header(&all, SIP_HDR_SERVER, slice_str(s->config->server_name));
	strbuf_add(&all, headers);
	if (flow == NULL)
		return;
	struct addr source = flow->remote;
	char tag[TOKEN_CHARS + 1];
	token_make(s, token_anonymous(s), tag);
	struct sip_reply r = {
		.code = code,
		.to_tag = code > 100 ? slice_str(tag) : SLICE_NONE,
		.source = &source,
		.headers = strbuf_slice(&all),
	};
	txn_respond(s->txns, server, &r, now_of(s));
}

void reply_text(struct shard *s, struct id server, int code, const char *text)
{
	struct strbuf b = scratch_buf(s, 512);
	sip_build_warning(&b, domain_of(s), slice_str(text));
	reply(s, server, code, strbuf_slice(&b));
}

void reply_allowed(struct shard *s, struct id server, int code, const char *text)
{
	struct strbuf b = scratch_buf(s, 512);
	sip_build_header(&b, SIP_HDR_ALLOW, slice_str(reply_allow));
	sip_build_warning(&b, domain_of(s), slice_str(text));
	reply(s, server, code, strbuf_slice(&b));
}

void reply_stateless(struct shard *s, const struct sip_msg *msg, const struct flow *flow, int code,
		     const char *text, bool retry_later)
{
	if (!msg->is_request || msg->method == SIP_ACK)
		return;
	char tag[TOKEN_CHARS + 1];
	token_make(s, token_anonymous(s), tag);
	struct strbuf more = scratch_buf(s, 512);
	sip_build_header(&more, SIP_HDR_SERVER, slice_str(s->config->server_name));
	sip_build_warning(&more, domain_of(s), slice_str(text));
	if (retry_later)
		sip_build_number(&more, SIP_HDR_RETRY_AFTER, RETRY_AFTER_S);
	struct sip_reply r = {
		.code = code,
		.to_tag = slice_str(tag),
		.source = &flow->remote,
		.headers = strbuf_slice(&more),
	};
	struct strbuf b;
	strbuf_init(&b, s->out, OUT_BYTES);
	sip_build_reply(&b, msg, &r);
	if (!b.failed && !more.failed)
		send_message(s, flow, strbuf_slice(&b));
}
