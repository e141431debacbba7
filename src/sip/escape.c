/* %HH in URIs (RFC 3261 §19.1.2, RFC 3986 §2.1). */
#include "base/err.h"
#include "sip/sip_priv.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int sip_hex_pair(struct slice text, size_t at)
{
	if (at + 2 > text.n)
		return -1;
	int high = hex_digit(text.p[at]), low = hex_digit(text.p[at + 1]);

	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

int sip_unescape(struct slice text, char *dst, size_t dst_bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++, n++) {
		int c = (unsigned char)text.p[i];
		if (c == '%') {
			c = sip_hex_pair(text, i + 1);
			i += 2;
		}
		/* A NUL would end the text early and make two different users the same. */
		if (c <= 0)
			return ERR_SYNTAX;
		if (n + 1 >= dst_bytes)
			return ERR_TOO_BIG;
		dst[n] = (char)c;
	}
	if (dst_bytes == 0)
		return ERR_TOO_BIG;
	dst[n] = '\0';
	return 0;
}
