/* A player over the relay and an io without a kernel: which packets leave, when, and to whom. */
#include "media/player.h"

#include "base/err.h"
#include "relay_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TIMER_KIND 3
#define PHONE	   "198.51.100.1:4000"

static struct fixture x;
static struct wheel *wheel;
static struct players *players;
static uint32_t ended;
static struct id ended_owner;
static const uint8_t ulaw[400] = {[0 ... 399] = 0x11}, alaw[400] = {[0 ... 399] = 0x22};
static const struct clip clip = {ulaw, alaw, 400};

static void on_end(void *ctx, struct id owner)
{
	(void)ctx;
	ended++;
	ended_owner = owner;
}

static void on_timer(void *ctx, uint32_t kind, struct id owner)
{
	(void)ctx;
	assert_int_equal(kind, TIMER_KIND);
	players_on_timer(players, owner);
}

static void end(void)
{
	players_free(players);
	wheel_free(wheel);
	fixture_fini(&x);
	players = NULL;
	wheel = NULL;
}

static int setup(void **state)
{
	struct relay_params p = fixture_params(&x);
	(void)state;
	fixture_init(&x, &p);
	ended = 0;
	int err = wheel_new(io_now_ms(&x.f.io), &wheel);
	struct players_params pp = {
		.io = &x.f.io,
		.relay = x.relay,
		.wheel = wheel,
		.rng = &x.rng,
		.limit = 2,
		.timer_kind = TIMER_KIND,
		.on_end = on_end,
	};
	if (err == 0)
		err = players_new(&pp, &players);
	if (err)
		end();
	return err;
}

static int teardown(void **state)
{
	(void)state;
	players_free(players);
	players = NULL;
	assert_int_equal(wheel_count(wheel), 0);
	end();
	return 0;
}

/* So many milliseconds pass, one by one. How many packets left. */
static size_t pass(int64_t ms)
{
	size_t before = x.f.sent_count;
	for (int64_t i = 0; i < ms; i++) {
		wheel_advance(wheel, io_now_ms(&x.f.io), on_timer, NULL);
		x.f.now_us += 1000;
	}
	return x.f.sent_count - before;
}

static struct id play(struct id endpoint, enum player_law law, uint32_t clips)
{
	struct player_list list = {
		.endpoint = endpoint, .law = law, .payload_type = 8, .clip_count = clips};
	struct id player;
	for (uint32_t i = 0; i < clips; i++)
		list.clips[i] = &clip;
	assert_int_equal(player_open(players, (struct id){7}, &player), 0);
	player_play(players, player, &list);
	return player;
}

static uint32_t number(const char *p, size_t n)
{
	uint32_t v = 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | (uint8_t)p[i];
	return v;
}

/* 800 samples are five packets: at 0, 20, 40, 60 and 80 ms. */
static void test_stream(void **state)
{
	struct id e = fixture_open(&x, 1, 4, PHONE, "198.51.100.1:5060");
	(void)state;
	struct id player = play(e, PLAYER_ALAW, 2);
	assert_int_equal(pass(1), 1);
	assert_int_equal(pass(19), 0);
	assert_int_equal(pass(1), 1);
	assert_int_equal(pass(79), 3);
	assert_int_equal(ended, 0);
	assert_true(player_is_playing(players, player));
	assert_int_equal(pass(20), 0);
	assert_int_equal(ended, 1);
	assert_true(id_eq(ended_owner, (struct id){7}));
	assert_false(player_is_playing(players, player));
	const char *first = x.f.sent[0].bytes;
	for (size_t i = 0; i < 5; i++) {
		const struct fake_sent *s = &x.f.sent[i];
		struct rtp_header h;
		struct addr from = rtp_of(&x, e), to = address(PHONE);
		assert_true(addr_eq(&s->from, &from) && addr_eq(&s->to, &to));
		assert_int_equal(rtp_parse(slice_of(s->bytes, s->n), &h), 0);
		assert_int_equal(h.payload_type, 8);
		assert_int_equal(h.payload_bytes, 160);
		assert_int_equal(h.marker, i == 0);
		assert_int_equal(h.seq, (uint16_t)(number(first + 2, 2) + i));
		assert_int_equal(h.timestamp, (uint32_t)(number(first + 4, 4) + 160 * i));
		assert_int_equal(h.ssrc, number(first + 8, 4));
		assert_int_equal((uint8_t)s->bytes[12], 0x22);
	}
	assert_int_equal(stats_of(&x, e).sent_packets, 5);
}

