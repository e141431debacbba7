#include "store/batch_priv.h"

#include "base/err.h"
#include "store/item_priv.h"

#include <stdlib.h>

#define FIRST_BYTES 16384

void batch_fini(struct batch *b)
{
	free(b->bytes);
	*b = (struct batch){0};
}

void batch_clear(struct batch *b)
{
	b->n = 0;
	b->flush = 0;
}

static bool grow(struct batch *b, size_t bytes)
{
	size_t cap = b->cap_bytes ? b->cap_bytes : FIRST_BYTES;
	char *grown;

	while (cap < bytes)
		cap *= 2;
	if (cap == b->cap_bytes)
		return true;
	grown = realloc(b->bytes, cap);
	if (!grown)
		return false;
	b->bytes = grown;
	b->cap_bytes = cap;
	return true;
}

bool batch_add(struct batch *b, struct slice items)
{
	if (!grow(b, b->n + items.n))
		return false;
	memcpy(b->bytes + b->n, items.p, items.n);
	b->n += items.n;
	return true;
}

static int write_item(struct batch *b, struct store *s, struct item *item)
{
	const struct store_binding *binding;

	switch ((enum item_kind)item->kind) {
	case ITEM_PUT:
		return store_binding_put(s, item_body(item));
	case ITEM_REMOVE:
		binding = item_body(item);
		return store_binding_remove(s, binding->number, binding->key);
	case ITEM_RECORD:
		return store_record_add(s, item_body(item));
	case ITEM_FLUSH:
		memcpy(&b->flush, item + 1, sizeof(b->flush));
		return 0;
	}
	return 0;
}

/* An item that will never be accepted must not hold up the others for ever. */
static bool is_hopeless(int err)
{
	return err == ERR_EXISTS || err == ERR_CONFLICT || err == ERR_INVALID || err == ERR_TOO_BIG;
}

int batch_write(struct batch *b, struct store *s, void (*hopeless)(void *ctx, const char *text),
		void *ctx, uint64_t *ret_items)
{
	uint64_t items = 0;
	int r = store_begin(s);

	for (size_t at = 0; r == 0 && at < b->n;) {
		struct item *item = (struct item *)(b->bytes + at);

		r = write_item(b, s, item);
		if (is_hopeless(r) && hopeless)
			hopeless(ctx, store_error(s));
		if (is_hopeless(r) || r == ERR_NOT_FOUND)
			r = 0;
		items += item->kind != ITEM_FLUSH;
		at += item->bytes;
	}
	if (r == 0)
		r = store_commit(s);
	else
		store_rollback(s);
	*ret_items = items;
	return r;
}
