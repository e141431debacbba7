/*
 * Slice: a borrowed run of bytes, passed by value. Text from the wire is a slice; `char *` means
 * NUL-terminated and ours. An empty slice has n == 0; p may then be NULL. "Absent" is p == NULL,
 * "present but empty" is p != NULL, n == 0.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p;
	size_t n;
};

#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})
#define SLICE_NONE     ((struct slice){NULL, 0})
/* For printf: "%.*s" takes SLICE_ARG(s). */
#define SLICE_ARG(s) (int)(s).n, ((s).p ? (s).p : "")

static inline struct slice slice_of(const char *p, size_t n)
{
	return (struct slice){p, n};
}

static inline struct slice slice_str(const char *nul_terminated)
{
	return (struct slice){nul_terminated, nul_terminated ? strlen(nul_terminated) : 0};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* From byte `from` on; empty when from is past the end. */
static inline struct slice slice_from(struct slice s, size_t from)
{
	return from >= s.n ? slice_of(s.p ? s.p + s.n : NULL, 0) : slice_of(s.p + from, s.n - from);
}

static inline struct slice slice_first(struct slice s, size_t n)
{
	return slice_of(s.p, n < s.n ? n : s.n);
}

/* ASCII case folded. */
bool slice_same_folded(const char *a, const char *b, size_t n);
static inline bool slice_ieq(struct slice a, struct slice b)
{
	return a.n == b.n && slice_same_folded(a.p, b.p, a.n);
}
bool slice_starts(struct slice s, struct slice prefix);
bool slice_istarts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);

/* Position of the first c, or s.n. */
static inline size_t slice_find(struct slice s, char c)
{
	const char *at = s.n ? (const char *)memchr(s.p, c, s.n) : NULL;

	return at ? (size_t)(at - s.p) : s.n;
}

/* Without SP, HTAB, CR, LF at either end. */
struct slice slice_trim(struct slice s);

/*
 * Cuts *s at the first sep: returns what stands before it, leaves in *s what stands after it
 * (SLICE_NONE-like empty with p at the end when there was no sep). Call while (s.n).
 */
static inline struct slice slice_cut(struct slice *s, char sep)
{
	size_t at = slice_find(*s, sep);
	struct slice before = slice_first(*s, at);

	*s = slice_from(*s, at < s->n ? at + 1 : at);
	return before;
}

/* Decimal digits only, the whole slice, at most max. 0, ERR_SYNTAX (empty, not a digit) or
 * ERR_LIMIT (above max). */
int slice_u64(struct slice s, uint64_t max, uint64_t *ret_value);

/* Copies into dst, always NUL-terminated. 0 or ERR_TOO_BIG (dst then holds ""). */
int slice_copy(struct slice s, char *dst, size_t dst_bytes);

/* Every byte an ASCII digit, and at least one. */
bool slice_is_digits(struct slice s);

/* Well-formed UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF. */
bool slice_is_utf8(struct slice s);
