#include "shard/shard_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define LEGS_PER_CALL	   4 /* on average: a pool for phones that ring together */
#define TXNS_PER_CALL	   6
#define TXNS_SPARE	   4096 /* registrations, pings, strangers */
#define BYTES_PER_CALL	   (16 * 1024)
#define CONNECTIONS_MAX	   1000000	       /* where the configuration does not say */
#define IDLE_CONNECTION_MS (2 * 3600 * 1000LL) /* longer than the longest registration by then */

/* --- what io says: after a restart calls have the first word, whatever comes first */

static void on_datagrams(void *ctx, uint64_t cookie, struct io_datagram *v, size_t count)
{
	struct shard *s = ctx;
	keep_talk(s);
	if (COOKIE_KIND(cookie) == COOKIE_KIND(COOKIE_RELAY))
		relay_on_datagrams(s->relay, cookie, v, count);
	else
		transport_on_datagrams(s->transport, cookie, v, count);
}

static void on_stream(void *ctx, const struct io_stream_note *note)
{
	struct shard *s = ctx;
	keep_talk(s);
	transport_on_stream(s->transport, note);
}

static void on_udp_error(void *ctx, uint64_t cookie, const struct addr *dst, int err)
{
	struct shard *s = ctx;
	(void)err;
	if (COOKIE_KIND(cookie) == COOKIE_KIND(COOKIE_TRANSPORT))
		transport_on_udp_error(s->transport, cookie, dst);
}

static void on_wake(void *ctx)
{
	keep_talk(ctx);
	inbox_drain(ctx);
}

static void tick(struct shard *s)
{
	transport_sweep(s->transport, now_of(s));
	register_expire(s);
	ping_phones(s);
	keep_tick(s);
	care_tick(s);
	wheel_arm(s->wheel, &s->tick, now_of(s) + TICK_MS, TIMER_TICK, ID_NONE);
}

static void on_timer(void *ctx, uint32_t kind, struct id owner)
{
	struct shard *s = ctx;
	scratch_reset(s);
	s->out_call = 0;
	switch (kind) {
	case TIMER_CALL:
		call_on_timer(s, owner);
		return;
	case TIMER_LEG:
		leg_on_timer(s, owner);
		return;
	case TIMER_RELIABLE:
		early_on_timer(s, owner);
		return;
	case TIMER_SESSION:
		session_on_timer(s, owner);
		return;
	case TIMER_TICK:
		tick(s);
		return;
	case TIMER_PURSUIT:
		pursuit_on_timer(s, owner);
		return;
	case TIMER_COMEBACK:
		comeback_on_timer(s, owner);
		return;
	case TIMER_TRUNK:
		trunk_on_timer(s, owner);
		return;
	case TIMER_RESUME:
		keep_talk(s);
		return;
	case TIMER_PLAYER:
		players_on_timer(s->players, owner);
		return;
	default:
		txn_on_timer(s->txns, kind, owner, &s->scratch, now_of(s));
		return;
	}
}

static void on_timer_and_keep(void *ctx, uint32_t kind, struct id owner)
{
	on_timer(ctx, kind, owner);
	keep_touched(ctx);
}

static int64_t on_turn(void *ctx, int64_t now_ms)
{
	struct shard *s = ctx;
	wheel_advance(s->wheel, now_ms, on_timer_and_keep, s);
	return wheel_next_ms(s->wheel);
}

/* --- what the relay says */

static void media_event(struct shard *s, enum event_type type, struct id leg,
			const struct addr *source, bool rtcp)
{
	char text[ADDR_TEXT_BYTES];
	const struct leg *l = leg_of(s, leg);
	struct event e = event_of(s, type, l ? call_of(s, l->call) : NULL);
	event_add_text(&e, EVENT_KEY_REMOTE, slice_str(addr_text(source, text)));
	event_add_text(&e, EVENT_KEY_LEG,
		       l && l->branch == LEG_IS_CALLER ? SLICE("a") : SLICE("b"));
	event_add_text(&e, EVENT_KEY_KIND, rtcp ? SLICE("rtcp") : SLICE("rtp"));
	event_send(s, &e);
}

