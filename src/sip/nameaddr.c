/* name-addr and addr-spec: From, To, Contact, Route, ... (RFC 3261 §20.10, §25.1). */
#include "base/err.h"
#include "sip/sip_priv.h"

/* '"Bob \"B\" B." <': the display name, *text then stands at the '<'. */
static int quoted_display_cut(struct slice *text, struct slice *ret_display)
{
	size_t n = sip_quoted_span(*text);

	if (n == 0)
		return ERR_SYNTAX;
	*ret_display = slice_of(text->p + 1, n - 2);
	*text = sip_trim(slice_from(*text, n));
	return text->n && text->p[0] == '<' ? 0 : ERR_SYNTAX;
}

/* The first of the characters that decide which form it is; s.n when there is none. */
static size_t mark_find(struct slice s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] != '<' && s.p[i] != ';' && s.p[i] != ',' && s.p[i] != '"')
		i++;
	return i;
}

/* "<sip:...>;a=b" with *text at the '<'. */
static int bracketed_parse(struct slice text, struct sip_nameaddr *na)
{
	const char *close = memchr(text.p, '>', text.n);

	if (!close)
		return ERR_SYNTAX;
	size_t at = (size_t)(close - text.p);
	na->uri_text = slice_of(text.p + 1, at - 1);
	na->params = sip_trim(slice_from(text, at + 1));
	return 0;
}

/* "sip:...;a=b": ';' starts a header parameter; '?' and ',' are not allowed (RFC 3261 §20). */
static int bare_parse(struct slice text, size_t mark, struct sip_nameaddr *na)
{
	na->uri_text = sip_trim(slice_first(text, mark));
	na->params = slice_from(text, mark);
	return na->uri_text.n && memchr(na->uri_text.p, '?', na->uri_text.n) ? ERR_SYNTAX : 0;
}

static int forms_parse(struct slice text, struct sip_nameaddr *na)
{
	if (text.n && text.p[0] == '"') {
		int rc = quoted_display_cut(&text, &na->display);
		return rc ? rc : bracketed_parse(text, na);
	}
	size_t mark = mark_find(text);
	if (mark < text.n && text.p[mark] == '<') {
		na->display = sip_trim(slice_first(text, mark));
		return bracketed_parse(slice_from(text, mark), na);
	}
	return bare_parse(text, mark, na);
}

/* na->params still starts with its ';', or with what should not be there. */
static int params_take(struct sip_nameaddr *na)
{
	if (na->params.n == 0) {
		na->params = SLICE_NONE;
		return 0;
	}
	if (na->params.p[0] != ';')
		return ERR_SYNTAX;
	na->params = slice_from(na->params, 1);
	return sip_params_are_sound(na->params) ? 0 : ERR_SYNTAX;
}

int sip_nameaddr_parse(struct slice value, struct sip_nameaddr *ret_na)
{
	struct slice text = sip_trim(value);
	struct sip_nameaddr na = {0};

	if (slice_eq(text, SLICE("*"))) {
		na.star = true;
		*ret_na = na;
		return 0;
	}
	if (forms_parse(text, &na) || params_take(&na) || sip_uri_parse(na.uri_text, &na.uri))
		return ERR_SYNTAX;
	*ret_na = na;
	return 0;
}
