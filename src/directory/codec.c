/*
 * A binding as bytes: a version, then tag, length and value of every field that is not zero. The
 * store keeps all of them, memory the lasting ones. A field that has been released keeps its tag
 * and its type; a new one gets a new tag.
 */
#include "directory/directory_priv.h"

#define VERSION 1

enum type { TEXT, BOOL, UINT8, UINT16, UINT32, INT64, Q, ADDR, TRANSPORT };

#define FIELD(tag, name, type)                                                                     \
	{                                                                                          \
		tag, type, offsetof(struct reg_binding, name)                                      \
	}

static const struct field {
	uint8_t tag;
	enum type type;
	size_t offset;
} fields[] = {
	FIELD(1, contact, TEXT),
	FIELD(2, call_id, TEXT),
	FIELD(3, instance, TEXT),
	FIELD(4, user_agent, TEXT),
	FIELD(5, path, TEXT),
	FIELD(6, cseq, UINT32),
	FIELD(7, reg_id, UINT32),
	FIELD(8, q_thousandths, Q),
	FIELD(9, flow.remote, ADDR),
	FIELD(10, flow.local, ADDR),
	FIELD(11, flow.transport, TRANSPORT),
	FIELD(12, flow.shard, UINT16),
	FIELD(13, flow.listener, UINT16),
	FIELD(14, flow.connection, UINT32),
	FIELD(15, nat, BOOL),
	FIELD(16, registered_at, INT64),
	FIELD(17, refreshed_at, INT64),
	/* from here on what changes between two REGISTERs */
	FIELD(18, last_keepalive_at, INT64),
	FIELD(19, keepalive_interval_ms, UINT32),
	FIELD(20, keepalive_kind, UINT8),
	FIELD(21, reach, UINT8),
	FIELD(22, pinged_at, INT64),
	FIELD(23, pong_at, INT64),
};

#define FIELD_COUNT   (sizeof(fields) / sizeof(fields[0]))
#define FIELD_PASSING 18 /* the tag of the first that does not last */
#define Q_MAX	      1000

/* On disk a transport has a number of its own, whatever the order of the enum. 0 is UDP and not
 * written. */
static const uint8_t transports[] = {
	[SIP_UDP] = 0, [SIP_TCP] = 1, [SIP_TLS] = 2,
	[SIP_WS] = 3,  [SIP_WSS] = 4, [SIP_TRANSPORT_OTHER] = 255,
};

/* ---- writing ---- */

struct out {
	char *p;
	size_t n;
	bool failed;
};

/* Lengths up to 127 in one byte, others in two. */
static void put(struct out *o, uint8_t tag, const void *value, size_t n)
{
	if (o->failed || n >= 0x8000 || o->n + 3 + n > ENCODED_BYTES) {
		o->failed = true;
		return;
	}
	o->p[o->n++] = (char)tag;
	if (n >= 0x80)
		o->p[o->n++] = (char)(0x80 | n >> 8);
	o->p[o->n++] = (char)n;
	memcpy(o->p + o->n, value, n);
	o->n += n;
}

/* As few bytes as it takes, the lowest first. */
static void put_number(struct out *o, uint8_t tag, uint64_t v)
{
	uint8_t bytes[8];
	size_t n = 0;

	for (; v; v >>= 8)
		bytes[n++] = (uint8_t)v;
	if (n)
		put(o, tag, bytes, n);
}

static void put_addr(struct out *o, uint8_t tag, const struct addr *a)
{
	uint8_t bytes[3 + 16 + sizeof(a->scope)] = {a->family, (uint8_t)a->port,
						    (uint8_t)(a->port >> 8)};
	size_t n = 3 + (a->family == 4 ? 4 : 16);

	if (!addr_is(a))
		return;
	memcpy(bytes + 3, a->ip, n - 3);
	if (a->scope) {
		memcpy(bytes + n, &a->scope, sizeof(a->scope));
		n += sizeof(a->scope);
	}
	put(o, tag, bytes, n);
}

static void put_field(struct out *o, const struct field *f, const void *value)
{
	const struct slice *text = value;

	switch (f->type) {
	case TEXT:
		if (text->n)
			put(o, f->tag, text->p, text->n);
		break;
	case BOOL:
		put_number(o, f->tag, *(const bool *)value);
		break;
	case UINT8:
		put_number(o, f->tag, *(const uint8_t *)value);
		break;
	case UINT16:
		put_number(o, f->tag, *(const uint16_t *)value);
		break;
	case UINT32:
		put_number(o, f->tag, *(const uint32_t *)value);
		break;
	case INT64:
		put_number(o, f->tag, *(const uint64_t *)value);
		break;
	case Q:
		put_number(o, f->tag, (uint64_t)(Q_MAX - *(const uint16_t *)value));
		break;
	case ADDR:
		put_addr(o, f->tag, value);
		break;
	case TRANSPORT:
		put_number(o, f->tag, transports[*(const enum sip_transport *)value]);
		break;
	}
}

