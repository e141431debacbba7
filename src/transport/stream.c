/* Connections: accepted and opened ones, their reuse, their end. */
#include "transport/transport_priv.h"

#include "base/err.h"
#include "base/hash.h"

#define HALF_MS	   30000 /* so long may a message take to arrive whole, and the first one to begin */
#define CONNECT_MS 10000
#define TELL_MS	   1000 /* between two words about refused connections */

int stream_open(struct transport *t)
{
	struct pool_params p = {"connections", t->p.shard, sizeof(struct connection),
				t->p.connections_max};
	int err = pool_new(&p, &t->connections);
	if (err == 0)
		err = index_new(t->p.connections_max, &t->by_serial);
	if (err == 0)
		err = index_new(t->p.connections_max, &t->by_remote);
	return err ? err : sources_open(t);
}

/* Not keyed: a stranger can only make his own connections collide. */
uint64_t transport_addr_hash(const struct addr *a)
{
	uint64_t h = a->port;
	for (size_t i = 0; i < sizeof(a->ip); i++)
		h = hash_mix(h, a->ip[i]);
	return h;
}

static uint64_t serial_hash(uint32_t serial)
{
	return hash_mix(0x6f67, serial);
}

struct key {
	const struct transport *t;
	uint32_t serial;
	const struct addr *remote;
};

static bool same_serial(const void *ctx, uint64_t value)
{
	const struct key *k = ctx;
	const struct connection *c = pool_get(k->t->connections, (struct id){value});
	return c && c->serial == k->serial;
}

static bool same_remote(const void *ctx, uint64_t value)
{
	const struct key *k = ctx;
	const struct connection *c = pool_get(k->t->connections, (struct id){value});
	return c && addr_eq(&c->remote, k->remote);
}

struct connection *stream_by_serial(const struct transport *t, uint32_t serial)
{
	struct key k = {.t = t, .serial = serial};
	uint64_t id = index_find(t->by_serial, serial_hash(serial), same_serial, &k);
	return pool_get(t->connections, (struct id){id});
}

static struct connection *by_remote(const struct transport *t, const struct addr *remote)
{
	struct key k = {.t = t, .remote = remote};
	uint64_t id = index_find(t->by_remote, transport_addr_hash(remote), same_remote, &k);
	return pool_get(t->connections, (struct id){id});
}

struct flow stream_flow(const struct transport *t, const struct connection *c)
{
	return (struct flow){
		.remote = c->remote,
		.local = c->local,
		.transport = SIP_TCP,
		.shard = t->p.shard,
		.connection = c->serial,
	};
}

/* --- life */

static void forget(struct transport *t, struct connection *c)
{
	index_remove(t->by_serial, serial_hash(c->serial), c->id.v);
	index_remove(t->by_remote, transport_addr_hash(&c->remote), c->id.v);
	stream_forget_in(t, c);
	source_give(t, c->source);
	pool_give(t->connections, c->id);
}

/* From our side; the owner is told. */
void stream_drop(struct transport *t, struct connection *c)
{
	struct flow flow = stream_flow(t, c);
	uint64_t asked_by = c->asked_by;
	io_close(t->p.io, c->handle);
	forget(t, c);
	t->p.ops.on_closed(t->p.ops.ctx, &flow, asked_by);
}

void stream_close_all(struct transport *t)
{
	uint32_t cursor = 0;
	struct id id;
	for (struct connection *c = pool_next(t->connections, &cursor, &id); c;
	     c = pool_next(t->connections, &cursor, &id)) {
		io_close(t->p.io, c->handle);
		forget(t, c);
	}
}

static int index_both(struct transport *t, struct connection *c)
{
	int err = index_put(t->by_serial, serial_hash(c->serial), c->id.v);
	return err ? err : index_put(t->by_remote, transport_addr_hash(&c->remote), c->id.v);
}

static struct connection *connection_new(struct transport *t, const struct addr *remote,
					 const struct addr *local)
{
	struct id id;
	struct connection *c = pool_take(t->connections, &id);
	if (c == NULL)
		return NULL;
	if (++t->last_serial == 0)
		t->last_serial = 1; /* 0 says: none */
	*c = (struct connection){.id = id,
				 .serial = t->last_serial,
				 .handle = -1,
				 .remote = *remote,
				 .local = *local};
	c->used_ms = c->since_ms = io_now_ms(t->p.io);
	if (index_both(t, c) == 0)
		return c;
	forget(t, c);
	return NULL;
}

static uint64_t cookie_of(const struct transport *t, const struct connection *c)
{
	return t->p.cookie_base + COOKIE_STREAM + id_slot(c->id);
}

static struct connection *by_note(const struct transport *t, const struct io_stream_note *note)
{
	uint32_t cursor = (uint32_t)(note->cookie - t->p.cookie_base - COOKIE_STREAM);
	struct id id;
	struct connection *c = pool_next(t->connections, &cursor, &id);
	bool it_is =
		c && id_slot(id) == (uint32_t)(note->cookie - t->p.cookie_base - COOKIE_STREAM);
	return it_is && c->handle == note->handle ? c : NULL;
}

