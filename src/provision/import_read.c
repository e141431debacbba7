/* A CSV file into drafts, each mistake with its line and column. */
#include "base/csv.h"
#include "provision/import_priv.h"

#include <stdlib.h>

#define COLUMNS_MAX 64

static bool grow(struct import_run *run, void **array, size_t count, size_t *cap, size_t bytes)
{
	if (count < *cap)
		return true;
	size_t more = *cap ? *cap * 2 : 256;
	void *grown = realloc(*array, more * bytes);
	run->no_memory |= grown == NULL;
	if (grown == NULL)
		return false;
	*array = grown;
	*cap = more;
	return true;
}

void import_bad_row(struct import_run *run, uint32_t line, const struct fault *fault,
		    const char *value, uint32_t other_line)
{
	if (!grow(run, (void **)&run->bad, run->bad_count, &run->bad_cap, sizeof(*run->bad)))
		return;
	run->bad[run->bad_count++] = (struct import_bad){line, other_line, fault, value};
}

void import_forget(struct import_run *run)
{
	for (size_t i = 0; i < run->row_count; i++)
		free(run->rows[i].option_hash);
	free(run->rows);
	free(run->bad);
}

static char *trimmed(char *value)
{
	struct slice s = slice_trim(slice_str(value));
	char *start = value + (s.p - value);
	start[s.n] = '\0';
	return start;
}

/* ---- the first line ---- */

struct columns {
	int place[DRAFT_COLUMNS]; /* -1: not in this file */
	size_t count;
};

static bool find_column(const char *name, enum draft_column *ret_column)
{
	for (enum draft_column c = 0; c < DRAFT_COLUMNS; c++) {
		if (!slice_ieq(slice_str(draft_names[c]), slice_str(name)))
			continue;
		*ret_column = c;
		return true;
	}
	return false;
}

#define EXAMPLE "write for example: number,customer,account,password,channels,registration_policy"

static void bad_column(struct import_run *run, const char *name)
{
	static const struct fault unknown = {
		"unknown", NULL, "There is no such column",
		"known are number, customer, account, password, option_password, channels, "
		"registration_policy, international, suspended; columns are separated by commas"};
	import_bad_row(run, 1, &unknown, name, 0);
}

static const struct fault *read_header(struct import_run *run, struct csv *csv, struct columns *c)
{
	static const struct fault empty = {"invalid", NULL, "The file is empty", EXAMPLE};
	static const struct fault twice = {"invalid", NULL, "A column stands twice in line 1",
					   "leave one of them out"};
	static const struct fault missing = {
		"invalid", NULL, "Line 1 must name the columns number, customer and account",
		EXAMPLE};
	char *names[COLUMNS_MAX];
	uint32_t line;
	enum draft_column column;
	for (int i = 0; i < DRAFT_COLUMNS; i++)
		c->place[i] = -1;
	if (csv_row(csv, names, COLUMNS_MAX, &c->count, &line) != CSV_ROW)
		return &empty;
	for (size_t i = 0; i < c->count && i < COLUMNS_MAX; i++) {
		if (!find_column(trimmed(names[i]), &column))
			bad_column(run, trimmed(names[i]));
		else if (c->place[column] >= 0)
			return &twice;
		else
			c->place[column] = (int)i;
	}
	if (c->count > COLUMNS_MAX || c->place[DRAFT_NUMBER] < 0 || c->place[DRAFT_CUSTOMER] < 0 ||
	    c->place[DRAFT_ACCOUNT] < 0)
		return &missing;
	return NULL;
}

/* ---- rows ---- */

static bool is_secret(enum draft_column c)
{
	return c == DRAFT_PASSWORD || c == DRAFT_OPTION_PASSWORD;
}

/* Every value that is wrong is named, not only the first. */
static bool take_values(struct import_run *run, uint32_t line, char **values, size_t n,
			const struct columns *columns, struct draft *d)
{
	bool good = true;
	for (enum draft_column c = 0; c < DRAFT_COLUMNS; c++) {
		int at = columns->place[c];
		if (at < 0 || (size_t)at >= n)
			continue;
		char *value = is_secret(c) ? values[at] : trimmed(values[at]);
		const struct fault *fault = *value ? draft_take(d, c, value) : draft_absent(c);
		if (fault)
			import_bad_row(run, line, fault, is_secret(c) ? NULL : value, 0);
		good = good && fault == NULL;
	}
	return good;
}

