/* Within the room replica: how entries look, and members as plain values. */
#pragma once

#include "base/addr.h"
#include "base/err.h"
#include "dialog/dialog.h"
#include "replica/field.h"

/* The shape stands in the two lowest bits of a key, so that an unknown tag can be skipped. */
enum replica_shape { SHAPE_NUMBER, SHAPE_EIGHT, SHAPE_BYTES, SHAPES };

/* Family, scope, port, then 4 or 16 bytes of address. */
#define ADDR_HEAD_BYTES 3

static inline const void *field_of(const struct replica_field *f, const void *from)
{
	return (const char *)from + f->offset;
}

static inline void *field_at(const struct replica_field *f, void *to)
{
	return (char *)to + f->offset;
}

/* Element i of a list, or what pointer i refers to (may be NULL). */
static inline const void *field_element(const struct replica_field *f, const void *from, uint32_t i)
{
	const void *array = field_of(f, from);
	if (f->type == REPLICA_LIST)
		return (const char *)array + (size_t)i * f->sub->bytes;
	return ((const void *const *)array)[i];
}

static inline uint64_t field_uint(const struct replica_field *f, const void *from)
{
	const void *p = field_of(f, from);
	switch (f->bytes) {
	case 1:
		return *(const uint8_t *)p;
	case 2:
		return *(const uint16_t *)p;
	case 4:
		return *(const uint32_t *)p;
	default:
		return *(const uint64_t *)p;
	}
}

static inline int64_t field_int(const struct replica_field *f, const void *from)
{
	const void *p = field_of(f, from);
	switch (f->bytes) {
	case 2:
		return *(const int16_t *)p;
	case 4:
		return *(const int32_t *)p;
	default:
		return *(const int64_t *)p;
	}
}

static inline uint64_t field_eight(const struct replica_field *f, const void *from)
{
	uint64_t v;
	memcpy(&v, field_of(f, from), sizeof(v));
	return v;
}

/* The bytes of a member that is text, wherever it is kept. */
static inline struct slice field_text(const struct replica_field *f, const void *from)
{
	const void *p = field_of(f, from);
	switch (f->type) {
	case REPLICA_TEXT:
		return slice_of(p, strnlen(p, f->bytes));
	case REPLICA_DIALOG_TEXT:
		return dialog_text(from, (enum dialog_text)f->max);
	default:
		return *(const struct slice *)p;
	}
}
