/* Bytes into a struct, believing nothing. */
#include "replica/field_priv.h"

struct in {
	const uint8_t *p, *end;
};

struct entry {
	uint64_t tag, number; /* SHAPE_NUMBER, SHAPE_EIGHT */
	enum replica_shape shape;
	struct slice bytes; /* SHAPE_BYTES */
};

static int get_number(struct in *in, uint64_t *ret_v)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 64 && in->p < in->end; shift += 7) {
		uint8_t b = *in->p++;
		if (shift == 63 && b > 1)
			return ERR_DAMAGED;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80) {
			*ret_v = v;
			return 0;
		}
	}
	return ERR_DAMAGED;
}

static int get_eight(struct in *in, uint64_t *ret_v)
{
	if (in->end - in->p < (ptrdiff_t)sizeof(*ret_v))
		return ERR_DAMAGED;
	memcpy(ret_v, in->p, sizeof(*ret_v));
	in->p += sizeof(*ret_v);
	return 0;
}

static int get_bytes(struct in *in, struct slice *ret_bytes)
{
	uint64_t n;
	if (get_number(in, &n) != 0 || n > (uint64_t)(in->end - in->p))
		return ERR_DAMAGED;
	*ret_bytes = slice_of((const char *)in->p, (size_t)n);
	in->p += n;
	return 0;
}

static int get_entry(struct in *in, struct entry *e)
{
	uint64_t key;
	if (get_number(in, &key) != 0)
		return ERR_DAMAGED;
	e->tag = key >> 2;
	e->shape = (enum replica_shape)(key & 3);
	switch (e->shape) {
	case SHAPE_NUMBER:
		return get_number(in, &e->number);
	case SHAPE_EIGHT:
		return get_eight(in, &e->number);
	case SHAPE_BYTES:
		return get_bytes(in, &e->bytes);
	case SHAPES:
		break;
	}
	return ERR_DAMAGED;
}

/* --- one member */

static uint64_t largest(const struct replica_field *f)
{
	uint64_t fits = f->bytes == 8 ? UINT64_MAX : ((uint64_t)1 << f->bytes * 8) - 1;
	return f->max < fits ? f->max : fits;
}

static int set_uint(const struct replica_field *f, uint64_t v, void *to)
{
	void *p = field_at(f, to);
	if (v > largest(f))
		return ERR_DAMAGED;
	if (f->bytes == 1)
		*(uint8_t *)p = (uint8_t)v;
	else if (f->bytes == 2)
		*(uint16_t *)p = (uint16_t)v;
	else if (f->bytes == 4)
		*(uint32_t *)p = (uint32_t)v;
	else
		*(uint64_t *)p = v;
	return 0;
}