/* One word a second is enough to see that somebody takes too many. */
static void refuse(struct transport *t, const struct io_stream_note *note, const char *why)
{
	int64_t now = io_now_ms(t->p.io);
	io_close(t->p.io, note->handle);
	if (t->refused_told_ms && now - t->refused_told_ms < TELL_MS)
		return;
	t->refused_told_ms = now;
	t->p.ops.on_refused(t->p.ops.ctx, note->peer, why);
}

static void accepted(struct transport *t, const struct io_stream_note *note)
{
	uint64_t listener = note->cookie - t->p.cookie_base - COOKIE_LISTENER;
	struct id source;
	struct connection *c = NULL;
	if (listener < t->p.listener_count)
		c = connection_new(t, note->peer, &t->listeners[listener].advertised);
	if (c == NULL) {
		refuse(t, note, "too many connections");
		return;
	}
	if (!source_take(t, note->peer, &source)) {
		forget(t, c);
		refuse(t, note, "too many connections from this source");
		return;
	}
	c->source = source;
	c->handle = note->handle;
	c->connected = true;
	io_set_cookie(t->p.io, note->handle, cookie_of(t, c));
}

static void closed(struct transport *t, struct connection *c)
{
	struct flow flow = stream_flow(t, c);
	bool was_connected = c->connected;
	uint64_t asked_by = c->asked_by;
	forget(t, c);
	if (!was_connected)
		t->p.ops.on_unreachable(t->p.ops.ctx, &flow);
	t->p.ops.on_closed(t->p.ops.ctx, &flow, asked_by);
}

void transport_on_stream(struct transport *t, const struct io_stream_note *note)
{
	if (note->event == IO_STREAM_ACCEPTED) {
		accepted(t, note);
		return;
	}
	struct connection *c = by_note(t, note);
	if (c == NULL)
		return;
	if (note->event == IO_STREAM_CONNECTED)
		c->connected = true;
	else if (note->event == IO_STREAM_DATA)
		stream_received(t, c, note->bytes);
	else
		closed(t, c);
}

/* --- out */

int stream_send(struct transport *t, uint16_t from_shard, const struct flow *flow,
		struct slice bytes)
{
	struct connection *c = stream_by_serial(t, flow->connection);
	if (c == NULL || !addr_eq(&c->remote, &flow->remote))
		return ERR_CLOSED;
	c->used_ms = io_now_ms(t->p.io);
	if (!slice_starts(bytes, SLICE("SIP/")))
		c->asked_by |= (uint64_t)1 << (from_shard % 64);
	if (c->ends_ms)
		return 0; /* its answer has been given; what follows would not be read */
	return io_stream_send(t->p.io, c->handle, bytes);
}

static const struct listener *listener_of_family(const struct transport *t, uint8_t family)
{
	for (uint32_t i = 0; i < t->p.listener_count; i++) {
		const struct listener *l = &t->listeners[i];
		if (l->as.transport == SIP_TCP && l->bound.family == family)
			return l;
	}
	return NULL;
}

int stream_flow_to(struct transport *t, const struct addr *dst, struct flow *ret_flow)
{
	struct connection *c = by_remote(t, dst);
	if (c == NULL) {
		const struct listener *l = listener_of_family(t, dst->family);
		if (l == NULL)
			return ERR_UNSUPPORTED;
		c = connection_new(t, dst, &l->advertised);
		if (c == NULL)
			return ERR_LIMIT;
		int err = io_connect(t->p.io, dst, cookie_of(t, c), &c->handle);
		if (err) {
			forget(t, c);
			return err;
		}
	}
	*ret_flow = stream_flow(t, c);
	return 0;
}

void transport_abandon(struct transport *t, const struct flow *flow)
{
	struct connection *c =
		flow->shard == t->p.shard ? stream_by_serial(t, flow->connection) : NULL;
	if (c && !c->connected && addr_eq(&c->remote, &flow->remote))
		stream_drop(t, c);
}

/* A connection that has had its time, of whichever kind. */
static bool is_over(const struct transport *t, const struct connection *c, int64_t now_ms)
{
	if (c->ends_ms)
		return now_ms >= c->ends_ms;
	if (c->half_since_ms && now_ms - c->half_since_ms > HALF_MS)
		return true;
	if (!c->proven && id_is(c->source) && now_ms - c->since_ms > HALF_MS)
		return true; /* accepted, and never a word */
	return t->p.idle_ms && now_ms - c->used_ms > t->p.idle_ms;
}

void transport_sweep(struct transport *t, int64_t now_ms)
{
	uint32_t cursor = 0;
	struct id id;
	for (struct connection *c = pool_next(t->connections, &cursor, &id); c;
	     c = pool_next(t->connections, &cursor, &id)) {
		if (!c->connected && now_ms - c->since_ms > CONNECT_MS) {
			io_close(t->p.io, c->handle);
			closed(t, c);
		} else if (is_over(t, c, now_ms)) {
			stream_drop(t, c);
		}
	}
}

uint32_t transport_connections(const struct transport *t)
{
	return pool_used(t->connections);
}
