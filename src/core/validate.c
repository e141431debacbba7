/* The checks of RFC 3261 §8.2 that every new request passes, in that order: method, URI, Require,
 * content. */
#include "core/core.h"

#include "sip/value.h"

bool host_is_ours(const struct shard *s, struct slice host)
{
	if (slice_ieq(host, domain_of(s)))
		return true;
	struct addr a;
	if (addr_parse_ip(host, &a) != 0)
		return slice_ieq(host, SLICE("localhost"));
	for (uint32_t i = 0; i < s->p.listener_count; i++) {
		struct addr own = transport_listener_addr(s->transport, i);
		if (addr_ip_eq(&a, &own))
			return true;
	}
	return false;
}

/*
 * 489 goes without Allow-Events: it must name a package (RFC 6665 §8.4), and there is none; an
 * empty one would be a broken response to phones that read it closely. Allow says the same.
 */
static bool method_known(struct shard *s, struct id server, const struct sip_msg *msg)
{
	switch (msg->method) {
	case SIP_METHOD_OTHER:
		reply_allowed(s, server, 501, "This method is not known here");
		return false;
	case SIP_PUBLISH:
		reply_allowed(s, server, 405, "This method is not offered here");
		return false;
	case SIP_REFER:
		if (msg->to_tag.n)
			return true;
		reply_allowed(s, server, 403, "REFER is taken within a call only");
		return false;
	case SIP_SUBSCRIBE:
	case SIP_NOTIFY:
		reply_allowed(s, server, 489, "No event package is offered here");
		return false;
	default:
		return true;
	}
}

/* What Require may ask for, by method. */
static bool extension_known(const struct shard *s, const struct sip_msg *msg, struct slice token)
{
	switch (msg->method) {
	case SIP_REGISTER:
		return slice_ieq(token, SLICE("outbound"));
	case SIP_INVITE:
		if (slice_ieq(token, SLICE("100rel")))
			return true;
		/* fall through */
	case SIP_UPDATE:
		return s->config->session_expires_s && slice_ieq(token, SLICE("timer"));
	default:
		return false;
	}
}

/* Who asks for privacy wants whoever is on the way to provide it (RFC 3323 §4.3): that is what a
 * call through here does with a withheld number. */
static bool proxy_extension_known(const struct sip_msg *msg, struct slice token)
{
	return msg->method == SIP_INVITE && slice_ieq(token, SLICE("privacy"));
}

static bool extensions_known(struct shard *s, struct id server, const struct sip_msg *msg)
{
	struct strbuf b = scratch_buf(s, 512);
	struct slice token;
	bool any = false;
	static const enum sip_header_kind kinds[] = {SIP_HDR_REQUIRE, SIP_HDR_PROXY_REQUIRE};
	for (size_t i = 0; i < 2; i++) {
		struct sip_values it = sip_msg_values(msg, kinds[i]);
		while (sip_values_next(&it, &token)) {
			if (kinds[i] == SIP_HDR_REQUIRE ? extension_known(s, msg, token)
							: proxy_extension_known(msg, token))
				continue;
			sip_build_header(&b, SIP_HDR_UNSUPPORTED, token);
			any = true;
		}
	}
	if (!any)
		return true;
	if (b.failed)
		reply_text(s, server, 420, "Too many extensions are required");
	else
		reply(s, server, 420, strbuf_slice(&b));
	return false;
}

static bool is_type(struct slice value, struct slice type)
{
	return slice_ieq(slice_trim(slice_first(value, slice_find(value, ';'))), type);
}

static bool content_known(struct shard *s, struct id server, const struct sip_msg *msg)
{
	struct strbuf b = scratch_buf(s, 256);
	struct slice type = sip_msg_value(msg, SIP_HDR_CONTENT_TYPE);
	struct slice coding = sip_msg_value(msg, SIP_HDR_CONTENT_ENCODING);
	if (msg->body.n == 0 || (msg->method != SIP_INVITE && msg->method != SIP_UPDATE))
		return true;
	if (coding.n && !slice_ieq(coding, SLICE("identity"))) {
		sip_build_header(&b, SIP_HDR_ACCEPT_ENCODING, SLICE("identity"));
		reply(s, server, 415, strbuf_slice(&b));
		return false;
	}
	if (is_type(type, SLICE("application/sdp")))
		return true;
	sip_build_header(&b, SIP_HDR_ACCEPT, SLICE("application/sdp"));
	reply(s, server, 415, strbuf_slice(&b));
	return false;
}

static bool takes_sdp(struct slice accepted)
{
	return is_type(accepted, SLICE("application/sdp")) ||
	       is_type(accepted, SLICE("application/*")) || is_type(accepted, SLICE("*/*"));
}

/* Who could not read our session description need not be called (RFC 3261 §20.1: an empty Accept
 * takes nothing). */
static bool answer_wanted(struct shard *s, struct id server, const struct sip_msg *msg)
{
	struct sip_values it = sip_msg_values(msg, SIP_HDR_ACCEPT);
	struct slice accepted;
	if (msg->method != SIP_INVITE || !sip_msg_value(msg, SIP_HDR_ACCEPT).p)
		return true;
	while (sip_values_next(&it, &accepted)) {
		if (takes_sdp(accepted))
			return true;
	}
	reply_text(s, server, 406, "The answer would be application/sdp, which is not accepted");
	return false;
}

static bool uri_known(struct shard *s, struct id server, const struct sip_msg *msg)
{
	enum sip_scheme scheme = msg->uri.scheme;
	if (scheme != SIP_SCHEME_OTHER)
		return true;
	reply_text(s, server, 416, "Only sip:, sips: and tel: addresses are understood");
	return false;
}

static bool hops_left(struct shard *s, struct id server, const struct sip_msg *msg)
{
	uint32_t hops;
	if (msg->method != SIP_INVITE ||
	    sip_msg_number(msg, SIP_HDR_MAX_FORWARDS, 255, &hops) != 0 || hops > 0)
		return true;
	struct strbuf b = scratch_buf(s, 512);
	header_reason(&b, s, CAUSE_LOOP);
	reply(s, server, 483, strbuf_slice(&b));
	return false;
}

bool validate_request(struct shard *s, struct id server, const struct sip_msg *msg)
{
	return method_known(s, server, msg) && uri_known(s, server, msg) &&
	       hops_left(s, server, msg) && extensions_known(s, server, msg) &&
	       content_known(s, server, msg) && answer_wanted(s, server, msg);
}
