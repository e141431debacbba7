/* Price lists. */
#include "provision/prices.h"

#include "api/api_priv.h"
#include "base/clock.h"
#include "base/err.h"
#include "guard/load.h"
#include "provision/draft.h"

#include <stdlib.h>

#define VALUE_SHOWN_BYTES 60

/* ---- GET /api/v1/prices ---- */

static json_t *day_json(int32_t day)
{
	char text[DAY_CHARS + 1];
	if (day == INT32_MIN || day == INT32_MAX)
		return json_null();
	day_text(day, text);
	return json_string(text);
}

static json_t *money_json(int64_t uyen)
{
	char text[MONEY_CHARS];
	money_text(uyen, text);
	return json_string(text);
}

static json_t *row_json(const struct rating_row *row)
{
	const char *class = row->on_net			 ? "on_net"
			    : row->class == PLAN_CLASSES ? NULL
							 : plan_class_word(row->class);
	return json_pack("{s:s?,s:s?,s:s?,s:s?,s:o,s:i,s:o,s:i,s:s,s:o,s:o}", "class", class,
			 "country", row->country ? row->country->id : NULL, "country_name",
			 row->country ? row->country->name_en : NULL, "prefix",
			 row->prefix[0] ? row->prefix : NULL, "price_yen",
			 money_json(row->price_uyen), "unit_s", (int)row->unit_s, "fee_yen",
			 money_json(row->fee_uyen), "tax_percent", (int)row->tax_percent,
			 "rounding", rating_rounding_word(row->rounding), "valid_from",
			 day_json(row->from_day), "valid_to", day_json(row->to_day));
}

static int add_list(void *lists, const struct store_price_list *l)
{
	return json_array_append_new(lists, json_pack("{s:I,s:o,s:o,s:i}", "id", (json_int_t)l->id,
						      "from", day_json(l->from_day), "imported_at",
						      json_time(l->imported_at), "rows",
						      (int)l->row_count));
}

static json_t *rows_json(const struct rating_table *t)
{
	json_t *rows = json_array();
	for (size_t i = 0; t && i < rating_table_rows(t); i++)
		json_array_append_new(rows, row_json(rating_table_row(t, i)));
	return rows;
}

void prices_show(struct request *r)
{
	struct rating_book *book = NULL;
	int32_t on;
	if (!day_of_query(r, "day", day_of(clock_wall_ms()), &on) || !book_open(r, &book))
		return;
	json_t *lists = json_array();
	int err = store_prices_each(r->api->store, add_list, lists);
	if (err) {
		json_decref(lists);
		refuse_store(r, err, r->api->store);
	} else {
		r->json = json_pack("{s:o,s:o,s:o}", "lists", lists, "day", day_json(on), "prices",
				    rows_json(rating_book_of(book, on)));
	}
	rating_book_free(book);
}

/* ---- POST /api/v1/prices ---- */

/* The file is UTF-8; the cut is made at a character's end. */
static json_t *value_json(const char *value)
{
	size_t n = strlen(value);
	if (n > VALUE_SHOWN_BYTES) {
		n = VALUE_SHOWN_BYTES;
		while (n > 0 && ((unsigned char)value[n] & 0xc0) == 0x80)
			n--;
	}
	return json_slice(slice_of(value, n));
}

static json_t *fault_json(const struct rating_fault *f)
{
	char message[160];
	if (f->other_line)
		snprintf(message, sizeof(message), "%s: see line %u", f->message, f->other_line);
	else
		snprintf(message, sizeof(message), "%s", f->message);
	json_t *o = json_pack("{s:i,s:s?,s:s,s:s?}", "line", (int)f->line, "column", f->column,
			      "message", message, "hint", f->hint);
	if (f->value)
		json_object_set_new(o, "value", value_json(f->value));
	return o;
}

static void refuse_list(struct request *r, const struct rating_faults *faults)
{
	char message[96];
	json_t *rows = json_array();
	for (size_t i = 0; i < faults->count && i < RATING_FAULTS_MAX; i++)
		json_array_append_new(rows, fault_json(&faults->v[i]));
	snprintf(message, sizeof(message), "Nothing was imported: %s%zu mistake%s in the list",
		 faults->count > RATING_FAULTS_MAX ? "more than " : "",
		 faults->count > RATING_FAULTS_MAX ? (size_t)RATING_FAULTS_MAX : faults->count,
		 faults->count == 1 ? "" : "s");
	refuse_rows(r, message, rows);
}

