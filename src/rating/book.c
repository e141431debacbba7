#include "rating/book.h"

#include "base/err.h"

#include <stdlib.h>

struct rating_book {
	struct entry {
		int32_t from_day;
		struct rating_table *table;
	} * entries; /* by from_day */
	size_t count;
};

int rating_book_new(struct rating_book **ret_book)
{
	struct rating_book *b = calloc(1, sizeof(*b));
	if (b == NULL)
		return ERR_NOMEM;
	*ret_book = b;
	return 0;
}

void rating_book_free(struct rating_book *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->count; i++)
		rating_table_free(b->entries[i].table);
	free(b->entries);
	free(b);
}

/* How many lists were in force by then; the last of them is the one of that day. */
static size_t in_force(const struct rating_book *b, int32_t day)
{
	size_t n = b->count;
	while (n > 0 && b->entries[n - 1].from_day > day)
		n--;
	return n;
}

int rating_book_add(struct rating_book *b, int32_t from_day, struct rating_table *t)
{
	struct entry *grown = realloc(b->entries, (b->count + 1) * sizeof(*grown));
	if (grown == NULL) {
		rating_table_free(t);
		return ERR_NOMEM;
	}
	b->entries = grown;
	size_t at = in_force(b, from_day);
	memmove(grown + at + 1, grown + at, (b->count - at) * sizeof(*grown));
	grown[at] = (struct entry){from_day, t};
	b->count++;
	return 0;
}

const struct rating_table *rating_book_of(const struct rating_book *b, int32_t day)
{
	size_t n = in_force(b, day);
	return n ? b->entries[n - 1].table : NULL;
}

void rating_book_charge(const struct rating_book *b, const struct rating_call *c,
			struct rating_charge *ret_charge)
{
	rating_charge_of(rating_book_of(b, day_of(c->started_at_ms)), c, ret_charge);
}
