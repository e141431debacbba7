/* Who is it? Digest over the stateless nonce (RFC 3261 §22, RFC 7616, RFC 8760). */
#include "core/core.h"

#include "sip/value.h"

#define REASON_TEXT "The account or its password is not right"

static bool is_register(const struct sip_msg *msg)
{
	return msg->method == SIP_REGISTER;
}

static void record(struct shard *s, enum event_type type, const struct sip_msg *msg,
		   const struct flow *flow, struct slice account, const char *why)
{
	char remote[ADDR_TEXT_BYTES];
	struct event e = event_of(s, type, NULL);
	e.number = account;
	event_add_text(&e, EVENT_KEY_METHOD, msg->method_text);
	event_add_text(&e, EVENT_KEY_REMOTE, slice_str(addr_text(&flow->remote, remote)));
	event_add_text(&e, EVENT_KEY_TRANSPORT, sip_transport_param_name(flow->transport));
	event_add_text(&e, EVENT_KEY_USER_AGENT, sip_msg_value(msg, SIP_HDR_USER_AGENT));
	event_add_text(&e, EVENT_KEY_CALL_ID, msg->call_id);
	event_add_text(&e, EVENT_KEY_REASON, slice_str(why));
	event_send(s, &e);
}

static void challenge_add(struct shard *s, struct strbuf *b, enum sip_header_kind kind,
			  const char *nonce, enum digest_algorithm algorithm, bool stale)
{
	struct strbuf value = scratch_buf(s, 400);
	digest_challenge_write(&value, domain_of(s), slice_str(nonce), algorithm, stale);
	sip_build_header(b, kind, strbuf_slice(&value));
}

static void challenge(struct shard *s, struct id server, const struct sip_msg *msg, bool stale)
{
	bool www = is_register(msg);
	enum sip_header_kind kind = www ? SIP_HDR_WWW_AUTHENTICATE : SIP_HDR_PROXY_AUTHENTICATE;
	char nonce[DIGEST_NONCE_CHARS + 1];
	digest_nonce_make(&s->p.nonce_key, io_wall_ms(s->p.io), rng_u64(&s->rng), nonce);
	struct strbuf b = scratch_buf(s, 1024);
	/* The strongest first (RFC 8760 §2.4). */
	if (s->config->digest_offer != DIGEST_OFFER_MD5)
		challenge_add(s, &b, kind, nonce, DIGEST_SHA256, stale);
	if (s->config->digest_offer != DIGEST_OFFER_SHA256)
		challenge_add(s, &b, kind, nonce, DIGEST_MD5, stale);
	reply(s, server, www ? 401 : 407, strbuf_slice(&b));
}

static void deny(struct shard *s, struct id server, const struct sip_msg *msg,
		 const struct flow *flow, struct slice account, const char *why)
{
	record(s, is_register(msg) ? EVENT_REGISTER_REJECTED : EVENT_CALL_REFUSED, msg, flow,
	       account, why);
	/* One text for all: a stranger must not learn which accounts exist. */
	reply_text(s, server, 403, REASON_TEXT);
}

/* The credentials for our realm; others (of proxies on the way) are passed over. */
static bool find_credentials(const struct shard *s, const struct sip_msg *msg,
			     struct digest_credentials *ret_cred)
{
	enum sip_header_kind kind =
		is_register(msg) ? SIP_HDR_AUTHORIZATION : SIP_HDR_PROXY_AUTHORIZATION;
	for (uint32_t i = 0; i < msg->header_count; i++) {
		if (msg->headers[i].kind != kind && msg->headers[i].kind != SIP_HDR_AUTHORIZATION)
			continue;
		if (digest_credentials_parse(msg->headers[i].value, ret_cred) == 0 &&
		    slice_eq(ret_cred->realm, domain_of(s)))
			return true;
	}
	return false;
}

/* Without qop there is no counter against replay; then the response must at least be for this very
 * URI. */
static bool uri_fits(const struct digest_credentials *cred, const struct sip_msg *msg)
{
	struct sip_uri a, b = msg->uri;
	if (cred->has_qop || slice_eq(cred->uri, msg->uri_text))
		return true;
	return sip_uri_parse(cred->uri, &a) == 0 && sip_uri_equal(&a, &b);
}

enum auth_result auth_check(struct shard *s, struct id server, const struct sip_msg *msg,
			    const struct flow *flow, struct directory_number *ret_who,
			    int64_t *ret_asked_ms)
{
	struct digest_credentials cred;
	enum event_type asked =
		is_register(msg) ? EVENT_REGISTER_CHALLENGED : EVENT_CALL_CHALLENGED;
	if (!find_credentials(s, msg, &cred)) {
		record(s, asked, msg, flow, msg->from.uri.user, "no credentials");
		challenge(s, server, msg, false);
		return AUTH_CHALLENGED;
	}
	if (digest_nonce_check(&s->p.nonce_key, cred.nonce, io_wall_ms(s->p.io),
			       (int64_t)s->config->nonce_life_s * 1000,
			       ret_asked_ms) != DIGEST_NONCE_GOOD) {
		record(s, asked, msg, flow, cred.username, "nonce too old");
		challenge(s, server, msg, true);
		return AUTH_CHALLENGED;
	}
	char user[STORE_ACCOUNT_BYTES];
	if (sip_unescape(cred.username, user, sizeof(user)) != 0 ||
	    directory_by_account(s->p.directory, slice_str(user), ret_who) != 0) {
		deny(s, server, msg, flow, cred.username, "unknown account");
		return AUTH_DENIED;
	}
	if (!slice_eq(slice_str(ret_who->realm), domain_of(s)) || !uri_fits(&cred, msg) ||
	    !digest_verify(&cred, &ret_who->ha1, msg->method_text)) {
		deny(s, server, msg, flow, cred.username, "wrong password");
		return AUTH_DENIED;
	}
	if (cred.has_qop && !directory_nonce_use(s->p.directory, cred.nonce, cred.nc)) {
		record(s, asked, msg, flow, cred.username, "nonce count used before");
		challenge(s, server, msg, true);
		return AUTH_CHALLENGED;
	}
	return AUTH_OK;
}

enum auth_result auth_caller(struct shard *s, struct id server, const struct sip_msg *msg,
			     const struct flow *flow, struct directory_number *ret_who)
{
	if (!trusted_source(s, flow))
		return auth_check(s, server, msg, flow, ret_who, NULL);
	if (trusted_identity(s, msg, ret_who))
		return AUTH_OK;
	record(s, EVENT_CALL_REFUSED, msg, flow, msg->from.uri.user,
	       "a trusted source names no number of ours");
	reply_text(s, server, 403,
		   "Neither P-Asserted-Identity nor From is a number of this server");
	return AUTH_DENIED;
}

bool auth_challenge_of(const struct sip_msg *msg, struct digest_challenge *ret_challenge)
{
	enum sip_header_kind kind =
		msg->code == 407 ? SIP_HDR_PROXY_AUTHENTICATE : SIP_HDR_WWW_AUTHENTICATE;
	for (uint32_t i = 0; i < msg->header_count; i++) {
		if (msg->headers[i].kind != kind ||
		    digest_challenge_parse(msg->headers[i].value, ret_challenge) != 0)
			continue;
		ret_challenge->proxy = msg->code == 407;
		return true;
	}
	return false;
}
