/*
 * book: the price lists in the order in which they came into force. A list applies from its first
 * day until the day before the next one's, so that a new list leaves the past as it was. Of two
 * lists with the same first day the one that was added later applies.
 */
#pragma once

#include "rating/table.h"

struct rating_book;

int rating_book_new(struct rating_book **ret_book);
void rating_book_free(struct rating_book *b);
/* Takes the table over, also when it fails. 0 or ERR_NOMEM. */
int rating_book_add(struct rating_book *b, int32_t from_day, struct rating_table *t);
/* The list of that day; NULL: none. */
const struct rating_table *rating_book_of(const struct rating_book *b, int32_t day);
/* As rating_charge_of, by the list of the call's day. */
void rating_book_charge(const struct rating_book *b, const struct rating_call *c,
			struct rating_charge *ret_charge);
