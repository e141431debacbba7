/* A struct into bytes. */
#include "replica/field_priv.h"

/* Where the next byte goes. Running over the end fails once, at the end. */
struct out {
	uint8_t *p, *end;
	bool failed;
};

#define NUMBER_BYTES_MAX 10 /* of 64 bits, seven at a time */
#define LENGTH_BYTES	 2  /* of a nested struct: written once it is known */
#define LENGTH_MAX	 0x3fffu

static bool room(struct out *o, size_t n)
{
	if ((size_t)(o->end - o->p) < n)
		o->failed = true;
	return !o->failed;
}

static void put_number(struct out *o, uint64_t v)
{
	if (!room(o, NUMBER_BYTES_MAX))
		return;
	for (; v >= 0x80; v >>= 7)
		*o->p++ = (uint8_t)(v | 0x80);
	*o->p++ = (uint8_t)v;
}

static void put_key(struct out *o, const struct replica_field *f, enum replica_shape shape)
{
	put_number(o, (uint64_t)f->tag << 2 | shape);
}

static void put_uint(struct out *o, const struct replica_field *f, uint64_t v)
{
	if (v == 0)
		return;
	put_key(o, f, SHAPE_NUMBER);
	put_number(o, v);
}

static void put_eight(struct out *o, const struct replica_field *f, uint64_t v)
{
	if (v == 0)
		return;
	put_key(o, f, SHAPE_EIGHT);
	if (!room(o, sizeof(v)))
		return;
	memcpy(o->p, &v, sizeof(v));
	o->p += sizeof(v);
}

static void put_bytes(struct out *o, const struct replica_field *f, const void *p, size_t n)
{
	put_key(o, f, SHAPE_BYTES);
	put_number(o, n);
	if (!room(o, n))
		return;
	memcpy(o->p, p, n);
	o->p += n;
}

static void put_text(struct out *o, const struct replica_field *f, struct slice text)
{
	if (text.n)
		put_bytes(o, f, text.p, text.n);
}

static void put_addr(struct out *o, const struct replica_field *f, const struct addr *a)
{
	uint8_t bytes[ADDR_HEAD_BYTES + sizeof(a->ip) + sizeof(a->scope)];
	size_t ip = a->family == 6 ? sizeof(a->ip) : 4, n = ADDR_HEAD_BYTES;
	if (!addr_is(a))
		return;
	bytes[0] = a->family;
	bytes[1] = (uint8_t)a->port;
	bytes[2] = (uint8_t)(a->port >> 8);
	memcpy(bytes + n, a->ip, ip);
	n += ip;
	if (a->scope) {
		memcpy(bytes + n, &a->scope, sizeof(a->scope));
		n += sizeof(a->scope);
	}
	put_bytes(o, f, bytes, n);
}

static void put_all(struct out *o, const struct replica_table *t, const void *from);

/* An empty one is left out, unless its place in a list counts. */
static void put_struct(struct out *o, const struct replica_field *f, const void *from, bool counts)
{
	uint8_t *before = o->p;
	put_key(o, f, SHAPE_BYTES);
	if (!room(o, LENGTH_BYTES))
		return;
	uint8_t *length = o->p;
	o->p += LENGTH_BYTES;
	put_all(o, f->sub, from);
	size_t n = (size_t)(o->p - length) - LENGTH_BYTES;
	if (n > LENGTH_MAX)
		o->failed = true;
	length[0] = (uint8_t)(n | 0x80);
	length[1] = (uint8_t)(n >> 7);
	if (n == 0 && !counts && !o->failed)
		o->p = before;
}

static void put_list(struct out *o, const struct replica_field *f, const void *from)
{
	uint32_t count = replica_list_count(f, from);
	for (uint32_t i = 0; i < count; i++) {
		const void *element = field_element(f, from, i);
		if (element == NULL)
			return;
		put_struct(o, f, element, true);
	}
}

static uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static void put_field(struct out *o, const struct replica_field *f, const void *from)
{
	switch ((enum replica_type)f->type) {
	case REPLICA_UINT:
		put_uint(o, f, field_uint(f, from));
		return;
	case REPLICA_INT:
		put_uint(o, f, zigzag(field_int(f, from)));
		return;
	case REPLICA_FIXED:
	case REPLICA_REAL:
		put_eight(o, f, field_eight(f, from));
		return;
	case REPLICA_TEXT:
	case REPLICA_SLICE:
	case REPLICA_DIALOG_TEXT:
		put_text(o, f, field_text(f, from));
		return;
	case REPLICA_ADDR:
		put_addr(o, f, field_of(f, from));
		return;
	case REPLICA_STRUCT:
		put_struct(o, f, field_of(f, from), false);
		return;
	case REPLICA_LIST:
	case REPLICA_REFS:
		put_list(o, f, from);
		return;
	case REPLICA_NOT_KEPT:
		return;
	}
}

/* Most members are numbers, and most of them zero: those are passed over here. */
static void put_all(struct out *o, const struct replica_table *t, const void *from)
{
	for (const struct replica_field *f = t->fields, *end = f + t->count; f < end; f++) {
		if (f->type == REPLICA_UINT)
			put_uint(o, f, field_uint(f, from));
		else if (f->type != REPLICA_NOT_KEPT)
			put_field(o, f, from);
	}
}

int replica_encode(const struct replica_table *t, const void *from, char *dst, size_t cap_bytes,
		   size_t *ret_n)
{
	struct out o = {.p = (uint8_t *)dst, .end = (uint8_t *)dst + cap_bytes};
	put_all(&o, t, from);
	if (o.failed)
		return ERR_TOO_BIG;
	*ret_n = (size_t)(o.p - (uint8_t *)dst);
	return 0;
}
