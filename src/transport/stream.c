/* Connections: accepted and opened ones, their reuse, framing (RFC 3261 §18.3) and keepalives (RFC
 * 5626 §4.4.1). */
#include "transport/transport_priv.h"

#include "base/err.h"
#include "base/hash.h"

#include <stdlib.h>

#define IN_BYTES_FIRST 4096
#define HALF_MS	       30000 /* so long may a message take to arrive whole */

int stream_open(struct transport *t)
{
	struct pool_params p = {"connections", t->p.shard, sizeof(struct connection),
				t->p.connections_max};
	int err = pool_new(&p, &t->connections);
	if (err == 0)
		err = index_new(t->p.connections_max, &t->by_serial);
	return err ? err : index_new(t->p.connections_max, &t->by_remote);
}

/* Not keyed: a stranger can only make his own connections collide. */
static uint64_t remote_hash(const struct addr *a)
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

static struct connection *by_serial(const struct transport *t, uint32_t serial)
{
	struct key k = {.t = t, .serial = serial};
	uint64_t id = index_find(t->by_serial, serial_hash(serial), same_serial, &k);
	return pool_get(t->connections, (struct id){id});
}

static struct connection *by_remote(const struct transport *t, const struct addr *remote)
{
	struct key k = {.t = t, .remote = remote};
	uint64_t id = index_find(t->by_remote, remote_hash(remote), same_remote, &k);
	return pool_get(t->connections, (struct id){id});
}

static struct flow flow_of(const struct transport *t, const struct connection *c)
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
	index_remove(t->by_remote, remote_hash(&c->remote), c->id.v);
	free(c->in);
	pool_give(t->connections, c->id);
}

