/* How a phone's bytes travel: one UDP socket, or connections to the server and a listener for those
 * from it. */
#include "ua_priv.h"

#include <stdio.h>
#include <stdlib.h>

void ua_way_open(struct ua *ua)
{
	struct addr bound;
	int err = 0;
	if (ua->tcp || ua->both) {
		err = io_listen(ua->io, &ua->local, UA_COOKIE_LISTENER, &ua->listener, &bound);
	}
	if (!ua->tcp && !err) {
		const struct io_udp_params p = {.local = ua->local, .cookie = UA_COOKIE_SIP};
		err = io_udp_open(ua->io, &p, &ua->udp_handle, &bound);
	}
	if (err) {
		fprintf(stderr, "simulation: phone %s cannot open its socket\n", ua->name);
		abort();
	}
	ua->local = bound;
}

static void conn_drop(struct ua *ua, uint32_t i)
{
	free(ua->conns[i]);
	ua->conns[i] = NULL;
}

void ua_hang_line(struct ua *ua)
{
	for (uint32_t i = 0; i < UA_CONNS_MAX; i++) {
		if (!ua->conns[i])
			continue;
		io_close(ua->io, ua->conns[i]->handle);
		conn_drop(ua, i);
	}
}

void ua_way_close(struct ua *ua)
{
	ua_hang_line(ua);
	if (ua->udp_handle)
		io_close(ua->io, ua->udp_handle);
	if (ua->listener)
		io_close(ua->io, ua->listener);
	ua->udp_handle = ua->listener = 0;
}

static struct ua_conn *conn_of(struct ua *ua, int handle, uint32_t *ret_i)
{
	for (uint32_t i = 0; i < UA_CONNS_MAX; i++) {
		if (ua->conns[i] && ua->conns[i]->handle == handle) {
			*ret_i = i;
			return ua->conns[i];
		}
	}
	return NULL;
}

static struct ua_conn *conn_add(struct ua *ua, int handle, bool mine)
{
	for (uint32_t i = 0; i < UA_CONNS_MAX; i++) {
		if (ua->conns[i])
			continue;
		ua->conns[i] = sim_alloc(sizeof(*ua->conns[i]));
		ua->conns[i]->handle = handle;
		ua->conns[i]->mine = mine;
		return ua->conns[i];
	}
	io_close(ua->io, handle);
	return NULL;
}

/* The connection to the server, the one that is there or a new one; 0 without. */
static int conn_to_server(struct ua *ua, const struct addr *dst)
{
	int handle;
	for (uint32_t i = 0; i < UA_CONNS_MAX; i++) {
		if (ua->conns[i])
			return ua->conns[i]->handle;
	}
	if (io_connect(ua->io, dst, UA_COOKIE_CONN, &handle))
		return 0;
	conn_add(ua, handle, true);
	return handle;
}

struct ua_way ua_way_to(struct ua *ua, const struct addr *dst)
{
	struct ua_way way = {.stream = ua->tcp, .dst = dst && dst->family ? *dst : ua->server};
	if (way.stream)
		way.handle = conn_to_server(ua, &way.dst);
	return way;
}

/* A SIP URI's host and port, numeric only; anything else goes to the server, as to an outbound
 * proxy. */
struct ua_way ua_way_to_uri(struct ua *ua, struct slice uri)
{
	struct addr dst;
	const size_t at = slice_find(uri, '@');
	struct slice host =
		at < uri.n ? slice_from(uri, at + 1) : slice_from(uri, slice_find(uri, ':') + 1);
	host = slice_first(host, slice_find(host, ';'));
	if (addr_parse(host, 5060, &dst))
		dst = ua->server;
	return ua_way_to(ua, &dst);
}

void ua_way_send(struct ua *ua, const struct ua_way *way, struct slice bytes)
{
	static char memory[2][UA_QUIRK_BYTES];
	bytes = ua_quirk(ua, bytes, memory);
	if (!way->stream && ua->udp_handle)
		io_udp_send(ua->io, ua->udp_handle, &way->dst, bytes);
	else if (way->stream && io_stream_send(ua->io, way->handle, bytes) && ua->tcp) {
		/* It closed meanwhile: a phone opens another one. */
		const int handle = conn_to_server(ua, &ua->server);
		if (handle)
			io_stream_send(ua->io, handle, bytes);
	}
}

/* Length of the first whole message in the buffer; 0: not there yet. */
static size_t frame(const struct ua_conn *c)
{
	struct wire_msg m;
	const char *end = memmem(c->bytes, c->n, "\r\n\r\n", 4);
	if (!end)
		return 0;
	const size_t head = (size_t)(end - c->bytes) + 4;
	if (!wire_read(slice_of(c->bytes, head), &m))
		return c->n;
	const struct slice length = wire_header(&m, "Content-Length", 0);
	const size_t total = head + wire_number(length);
	return total <= c->n ? total : 0;
}

static void eat(struct ua_conn *c, size_t n)
{
	memmove(c->bytes, c->bytes + n, c->n - n);
	c->n -= n;
}

static void eat_pongs(struct ua *ua, struct ua_conn *c)
{
	while (c->n >= 2 && memcmp(c->bytes, "\r\n", 2) == 0) {
		ua->pongs++;
		eat(c, 2);
	}
}

static void on_data(struct ua *ua, const struct io_stream_note *note)
{
	uint32_t i;
	const struct ua_way way = {.stream = true, .handle = note->handle, .dst = *note->peer};
	struct ua_conn *c = conn_of(ua, note->handle, &i);
	if (!c || c->n + note->bytes.n > sizeof(c->bytes))
		return;
	memcpy(c->bytes + c->n, note->bytes.p, note->bytes.n);
	c->n += note->bytes.n;
	for (;;) {
		eat_pongs(ua, c);
		const size_t n = frame(c);
		if (n == 0)
			return;
		char *msg = sim_alloc(n + 1);
		memcpy(msg, c->bytes, n);
		eat(c, n);
		ua_on_bytes(ua, &way, slice_of(msg, n));
		free(msg);
		if (conn_of(ua, note->handle, &i) != c)
			return;
	}
}

void ua_way_on_stream(struct ua *ua, const struct io_stream_note *note)
{
	uint32_t i;
	if (note->event == IO_STREAM_ACCEPTED)
		conn_add(ua, note->handle, false);
	else if (note->event == IO_STREAM_DATA)
		on_data(ua, note);
	else if (note->event == IO_STREAM_CLOSED && conn_of(ua, note->handle, &i))
		conn_drop(ua, i);
}
