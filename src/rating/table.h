/*
 * rating: what calls cost. Pure: values in, amounts out; no clock, no store.
 *
 * A table is one price list, read from the operator's CSV and never changed afterwards. A book
 * (rating/book.h) holds the lists in the order in which they came into force, and finds the one
 * that a call's day belongs to; so a new list leaves what was before it as it was. Calls are rated
 * when somebody asks (a statement, a query, the fraud guard), not when they end: a call costs
 * nothing for it, and what is asked twice is answered alike.
 *
 * The rules:
 *  - time is charged in units that were begun: units = ceil(talk time / unit), at least one;
 *  - a call costs fee + units * price, and is then rounded to whole yen as its row says;
 *  - what was not answered costs nothing;
 *  - prices are without tax; tax is a statement's (rating/statement.h).
 */
#pragma once

#include "base/day.h"
#include "policy/plan.h"
#include "rating/money.h"

#define RATING_UNIT_S_MAX  3600
#define RATING_ROWS_MAX	   20000
#define RATING_BYTES_MAX   ((size_t)4 << 20)
#define RATING_FAULTS_MAX  100
#define RATING_KEY_BYTES   (DIAL_BYTES + 2)
#define RATING_TAX_PERCENT 10 /* of what is not told otherwise */

enum rating_rounding {
	RATING_DOWN,	/* a part of a yen is not charged */
	RATING_HALF_UP, /* half a yen and more becomes one */
	RATING_EXACT	/* kept; the statement rounds the sum */
};

/* What must fit for a row to apply; the row with the longest prefix wins over one for a country,
 * that over one for a class, and that over one for everything. Between numbers of the operator's
 * own (on net) only rows of the class "on_net" apply, where there are any; a service of ours is
 * nobody's number. */
struct rating_row {
	char key[RATING_KEY_BYTES];    /* what rows are found by */
	enum plan_class class;	       /* PLAN_CLASSES: any */
	const struct country *country; /* by its id; NULL: any */
	char prefix[DIAL_BYTES]; /* of the number as plan.h makes it: "0312", "0101876"; "": any */
	bool on_net;
	int64_t price_uyen, fee_uyen; /* of a unit; of a call */
	uint32_t unit_s;
	uint8_t tax_percent;
	enum rating_rounding rounding;
	int32_t from_day, to_day; /* both included */
	uint32_t line;
};

/* What is wrong with a price list. Texts are static or point into the list's. */
struct rating_fault {
	uint32_t line, other_line; /* other_line: of the row that it collides with; 0: none */
	const char *column;	   /* NULL: the whole row */
	const char *value;	   /* NULL: none to show */
	const char *message, *hint;
};
struct rating_faults {
	struct rating_fault v[RATING_FAULTS_MAX];
	size_t count; /* above RATING_FAULTS_MAX: there were more */
};

struct rating_table;

/*
 * csv: NUL-terminated behind n bytes, taken apart in place; need not outlive the table, but must
 * outlive the faults. Line 1 names the columns: price and unit, and as wanted class, country,
 * prefix, fee, tax, rounding, valid_from, valid_to. 0; ERR_INVALID (*ret_faults tells), ERR_NOMEM.
 */
int rating_table_read(char *csv, size_t n, struct rating_table **ret_table,
		      struct rating_faults *ret_faults);
void rating_table_free(struct rating_table *t);
size_t rating_table_rows(const struct rating_table *t);
/* In the order in which they are sought: by kind, then key, then day. */
const struct rating_row *rating_table_row(const struct rating_table *t, size_t i);

struct rating_call {
	struct slice to; /* as dialled, or as plan.h made it */
	bool on_net;
	int64_t started_at_ms; /* wall: the day whose price counts */
	int64_t talk_ms;       /* 0: not answered */
};

struct rating_charge {
	enum plan_class class;
	const struct country *country; /* NULL: none */
	bool on_net;
	const struct rating_row *row; /* NULL: the list has no price for it */
	uint64_t units;
	int64_t uyen;
};

/* t: NULL: no list. Class and country are filled in any case. */
void rating_charge_of(const struct rating_table *t, const struct rating_call *c,
		      struct rating_charge *ret_charge);
const char *rating_rounding_word(enum rating_rounding r);
