/* Scheme and parameters of a header value, as challenges and credentials have them (RFC 7616 §3.3,
 * §3.4, RFC 3261 §25.1). */
#include "digest/digest_priv.h"

#include "base/err.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice skip_spaces(struct slice s)
{
	while (s.n > 0 && is_space(s.p[0]))
		s = slice_from(s, 1);
	return s;
}

struct slice digest_skip_separators(struct slice s)
{
	while (s.n > 0 && (is_space(s.p[0]) || s.p[0] == ','))
		s = slice_from(s, 1);
	return s;
}

/* The bytes up to a space or one of the two others. */
static struct slice take_token(struct slice *s, char end_a, char end_b)
{
	size_t n = 0;
	while (n < s->n && !is_space(s->p[n]) && s->p[n] != end_a && s->p[n] != end_b)
		n++;
	struct slice token = slice_first(*s, n);
	*s = slice_from(*s, n);
	return token;
}

/* Between quotes. Escapes stay as they are: nothing that we hand out has any, and most phones hash
 * them so. */
static int take_quoted(struct slice *s, struct slice *ret_value)
{
	size_t n = 1;
	while (n < s->n && s->p[n] != '"')
		n += s->p[n] == '\\' ? 2 : 1;
	if (n >= s->n)
		return ERR_SYNTAX;
	*ret_value = slice_of(s->p + 1, n - 1);
	*s = slice_from(*s, n + 1);
	return 0;
}

int digest_take_parameter(struct slice *s, struct slice *ret_name, struct slice *ret_value)
{
	*ret_name = take_token(s, '=', ',');
	*s = skip_spaces(*s);
	if (ret_name->n == 0 || s->n == 0 || s->p[0] != '=')
		return ERR_SYNTAX;
	*s = skip_spaces(slice_from(*s, 1));
	if (s->n > 0 && s->p[0] == '"')
		return take_quoted(s, ret_value);
	*ret_value = take_token(s, ',', ',');
	return 0;
}

int digest_take_scheme(struct slice *s)
{
	*s = skip_spaces(*s);
	struct slice scheme = take_token(s, '\0', '\0');
	if (scheme.n == 0)
		return ERR_SYNTAX;
	return slice_ieq(scheme, SLICE("Digest")) ? 0 : ERR_UNSUPPORTED;
}
