#include "world.h"

#include "base/err.h"
#include "sip/value.h"

static struct world *of(struct io *io)
{
	return (struct world *)io;
}

static int64_t now_ms(struct io *io)
{
	return of(io)->now_ms;
}

static int take(struct world *w, uint64_t cookie, const struct addr *a, int *ret_handle)
{
	if (w->open_error)
		return w->open_error;
	for (int i = 1; i < WORLD_HANDLES; i++) {
		if (w->handles[i].open)
			continue;
		w->handles[i] = (struct world_handle){.open = true, .cookie = cookie, .addr = *a};
		*ret_handle = i;
		return 0;
	}
	return ERR_LIMIT;
}

static int udp_open(struct io *io, const struct io_udp_params *p, int *ret_handle,
		    struct addr *ret_local)
{
	*ret_local = p->local;
	return take(of(io), p->cookie, &p->local, ret_handle);
}

static int listen_on(struct io *io, const struct addr *local, uint64_t cookie, int *ret_handle,
		     struct addr *ret_local)
{
	int err = take(of(io), cookie, local, ret_handle);
	*ret_local = *local;
	if (err == 0)
		of(io)->handles[*ret_handle].listens = true;
	return err;
}

static int connect_to(struct io *io, const struct addr *dst, uint64_t cookie, int *ret_handle)
{
	int err = take(of(io), cookie, dst, ret_handle);
	if (err == 0)
		of(io)->handles[*ret_handle].stream = true;
	return err;
}

static struct world_handle *opened(struct io *io, int handle)
{
	if (handle <= 0 || handle >= WORLD_HANDLES || !of(io)->handles[handle].open)
		__builtin_trap();
	return &of(io)->handles[handle];
}

static void keep(struct world_handle *h, struct slice bytes)
{
	if (h->sent_bytes + bytes.n > sizeof(h->sent))
		return; /* no test looks at so much */
	memcpy(h->sent + h->sent_bytes, bytes.p, bytes.n);
	h->sent_bytes += bytes.n;
}

static void udp_send(struct io *io, int handle, const struct addr *dst, struct slice bytes)
{
	struct world_handle *h = opened(io, handle);
	h->sent_to = *dst;
	keep(h, bytes);
}

static int stream_send(struct io *io, int handle, struct slice bytes)
{
	if (of(io)->send_error)
		return of(io)->send_error;
	keep(opened(io, handle), bytes);
	return 0;
}

static void set_cookie(struct io *io, int handle, uint64_t cookie)
{
	opened(io, handle)->cookie = cookie;
}

static void close_it(struct io *io, int handle)
{
	opened(io, handle)->open = false;
}

static const struct io_ops io_ops = {
	.now_ms = now_ms,
	.udp_open = udp_open,
	.udp_send = udp_send,
	.listen = listen_on,
	.connect = connect_to,
	.stream_send = stream_send,
	.set_cookie = set_cookie,
	.close = close_it,
};

/* --- events */

static void say(struct world *w, const struct flow *flow, const char *what)
{
	if (flow)
		w->flow = *flow;
	w->events++;
	strbuf_str(&w->log, w->log.n ? "; " : "");
	strbuf_str(&w->log, what);
}

static void on_message(void *ctx, struct sip_msg *msg, const struct flow *flow, struct arena *arena)
{
	struct world *w = ctx;
	(void)arena;
	(void)slice_copy(slice_first(msg->raw, sizeof(w->raw) - 1), w->raw, sizeof(w->raw));
	w->body_bytes = msg->body.n;
	w->messages += msg->fault.code == 0;
	say(w, flow, msg->fault.code ? "fault" : "message");
	if (msg->fault.code)
		strbuf_fmt(&w->log, " %d%s", msg->fault.code, msg->answerable ? " answerable" : "");
	else if (msg->is_request)
		strbuf_fmt(&w->log, " %.*s", SLICE_ARG(msg->method_text));
	else
		strbuf_fmt(&w->log, " %d", msg->code);
	if (msg->fault.code && msg->answerable && flow_is_stream(flow))
		(void)transport_send(w->transport, flow, SLICE("SIP/2.0 "));
	int breaks = w->close_on_message;
	w->close_on_message = 0;
	if (breaks)
		world_note(w, breaks, IO_STREAM_CLOSED, 0);
}

static void on_keepalive(void *ctx, const struct flow *flow, enum transport_keepalive kind)
{
	struct world *w = ctx;
	say(w, flow, "keepalive ");
	strbuf_str(&w->log, transport_keepalive_name(kind));
}

static void on_closed(void *ctx, const struct flow *flow, uint64_t asked_by)
{
	struct world *w = ctx;
	say(w, flow, "closed ");
	strbuf_u64(&w->log, asked_by);
}

static void on_unreachable(void *ctx, const struct flow *flow)
{
	say(ctx, flow, "unreachable");
}

