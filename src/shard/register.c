/* REGISTER: checks, the directory's answer, and what it says to the phone (RFC 3261 §10.3, RFC 5626
 * §6). */
#include "shard/shard_priv.h"

#include "sip/value.h"

#include <time.h>

static void change_event(struct shard *s, const struct reg_change *ch,
			 const struct directory_number *who)
{
	static const enum event_type types[] = {
		[REG_ADDED] = EVENT_REGISTER_ACCEPTED,
		[REG_REFRESHED] = EVENT_REGISTER_REFRESHED,
		[REG_MOVED] = EVENT_REGISTER_REFRESHED,
		[REG_REMOVED] = EVENT_REGISTER_REMOVED,
		[REG_REPLACED] = EVENT_REGISTER_REPLACED,
	};
	char remote[ADDR_TEXT_BYTES];
	struct event e = event_of(s, types[ch->kind], NULL);
	e.number = slice_str(who->number);
	event_add_text(&e, EVENT_KEY_CONTACT, ch->binding.contact);
	event_add_text(&e, EVENT_KEY_REMOTE,
		       slice_str(addr_text(&ch->binding.flow.remote, remote)));
	event_add_text(&e, EVENT_KEY_TRANSPORT,
		       sip_transport_param_name(ch->binding.flow.transport));
	event_add_text(&e, EVENT_KEY_USER_AGENT, ch->binding.user_agent);
	event_add_text(&e, EVENT_KEY_CALL_ID, ch->binding.call_id);
	event_add_number(&e, EVENT_KEY_EXPIRES_S,
			 (ch->binding.expires_at - io_wall_ms(s->p.io)) / 1000);
	if (ch->kind == REG_MOVED)
		event_add_text(&e, EVENT_KEY_DETAIL, SLICE("the same device from another address"));
	event_send(s, &e);
}

static void rejected(struct shard *s, const struct directory_number *who, const struct flow *flow,
		     int code, const char *why)
{
	char remote[ADDR_TEXT_BYTES];
	struct event e = event_of(s, EVENT_REGISTER_REJECTED, NULL);
	e.number = slice_str(who->number);
	event_add_number(&e, EVENT_KEY_CODE, code);
	event_add_text(&e, EVENT_KEY_REASON, slice_str(why));
	event_add_text(&e, EVENT_KEY_REMOTE, slice_str(addr_text(&flow->remote, remote)));
	event_send(s, &e);
	s->counts.registers_rejected_total++;
}

static void contact_header(struct strbuf *b, const struct reg_binding *r, int64_t now_ms)
{
	strbuf_fmt(b, "Contact: <%.*s>;expires=%lld", SLICE_ARG(r->contact),
		   (long long)((r->expires_at - now_ms) / 1000));
	if (r->q_thousandths < 1000)
		strbuf_fmt(b, ";q=0.%03u", r->q_thousandths);
	if (r->instance.n)
		strbuf_fmt(b, ";+sip.instance=\"%.*s\"", SLICE_ARG(r->instance));
	if (r->reg_id)
		strbuf_fmt(b, ";reg-id=%u", r->reg_id);
	strbuf_str(b, "\r\n");
}

static void date_header(struct strbuf *b, int64_t wall_ms)
{
	char text[64];
	struct tm tm;
	time_t t = (time_t)(wall_ms / 1000);
	gmtime_r(&t, &tm);
	if (strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm))
		sip_build_header(b, SIP_HDR_DATE, slice_str(text));
}

static bool asked_outbound(const struct sip_msg *msg, const struct reg_request *r)
{
	return sip_msg_has_token(msg, SIP_HDR_SUPPORTED, SLICE("outbound")) &&
	       r->contact_count > 0 && r->contacts[0].reg_id > 0;
}

static void accept_reply(struct shard *s, struct id server, const struct sip_msg *msg,
			 const struct reg_request *r, const struct reg_outcome *o)
{
	size_t need = 256;
	for (uint32_t i = 0; i < o->binding_count; i++)
		need += o->bindings[i].contact.n + o->bindings[i].instance.n + 128;
	struct strbuf b = scratch_buf(s, need);
	for (uint32_t i = 0; i < o->binding_count; i++)
		contact_header(&b, &o->bindings[i], r->now_ms);
	date_header(&b, r->now_ms);
	if (asked_outbound(msg, r)) {
		sip_build_header(&b, SIP_HDR_REQUIRE, SLICE("outbound"));
		sip_build_number(&b, SIP_HDR_FLOW_TIMER, s->config->ping_period_s ? 120u : 60u);
	}
	if (b.failed)
		reply_text(s, server, 500, "Too many contacts");
	else
		reply(s, server, 200, strbuf_slice(&b));
}

