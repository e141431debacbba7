/*
 * statement: what a customer owes for a month: calls of each number gathered by class, country and
 * rate of tax, and channel-up fees.
 *
 * Amounts stay exact until they are summed: for each rate of tax all lines of the statement are
 * added up, the sum is rounded down to whole yen, and its tax is worked out once and rounded down
 * (one rounding for each rate and document, as the rules for qualified invoices want it).
 */
#pragma once

#include "rating/channels.h"
#include "rating/table.h"

#define STATEMENT_NUMBER_BYTES 24
#define STATEMENT_RATES_MAX    101

struct statement_calls {
	char number[STATEMENT_NUMBER_BYTES];
	enum plan_class class;
	const struct country *country; /* NULL: none */
	bool on_net,
		priced; /* priced false: the price list has no row for them; they cost nothing */
	uint8_t tax_percent;
	uint64_t calls;
	int64_t talk_ms, uyen;
};

struct statement_channels {
	char number[STATEMENT_NUMBER_BYTES];
	struct channels_fee fee;
};

struct statement_sum {
	uint8_t tax_percent;
	int64_t net_yen, tax_yen;
};

struct statement {
	struct statement_calls *calls; /* by number, on net, class, country, rate once closed */
	size_t calls_count, calls_cap;
	struct statement_channels *channels; /* those that cost something */
	size_t channels_count, channels_cap;
	struct statement_sum sums[STATEMENT_RATES_MAX]; /* falling rates, those that occur */
	size_t sum_count;
	int64_t net_yen, tax_yen, total_yen;
	uint64_t unpriced; /* calls without a price */
	bool no_memory;
};

void statement_init(struct statement *s);
void statement_free(struct statement *s);
/* A test call (*43) without a price is no part of it. */
void statement_add_call(struct statement *s, struct slice number, const struct rating_charge *c,
			int64_t talk_ms);
void statement_add_channels(struct statement *s, struct slice number,
			    const struct channels_fee *fee);
/* Sorts and sums. 0 or ERR_NOMEM (also of what was added before). */
int statement_close(struct statement *s);
