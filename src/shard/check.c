/* shard_check: everything the shard owns fits together. */
#include "shard/shard_priv.h"

#include <stdarg.h>
#include <stdio.h>

struct findings {
	char *text;
	size_t bytes;
	bool any;
};

static void __attribute__((format(printf, 2, 3))) found(struct findings *f, const char *fmt, ...)
{
	va_list args;
	if (f->any)
		return; /* the first one says enough */
	f->any = true;
	if (f->text == NULL)
		return;
	va_start(args, fmt);
	vsnprintf(f->text, f->bytes, fmt, args);
	va_end(args);
}

static bool owns_leg(const struct call *c, struct id leg)
{
	if (id_eq(c->leg_a, leg))
		return true;
	for (uint8_t i = 0; i < c->branch_count; i++) {
		if (id_eq(c->branches[i].leg, leg))
			return true;
	}
	return false;
}

static uint32_t check_legs(struct shard *s, struct findings *f, uint64_t *places)
{
	uint32_t cursor = 0, endpoints = 0;
	struct id id;
	for (const struct leg *l = pool_next(s->legs, &cursor, &id); l;
	     l = pool_next(s->legs, &cursor, &id)) {
		const struct call *c = call_of(s, l->call);
		*places += l->trunk_held;
		if (c == NULL || !owns_leg(c, id))
			found(f, "leg %016llx belongs to no call", (unsigned long long)id.v);
		for (uint8_t i = 0; i < l->stream_count; i++)
			endpoints += id_is(l->streams[i].endpoint) + id_is(l->streams[i].was);
	}
	return endpoints;
}

static bool holds_any_leg(const struct shard *s, const struct call *c)
{
	bool any = leg_of(s, c->leg_a) != NULL;
	for (uint8_t i = 0; i < c->branch_count; i++)
		any |= leg_of(s, c->branches[i].leg) != NULL;
	return any;
}

/* Who is being announced to, or served by us, holds none. */
static uint64_t held_by(const struct shard *s, const struct call *c)
{
	const struct call_forwards *forwards = call_forwards_of(s, c);
	uint64_t n = c->channel_held;
	for (uint8_t i = 0; forwards && i < forwards->count; i++)
		n += forwards->v[i].channel_held;
	return n;
}

/* A call to a number of ours has one of its places until it goes on to somebody else or is over.
 * One that was taken up again may have lost it: its number was removed, or memory was short. */
static void check_inbound(struct shard *s, const struct call *c, struct findings *f)
{
	struct directory_number ours;
	const struct call_forward *fwd = call_last_forward(s, c);
	struct slice callee = slice_str(fwd ? fwd->to : c->to);
	bool may = c->state != CALL_ENDING && c->state != CALL_ANNOUNCING && !c->service,
	     must = (c->state == CALL_PROCEEDING || c->state == CALL_ANSWERED) && may &&
		    (fwd ? fwd->direction : c->direction) != CALL_OUT && s->p.kept == NULL &&
		    directory_by_number(s->p.directory, callee, &ours) == 0;
	if (c->inbound_held ? !may : must)
		found(f, "call %016llx holds %s inbound place in state %s",
		      (unsigned long long)c->uid, c->inbound_held ? "an" : "no",
		      call_state_name((enum call_state)c->state));
	if (c->inbound_held && must && directory_inbound_held(s->p.directory, callee) == 0)
		found(f, "call %016llx holds a place that its callee does not count",
		      (unsigned long long)c->uid);
}

static void check_channel(const struct shard *s, const struct call *c, struct findings *f)
{
	bool may = c->state != CALL_ENDING && c->state != CALL_ANNOUNCING && !c->service;
	if (held_by(s, c) && !may)
		found(f, "call %016llx holds a channel in state %s", (unsigned long long)c->uid,
		      call_state_name((enum call_state)c->state));
}

static bool may_play(const struct call *c)
{
	return c->ringback || c->state == CALL_ANNOUNCING ||
	       (c->state == CALL_ANSWERED && c->service);
}

static void check_players(struct shard *s, struct findings *f)
{
	uint32_t cursor = 0;
	struct id owner;
	while (players_next(s->players, &cursor, &owner)) {
		const struct call *c = call_of(s, owner);
		if (c == NULL || !may_play(c))
			found(f, "a player plays to no call");
	}
}

static uint64_t check_calls(struct shard *s, struct findings *f, uint64_t *from_trunks)
{
	uint32_t cursor = 0;
	uint64_t live = 0, held = 0, inbound = 0;
	struct id id;
	for (const struct call *c = pool_next(s->calls, &cursor, &id); c;
	     c = pool_next(s->calls, &cursor, &id)) {
		live += call_is_live(c);
		*from_trunks += c->in_live;
		if (!holds_any_leg(s, c) && !c->record_due)
			found(f, "call %016llx has no leg and was not given back",
			      (unsigned long long)c->uid);
		if (call_is_live(c) && leg_of(s, c->leg_a) == NULL)
			found(f, "call %016llx is live without its caller",
			      (unsigned long long)c->uid);
		held += held_by(s, c);
		check_channel(s, c, f);
		inbound += c->inbound_held;
		check_inbound(s, c, f);
	}
	if (inbound != s->counts.inbound_held)
		found(f, "calls hold %llu inbound places, %llu are counted",
		      (unsigned long long)inbound, (unsigned long long)s->counts.inbound_held);
	if (pool_used(s->forwards) > pool_used(s->calls))
		found(f, "forwardings belong to no call");
	if (held != s->counts.channels_held)
		found(f, "calls hold %llu channels, %llu are counted", (unsigned long long)held,
		      (unsigned long long)s->counts.channels_held);
	return live;
}

static void check_exchanges(struct shard *s, struct findings *f)
{
	uint32_t cursor = 0;
	struct id id;
	for (const struct exchange *x = pool_next(s->exchanges, &cursor, &id); x;
	     x = pool_next(s->exchanges, &cursor, &id)) {
		if (txn_servers(s->txns) + txn_clients(s->txns) == 0)
			found(f, "exchange %016llx waits for nobody", (unsigned long long)id.v);
	}
}

int shard_check(struct shard *s, char *ret_text, size_t text_bytes)
{
	struct findings f = {.text = ret_text, .bytes = text_bytes};
	uint64_t places = 0, from_trunks = 0;
	uint32_t endpoints = check_legs(s, &f, &places);
	uint64_t live = check_calls(s, &f, &from_trunks);
	check_exchanges(s, &f);
	check_players(s, &f);
	if (pursuits_lost(s))
		found(&f, "%u requests look for a way and wait for nothing", pursuits_lost(s));
	if (endpoints != relay_endpoints_used(s->relay))
		found(&f, "legs hold %u relay endpoints, the relay has %u open", endpoints,
		      relay_endpoints_used(s->relay));
	if (!keep_adds_up(s))
		found(&f, "the call file holds records that no call knows of, or too few");
	if (places != s->counts.trunk_places || from_trunks != s->counts.calls_in_live)
		found(&f,
		      "legs hold %llu places on trunks and %llu calls came from there, %llu and "
		      "%llu are counted",
		      (unsigned long long)places, (unsigned long long)from_trunks,
		      (unsigned long long)s->counts.trunk_places,
		      (unsigned long long)s->counts.calls_in_live);
	if (live != s->counts.calls_live)
		found(&f, "%llu calls are live, %llu are counted", (unsigned long long)live,
		      (unsigned long long)s->counts.calls_live);
	return f.any ? ERR_CONFLICT : 0;
}