static void on_refused(void *ctx, const struct addr *remote, const char *why)
{
	struct world *w = ctx;
	(void)remote;
	say(w, NULL, "refused ");
	strbuf_str(&w->log, why);
}

static int on_foreign(void *ctx, const struct flow *flow, struct slice bytes)
{
	struct world *w = ctx;
	(void)bytes;
	say(w, flow, "foreign ");
	strbuf_u64(&w->log, flow->shard);
	return flow->shard < 4 ? 0 : ERR_CLOSED;
}

/* --- what a test does */

struct addr addr_of(const char *text)
{
	struct addr a;
	if (addr_parse(slice_str(text), 5060, &a) != 0)
		__builtin_trap();
	return a;
}

void world_open(struct world *w, uint32_t connections_max, uint32_t per_source_max)
{
	static const enum sip_transport transports[] = {SIP_UDP, SIP_UDP, SIP_TCP, SIP_TCP};
	uint32_t failed;
	memset(w, 0, sizeof(*w));
	w->io.ops = &io_ops;
	w->now_ms = 1000000;
	strbuf_init(&w->log, w->text, sizeof(w->text));
	struct transport_params p = {
		.io = &w->io,
		.shard = 2,
		.cookie_base = WORLD_BASE,
		.listener_count = 4,
		.connections_max = connections_max,
		.connections_per_source_max = per_source_max,
		.idle_ms = 600000,
		.ops = {w, on_message, on_keepalive, on_closed, on_unreachable, on_refused,
			on_foreign},
	};
	for (int i = 0; i < 4; i++)
		p.listeners[i] = (struct transport_listener){
			.transport = transports[i],
			.bind = addr_of(i % 2 ? "[2001:db8::1]:5060" : "192.0.2.1:5060"),
		};
	if (transport_new(&p, &failed, &w->transport) != 0)
		__builtin_trap();
}

void world_close(struct world *w)
{
	transport_free(w->transport);
	for (int i = 1; i < WORLD_HANDLES; i++)
		if (w->handles[i].open)
			__builtin_trap(); /* a socket was left open */
}

const char *world_seen(struct world *w)
{
	static char seen[sizeof(w->text)];
	if (w->log.failed)
		__builtin_trap();
	(void)slice_copy(strbuf_slice(&w->log), seen, sizeof(seen));
	strbuf_init(&w->log, w->text, sizeof(w->text));
	return seen;
}

void world_datagram(struct world *w, int listener, const char *from, struct slice bytes)
{
	static char memory[IO_DATAGRAM_BYTES_MAX + 1];
	struct io_datagram d = {.src = addr_of(from), .p = memory, .n = bytes.n};
	if (bytes.n)
		memcpy(memory, bytes.p, bytes.n);
	memory[bytes.n] = '\0';
	transport_on_datagrams(w->transport, w->handles[listener + 1].cookie, &d, 1);
}

int world_accept(struct world *w, int listener, const char *from)
{
	struct addr peer = addr_of(from), local = w->handles[listener + 1].addr;
	int handle = -1;
	if (take(w, w->handles[listener + 1].cookie, &peer, &handle) != 0)
		__builtin_trap();
	w->handles[handle].stream = true;
	struct io_stream_note note = {.event = IO_STREAM_ACCEPTED,
				      .handle = handle,
				      .cookie = w->handles[handle].cookie,
				      .peer = &peer,
				      .local = &local};
	transport_on_stream(w->transport, &note);
	return handle;
}

void world_note(struct world *w, int handle, enum io_stream_event event, int err)
{
	struct world_handle *h = &w->handles[handle];
	struct addr peer = h->addr;
	struct io_stream_note note = {
		.event = event, .handle = handle, .cookie = h->cookie, .peer = &peer, .err = err};
	if (event == IO_STREAM_CLOSED)
		h->open = false;
	transport_on_stream(w->transport, &note);
}

void world_stream(struct world *w, int handle, struct slice bytes)
{
	struct io_stream_note note = {.event = IO_STREAM_DATA,
				      .handle = handle,
				      .cookie = w->handles[handle].cookie,
				      .peer = &w->handles[handle].addr,
				      .bytes = bytes};
	transport_on_stream(w->transport, &note);
}

void world_text(struct world *w, int handle, const char *text)
{
	world_stream(w, handle, slice_str(text));
}

void world_pass(struct world *w, int64_t ms)
{
	w->now_ms += ms;
	transport_sweep(w->transport, w->now_ms);
}

struct slice world_sent(struct world *w, int handle)
{
	static char sent[sizeof(w->handles[0].sent)];
	struct world_handle *h = &w->handles[handle];
	struct slice s = slice_of(sent, h->sent_bytes);
	memcpy(sent, h->sent, h->sent_bytes);
	h->sent_bytes = 0;
	return s;
}

int world_connecting(const struct world *w)
{
	for (int i = WORLD_HANDLES - 1; i > 0; i--)
		if (w->handles[i].open && w->handles[i].stream)
			return i;
	return -1;
}
