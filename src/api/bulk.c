/*
 * Import and export of numbers as CSV (RFC 4180, UTF-8):
 * number,customer,account,password,channels,registration_policy. An import is taken whole or not at
 * all; every bad row is named. An export never holds a secret.
 */
#include "api/api_priv.h"

#include "base/err.h"
#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX  16
#define BAD_ROWS_MAX 1000

enum column {
	COL_NUMBER,
	COL_CUSTOMER,
	COL_ACCOUNT,
	COL_PASSWORD,
	COL_CHANNELS,
	COL_POLICY,
	COLUMNS
};
static const char *const column_names[COLUMNS] = {"number",   "customer", "account",
						  "password", "channels", "registration_policy"};

/* Cuts one field off the front, unquoted in place. *ret_end: it was the row's last. False: a quote
 * is not closed. */
static bool take_field(char **at, char **ret_field, bool *ret_end)
{
	char *in = *at, *out = *at;
	bool quoted = *in == '"';
	*ret_field = out;
	if (quoted)
		in++;
	while (*in && (quoted || (*in != ',' && *in != '\n' && *in != '\r'))) {
		if (quoted && in[0] == '"' && in[1] != '"') {
			quoted = false;
			in++;
			continue;
		}
		if (quoted && in[0] == '"')
			in++;
		*out++ = *in++;
	}
	*ret_end = *in != ',';
	if (*in == '\r' && in[1] == '\n')
		in++;
	*at = *in ? in + 1 : in;
	*out = '\0';
	return !quoted;
}

/* A row's fields; 0 at the end of the text, -1: an unclosed quote. */
static int take_row(char **at, char *fields[COLUMNS_MAX])
{
	int n = 0;
	bool end = false;
	char *field;
	if (**at == '\0')
		return 0;
	while (!end) {
		if (!take_field(at, &field, &end))
			return -1;
		if (n < COLUMNS_MAX)
			fields[n++] = field;
	}
	return n;
}

static bool read_header(char **at, int ret_place[COLUMNS])
{
	char *fields[COLUMNS_MAX];
	int n = take_row(at, fields);
	for (int c = 0; c < COLUMNS; c++) {
		ret_place[c] = -1;
		for (int i = 0; i < n; i++) {
			if (strcmp(fields[i], column_names[c]) == 0)
				ret_place[c] = i;
		}
	}
	return ret_place[COL_NUMBER] >= 0 && ret_place[COL_CUSTOMER] >= 0 &&
	       ret_place[COL_ACCOUNT] >= 0;
}

struct import {
	struct api *api;
	json_t *bad, *made; /* made: passwords that were generated */
	struct directory_number *numbers;
	size_t count, cap;
};

static int keep_number(struct import *im, const struct directory_number *n)
{
	if (im->count == im->cap) {
		size_t cap = im->cap ? im->cap * 2 : 1024;
		struct directory_number *grown = realloc(im->numbers, cap * sizeof(*grown));
		if (grown == NULL)
			return ERR_NOMEM;
		im->numbers = grown;
		im->cap = cap;
	}
	im->numbers[im->count++] = *n;
	return 0;
}

static void bad_row(struct import *im, int line, const char *field, const char *message)
{
	if (json_array_size(im->bad) < BAD_ROWS_MAX)
		json_array_append_new(im->bad, json_pack("{s:i,s:s*,s:s}", "line", line, "field",
							 field, "message", message));
}

