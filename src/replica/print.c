/* A struct for people, as JSON; and two structs against each other. */
#include "replica/field_priv.h"

uint32_t replica_list_cap(const struct replica_field *f)
{
	return f->type == REPLICA_LIST ? f->bytes / f->sub->bytes
				       : f->bytes / (uint32_t)sizeof(void *);
}

uint32_t replica_list_count(const struct replica_field *f, const void *from)
{
	uint32_t count = *((const uint8_t *)from + f->count_offset), cap = replica_list_cap(f);
	return count < cap ? count : cap;
}

/* --- print */

static void print_text(struct strbuf *b, struct slice text)
{
	strbuf_char(b, '"');
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c == '"' || c == '\\')
			strbuf_fmt(b, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			strbuf_fmt(b, "\\u%04x", c);
		else
			strbuf_char(b, (char)c);
	}
	strbuf_char(b, '"');
}

static void print_list(struct strbuf *b, const struct replica_field *f, const void *from)
{
	uint32_t count = replica_list_count(f, from);
	strbuf_char(b, '[');
	for (uint32_t i = 0; i < count; i++) {
		const void *element = field_element(f, from, i);
		if (element == NULL)
			break;
		if (i)
			strbuf_char(b, ',');
		replica_print(f->sub, element, b);
	}
	strbuf_char(b, ']');
}

static void print_real(struct strbuf *b, const struct replica_field *f, const void *from)
{
	double v;
	memcpy(&v, field_of(f, from), sizeof(v));
	strbuf_fmt(b, "%.3f", v);
}

static void print_value(struct strbuf *b, const struct replica_field *f, const void *from)
{
	char text[ADDR_TEXT_BYTES];
	switch ((enum replica_type)f->type) {
	case REPLICA_UINT:
		strbuf_fmt(b, "%llu", (unsigned long long)field_uint(f, from));
		return;
	case REPLICA_INT:
		strbuf_fmt(b, "%lld", (long long)field_int(f, from));
		return;
	case REPLICA_FIXED:
		strbuf_fmt(b, "\"%016llx\"", (unsigned long long)field_eight(f, from));
		return;
	case REPLICA_REAL:
		print_real(b, f, from);
		return;
	case REPLICA_TEXT:
	case REPLICA_SLICE:
	case REPLICA_DIALOG_TEXT:
		print_text(b, field_text(f, from));
		return;
	case REPLICA_ADDR:
		strbuf_fmt(b, "\"%s\"", addr_text(field_of(f, from), text));
		return;
	case REPLICA_STRUCT:
		replica_print(f->sub, field_of(f, from), b);
		return;
	case REPLICA_LIST:
	case REPLICA_REFS:
		print_list(b, f, from);
		return;
	case REPLICA_NOT_KEPT:
		return;
	}
}

static bool is_empty(const struct replica_field *f, const void *from)
{
	switch ((enum replica_type)f->type) {
	case REPLICA_UINT:
		return field_uint(f, from) == 0;
	case REPLICA_INT:
		return field_int(f, from) == 0;
	case REPLICA_FIXED:
	case REPLICA_REAL:
		return field_eight(f, from) == 0;
	case REPLICA_TEXT:
	case REPLICA_SLICE:
	case REPLICA_DIALOG_TEXT:
		return field_text(f, from).n == 0;
	case REPLICA_ADDR:
		return !addr_is(field_of(f, from));
	case REPLICA_LIST:
	case REPLICA_REFS:
		return replica_list_count(f, from) == 0;
	case REPLICA_STRUCT:
		return false;
	case REPLICA_NOT_KEPT:
		break;
	}
	return true;
}

void replica_print(const struct replica_table *t, const void *from, struct strbuf *b)
{
	const char *comma = "";
	strbuf_char(b, '{');
	for (uint32_t i = 0; i < t->count; i++) {
		const struct replica_field *f = &t->fields[i];
		if (is_empty(f, from))
			continue;
		strbuf_fmt(b, "%s\"%s\":", comma, f->name);
		print_value(b, f, from);
		comma = ",";
	}
	strbuf_char(b, '}');
}

/* --- compare */

static bool same_list(const struct replica_field *f, const void *a, const void *b,
		      const char **ret_where)
{
	uint32_t count = replica_list_count(f, a);
	if (count != replica_list_count(f, b))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const void *ea = field_element(f, a, i), *eb = field_element(f, b, i);
		if (ea == NULL || eb == NULL)
			return ea == eb;
		if (!replica_same(f->sub, ea, eb, ret_where))
			return false;
	}
	return true;
}

static bool same_field(const struct replica_field *f, const void *a, const void *b,
		       const char **ret_where)
{
	switch ((enum replica_type)f->type) {
	case REPLICA_UINT:
		return field_uint(f, a) == field_uint(f, b);
	case REPLICA_INT:
		return field_int(f, a) == field_int(f, b);
	case REPLICA_FIXED:
	case REPLICA_REAL:
		return field_eight(f, a) == field_eight(f, b);
	case REPLICA_TEXT:
	case REPLICA_SLICE:
	case REPLICA_DIALOG_TEXT:
		return slice_eq(field_text(f, a), field_text(f, b));
	case REPLICA_ADDR:
		return addr_eq(field_of(f, a), field_of(f, b)) ||
		       (!addr_is(field_of(f, a)) && !addr_is(field_of(f, b)));
	case REPLICA_STRUCT:
		return replica_same(f->sub, field_of(f, a), field_of(f, b), ret_where);
	case REPLICA_LIST:
	case REPLICA_REFS:
		return same_list(f, a, b, ret_where);
	case REPLICA_NOT_KEPT:
		break;
	}
	return true;
}

bool replica_same(const struct replica_table *t, const void *a, const void *b,
		  const char **ret_where)
{
	for (uint32_t i = 0; i < t->count; i++) {
		const struct replica_field *f = &t->fields[i];
		const char *inner = NULL;
		if (same_field(f, a, b, &inner))
			continue;
		if (ret_where)
			*ret_where = inner ? inner : f->name;
		return false;
	}
	return true;
}
