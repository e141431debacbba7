/*
 * Who calls, and what the callee may know of it (service "Caller id"). A subscriber is who proved
 * his password, whatever the phone writes in From; which of his customer's numbers is shown he may
 * choose in P-Preferred-Identity (RFC 3325 §9.2). A trunk says who calls in P-Asserted-Identity.
 */
#include "b2bua/b2bua_priv.h"

#include "sip/value.h"

void identity_withhold(struct call *c, bool anonymous, uint8_t why)
{
	c->anonymous = anonymous;
	c->withheld = (uint8_t)(anonymous ? why : TRUNK_SHOWN);
}

void identity_anonymous(struct strbuf *b, const struct call *c)
{
	strbuf_fmt(b, "\"%s\" <sip:anonymous@anonymous.invalid>",
		   trunk_withheld_text((enum trunk_withheld)c->withheld));
}

/* "id", "user" and "header" ask for the same towards a phone: no number anywhere (RFC 3323 §4.2,
 * RFC 3325 §7). */
static bool wants_privacy(const struct sip_msg *msg)
{
	struct slice rest = sip_msg_value(msg, SIP_HDR_PRIVACY);
	while (rest.n) {
		struct slice word = slice_trim(slice_cut(&rest, ';'));
		if (slice_ieq(word, SLICE("id")) || slice_ieq(word, SLICE("user")) ||
		    slice_ieq(word, SLICE("header")))
			return true;
	}
	return false;
}

/* --- subscribers */

static bool same_customer(struct shard *s, const struct sip_uri *uri,
			  const struct directory_number *who, struct directory_number *ret_other)
{
	char number[DIAL_BYTES];
	return uri->scheme != SIP_SCHEME_OTHER && trunk_number_read(uri->user, number) == 0 &&
	       directory_by_number(s->p.directory, slice_str(number), ret_other) == 0 &&
	       strcmp(ret_other->customer, who->customer) == 0 && !ret_other->suspended;
}

static void choose_shown(struct shard *s, struct call *c, const struct directory_number *who,
			 const struct sip_msg *msg)
{
	struct sip_values it = sip_msg_values(msg, SIP_HDR_P_PREFERRED_IDENTITY);
	struct directory_number other;
	struct sip_nameaddr na;
	struct slice value;
	strcpy(c->shown, who->number);
	while (sip_values_next(&it, &value)) {
		if (sip_nameaddr_parse(value, &na) != 0 || na.star ||
		    !same_customer(s, &na.uri, who, &other))
			continue;
		strcpy(c->shown, other.number);
		return;
	}
}

void identity_of_subscriber(struct shard *s, struct call *c, const struct directory_number *who,
			    const struct sip_msg *msg)
{
	strcpy(c->from, who->number);
	strcpy(c->customer, who->customer);
	choose_shown(s, c, who, msg);
	identity_withhold(c, wants_privacy(msg), TRUNK_WITHHELD_USER);
}

/* --- trunks */

static bool asserted(const struct sip_msg *msg, char ret_number[DIAL_BYTES])
{
	struct sip_values it = sip_msg_values(msg, SIP_HDR_P_ASSERTED_IDENTITY);
	struct sip_nameaddr na;
	struct slice value;
	while (sip_values_next(&it, &value)) {
		if (sip_nameaddr_parse(value, &na) == 0 && !na.star &&
		    na.uri.scheme != SIP_SCHEME_OTHER &&
		    trunk_number_read(na.uri.user, ret_number) == 0)
			return true;
	}
	return false;
}

/* A From without a number is a withheld or unknown one, and its display name says which. */
void identity_of_network(struct call *c, const struct trunk *t, const struct sip_msg *msg)
{
	char number[DIAL_BYTES] = "", from[DIAL_BYTES] = "";
	bool has_from = msg->from.uri.scheme != SIP_SCHEME_OTHER &&
			trunk_number_read(msg->from.uri.user, from) == 0;
	if (!t->trusted || !asserted(msg, number))
		strcpy(number, from);
	(void)slice_copy(slice_str(number), c->from, sizeof(c->from));
	(void)slice_copy(slice_str(number), c->shown, sizeof(c->shown));
	bool withheld = wants_privacy(msg) || number[0] == '\0' || !has_from;
	enum trunk_withheld why =
		has_from ? TRUNK_WITHHELD_USER : trunk_withheld_of(msg->from.display);
	identity_withhold(c, withheld, (uint8_t)why);
}