/* The last packet of a clip that does not fill it is filled up with silence. */
static void test_filled_up(void **state)
{
	struct id e = fixture_open(&x, 1, 4, PHONE, NULL);
	(void)state;
	play(e, PLAYER_ULAW, 1);
	assert_int_equal(pass(100), 3);
	assert_int_equal((uint8_t)x.f.sent[2].bytes[12 + 79], 0x11);
	assert_int_equal((uint8_t)x.f.sent[2].bytes[12 + 80], 0xff);
	assert_int_equal(ended, 1);
}

/* Behind a NAT: nobody is there to send to until the phone has spoken; the first word waits. */
static void test_patience(void **state)
{
	struct id e = fixture_open(&x, 1, 4, "192.168.1.10:4000", "198.51.100.1:5060");
	(void)state;
	play(e, PLAYER_ULAW, 2);
	assert_int_equal(pass(500), 0);
	arrive_rtp(&x, e, "198.51.100.1:31000", 1, 1);
	assert_int_equal(pass(200), 5);
	assert_int_equal(ended, 1);
}

/* Not for ever. */
static void test_impatience(void **state)
{
	struct id e = fixture_open(&x, 1, 4, "192.168.1.10:4000", "198.51.100.1:5060");
	(void)state;
	play(e, PLAYER_ULAW, 2);
	assert_int_equal(pass(PLAYER_PATIENCE_MS + 200), 0);
	assert_int_equal(ended, 1);
}

static void test_closed(void **state)
{
	struct id e = fixture_open(&x, 1, 4, PHONE, NULL);
	(void)state;
	struct id player = play(e, PLAYER_ULAW, 2);
	assert_int_equal(pass(30), 2);
	relay_endpoint_close(x.relay, e);
	assert_int_equal(pass(30), 0);
	player_close(players, player);
	assert_int_equal(pass(200), 0);
	assert_int_equal(ended, 0);
	assert_int_equal(wheel_count(wheel), 0);
	player_close(players, player);
	assert_false(player_is_playing(players, player));
}

/* A shard that was busy goes on; it does not make up for it in one burst. */
static void test_late(void **state)
{
	struct id e = fixture_open(&x, 1, 4, PHONE, NULL);
	(void)state;
	play(e, PLAYER_ULAW, 10);
	assert_int_equal(pass(1), 1);
	x.f.now_us += 400 * 1000;
	assert_true(pass(1) <= 3);
	assert_int_equal(pass(100), 5);
}

static void test_limit(void **state)
{
	struct id ids[3], owner;
	uint32_t cursor = 0, n = 0;
	(void)state;
	assert_int_equal(player_open(players, (struct id){1}, &ids[0]), 0);
	assert_int_equal(player_open(players, (struct id){2}, &ids[1]), 0);
	assert_int_equal(player_open(players, (struct id){3}, &ids[2]), ERR_LIMIT);
	while (players_next(players, &cursor, &owner))
		n += (uint32_t)owner.v;
	assert_int_equal(n, 3);
	assert_int_equal(players_used(players), 2);
	player_close(players, ids[0]);
	assert_int_equal(player_open(players, (struct id){3}, &ids[2]), 0);
}

/* The next list goes on with the stream. */
static void test_again(void **state)
{
	struct id e = fixture_open(&x, 1, 4, PHONE, NULL);
	struct player_list list = {.endpoint = e, .clips = {&clip}, .clip_count = 1};
	struct rtp_header first, second;
	(void)state;
	struct id player = play(e, PLAYER_ULAW, 1);
	pass(100);
	player_play(players, player, &list);
	pass(100);
	assert_int_equal(ended, 2);
	assert_int_equal(rtp_parse(slice_of(x.f.sent[2].bytes, x.f.sent[2].n), &first), 0);
	assert_int_equal(rtp_parse(slice_of(x.f.sent[3].bytes, x.f.sent[3].n), &second), 0);
	assert_int_equal(second.ssrc, first.ssrc);
	assert_int_equal(second.seq, (uint16_t)(first.seq + 1));
	assert_true(second.marker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filled_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_patience, setup, teardown),
		cmocka_unit_test_setup_teardown(test_impatience, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