static void import_row(struct import *im, int line, char *const fields[], int n,
		       const int place[COLUMNS])
{
	const char *v[COLUMNS];
	struct number_made made = {0};
	struct number_fault fault;
	uint64_t channels = 0;
	for (int c = 0; c < COLUMNS; c++)
		v[c] = place[c] >= 0 && place[c] < n && *fields[place[c]] ? fields[place[c]] : NULL;
	if (v[COL_CHANNELS] && slice_u64(slice_str(v[COL_CHANNELS]), 1000, &channels) != 0) {
		bad_row(im, line, "channels", "Channels must be from 2 to 32");
		return;
	}
	struct number_fields f = {
		.number = v[COL_NUMBER],
		.customer = v[COL_CUSTOMER],
		.account = v[COL_ACCOUNT],
		.password = v[COL_PASSWORD],
		.channels = v[COL_CHANNELS] ? (int64_t)channels : -1,
		.policy = v[COL_POLICY],
	};
	if (number_make(im->api, &f, false, &made, &fault) != 0) {
		bad_row(im, line, fault.field, fault.message);
		return;
	}
	if (keep_number(im, &made.directory) != 0)
		bad_row(im, line, NULL, err_text(ERR_NOMEM));
	if (f.password == NULL)
		json_array_append_new(im->made,
				      json_pack("{s:s,s:s,s:s}", "number", made.number, "account",
						made.account, "password", made.password));
}

static void import_rows(struct import *im, char *at, const int place[COLUMNS])
{
	char *fields[COLUMNS_MAX];
	int n, line = 1;
	while ((n = take_row(&at, fields)) != 0) {
		line++;
		if (n < 0) {
			bad_row(im, line, NULL, "A quote is not closed");
			return;
		}
		if (n == 1 && fields[0][0] == '\0')
			continue;
		import_row(im, line, fields, n, place);
	}
}

static void import_end(struct request *r, struct import *im)
{
	int err = 0;
	if (json_array_size(im->bad)) {
		store_rollback(r->api->store);
		refuse(r, 400, "bad_rows", "Nothing was imported: some rows are wrong", NULL,
		       "mend the rows named here and import the whole file again");
		json_object_set(json_object_get(r->json, "error"), "rows", im->bad);
		return;
	}
	err = store_commit(r->api->store);
	for (size_t i = 0; i < im->count && err == 0; i++)
		err = directory_put(r->api->p.directory, &im->numbers[i]);
	if (err) {
		refuse_err(r, err, "import", store_error(r->api->store));
		return;
	}
	audit(r, "number.import", "csv");
	r->json = json_pack("{s:I,s:O}", "imported", (json_int_t)im->count, "passwords", im->made);
}

void import_numbers(struct request *r)
{
	int place[COLUMNS];
	struct import im = {.api = r->api, .bad = json_array(), .made = json_array()};
	char *text = strndup(r->raw.p ? r->raw.p : "", r->raw.n);
	char *at = text;
	if (text && strncmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	if (text == NULL || !read_header(&at, place)) {
		refuse(r, 400, "invalid",
		       "The first line must name the columns number, customer and account", NULL,
		       "for example: "
		       "number,customer,account,password,channels,registration_policy");
	} else if (store_begin(r->api->store) != 0) {
		refuse(r, 503, "failed", store_error(r->api->store), NULL, NULL);
	} else {
		import_rows(&im, at, place);
		import_end(r, &im);
	}
	free(text);
	free(im.numbers);
	json_decref(im.bad);
	json_decref(im.made);
}

static int export_row(void *ctx, const struct store_number *n)
{
	fprintf(ctx, "%.*s,%.*s,%.*s,%u,%s\r\n", SLICE_ARG(n->number), SLICE_ARG(n->customer),
		SLICE_ARG(n->account), n->channels,
		reg_policy_name((enum reg_policy)n->registration_policy));
	return 0;
}

void export_numbers(struct request *r)
{
	size_t bytes = 0;
	FILE *f = open_memstream(&r->text, &bytes);
	if (f == NULL) {
		refuse_err(r, ERR_NOMEM, "export", NULL);
		return;
	}
	fputs("number,customer,account,channels,registration_policy\r\n", f);
	int err = store_number_each(r->api->store, SLICE_NONE, export_row, f);
	fclose(f);
	r->type = "text/csv; charset=utf-8";
	if (err == 0)
		return;
	free(r->text);
	r->text = NULL;
	refuse_err(r, err, "export", store_error(r->api->store));
}
