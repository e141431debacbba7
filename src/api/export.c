/*
 * Call records as CSV or JSON, oldest first, page by page while the answer goes out. The columns
 * are a promise (docs/operations.md): new ones go to the end.
 */
#include "api/api_priv.h"
#include "base/clock.h"
#include "provision/draft.h"

#include "base/day.h"

#include <stdlib.h>

#define PAGE_RECORDS 500

struct export
{
	struct stream stream; /* first */
	const struct api *api;
	struct rating_book *book;
	struct store_record_range range;
	char number[STORE_NUMBER_BYTES], customer[STORE_CUSTOMER_BYTES];
	bool json, begun, ended;
	uint64_t records;
	char *page;
	size_t page_bytes, page_at;
	FILE *f; /* of the page in the making */
};

/* ---- CSV ---- */

static const char header[] =
	"id,started_at,ringing_at,answered_at,ended_at,duration_s,from,to,dialled,customer,"
	"sip_code,reason,reason_text,ended_by,codec,class,country,charge_yen,tax_percent,"
	"a_packets,a_lost,a_jitter_ms,a_mos,a_r_factor,a_longest_gap_ms,a_reordered,a_refused,"
	"b_packets,b_lost,b_jitter_ms,b_mos,b_r_factor,b_longest_gap_ms,b_reordered,b_refused,"
	"direction,trunk,withheld,detail,forward,call\r\n";

/* A spreadsheet takes a text that begins so for a formula, and a phone may dial what it likes. */
static bool looks_like_formula(struct slice s)
{
	return s.n && strchr("=+-@\t\r", *s.p) && !slice_is_digits(slice_from(s, 1));
}

static void put_text(FILE *f, struct slice s)
{
	fputs(looks_like_formula(s) ? ",\"'" : ",\"", f);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			fputc('"', f);
		fputc(s.p[i] ? s.p[i] : '?', f);
	}
	fputc('"', f);
}

/* Invalid UTF-8 becomes question marks, as in JSON. */
static void put_strange(FILE *f, struct slice s)
{
	json_t *text = json_slice(s);
	put_text(f, slice_str(json_string_value(text)));
	json_decref(text);
}

static void put_time(FILE *f, int64_t wall_ms)
{
	json_t *text = json_time(wall_ms);
	fprintf(f, ",%s", json_is_string(text) ? json_string_value(text) : "");
	json_decref(text);
}

static void put_quality(FILE *f, bool has_media, const struct store_quality *q)
{
	if (!has_media) {
		fputs(",,,,,,,,", f);
		return;
	}
	fprintf(f, ",%llu,%llu,%.2f,%.2f,%.1f,%llu,%llu,%llu", (unsigned long long)q->packets,
		(unsigned long long)q->lost, q->jitter_ms, q->mos, q->r_factor,
		(unsigned long long)q->longest_gap_ms, (unsigned long long)q->reordered,
		(unsigned long long)q->refused);
}

static void put_charge(FILE *f, const struct rating_charge *c)
{
	char yen[MONEY_CHARS] = "";
	fprintf(f, ",%s,%s", plan_class_word(c->class), c->country ? c->country->id : "");
	if (c->row == NULL) {
		fputs(",,", f);
		return;
	}
	money_text(c->uyen, yen);
	fprintf(f, ",%s,%u", yen, c->row->tax_percent);
}

static void put_csv(FILE *f, const struct store_record *r, const struct rating_charge *c)
{
	fprintf(f, "%016llx", (unsigned long long)r->id);
	put_time(f, r->started_at);
	put_time(f, r->ringing_at);
	put_time(f, r->answered_at);
	put_time(f, r->ended_at);
	fprintf(f, ",%.3f", r->answered_at ? (double)(r->ended_at - r->answered_at) / 1000 : 0);
	put_strange(f, r->from);
	put_strange(f, r->to);
	put_strange(f, r->dialled);
	put_strange(f, r->customer);
	fprintf(f, ",%d", (int)r->sip_code);
	put_strange(f, r->reason);
	put_strange(f, r->reason_text);
	put_strange(f, r->ended_by);
	put_strange(f, r->codec);
	put_charge(f, c);
	put_quality(f, r->has_media, &r->a_to_b);
	put_quality(f, r->has_media, &r->b_to_a);
	put_strange(f, r->direction);
	put_strange(f, r->trunk);
	fputs(r->withheld ? ",yes" : ",no", f);
	put_strange(f, r->detail);
	put_strange(f, r->forward);
	fprintf(f, ",%016llx\r\n", (unsigned long long)(r->call ? r->call : r->id));
}

/* ---- JSON ---- */