/* From our side; the owner is told. */
static void drop(struct transport *t, struct connection *c)
{
	struct flow flow = flow_of(t, c);
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
	return err ? err : index_put(t->by_remote, remote_hash(&c->remote), c->id.v);
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
	c->used_ms = io_now_ms(t->p.io);
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

static void accepted(struct transport *t, const struct io_stream_note *note)
{
	uint64_t listener = note->cookie - t->p.cookie_base - COOKIE_LISTENER;
	struct connection *c = NULL;
	if (listener < t->p.listener_count)
		c = connection_new(t, note->peer, &t->listeners[listener].advertised);
	if (c == NULL) {
		io_close(t->p.io, note->handle); /* at the limit */
		return;
	}
	c->handle = note->handle;
	c->connected = true;
	io_set_cookie(t->p.io, note->handle, cookie_of(t, c));
}

/* --- in */

static bool append(struct connection *c, struct slice bytes)
{
	size_t need = c->in_bytes + bytes.n + 1, cap = c->in_cap ? c->in_cap : IN_BYTES_FIRST;
	while (cap < need)
		cap *= 2;
	if (cap != c->in_cap) {
		char *grown = realloc(c->in, cap);
		if (grown == NULL)
			return false;
		c->in = grown;
		c->in_cap = cap;
	}
	memcpy(c->in + c->in_bytes, bytes.p, bytes.n);
	c->in_bytes += bytes.n;
	return true;
}

static size_t blank_prefix(struct slice s)
{
	size_t n = 0;
	while (n < s.n && (s.p[n] == '\r' || s.p[n] == '\n'))
		n++;
	return n;
}

/* CRLFs before a message: one is a keepalive, two ask for a pong. */
static size_t take_blank(struct transport *t, struct connection *c, struct slice rest)
{
	size_t blank = blank_prefix(rest);
	struct flow flow = flow_of(t, c);
	if (blank >= 4) {
		(void)io_stream_send(t->p.io, c->handle, SLICE("\r\n"));
		t->p.ops.on_keepalive(t->p.ops.ctx, &flow, KEEPALIVE_DOUBLE_CRLF);
	} else if (blank && blank == rest.n) {
		t->p.ops.on_keepalive(t->p.ops.ctx, &flow, KEEPALIVE_CRLF);
	}
	return blank;
}

/* Where the next message starts cannot be known: this one is answered, if it can be, before the
 * connection goes (RFC 3261 §18.3, §20.14). */
static void deliver_broken(struct transport *t, struct connection *c, struct slice rest, int err)
{
	static const struct sip_fault no_length = {
		400, "Without one good Content-Length a stream cannot be cut into messages"};
	static const struct sip_fault too_big = {513, "The message is too large"};
	struct flow flow = flow_of(t, c);
	transport_deliver_faulty(t, rest, &flow, err == ERR_TOO_BIG ? &too_big : &no_length);
}

/* Hands on every whole message in `in`; false: the connection must go, or is gone. */
static bool deliver_whole(struct transport *t, uint32_t serial, size_t *ret_used)
{
	size_t used = 0;
	for (;;) {
		struct connection *c = by_serial(t, serial); /* a handler may have closed it */
		if (c == NULL)
			return false;
		struct slice rest = slice_of(c->in + used, c->in_bytes - used);
		size_t blank = take_blank(t, c, rest), n = 0;
		used += blank;
		rest = slice_from(rest, blank);
		int err = rest.n ? sip_msg_frame(rest, &n) : ERR_AGAIN;
		*ret_used = used;
		if (err == ERR_AGAIN)
			return true;
		if (err) {
			deliver_broken(t, c, rest, err);
			return false;
		}
		struct flow flow = flow_of(t, c);
		used += n;
		transport_deliver(t, slice_of(rest.p, n), &flow);
	}
}

static void received(struct transport *t, struct connection *c, struct slice bytes)
{
	uint32_t serial = c->serial;
	size_t used = 0;
	c->used_ms = io_now_ms(t->p.io);
	if (!append(c, bytes)) {
		drop(t, c);
		return;
	}
	bool ok = deliver_whole(t, serial, &used);
	c = by_serial(t, serial);
	if (c == NULL)
		return;
	if (!ok) {
		drop(t, c);
		return;
	}
	memmove(c->in, c->in + used, c->in_bytes - used);
	c->in_bytes -= used;
	if (c->in_bytes == 0) {
		free(c->in); /* an idle connection holds no buffer */
		c->in = NULL;
		c->in_cap = 0;
		c->half_since_ms = 0;
	} else if (used || c->half_since_ms == 0) {
		c->half_since_ms = c->used_ms;
	}
}

static void closed(struct transport *t, struct connection *c)
{
	struct flow flow = flow_of(t, c);
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
		received(t, c, note->bytes);
	else
		closed(t, c);
}

/* --- out */

int stream_send(struct transport *t, uint16_t from_shard, const struct flow *flow,
		struct slice bytes)
{
	struct connection *c = by_serial(t, flow->connection);
	if (c == NULL || !addr_eq(&c->remote, &flow->remote))
		return ERR_CLOSED;
	c->used_ms = io_now_ms(t->p.io);
	if (!slice_starts(bytes, SLICE("SIP/")))
		c->asked_by |= (uint64_t)1 << (from_shard % 64);
	return io_stream_send(t->p.io, c->handle, bytes) == 0 ? 0 : ERR_CLOSED;
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
	*ret_flow = flow_of(t, c);
	return 0;
}

void transport_abandon(struct transport *t, const struct flow *flow)
{
	struct connection *c = flow->shard == t->p.shard ? by_serial(t, flow->connection) : NULL;
	if (c && !c->connected && addr_eq(&c->remote, &flow->remote))
		drop(t, c);
}

void transport_sweep(struct transport *t, int64_t now_ms)
{
	uint32_t cursor = 0;
	struct id id;
	for (struct connection *c = pool_next(t->connections, &cursor, &id); c;
	     c = pool_next(t->connections, &cursor, &id)) {
		bool idle = t->p.idle_ms && now_ms - c->used_ms > t->p.idle_ms;
		bool half = c->half_since_ms && now_ms - c->half_since_ms > HALF_MS;
		if (idle || half)
			drop(t, c);
	}
}

uint32_t transport_connections(const struct transport *t)
{
	return pool_used(t->connections);
}
