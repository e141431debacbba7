/* What an import answers: text, not a tree, for there may be a hundred thousand rows in it. */
#include "provision/import_priv.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_SHOWN_BYTES 60

static int by_line(const void *a, const void *b)
{
	const struct import_bad *x = a, *y = b;
	return (x->line > y->line) - (x->line < y->line);
}

/* The file is UTF-8; the cut is made at a character's end. */
static size_t shown_bytes(const char *value)
{
	size_t n = strlen(value);
	if (n <= VALUE_SHOWN_BYTES)
		return n;
	n = VALUE_SHOWN_BYTES;
	while (n > 0 && ((unsigned char)value[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static json_t *bad_json(const struct import_bad *bad)
{
	char message[160];
	const char *text = bad->fault->message;
	if (bad->other_line) {
		snprintf(message, sizeof(message), "%s: see line %u", text, bad->other_line);
		text = message;
	}
	json_t *o = json_pack("{s:i,s:s?,s:s,s:s?}", "line", (int)bad->line, "column",
			      bad->fault->field, "message", text, "hint", bad->fault->hint);
	if (bad->value)
		json_object_set_new(o, "value", json_stringn(bad->value, shown_bytes(bad->value)));
	return o;
}

char *import_answer_bad(struct import_run *run)
{
	char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);
	if (f == NULL)
		return NULL;
	qsort(run->bad, run->bad_count, sizeof(*run->bad), by_line);
	fprintf(f,
		"{\"error\":{\"code\":\"bad_rows\",\"message\":\"Nothing was imported: %zu "
		"mistake%s in the file\",\"hint\":\"mend the lines named here and import the whole "
		"file again\",\"rows\":[",
		run->bad_count, run->bad_count == 1 ? "" : "s");
	for (size_t i = 0; i < run->bad_count; i++) {
		json_t *o = bad_json(&run->bad[i]);
		if (i)
			fputc(',', f);
		json_dumpf(o, f, JSON_COMPACT);
		json_decref(o);
	}
	fputs("]}}", f);
	return fclose(f) == 0 ? text : NULL;
}

/* Digits and letters only: nothing to escape. */
char *import_answer_good(const struct import_run *run)
{
	char *text = NULL;
	size_t bytes;
	bool any = false;
	FILE *f = open_memstream(&text, &bytes);
	if (f == NULL)
		return NULL;
	fprintf(f, "{\"imported\":%zu,\"passwords\":[", run->row_count);
	for (size_t i = 0; i < run->row_count; i++) {
		const struct import_row *row = &run->rows[i];
		if (row->password[0] == '\0')
			continue;
		fprintf(f, "%s{\"number\":\"%s\",\"account\":\"%s\",\"password\":\"%s\"}",
			any ? "," : "", row->draft.number, row->draft.account, row->password);
		any = true;
	}
	fputs("]}", f);
	return fclose(f) == 0 ? text : NULL;
}