static void put_json(FILE *f, const struct store_record *r, const struct rating_charge *c,
		     bool first)
{
	char yen[MONEY_CHARS] = "";
	json_t *o = record_json(r);
	money_text(c->uyen, yen);
	json_object_set_new(o, "customer", json_slice(r->customer));
	json_object_set_new(o, "class", json_string(plan_class_word(c->class)));
	json_object_set_new(o, "country", c->country ? json_string(c->country->id) : json_null());
	json_object_set_new(o, "charge_yen", c->row ? json_string(yen) : json_null());
	json_object_set_new(o, "tax_percent",
			    c->row ? json_integer(c->row->tax_percent) : json_null());
	fputs(first ? "\n" : ",\n", f);
	json_dumpf(o, f, JSON_COMPACT);
	json_decref(o);
}

/* ---- pages ---- */

static int put_record(void *ctx, const struct store_record *r)
{
	struct export *x = ctx;
	struct rating_charge c;
	record_rate(x->book, r, &c);
	if (x->json)
		put_json(x->f, r, &c, x->records == 0);
	else
		put_csv(x->f, r, &c);
	x->records++;
	x->range.after_id = r->id;
	return 0;
}

static int write_page(struct export *x)
{
	uint64_t before = x->records;
	if (!x->begun)
		fputs(x->json ? "{\"records\":[" : header, x->f);
	x->begun = true;
	int err = store_record_range_each(x->api->store, &x->range, put_record, x);
	x->ended = x->records - before < PAGE_RECORDS;
	if (err == 0 && x->ended && x->json)
		fputs("\n]}\n", x->f);
	return err;
}

static int make_page(struct export *x)
{
	free(x->page);
	x->page = NULL;
	x->page_bytes = x->page_at = 0;
	x->f = open_memstream(&x->page, &x->page_bytes);
	if (x->f == NULL)
		return -1;
	int err = write_page(x);
	return fclose(x->f) == 0 ? err : -1;
}

static ssize_t read_export(struct stream *s, char *to, size_t max)
{
	struct export *x = (struct export *)s;
	while (x->page_at == x->page_bytes) {
		if (x->ended)
			return 0;
		if (make_page(x) != 0)
			return -1;
	}
	size_t n = x->page_bytes - x->page_at;
	if (n > max)
		n = max;
	memcpy(to, x->page + x->page_at, n);
	x->page_at += n;
	return (ssize_t)n;
}

static void free_export(struct stream *s)
{
	struct export *x = (struct export *)s;
	rating_book_free(x->book);
	free(x->page);
	free(x);
}

/* ---- what is asked for ---- */

static bool ask_format(struct request *r, struct export *x)
{
	const char *format = query(r, "format");
	x->json = format && strcmp(format, "json") == 0;
	if (format == NULL || x->json || strcmp(format, "csv") == 0)
		return true;
	refuse(r, 400, "invalid", "The format is csv or json", "format", NULL);
	return false;
}

static bool ask_whose(struct request *r, struct export *x)
{
	const char *number = query(r, "number"), *customer = query(r, "customer");
	const struct fault *fault = number ? draft_number(number, x->number) : NULL;
	if (fault) {
		refuse_fault(r, fault);
		return false;
	}
	if (customer && (!draft_customer_good(customer) ||
			 slice_copy(slice_str(customer), x->customer, sizeof(x->customer)))) {
		refuse(r, 400, "invalid", "The customer code is 1 to 16 capital letters and digits",
		       "customer", "write it like C9000013");
		return false;
	}
	x->range.number = slice_str(x->number);
	x->range.customer = slice_str(x->customer);
	return true;
}

static bool ask_days(struct request *r, struct export *x)
{
	int32_t from, to, before;
	if (!day_of_query(r, "from", 0, &from) ||
	    !day_of_query(r, "to", day_of(clock_wall_ms()), &to) ||
	    !day_of_query(r, "before", to + 1, &before))
		return false;
	x->range.from_ms = day_start_ms(from);
	x->range.to_ms = day_start_ms(before);
	if (query(r, "to") && query(r, "before"))
		refuse(r, 400, "invalid", "Give the last day or the one behind it, not both",
		       "before", NULL);
	else if (from >= before)
		refuse(r, 400, "invalid", "The last day is before the first", "to", NULL);
	return r->json == NULL;
}

void records_export(struct request *r)
{
	struct export *x = calloc(1, sizeof(*x));
	if (x == NULL) {
		refuse_busy(r);
		return;
	}
	x->stream = (struct stream){read_export, free_export};
	x->api = r->api;
	x->range.limit = PAGE_RECORDS;
	if (!ask_format(r, x) || !ask_whose(r, x) || !ask_days(r, x) || !book_open(r, &x->book)) {
		free_export(&x->stream);
		return;
	}
	records_settle(r);
	r->stream = &x->stream;
	r->type = x->json ? "application/json" : "text/csv; charset=utf-8; header=present";
}
