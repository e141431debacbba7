/* A REGISTER's headers into a struct reg_request. */
#include "base/err.h"
#include "reg/reg_priv.h"
#include "sip/value.h"

#define EXPIRES_MALFORMED_S 3600 /* RFC 3261 §20.10 */
#define REG_ID_MAX	    INT32_MAX

static int refuse(struct sip_fault *ret_fault, int code, const char *text)
{
	*ret_fault = (struct sip_fault){.code = code, .text = text};
	return ERR_INVALID;
}

/* Seconds; what is above 2^32-1 is cut to it, what is no number is 3600. */
static uint32_t seconds_of(struct slice text)
{
	uint64_t v = 0;
	int r = slice_u64(text, UINT32_MAX, &v);

	return r == 0 ? (uint32_t)v : r == ERR_LIMIT ? UINT32_MAX : EXPIRES_MALFORMED_S;
}

/* qvalue of RFC 3261 §25.1: "0", "0.5", "1.000"; further digits are cut off. */
static int q_parse(struct slice text, uint16_t *ret_thousandths)
{
	uint32_t v = 0, digits = 0;
	size_t dot = slice_find(text, '.');

	if (dot > 1 || (dot == 1 && text.p[0] != '0' && text.p[0] != '1') || text.n == 0)
		return ERR_SYNTAX;
	if (dot == 1)
		v = (uint32_t)(text.p[0] - '0') * 1000;
	for (size_t i = dot + 1; i < text.n; i++) {
		static const uint32_t weights[] = {100, 10, 1};

		if (text.p[i] < '0' || text.p[i] > '9')
			return ERR_SYNTAX;
		if (digits < 3)
			v += (uint32_t)(text.p[i] - '0') * weights[digits++];
	}
	if (v > 1000)
		return ERR_SYNTAX;
	*ret_thousandths = (uint16_t)v;
	return 0;
}

/* RFC 5626 §6: without an instance, or to a phone that does not ask for outbound, reg-id means
 * nothing. */
static uint32_t reg_id_of(const struct sip_nameaddr *na, struct slice instance, bool outbound)
{
	struct slice text;
	uint64_t v;

	if (!outbound || !instance.n || !sip_param(na->params, SLICE("reg-id"), &text) ||
	    slice_u64(text, REG_ID_MAX, &v) != 0)
		return 0;
	return (uint32_t)v;
}

static int check_uri(const struct sip_nameaddr *na, struct sip_fault *ret_fault)
{
	if (na->uri.scheme != SIP_SCHEME_SIP && na->uri.scheme != SIP_SCHEME_SIPS)
		return refuse(ret_fault, 416, "A Contact must be a sip: or sips: URI");
	if (na->uri_text.n >= REG_CONTACT_BYTES)
		return refuse(ret_fault, 400, "A Contact is too long");
	return 0;
}

struct defaults {
	uint32_t expires_s; /* of the Expires header, or the registrar's */
	bool outbound;
	const struct reg_limits *limits;
};

/* RFC 3261 §10.2.1.1, §10.3 step 7: the contact's own expires, else the header's, else the default.
 */
static int expires_of(const struct sip_nameaddr *na, const struct defaults *defaults,
		      uint32_t *ret_s, struct sip_fault *ret_fault)
{
	struct slice text;
	uint32_t s = defaults->expires_s;

	if (sip_param(na->params, SLICE("expires"), &text))
		s = seconds_of(text);
	if (s > 0 && s < defaults->limits->expires_min_s)
		return refuse(ret_fault, 423, "The registration is too brief");
	*ret_s = s < defaults->limits->expires_max_s ? s : defaults->limits->expires_max_s;
	return 0;
}

static int contact_parse(const struct sip_nameaddr *na, const struct defaults *defaults,
			 struct reg_contact *c, struct sip_fault *ret_fault)
{
	struct slice text;
	int r = check_uri(na, ret_fault);

	if (r != 0)
		return r;
	*c = (struct reg_contact){.uri_text = na->uri_text, .uri = na->uri, .q_thousandths = 1000};
	if (sip_param(na->params, SLICE("+sip.instance"), &text))
		c->instance = text;
	if (c->instance.n >= REG_INSTANCE_BYTES)
		return refuse(ret_fault, 400, "The instance of a Contact is too long");
	if (sip_param(na->params, SLICE("q"), &text) && q_parse(text, &c->q_thousandths) != 0)
		return refuse(ret_fault, 400, "The q of a Contact must be between 0 and 1");
	c->reg_id = reg_id_of(na, c->instance, defaults->outbound);
	return expires_of(na, defaults, &c->expires_s, ret_fault);
}

