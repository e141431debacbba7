/* Calls and counters as other threads and people may see them. */
#include "shard/shard_priv.h"

static const char *shown_state(const struct call *c, const struct leg *l)
{
	if (c->state == CALL_ENDING || (l && l->state >= LEG_BYE_SENT))
		return "ending";
	if (c->state == CALL_ANSWERED)
		return "answered";
	if (c->state == CALL_ANNOUNCING)
		return "announcing";
	return c->ringing_at ? "ringing" : "trying";
}

static void show_leg(const struct call *c, const struct leg *l, struct shard_leg_view *v)
{
	if (l == NULL) { /* gone; or a service, which has none */
		v->state = c->service ? shown_state(c, NULL) : "ending";
		return;
	}
	struct slice id = dialog_text(&l->dialog, DIALOG_CALL_ID),
		     contact = dialog_text(&l->dialog, DIALOG_REMOTE_TARGET);
	(void)slice_copy(slice_first(id, sizeof(v->call_id) - 1), v->call_id, sizeof(v->call_id));
	(void)slice_copy(slice_first(contact, sizeof(v->contact) - 1), v->contact,
			 sizeof(v->contact));
	(void)slice_copy(slice_str(l->user_agent), v->user_agent, sizeof(v->user_agent));
	flow_text(&l->flow, v->remote);
	v->state = shown_state(c, l);
}

static void show_media(struct shard *s, const struct call *c, const struct leg *l,
		       struct shard_media_view *v)
{
	struct relay_stats st;
	struct rtp_quality q;
	v->last_packet_ms_ago = -1;
	if (l == NULL || l->stream_count == 0 ||
	    !relay_endpoint_stats(s->relay, l->streams[0].endpoint, &st))
		return;
	rtp_quality_of(&st.received, slice_str(c->codec), ASSUMED_DELAY_MS, &q);
	v->packets = st.received.packets;
	v->lost = st.received.lost;
	v->refused = st.refused_packets;
	v->jitter_ms = q.jitter_ms;
	v->mos = q.mos;
	v->source = relay_endpoint_source(s->relay, l->streams[0].endpoint);
	if (st.last_received_ms)
		v->last_packet_ms_ago = now_of(s) - st.last_received_ms;
}

static const struct leg *shown_branch(const struct shard *s, const struct call *c)
{
	if (c->winner < CALL_BRANCHES_MAX)
		return branch_leg(s, c, c->winner);
	for (uint8_t i = c->first_branch; i < c->branch_count; i++) {
		const struct leg *l = branch_leg(s, c, i);
		if (l)
			return l;
	}
	return NULL;
}

/* Who stands on either side now: forwardings and complete transfers, in their order. */
static void show_forward(const struct shard *s, const struct call *c, struct shard_call_view *v)
{
	const struct call_forwards *forwards = call_forwards_of(s, c);
	for (uint8_t i = 0; forwards && i < forwards->count; i++) {
		const struct call_forward *fwd = &forwards->v[i];
		bool transfer = fwd->kind == FORWARD_TRANSFERRED;
		if (transfer && !fwd->joined)
			continue;
		struct slice to = slice_first(slice_str(fwd->to), sizeof(v->forwarded_to) - 1);
		if (transfer && fwd->side == CALL_CALLER)
			(void)slice_copy(to, v->from, sizeof(v->from));
		else
			(void)slice_copy(to, v->forwarded_to, sizeof(v->forwarded_to));
		if (fwd->trunk[0])
			strcpy(v->trunk, fwd->trunk);
	}
}

static void show(struct shard *s, const struct call *c, struct shard_call_view *v)
{
	const struct leg *a = leg_of(s, c->leg_a), *b = shown_branch(s, c);
	*v = (struct shard_call_view){
		.uid = c->uid,
		.direction = call_direction_name((enum call_direction)c->direction),
		.channel = c->channel_held,
		.state = shown_state(c, NULL),
		.started_at = c->started_at,
		.answered_at = c->answered_at,
		.held = c->state == CALL_ANSWERED && media_on_hold(s, c),
		.stream_count = a ? a->stream_count : 0,
	};
	(void)slice_copy(slice_first(slice_str(c->from), sizeof(v->from) - 1), v->from,
			 sizeof(v->from));
	(void)slice_copy(slice_first(slice_str(c->to), sizeof(v->to) - 1), v->to, sizeof(v->to));
	strcpy(v->codec, c->codec);
	strcpy(v->trunk, c->trunk);
	show_forward(s, c, v);
	for (uint8_t i = 0; i < c->branch_count; i++)
		v->ringing_legs += c->branches[i].state == BRANCH_RINGING;
	show_leg(c, a, &v->leg_a);
	show_leg(c, b, &v->leg_b);
	show_media(s, c, a, &v->a_to_b);
	show_media(s, c, b, &v->b_to_a);
}

uint32_t shard_calls(struct shard *s, uint64_t uid, shard_call_fn *fn, void *ctx)
{
	uint32_t cursor = 0, found = 0;
	struct id id;
	struct shard_call_view v;
	for (const struct call *c = pool_next(s->calls, &cursor, &id); c;
	     c = pool_next(s->calls, &cursor, &id)) {
		if (!call_is_live(c) || (uid && c->uid != uid))
			continue;
		show(s, c, &v);
		fn(ctx, &v);
		found++;
	}
	return found;
}

int shard_hangup(struct shard *s, uint64_t uid)
{
	uint32_t cursor = 0;
	struct id id;
	keep_talk(s);
	for (struct call *c = pool_next(s->calls, &cursor, &id); c;
	     c = pool_next(s->calls, &cursor, &id)) {
		if (c->uid != uid || !call_is_live(c))
			continue;
		scratch_reset(s);
		call_happens(s, c,
			     &(struct call_event){.kind = CALL_EV_END, .cause = CAUSE_OPERATOR},
			     NULL);
		return 0;
	}
	return ERR_NOT_FOUND;
}

void shard_end_calls(struct shard *s)
{
	uint32_t cursor = 0;
	struct id id;
	keep_talk(s);
	for (struct call *c = pool_next(s->calls, &cursor, &id); c;
	     c = pool_next(s->calls, &cursor, &id)) {
		if (!call_is_live(c))
			continue;
		scratch_reset(s);
		call_happens(s, c,
			     &(struct call_event){.kind = CALL_EV_END, .cause = CAUSE_SHUTDOWN},
			     NULL);
	}
}

void shard_counts(const struct shard *s, struct shard_counts *ret_counts)
{
	*ret_counts = s->counts;
	ret_counts->txn_servers = txn_servers(s->txns);
	ret_counts->txn_clients = txn_clients(s->txns);
	ret_counts->endpoints = relay_endpoints_used(s->relay);
	ret_counts->pairs_ready = relay_pairs_ready(s->relay);
	ret_counts->connections = transport_connections(s->transport);
	ret_counts->timers = wheel_count(s->wheel);
	ret_counts->buf_bytes = bufs_used_bytes(s->bufs);
	ret_counts->calls_used = pool_used(s->calls);
	ret_counts->forwards_used = pool_used(s->forwards);
	ret_counts->legs_used = pool_used(s->legs);
	ret_counts->exchanges_used = pool_used(s->exchanges);
	ret_counts->pings_used = pool_used(s->pings);
	ret_counts->pursuits_used = pool_used(s->pursuits);
	ret_counts->comebacks_used = pool_used(s->comebacks);
	ret_counts->players_used = players_used(s->players);
}
