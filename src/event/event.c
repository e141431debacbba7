/*
 * The schema's tables, and the encoded form. All numbers little-endian:
 *
 *   u8 version, u8 field count, u16 type, u16 shard, u16 0, i64 wall_ms, i64 mono_ms, u64 call,
 * text number per field: u16 key, then for a TEXT key a text, for a NUMBER key a text of 8 bytes
 *   text: u32 length, bytes
 *
 * Files keep types and keys by their number: the tables of event.h grow at their ends.
 */
#include "event/event.h"

#include "base/err.h"

#include <assert.h>
#include <endian.h>

#define VERSION	     1
#define HEADER_BYTES 32

enum kind { TEXT, NUMBER };

const char *event_name(enum event_type type)
{
	static const char *const names[] = {
#define X(name, text, level) #name,
		EVENT_TABLE(X)
#undef X
	};

	assert(type < EVENT_TYPES);
	return names[type];
}

const char *event_text(enum event_type type)
{
	static const char *const texts[] = {
#define X(name, text, level) text,
		EVENT_TABLE(X)
#undef X
	};

	assert(type < EVENT_TYPES);
	return texts[type];
}

int event_level(enum event_type type)
{
	static const uint8_t levels[] = {
#define X(name, text, level) level,
		EVENT_TABLE(X)
#undef X
	};

	assert(type < EVENT_TYPES);
	return levels[type];
}

const char *event_key_name(enum event_key key)
{
	static const char *const names[] = {
#define X(name, text, kind) text,
		EVENT_KEY_TABLE(X)
#undef X
	};

	assert(key < EVENT_KEYS);
	return names[key];
}

static enum kind key_kind(enum event_key key)
{
	static const uint8_t kinds[] = {
#define X(name, text, kind) kind,
		EVENT_KEY_TABLE(X)
#undef X
	};

	assert(key < EVENT_KEYS);
	return kinds[key];
}

bool event_key_is_number(enum event_key key)
{
	return key_kind(key) == NUMBER;
}

static void add_field(struct event *e, struct event_field field)
{
	if (e->field_count < EVENT_FIELDS_MAX)
		e->fields[e->field_count++] = field;
}

void event_add_text(struct event *e, enum event_key key, struct slice text)
{
	assert(key_kind(key) == TEXT);
	add_field(e, (struct event_field){.key = key, .text = text});
}

void event_add_number(struct event *e, enum event_key key, int64_t number)
{
	assert(key_kind(key) == NUMBER);
	add_field(e, (struct event_field){.key = key, .number = number});
}

const struct event_field *event_find(const struct event *e, enum event_key key)
{
	for (uint32_t i = 0; i < e->field_count; i++) {
		if (e->fields[i].key == key)
			return &e->fields[i];
	}
	return NULL;
}

static size_t text_bytes(struct slice s)
{
	return sizeof(uint32_t) + s.n;
}

static size_t field_bytes(const struct event_field *f)
{
	return sizeof(uint16_t) + (key_kind(f->key) == NUMBER ? sizeof(uint32_t) + sizeof(uint64_t)
							      : text_bytes(f->text));
}

static size_t encoded_bytes(const struct event *e)
{
	size_t n = HEADER_BYTES + text_bytes(e->number);

	for (uint32_t i = 0; i < e->field_count; i++)
		n += field_bytes(&e->fields[i]);
	return n;
}

/* Each returns where the next byte goes. */
static char *put_u16(char *p, uint16_t v)
{
	v = htole16(v);
	return (char *)memcpy(p, &v, sizeof(v)) + sizeof(v);
}

static char *put_u32(char *p, uint32_t v)
{
	v = htole32(v);
	return (char *)memcpy(p, &v, sizeof(v)) + sizeof(v);
}

static char *put_u64(char *p, uint64_t v)
{
	v = htole64(v);
	return (char *)memcpy(p, &v, sizeof(v)) + sizeof(v);
}

static char *put_text(char *p, struct slice s)
{
	p = put_u32(p, (uint32_t)s.n);
	if (s.n)
		memcpy(p, s.p, s.n);
	return p + s.n;
}

