/* What comes over a connection: cut into messages (RFC 3261 §18.3), keepalives between them (RFC
 * 5626 §4.4.1), and an end to those who do not keep to it. */
#include "transport/transport_priv.h"

#include "base/err.h"
#include "sip/value.h"

#include <stdlib.h>

#define IN_BYTES_FIRST 4096
/* Messages that are not whole yet, of all connections together. */
#define WAITING_BYTES_MAX ((size_t)64 << 20)
/* A ping of two CRLF may come in two pieces; a CRLF long after another is a keepalive of its own.
 */
#define PING_MS 1000

static bool append(struct transport *t, struct connection *c, struct slice bytes)
{
	size_t need = c->in_bytes + bytes.n + 1, cap = c->in_cap ? c->in_cap : IN_BYTES_FIRST;
	while (cap < need)
		cap *= 2;
	if (cap != c->in_cap) {
		if (t->waiting_bytes - c->in_cap + cap > WAITING_BYTES_MAX)
			return false;
		char *grown = realloc(c->in, cap);
		if (grown == NULL)
			return false;
		t->waiting_bytes += cap - c->in_cap;
		c->in = grown;
		c->in_cap = cap;
	}
	memcpy(c->in + c->in_bytes, bytes.p, bytes.n);
	c->in_bytes += bytes.n;
	return true;
}

/* An idle connection holds no buffer. */
void stream_forget_in(struct transport *t, struct connection *c)
{
	t->waiting_bytes -= c->in_cap;
	free(c->in);
	c->in = NULL;
	c->in_cap = c->in_bytes = 0;
	c->half_since_ms = 0;
}

/* --- keepalives */

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
	size_t blank = blank_prefix(rest), together = blank;
	struct flow flow = stream_flow(t, c);
	int64_t now = io_now_ms(t->p.io);
	if (blank == 0)
		return 0;
	if (c->blank_bytes && now - c->blank_ms <= PING_MS)
		together += c->blank_bytes;
	c->blank_ms = now;
	c->blank_bytes = together < 4 && blank == rest.n ? (uint8_t)together : 0;
	if (together >= 4) {
		(void)io_stream_send(t->p.io, c->handle, SLICE("\r\n"));
		t->p.ops.on_keepalive(t->p.ops.ctx, &flow, KEEPALIVE_DOUBLE_CRLF);
	} else if (blank == rest.n) {
		t->p.ops.on_keepalive(t->p.ops.ctx, &flow, KEEPALIVE_CRLF);
	}
	return blank;
}

/* --- messages */

/* Where the body would begin; 0: the headers are not whole. */
static size_t head_bytes(struct slice s)
{
	for (size_t i = 0; i + 4 <= s.n; i++) {
		if (memcmp(s.p + i, "\r\n\r\n", 4) == 0)
			return i + 4;
	}
	return 0;
}

/* Where the next message begins nobody knows: what can be read of this one is answered, then the
 * connection ends (RFC 3261 §18.3, §21.5.13). */
static void answer_fault(struct transport *t, struct connection *c, struct slice rest, int err)
{
	static const struct sip_fault no_length = {
		400, "Without one good Content-Length a stream cannot be cut into messages"};
	static const struct sip_fault too_big = {513, "The message is too large"};
	struct flow flow = stream_flow(t, c);
	size_t head = head_bytes(rest);
	transport_deliver_faulty(t, head ? slice_first(rest, head) : rest, &flow,
				 err == ERR_TOO_BIG ? &too_big : &no_length);
}

/* Hands on every whole message in `in`; *ret_used: bytes that are done with. ERR_AGAIN: the rest
 * waits for more; else the connection must go. ERR_CLOSED: it is gone. */
static int deliver_whole(struct transport *t, uint32_t serial, size_t *ret_used)
{
	size_t used = 0;
	for (;;) {
		struct connection *c =
			stream_by_serial(t, serial); /* a handler may have closed it */
		if (c == NULL)
			return ERR_CLOSED;
		struct slice rest = slice_of(c->in + used, c->in_bytes - used);
		size_t blank = take_blank(t, c, rest), n = 0;
		used += blank;
		rest = slice_from(rest, blank);
		c->proven |= blank > 0;
		int err = rest.n ? sip_msg_frame(rest, &n) : ERR_AGAIN;
		*ret_used = used;
		if (err)
			return err;
		struct flow flow = stream_flow(t, c);
		used += n;
		c->proven = true;
		c->blank_bytes = 0;
		transport_deliver(t, slice_of(rest.p, n), &flow);
	}
}

static void keep_rest(struct transport *t, struct connection *c, size_t used)
{
	memmove(c->in, c->in + used, c->in_bytes - used);
	c->in_bytes -= used;
	if (c->in_bytes == 0)
		stream_forget_in(t, c);
	else if (used || c->half_since_ms == 0)
		c->half_since_ms = c->used_ms;
}

void stream_received(struct transport *t, struct connection *c, struct slice bytes)
{
	uint32_t serial = c->serial;
	size_t used = 0;
	if (c->ends_ms)
		return; /* nobody listens any more */
	c->used_ms = io_now_ms(t->p.io);
	if (!append(t, c, bytes)) {
		stream_drop(t, c);
		return;
	}
	int err = deliver_whole(t, serial, &used);
	c = stream_by_serial(t, serial);
	if (c == NULL)
		return;
	if (err == ERR_AGAIN) {
		keep_rest(t, c, used);
		return;
	}
	answer_fault(t, c, slice_of(c->in + used, c->in_bytes - used), err);
	c = stream_by_serial(t, serial);
	if (c == NULL)
		return;
	c->ends_ms = c->used_ms + STREAM_FAREWELL_MS;
	stream_forget_in(t, c);
}
