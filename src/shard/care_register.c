/* Our registrations at trunks (RFC 3261 §10.2): refreshed at three quarters of their time, tried
 * again with growing pauses when they fail. */
#include "shard/care_priv.h"

#include "sip/value.h"

#define CHALLENGES_MAX	  3
#define PAUSE_FIRST_S	  10
#define PAUSE_MAX_S	  1800
#define EXPIRES_ASKED_MAX 86400

static int send_register(struct shard *s, struct trunk_cared *c)
{
	char branch[BRANCH_CHARS + 1];
	struct strbuf b = scratch_buf(s, 3072);
	struct flow flow;
	int err = c->target_count ? care_flow(s, c, &flow) : ERR_NOT_FOUND;
	if (err)
		return err;
	branch_make(s, token_anonymous(s), branch);
	token_make(s, token_anonymous(s), c->tag);
	care_head(s, c, &flow,
		  &(struct care_request){SIP_REGISTER, branch, c->tag, c->call_id, ++c->cseq}, &b);
	header_contact(&b, slice_str(c->t.user), &flow);
	sip_build_number(&b, SIP_HDR_EXPIRES, c->expires_s);
	sip_build_body(&b, SLICE_NONE, SLICE_NONE);
	return b.failed ? ERR_TOO_BIG
			: care_send(s, c, &flow, SIP_REGISTER, strbuf_slice(&b), branch);
}

static void event(struct shard *s, enum event_type type, const struct trunk_cared *c, int code)
{
	struct event e = event_of(s, type, NULL);
	event_add_text(&e, EVENT_KEY_TRUNK, slice_str(c->t.name));
	if (code)
		event_add_number(&e, EVENT_KEY_CODE, code);
	else
		event_add_text(&e, EVENT_KEY_REASON, SLICE("no answer"));
	event_send(s, &e);
}

static void now_is(struct shard *s, struct trunk_cared *c, enum trunk_registration r, int code)
{
	bool turned, done = r == TRUNK_REGISTRATION_DONE;
	int64_t wall_ms = io_wall_ms(s->p.io),
		until = c->until_ms ? wall_ms + c->until_ms - now_of(s) : 0;
	bool changed = trunks_registered(s->p.trunks, c->t.id, r, code, until, wall_ms, &turned);
	if (changed)
		event(s, done ? EVENT_TRUNK_REGISTERED : EVENT_TRUNK_UNREGISTERED, c, code);
	if (turned)
		trunk_turned(s, c->t.id, done, TRUNK_WHY_REGISTER);
}

/* The present one holds as long as it was given for, unless the trunk itself said no. */
static void failed(struct shard *s, struct trunk_cared *c, int code)
{
	bool refused = code >= 400 && code != 408 && code < 500;
	int64_t pause_s = PAUSE_FIRST_S;
	for (uint32_t i = 0; i < c->failures && pause_s < PAUSE_MAX_S; i++)
		pause_s *= 2;
	if (pause_s > PAUSE_MAX_S)
		pause_s = PAUSE_MAX_S;
	c->failures++;
	c->challenges = 0;
	/* not all at the same moment after an outage */
	c->register_at_ms = now_of(s) + pause_s * 750 + rng_below(&s->rng, (uint32_t)pause_s * 500);
	care_next_target(c);
	if (!refused && c->until_ms > now_of(s))
		return;
	c->until_ms = 0;
	now_is(s, c, TRUNK_REGISTRATION_FAILED, code);
}

void care_register(struct shard *s, struct trunk_cared *c)
{
	if (c->expires_s == 0)
		c->expires_s = s->config->trunk_expires_s;
	c->registering = true;
	if (send_register(s, c) == 0)
		return;
	c->registering = false;
	failed(s, c, 0);
}

/* --- answers */

/* What our Contact was given; else what all were; else what was asked for (RFC 3261 §10.2.4). */
static uint32_t granted_s(const struct trunk_cared *c, const struct sip_msg *msg)
{
	struct sip_values it = sip_msg_values(msg, SIP_HDR_CONTACT);
	struct sip_nameaddr na;
	struct slice value, expires;
	uint64_t n;
	uint32_t all = c->expires_s;
	while (sip_values_next(&it, &value)) {
		if (sip_nameaddr_parse(value, &na) == 0 && !na.star &&
		    slice_eq(na.uri.user, slice_str(c->t.user)) &&
		    sip_param(na.params, SLICE("expires"), &expires) &&
		    slice_u64(expires, EXPIRES_ASKED_MAX, &n) == 0)
			return (uint32_t)n;
	}
	(void)sip_msg_number(msg, SIP_HDR_EXPIRES, EXPIRES_ASKED_MAX, &all);
	return all;
}

static void accepted(struct shard *s, struct trunk_cared *c, const struct sip_msg *msg)
{
	int64_t ms = (int64_t)granted_s(c, msg) * 1000;
	if (ms == 0) {
		failed(s, c, msg->code);
		return;
	}
	c->failures = c->challenges = 0;
	c->until_ms = now_of(s) + ms;
	c->register_at_ms = now_of(s) + ms * 3 / 4;
	now_is(s, c, TRUNK_REGISTRATION_DONE, msg->code);
}

/* The first one of a row answers what an earlier nonce may have been. */
static bool may_answer(struct shard *s, struct trunk_cared *c, const struct sip_msg *msg)
{
	struct digest_challenge challenge;
	return auth_challenge_of(msg, &challenge) &&
	       trunks_challenged(s->p.trunks, c->t.id, &challenge, c->challenges > 0) &&
	       c->challenges++ < CHALLENGES_MAX;
}

static bool longer(struct trunk_cared *c, const struct sip_msg *msg)
{
	uint32_t least = 0;
	if (sip_msg_number(msg, SIP_HDR_MIN_EXPIRES, EXPIRES_ASKED_MAX, &least) != 0 ||
	    least <= c->expires_s)
		return false;
	c->expires_s = least;
	return true;
}

void care_registered(struct shard *s, struct trunk_cared *c, const struct sip_msg *msg)
{
	int code = msg ? msg->code : 0;
	c->registering = false;
	if (!c->t.registers)
		return;
	if (code >= 200 && code < 300)
		accepted(s, c, msg);
	else if (((code == 401 || code == 407) && may_answer(s, c, msg)) ||
		 (code == 423 && longer(c, msg)))
		care_register(s, c);
	else
		failed(s, c, code);
}
