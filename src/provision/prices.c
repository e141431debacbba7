#include "provision/prices.h"

#include "base/err.h"

#include <stdlib.h>

static char *copy_of(struct slice s)
{
	char *copy = malloc(s.n + 1);
	if (copy == NULL)
		return NULL;
	if (s.n)
		memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return copy;
}

/* It was read once, when it was imported: what is wrong with it now is damage. */
static int add_list(void *book, const struct store_price_list *l)
{
	struct rating_faults *faults = malloc(sizeof(*faults));
	char *csv = copy_of(l->csv);
	struct rating_table *table = NULL;
	int err = ERR_NOMEM;
	if (faults && csv)
		err = rating_table_read(csv, l->csv.n, &table, faults);
	free(csv);
	free(faults);
	if (err == 0)
		err = rating_book_add(book, l->from_day, table);
	return err == ERR_INVALID ? ERR_DAMAGED : err;
}

int prices_load(struct store *s, struct rating_book **ret_book)
{
	struct rating_book *book = NULL;
	int err = rating_book_new(&book);
	if (err == 0)
		err = store_prices_each(s, add_list, book);
	if (err)
		rating_book_free(book);
	else
		*ret_book = book;
	return err;
}

static int count_list(void *count, const struct store_price_list *l)
{
	(void)l;
	++*(size_t *)count;
	return 0;
}

static int check_day(struct store *s, int32_t from_day, int64_t now_ms)
{
	size_t lists = 0;
	int err = store_prices_each(s, count_list, &lists);
	if (err)
		return err;
	return lists && from_day < day_first_of_month(day_of(now_ms)) ? ERR_DENIED : 0;
}

int prices_add(struct store *s, char *csv, size_t n, int32_t from_day, int64_t now_ms,
	       size_t *ret_rows, struct rating_faults *ret_faults)
{
	char *kept = copy_of(slice_of(csv, n)); /* reading takes it apart */
	struct rating_table *table = NULL;
	int err = kept ? rating_table_read(csv, n, &table, ret_faults) : ERR_NOMEM;
	if (err == 0)
		err = check_day(s, from_day, now_ms);
	struct store_price_list l = {.from_day = from_day,
				     .imported_at = now_ms,
				     .csv = slice_of(kept, n),
				     .row_count = table ? (uint32_t)rating_table_rows(table) : 0};
	if (err == 0)
		err = store_prices_add(s, &l);
	if (err == 0)
		*ret_rows = l.row_count;
	rating_table_free(table);
	free(kept);
	return err;
}
