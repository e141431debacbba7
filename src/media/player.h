/*
 * player: sends clips (media/sounds.h) from an endpoint of the relay to its phone, one RTP packet
 * of 20 ms after the other, driven by the shard's timer wheel. A stream of its own: SSRC, sequence
 * and timestamp begin at random (RFC 3550 §5.1), the first packet carries the marker (RFC 3551
 * §4.1).
 *
 * Life of a player: player_open for a call; player_play as often as wanted, the next one goes on
 * with the same stream; on_end when a list has been played to its end; player_close. The pool is
 * the bound on how many callers can be played to at a time. Calls without a player cost nothing.
 */
#pragma once

#include "base/pool.h"
#include "base/rng.h"
#include "base/wheel.h"
#include "io/io.h"
#include "media/relay.h"
#include "media/sounds.h"

#define PLAYER_CLIPS_MAX 16

struct players;

struct players_params {
	struct io *io;
	struct relay *relay;
	struct wheel *wheel;
	struct rng *rng;
	uint32_t shard;
	uint32_t limit; /* at a time; 0: none */
	uint32_t timer_kind;
	void *ctx;
	/* All was played; may open, play and close. */
	void (*on_end)(void *ctx, struct id owner);
};

/* 0, ERR_NOMEM or ERR_INVALID. */
int players_new(const struct players_params *p, struct players **ret_players);
void players_free(struct players *p);
/* The shard's on_timer for timer_kind. */
void players_on_timer(struct players *p, struct id player);

enum player_law { PLAYER_ULAW, PLAYER_ALAW };

struct player_list {
	struct id endpoint;
	enum player_law law;
	uint8_t payload_type;
	const struct clip *clips[PLAYER_CLIPS_MAX];
	uint32_t clip_count;
};

/* 0 or ERR_LIMIT: as many as may be are open. */
int player_open(struct players *p, struct id owner, struct id *ret_player);
/* Clips stay the snapshot's. What it played before is over. It waits up to PLAYER_PATIENCE_MS for
 * an endpoint that does not know yet where its phone is (behind a NAT), so that the first word is
 * heard. */
#define PLAYER_PATIENCE_MS 1000
void player_play(struct players *p, struct id player, const struct player_list *list);
/* A stale id is ignored. */
void player_close(struct players *p, struct id player);
/* Playing, or waiting to. */
bool player_is_playing(const struct players *p, struct id player);

/* Walks the owners of all players; start with *cursor = 0. False at the end. */
bool players_next(const struct players *p, uint32_t *cursor, struct id *ret_owner);
uint32_t players_used(const struct players *p);
