/*
 * Text writer over a fixed piece of memory: appends, never overflows; once something did not fit,
 * `failed` stays true and nothing more is written. Check it once at the end.
 */
#pragma once

#include "base/slice.h"

struct strbuf {
	char *p;
	size_t n, cap_bytes;
	bool failed;
};

static inline void strbuf_init(struct strbuf *b, char *memory, size_t bytes)
{
	*b = (struct strbuf){.p = memory, .cap_bytes = bytes};
}
/* Inline: a message is some hundred of these, most of them of a length that the compiler knows. */
static inline void strbuf_add(struct strbuf *b, struct slice s)
{
	if (s.n > b->cap_bytes - b->n)
		b->failed = true;
	if (b->failed || s.n == 0)
		return;
	memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
}
static inline void strbuf_str(struct strbuf *b, const char *nul_terminated)
{
	strbuf_add(b, slice_str(nul_terminated));
}
static inline void strbuf_char(struct strbuf *b, char c)
{
	strbuf_add(b, slice_of(&c, 1));
}
void strbuf_u64(struct strbuf *b, uint64_t v);
void strbuf_fmt(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline struct slice strbuf_slice(const struct strbuf *b)
{
	return slice_of(b->p, b->n);
}
