/* A new call arrives: room, credentials, then leg A and the call itself. */
#include "b2bua/b2bua_priv.h"

static bool same_call_id(const void *ctx, uint64_t value)
{
	const struct {
		struct shard *s;
		struct slice call_id;
	} *key = ctx;
	const struct call *c = call_of(key->s, (struct id){value});
	const struct leg *a = c ? leg_of(key->s, c->leg_a) : NULL;
	return a && slice_eq(dialog_text(&a->dialog, DIALOG_CALL_ID), key->call_id);
}

struct call *call_by_call_id(struct shard *s, struct slice call_id, struct id *ret_id)
{
	struct {
		struct shard *s;
		struct slice call_id;
	} key = {s, call_id};
	ret_id->v =
		index_find(s->by_call_id, hash_slice(&s->p.hash_key, call_id), same_call_id, &key);
	return call_of(s, *ret_id);
}

/* Unique for all time on this machine, rising: milliseconds since 1970, shard (uid_shard), count
 * within the millisecond. */
uint64_t call_next_uid(struct shard *s)
{
	uint64_t uid = (uint64_t)io_wall_ms(s->p.io) << 22 | (uint64_t)s->p.index << 16;
	if (uid <= s->last_uid)
		uid = s->last_uid + 1;
	s->last_uid = uid;
	return uid;
}

static void refuse(struct shard *s, struct id server, enum call_cause cause)
{
	struct strbuf b = scratch_buf(s, 512);
	header_reason(&b, s, cause);
	if (call_cause_info(cause)->sip_code == 503)
		sip_build_number(&b, SIP_HDR_RETRY_AFTER, RETRY_AFTER_S);
	reply(s, server, call_cause_info(cause)->sip_code, strbuf_slice(&b));
	struct event e =
		event_of(s, cause == CAUSE_OVERLOAD ? EVENT_OVERLOAD : EVENT_CALL_REFUSED, NULL);
	event_add_text(&e, EVENT_KEY_REASON, slice_str(call_cause_info(cause)->word));
	event_send(s, &e);
	s->counts.calls_refused_total++;
}

static bool admitted(struct shard *s, struct id server)
{
	if (s->draining) {
		refuse(s, server, CAUSE_SHUTDOWN);
		return false;
	}
	if (pool_used(s->calls) < pool_limit(s->calls) &&
	    pool_used(s->legs) + 2 <= pool_limit(s->legs))
		return true;
	s->counts.overload_total++;
	refuse(s, server, CAUSE_OVERLOAD);
	return false;
}

static struct call *call_new(struct shard *s)
{
	struct id id;
	struct call *c = pool_take(s->calls, &id);
	if (c == NULL)
		return NULL;
	call_init(c, call_next_uid(s), id);
	c->started_at = io_wall_ms(s->p.io);
	return c;
}

static void call_drop(struct shard *s, struct call *c, struct leg *a)
{
	if (a) {
		leg_let_go(s, a);
		pool_give(s->legs, a->id);
	}
	pool_give(s->calls, c->id);
}

static int caller_leg(struct shard *s, struct call *c, struct id server, const struct sip_msg *msg,
		      const struct flow *flow, struct leg **ret_leg)
{
	char tag[TOKEN_CHARS + 1];
	int err = leg_new(s, c, LEG_IS_CALLER, flow, ret_leg);
	if (err)
		return err;
	struct leg *a = *ret_leg;
	token_make(s, a->id, tag);
	err = dialog_from_request(&a->dialog, msg, slice_str(tag));
	if (err)
		return err;
	token_number(&a->dialog, 0);
	a->invite = server;
	a->invite_cseq = msg->cseq.number;
	leg_learn(a, msg);
	struct slice ua = sip_msg_value(msg, SIP_HDR_USER_AGENT);
	(void)slice_copy(slice_first(ua, sizeof(a->user_agent) - 1), a->user_agent,
			 sizeof(a->user_agent));
	c->leg_a = a->id;
	return index_put(s->by_call_id, hash_slice(&s->p.hash_key, msg->call_id), c->id.v);
}

static void started_event(struct shard *s, const struct call *c, const struct leg *a,
			  const struct sip_msg *msg)
{
	char remote[ADDR_TEXT_BYTES];
	struct event e = event_of(s, EVENT_CALL_STARTED, c);
	event_add_text(&e, EVENT_KEY_FROM, slice_str(c->from));
	event_add_text(&e, EVENT_KEY_TO, msg->uri.user);
	event_add_text(&e, EVENT_KEY_CALL_ID, msg->call_id);
	event_add_text(&e, EVENT_KEY_REMOTE, slice_str(addr_text(&a->flow.remote, remote)));
	event_add_text(&e, EVENT_KEY_USER_AGENT, slice_str(a->user_agent));
	if (c->direction == CALL_IN)
		event_add_text(&e, EVENT_KEY_TRUNK, slice_str(c->trunk));
	event_send(s, &e);
}

