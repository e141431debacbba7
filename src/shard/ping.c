/* Signs of life, both ways: OPTIONS to phones behind NAT, and every keepalive of theirs (service
 * "Registration"). */
#include "shard/shard_priv.h"

#include "sip/value.h"

#define BATCH 32

static void reach_event(struct shard *s, enum event_type type, const char *number,
			const struct flow *flow)
{
	char remote[ADDR_TEXT_BYTES];
	struct event e = event_of(s, type, NULL);
	e.number = slice_str(number);
	event_add_text(&e, EVENT_KEY_REMOTE, slice_str(addr_text(&flow->remote, remote)));
	event_send(s, &e);
}

void keepalive_seen(struct shard *s, const struct flow *flow, enum transport_keepalive kind)
{
	char number[STORE_NUMBER_BYTES], remote[ADDR_TEXT_BYTES];
	if (!directory_keepalive(s->p.directory, flow, kind, io_wall_ms(s->p.io), number))
		return;
	struct event e = event_of(s, EVENT_KEEPALIVE, NULL);
	e.number = slice_str(number);
	event_add_text(&e, EVENT_KEY_KIND, slice_str(transport_keepalive_name(kind)));
	event_add_text(&e, EVENT_KEY_REMOTE, slice_str(addr_text(&flow->remote, remote)));
	event_send(s, &e);
}

static void write_ping(struct shard *s, struct strbuf *b, const struct directory_ping *ping,
		       const char *branch)
{
	char tag[TOKEN_CHARS + 1], call_id[TOKEN_CHARS + 1], memory[DIALOG_TEXT_BYTES];
	token_make(s, token_anonymous(s), tag);
	token_make(s, token_anonymous(s), call_id);
	struct slice uri = dialog_request_uri(slice_str(ping->contact), memory, sizeof(memory));
	sip_build_request_line(b, SLICE("OPTIONS"), uri);
	sip_build_via(b, ping->flow.transport, &ping->flow.local, slice_str(branch));
	sip_build_header(b, SIP_HDR_MAX_FORWARDS, SLICE("70"));
	sip_build_header_fmt(b, SIP_HDR_FROM, "<sip:%s>;tag=%s", s->config->domain, tag);
	sip_build_header_fmt(b, SIP_HDR_TO, "<%.*s>", SLICE_ARG(uri));
	sip_build_header(b, SIP_HDR_CALL_ID, slice_str(call_id));
	sip_build_header(b, SIP_HDR_CSEQ, SLICE("1 OPTIONS"));
	sip_build_header(b, SIP_HDR_USER_AGENT, slice_str(s->config->server_name));
	sip_build_body(b, SLICE_NONE, SLICE_NONE);
}

static bool ping_send(struct shard *s, const struct directory_ping *ping, struct id id)
{
	char branch[BRANCH_CHARS + 1];
	struct id client;
	struct strbuf b = scratch_buf(s, 2048);
	branch_make(s, token_anonymous(s), branch);
	write_ping(s, &b, ping, branch);
	struct txn_send send = {
		.flow = &ping->flow,
		.reliable = flow_is_stream(&ping->flow),
		.bytes = strbuf_slice(&b),
		.branch = slice_str(branch),
		.method = SIP_OPTIONS,
		.user = user_of(USER_PING, id),
	};
	return !b.failed && txn_send_request(s->txns, &send, now_of(s), &client) == 0;
}

static void ping_phone(struct shard *s, const struct directory_ping *ping)
{
	struct id id;
	struct ping *p = pool_take(s->pings, &id);
	if (p == NULL)
		return; /* all slots wait for answers: this phone's turn comes again */
	*p = (struct ping){.flow = ping->flow, .method = SIP_OPTIONS};
	memcpy(p->number, ping->number, sizeof(p->number));
	if (!ping_send(s, ping, id))
		ping_done(s, id, NULL);
}

void ping_phones(struct shard *s)
{
	struct directory_ping due[BATCH];
	if (s->config->ping_period_s == 0 || s->draining)
		return;
	for (uint32_t sent = 0; sent < PINGS_PER_TICK; sent += BATCH) {
		uint32_t n = directory_pings_due(
			s->p.directory, s->p.index, s->p.count, io_wall_ms(s->p.io),
			(int64_t)s->config->ping_period_s * 1000, due, BATCH);
		for (uint32_t i = 0; i < n; i++) {
			scratch_reset(s);
			ping_phone(s, &due[i]);
		}
		if (n < BATCH)
			return;
	}
}

void ping_done(struct shard *s, struct id id, const struct sip_msg *msg)
{
	struct ping *p = pool_get(s->pings, id);
	if (p == NULL)
		return;
	if (p->trunk) {
		const struct ping copy = *p;
		pool_give(s->pings, id);
		care_done(s, &copy, msg);
		return;
	}
	switch (directory_ping_result(s->p.directory, slice_str(p->number), &p->flow, msg != NULL,
				      io_wall_ms(s->p.io))) {
	case DIRECTORY_BECAME_UNREACHABLE:
		reach_event(s, EVENT_PHONE_UNREACHABLE, p->number, &p->flow);
		break;
	case DIRECTORY_BECAME_REACHABLE:
		reach_event(s, EVENT_PHONE_REACHABLE, p->number, &p->flow);
		break;
	case DIRECTORY_REACH_SAME:
		break;
	}
	pool_give(s->pings, id);
}
