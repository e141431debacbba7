/* The phone registers. */
#include "ua_priv.h"

#include <stdio.h>

static void describe(struct ua *ua, const struct ua_reg_wish *w, struct ua_request_text *r)
{
	const char *domain = w->domain ? w->domain : ua->domain;
	const char *user = ua->account;
	char contact[320];
	struct strbuf b;
	snprintf(r->method, sizeof(r->method), "REGISTER");
	snprintf(r->uri, sizeof(r->uri), "sip:%s", domain);
	snprintf(r->from, sizeof(r->from), "<sip:%s@%s>;tag=%s", user, domain, ua->reg.tag);
	snprintf(r->to, sizeof(r->to), "<sip:%s@%s>", user, domain);
	snprintf(r->call_id, sizeof(r->call_id), "%s", ua->reg.call_id);
	strbuf_init(&b, r->headers, sizeof(r->headers) - 1);
	if (!w->contact)
		strbuf_fmt(&b, "Contact: %s\r\n", ua_contact(ua, contact));
	else if (w->contact[0])
		strbuf_fmt(&b, "Contact: %s\r\n", w->contact);
	if (w->expires_s >= 0)
		strbuf_fmt(&b, "Expires: %d\r\n", w->expires_s);
	strbuf_str(&b, w->headers ? w->headers : "");
}

void ua_register(struct ua *ua, const struct ua_reg_wish *wish)
{
	struct ua_request_text r = {0};
	const struct ua_way way = ua_way_to(ua, NULL);
	if (!ua->reg.call_id[0]) {
		ua_token(ua, ua->reg.call_id, 24, "");
		ua_token(ua, ua->reg.tag, 10, "");
	}
	describe(ua, wish, &r);
	r.cseq = wish->cseq ? wish->cseq : ++ua->reg.cseq;
	ua->reg.cseq = r.cseq;
	ua->reg.code = 0;
	ua->reg.txn = ua_txn_start(ua, NULL, &r, &way, NULL);
}

void ua_reg_done(struct ua *ua, int code)
{
	ua->reg.code = code;
}

int ua_reg_code(const struct ua *ua)
{
	return ua->reg.code;
}
