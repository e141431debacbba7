#include "media/player.h"

#include "base/err.h"
#include "media/g711.h"

#include <stdlib.h>

#define FRAME_MS      20
#define FRAME_SAMPLES 160
#define HEADER_BYTES  12
/* A shard that was busy for longer than this does not send what it missed in one burst. */
#define BEHIND_MS 100

struct player {
	struct id owner;
	struct player_list list;
	uint32_t clip, sample; /* what comes next */
	bool playing, begun;   /* begun: the phone has been sent something */
	uint16_t seq;
	uint32_t timestamp, ssrc;
	int64_t next_ms, patience_ms; /* monotonic */
	struct timer timer;
};

struct players {
	struct players_params p;
	struct pool *pool;
};

int players_new(const struct players_params *p, struct players **ret_players)
{
	struct players *players = calloc(1, sizeof(*players));
	if (players == NULL)
		return ERR_NOMEM;
	struct pool_params pool = {"players", p->shard, sizeof(struct player), p->limit + 1};
	players->p = *p;
	int err = pool_new(&pool, &players->pool);
	if (err) {
		free(players);
		return err;
	}
	*ret_players = players;
	return 0;
}

void players_free(struct players *p)
{
	struct id id;
	uint32_t cursor = 0;
	if (p == NULL)
		return;
	while (pool_next(p->pool, &cursor, &id))
		player_close(p, id);
	pool_free(p->pool);
	free(p);
}

int player_open(struct players *p, struct id owner, struct id *ret_player)
{
	struct id id;
	struct player *pl = players_used(p) < p->p.limit ? pool_take(p->pool, &id) : NULL;
	if (pl == NULL)
		return ERR_LIMIT;
	pl->owner = owner;
	pl->seq = (uint16_t)rng_u64(p->p.rng);
	pl->timestamp = (uint32_t)rng_u64(p->p.rng);
	pl->ssrc = (uint32_t)rng_u64(p->p.rng);
	*ret_player = id;
	return 0;
}

void player_close(struct players *p, struct id player)
{
	struct player *pl = pool_get(p->pool, player);
	if (pl == NULL)
		return;
	wheel_cancel(p->p.wheel, &pl->timer);
	pool_give(p->pool, player);
}

static void arm(struct players *p, struct player *pl, struct id id)
{
	wheel_arm(p->p.wheel, &pl->timer, pl->next_ms, p->p.timer_kind, id);
}

void player_play(struct players *p, struct id player, const struct player_list *list)
{
	struct player *pl = pool_get(p->pool, player);
	if (pl == NULL)
		return;
	pl->list = *list;
	pl->clip = pl->sample = 0;
	pl->begun = false;
	pl->playing = true;
	pl->next_ms = io_now_ms(p->p.io);
	pl->patience_ms = pl->next_ms + PLAYER_PATIENCE_MS;
	arm(p, pl, player);
}

/* --- a packet */

/* Up to one frame out of the clips; how many samples there were. */
static uint32_t take_samples(struct player *pl, uint8_t *ret_bytes)
{
	uint32_t n = 0;
	while (n < FRAME_SAMPLES && pl->clip < pl->list.clip_count) {
		const struct clip *c = pl->list.clips[pl->clip];
		const uint8_t *bytes = pl->list.law == PLAYER_ALAW ? c->alaw : c->ulaw;
		uint32_t left = c->samples - pl->sample,
			 some = left < FRAME_SAMPLES - n ? left : FRAME_SAMPLES - n;
		memcpy(ret_bytes + n, bytes + pl->sample, some);
		n += some;
		pl->sample += some;
		if (pl->sample == c->samples) {
			pl->clip++;
			pl->sample = 0;
		}
	}
	return n;
}

static void put_u16(char *p, uint32_t v)
{
	p[0] = (char)(v >> 8);
	p[1] = (char)v;
}

static void put_u32(char *p, uint32_t v)
{
	put_u16(p, v >> 16);
	put_u16(p + 2, v);
}

static void write_header(const struct player *pl, char *p)
{
	p[0] = (char)0x80;
	p[1] = (char)(pl->list.payload_type | (pl->begun ? 0 : 0x80));
	put_u16(p + 2, pl->seq);
	put_u32(p + 4, pl->timestamp);
	put_u32(p + 8, pl->ssrc);
}

/* False: the list is at its end. */
static bool send_frame(struct players *p, struct player *pl)
{
	char packet[HEADER_BYTES + FRAME_SAMPLES];
	uint8_t *samples = (uint8_t *)packet + HEADER_BYTES;
	uint32_t n = take_samples(pl, samples);
	if (n == 0)
		return false;
	memset(samples + n, pl->list.law == PLAYER_ALAW ? G711_ALAW_SILENCE : G711_ULAW_SILENCE,
	       FRAME_SAMPLES - n);
	write_header(pl, packet);
	if (relay_endpoint_send(p->p.relay, pl->list.endpoint, slice_of(packet, sizeof(packet))))
		pl->begun = true;
	pl->seq++;
	pl->timestamp += FRAME_SAMPLES;
	return true;
}

static void finish(struct players *p, struct player *pl)
{
	pl->playing = false;
	p->p.on_end(p->p.ctx, pl->owner);
}

void players_on_timer(struct players *p, struct id player)
{
	struct player *pl = pool_get(p->pool, player);
	int64_t now = io_now_ms(p->p.io);
	if (pl == NULL || !pl->playing)
		return;
	bool waits = !pl->begun && now < pl->patience_ms &&
		     !relay_endpoint_has_target(p->p.relay, pl->list.endpoint);
	if (!waits && !send_frame(p, pl)) {
		finish(p, pl);
		return;
	}
	pl->next_ms += FRAME_MS;
	if (now - pl->next_ms > BEHIND_MS)
		pl->next_ms = now;
	arm(p, pl, player);
}

/* --- */

bool player_is_playing(const struct players *p, struct id player)
{
	const struct player *pl = pool_get(p->pool, player);
	return pl && pl->playing;
}

bool players_next(const struct players *p, uint32_t *cursor, struct id *ret_owner)
{
	struct id id;
	const struct player *pl = pool_next(p->pool, cursor, &id);
	if (pl)
		*ret_owner = pl->owner;
	return pl != NULL;
}

uint32_t players_used(const struct players *p)
{
	return pool_used(p->pool);
}
