/* Lines and words of a session description (RFC 8866 §5, §9). */
#include "sdp/sdp_priv.h"

#include "base/err.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A line end is CRLF or LF; several CR before the LF are seen from gateways that convert twice. */
static struct slice cut_line(struct slice *rest)
{
	struct slice line = slice_cut(rest, '\n');
	while (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static bool is_all_blank(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_blank(s.p[i]))
			return false;
	return true;
}

int sdp_line_next(struct slice *rest, struct sdp_line *ret_line)
{
	while (rest->n > 0) {
		struct slice line = cut_line(rest);
		if (is_all_blank(line))
			continue;
		if (line.n < 2 && rest->n == 0)
			return 0; /* what is left of a last line, where Content-Length was too short
				   */
		if (line.n < 2 || !is_letter(line.p[0]) || line.p[1] != '=')
			return ERR_SYNTAX;
		if (memchr(line.p, '\0', line.n) || memchr(line.p, '\r', line.n))
			return ERR_SYNTAX;
		*ret_line = (struct sdp_line){
			.type = line.p[0],
			.value = slice_from(line, 2),
			.start = line.p,
		};
		return 1;
	}
	return 0;
}

struct slice sdp_word(struct slice *rest)
{
	while (rest->n > 0 && is_blank(rest->p[0]))
		*rest = slice_from(*rest, 1);
	size_t n = 0;
	while (n < rest->n && !is_blank(rest->p[n]))
		n++;
	struct slice word = slice_first(*rest, n);
	*rest = slice_from(*rest, n);
	return word;
}

int sdp_connection_parse(struct slice text, struct addr *ret_addr)
{
	struct slice word = sdp_word(&text);
	if (slice_ieq(word, SLICE("IN"))) {
		sdp_word(&text); /* IP4, IP6: the address itself says it better */
		word = sdp_word(&text);
	}
	return addr_parse_ip(slice_first(word, slice_find(word, '/')), ret_addr);
}
