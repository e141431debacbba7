#include "reg/reg_priv.h"

#include "sip/value.h"

void reg_known_init(struct reg_known *k, const struct reg_binding *b)
{
	*k = (struct reg_known){.binding = b};
	if (sip_uri_parse(b->contact, &k->uri) != 0)
		k->uri = (struct sip_uri){.scheme = SIP_SCHEME_OTHER};
}

static bool is_host(struct slice host, const struct addr *a)
{
	struct addr parsed;

	return addr_parse_ip(host, &parsed) == 0 && addr_ip_eq(&parsed, a);
}

/* Over UDP the port counts as well: a router that writes its own address into the Contact, but not
 * the port that it gave the phone, is a NAT none the less. A stream comes from any port. */
bool reg_contact_behind_nat(const struct reg_contact *contact, const struct flow *flow)
{
	uint16_t port = contact->uri.port ? contact->uri.port : 5060;

	return !is_host(contact->uri.host, &flow->remote) ||
	       (flow->transport == SIP_UDP && port != flow->remote.port);
}

/* The text is nearly always the same to the byte: a refresh. */
bool reg_contact_same_uri(const struct reg_known *k, const struct reg_contact *contact)
{
	return slice_eq(k->binding->contact, contact->uri_text) ||
	       sip_uri_equal(&k->uri, &contact->uri);
}

/*
 * A NAT has moved the phone to another port: same source host, User-Agent and Contact user. Two
 * phones of one make in one office look the same but for their private addresses, and telling them
 * apart is what the alert is for. So the Contact hosts must agree too, unless one of them is the
 * source host itself, written in by a router that rewrites SIP.
 */
static bool is_moved_by_nat(const struct reg_known *k, const struct reg_request *request,
			    const struct reg_contact *contact)
{
	const struct reg_binding *b = k->binding;

	return b->user_agent.n && slice_eq(b->user_agent, request->user_agent) &&
	       addr_ip_eq(&b->flow.remote, &request->flow.remote) &&
	       slice_eq(k->uri.user, contact->uri.user) &&
	       (slice_ieq(k->uri.host, contact->uri.host) ||
		is_host(k->uri.host, &b->flow.remote) ||
		is_host(contact->uri.host, &request->flow.remote));
}

static bool same_instance(struct slice a, struct slice b)
{
	return a.n && slice_ieq(a, b);
}

/* RFC 5626 §6: the instance with the reg-id names the binding; RFC 3261 §10.3 step 7: otherwise the
 * URI does. */
enum reg_likeness reg_likeness(const struct reg_known *k, const struct reg_request *request,
			       const struct reg_contact *contact)
{
	const struct reg_binding *b = k->binding;
	bool instance = same_instance(b->instance, contact->instance);

	if (b->instance.n && contact->instance.n && !instance)
		return REG_STRANGER;
	if (instance && b->reg_id && contact->reg_id)
		return b->reg_id == contact->reg_id ? REG_SAME : REG_SIBLING;
	if (reg_contact_same_uri(k, contact))
		return REG_SAME;
	if (instance || slice_eq(b->call_id, request->call_id) ||
	    is_moved_by_nat(k, request, contact))
		return REG_LIKE;
	return REG_STRANGER;
}

bool reg_contact_repeats(const struct reg_contact *a, const struct reg_contact *b)
{
	bool instance = same_instance(a->instance, b->instance);

	if (instance && a->reg_id && b->reg_id)
		return a->reg_id == b->reg_id;
	if (a->instance.n && b->instance.n && !instance)
		return false;
	return sip_uri_equal(&a->uri, &b->uri);
}