static int set_int(const struct replica_field *f, uint64_t zigzag, void *to)
{
	int64_t v = (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
	void *p = field_at(f, to);
	if ((f->bytes == 2 && (v < INT16_MIN || v > INT16_MAX)) ||
	    (f->bytes == 4 && (v < INT32_MIN || v > INT32_MAX)))
		return ERR_DAMAGED;
	if (f->bytes == 2)
		*(int16_t *)p = (int16_t)v;
	else if (f->bytes == 4)
		*(int32_t *)p = (int32_t)v;
	else
		*(int64_t *)p = v;
	return 0;
}

/* Nothing that is counted or measured is infinite. */
static int set_real(const struct replica_field *f, uint64_t bits, void *to)
{
	double v;
	memcpy(&v, &bits, sizeof(v));
	if (!__builtin_isfinite(v))
		return ERR_DAMAGED;
	memcpy(field_at(f, to), &v, sizeof(v));
	return 0;
}

static int set_text(const struct replica_field *f, struct slice text, void *to)
{
	char *p = field_at(f, to);
	if (text.n >= f->bytes || memchr(text.p, '\0', text.n))
		return ERR_DAMAGED;
	memcpy(p, text.p, text.n);
	p[text.n] = '\0';
	return 0;
}

static int set_addr(const struct replica_field *f, struct slice bytes, void *to)
{
	const uint8_t *b = (const uint8_t *)bytes.p;
	struct addr a = {0};
	if (bytes.n < ADDR_HEAD_BYTES || (b[0] != 4 && b[0] != 6))
		return ERR_DAMAGED;
	size_t ip = b[0] == 6 ? sizeof(a.ip) : 4, left = bytes.n - ADDR_HEAD_BYTES;
	if (left != ip && left != ip + sizeof(a.scope))
		return ERR_DAMAGED;
	a.family = b[0];
	a.port = (uint16_t)(b[1] | b[2] << 8);
	memcpy(a.ip, b + ADDR_HEAD_BYTES, ip);
	if (left > ip)
		memcpy(&a.scope, b + ADDR_HEAD_BYTES + ip, sizeof(a.scope));
	memcpy(field_at(f, to), &a, sizeof(a));
	return 0;
}

static int decode_onto(const struct replica_table *t, struct slice bytes, void *to);

static int add_element(const struct replica_field *f, struct slice bytes, void *to)
{
	uint8_t *count = (uint8_t *)to + f->count_offset;
	if (*count >= replica_list_cap(f))
		return ERR_DAMAGED;
	void *element = (void *)(uintptr_t)field_element(f, to, *count);
	if (element == NULL)
		return ERR_DAMAGED;
	if (f->type == REPLICA_REFS)
		memset(element, 0, f->sub->bytes);
	int err = decode_onto(f->sub, bytes, element);
	if (err == 0)
		(*count)++;
	return err;
}

static int set_number(const struct replica_field *f, uint64_t v, void *to)
{
	switch ((enum replica_type)f->type) {
	case REPLICA_UINT:
		return set_uint(f, v, to);
	case REPLICA_INT:
		return set_int(f, v, to);
	default:
		return ERR_DAMAGED;
	}
}

static int set_eight(const struct replica_field *f, uint64_t v, void *to)
{
	switch ((enum replica_type)f->type) {
	case REPLICA_FIXED:
		memcpy(field_at(f, to), &v, sizeof(v));
		return 0;
	case REPLICA_REAL:
		return set_real(f, v, to);
	default:
		return ERR_DAMAGED;
	}
}

static int set_bytes(const struct replica_field *f, struct slice bytes, void *to)
{
	switch ((enum replica_type)f->type) {
	case REPLICA_TEXT:
		return set_text(f, bytes, to);
	case REPLICA_SLICE:
		*(struct slice *)field_at(f, to) = bytes;
		return 0;
	case REPLICA_DIALOG_TEXT:
		return dialog_view_text(to, (enum dialog_text)f->max, bytes) ? ERR_DAMAGED : 0;
	case REPLICA_ADDR:
		return set_addr(f, bytes, to);
	case REPLICA_STRUCT:
		return decode_onto(f->sub, bytes, field_at(f, to));
	case REPLICA_LIST:
	case REPLICA_REFS:
		return add_element(f, bytes, to);
	default:
		return ERR_DAMAGED;
	}
}

static int set_entry(const struct replica_field *f, const struct entry *e, void *to)
{
	switch (e->shape) {
	case SHAPE_NUMBER:
		return set_number(f, e->number, to);
	case SHAPE_EIGHT:
		return set_eight(f, e->number, to);
	case SHAPE_BYTES:
		return set_bytes(f, e->bytes, to);
	case SHAPES:
		break;
	}
	return ERR_DAMAGED;
}

/* --- all of them */

/* Entries come in the order of the table: the search goes on where the last one ended. */
static const struct replica_field *find(const struct replica_table *t, uint64_t tag,
					uint32_t *cursor)
{
	for (uint32_t n = 0; n < t->count; n++) {
		uint32_t i = (*cursor + n) % t->count;
		if (t->fields[i].tag != tag || tag == 0)
			continue;
		*cursor = i;
		return &t->fields[i];
	}
	return NULL;
}

static int decode_onto(const struct replica_table *t, struct slice bytes, void *to)
{
	struct in in = {(const uint8_t *)bytes.p, (const uint8_t *)bytes.p + bytes.n};
	uint32_t cursor = 0;
	while (in.p < in.end) {
		struct entry e = {0};
		int err = get_entry(&in, &e);
		const struct replica_field *f = err ? NULL : find(t, e.tag, &cursor);
		if (f)
			err = set_entry(f, &e, to);
		if (err)
			return err;
	}
	return 0;
}

static void zero(const struct replica_table *t, void *to)
{
	for (uint32_t i = 0; i < t->count; i++) {
		const struct replica_field *f = &t->fields[i];
		bool list = f->type == REPLICA_LIST || f->type == REPLICA_REFS;
		if (list)
			*((uint8_t *)to + f->count_offset) = 0;
		if (f->type != REPLICA_REFS)
			memset(field_at(f, to), 0, f->bytes);
	}
}

int replica_decode(const struct replica_table *t, struct slice bytes, void *to)
{
	bool refs = false;
	for (uint32_t i = 0; i < t->count; i++)
		refs |= t->fields[i].type == REPLICA_REFS;
	if (refs)
		zero(t, to);
	else
		memset(to, 0, t->bytes);
	return decode_onto(t, bytes, to);
}
