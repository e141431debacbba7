/* The call record, and the event that says the same. */
#include "b2bua/b2bua_priv.h"

static void quality(struct shard *s, const struct call *c, const struct leg *l,
		    struct store_quality *ret_quality)
{
	struct relay_stats st;
	struct rtp_quality q;
	if (l == NULL || l->stream_count == 0 ||
	    !relay_endpoint_stats(s->relay, l->streams[0].endpoint, &st))
		return;
	rtp_quality_of(&st.received, slice_str(c->codec), ASSUMED_DELAY_MS, &q);
	*ret_quality = (struct store_quality){
		.packets = st.received.packets,
		.lost = st.received.lost,
		.jitter_ms = q.jitter_ms,
		.mos = q.mos,
		.r_factor = q.r_factor,
		.longest_gap_ms = (uint64_t)(st.received.longest_gap_us / 1000),
		.reordered = st.received.reordered,
		.refused = st.refused_packets,
	};
}

static void ended_event(struct shard *s, const struct call *c)
{
	struct event e = event_of(s, EVENT_CALL_ENDED, c);
	event_add_text(&e, EVENT_KEY_FROM, slice_str(c->from));
	event_add_text(&e, EVENT_KEY_TO, slice_str(c->to));
	event_add_number(&e, EVENT_KEY_CODE, c->sip_code);
	event_add_text(&e, EVENT_KEY_REASON,
		       slice_str(call_cause_info((enum call_cause)c->cause)->word));
	event_add_text(&e, EVENT_KEY_KIND, slice_str(call_side_name((enum call_side)c->ended_by)));
	event_add_number(&e, EVENT_KEY_DURATION_MS,
			 c->answered_at ? c->ended_at - c->answered_at : 0);
	if (c->trunk[0])
		event_add_text(&e, EVENT_KEY_TRUNK, slice_str(c->trunk));
	event_send(s, &e);
}

void record_detail(struct shard *s, struct call *c, struct slice text)
{
	bufs_give(s->bufs, (char *)c->detail.p);
	c->detail = text.n ? bufs_copy(s->bufs, text) : SLICE_NONE;
}

/* All but the media's quality. */
static struct store_record record_of(const struct call *c)
{
	const struct call_cause_info *cause = call_cause_info((enum call_cause)c->cause);
	return (struct store_record){
		.id = c->uid,
		.from = slice_str(c->from),
		.to = slice_str(c->to[0] ? c->to : c->dialled),
		.dialled = slice_str(c->dialled),
		.customer = slice_str(c->customer),
		.started_at = c->started_at,
		.ringing_at = c->ringing_at,
		.answered_at = c->answered_at,
		.ended_at = c->ended_at,
		.sip_code = c->sip_code,
		.reason = slice_str(cause->word),
		.reason_text = slice_str(cause->text),
		.ended_by = slice_str(call_side_name((enum call_side)c->ended_by)),
		.codec = slice_str(c->codec),
		.direction = slice_str(call_direction_name((enum call_direction)c->direction)),
		.trunk = slice_str(c->trunk),
		.withheld = c->anonymous,
		.detail = c->detail,
		.has_media = c->answered_at != 0,
	};
}

/* The forwarder's part: he has called the target, from then on, and to the call's end. */
struct store_record record_of_forward(const struct store_record *call,
				      const struct call_forward *fwd)
{
	struct store_record r = *call;
	r.id = fwd->record;
	r.call = call->id;
	r.forward = slice_str(forward_kind_info((enum forward_kind)fwd->kind)->word);
	r.from = slice_str(fwd->by);
	r.to = r.dialled = slice_str(fwd->to);
	r.customer = slice_str(fwd->customer);
	r.started_at = fwd->at;
	r.ringing_at = fwd->ringing_at;
	r.direction = slice_str(call_direction_name((enum call_direction)fwd->direction));
	r.trunk = slice_str(fwd->trunk);
	r.withheld = false;
	if (fwd->kind != FORWARD_TRANSFERRED)
		return r;
	r.answered_at = fwd->answered_at;
	r.has_media = fwd->answered_at != 0;
	if (fwd->ended_at) {
		const struct call_cause_info *cause = call_cause_info(
			(enum call_cause)(fwd->cause < CALL_CAUSES ? fwd->cause : 0));
		r.ended_at = fwd->ended_at;
		r.sip_code = fwd->sip_code;
		r.reason = slice_str(cause->word);
		r.reason_text = slice_str(cause->text);
		r.ended_by = slice_str(call_side_name(CALL_CALLEE));
	}
	return r;
}

/* ERR_AGAIN: the rest has to wait for room. */
static int write_forwards(struct shard *s, struct call *c, const struct store_record *call)
{
	struct call_forwards *forwards = call_forwards_of(s, c);
	for (uint8_t i = 0; forwards && i < forwards->count; i++) {
		struct call_forward *fwd = &forwards->v[i];
		struct store_record r = record_of_forward(call, fwd);
		if (!fwd->recorded && writer_record_add(s->p.writer, &r) == ERR_AGAIN)
			return ERR_AGAIN;
		fwd->recorded = true;
	}
	return 0;
}

int record_write_lost(struct shard *s, const struct call *c)
{
	struct store_record r = record_of(c);
	ended_event(s, c);
	return s->p.writer ? writer_record_add(s->p.writer, &r) : 0;
}

void record_write(struct shard *s, struct call *c)
{
	struct store_record r = record_of(c);
	quality(s, c, leg_of(s, c->leg_a), &r.a_to_b);
	quality(s, c, branch_leg(s, c, c->winner), &r.b_to_a);
	if (!c->record_due) {
		ended_event(s, c);
		fraud_note(s, c);
	}
	c->record_due = s->p.writer && (write_forwards(s, c, &r) == ERR_AGAIN ||
					writer_record_add(s->p.writer, &r) == ERR_AGAIN);
	keep_ended(s, c, c->record_due ? &r : NULL);
	if (c->record_due) /* the queue is full: the call keeps its slot and its figures until there
			      is room */
		wheel_arm(s->wheel, &c->timer, now_of(s) + TICK_MS, TIMER_CALL, c->id);
}