static void keep_row(struct import_run *run, uint32_t line, const struct draft *d)
{
	if (!grow(run, (void **)&run->rows, run->row_count, &run->row_cap, sizeof(*run->rows)))
		return;
	run->rows[run->row_count++] = (struct import_row){.draft = *d, .line = line};
}

static bool is_blank(char **values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_trim(slice_str(values[i])).n)
			return false;
	return true;
}

static void take_row(struct import_run *run, uint32_t line, char **values, size_t n,
		     const struct columns *columns)
{
	static const struct fault many = {"invalid", NULL,
					  "The row has more values than line 1 has columns",
					  "put a value that holds a comma in quotes"};
	static const struct fault few = {"invalid", NULL,
					 "The row has fewer values than line 1 has columns",
					 "leave a value empty, but not its comma"};
	struct draft d;
	if (is_blank(values, n < COLUMNS_MAX ? n : COLUMNS_MAX))
		return;
	if (n != columns->count) {
		import_bad_row(run, line, n > columns->count ? &many : &few, NULL, 0);
		return;
	}
	draft_init(&d);
	if (take_values(run, line, values, n, columns, &d))
		keep_row(run, line, &d);
}

/* What another program's habits make of a file. */
static const struct fault *check_encoding(const char *text, size_t n)
{
	static const struct fault nul = {
		"invalid", NULL, "The file is not UTF-8 text: it holds NUL bytes, as UTF-16 does",
		"save it as CSV UTF-8"};
	static const struct fault other = {"invalid", NULL,
					   "The file is not UTF-8 text; Shift_JIS perhaps",
					   "save it as CSV UTF-8"};
	if (n && memchr(text, '\0', n))
		return &nul;
	return slice_is_utf8(slice_of(text, n)) ? NULL : &other;
}

const struct fault *import_read(struct import_run *run, char *text, size_t n)
{
	static const struct fault open = {
		"invalid", NULL, "A quote is not closed",
		"every \" needs its partner; write \"\" for one in a value"};
	static const struct fault stray = {"invalid", NULL,
					   "Something stands behind a closing quote",
					   "write \"\" for a quote within a value"};
	struct csv csv = {.at = text, .line = 1};
	struct columns columns;
	char *values[COLUMNS_MAX];
	enum csv_result result;
	size_t count;
	uint32_t line;
	const struct fault *fault = check_encoding(text, n);
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		csv.at += 3;
	if (fault == NULL)
		fault = read_header(run, &csv, &columns);
	if (fault)
		return fault;
	while ((result = csv_row(&csv, values, COLUMNS_MAX, &count, &line)) != CSV_END) {
		if (result == CSV_ROW)
			take_row(run, line, values, count, &columns);
		else
			import_bad_row(run, line, result == CSV_STRAY_QUOTE ? &stray : &open, NULL,
				       0);
	}
	return NULL;
}

/* ---- the same twice ---- */

static int by_number(const void *a, const void *b)
{
	const struct import_row *x = *(struct import_row *const *)a,
				*y = *(struct import_row *const *)b;
	int order = strcmp(x->draft.number, y->draft.number);
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static int by_account(const void *a, const void *b)
{
	const struct import_row *x = *(struct import_row *const *)a,
				*y = *(struct import_row *const *)b;
	int order = strcmp(x->draft.account, y->draft.account);
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static void find_twice(struct import_run *run, struct import_row **sorted, bool accounts)
{
	static const struct fault number = {"exists", "number",
					    "The number stands in the file twice",
					    "leave one of the two rows out"};
	static const struct fault account = {"exists", "account",
					     "The account id stands in the file twice",
					     "give one of the two numbers another"};
	qsort(sorted, run->row_count, sizeof(struct import_row *),
	      accounts ? by_account : by_number);
	const struct import_row *first = run->row_count ? sorted[0] : NULL;
	for (size_t i = 1; i < run->row_count; i++) {
		const char *a = accounts ? first->draft.account : first->draft.number;
		const char *b = accounts ? sorted[i]->draft.account : sorted[i]->draft.number;
		if (strcmp(a, b) == 0)
			import_bad_row(run, sorted[i]->line, accounts ? &account : &number, b,
				       first->line);
		else
			first = sorted[i];
	}
}

void import_twice(struct import_run *run)
{
	struct import_row **sorted = malloc((run->row_count + 1) * sizeof(struct import_row *));
	run->no_memory |= sorted == NULL;
	if (sorted == NULL)
		return;
	for (size_t i = 0; i < run->row_count; i++)
		sorted[i] = &run->rows[i];
	find_twice(run, sorted, false);
	find_twice(run, sorted, true);
	free(sorted);
}
