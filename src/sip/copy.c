/* A parsed message that outlives its datagram, without being parsed again. */
#include "sip/sip_priv.h"

/* From where the bytes were to where they are. */
struct move {
	struct slice from;
	const char *to;
};

/* A slice of something else, such as the empty literal of a parameter without a value, stays. */
static void move_slice(const struct move *m, struct slice *s)
{
	uintptr_t at = (uintptr_t)s->p - (uintptr_t)m->from.p;

	if (s->p && at <= m->from.n)
		s->p = m->to + at;
}

static void move_uri(const struct move *m, struct sip_uri *uri)
{
	move_slice(m, &uri->user);
	move_slice(m, &uri->password);
	move_slice(m, &uri->host);
	move_slice(m, &uri->params);
	move_slice(m, &uri->headers);
}

static void move_party(const struct move *m, struct sip_nameaddr *na, struct slice *tag)
{
	move_slice(m, &na->display);
	move_slice(m, &na->uri_text);
	move_uri(m, &na->uri);
	move_slice(m, &na->params);
	move_slice(m, tag);
}

static void move_via(const struct move *m, struct sip_via *via)
{
	move_slice(m, &via->transport_text);
	move_slice(m, &via->host);
	move_slice(m, &via->branch);
	move_slice(m, &via->received);
	move_slice(m, &via->params);
	move_slice(m, &via->text);
}

static void move_start_line(const struct move *m, struct sip_msg *msg)
{
	move_slice(m, &msg->method_text);
	move_slice(m, &msg->uri_text);
	move_uri(m, &msg->uri);
	move_slice(m, &msg->reason_phrase);
}

static void move_headers(const struct move *m, struct sip_msg *msg)
{
	for (uint32_t i = 0; i < msg->header_count; i++) {
		move_slice(m, &msg->headers[i].name);
		move_slice(m, &msg->headers[i].value);
	}
}

static size_t table_bytes(const struct sip_msg *msg)
{
	return msg->header_count * sizeof(msg->headers[0]);
}

size_t sip_msg_copy_bytes(const struct sip_msg *msg)
{
	return sizeof(*msg) + table_bytes(msg) + msg->raw.n;
}

struct sip_msg *sip_msg_copy(const struct sip_msg *msg, void *memory)
{
	struct sip_msg *copy = memory;
	char *table = (char *)(copy + 1), *bytes = table + table_bytes(msg);
	struct move m = {msg->raw, bytes};

	*copy = *msg;
	copy->headers = (struct sip_header *)(void *)table;
	if (msg->header_count)
		memcpy(table, msg->headers, table_bytes(msg));
	if (msg->raw.n)
		memcpy(bytes, msg->raw.p, msg->raw.n);
	move_start_line(&m, copy);
	move_headers(&m, copy);
	move_via(&m, &copy->via);
	move_party(&m, &copy->from, &copy->from_tag);
	move_party(&m, &copy->to, &copy->to_tag);
	move_slice(&m, &copy->call_id);
	move_slice(&m, &copy->cseq.method_text);
	move_slice(&m, &copy->body);
	move_slice(&m, &copy->raw);
	return copy;
}
