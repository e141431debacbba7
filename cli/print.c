#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

void complain(const char *fmt, ...)
{
	va_list args;
	fputs("opengatectl: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
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

/* As a person reads it; malloc'ed. */
static char *shown(const json_t *v)
{
	char text[64];
	if (v == NULL || json_is_null(v))
		return strdup("-");
	if (json_is_string(v))
		return strdup(*json_string_value(v) ? json_string_value(v) : "-");
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
	char *text = json_dumps(json, JSON_INDENT(2));
	puts(text ? text : "null");
	free(text);
}

/* --- the ladder: caller | OpenGate | callee */

#define LANE 38

static const char *text_of(const json_t *e, const char *key)
{
	const char *t = json_string_value(json_object_get(e, key));
	return t ? t : "";
}

/* "INVITE", "200 OK (INVITE)" */
static void summary(const char *bytes, char *out, size_t out_bytes)
{
	char line[128], method[32] = "";
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(bytes, "\r\n"), bytes);
	const char *cseq = strcasestr(bytes, "\nCSeq:");
	if (cseq)
		sscanf(cseq + 6, " %*u %31s", method);
	if (strncmp(line, "SIP/2.0 ", 8) == 0) {
		snprintf(out, out_bytes, "%.28s (%s)", line + 8, method);
	} else {
		line[strcspn(line, " ")] = '\0';
		snprintf(out, out_bytes, "%.60s", line);
	}
	if (strcasestr(bytes, "application/sdp"))
		strncat(out, " SDP", out_bytes - strlen(out) - 1);
}

static void print_arrow(bool caller, bool in, const char *label)
{
	bool right = caller == in; /* from the caller in, or to the callee out */
	char arrow[LANE + 1];
	int n = (int)strlen(label);
	memset(arrow, '-', LANE);
	arrow[LANE] = '\0';
	memcpy(arrow + 2, label, (size_t)(n < LANE - 4 ? n : LANE - 4));
	arrow[right ? LANE - 1 : 0] = right ? '>' : '<';
	if (caller)
		printf("|%s|%*s|", arrow, LANE, "");
	else
		printf("|%*s|%s|", LANE, "", arrow);
}

void print_ladder(const json_t *trace)
{
	const json_t *events = json_object_get(trace, "events");
	json_int_t start = -1;
	char label[96];
	const char *caller_id = "";
	size_t i;
	json_t *e;
	json_array_foreach(events, i, e)
	{
		if (strcmp(text_of(e, "event"), "CALL_STARTED") == 0)
			caller_id = text_of(e, "call_id");
	}
	printf("%9s  %-*s %-*s %s\n", "ms", LANE - 3, "caller", LANE - 2, "OpenGate", "callee");
	json_array_foreach(events, i, e)
	{
		json_int_t at = json_integer_value(json_object_get(e, "mono_ms"));
		start = start < 0 ? at : start;
		printf("%9lld  ", (long long)(at - start));
		if (strcmp(text_of(e, "event"), "SIP_MESSAGE") != 0) {
			printf("* %s %s %s\n", text_of(e, "text"), text_of(e, "reason"),
			       text_of(e, "detail"));
			continue;
		}
		const char *bytes = text_of(e, "bytes");
		summary(bytes, label, sizeof(label));
		print_arrow(*caller_id && strstr(bytes, caller_id) != NULL,
			    strcmp(text_of(e, "direction"), "in") == 0, label);
		printf(" %s\n", text_of(e, "remote"));
	}
}
