/* Parameters: "a=b;c;d="e"" of URIs and of headers (RFC 3261 §19.1.1, §25.1 generic-param). */
#include "sip/sip_priv.h"

/* Where the first parameter ends when quotes are in it. */
static size_t quoting_span(struct slice params)
{
	size_t i = 0;

	while (i < params.n && params.p[i] != ';') {
		size_t quoted = params.p[i] == '"' ? sip_quoted_span(slice_from(params, i)) : 0;
		i += quoted ? quoted : 1;
	}
	return i;
}

struct slice sip_param_cut(struct slice *params)
{
	size_t i = slice_find(*params, ';');

	if (memchr(params->p, '"', i))
		i = quoting_span(*params);
	struct slice param = sip_trim(slice_first(*params, i));
	*params = slice_from(*params, i + 1);
	return param;
}

static struct slice unquoted(struct slice value)
{
	if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		return slice_of(value.p + 1, value.n - 2);
	return value;
}

void sip_param_split(struct slice param, struct slice *ret_name, struct slice *ret_value)
{
	const char *equal = memchr(param.p, '=', param.n);

	if (!equal) {
		*ret_name = param;
		*ret_value = SLICE_NONE;
		return;
	}
	size_t at = (size_t)(equal - param.p);
	*ret_name = sip_trim(slice_first(param, at));
	*ret_value = unquoted(sip_trim(slice_from(param, at + 1)));
}

bool sip_param_next(struct slice *params, struct slice *ret_name, struct slice *ret_value)
{
	while (params->n) {
		struct slice param = sip_param_cut(params);
		if (param.n == 0)
			continue;
		sip_param_split(param, ret_name, ret_value);
		return true;
	}
	return false;
}

bool sip_param(struct slice params, struct slice name, struct slice *ret_value)
{
	struct slice n, value;

	while (sip_param_next(&params, &n, &value)) {
		if (slice_ieq(n, name)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static bool is_there(struct slice s, char c)
{
	return slice_find(s, c) < s.n;
}

bool sip_params_are_sound(struct slice params)
{
	if (!is_there(params, '"'))
		return !is_there(params, ',') && !is_there(params, '<') && !is_there(params, '>');
	for (size_t i = 0; i < params.n; i++) {
		if (params.p[i] == '"') {
			size_t quoted = sip_quoted_span(slice_from(params, i));
			if (quoted == 0)
				return false;
			i += quoted - 1;
		} else if (params.p[i] == ',' || params.p[i] == '<' || params.p[i] == '>') {
			return false;
		}
	}
	return true;
}
