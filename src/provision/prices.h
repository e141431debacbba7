/*
 * prices: the operator's price lists, kept in the store as they came and read into a book.
 */
#pragma once

#include "rating/book.h"
#include "store/store.h"

/* All lists. 0, ERR_NOMEM, ERR_DAMAGED (one that cannot be read any more), or what the store says.
 */
int prices_load(struct store *s, struct rating_book **ret_book);
/*
 * Checks a list and keeps it, durable when it returns, in force from from_day on. A list may not
 * begin before the month of today, for what was billed stays; the first one may. csv: taken apart
 * in place, NUL-terminated behind n. 0; ERR_INVALID (*ret_faults tells); ERR_DENIED (from_day);
 * ERR_NOMEM; what the store says.
 */
int prices_add(struct store *s, char *csv, size_t n, int32_t from_day, int64_t now_ms,
	       size_t *ret_rows, struct rating_faults *ret_faults);