/* Who calls: a subscriber, or somebody behind a trunk. */
struct caller {
	struct directory_number who;
	bool is_trunk;
	struct trunk trunk;
};

static void take_caller(struct shard *s, struct call *c, const struct caller *caller,
			const struct sip_msg *msg)
{
	if (!caller->is_trunk) {
		identity_of_subscriber(s, c, &caller->who, msg);
		return;
	}
	c->direction = CALL_IN;
	strcpy(c->trunk, caller->trunk.name);
	identity_of_network(c, &caller->trunk, msg);
	inbound_called(s, c, msg);
	c->in_live = true;
	s->counts.calls_in_live++;
}

static void begin(struct shard *s, struct call *c, struct leg *a, const struct caller *caller,
		  const struct sip_msg *msg)
{
	uint32_t hops = 70;
	take_caller(s, c, caller, msg);
	if (sip_msg_number(msg, SIP_HDR_MAX_FORWARDS, 70, &hops) != 0)
		hops = 70;
	c->max_forwards = (uint8_t)(hops - 1);
	s->out_call = c->uid;
	started_event(s, c, a, msg);
	txn_set_user(s->txns, a->invite, user_of(USER_LEG, a->id));
	leg_respond(s, a, a->invite, 100, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	c->ring_end_ms = now_of(s) + (int64_t)s->config->ring_limit_s * 1000;
	c->ring_last_ms = now_of(s) + (int64_t)s->config->ring_limit_s * 1000 * RING_LIMITS;
	call_watch_ringing(s, c);
	s->counts.calls_total++;
	s->counts.calls_live++;
	call_happens(s, c, &(struct call_event){.kind = CALL_EV_TRY}, msg);
}

/* The offer must be one that can be relayed before anybody's phone rings. */
static bool offer_usable(struct shard *s, struct id server, const struct sip_msg *msg)
{
	const struct sdp *sdp;
	int err = media_sdp_of(s, msg, &sdp);
	if (err == 0 || err == ERR_NOT_FOUND)
		return true;
	refuse(s, server, CAUSE_BAD_OFFER);
	return false;
}

/* False: it was answered. */
static bool find_caller(struct shard *s, struct id server, const struct sip_msg *msg,
			const struct flow *flow, struct caller *ret_caller)
{
	ret_caller->is_trunk =
		s->p.trunks && trunks_of_source(s->p.trunks, flow, &ret_caller->trunk);
	if (!ret_caller->is_trunk) {
		enum auth_result r = auth_caller(s, server, msg, flow, &ret_caller->who);
		if (r == AUTH_CHALLENGED)
			inbound_stranger(s, msg, flow);
		return r == AUTH_OK;
	}
	if (!inbound_is_loop(s, msg))
		return true;
	refuse(s, server, CAUSE_LOOP);
	return false;
}

static int open_caller(struct shard *s, struct call *c, struct id server, const struct sip_msg *msg,
		       const struct flow *flow, const struct caller *caller, struct leg **ret_leg)
{
	int err = caller_leg(s, c, server, msg, flow, ret_leg);
	if (err || !caller->is_trunk)
		return err;
	err = trunk_place_take(s, *ret_leg, caller->trunk.id);
	if (err)
		index_remove(s->by_call_id, hash_slice(&s->p.hash_key, msg->call_id), c->id.v);
	return err == ERR_LIMIT ? ERR_AGAIN : err;
}

static void no_caller(struct shard *s, struct id server, int err)
{
	if (err == ERR_SYNTAX)
		reply_text(s, server, 400, "The Contact of the INVITE cannot be used");
	else if (err == ERR_AGAIN)
		refuse(s, server, CAUSE_TRUNKS_FULL);
	else
		refuse(s, server, err == ERR_TOO_BIG ? CAUSE_TOO_LONG : CAUSE_OVERLOAD);
}

void invite_receive(struct shard *s, struct id server, const struct sip_msg *msg,
		    const struct flow *flow)
{
	struct caller caller;
	struct leg *a = NULL;
	if (!admitted(s, server) || !session_usable(s, server, msg) ||
	    !find_caller(s, server, msg, flow, &caller) || !offer_usable(s, server, msg))
		return;
	struct call *c = call_new(s);
	if (c == NULL) {
		refuse(s, server, CAUSE_OVERLOAD);
		return;
	}
	int err = open_caller(s, c, server, msg, flow, &caller, &a);
	if (err == 0) {
		begin(s, c, a, &caller, msg);
		return;
	}
	call_drop(s, c, a);
	no_caller(s, server, err);
}
