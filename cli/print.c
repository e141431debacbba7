#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

void complain(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	if (text)
		make_plain(text);
	fprintf(stderr, "opengatectl: %s\n", text ? text : "out of memory");
	free(text);
}

void make_plain(char *text)
{
	for (char *p = text; *p; p++) {
		/* C1 controls are two bytes in UTF-8, C2 80 .. C2 9F. */
		bool c1 = (unsigned char)p[0] == 0xc2 && (unsigned char)p[1] < 0xa0;
		if ((unsigned char)*p < 0x20 || *p == 0x7f || c1)
			*p = '?';
		if (c1)
			p[1] = '?';
	}
}

static const json_t *reach(const json_t *object, const char *key)
{
	char part[64];
	while (*key && object) {
		size_t n = strcspn(key, ".");
		snprintf(part, sizeof(part), "%.*s", (int)n, key);
		object = json_object_get(object, part);
		key += n + (key[n] == '.');
	}
	return object;
}

static char *plain_copy(const char *text)
{
	char *copy = strdup(text);
	if (copy)
		make_plain(copy);
	return copy;
}

/* As a person reads it; malloc'ed. */
static char *shown(const json_t *v)
{
	char text[64];
	if (v == NULL || json_is_null(v))
		return strdup("-");
	if (json_is_string(v))
		return plain_copy(*json_string_value(v) ? json_string_value(v) : "-");
	if (json_is_boolean(v))
		return strdup(json_is_true(v) ? "yes" : "no");
	if (json_is_real(v)) {
		snprintf(text, sizeof(text), "%.2f", json_real_value(v));
		return strdup(text);
	}
	return json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
}

/* Columns on the screen: Japanese characters take two. */
static int width_of(const char *text)
{
	wchar_t wide[1024];
	size_t n = mbstowcs(wide, text, 1024);
	int width = n == (size_t)-1 ? -1 : wcswidth(wide, n);
	return width >= 0 ? width : (int)strlen(text);
}

static void print_cell(const char *text, int width, bool last)
{
	fputs(text, stdout);
	for (int w = width_of(text); !last && w < width + 2; w++)
		putchar(' ');
}

void print_table(const json_t *rows, const struct column *columns, int count)
{
	int widths[16];
	size_t i;
	json_t *row;
	for (int c = 0; c < count; c++) {
		widths[c] = width_of(columns[c].title);
		json_array_foreach(rows, i, row)
		{
			char *text = shown(reach(row, columns[c].key));
			int w = width_of(text);
			widths[c] = w > widths[c] ? w : widths[c];
			free(text);
		}
	}
	for (int c = 0; c < count; c++)
		print_cell(columns[c].title, widths[c], c == count - 1);
	putchar('\n');
	json_array_foreach(rows, i, row)
	{
		for (int c = 0; c < count; c++) {
			char *text = shown(reach(row, columns[c].key));
			print_cell(text, widths[c], c == count - 1);
			free(text);
		}
		putchar('\n');
	}
}

void print_object(const json_t *object)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)object, key, value)
	{
		char *text = shown(value);
		printf("%-22s %s\n", key, text);
		free(text);
	}
}

void print_json(const json_t *json)
{
	if (json == NULL || json_dumpf(json, stdout, JSON_INDENT(2)) != 0)
		fputs("null", stdout);
	putchar('\n');
}
