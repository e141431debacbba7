/* A price list out of CSV, each mistake with its line and column. */
#include "base/csv.h"
#include "base/err.h"
#include "rating/table_priv.h"

#include <stdlib.h>

#define VALUES_MAX 32

enum column {
	COLUMN_CLASS,
	COLUMN_COUNTRY,
	COLUMN_PREFIX,
	COLUMN_PRICE,
	COLUMN_UNIT,
	COLUMN_FEE,
	COLUMN_TAX,
	COLUMN_ROUNDING,
	COLUMN_FROM,
	COLUMN_TO,
	COLUMNS
};

static const char *const names[COLUMNS] = {"class",	 "country", "prefix", "price",
					   "unit",	 "fee",	    "tax",    "rounding",
					   "valid_from", "valid_to"};

struct reading {
	struct csv csv;
	struct rating_table *table;
	struct rating_faults *faults;
	int place[COLUMNS]; /* -1: not in this file */
	size_t columns;
	int err;
};

static void fault(struct reading *r, const struct rating_fault *f)
{
	if (r->faults->count < RATING_FAULTS_MAX)
		r->faults->v[r->faults->count] = *f;
	r->faults->count++;
	r->err = ERR_INVALID;
}

static char *trimmed(char *value)
{
	struct slice s = slice_trim(slice_str(value));
	char *start = value + (s.p - value);
	start[s.n] = '\0';
	return start;
}

/* ---- one value each: what is wrong with it, or NULL; the hint goes to ret_hint ---- */

typedef const char *take_fn(struct rating_row *row, const char *text, const char **ret_hint);

static const char *take_class(struct rating_row *row, const char *text, const char **ret_hint)
{
	if (strcmp(text, "on_net") == 0) {
		row->on_net = true;
		return NULL;
	}
	for (enum plan_class c = 0; c < PLAN_CLASSES; c++) {
		if (strcmp(plan_class_word(c), text) != 0)
			continue;
		row->class = c;
		return NULL;
	}
	*ret_hint = "known are on_net, geographic, ip_phone, mobile, international, freephone, "
		    "navi_dial, m2m and the others of 'opengatectl plan show'";
	return "There is no such class of numbers";
}

static const char *take_country(struct rating_row *row, const char *text, const char **ret_hint)
{
	row->country = country_by_id(slice_str(text));
	*ret_hint = "write the two letters of ISO 3166, such as US; networks without a country are "
		    "named by their code, such as X870";
	return row->country ? NULL : "There is no such country";
}

/* "+1876" is what is dialled as 0101876. */
static const char *take_prefix(struct rating_row *row, const char *text, const char **ret_hint)
{
	char digits[DIAL_BYTES];
	bool plus = *text == '+';
	*ret_hint = "write digits as they are dialled, such as 0312 or 0101876, or +1876";
	if (dial_digits(slice_str(text + plus), digits, sizeof(digits)) != 0 ||
	    !slice_is_digits(slice_str(digits)) || strlen(digits) + 4 > sizeof(row->prefix))
		return "The prefix is no run of digits";
	if (plus && strncmp(digits, "81", 2) == 0) {
		row->prefix[0] = '0';
		memcpy(row->prefix + 1, digits + 2, strlen(digits) - 1);
		return NULL;
	}
	if (!plus && *digits != '0')
		return "A prefix begins with 0 or +";
	memcpy(row->prefix, "010", 3);
	memcpy(row->prefix + (plus ? 3 : 0), digits, strlen(digits) + 1);
	return NULL;
}

static const char *take_money(const char *text, int64_t *ret_uyen, const char **ret_hint)
{
	*ret_hint = "write yen without tax, up to 1000000, with at most six decimals: 8 or 0.8";
	return money_parse(slice_str(text), ret_uyen) ? "This is no amount in yen" : NULL;
}

static const char *take_price(struct rating_row *row, const char *text, const char **ret_hint)
{
	return take_money(text, &row->price_uyen, ret_hint);
}

static const char *take_fee(struct rating_row *row, const char *text, const char **ret_hint)
{
	return take_money(text, &row->fee_uyen, ret_hint);
}

static const char *take_unit(struct rating_row *row, const char *text, const char **ret_hint)
{
	uint64_t seconds = 0;
	*ret_hint = "write seconds from 1 to 3600: 1, 60, 180";
	if (slice_u64(slice_str(text), RATING_UNIT_S_MAX, &seconds) || seconds == 0)
		return "The unit is no whole number of seconds";
	row->unit_s = (uint32_t)seconds;
	return NULL;
}

