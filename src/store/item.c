#include "store/item_priv.h"

#include "store/store.h"

static const size_t binding_texts[] = {
	offsetof(struct store_binding, number),
	offsetof(struct store_binding, key),
	offsetof(struct store_binding, bytes),
};
static const size_t record_texts[] = {
	offsetof(struct store_record, from),	  offsetof(struct store_record, to),
	offsetof(struct store_record, dialled),	  offsetof(struct store_record, customer),
	offsetof(struct store_record, reason),	  offsetof(struct store_record, reason_text),
	offsetof(struct store_record, ended_by),  offsetof(struct store_record, codec),
	offsetof(struct store_record, direction), offsetof(struct store_record, trunk),
	offsetof(struct store_record, detail),	  offsetof(struct store_record, forward),
};

/* What a kind of item looks like. */
static const struct shape {
	size_t bytes;
	const size_t *texts;
	size_t text_count;
} shapes[] = {
	[ITEM_PUT] = {sizeof(struct store_binding), binding_texts, 3},
	[ITEM_REMOVE] = {sizeof(struct store_binding), binding_texts, 3},
	[ITEM_RECORD] = {sizeof(struct store_record), record_texts,
			 sizeof(record_texts) / sizeof(record_texts[0])},
	[ITEM_FLUSH] = {sizeof(uint64_t), NULL, 0},
};

static struct slice *text_of(void *body, size_t offset)
{
	return (struct slice *)((char *)body + offset);
}

size_t item_bytes(enum item_kind kind, const void *body)
{
	const struct shape *shape = &shapes[kind];
	size_t n = sizeof(struct item) + shape->bytes;

	for (size_t i = 0; i < shape->text_count; i++)
		n += ((const struct slice *)((const char *)body + shape->texts[i]))->n;
	return (n + 7) & ~(size_t)7;
}

char *item_pack(char *to, enum item_kind kind, const void *body)
{
	const struct shape *shape = &shapes[kind];
	size_t bytes = item_bytes(kind, body);
	struct item item = {.bytes = (uint32_t)bytes, .kind = kind};
	char *at = to + sizeof(item) + shape->bytes;

	memcpy(to, &item, sizeof(item));
	memcpy(to + sizeof(item), body, shape->bytes);
	for (size_t i = 0; i < shape->text_count; i++) {
		struct slice text = *(const struct slice *)((const char *)body + shape->texts[i]);

		if (text.n)
			memcpy(at, text.p, text.n);
		at += text.n;
	}
	memset(at, 0, (size_t)(to + bytes - at));
	return to + bytes;
}

void *item_body(struct item *item)
{
	const struct shape *shape = &shapes[item->kind];
	char *body = (char *)(item + 1), *at = body + shape->bytes;

	for (size_t i = 0; i < shape->text_count; i++) {
		struct slice *text = text_of(body, shape->texts[i]);

		text->p = at;
		at += text->n;
	}
	return body;
}

uint64_t item_layout(void)
{
	uint64_t h = 1;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		h = h * 1000003 + shapes[i].bytes;
		for (size_t j = 0; j < shapes[i].text_count; j++)
			h = h * 1000003 + shapes[i].texts[j];
	}
	return h;
}

bool item_are_whole(struct slice record)
{
	struct item item;

	for (size_t at = 0; at < record.n; at += item.bytes) {
		const char *body = record.p + at + sizeof(item);
		size_t left = record.n - at, texts = 0;

		if (left < sizeof(item))
			return false;
		memcpy(&item, record.p + at, sizeof(item));
		if (item.kind > ITEM_FLUSH || item.bytes > left || item.bytes % 8 ||
		    item.bytes < sizeof(item) + shapes[item.kind].bytes)
			return false;
		for (size_t i = 0; i < shapes[item.kind].text_count; i++) {
			struct slice text;

			memcpy(&text, body + shapes[item.kind].texts[i], sizeof(text));
			if (text.n > item.bytes - texts)
				return false;
			texts += text.n;
		}
		if (sizeof(item) + shapes[item.kind].bytes + texts > item.bytes)
			return false;
	}
	return true;
}
