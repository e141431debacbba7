/* The call's timer: ring limit or the end of an announcement, watching the media, a record that
 * could not be handed over. */
#include "b2bua/b2bua_priv.h"

#define RING_ON_MS 60000

void call_watch_media(struct shard *s, struct call *c)
{
	c->media_seen_ms = now_of(s);
	wheel_cancel(s->wheel, &c->timer);
	if (media_has_streams(s, c))
		wheel_arm(s->wheel, &c->timer, now_of(s) + TICK_MS, TIMER_CALL, c->id);
}

static void watch_media(struct shard *s, struct call *c)
{
	int64_t now = now_of(s), last = media_last_ms(s, c);
	if (!media_has_streams(s, c))
		return; /* nothing to watch until a new negotiation brings some */
	if (last > c->media_seen_ms)
		c->media_seen_ms = last;
	if (media_on_hold(s, c))
		c->media_seen_ms = now;
	if (s->config->media_timeout_s == 0 ||
	    now - c->media_seen_ms < (int64_t)s->config->media_timeout_s * 1000) {
		wheel_arm(s->wheel, &c->timer, now + TICK_MS, TIMER_CALL, c->id);
		keep_figures(s, c);
		return;
	}
	struct event e = event_of(s, EVENT_MEDIA_SILENT, c);
	event_add_number(&e, EVENT_KEY_DURATION_MS, now - c->media_seen_ms);
	event_send(s, &e);
	call_happens(s, c, &(struct call_event){.kind = CALL_EV_END, .cause = CAUSE_MEDIA_SILENT},
		     NULL);
}

/* Timer C (RFC 3261 §16.6, §16.8): each provisional response begins it anew, to an end; meanwhile
 * the caller hears of us every minute (§13.3.1.1). */
void call_watch_ringing(struct shard *s, struct call *c)
{
	int64_t end = c->ring_end_ms < c->ring_last_ms ? c->ring_end_ms : c->ring_last_ms,
		minute = now_of(s) + RING_ON_MS;
	if (c->forward_ms && c->forward_ms < end)
		end = c->forward_ms;
	wheel_arm(s->wheel, &c->timer, end < minute ? end : minute, TIMER_CALL, c->id);
}

static void watch_ringing(struct shard *s, struct call *c)
{
	int64_t now = now_of(s);
	bool forward = c->forward_ms && now >= c->forward_ms && forward_on_no_answer(s, c);
	if (forward || now >= c->ring_end_ms || now >= c->ring_last_ms) {
		call_happens(s, c, &(struct call_event){.kind = CALL_EV_RING_LIMIT}, NULL);
		return;
	}
	early_ring_on(s, c);
	call_watch_ringing(s, c);
}

void call_on_timer(struct shard *s, struct id id)
{
	struct call *c = call_of(s, id);
	if (c == NULL)
		return;
	if (c->record_due) {
		record_write(s, c);
		call_settle(s, c);
	} else if (c->state == CALL_ANSWERED) {
		if (!transfer_on_timer(s, c) && (!c->service || !service_ends(s, c)))
			watch_media(s, c);
	} else if (c->state == CALL_ANNOUNCING) {
		call_happens(s, c, &(struct call_event){.kind = CALL_EV_ANNOUNCED}, NULL);
	} else {
		watch_ringing(s, c);
	}
}
