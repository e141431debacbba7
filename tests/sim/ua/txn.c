/* Requests under way and requests answered: as much of RFC 3261 §17 as a phone needs. */
#include "ua_priv.h"

#include <stdio.h>
#include <stdlib.h>

static void transmit(struct ua *ua, struct ua_txn *t)
{
	ua_way_send(ua, &t->way, slice_of(t->bytes, t->n));
}

/* Writes the request under a fresh branch (or the given one) and sends it. */
static void launch(struct ua *ua, struct ua_txn *t, const char *branch, bool credentials)
{
	char buf[UA_MSG_BYTES];
	struct strbuf b;
	if (branch)
		snprintf(t->branch, sizeof(t->branch), "%s", branch);
	else
		ua_token(ua, t->branch, 28, "z9hG4bK");
	strbuf_init(&b, buf, sizeof(buf));
	ua_write_request(ua, &b, &t->req, t->branch, credentials);
	free(t->bytes);
	t->bytes = sim_alloc(b.n);
	t->n = b.n;
	memcpy(t->bytes, b.p, b.n);
	t->heard = t->done = false;
	t->interval_ms = UA_T1_MS;
	t->resend_ms = t->way.stream ? INT64_MAX : ua_now_ms(ua) + UA_T1_MS;
	t->give_up_ms = ua_now_ms(ua) + UA_GIVE_UP_MS;
	transmit(ua, t);
	sim_io_poke(ua->io);
}

struct ua_txn *ua_txn_start(struct ua *ua, struct ua_call *call, const struct ua_request_text *r,
			    const struct ua_way *way, const char *branch)
{
	struct ua_txn *t = sim_alloc(sizeof(*t));
	t->req = *r;
	t->way = *way;
	t->call = call;
	t->next = ua->txns;
	ua->txns = t;
	const bool invites = strcmp(r->method, "ACK") != 0 && strcmp(r->method, "CANCEL") != 0;
	launch(ua, t, branch, ua->habits.preauth && ua->auth.known && invites);
	return t;
}

struct ua_txn *ua_txn_invite(struct ua *ua, const struct ua_call *call)
{
	for (struct ua_txn *t = ua->txns; t; t = t->next) {
		if (t->call == call && !t->done && strcmp(t->req.method, "INVITE") == 0)
			return t;
	}
	return NULL;
}

static struct ua_txn *find(struct ua *ua, const struct wire_msg *m)
{
	const struct slice branch = wire_param(wire_header(m, "Via", 0), "branch");
	for (struct ua_txn *t = ua->txns; t; t = t->next) {
		if (slice_eq(branch, slice_str(t->branch)) &&
		    slice_eq(m->method, slice_str(t->req.method)))
			return t;
	}
	return NULL;
}

/* ACK to a non-2xx: of the INVITE's transaction, same branch (§17.1.1.3). */
static void ack_failure(struct ua *ua, const struct ua_txn *t, const struct wire_msg *m)
{
	struct ua_request_text r = t->req;
	char buf[UA_MSG_BYTES];
	struct strbuf b;
	snprintf(r.method, sizeof(r.method), "ACK");
	ua_text(r.to, sizeof(r.to), wire_header(m, "To", 0));
	r.body[0] = r.headers[0] = 0;
	r.contact = false;
	strbuf_init(&b, buf, sizeof(buf));
	ua_write_request(ua, &b, &r, t->branch, false);
	ua_way_send(ua, &t->way, strbuf_slice(&b));
}

/* 401, 407: once with what was learned; once more when only the nonce was too old. */
static bool try_again(struct ua *ua, struct ua_txn *t, const struct wire_msg *m)
{
	const char *header = m->code == 407 ? "Proxy-Authenticate" : "WWW-Authenticate";
	const bool stale =
		slice_ieq(wire_auth_param(wire_header(m, header, 0), "stale"), SLICE("true"));
	if (m->code != 401 && m->code != 407)
		return false;
	if (t->tries >= (stale ? 3u : 1u) || (t->call && t->call->cancelled) ||
	    !ua_auth_learn(ua, m))
		return false;
	t->tries++;
	if (t->call)
		t->req.cseq = ++t->call->cseq;
	else
		t->req.cseq = ++ua->reg.cseq;
	if (t->call && strcmp(t->req.method, "INVITE") == 0)
		t->call->invite_cseq = t->req.cseq;
	launch(ua, t, NULL, true);
	return true;
}

