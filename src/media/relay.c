/* Endpoints: opening, expecting, connecting, reading out. */
#include "media/relay_priv.h"

#include "base/err.h"

#include <stdlib.h>

int relay_new(const struct relay_params *p, struct relay **ret_relay)
{
	struct relay *relay = calloc(1, sizeof *relay + p->endpoints_max * sizeof relay->ids[0]);
	if (!relay)
		return ERR_NOMEM;
	struct pool_params pool = {
		.name = "relay endpoints",
		.shard = p->shard,
		.slot_bytes = sizeof(struct endpoint),
		.limit = p->endpoints_max,
	};
	struct pool_params clocks = {
		.name = "relay clocks",
		.shard = p->shard,
		.slot_bytes = sizeof(struct clocks),
		.limit = p->endpoints_max,
	};
	relay->p = *p;
	rng_bytes(p->rng, &relay->hash_key, sizeof(relay->hash_key));
	int err = pool_new(&pool, &relay->endpoints);
	if (!err)
		err = pool_new(&clocks, &relay->clocks);
	if (!err)
		err = ports_new(p->port_first, p->port_last, &relay->ports);
	if (!err && p->ready_pairs_max)
		err = ready_new(p->ready_pairs_max, &relay->ready);
	if (err) {
		relay_free(relay);
		return err;
	}
	*ret_relay = relay;
	return 0;
}

static void close_pair(struct relay *relay, const struct ready_pair *pair)
{
	io_close(relay->p.io, pair->rtp_handle);
	io_close(relay->p.io, pair->rtcp_handle);
	ports_give(relay->ports, pair->rtp.port, io_now_ms(relay->p.io));
}

static bool close_oldest_ready(struct relay *relay)
{
	struct ready_pair pair;
	if (!relay->ready || !ready_take_any(relay->ready, 0, &pair))
		return false;
	close_pair(relay, &pair);
	return true;
}

void relay_free(struct relay *relay)
{
	struct id id;
	uint32_t cursor = 0;
	if (!relay)
		return;
	while (relay->endpoints && pool_next(relay->endpoints, &cursor, &id))
		relay_endpoint_close(relay, id);
	while (close_oldest_ready(relay))
		;
	ready_free(relay->ready);
	pool_free(relay->clocks);
	pool_free(relay->endpoints);
	ports_free(relay->ports);
	free(relay);
}

static struct endpoint *endpoint_get(const struct relay *relay, struct id id)
{
	return pool_get(relay->endpoints, id);
}

/* A port of this relay, or of another shard's. */
static bool is_own(const struct relay *relay, const struct addr *a)
{
	const struct addr *own = a->family == 4 ? &relay->p.address4 : &relay->p.address6;
	if (!addr_is(own) || !addr_ip_eq(a, own))
		return false;
	if (ports_is_taken(relay->ports, a->port))
		return true;
	return !addr_is_loopback(own) && a->port >= relay->p.server_port_first &&
	       a->port <= relay->p.server_port_last;
}

static bool is_broadcast(const struct addr *a)
{
	static const uint8_t ones[4] = {255, 255, 255, 255};
	return a->family == 4 && memcmp(a->ip, ones, sizeof ones) == 0;
}

/* What of the phone's SDP can be sent to from this endpoint; family 0: not that. */
static struct addr usable(const struct relay *relay, const struct endpoint *e, struct addr a)
{
	bool ok = a.family == e->rtp_local.family && a.port != 0 && !addr_is_any(&a) &&
		  !addr_is_multicast(&a) && !is_broadcast(&a) && !is_own(relay, &a);
	return ok ? a : (struct addr){0};
}

static int open_socket(struct relay *relay, struct addr local, uint64_t cookie, int *ret_handle,
		       struct addr *ret_local)
{
	struct io_udp_params p = {
		.local = local,
		.cookie = relay->p.cookie_base + cookie,
		.dscp = relay->p.dscp,
	};
	return io_udp_open(relay->p.io, &p, ret_handle, ret_local);
}

int relay_open_pair(struct relay *relay, struct endpoint *e, struct addr local)
{
	uint64_t cookie = (uint64_t)id_slot(e->self) << 1;
	struct addr rtcp;
	int err = open_socket(relay, local, cookie, &e->rtp_handle, &e->rtp_local);
	if (err)
		return err;
	local.port++;
	err = open_socket(relay, local, cookie | 1, &e->rtcp_handle, &rtcp);
	if (err)
		io_close(relay->p.io, e->rtp_handle);
	return err;
}

