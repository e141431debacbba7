/* Looking things up in a parsed message: by kind, by name, elements of lists, numbers, tokens. */
#include "base/err.h"
#include "sip/sip_priv.h"

static const bool is_list[SIP_HDR_OTHER + 1] = {
#define X(name, text, compact, list) [SIP_HDR_##name] = list,
	SIP_HEADER_TABLE(X)
#undef X
};

const struct sip_header *sip_msg_header(const struct sip_msg *msg, enum sip_header_kind kind)
{
	int16_t i = msg->first[kind];

	return i < 0 ? NULL : &msg->headers[i];
}

struct slice sip_msg_value(const struct sip_msg *msg, enum sip_header_kind kind)
{
	const struct sip_header *h = sip_msg_header(msg, kind);

	return h ? h->value : SLICE_NONE;
}

size_t sip_quoted_span(struct slice s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '"')
			return i + 1;
		if (s.p[i] == '\\')
			i++;
	}
	return 0;
}

/* Where the first element of a list ends: a comma, or the end of the text. */
static size_t element_span(struct slice s)
{
	bool in_uri = false;
	size_t i = 0;

	while (i < s.n && (in_uri || s.p[i] != ',')) {
		if (s.p[i] == '"' && !in_uri) {
			size_t quoted = sip_quoted_span(slice_from(s, i));
			if (quoted == 0)
				return s.n;
			i += quoted;
			continue;
		}
		if (s.p[i] == '<')
			in_uri = true;
		else if (s.p[i] == '>')
			in_uri = false;
		i++;
	}
	return i;
}

struct slice sip_list_cut(struct slice *list)
{
	size_t n = list->n;

	if (memchr(list->p, ',', list->n))
		n = element_span(*list);
	struct slice element = sip_trim(slice_first(*list, n));
	*list = slice_from(*list, n + 1);
	return element;
}

struct sip_values sip_msg_values(const struct sip_msg *msg, enum sip_header_kind kind)
{
	int16_t first = msg->first[kind];
	uint32_t next = first < 0 ? msg->header_count : (uint32_t)first;

	return (struct sip_values){.msg = msg, .kind = kind, .next_header = next};
}

/* The next header of that kind; false when there is none. */
static bool values_next_header(struct sip_values *it)
{
	while (it->next_header < it->msg->header_count) {
		const struct sip_header *h = &it->msg->headers[it->next_header++];
		if (h->kind == it->kind) {
			it->rest = h->value;
			return true;
		}
	}
	return false;
}

bool sip_values_next(struct sip_values *it, struct slice *ret_value)
{
	struct slice value;

	do {
		while (it->rest.n == 0) {
			if (!values_next_header(it))
				return false;
		}
		value = it->rest;
		if (is_list[it->kind])
			value = sip_list_cut(&it->rest);
		else
			it->rest.n = 0;
	} while (value.n == 0);
	*ret_value = value;
	return true;
}

bool sip_msg_has_token(const struct sip_msg *msg, enum sip_header_kind kind, struct slice token)
{
	struct sip_values it = sip_msg_values(msg, kind);
	struct slice value;

	while (sip_values_next(&it, &value)) {
		if (slice_ieq(value, token))
			return true;
	}
	return false;
}

int sip_msg_number(const struct sip_msg *msg, enum sip_header_kind kind, uint32_t max,
		   uint32_t *ret_value)
{
	struct slice value = sip_msg_value(msg, kind);
	uint64_t number = 0;
	size_t i = 0;

	if (!value.p)
		return ERR_NOT_FOUND;
	for (; i < value.n && value.p[i] >= '0' && value.p[i] <= '9'; i++) {
		if (number <= max)
			number = number * 10 + (uint64_t)(value.p[i] - '0');
	}
	struct slice rest = sip_trim(slice_from(value, i));
	if (i == 0 || (rest.n && rest.p[0] != ';' && rest.p[0] != '('))
		return ERR_SYNTAX;
	*ret_value = number < max ? (uint32_t)number : max;
	return 0;
}