static char *put_header(char *p, const struct event *e)
{
	*p++ = VERSION;
	*p++ = (char)e->field_count;
	p = put_u16(p, (uint16_t)e->type);
	p = put_u16(p, e->shard);
	p = put_u16(p, 0);
	p = put_u64(p, (uint64_t)e->wall_ms);
	p = put_u64(p, (uint64_t)e->mono_ms);
	return put_u64(p, e->call);
}

static char *put_field(char *p, const struct event_field *f)
{
	p = put_u16(p, (uint16_t)f->key);
	if (key_kind(f->key) == TEXT)
		return put_text(p, f->text);
	p = put_u32(p, sizeof(uint64_t));
	return put_u64(p, (uint64_t)f->number);
}

int event_encode(const struct event *e, char *dst, size_t cap_bytes, size_t *ret_n)
{
	size_t n = encoded_bytes(e);
	char *p = dst;

	if (n > cap_bytes || n > UINT32_MAX)
		return ERR_TOO_BIG;
	p = put_header(p, e);
	p = put_text(p, e->number);
	for (uint32_t i = 0; i < e->field_count; i++)
		p = put_field(p, &e->fields[i]);
	*ret_n = n;
	return 0;
}

/* The next n bytes; zeros when they are not there. */
static void get(struct slice *s, void *dst, size_t n, bool *failed)
{
	if (n > s->n) {
		*failed = true;
		memset(dst, 0, n);
		return;
	}
	memcpy(dst, s->p, n);
	*s = slice_from(*s, n);
}

static uint16_t get_u16(struct slice *s, bool *failed)
{
	uint16_t v;

	get(s, &v, sizeof(v), failed);
	return le16toh(v);
}

static uint64_t get_u64(struct slice *s, bool *failed)
{
	uint64_t v;

	get(s, &v, sizeof(v), failed);
	return le64toh(v);
}

static struct slice get_text(struct slice *s, bool *failed)
{
	struct slice text;
	uint32_t n;

	get(s, &n, sizeof(n), failed);
	n = le32toh(n);
	if (*failed || n > s->n) {
		*failed = true;
		return SLICE_NONE;
	}
	text = slice_first(*s, n);
	*s = slice_from(*s, n);
	return text;
}

static uint8_t get_header(struct slice *s, struct event *e, bool *failed)
{
	uint8_t first[2];
	uint16_t type;

	get(s, first, sizeof(first), failed);
	type = get_u16(s, failed);
	if (first[0] != VERSION || type >= EVENT_TYPES)
		*failed = true;
	e->type = type;
	e->shard = get_u16(s, failed);
	get_u16(s, failed);
	e->wall_ms = (int64_t)get_u64(s, failed);
	e->mono_ms = (int64_t)get_u64(s, failed);
	e->call = get_u64(s, failed);
	return first[1];
}

static void get_field(struct slice *s, struct event *e, bool *failed)
{
	uint16_t key = get_u16(s, failed);
	struct slice text = get_text(s, failed);

	if (*failed || key >= EVENT_KEYS)
		return; /* a key of a later version is skipped */
	if (key_kind(key) == TEXT)
		event_add_text(e, key, text);
	else if (text.n == sizeof(uint64_t))
		event_add_number(e, key, (int64_t)get_u64(&text, failed));
	else
		*failed = true;
}

int event_decode(struct slice bytes, struct event *ret_event)
{
	bool failed = false;
	struct event e = {0};
	uint8_t count = get_header(&bytes, &e, &failed);

	e.number = get_text(&bytes, &failed);
	for (uint8_t i = 0; i < count && !failed; i++)
		get_field(&bytes, &e, &failed);
	if (failed || bytes.n)
		return ERR_DAMAGED;
	*ret_event = e;
	return 0;
}

int event_peek(struct slice bytes, struct event_bytes *ret_event)
{
	bool failed = false;
	struct slice rest = bytes;
	struct event e;

	(void)get_header(&rest, &e, &failed);
	if (failed)
		return ERR_DAMAGED;
	*ret_event = (struct event_bytes){.type = e.type, .call = e.call, .bytes = bytes};
	return 0;
}
