/* Inside the room: a price list in memory. */
#pragma once

#include "rating/table.h"

struct rating_table {
	struct rating_row *rows; /* sorted by key, then from_day */
	size_t count, cap;
};

/* Which of the row's conditions names it: "p0312", "cUS", "kmobile", "*"; on net "n", "n050". */
void rating_row_key(const struct rating_row *row, char ret_key[RATING_KEY_BYTES]);
int rating_row_compare(const void *a, const void *b);
