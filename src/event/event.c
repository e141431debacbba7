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

#define VERSION 1

enum kind { TEXT, NUMBER };

/* Where the encoder stands; `failed` as in a strbuf. */
struct cursor {
	char *p;
	size_t n, cap_bytes;
	bool failed;
};

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

static void put(struct cursor *c, const void *p, size_t n)
{
	if (c->failed || n > c->cap_bytes - c->n) {
		c->failed = true;
		return;
	}
	if (n)
		memcpy(c->p + c->n, p, n);
	c->n += n;
}

static void put_u16(struct cursor *c, uint16_t v)
{
	v = htole16(v);
	put(c, &v, sizeof(v));
}

static void put_u64(struct cursor *c, uint64_t v)
{
	v = htole64(v);
	put(c, &v, sizeof(v));
}

static void put_text(struct cursor *c, struct slice s)
{
	uint32_t n = htole32((uint32_t)s.n);

	put(c, &n, sizeof(n));
	put(c, s.p, s.n);
}

static void put_header(struct cursor *c, const struct event *e)
{
	const uint8_t first[2] = {VERSION, (uint8_t)e->field_count};

	put(c, first, sizeof(first));
	put_u16(c, (uint16_t)e->type);
	put_u16(c, e->shard);
	put_u16(c, 0);
	put_u64(c, (uint64_t)e->wall_ms);
	put_u64(c, (uint64_t)e->mono_ms);
	put_u64(c, e->call);
}

static void put_field(struct cursor *c, const struct event_field *f)
{
	uint64_t number = htole64((uint64_t)f->number);

	put_u16(c, (uint16_t)f->key);
	if (key_kind(f->key) == NUMBER)
		put_text(c, slice_of((const char *)&number, sizeof(number)));
	else
		put_text(c, f->text);
}

int event_encode(const struct event *e, char *dst, size_t cap_bytes, size_t *ret_n)
{
	struct cursor c = {.p = dst, .cap_bytes = cap_bytes < UINT32_MAX ? cap_bytes : UINT32_MAX};

	put_header(&c, e);
	put_text(&c, e->number);
	for (uint32_t i = 0; i < e->field_count; i++)
		put_field(&c, &e->fields[i]);
	if (c.failed)
		return ERR_TOO_BIG;
	*ret_n = c.n;
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