/* Tries pairs until one is free in the kernel's eyes too. */
static int open_any_pair(struct relay *relay, struct endpoint *e, struct addr local)
{
	int64_t now_ms = io_now_ms(relay->p.io);
	for (uint32_t tries = ports_count(relay->ports); tries > 0; tries--) {
		int err = ports_take(relay->ports, relay->p.rng, now_ms, &local.port);
		if (err)
			return err;
		err = relay_open_pair(relay, e, local);
		if (!err)
			return 0;
		ports_give(relay->ports, local.port, now_ms);
		if (err != ERR_IN_USE)
			return err == ERR_LIMIT ? ERR_LIMIT : ERR_IO;
	}
	return ERR_LIMIT;
}

static void set_cookies(struct relay *relay, const struct ready_pair *pair, uint64_t slot)
{
	io_set_cookie(relay->p.io, pair->rtp_handle, relay->p.cookie_base + (slot << 1));
	io_set_cookie(relay->p.io, pair->rtcp_handle, relay->p.cookie_base + (slot << 1 | 1));
}

/* A pair that is open already. */
static void take_over(struct relay *relay, struct endpoint *e, const struct ready_pair *pair)
{
	e->rtp_handle = pair->rtp_handle;
	e->rtcp_handle = pair->rtcp_handle;
	e->rtp_local = pair->rtp;
	set_cookies(relay, pair, id_slot(e->self));
}

/* One that is open and quiet; else one that is opened; where neither is to be had, one that is
 * open. */
static int find_pair(struct relay *relay, struct endpoint *e, struct addr local)
{
	struct ready_pair pair;
	if (relay->ready && ready_take(relay->ready, local.family, io_now_ms(relay->p.io), &pair)) {
		take_over(relay, e, &pair);
		return 0;
	}
	int err = open_any_pair(relay, e, local);
	if (err == ERR_LIMIT && relay->ready && ready_take_any(relay->ready, local.family, &pair)) {
		take_over(relay, e, &pair);
		return 0;
	}
	return err;
}

int relay_endpoint_open(struct relay *relay, struct id owner, int family, struct id *ret_endpoint,
			struct addr *ret_rtp, struct addr *ret_rtcp)
{
	struct addr local = family == 6 ? relay->p.address6 : relay->p.address4;
	if ((family != 4 && family != 6) || !addr_is(&local))
		return ERR_UNSUPPORTED;
	struct id id;
	struct endpoint *e = pool_take(relay->endpoints, &id);
	if (!e)
		return ERR_LIMIT;
	*e = (struct endpoint){.self = id, .owner = owner, .rtp.has_rtp = true};
	int err = find_pair(relay, e, local);
	if (err) {
		pool_give(relay->endpoints, id);
		return err;
	}
	relay->ids[id_slot(id)] = id;
	*ret_endpoint = id;
	*ret_rtp = e->rtp_local;
	*ret_rtcp = relay_rtcp_of(e->rtp_local);
	return 0;
}

static void keep_ready(struct relay *relay, const struct ready_pair *pair)
{
	uint32_t place;
	if (ready_count(relay->ready) == relay->p.ready_pairs_max)
		close_oldest_ready(relay);
	if (ready_put(relay->ready, pair, io_now_ms(relay->p.io), &place) == 0)
		set_cookies(relay, pair, relay_ready_slot(relay, place));
	else
		close_pair(relay, pair);
}

void relay_endpoint_close(struct relay *relay, struct id endpoint)
{
	struct endpoint *e = endpoint_get(relay, endpoint);
	if (!e)
		return;
	relay_disconnect(relay, endpoint);
	struct ready_pair pair = {e->rtp_handle, e->rtcp_handle, e->rtp_local,
				  relay_rtcp_of(e->rtp_local)};
	if (relay->ready && ports_is_taken(relay->ports, pair.rtp.port))
		keep_ready(relay, &pair);
	else
		close_pair(relay, &pair);
	relay->ids[id_slot(endpoint)] = ID_NONE;
	pool_give(relay->clocks, e->clocks);
	pool_give(relay->endpoints, endpoint);
}