static const char *take_tax(struct rating_row *row, const char *text, const char **ret_hint)
{
	uint64_t percent;
	*ret_hint = "write a whole number of percent: 10, or 0 for what is free of tax";
	if (slice_u64(slice_str(text), 100, &percent))
		return "This is no rate of tax";
	row->tax_percent = (uint8_t)percent;
	return NULL;
}

static const char *take_rounding(struct rating_row *row, const char *text, const char **ret_hint)
{
	for (enum rating_rounding r = RATING_DOWN; r <= RATING_EXACT; r++) {
		if (strcmp(rating_rounding_word(r), text) != 0)
			continue;
		row->rounding = r;
		return NULL;
	}
	*ret_hint = "write down, half_up or exact";
	return "There is no such rounding";
}

static const char *take_day(const char *text, int32_t *ret_day, const char **ret_hint)
{
	*ret_hint = "write it like 2026-11-25";
	return day_parse(slice_str(text), ret_day) ? "This is no date" : NULL;
}

static const char *take_from(struct rating_row *row, const char *text, const char **ret_hint)
{
	return take_day(text, &row->from_day, ret_hint);
}

static const char *take_to(struct rating_row *row, const char *text, const char **ret_hint)
{
	return take_day(text, &row->to_day, ret_hint);
}

static take_fn *const takers[COLUMNS] = {take_class, take_country, take_prefix, take_price,
					 take_unit,  take_fee,	   take_tax,	take_rounding,
					 take_from,  take_to};

/* ---- the first line ---- */

static bool find_column(const char *name, enum column *ret_column)
{
	for (enum column c = 0; c < COLUMNS; c++) {
		if (!slice_ieq(slice_str(names[c]), slice_str(name)))
			continue;
		*ret_column = c;
		return true;
	}
	return false;
}

static void take_column(struct reading *r, char *value, int place)
{
	const char *name = trimmed(value);
	enum column c;
	if (!find_column(name, &c))
		fault(r, &(struct rating_fault){
				 .line = 1,
				 .value = name,
				 .message = "There is no such column",
				 .hint = "known are class, country, prefix, price, unit, fee, tax, "
					 "rounding, valid_from, valid_to"});
	else if (r->place[c] >= 0)
		fault(r, &(struct rating_fault){.line = 1,
						.column = names[c],
						.message = "The column stands twice",
						.hint = "leave one of them out"});
	else
		r->place[c] = place;
}

static void read_header(struct reading *r)
{
	char *values[VALUES_MAX];
	uint32_t line = 1;
	enum csv_result result = csv_row(&r->csv, values, VALUES_MAX, &r->columns, &line);
	static const char example[] = "line 1 is for example: class,price,unit";
	if (result != CSV_ROW || r->columns > VALUES_MAX) {
		fault(r, &(struct rating_fault){.line = 1,
						.message = "The first line names no columns",
						.hint = example});
		return;
	}
	for (size_t i = 0; i < r->columns; i++)
		take_column(r, values[i], (int)i);
	for (enum column c = COLUMN_PRICE; c <= COLUMN_UNIT; c++) {
		if (r->place[c] < 0)
			fault(r, &(struct rating_fault){.line = 1,
							.column = names[c],
							.message = "The column is missing",
							.hint = example});
	}
}

/* ---- the rows ---- */

static void take_value(struct reading *r, struct rating_row *row, enum column c, char *value)
{
	const char *hint = NULL, *text = trimmed(value);
	bool needed = c == COLUMN_PRICE || c == COLUMN_UNIT;
	if (*text == '\0' && !needed)
		return;
	const char *message = *text ? takers[c](row, text, &hint) : "The value is missing";
	if (message)
		fault(r, &(struct rating_fault){.line = row->line,
						.column = names[c],
						.value = *text ? text : NULL,
						.message = message,
						.hint = hint});
}

/* What several values together get wrong. */
static void check_row(struct reading *r, const struct rating_row *row)
{
	struct rating_fault f = {.line = row->line};
	if (row->from_day > row->to_day) {
		f.column = names[COLUMN_TO];
		f.message = "The last day is before the first";
	} else if (row->country && row->class != PLAN_CLASSES && row->class != PLAN_INTERNATIONAL) {
		f.column = names[COLUMN_CLASS];
		f.message = "A row for a country is of the class international";
		f.hint = "leave the class out";
	} else if (row->on_net && row->country) {
		f.column = names[COLUMN_CLASS];
		f.message = "A call on net leads to no country";
	}
	if (f.message)
		fault(r, &f);
}

/* Calls abroad are free of tax (Consumption Tax Act, article 7). */
static uint8_t usual_tax(const struct rating_row *row)
{
	bool abroad = row->class == PLAN_INTERNATIONAL || row->country ||
		      strncmp(row->prefix, "010", 3) == 0;
	return abroad ? 0 : RATING_TAX_PERCENT;
}

