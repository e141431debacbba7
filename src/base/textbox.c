#include "base/textbox.h"

#include "base/err.h"

/* Stored offsets are one more than the position. An empty string takes no place and stands at
 * position 0. */
static size_t end_of(struct span s)
{
	return s.len ? (size_t)s.off - 1 + s.len : 0;
}

/* The non-empty span with the lowest offset from `from` on; NULL when there is none. */
static struct span *lowest_from(const struct textbox *box, size_t from)
{
	struct span *best = NULL;

	for (uint16_t i = 0; i < box->span_count; i++) {
		struct span *s = &box->spans[i];

		if (s->len && s->off > from && (!best || s->off < best->off))
			best = s;
	}
	return best;
}

/* Moves every string down, in order of place, so that no gap is left. */
static void compact(struct textbox *box)
{
	size_t to = 0, from = 0;
	struct span *s;

	while ((s = lowest_from(box, from)) != NULL) {
		from = end_of(*s);
		memmove(box->bytes + to, box->bytes + s->off - 1, s->len);
		s->off = (uint16_t)(to + 1);
		to += s->len;
	}
	*box->used = (uint16_t)to;
}

/* Bytes in all strings but the i-th. */
static size_t others_bytes(const struct textbox *box, uint16_t i)
{
	size_t n = 0;

	for (uint16_t k = 0; k < box->span_count; k++)
		n += k == i ? 0 : box->spans[k].len;
	return n;
}

void textbox_clear(struct textbox *box, uint16_t i)
{
	struct span *s = &box->spans[i];

	if (s->len && end_of(*s) == *box->used)
		*box->used = (uint16_t)(s->off - 1);
	*s = (struct span){0};
}

int textbox_set(struct textbox *box, uint16_t i, struct slice text)
{
	struct span *s = &box->spans[i];

	if (text.p && text.n &&
	    text.n <= s->len) { /* in place; text may be (a part of) this very string */
		memmove(box->bytes + s->off - 1, text.p, text.n);
		s->len = (uint16_t)text.n;
		return 0;
	}
	if (text.n > box->cap_bytes || others_bytes(box, i) + text.n > box->cap_bytes)
		return ERR_TOO_BIG;
	textbox_clear(box, i);
	if (!text.p)
		return 0;
	if (*box->used + text.n > box->cap_bytes)
		compact(box);
	if (text.n)
		memcpy(box->bytes + *box->used, text.p, text.n);
	*s = (struct span){.off = (uint16_t)(text.n ? *box->used + 1 : 1), .len = (uint16_t)text.n};
	*box->used = (uint16_t)(*box->used + text.n);
	return 0;
}