static bool is_usual(const struct relay_format *f)
{
	return f->clock_hz == 0 || f->clock_hz == RELAY_CLOCK_HZ;
}

void relay_set_clocks(struct relay *relay, struct endpoint *e, const struct relay_format *v,
		      uint32_t count)
{
	struct clocks *clocks = NULL;
	pool_give(relay->clocks, e->clocks);
	e->clocks = ID_NONE;
	for (uint32_t i = 0; i < count && i < RELAY_FORMATS_MAX; i++) {
		if (is_usual(&v[i]))
			continue;
		if (!clocks)
			clocks = pool_take(relay->clocks, &e->clocks);
		if (!clocks)
			return;
		clocks->payload_types[clocks->count] = v[i].payload_type;
		clocks->hz[clocks->count++] = v[i].clock_hz;
	}
}

/* sdp: peer's RTP or RTCP address; where it names no RTCP the host of its RTP is believed for
 * that too. */
static struct latch_hint hint_of(const struct relay *relay, const struct endpoint *e,
				 const struct relay_peer *peer, const struct addr *sdp)
{
	struct latch_hint hint = {
		.expected = usable(relay, e, *sdp),
		.signalling = peer->signalling,
		.held = addr_is(&peer->rtp) && addr_is_any(&peer->rtp),
	};
	hint.host = addr_is(&hint.expected) ? hint.expected : usable(relay, e, peer->rtp);
	hint.host.port = 0;
	return hint;
}

void relay_endpoint_expect(struct relay *relay, struct id endpoint, const struct relay_peer *peer)
{
	struct endpoint *e = endpoint_get(relay, endpoint);
	if (!e)
		return;
	struct latch_hint rtp = hint_of(relay, e, peer, &peer->rtp);
	struct latch_hint rtcp = hint_of(relay, e, peer, &peer->rtcp);
	bool fresh = latch_expect(&e->rtp, &rtp);
	latch_expect(&e->rtcp, &rtcp);
	if (fresh || e->kind != peer->kind)
		rtp_stats_break(&e->stats.received);
	e->kind = (uint8_t)peer->kind;
	e->rtp.has_rtp = peer->kind == RELAY_RTP;
	e->rtcp_mux = peer->rtcp_mux;
	e->has_peer = true;
	relay_set_clocks(relay, e, peer->formats, peer->format_count);
}

void relay_endpoint_turned(struct relay *relay, struct id endpoint)
{
	struct endpoint *e = endpoint_get(relay, endpoint);
	if (e)
		rtp_stats_break(&e->stats.received);
}

void relay_connect(struct relay *relay, struct id a, struct id b)
{
	struct endpoint *ea = endpoint_get(relay, a), *eb = endpoint_get(relay, b);
	if (!ea || !eb)
		return;
	relay_disconnect(relay, a);
	relay_disconnect(relay, b);
	ea->peer = b;
	eb->peer = a;
}

void relay_disconnect(struct relay *relay, struct id a)
{
	struct endpoint *e = endpoint_get(relay, a);
	if (!e)
		return;
	struct endpoint *other = endpoint_get(relay, e->peer);
	e->peer = ID_NONE;
	if (other)
		other->peer = ID_NONE;
}

bool relay_endpoint_stats(const struct relay *relay, struct id endpoint,
			  struct relay_stats *ret_stats)
{
	const struct endpoint *e = endpoint_get(relay, endpoint);
	if (!e)
		return false;
	*ret_stats = e->stats;
	return true;
}

struct addr relay_endpoint_source(const struct relay *relay, struct id endpoint)
{
	const struct endpoint *e = endpoint_get(relay, endpoint);
	return e ? e->rtp.source : (struct addr){0};
}

bool relay_endpoint_addr(const struct relay *relay, struct id endpoint, struct addr *ret_rtp,
			 struct addr *ret_rtcp)
{
	const struct endpoint *e = endpoint_get(relay, endpoint);
	if (!e)
		return false;
	*ret_rtp = e->rtp_local;
	*ret_rtcp = relay_rtcp_of(e->rtp_local);
	return true;
}

uint32_t relay_endpoints_used(const struct relay *relay)
{
	return pool_used(relay->endpoints);
}

uint32_t relay_pairs_ready(const struct relay *relay)
{
	return relay->ready ? ready_count(relay->ready) : 0;
}
