/*
 * A call comes from the telephone network: by the address it came from, never by what it says it
 * is. It reaches a number of ours or nobody: what comes from a trunk does not go back to one.
 */
#include "b2bua/b2bua_priv.h"

#include "sip/value.h"

/* One of our own addresses in a Via below the top one: we sent this, and it came back. */
static bool is_own_via(const struct shard *s, struct slice value)
{
	struct sip_via via;
	struct addr a;
	if (sip_via_parse(value, &via) != 0 || addr_parse_ip(via.host, &a) != 0)
		return false;
	a.port = via.port ? via.port : locate_port(via.transport);
	for (uint32_t i = 0; i < s->p.listener_count; i++) {
		struct addr own = transport_listener_addr(s->transport, i);
		if (addr_eq(&a, &own))
			return true;
	}
	return false;
}

bool inbound_is_loop(const struct shard *s, const struct sip_msg *msg)
{
	struct sip_values it = sip_msg_values(msg, SIP_HDR_VIA);
	struct slice value;
	while (sip_values_next(&it, &value)) {
		if (is_own_via(s, value))
			return true;
	}
	return false;
}

/* --- from elsewhere */

#define STRANGER_MS 1000 /* between two words about them: there may be many */

static bool is_known(struct shard *s, const struct sip_uri *uri)
{
	struct directory_number n;
	char number[DIAL_BYTES];
	return directory_by_account(s->p.directory, uri->user, &n) == 0 ||
	       (trunk_number_read(uri->user, number) == 0 &&
		directory_by_number(s->p.directory, slice_str(number), &n) == 0);
}

/* Perhaps a trunk from an address that the operator has not named: he should hear of it. */
void inbound_stranger(struct shard *s, const struct sip_msg *msg, const struct flow *flow)
{
	char remote[ADDR_TEXT_BYTES];
	bool any = s->p.trunks && trunks_count(s->p.trunks) > 0;
	if (!any || now_of(s) < s->stranger_told_ms + STRANGER_MS || is_known(s, &msg->from.uri))
		return;
	s->stranger_told_ms = now_of(s);
	struct event e = event_of(s, EVENT_SOURCE_UNKNOWN, NULL);
	event_add_text(&e, EVENT_KEY_REMOTE, slice_str(addr_text(&flow->remote, remote)));
	event_add_text(&e, EVENT_KEY_FROM, slice_first(msg->from.uri.user, 64));
	event_add_text(&e, EVENT_KEY_TO, slice_first(msg->uri.user, 64));
	event_send(s, &e);
}

/* --- who is called */

struct called {
	char number[DIAL_BYTES]; /* the first that reads as one; "": none does */
	bool found;		 /* and it is a number of ours */
};

static void look_at(struct shard *s, const struct sip_uri *uri, struct called *called)
{
	struct directory_number ours;
	char number[DIAL_BYTES];
	if (called->found || uri->scheme == SIP_SCHEME_OTHER ||
	    trunk_number_read(uri->user, number) != 0)
		return;
	called->found = directory_by_number(s->p.directory, slice_str(number), &ours) == 0;
	if (called->found || called->number[0] == '\0')
		strcpy(called->number, number);
}

/* The Request-URI; where that is the account that we registered, P-Called-Party-ID (RFC 7315 §4.2)
 * or To. */
void inbound_called(struct shard *s, struct call *c, const struct sip_msg *msg)
{
	struct called called = {0};
	struct sip_nameaddr na;
	struct slice party = sip_msg_value(msg, SIP_HDR_P_CALLED_PARTY_ID);
	look_at(s, &msg->uri, &called);
	if (party.n && sip_nameaddr_parse(party, &na) == 0 && !na.star)
		look_at(s, &na.uri, &called);
	look_at(s, &msg->to.uri, &called);
	(void)slice_copy(slice_str(called.number), c->to, sizeof(c->to));
	(void)slice_copy(slice_first(msg->uri.user, sizeof(c->dialled) - 1), c->dialled,
			 sizeof(c->dialled));
}

/* The customer of the record is whose number was called. */
enum call_cause inbound_check(struct shard *s, struct call *c)
{
	struct directory_number callee;
	if (directory_by_number(s->p.directory, slice_str(c->to), &callee) != 0)
		return CAUSE_UNALLOCATED;
	strcpy(c->customer, callee.customer);
	return callee.suspended ? CAUSE_SUSPENDED : CAUSE_NORMAL;
}
