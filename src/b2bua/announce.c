/*
 * A refusal that the caller hears: 183 with a session description, reliably where the caller can
 * (RFC 3262), the operator's file for the cause or a tone, then the refusal as it would have come.
 * By then the caller is known (credentials or a trusted source), so that nobody is sent more than
 * he asked for; the call holds no channel; and only so many are told at a time, a few of one
 * number. A caller that hangs up meanwhile ends it at once.
 */
#include "b2bua/b2bua_priv.h"

#include "core/announcement.h"
#include "sip/value.h"

#define TONE_CYCLES	 5 /* of one second */
#define LANGUAGES_ASKED	 4
#define PLAYERS_A_NUMBER 4

/* --- who may be played to */

static uint32_t players_of_number(struct shard *s, const char *number)
{
	uint32_t cursor = 0, n = 0;
	struct id owner;
	while (players_next(s->players, &cursor, &owner)) {
		const struct call *c = call_of(s, owner);
		n += c && strcmp(c->from, number) == 0;
	}
	return n;
}

enum call_cause announce_open_player(struct shard *s, struct call *c)
{
	if (players_of_number(s, c->from) >= PLAYERS_A_NUMBER)
		return CAUSE_NO_CHANNEL;
	return player_open(s->players, c->id, &c->player) ? CAUSE_OVERLOAD : CAUSE_NORMAL;
}

void announce_close_player(struct shard *s, struct call *c)
{
	player_close(s->players, c->player);
	c->player = ID_NONE;
}

/* --- what is played */

static bool is_off(const struct shard_config *config, enum call_cause cause)
{
	return config->announce_off[cause / 64] >> (cause % 64) & 1;
}

const struct clip *announce_file(const struct shard *s, const struct sip_msg *invite, uint32_t name)
{
	struct slice tags[LANGUAGES_ASKED + 1],
		rest = invite ? sip_msg_value(invite, SIP_HDR_ACCEPT_LANGUAGE) : SLICE_NONE;
	uint32_t n = 0;
	while (rest.n && n < LANGUAGES_ASKED) {
		struct slice range = slice_cut(&rest, ',');
		range = slice_trim(slice_first(range, slice_find(range, ';')));
		tags[n++] = slice_first(range, slice_find(range, '-'));
	}
	tags[n++] = slice_str(s->config->announce_language);
	return sounds_file(s->config->sounds, name, tags, n);
}

/* False: this cause is not announced. */
static bool choose(const struct shard *s, enum call_cause cause, const struct sip_msg *invite,
		   struct player_list *ret_list)
{
	const struct shard_config *config = s->config;
	if (config->sounds == NULL || config->announce == ANNOUNCE_OFF ||
	    !announcement_speakable(cause) || is_off(config, cause))
		return false;
	const struct clip *file = announce_file(s, invite, cause);
	if (file == NULL && config->announce != ANNOUNCE_ALL)
		return false;
	ret_list->clip_count = file ? 1 : TONE_CYCLES;
	for (uint32_t i = 0; i < ret_list->clip_count; i++)
		ret_list->clips[i] = file ? file : sounds_tone(config->sounds, TONE_BUSY);
	return true;
}

/* --- the announcement */

static bool silent(struct shard *s, const struct call *c, const char *why)
{
	struct event e = event_of(s, EVENT_CALL_NOT_ANNOUNCED, c);
	event_add_text(&e, EVENT_KEY_REASON,
		       slice_str(call_cause_info((enum call_cause)c->cause)->word));
	event_add_text(&e, EVENT_KEY_DETAIL, slice_str(why));
	event_send(s, &e);
	return false;
}

static void announced_event(struct shard *s, const struct call *c, const struct player_list *list)
{
	int64_t samples = 0;
	for (uint32_t i = 0; i < list->clip_count; i++)
		samples += list->clips[i]->samples;
	struct event e = event_of(s, EVENT_CALL_ANNOUNCED, c);
	event_add_text(&e, EVENT_KEY_REASON,
		       slice_str(call_cause_info((enum call_cause)c->cause)->word));
	event_add_text(&e, EVENT_KEY_KIND, list->clip_count == 1 ? SLICE("file") : SLICE("tone"));
	event_add_number(&e, EVENT_KEY_DURATION_MS, samples / (TONE_RATE_HZ / 1000));
	event_send(s, &e);
}

static const char *why_not_heard(struct shard *s, const struct sip_msg *invite,
				 const struct sdp **ret_offer, struct media_own *ret_own)
{
	if (media_sdp_of(s, invite, ret_offer) != 0)
		return "the INVITE has no offer";
	if (media_own_choose(*ret_offer, false, ret_own) != 0)
		return "the offer has no plain RTP audio with PCMU or PCMA";
	return ret_own->heard ? NULL : "the caller does not want to hear anything";
}

static bool play(struct shard *s, struct call *c, struct leg *a, const struct sdp *offer,
		 const struct media_own *own, struct player_list *list)
{
	struct strbuf body = scratch_buf(s, offer->text.n + 2048);
	if (media_own_answer(s, a, offer, own, &body) != 0)
		return false;
	list->endpoint = a->streams[own->stream].endpoint;
	list->law = own->law;
	list->payload_type = own->payload_type;
	relay_disconnect(s->relay, list->endpoint); /* from a phone that spoke before */
	early_announce(s, c, a, strbuf_slice(&body));
	player_play(s->players, c->player, list);
	return true;
}

bool announce_begin(struct shard *s, struct call *c)
{
	struct leg *a = leg_of(s, c->leg_a);
	struct player_list list = {0};
	struct media_own own;
	const struct sdp *offer;
	const struct sip_msg *invite = caller_invite(s, a);
	if (invite == NULL || !choose(s, (enum call_cause)c->cause, invite, &list))
		return false;
	const char *why = why_not_heard(s, invite, &offer, &own);
	if (why)
		return silent(s, c, why);
	if (announce_open_player(s, c) != CAUSE_NORMAL)
		return silent(s, c, "as many callers as may be are being told something");
	if (!play(s, c, a, offer, &own, &list)) {
		announce_close_player(s, c);
		return silent(s, c, "no media port is free");
	}
	wheel_arm(s->wheel, &c->timer, now_of(s) + (int64_t)s->config->announce_limit_s * 1000,
		  TIMER_CALL, c->id);
	keep_setup(s, c);
	announced_event(s, c, &list);
	return true;
}

void announce_played(struct shard *s, struct id call)
{
	struct call *c = call_of(s, call);
	if (c == NULL)
		return;
	if (c->ringback)
		ringback_played(s, c);
	else if (c->state == CALL_ANNOUNCING)
		call_happens(s, c, &(struct call_event){.kind = CALL_EV_ANNOUNCED}, NULL);
	else
		service_played(s, c);
}