static void on_learned(void *ctx, struct id owner, struct id endpoint, const struct addr *source,
		       bool rtcp)
{
	struct shard *s = ctx;
	const struct leg *l = leg_of(s, owner);
	struct call *c = l ? call_of(s, l->call) : NULL;
	(void)endpoint;
	media_event(s, EVENT_MEDIA_LEARNED, owner, source, rtcp);
	if (c && c->state == CALL_ANSWERED)
		keep_figures(s, c);
}

static void on_refused(void *ctx, struct id owner, struct id endpoint, const struct addr *source)
{
	(void)endpoint;
	media_event(ctx, EVENT_MEDIA_REFUSED, owner, source, false);
}

static void on_played(void *ctx, struct id call)
{
	announce_played(ctx, call);
}

/* --- life */

static int open_pools(struct shard *s)
{
	uint32_t calls = s->calls_max;
	const struct {
		struct pool **pool;
		const char *name;
		size_t bytes;
		uint32_t limit;
	} pools[] = {
		{&s->calls, "calls", sizeof(struct call), calls},
		{&s->forwards, "forwards", sizeof(struct call_forwards), calls},
		{&s->legs, "legs", sizeof(struct leg), calls * LEGS_PER_CALL},
		{&s->exchanges, "exchanges", sizeof(struct exchange), calls * 2 + 16},
		{&s->pings, "pings", sizeof(struct ping), TXNS_SPARE},
	};
	for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
		struct pool_params p = {pools[i].name, s->p.index, pools[i].bytes, pools[i].limit};
		int err = pool_new(&p, pools[i].pool);
		if (err)
			return err;
	}
	int err = pursuits_open(s);
	if (err == 0)
		err = comebacks_open(s);
	if (err)
		return err;
	err = bufs_new((size_t)calls * BYTES_PER_CALL + (64u << 20), &s->bufs);
	return err ? err : index_new(calls, &s->by_call_id);
}

static int open_memory(struct shard *s)
{
	s->scratch_memory = malloc(SCRATCH_BYTES);
	s->out = malloc(OUT_BYTES);
	if (s->scratch_memory == NULL || s->out == NULL)
		return ERR_NOMEM;
	arena_init(&s->scratch, s->scratch_memory, SCRATCH_BYTES);
	int err = wheel_new(now_of(s), &s->wheel);
	return err ? err : open_pools(s);
}

static int open_transport(struct shard *s, char *ret_text, size_t text_bytes)
{
	struct transport_params p = {
		.io = s->p.io,
		.shard = s->p.index,
		.cookie_base = COOKIE_TRANSPORT,
		.listener_count = s->p.listener_count,
		.connections_max =
			s->config->connections_max ? s->config->connections_max : CONNECTIONS_MAX,
		.connections_per_source_max = s->config->connections_per_source_max,
		.idle_ms = IDLE_CONNECTION_MS,
		.ops = dispatch_transport_ops,
	};
	uint32_t failed = 0;
	char addr[ADDR_TEXT_BYTES];
	memcpy(p.listeners, s->p.listeners, sizeof(p.listeners));
	p.ops.ctx = s;
	int err = transport_new(&p, &failed, &s->transport);
	if (err && ret_text)
		snprintf(ret_text, text_bytes, "cannot listen on %s:%s: %s",
			 s->p.listeners[failed].transport == SIP_UDP ? "udp" : "tcp",
			 addr_text(&s->p.listeners[failed].bind, addr), err_text(err));
	return err;
}

static int open_txns(struct shard *s)
{
	uint32_t most = s->calls_max * TXNS_PER_CALL + TXNS_SPARE;
	struct txn_params p = {
		.shard = s->p.index,
		.wheel = s->wheel,
		.bufs = s->bufs,
		.hash_key = &s->p.hash_key,
		.servers_max = most,
		.clients_max = most,
		.timer_kind_first = TIMER_TXN_FIRST,
		.flow_bytes = sizeof(struct flow),
		.ops = dispatch_txn_ops,
	};
	p.ops.ctx = s;
	return txn_layer_new(&p, &s->txns);
}

