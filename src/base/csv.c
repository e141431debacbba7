#include "base/csv.h"

#include <stdbool.h>

/* Within quotes; *in stands behind the first. Returns the end of what was written. */
static char *take_quoted(struct csv *c, char **in, char *out, bool *ret_closed)
{
	*ret_closed = false;
	while (**in) {
		if (**in == '"' && (*in)[1] != '"') {
			(*in)++;
			*ret_closed = true;
			break;
		}
		if (**in == '"')
			(*in)++;
		c->line += **in == '\n';
		*out++ = *(*in)++;
	}
	return out;
}

static bool ends_value(char ch)
{
	return ch == '\0' || ch == ',' || ch == '\n' || ch == '\r';
}

/* One value off the front; *ret_last: it was the row's last. */
static enum csv_result take_value(struct csv *c, char **ret_value, bool *ret_last)
{
	char *in = c->at, *out = c->at;
	enum csv_result result = CSV_ROW;
	bool closed = true;

	*ret_value = out;
	if (*in == '"') {
		in++;
		out = take_quoted(c, &in, out, &closed);
		if (!closed)
			result = CSV_OPEN_QUOTE;
		else if (!ends_value(*in))
			result = CSV_STRAY_QUOTE;
	}
	while (!ends_value(*in))
		*out++ = *in++;
	*ret_last = *in != ',';
	if (*in == '\r' && in[1] == '\n')
		in++;
	c->line += *in == '\n' || *in == '\r';
	c->at = *in ? in + 1 : in;
	*out = '\0';
	return result;
}

enum csv_result csv_row(struct csv *c, char **ret_values, size_t max, size_t *ret_count,
			uint32_t *ret_line)
{
	enum csv_result result = CSV_ROW;
	bool last = false;
	size_t n = 0;

	if (*c->at == '\0')
		return CSV_END;
	*ret_line = c->line;
	while (!last && result != CSV_OPEN_QUOTE) {
		char *value;
		enum csv_result one = take_value(c, &value, &last);

		if (one != CSV_ROW)
			result = one;
		if (n < max)
			ret_values[n] = value;
		n++;
	}
	*ret_count = n;
	return result;
}
