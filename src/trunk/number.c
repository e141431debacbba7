/* Numbers as a trunk writes them, and its own host. */
#include "trunk/trunk.h"

#include "base/err.h"
#include "sip/value.h"

static const char *const words[] = {
#define X(name, word, example) word,
	TRUNK_FORMAT_TABLE(X)
#undef X
};

const char *trunk_format_word(enum trunk_format f)
{
	return words[f];
}

int trunk_format_of(struct slice word, enum trunk_format *ret_format)
{
	for (int i = 0; i < TRUNK_FORMATS; i++) {
		if (!slice_eq(word, slice_str(words[i])))
			continue;
		*ret_format = (enum trunk_format)i;
		return 0;
	}
	return ERR_NOT_FOUND;
}

#define ABROAD SLICE("010")

void trunk_number_write(struct strbuf *b, enum trunk_format format, struct slice number)
{
	bool abroad = slice_starts(number, ABROAD),
	     home = !abroad && slice_starts(number, SLICE("0"));
	if (format == TRUNK_NATIONAL || !slice_is_digits(number) || (!abroad && !home)) {
		strbuf_add(b, number);
		return;
	}
	if (format == TRUNK_PLUS)
		strbuf_char(b, '+');
	if (home)
		strbuf_str(b, "81");
	strbuf_add(b, slice_from(number, abroad ? ABROAD.n : 1));
}

/* Without a plus only what is no national number can be one with its country code: those begin with
 * 0, and no country code does. Three digits are a special number. */
static bool has_country_code(const char *digits)
{
	return digits[0] >= '1' && digits[0] <= '9' && strlen(digits) > 6;
}

static int canonical(const char *digits, char ret_number[DIAL_BYTES])
{
	char plus[DIAL_BYTES + 1];
	struct dialled d;
	struct strbuf b;
	strbuf_init(&b, plus, sizeof(plus));
	if (has_country_code(digits))
		strbuf_char(&b, '+');
	strbuf_str(&b, digits);
	/* 184 and 186 are for subscribers to dial; from a trunk they are digits of no number. */
	if (b.failed || dial_normalise(strbuf_slice(&b), &d) != 0 || d.presentation != DIAL_DEFAULT)
		return ERR_SYNTAX;
	return slice_copy(slice_str(d.digits), ret_number, DIAL_BYTES);
}

void trunk_host_write(struct strbuf *b, const struct trunk *t, bool port)
{
	strbuf_fmt(b, strchr(t->host, ':') ? "[%s]" : "%s", t->host);
	if (port && t->port)
		strbuf_fmt(b, ":%u", t->port);
}

int trunk_number_read(struct slice user, char ret_number[DIAL_BYTES])
{
	char text[DIAL_BYTES * 3], digits[DIAL_BYTES];
	if (sip_unescape(slice_first(user, slice_find(user, ';')), text, sizeof(text)) != 0 ||
	    dial_digits(slice_str(text), digits, sizeof(digits)) != 0)
		return ERR_SYNTAX;
	return canonical(digits, ret_number);
}

int trunk_prefix_read(struct slice text, char ret_prefix[DIAL_BYTES])
{
	char digits[DIAL_BYTES];
	struct dialled d;
	if (dial_digits(text, digits, sizeof(digits)) != 0 ||
	    dial_normalise(slice_str(digits), &d) != 0 || d.presentation != DIAL_DEFAULT ||
	    !slice_is_digits(slice_str(d.digits)))
		return ERR_SYNTAX;
	return slice_copy(slice_str(d.digits), ret_prefix, DIAL_BYTES);
}
