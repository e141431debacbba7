/* Statements: what the store knows of a customer's month, rated. */
#include "api/statement_priv.h"

#include "base/clock.h"
#include "base/err.h"
#include "provision/draft.h"

#include <stdlib.h>

/* The numbers that a customer has or had, and their channels. */
struct history {
	struct past {
		char number[STORE_NUMBER_BYTES];
		size_t first, count; /* in entries */
	} * numbers;
	struct channels_entry *entries;
	size_t number_count, entry_count;
};

static bool grow(void **array, size_t count, size_t bytes)
{
	if (count & (count - 1)) /* room for the next power of two */
		return true;
	void *grown = realloc(*array, (count ? count * 2 : 1) * bytes);
	if (grown)
		*array = grown;
	return grown != NULL;
}

static int add_number(struct history *h, struct slice number)
{
	if (!grow((void **)&h->numbers, h->number_count, sizeof(*h->numbers)))
		return ERR_NOMEM;
	struct past *p = &h->numbers[h->number_count++];
	*p = (struct past){.first = h->entry_count};
	return slice_copy(number, p->number, sizeof(p->number));
}

static int add_entry(void *ctx, struct slice number, int64_t at_ms, uint32_t channels)
{
	struct history *h = ctx;
	struct past *last = h->number_count ? &h->numbers[h->number_count - 1] : NULL;
	if (last == NULL || !slice_eq(slice_str(last->number), number)) {
		int err = add_number(h, number);
		if (err)
			return err;
	}
	if (!grow((void **)&h->entries, h->entry_count, sizeof(*h->entries)))
		return ERR_NOMEM;
	h->entries[h->entry_count++] = (struct channels_entry){at_ms, channels};
	h->numbers[h->number_count - 1].count++;
	return 0;
}

struct gathering {
	const struct api *api;
	const struct rating_book *book;
	struct bill *bill;
	const char *number;
};

/* Calls of this number while it was this customer's. */
static int add_call(void *ctx, const struct store_record *r)
{
	struct gathering *g = ctx;
	struct rating_charge c;
	if (r->answered_at == 0 || store_record_is_inbound(r) ||
	    !slice_eq(r->from, slice_str(g->number)) ||
	    !slice_eq(r->customer, slice_str(g->bill->code)))
		return 0;
	record_rate(g->book, r, &c);
	statement_add_call(&g->bill->statement, r->from, &c, r->ended_at - r->answered_at);
	return 0;
}

static int gather_number(struct gathering *g, const struct history *h, const struct past *p)
{
	struct channels_fee fee;
	struct store_record_range range = {
		.from_ms = day_start_ms(g->bill->month),
		.to_ms = day_start_ms(day_next_month(g->bill->month)),
		.number = slice_str(p->number),
	};
	g->number = p->number;
	channels_month_fee(h->entries + p->first, p->count, g->bill->month, clock_wall_ms(), &fee);
	statement_add_channels(&g->bill->statement, slice_str(p->number), &fee);
	return store_record_range_each(g->api->store, &range, add_call, g);
}

static int gather(struct gathering *g)
{
	struct history h = {0};
	int err = store_channels_each(g->api->store, slice_str(g->bill->code), add_entry, &h);
	for (size_t i = 0; err == 0 && i < h.number_count; i++)
		err = gather_number(g, &h, &h.numbers[i]);
	free(h.numbers);
	free(h.entries);
	return err ? err : statement_close(&g->bill->statement);
}

/* ---- GET /api/v1/statements/{id} ---- */

static bool find_customer(struct request *r, struct bill *b)
{
	struct store_customer c;
	int err = draft_customer_good(r->id)
			  ? store_customer_get(r->api->store, slice_str(r->id), &c)
			  : ERR_NOT_FOUND;
	if (err == ERR_NOT_FOUND)
		refuse_missing(r, "customer", r->id, "see 'opengatectl customer list'");
	else if (err)
		refuse_store(r, err, r->api->store);
	if (err)
		return false;
	(void)slice_copy(c.code, b->code, sizeof(b->code));
	(void)slice_copy(c.name, b->name, sizeof(b->name));
	return true;
}

static bool one_of(struct request *r, const char *key, const char *const words[], size_t count,
		   size_t *ret_which)
{
	const char *text = query(r, key);
	*ret_which = 0;
	for (size_t i = 0; text && i < count; i++) {
		*ret_which = i;
		if (strcmp(words[i], text) == 0)
			return true;
	}
	if (text == NULL)
		return true;
	refuse(r, 400, "invalid", "There is no such form of a statement", key,
	       "format: json, csv or text; language: ja or en");
	return false;
}

enum { AS_JSON, AS_CSV, AS_TEXT };

static void show(struct request *r, const struct bill *b, size_t format, bool japanese)
{
	size_t bytes = 0;
	FILE *f = format == AS_JSON ? NULL : open_memstream(&r->text, &bytes);
	if (format == AS_JSON) {
		r->json = bill_json(b);
		return;
	}
	if (f == NULL) {
		refuse_busy(r);
		return;
	}
	r->type = format == AS_CSV ? "text/csv; charset=utf-8" : "text/plain; charset=utf-8";
	if (format == AS_CSV)
		bill_csv(f, b);
	else
		bill_text(f, b, japanese);
	fclose(f);
}

static void make(struct request *r, struct bill *b, size_t format, bool japanese)
{
	struct rating_book *book = NULL;
	if (!book_open(r, &book))
		return;
	struct gathering g = {.api = r->api, .book = book, .bill = b};
	records_settle(r);
	int err = gather(&g);
	if (err == ERR_NOMEM)
		refuse_busy(r);
	else if (err)
		refuse_store(r, err, r->api->store);
	else
		show(r, b, format, japanese);
	statement_free(&b->statement);
	rating_book_free(book);
}

void statement_show(struct request *r)
{
	static const char *const formats[] = {"json", "csv", "text"}, *const languages[] = {"ja",
											    "en"};
	struct bill b = {0};
	size_t format, language;
	if (!find_customer(r, &b) || !month_of_query(r, "month", &b.month) ||
	    !one_of(r, "format", formats, 3, &format) ||
	    !one_of(r, "language", languages, 2, &language))
		return;
	b.whole = day_start_ms(day_next_month(b.month)) <= clock_wall_ms();
	statement_init(&b.statement);
	make(r, &b, format, language == 0);
}
