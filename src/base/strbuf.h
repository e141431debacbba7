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
void strbuf_add(struct strbuf *b, struct slice s);
static inline void strbuf_str(struct strbuf *b, const char *nul_terminated)
{
	strbuf_add(b, slice_str(nul_terminated));
}
void strbuf_char(struct strbuf *b, char c);
void strbuf_u64(struct strbuf *b, uint64_t v);
void strbuf_fmt(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline struct slice strbuf_slice(const struct strbuf *b)
{
	return slice_of(b->p, b->n);
}