static void finish(struct ua *ua, struct ua_txn *t, const struct wire_msg *m)
{
	const bool invite = strcmp(t->req.method, "INVITE") == 0;
	t->resend_ms = INT64_MAX;
	if (m->code < 200) {
		t->heard = !(t->call && t->call->cancelled);
		if (!invite)
			t->resend_ms = ua_now_ms(ua) + UA_T2_MS;
		return;
	}
	if (invite && m->code >= 300)
		ack_failure(ua, t, m);
	if (!try_again(ua, t, m)) {
		t->done = true;
		t->give_up_ms = ua_now_ms(ua) + UA_GIVE_UP_MS;
	}
}

void ua_txn_on_response(struct ua *ua, const struct wire_msg *m)
{
	struct ua_txn *t = find(ua, m);
	if (!t || t->done)
		return;
	finish(ua, t, m);
	if (m->code >= 200 && !t->done)
		return;
	if (t->call)
		ua_call_on_response(ua, t, m);
	else if (t->done && t == ua->reg.txn)
		ua_reg_done(ua, m->code);
}

/* A refusal of an INVITE that was sent anew since (with credentials): its server still waits for an
 * ACK. */
static void ack_old_failure(struct ua *ua, const struct wire_msg *m)
{
	struct ua_request_text r = {.cseq = wire_cseq(m)};
	char branch[64], buf[UA_MSG_BYTES];
	struct strbuf b;
	snprintf(r.method, sizeof(r.method), "ACK");
	ua_text(branch, sizeof(branch), wire_param(wire_header(m, "Via", 0), "branch"));
	ua_text(r.uri, sizeof(r.uri), wire_uri(wire_header(m, "To", 0)));
	ua_text(r.from, sizeof(r.from), wire_header(m, "From", 0));
	ua_text(r.to, sizeof(r.to), wire_header(m, "To", 0));
	ua_text(r.call_id, sizeof(r.call_id), wire_header(m, "Call-ID", 0));
	strbuf_init(&b, buf, sizeof(buf));
	ua_write_request(ua, &b, &r, branch, false);
	const struct ua_way way = ua_way_to(ua, NULL);
	ua_way_send(ua, &way, strbuf_slice(&b));
}

/* A final response seen before: ACKed again. */
bool ua_txn_repeated(struct ua *ua, const struct wire_msg *m)
{
	struct ua_txn *t = find(ua, m);
	if (!t && m->code >= 300 && slice_eq(m->method, SLICE("INVITE"))) {
		ack_old_failure(ua, m);
		return true;
	}
	if (!t || !t->done || m->code < 200 || strcmp(t->req.method, "INVITE") != 0)
		return false;
	if (m->code >= 300)
		ack_failure(ua, t, m);
	else if (t->call)
		ua_call_reack(ua, t->call, m);
	return true;
}

void ua_txn_forget(struct ua *ua, const struct ua_call *call)
{
	for (struct ua_txn *t = ua->txns; t; t = t->next) {
		if (t->call == call)
			t->call = NULL;
	}
}

static void give_up(struct ua *ua, struct ua_txn *t)
{
	t->done = true;
	t->resend_ms = INT64_MAX;
	t->give_up_ms = ua_now_ms(ua); /* swept by the next turn */
	if (t->call)
		ua_call_on_timeout(ua, t);
	else if (t == ua->reg.txn)
		ua_reg_done(ua, 408);
}

static void turn_one(struct ua *ua, struct ua_txn *t, int64_t now_ms)
{
	const bool invite = strcmp(t->req.method, "INVITE") == 0;
	if (t->done)
		return;
	if (now_ms >= t->give_up_ms && !(invite && t->heard)) {
		give_up(ua, t);
	} else if (now_ms >= t->resend_ms) {
		transmit(ua, t);
		t->interval_ms *= 2;
		if (!invite && t->interval_ms > UA_T2_MS)
			t->interval_ms = UA_T2_MS;
		t->resend_ms = now_ms + t->interval_ms;
	}
}

