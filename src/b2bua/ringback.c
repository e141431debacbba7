/*
 * What a caller hears while his call is forwarded. His own phone makes the ringing tone as long as
 * nobody has sent him any sound; from then on it plays what comes from us, and would be silent
 * while the target rings. So whoever has heard something, a phone's early media or the operator's
 * words ("forwarding"), gets the ringing tone from us until the target's sound takes its place.
 */
#include "b2bua/b2bua_priv.h"

#include "core/announcement.h"

static void play(struct shard *s, struct call *c, const struct clip *file, struct id endpoint,
		 const struct media_own *own)
{
	struct player_list list = {
		.endpoint = endpoint, .law = own->law, .payload_type = own->payload_type};
	if (file)
		list.clips[list.clip_count++] = file;
	while (list.clip_count < PLAYER_CLIPS_MAX)
		list.clips[list.clip_count++] = sounds_tone(s->config->sounds, TONE_RINGBACK);
	player_play(s->players, c->player, &list);
}

/* His answer to the offer, where he was told none yet: 183. */
static bool tell_session(struct shard *s, struct call *c, struct leg *a, const struct sdp *offer,
			 const struct media_own *own)
{
	if (c->hears_us)
		return true;
	struct strbuf body = scratch_buf(s, offer->text.n + 2048);
	if (media_own_answer(s, a, offer, own, &body) != 0)
		return false;
	early_announce(s, c, a, strbuf_slice(&body));
	return true;
}

bool ringback_open(struct shard *s, struct call *c)
{
	if (announce_open_player(s, c) != CAUSE_NORMAL)
		return false;
	c->ringback = true;
	s->counts.ringbacks++;
	return true;
}

static bool begin(struct shard *s, struct call *c, struct leg *a, const struct sip_msg *invite,
		  const struct clip *file)
{
	struct media_own own;
	const struct sdp *offer;
	if (media_sdp_of(s, invite, &offer) != 0 || media_own_choose(offer, false, &own) != 0 ||
	    !own.heard || !ringback_open(s, c))
		return false;
	if (!tell_session(s, c, a, offer, &own)) {
		ringback_end(s, c);
		return false;
	}
	play(s, c, file, a->streams[own.stream].endpoint, &own);
	return true;
}

bool ringback_begin(struct shard *s, struct call *c)
{
	struct leg *a = leg_of(s, c->leg_a);
	const struct sip_msg *invite = caller_invite(s, a);
	const struct shard_config *config = s->config;
	ringback_end(s, c);
	for (uint32_t i = 0; a && i < a->stream_count; i++)
		relay_disconnect(s->relay,
				 a->streams[i].endpoint); /* from whom was called so far */
	if (invite == NULL || config->sounds == NULL || config->announce == ANNOUNCE_OFF)
		return false;
	const struct clip *file = announce_file(s, invite, ANNOUNCEMENT_FORWARDING);
	if (file == NULL && !c->hears_us)
		return false;
	return begin(s, c, a, invite, file);
}

void ringback_played(struct shard *s, struct call *c)
{
	struct leg *a = leg_of(s, c->leg_a);
	const struct sip_msg *invite = caller_invite(s, a);
	struct media_own own;
	const struct sdp *offer;
	if (c->transfer)
		transfer_play(s, c);
	else if (invite && media_sdp_of(s, invite, &offer) == 0 &&
		 media_own_choose(offer, false, &own) == 0)
		play(s, c, NULL, a->streams[own.stream].endpoint, &own);
}

void ringback_end(struct shard *s, struct call *c)
{
	if (!c->ringback)
		return;
	c->ringback = false;
	s->counts.ringbacks--;
	announce_close_player(s, c);
}
