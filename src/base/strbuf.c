#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>

void strbuf_u64(struct strbuf *b, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	strbuf_add(b, slice_of(digits + at, sizeof(digits) - at));
}

/* vsnprintf wants a byte for its NUL: text that would fill the memory to the last byte counts as
 * not fitting. */
void strbuf_fmt(struct strbuf *b, const char *fmt, ...)
{
	size_t room = b->cap_bytes - b->n;
	va_list args;
	int n;

	if (b->failed)
		return;
	va_start(args, fmt);
	n = vsnprintf(room ? b->p + b->n : NULL, room, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room)
		b->failed = true;
	else
		b->n += (size_t)n;
}