size_t binding_encode(const struct reg_binding *b, char dst[ENCODED_BYTES], size_t *ret_lasting_n)
{
	struct out o = {.p = dst};
	size_t lasting_n = 0;

	o.p[o.n++] = VERSION;
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (fields[i].tag == FIELD_PASSING)
			lasting_n = o.n;
		put_field(&o, &fields[i], (const char *)b + fields[i].offset);
	}
	if (o.failed)
		return 0;
	*ret_lasting_n = lasting_n;
	return o.n;
}

/* ---- reading ---- */

static bool cut(struct slice *s, size_t n, struct slice *ret_piece)
{
	if (s->n < n)
		return false;
	*ret_piece = slice_first(*s, n);
	*s = slice_from(*s, n);
	return true;
}

static bool cut_field(struct slice *s, uint8_t *ret_tag, struct slice *ret_value)
{
	struct slice head, low;
	size_t n;

	if (!cut(s, 2, &head))
		return false;
	n = (uint8_t)head.p[1];
	if (n >= 0x80) {
		if (!cut(s, 1, &low))
			return false;
		n = (n & 0x7f) << 8 | (uint8_t)low.p[0];
	}
	*ret_tag = (uint8_t)head.p[0];
	return cut(s, n, ret_value);
}

static uint64_t number_of(struct slice value)
{
	uint64_t v = 0;

	for (size_t i = 0; i < value.n && i < sizeof(v); i++)
		v |= (uint64_t)(uint8_t)value.p[i] << (8 * i);
	return v;
}

static bool get_addr(struct slice value, struct addr *a)
{
	struct slice head, ip;

	if (!cut(&value, 3, &head) || (head.p[0] != 4 && head.p[0] != 6) ||
	    !cut(&value, head.p[0] == 4 ? 4 : 16, &ip))
		return false;
	*a = (struct addr){.family = (uint8_t)head.p[0],
			   .port = (uint16_t)((uint8_t)head.p[1] | (uint8_t)head.p[2] << 8)};
	memcpy(a->ip, ip.p, ip.n);
	if (value.n == sizeof(a->scope))
		memcpy(&a->scope, value.p, sizeof(a->scope));
	return true;
}

static enum sip_transport transport_of(uint64_t v)
{
	for (enum sip_transport t = SIP_UDP; t < SIP_TRANSPORT_OTHER; t++)
		if (transports[t] == v)
			return t;
	return SIP_TRANSPORT_OTHER;
}

static bool get_field(const struct field *f, struct slice value, void *to)
{
	switch (f->type) {
	case TEXT:
		*(struct slice *)to = value;
		return true;
	case BOOL:
		*(bool *)to = number_of(value) != 0;
		return true;
	case UINT8:
		*(uint8_t *)to = (uint8_t)number_of(value);
		return true;
	case UINT16:
		*(uint16_t *)to = (uint16_t)number_of(value);
		return true;
	case UINT32:
		*(uint32_t *)to = (uint32_t)number_of(value);
		return true;
	case INT64:
		*(uint64_t *)to = number_of(value);
		return true;
	case Q:
		*(uint16_t *)to = (uint16_t)(Q_MAX - number_of(value));
		return number_of(value) <= Q_MAX;
	case ADDR:
		return get_addr(value, to);
	case TRANSPORT:
		*(enum sip_transport *)to = transport_of(number_of(value));
		return true;
	}
	return false;
}

/* Tags are the places of the fields in their table, plus one. */
static const struct field *field_of(uint8_t tag)
{
	return tag >= 1 && tag <= FIELD_COUNT ? &fields[tag - 1] : NULL;
}

int binding_decode(struct slice bytes, struct reg_binding *ret_binding)
{
	struct reg_binding b = {.q_thousandths = Q_MAX};
	struct slice version, value;
	uint8_t tag;

	if (!cut(&bytes, 1, &version) || version.p[0] != VERSION)
		return ERR_DAMAGED;
	while (bytes.n) {
		const struct field *f;

		if (!cut_field(&bytes, &tag, &value))
			return ERR_DAMAGED;
		f = field_of(tag);
		if (f && !get_field(f, value, (char *)&b + f->offset))
			return ERR_DAMAGED;
	}
	if (!b.contact.n)
		return ERR_DAMAGED;
	*ret_binding = b;
	return 0;
}

struct slice binding_key(const struct reg_binding *b, char dst[KEY_BYTES])
{
	static const struct hash_key fixed = {"OpenGate binding"};
	uint64_t first = hash_slice(&fixed, b->reg_id ? b->instance : b->call_id);
	uint64_t second = b->reg_id ? b->reg_id : hash_slice(&fixed, b->contact);
	uint64_t key = hash_mix(first, second);

	for (size_t i = 0; i < KEY_BYTES; i++)
		dst[i] = (char)(key >> (8 * i));
	return slice_of(dst, KEY_BYTES);
}
