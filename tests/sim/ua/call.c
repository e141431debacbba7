/* How a phone opens and answers a call (RFC 3261 §13). */
#include "ua_priv.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

void ua_call_reset(struct ua *ua, struct ua_call *c)
{
	struct ua_call fresh = {.line = c->line};
	snprintf(fresh.label, sizeof(fresh.label), "%s", c->label);
	ua_media_close(ua, c);
	ua_txn_forget(ua, c);
	free(c->request);
	free(c->ok);
	free(c->ack);
	*c = fresh;
	ua_token(ua, c->local_tag, 12, "");
}

void ua_call_end(struct ua *ua, struct ua_call *c, int code)
{
	c->state = UA_ENDED;
	if (code)
		c->code = code;
	free(c->ok);
	c->ok = NULL;
	ua_media_close(ua, c);
}

static void target_uri(const struct ua *ua, const char *target, char *dst, size_t cap)
{
	if (strchr(target, ':'))
		snprintf(dst, cap, "%s", target);
	else
		snprintf(dst, cap, "sip:%s@%s", target, ua->domain);
}

const char *ua_invite(struct ua *ua, struct ua_call *c, const char *target,
		      const struct ua_wish *wish)
{
	struct ua_request_text r = {0};
	if (c->state != UA_IDLE && c->state != UA_ENDED)
		return "that line is in a call";
	ua_call_reset(ua, c);
	c->uac = true;
	c->state = UA_CALLING;
	ua_token(ua, c->call_id, 24, "");
	target_uri(ua, target, c->target, sizeof(c->target));
	snprintf(c->invite_uri, sizeof(c->invite_uri), "%s", c->target);
	snprintf(c->local, sizeof(c->local), "<sip:%s@%s>", ua->account, ua->domain);
	snprintf(c->remote, sizeof(c->remote), "<%.500s>", c->target);
	ua_dialog_request(ua, c, &r, "INVITE");
	snprintf(r.headers, sizeof(r.headers), "%s", wish->headers ? wish->headers : "");
	snprintf(r.type, sizeof(r.type), "application/sdp");
	ua_sdp_write(ua, c, wish, false, r.body, sizeof(r.body));
	c->offer_pending = !wish->no_sdp;
	c->invite_cseq = r.cseq;
	c->way = ua_way_to(ua, NULL);
	ua_txn_start(ua, c, &r, &c->way, NULL);
	return NULL;
}

/* CANCEL: same branch, same CSeq number, no route of its own (§9.1). */
const char *ua_cancel(struct ua *ua, struct ua_call *c)
{
	struct ua_txn *t = ua_txn_invite(ua, c);
	if (!t)
		return "there is no INVITE to cancel";
	struct ua_request_text r = t->req;
	snprintf(r.method, sizeof(r.method), "CANCEL");
	r.headers[0] = r.body[0] = 0;
	r.contact = false;
	c->cancelled = true;
	if (t->heard) { /* 64*T1 for its 487, then it is over (§9.1) */
		t->heard = false;
		t->resend_ms = INT64_MAX;
		t->give_up_ms = ua_now_ms(ua) + UA_GIVE_UP_MS;
	}
	ua_txn_start(ua, c, &r, &t->way, t->branch);
	return NULL;
}

/* --- Being called. */

static void keep_request(struct ua_call *c, const struct wire_msg *m, const struct ua_way *way)
{
	free(c->request);
	c->request = sim_alloc(m->raw.n + 1);
	memcpy(c->request, m->raw.p, m->raw.n);
	c->request_n = m->raw.n;
	c->way = *way;
}

static struct ua_call *free_line(struct ua *ua)
{
	char label[12];
	for (uint32_t i = 0; i < ua->line_n; i++) {
		if (ua->lines[i]->state == UA_IDLE || ua->lines[i]->state == UA_ENDED)
			return ua->lines[i];
	}
	snprintf(label, sizeof(label), "%u", ua->line_n + 1);
	return ua_line(ua, ua->line_n ? label : "");
}

void ua_call_on_invite(struct ua *ua, const struct wire_msg *m, const struct ua_way *way)
{
	struct ua_call *c = free_line(ua);
	if (!c) {
		ua_reply(ua, m, way, 486, "full", NULL, NULL, NULL);
		return;
	}
	ua_call_reset(ua, c);
	c->state = UA_INCOMING;
	ua_text(c->call_id, sizeof(c->call_id), wire_header(m, "Call-ID", 0));
	keep_request(c, m, way);
	ua_dialog_learn(c, m);
	if (ua_sdp_read(c, m->body))
		ua_media_open(ua, c);
	if (!ua->habits.no_trying)
		ua_reply(ua, m, way, 100, NULL, NULL, NULL, NULL);
}