static int open_relay(struct shard *s)
{
	struct relay_params p = {
		.io = s->p.io,
		.rng = &s->rng,
		.shard = s->p.index,
		.address4 = s->config->media4,
		.address6 = s->config->media6,
		.port_first = s->config->media_port_first,
		.port_last = s->config->media_port_last,
		.endpoints_max = s->calls_max * LEGS_PER_CALL,
		.ready_pairs_max = s->config->media_ready_pairs,
		.cookie_base = COOKIE_RELAY,
		.dscp = 46,
		.ops = {.ctx = s, .on_learned = on_learned, .on_refused = on_refused},
	};
	return relay_new(&p, &s->relay);
}

static int open_players(struct shard *s)
{
	struct players_params p = {
		.io = s->p.io,
		.relay = s->relay,
		.wheel = s->wheel,
		.rng = &s->rng,
		.shard = s->p.index,
		.limit = s->config->players_max,
		.timer_kind = TIMER_PLAYER,
		.ctx = s,
		.on_end = on_played,
	};
	return players_new(&p, &s->players);
}

static int open_all(struct shard *s, char *ret_text, size_t text_bytes)
{
	int err = open_memory(s);
	if (err == 0)
		err = open_txns(s);
	if (err == 0)
		err = open_relay(s);
	if (err == 0)
		err = open_players(s);
	if (err && ret_text)
		snprintf(ret_text, text_bytes, "shard %u: %s", s->p.index, err_text(err));
	return err ? err : open_transport(s, ret_text, text_bytes);
}

int shard_new(const struct shard_params *p, struct shard **ret_shard, char *ret_text,
	      size_t text_bytes)
{
	struct shard *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ERR_NOMEM;
	s->p = *p;
	s->config = p->config;
	s->calls_max = keep_calls(p);
	if (s->calls_max < p->config->calls_max)
		s->calls_max = p->config->calls_max;
	rng_init(&s->rng, p->seed);
	const struct io_handler handler = {
		.ctx = s,
		.on_datagrams = on_datagrams,
		.on_stream = on_stream,
		.on_udp_error = on_udp_error,
		.on_wake = on_wake,
		.on_turn = on_turn,
	};
	io_set_handler(p->io, &handler);
	int err = open_all(s, ret_text, text_bytes);
	if (err == 0)
		err = keep_open(s);
	if (err) {
		shard_free(s);
		return err;
	}
	wheel_arm(s->wheel, &s->tick, now_of(s) + TICK_MS, TIMER_TICK, ID_NONE);
	*ret_shard = s;
	return 0;
}

/* What calls in progress hold. */
static void let_go(struct shard *s)
{
	uint32_t cursor = 0;
	struct id id;
	for (struct leg *l; s->legs && (l = pool_next(s->legs, &cursor, &id));)
		leg_let_go(s, l);
	cursor = 0;
	for (struct call *c; s->calls && (c = pool_next(s->calls, &cursor, &id));)
		call_let_go(s, c);
}

void shard_free(struct shard *s)
{
	if (s == NULL)
		return;
	keep_close(s);
	care_close(s);
	let_go(s);
	transport_free(s->transport);
	txn_layer_free(s->txns);
	players_free(s->players);
	relay_free(s->relay);
	index_free(s->by_call_id);
	pursuits_close(s);
	comebacks_close(s);
	pool_free(s->pings);
	pool_free(s->exchanges);
	pool_free(s->legs);
	pool_free(s->forwards);
	pool_free(s->calls);
	bufs_free(s->bufs);
	wheel_free(s->wheel);
	free(s->scratch_memory);
	free(s->out);
	free(s);
}

void shard_drain(struct shard *s)
{
	s->draining = true;
}

void shard_reconfigure(struct shard *s, const struct shard_config *config)
{
	s->config = config;
}