/* RFC 3261 §10.3 step 6: alone, and with Expires: 0. */
static int star_parse(const struct sip_msg *msg, struct reg_request *rq,
		      struct sip_fault *ret_fault)
{
	struct slice expires = sip_msg_value(msg, SIP_HDR_EXPIRES);
	struct sip_values it = sip_msg_values(msg, SIP_HDR_CONTACT);
	struct slice value;
	uint32_t count = 0;

	while (sip_values_next(&it, &value))
		count++;
	if (count != 1)
		return refuse(ret_fault, 400, "Contact: * must stand alone");
	if (!expires.p || seconds_of(expires) != 0)
		return refuse(ret_fault, 400, "Contact: * needs Expires: 0");
	rq->star = true;
	return 0;
}

static int contacts_parse(const struct sip_msg *msg, const struct defaults *defaults,
			  struct reg_request *rq, struct sip_fault *ret_fault)
{
	struct sip_values it = sip_msg_values(msg, SIP_HDR_CONTACT);
	struct slice value;

	while (sip_values_next(&it, &value)) {
		struct sip_nameaddr na;
		int r;

		if (sip_nameaddr_parse(value, &na) != 0)
			return refuse(ret_fault, 400, "A Contact cannot be understood");
		if (na.star)
			return star_parse(msg, rq, ret_fault);
		if (rq->contact_count == REG_CONTACTS_MAX)
			return refuse(ret_fault, 413, "Too many Contacts in one REGISTER");
		r = contact_parse(&na, defaults, &rq->contacts[rq->contact_count++], ret_fault);
		if (r != 0)
			return r;
	}
	return 0;
}

/* RFC 5626 §4.2.1: a phone registers one flow at a time. */
static int check_flows(const struct reg_request *rq, struct sip_fault *ret_fault)
{
	uint32_t live = 0;
	bool flows = false;

	for (uint32_t i = 0; i < rq->contact_count; i++) {
		if (rq->contacts[i].expires_s == 0)
			continue;
		live++;
		flows |= rq->contacts[i].reg_id != 0;
	}
	return flows && live > 1
		       ? refuse(ret_fault, 400,
				"Only one Contact with reg-id may be registered at a time")
		       : 0;
}

/* RFC 3327: all Path values in order. Several lines are joined in the request's own memory; one is
 * used where it is. */
static int path_parse(const struct sip_msg *msg, struct reg_request *rq,
		      struct sip_fault *ret_fault)
{
	size_t n = 0;
	uint32_t lines = 0;

	for (uint32_t i = 0; i < msg->header_count; i++) {
		struct slice value = msg->headers[i].value;

		if (msg->headers[i].kind != SIP_HDR_PATH)
			continue;
		if (n + value.n + 2 >= REG_PATH_BYTES)
			return refuse(ret_fault, 400, "Path is too long");
		if (lines++)
			rq->path_text[n++] = ',';
		memcpy(rq->path_text + n, value.p, value.n);
		n += value.n;
		rq->path = value;
	}
	if (lines > 1)
		rq->path = slice_of(rq->path_text, n);
	return 0;
}

/* Whole characters only. */
static struct slice user_agent_of(const struct sip_msg *msg)
{
	struct slice s =
		slice_first(sip_msg_value(msg, SIP_HDR_USER_AGENT), REG_USER_AGENT_BYTES - 1);

	for (int i = 0; i < 3 && !slice_is_utf8(s) && s.n; i++)
		s.n--;
	return s;
}

int reg_request_parse(const struct sip_msg *msg, const struct flow *flow, int64_t now_ms,
		      const struct reg_limits *limits, struct reg_request *ret_request,
		      struct sip_fault *ret_fault)
{
	struct slice expires = sip_msg_value(msg, SIP_HDR_EXPIRES);
	const struct defaults defaults = {
		.expires_s = expires.p ? seconds_of(expires) : limits->expires_default_s,
		.outbound = sip_msg_has_token(msg, SIP_HDR_SUPPORTED, SLICE("outbound")) ||
			    sip_msg_has_token(msg, SIP_HDR_REQUIRE, SLICE("outbound")),
		.limits = limits,
	};
	struct reg_request *rq = ret_request;
	int r;

	rq->call_id = msg->call_id;
	rq->user_agent = user_agent_of(msg);
	rq->path = SLICE_NONE;
	rq->cseq = msg->cseq.number;
	rq->star = false;
	rq->contact_count = 0;
	rq->flow = *flow;
	rq->now_ms = now_ms;
	rq->challenged_at = 0;
	if (rq->call_id.n >= REG_CALL_ID_BYTES)
		return refuse(ret_fault, 400, "Call-ID is too long");
	r = path_parse(msg, rq, ret_fault);
	if (r == 0)
		r = contacts_parse(msg, &defaults, rq, ret_fault);
	return r == 0 ? check_flows(rq, ret_fault) : r;
}
