#include "fill.h"

#include "base/addr.h"
#include "dialog/dialog.h"

void fill_init(struct fill *f, uint8_t seed)
{
	const uint8_t bytes[RNG_SEED_BYTES] = {seed, 0x5a};
	rng_init(&f->rng, bytes);
	f->used = 0;
}

/* Numbers of every length, the largest among them. */
static uint64_t some_number(struct fill *f, uint64_t most)
{
	uint64_t v = rng_u64(&f->rng) >> rng_below(&f->rng, 64);
	if (rng_below(&f->rng, 8) == 0)
		return most;
	return most == UINT64_MAX ? v : v % (most + 1);
}

static void fill_uint(struct fill *f, const struct replica_field *r, void *to)
{
	uint64_t fits = r->bytes == 8 ? UINT64_MAX : ((uint64_t)1 << r->bytes * 8) - 1;
	uint64_t v = some_number(f, r->max < fits ? r->max : fits);
	memcpy((char *)to + r->offset, &v, r->bytes); /* little-endian, as every machine here */
}

static void fill_addr(struct fill *f, const struct replica_field *r, void *to)
{
	struct addr a = {.family = rng_below(&f->rng, 2) ? 4 : 6,
			 .port = (uint16_t)rng_below(&f->rng, 65536)};
	uint64_t words[2] = {rng_u64(&f->rng), rng_u64(&f->rng)};
	memcpy(a.ip, words, a.family == 4 ? 4 : 16);
	if (a.family == 6 && rng_below(&f->rng, 2))
		a.scope = rng_below(&f->rng, 100);
	memcpy((char *)to + r->offset, &a, sizeof(a));
}

static size_t some_text(struct fill *f, char *to, size_t most)
{
	size_t n = rng_below(&f->rng, (uint32_t)most + 1);
	for (size_t i = 0; i < n; i++)
		to[i] = (char)(1 + rng_below(&f->rng, 255));
	return n;
}

static void fill_text(struct fill *f, const struct replica_field *r, void *to)
{
	size_t n;
	switch (r->type) {
	case REPLICA_TEXT:
		n = some_text(f, (char *)to + r->offset, r->bytes - 1);
		((char *)to + r->offset)[n] = '\0';
		return;
	case REPLICA_DIALOG_TEXT:
		n = some_text(f, f->texts + f->used, DIALOG_TEXT_BYTES / DIALOG_TEXTS);
		if (n)
			(void)dialog_view_text(to, (enum dialog_text)r->max,
					       slice_of(f->texts + f->used, n));
		f->used += n;
		return;
	default:
		n = some_text(f, f->texts + f->used, 200);
		*(struct slice *)(void *)((char *)to + r->offset) = slice_of(f->texts + f->used, n);
		f->used += n;
	}
}

static void fill_list(struct fill *f, const struct replica_field *r, void *to, uint32_t most)
{
	uint32_t cap = replica_list_cap(r);
	uint32_t n = most == 0 ? cap : 1 + rng_below(&f->rng, most < cap ? most : cap);
	*((uint8_t *)to + r->count_offset) = (uint8_t)n;
	for (uint32_t i = 0; i < n; i++) {
		char *array = (char *)to + r->offset;
		void *element = r->type == REPLICA_LIST ? array + (size_t)i * r->sub->bytes
							: ((void **)(void *)array)[i];
		fill_struct(f, r->sub, element, most);
	}
}

static void fill_field(struct fill *f, const struct replica_field *r, void *to, uint32_t most)
{
	int64_t number = (int64_t)some_number(f, UINT64_MAX);
	double real = (double)rng_below(&f->rng, 1000000) / 64;
	switch ((enum replica_type)r->type) {
	case REPLICA_UINT:
		fill_uint(f, r, to);
		return;
	case REPLICA_INT:
	case REPLICA_FIXED:
		memcpy((char *)to + r->offset, &number, r->bytes);
		return;
	case REPLICA_REAL:
		memcpy((char *)to + r->offset, &real, sizeof(real));
		return;
	case REPLICA_TEXT:
	case REPLICA_SLICE:
	case REPLICA_DIALOG_TEXT:
		fill_text(f, r, to);
		return;
	case REPLICA_ADDR:
		fill_addr(f, r, to);
		return;
	case REPLICA_STRUCT:
		fill_struct(f, r->sub, (char *)to + r->offset, most);
		return;
	case REPLICA_LIST:
	case REPLICA_REFS:
		fill_list(f, r, to, most);
		return;
	case REPLICA_NOT_KEPT:
		return;
	}
}

void fill_struct(struct fill *f, const struct replica_table *t, void *to, uint32_t most)
{
	for (uint32_t i = 0; i < t->count; i++)
		fill_field(f, &t->fields[i], to, most);
}
