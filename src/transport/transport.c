#include "transport/transport_priv.h"

#include "base/err.h"

#include <stdlib.h>

const char *transport_keepalive_name(enum transport_keepalive k)
{
	static const char *const names[] = {
		[KEEPALIVE_EMPTY] = "empty",
		[KEEPALIVE_CRLF] = "crlf",
		[KEEPALIVE_DOUBLE_CRLF] = "double-crlf",
		[KEEPALIVE_STUN] = "stun",
		[KEEPALIVE_OPTIONS] = "options",
		[KEEPALIVE_REGISTER] = "register",
	};
	return (unsigned)k < sizeof(names) / sizeof(names[0]) ? names[k] : "unknown";
}

/* --- listeners */

static int open_listener(struct transport *t, uint32_t i)
{
	struct listener *l = &t->listeners[i];
	int err;
	l->as = t->p.listeners[i];
	l->handle = -1;
	if (l->as.transport == SIP_UDP) {
		struct io_udp_params p = {
			.local = l->as.bind,
			.cookie = t->p.cookie_base + COOKIE_DATAGRAM + i,
			.reuseport = true,
			.dscp = 24,
		};
		err = io_udp_open(t->p.io, &p, &l->handle, &l->bound);
	} else {
		err = io_listen(t->p.io, &l->as.bind, t->p.cookie_base + COOKIE_LISTENER + i,
				&l->handle, &l->bound);
	}
	if (err)
		l->handle = -1;
	l->advertised = addr_is(&l->as.advertise) ? l->as.advertise : l->bound;
	return err;
}

static int open_all(struct transport *t, uint32_t *ret_failed)
{
	t->arena_memory = malloc(ARENA_BYTES);
	if (t->arena_memory == NULL)
		return ERR_NOMEM;
	arena_init(&t->arena, t->arena_memory, ARENA_BYTES);
	int err = stream_open(t);
	for (uint32_t i = 0; i < t->p.listener_count && err == 0; i++) {
		err = open_listener(t, i);
		if (err)
			*ret_failed = i;
	}
	return err;
}

int transport_new(const struct transport_params *p, uint32_t *ret_failed,
		  struct transport **ret_transport)
{
	if (p->listener_count > TRANSPORT_LISTENERS_MAX)
		return ERR_INVALID;
	struct transport *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return ERR_NOMEM;
	t->p = *p;
	for (uint32_t i = 0; i < TRANSPORT_LISTENERS_MAX; i++)
		t->listeners[i].handle = -1;
	int err = open_all(t, ret_failed);
	if (err) {
		transport_free(t);
		return err;
	}
	*ret_transport = t;
	return 0;
}

void transport_free(struct transport *t)
{
	if (t == NULL)
		return;
	if (t->connections)
		stream_close_all(t);
	for (uint32_t i = 0; i < t->p.listener_count; i++) {
		if (t->listeners[i].handle >= 0)
			io_close(t->p.io, t->listeners[i].handle);
	}
	index_free(t->by_serial);
	index_free(t->by_remote);
	index_free(t->by_source);
	pool_free(t->sources);
	pool_free(t->connections);
	free(t->arena_memory);
	free(t);
}

struct addr transport_listener_addr(const struct transport *t, uint32_t listener)
{
	return t->listeners[listener].advertised;
}

bool transport_listens(const struct transport *t, enum sip_transport transport, uint8_t family)
{
	for (uint32_t i = 0; i < t->p.listener_count; i++) {
		const struct listener *l = &t->listeners[i];
		if (l->as.transport == transport && l->bound.family == family)
			return true;
	}
	return false;
}

/* --- in */

void transport_deliver(struct transport *t, struct slice bytes, const struct flow *flow)
{
	struct sip_msg msg;
	arena_reset(&t->arena);
	sip_msg_parse(bytes, &t->arena,
		      &msg); /* what could not be understood says so in msg.fault */
	t->p.ops.on_message(t->p.ops.ctx, &msg, flow, &t->arena);
}

void transport_deliver_faulty(struct transport *t, struct slice bytes, const struct flow *flow,
			      const struct sip_fault *fault)
{
	struct sip_msg msg;
	arena_reset(&t->arena);
	sip_msg_parse(bytes, &t->arena, &msg);
	msg.fault = *fault; /* a body that is not there yet is no fault of its own */
	t->p.ops.on_message(t->p.ops.ctx, &msg, flow, &t->arena);
}

static bool only_crlf(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\r' && s.p[i] != '\n')
			return false;
	}
	return true;
}

static enum transport_keepalive kind_of_blank(struct slice s)
{
	if (s.n == 0)
		return KEEPALIVE_EMPTY;
	return s.n >= 4 ? KEEPALIVE_DOUBLE_CRLF : KEEPALIVE_CRLF;
}