static void sweep(struct ua *ua, int64_t now_ms)
{
	for (struct ua_txn **at = &ua->txns; *at;) {
		struct ua_txn *t = *at;
		if (!t->done || now_ms < t->give_up_ms) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		if (ua->reg.txn == t)
			ua->reg.txn = NULL;
		free(t->bytes);
		free(t);
	}
}

/* A refusal to INVITE over UDP is repeated until its ACK (§17.2.1, timers G and H). */
static int64_t served_turn(struct ua *ua, struct ua_served *s, int64_t now_ms)
{
	if (s->resend_ms && now_ms >= s->give_up_ms)
		s->resend_ms = 0;
	if (s->resend_ms && now_ms >= s->resend_ms) {
		ua_way_send(ua, &s->way, slice_of(s->bytes, s->n));
		s->interval_ms = 2 * s->interval_ms < UA_T2_MS ? 2 * s->interval_ms : UA_T2_MS;
		s->resend_ms = now_ms + s->interval_ms;
	}
	return s->resend_ms ? s->resend_ms : INT64_MAX;
}

int64_t ua_txn_turn(struct ua *ua, int64_t now_ms)
{
	int64_t next = INT64_MAX;
	for (uint32_t i = 0; i < UA_SERVED_MAX; i++) {
		const int64_t at = served_turn(ua, &ua->served[i], now_ms);
		next = at < next ? at : next;
	}
	for (struct ua_txn *t = ua->txns; t; t = t->next)
		turn_one(ua, t, now_ms);
	sweep(ua, now_ms);
	for (struct ua_txn *t = ua->txns; t; t = t->next) {
		const bool waits = !t->done && t->heard && strcmp(t->req.method, "INVITE") == 0;
		const int64_t at =
			t->resend_ms < t->give_up_ms || waits ? t->resend_ms : t->give_up_ms;
		next = at < next ? at : next;
	}
	return next;
}

static bool is_served(const struct ua_served *s, const struct wire_msg *req)
{
	const struct slice branch = wire_param(wire_header(req, "Via", 0), "branch");
	return s->branch[0] && slice_eq(branch, slice_str(s->branch)) &&
	       slice_eq(req->method, slice_str(s->method));
}

struct ua_served *ua_served_find(struct ua *ua, const struct wire_msg *req)
{
	for (uint32_t i = 0; i < UA_SERVED_MAX; i++) {
		if (is_served(&ua->served[i], req))
			return &ua->served[i];
	}
	return NULL;
}

void ua_served_acked(struct ua *ua, const struct wire_msg *ack)
{
	const struct slice branch = wire_param(wire_header(ack, "Via", 0), "branch");
	for (uint32_t i = 0; i < UA_SERVED_MAX; i++) {
		if (slice_eq(branch, slice_str(ua->served[i].branch)))
			ua->served[i].resend_ms = 0;
	}
}

struct ua_served *ua_served_new(struct ua *ua, const struct wire_msg *req, const struct ua_way *way)
{
	struct ua_served *s = &ua->served[ua->served_n++ % UA_SERVED_MAX];
	free(s->bytes);
	*s = (struct ua_served){.way = *way};
	ua_text(s->branch, sizeof(s->branch), wire_param(wire_header(req, "Via", 0), "branch"));
	ua_text(s->method, sizeof(s->method), req->method);
	return s;
}

void ua_reply(struct ua *ua, const struct wire_msg *req, const struct ua_way *way, int code,
	      const char *tag, const char *headers, const char *type, const char *body)
{
	char buf[UA_MSG_BYTES];
	struct strbuf b;
	struct ua_served *s = ua_served_find(ua, req);
	strbuf_init(&b, buf, sizeof(buf));
	ua_write_response(ua, &b, req, code, tag, headers, type, body);
	if (s) {
		free(s->bytes);
		s->bytes = sim_alloc(b.n);
		s->n = b.n;
		memcpy(s->bytes, b.p, b.n);
		s->way = *way;
	}
	if (s && code >= 300 && !way->stream && strcmp(s->method, "INVITE") == 0) {
		s->interval_ms = UA_T1_MS;
		s->resend_ms = ua_now_ms(ua) + UA_T1_MS;
		s->give_up_ms = ua_now_ms(ua) + UA_GIVE_UP_MS;
		sim_io_poke(ua->io);
	}
	ua_way_send(ua, way, strbuf_slice(&b));
}
