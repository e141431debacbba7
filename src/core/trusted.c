/*
 * Calls from a PBX or SBC that the operator has put in front (sip.trusted): such a source has
 * already asked who calls, so no digest is asked for. It says who it is in P-Asserted-Identity
 * (RFC 3325 §5), else in From; that must be a number of ours. REGISTER proves its password from
 * everywhere.
 */
#include "core/core.h"

#include "policy/dial.h"
#include "sip/value.h"

bool trusted_source(const struct shard *s, const struct flow *flow)
{
	for (uint32_t i = 0; i < s->config->trusted_count; i++) {
		if (cidr_contains(&s->config->trusted[i], &flow->remote))
			return true;
	}
	return false;
}

static bool number_of(struct shard *s, const struct sip_uri *uri, struct directory_number *ret_who)
{
	char user[64];
	struct dialled d;
	return uri->scheme != SIP_SCHEME_OTHER &&
	       sip_unescape(uri->user, user, sizeof(user)) == 0 &&
	       dial_normalise(slice_str(user), &d) == 0 &&
	       directory_by_number(s->p.directory, slice_str(d.digits), ret_who) == 0;
}

/* Of two asserted identities (a sip: and a tel: one) either may be the number. */
static bool asserted(struct shard *s, const struct sip_msg *msg, struct directory_number *ret_who)
{
	struct sip_values it = sip_msg_values(msg, SIP_HDR_P_ASSERTED_IDENTITY);
	struct sip_nameaddr na;
	struct slice value;
	while (sip_values_next(&it, &value)) {
		if (sip_nameaddr_parse(value, &na) == 0 && !na.star &&
		    number_of(s, &na.uri, ret_who))
			return true;
	}
	return false;
}

bool trusted_identity(struct shard *s, const struct sip_msg *msg, struct directory_number *ret_who)
{
	if (sip_msg_header(msg, SIP_HDR_P_ASSERTED_IDENTITY))
		return asserted(s, msg, ret_who);
	return number_of(s, &msg->from.uri, ret_who);
}