/* It is durable; what remains is to say so. */
static void imported(struct request *r, int32_t from, size_t rows)
{
	char day[DAY_CHARS + 1];
	day_text(from, day);
	audit(r, "prices.import", day);
	if (r->api->p.fraud)
		(void)fraud_reload_prices(r->api->p.fraud, r->api->store);
	r->status = 201;
	r->json = json_pack("{s:s,s:I}", "from", day, "rows", (json_int_t)rows);
}

static void take_list(struct request *r, char *csv, int32_t from, struct rating_faults *faults)
{
	size_t rows = 0;
	int err = prices_add(r->api->store, csv, r->raw.n, from, clock_wall_ms(), &rows, faults);
	if (err == 0)
		imported(r, from, rows);
	else if (err == ERR_INVALID && faults->count)
		refuse_list(r, faults);
	else if (err == ERR_DENIED)
		refuse(r, 409, "conflict", "Months that are over have been billed", "from",
		       "let the list begin in this month or later");
	else
		refuse_store(r, err, r->api->store);
}

void prices_import(struct request *r)
{
	int32_t from;
	struct rating_faults *faults = calloc(1, sizeof(*faults));
	char *csv = malloc(r->raw.n + 1);
	if (faults && csv && day_of_query(r, "from", day_of(clock_wall_ms()), &from)) {
		memcpy(csv, r->raw.n ? r->raw.p : "", r->raw.n);
		csv[r->raw.n] = '\0';
		take_list(r, csv, from, faults);
	} else if (r->json == NULL) {
		refuse_busy(r);
	}
	free(csv);
	free(faults);
}

/* ---- GET /api/v1/prices/check ---- */

static json_t *charge_json(const struct rating_charge *c, uint64_t seconds)
{
	return json_pack("{s:s,s:s,s:s?,s:s?,s:b,s:I,s:o,s:I,s:o,s:o}", "class",
			 plan_class_word(c->class), "class_ja", plan_class_ja(c->class), "country",
			 c->country ? c->country->id : NULL, "country_name",
			 c->country ? c->country->name_en : NULL, "on_net", c->on_net, "seconds",
			 (json_int_t)seconds, "row", c->row ? row_json(c->row) : json_null(),
			 "units", (json_int_t)c->units, "charge_yen",
			 c->row ? money_json(c->uyen) : json_null(), "tax_percent",
			 c->row ? json_integer(c->row->tax_percent) : json_null());
}

static bool ask_seconds(struct request *r, uint64_t *ret_seconds)
{
	const char *text = query(r, "seconds");
	*ret_seconds = 60;
	if (text == NULL || slice_u64(slice_str(text), 86400, ret_seconds) == 0)
		return true;
	refuse(r, 400, "invalid", "The seconds are a whole number up to 86400", "seconds", NULL);
	return false;
}

void prices_check(struct request *r)
{
	struct directory_number line, callee;
	struct rating_book *book = NULL;
	struct rating_charge charge;
	struct plan_verdict v;
	uint64_t seconds;
	int32_t on;
	const char *number = query(r, "number"), *dialled = query(r, "dialled");
	if (dialled == NULL) {
		refuse(r, 400, "missing", "\"dialled\" is missing: what is dialled", "dialled",
		       NULL);
		return;
	}
	if (!line_find(r, number ? number : "", &line) || !ask_seconds(r, &seconds) ||
	    !day_of_query(r, "day", day_of(clock_wall_ms()), &on) || !book_open(r, &book))
		return;
	plan_check(&(struct plan_line){.international = true}, slice_str(dialled), &v);
	struct rating_call c = {
		.to = slice_str(dialled),
		.on_net = directory_by_number(r->api->p.directory, slice_str(v.dialled.digits),
					      &callee) == 0,
		.started_at_ms = day_start_ms(on),
		.talk_ms = (int64_t)seconds * 1000,
	};
	rating_book_charge(book, &c, &charge);
	r->json = charge_json(&charge, seconds);
	rating_book_free(book);
}