static bool request_of(const struct ua_call *c, struct wire_msg *ret_msg)
{
	return c->request && wire_read(slice_of(c->request, c->request_n), ret_msg);
}

static bool may_answer(const struct ua_call *c)
{
	return c->state == UA_INCOMING || c->state == UA_RINGING;
}

const char *ua_ring(struct ua *ua, struct ua_call *c, int code, const struct ua_wish *wish)
{
	struct wire_msg req;
	char body[2048];
	if (!may_answer(c) || !request_of(c, &req))
		return "nobody is calling it";
	ua_sdp_write(ua, c, wish, c->remote_streams > 0, body, sizeof(body));
	ua_reply(ua, &req, &c->way, code, c->local_tag, wish->headers, "application/sdp", body);
	c->state = UA_RINGING;
	return NULL;
}

/* Keeps the 2xx and repeats it until the ACK (§13.3.1.4). */
void ua_repeat_ok(struct ua *ua, struct ua_call *c, const struct wire_msg *req)
{
	const struct ua_served *s = ua_served_find(ua, req);
	if (!s || !s->bytes)
		return;
	free(c->ok);
	c->ok = sim_alloc(s->n);
	memcpy(c->ok, s->bytes, s->n);
	c->ok_n = s->n;
	c->ok_interval_ms = UA_T1_MS;
	c->ok_ms = ua_now_ms(ua) + UA_T1_MS;
	c->ok_give_up_ms = ua_now_ms(ua) + UA_GIVE_UP_MS;
	c->ack_cseq = wire_cseq(req);
	sim_io_poke(ua->io);
}

const char *ua_answer(struct ua *ua, struct ua_call *c, const struct ua_wish *wish)
{
	struct wire_msg req;
	char body[2048];
	if (!may_answer(c) || !request_of(c, &req))
		return "nobody is calling it";
	c->offer_pending = c->remote_streams == 0 && !wish->no_sdp;
	ua_sdp_write(ua, c, wish, c->remote_streams > 0, body, sizeof(body));
	ua_reply(ua, &req, &c->way, 200, c->local_tag, wish->headers, "application/sdp", body);
	ua_repeat_ok(ua, c, &req);
	c->state = UA_ACCEPTED;
	return NULL;
}

const char *ua_refuse(struct ua *ua, struct ua_call *c, int code, const char *headers)
{
	struct wire_msg req;
	if (!may_answer(c) || !request_of(c, &req))
		return "nobody is calling it";
	ua_reply(ua, &req, &c->way, code, c->local_tag, headers, NULL, NULL);
	ua_call_end(ua, c, code);
	return NULL;
}

static struct ua_call *invited_by(struct ua *ua, const struct wire_msg *cancel)
{
	const struct slice branch = wire_param(wire_header(cancel, "Via", 0), "branch");
	for (uint32_t i = 0; i < ua->line_n; i++) {
		struct wire_msg req;
		if (!ua->lines[i]->uac && request_of(ua->lines[i], &req) &&
		    slice_eq(branch, wire_param(wire_header(&req, "Via", 0), "branch")))
			return ua->lines[i];
	}
	return NULL;
}

void ua_call_on_cancel(struct ua *ua, const struct wire_msg *m, const struct ua_way *way)
{
	struct ua_call *c = invited_by(ua, m);
	ua_reply(ua, m, way, c ? 200 : 481, c ? c->local_tag : "none", NULL, NULL, NULL);
	if (c && may_answer(c))
		ua_refuse(ua, c, 487, NULL);
}

/* --- The 2xx that waits for its ACK. */

int64_t ua_call_turn(struct ua *ua, struct ua_call *c, int64_t now_ms)
{
	if (c->ok && now_ms >= c->ok_give_up_ms) {
		free(c->ok);
		c->ok = NULL;
		if (c->state == UA_ACCEPTED)
			c->state = UA_TALKING; /* so that it can be ended */
		ua_bye(ua, c);
	} else if (c->ok && now_ms >= c->ok_ms) {
		ua_way_send(ua, &c->way, slice_of(c->ok, c->ok_n));
		c->ok_interval_ms =
			2 * c->ok_interval_ms < UA_T2_MS ? 2 * c->ok_interval_ms : UA_T2_MS;
		c->ok_ms = now_ms + c->ok_interval_ms;
	}
	const int64_t media = ua_media_turn(ua, c, now_ms);
	return c->ok && c->ok_ms < media ? c->ok_ms : media;
}

void ua_call_on_ack(struct ua *ua, struct ua_call *c, const struct wire_msg *m)
{
	(void)ua;
	if (!c->ok || wire_cseq(m) != c->ack_cseq)
		return;
	free(c->ok);
	c->ok = NULL;
	if (c->state == UA_ACCEPTED)
		c->state = UA_TALKING;
	if (c->offer_pending && ua_sdp_read(c, m->body))
		c->offer_pending = false;
}