static void read_row(struct reading *r, char **values, uint32_t line, struct rating_row *ret_row)
{
	struct rating_row row = {
		.class = PLAN_CLASSES, .from_day = INT32_MIN, .to_day = INT32_MAX, .line = line};
	for (enum column c = 0; c < COLUMNS; c++) {
		if (c != COLUMN_TAX && r->place[c] >= 0)
			take_value(r, &row, c, values[r->place[c]]);
	}
	row.tax_percent = usual_tax(&row);
	if (r->place[COLUMN_TAX] >= 0)
		take_value(r, &row, COLUMN_TAX, values[r->place[COLUMN_TAX]]);
	check_row(r, &row);
	rating_row_key(&row, row.key);
	*ret_row = row;
}

static void add_row(struct reading *r, const struct rating_row *row)
{
	struct rating_table *t = r->table;
	if (t->count == RATING_ROWS_MAX) {
		fault(r, &(struct rating_fault){.line = row->line,
						.message = "The list has more than 20000 rows"});
		return;
	}
	if (t->count == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 64;
		struct rating_row *grown = realloc(t->rows, cap * sizeof(*grown));
		if (grown == NULL) {
			r->err = ERR_NOMEM;
			return;
		}
		t->rows = grown;
		t->cap = cap;
	}
	t->rows[t->count++] = *row;
}

static bool is_blank(char *const *values, size_t count)
{
	return count == 1 && slice_trim(slice_str(values[0])).n == 0;
}

/* False: nothing more can be read. */
static bool read_line(struct reading *r)
{
	char *values[VALUES_MAX];
	struct rating_fault f = {0};
	struct rating_row row;
	size_t count = 0;
	enum csv_result result = csv_row(&r->csv, values, VALUES_MAX, &count, &f.line);
	if (result == CSV_END)
		return false;
	if (result == CSV_OPEN_QUOTE)
		f.message = "A quote is opened here and never closed";
	else if (result == CSV_STRAY_QUOTE)
		f.message = "Something stands behind a closing quote";
	else if (!is_blank(values, count) && count != r->columns)
		f.message = "The row has not as many values as line 1 names";
	if (f.message) {
		fault(r, &f);
	} else if (!is_blank(values, count)) {
		read_row(r, values, f.line, &row);
		add_row(r, &row);
	}
	return r->err != ERR_NOMEM && r->faults->count <= RATING_FAULTS_MAX;
}

/* Two rows for the same thing on the same day: none could be said to be right. */
static void check_overlaps(struct reading *r)
{
	const struct rating_row *row = r->table->rows, *last = row; /* that ends last */
	for (size_t i = 1; i < r->table->count; i++) {
		row++;
		bool same = strcmp(row->key, last->key) == 0;
		if (!same || row->from_day > last->to_day) {
			last = row;
			continue;
		}
		fault(r, &(struct rating_fault){
				 .line = row->line,
				 .other_line = last->line,
				 .message = "Another row has a price for the same calls and days",
				 .hint = "let valid_to of one end before valid_from of the other"});
	}
}

static int read_all(struct reading *r)
{
	read_header(r);
	if (r->err)
		return r->err;
	while (read_line(r))
		;
	if (r->err == 0 && r->table->count == 0)
		fault(r, &(struct rating_fault){.line = 1, .message = "The list has no prices"});
	if (r->err == 0) {
		qsort(r->table->rows, r->table->count, sizeof(*r->table->rows), rating_row_compare);
		check_overlaps(r);
	}
	return r->err;
}

int rating_table_read(char *csv, size_t n, struct rating_table **ret_table,
		      struct rating_faults *ret_faults)
{
	struct rating_table *t = calloc(1, sizeof(*t));
	struct reading r = {.csv = {.at = csv, .line = 1}, .table = t, .faults = ret_faults};
	ret_faults->count = 0;
	if (t == NULL)
		return ERR_NOMEM;
	for (enum column c = 0; c < COLUMNS; c++)
		r.place[c] = -1;
	if (n >= 3 && memcmp(csv, "\xef\xbb\xbf", 3) == 0) /* spreadsheets mark UTF-8 */
		r.csv.at += 3;
	if (n > RATING_BYTES_MAX || strlen(csv) != n || !slice_is_utf8(slice_of(csv, n)))
		fault(&r, &(struct rating_fault){
				  .line = 1,
				  .message = n > RATING_BYTES_MAX ? "The list is larger than 4 MiB"
								  : "The list is not UTF-8"});
	else
		(void)read_all(&r);
	if (r.err)
		rating_table_free(t);
	else
		*ret_table = t;
	return r.err;
}