static void on_datagram(struct transport *t, uint32_t listener, struct io_datagram *d)
{
	const struct listener *l = &t->listeners[listener];
	struct slice bytes = slice_of(d->p, d->n);
	struct flow flow = {
		.remote = d->src,
		.local = l->advertised,
		.transport = SIP_UDP,
		.shard = t->p.shard,
		.listener = (uint16_t)listener,
	};
	/* Some phones send a single NUL or blank to keep their NAT open. */
	if (only_crlf(bytes) || (bytes.n == 1 && (bytes.p[0] == '\0' || bytes.p[0] == ' '))) {
		t->p.ops.on_keepalive(t->p.ops.ctx, &flow, kind_of_blank(bytes));
	} else if (stun_is_message(bytes)) {
		char memory[STUN_ANSWER_BYTES];
		struct slice answer = stun_answer(bytes, &d->src, memory);
		if (answer.n)
			io_udp_send(t->p.io, l->handle, &d->src, answer);
		if (answer.n)
			t->p.ops.on_keepalive(t->p.ops.ctx, &flow, KEEPALIVE_STUN);
	} else {
		transport_deliver(t, bytes, &flow);
	}
}

void transport_on_datagrams(struct transport *t, uint64_t cookie, struct io_datagram *v,
			    size_t count)
{
	uint64_t listener = cookie - t->p.cookie_base - COOKIE_DATAGRAM;
	if (listener >= t->p.listener_count)
		return;
	for (size_t i = 0; i < count; i++)
		on_datagram(t, (uint32_t)listener, &v[i]);
}

void transport_on_udp_error(struct transport *t, uint64_t cookie, const struct addr *dst)
{
	uint64_t listener = cookie - t->p.cookie_base - COOKIE_DATAGRAM;
	if (listener >= t->p.listener_count)
		return;
	struct flow flow = {
		.remote = *dst,
		.local = t->listeners[listener].advertised,
		.transport = SIP_UDP,
		.shard = t->p.shard,
		.listener = (uint16_t)listener,
	};
	t->p.ops.on_unreachable(t->p.ops.ctx, &flow);
}

/* --- out */

/* The listener it came through, as long as that still is one of the family (a restart may have
 * changed them). */
static const struct listener *udp_listener(const struct transport *t, uint32_t wanted,
					   uint8_t family)
{
	const struct listener *l = wanted < t->p.listener_count ? &t->listeners[wanted] : NULL;
	if (l && l->as.transport == SIP_UDP && l->bound.family == family)
		return l;
	for (uint32_t i = 0; i < t->p.listener_count; i++) {
		l = &t->listeners[i];
		if (l->as.transport == SIP_UDP && l->bound.family == family)
			return l;
	}
	return NULL;
}

static int udp_send(struct transport *t, const struct flow *flow, struct slice bytes)
{
	const struct listener *l = udp_listener(t, flow->listener, flow->remote.family);
	if (l == NULL)
		return ERR_UNSUPPORTED;
	if (bytes.n > IO_DATAGRAM_BYTES_MAX - 48)
		return ERR_TOO_BIG;
	io_udp_send(t->p.io, l->handle, &flow->remote, bytes);
	return 0;
}

int transport_send(struct transport *t, const struct flow *flow, struct slice bytes)
{
	if (!flow_is_stream(flow))
		return udp_send(t, flow, bytes);
	if (flow->connection == 0) /* of before a restart: whichever shard had it, it is gone */
		return ERR_CLOSED;
	if (flow->shard != t->p.shard)
		return t->p.ops.on_foreign(t->p.ops.ctx, flow, bytes);
	return stream_send(t, t->p.shard, flow, bytes);
}

int transport_carry(struct transport *t, uint16_t from_shard, const struct flow *flow,
		    struct slice bytes)
{
	return flow_is_stream(flow) ? stream_send(t, from_shard, flow, bytes)
				    : udp_send(t, flow, bytes);
}

static bool is_ours(const struct listener *l, const struct addr *a)
{
	if (addr_eq(a, &l->bound) || addr_eq(a, &l->advertised))
		return true;
	return addr_is_any(&l->bound) && addr_is_loopback(a) && a->port == l->bound.port;
}

/* A name or a Contact may say anything: nobody is there, many are, or we are. */
static bool can_be_somebody(const struct transport *t, const struct addr *a)
{
	if (!addr_is(a) || a->port == 0 || addr_is_any(a) || addr_is_multicast(a))
		return false;
	for (uint32_t i = 0; i < t->p.listener_count; i++) {
		if (is_ours(&t->listeners[i], a))
			return false;
	}
	return true;
}

int transport_flow_to(struct transport *t, enum sip_transport transport, const struct addr *dst,
		      struct flow *ret_flow)
{
	if (!can_be_somebody(t, dst))
		return ERR_INVALID;
	if (transport == SIP_TCP)
		return stream_flow_to(t, dst, ret_flow);
	const struct listener *l =
		transport == SIP_UDP ? udp_listener(t, UINT32_MAX, dst->family) : NULL;
	if (l == NULL)
		return ERR_UNSUPPORTED;
	*ret_flow = (struct flow){
		.remote = *dst,
		.local = l->advertised,
		.transport = SIP_UDP,
		.shard = t->p.shard,
		.listener = (uint16_t)(l - t->listeners),
	};
	return 0;
}