static void fault_reply(struct shard *s, struct id server, const struct directory_number *who,
			const struct flow *flow, const struct sip_fault *fault)
{
	rejected(s, who, flow, fault->code, fault->text);
	struct strbuf b = scratch_buf(s, 512);
	sip_build_warning(&b, domain_of(s), slice_str(fault->text));
	if (fault->code == 423)
		sip_build_number(&b, SIP_HDR_MIN_EXPIRES, s->config->expires_min_s);
	if (fault->code == 503)
		sip_build_number(&b, SIP_HDR_RETRY_AFTER, RETRY_AFTER_S);
	reply(s, server, fault->code, strbuf_slice(&b));
}

/* The AoR in To must be the account that the credentials are of, or its number. */
static bool own_aor(const struct sip_msg *msg, const struct directory_number *who)
{
	char user[64];
	if (sip_unescape(msg->to.uri.user, user, sizeof(user)) != 0)
		return false;
	return strcmp(user, who->account) == 0 || strcmp(user, who->number) == 0;
}

static void keep(struct shard *s, struct id server, const struct sip_msg *msg,
		 const struct flow *flow, const struct directory_number *who,
		 const struct reg_request *r)
{
	struct reg_outcome o;
	int err = directory_register(s->p.directory, slice_str(who->number), r, &s->scratch, &o);
	if (err) {
		struct sip_fault busy = {503, call_cause_info(CAUSE_OVERLOAD)->text};
		fault_reply(s, server, who, flow, &busy);
		return;
	}
	if (o.code != 200) {
		struct sip_fault no = {o.code, o.text};
		fault_reply(s, server, who, flow, &no);
		return;
	}
	for (uint32_t i = 0; i < o.change_count; i++)
		change_event(s, &o.changes[i], who);
	s->counts.registers_total++;
	accept_reply(s, server, msg, r, &o);
	keepalive_seen(s, flow, KEEPALIVE_REGISTER);
}

void register_receive(struct shard *s, struct id server, const struct sip_msg *msg,
		      const struct flow *flow)
{
	struct directory_number who = {0};
	struct sip_fault fault = {0};
	struct reg_request r;
	int64_t asked_ms = 0;
	if (!host_is_ours(s, msg->uri.host)) {
		struct sip_fault no = {404, "This SIP domain is not served here; check the SIP "
					    "domain in the phone's settings"};
		if (slice_copy(msg->to.uri.user, who.number, sizeof(who.number)) != 0)
			who.number[0] = '\0';
		fault_reply(s, server, &who, flow, &no);
		return;
	}
	if (msg->to.uri.scheme != SIP_SCHEME_SIP && msg->to.uri.scheme != SIP_SCHEME_SIPS) {
		struct sip_fault no = {400, "Only a sip: or sips: address can be registered"};
		fault_reply(s, server, &who, flow, &no);
		return;
	}
	if (auth_check(s, server, msg, flow, &who, &asked_ms) != AUTH_OK)
		return;
	if (!own_aor(msg, &who)) {
		struct sip_fault no = {403, "These credentials are of another account"};
		fault_reply(s, server, &who, flow, &no);
		return;
	}
	struct reg_limits limits = {s->config->expires_min_s, s->config->expires_max_s,
				    s->config->expires_default_s};
	if (reg_request_parse(msg, flow, io_wall_ms(s->p.io), &limits, &r, &fault) != 0) {
		fault_reply(s, server, &who, flow, &fault);
		return;
	}
	r.challenged_at = asked_ms;
	keep(s, server, msg, flow, &who, &r);
}

static void expired(void *ctx, const char *number, const struct reg_binding *b)
{
	struct shard *s = ctx;
	char remote[ADDR_TEXT_BYTES];
	struct event e = event_of(s, EVENT_REGISTER_EXPIRED, NULL);
	e.number = slice_str(number);
	event_add_text(&e, EVENT_KEY_CONTACT, b->contact);
	event_add_text(&e, EVENT_KEY_REMOTE, slice_str(addr_text(&b->flow.remote, remote)));
	event_send(s, &e);
}

void register_expire(struct shard *s)
{
	if (s->p.index == 0)
		directory_expire(s->p.directory, io_wall_ms(s->p.io), EXPIRES_PER_TICK, expired, s);
}
