/* A customer's statement of a month, and the ways it is shown. */
#pragma once

#include "api/api_priv.h"
#include "rating/statement.h"

struct bill {
	char code[STORE_CUSTOMER_BYTES], name[256];
	int32_t month; /* its first day */
	bool whole;    /* the month is over */
	struct statement statement;
};

json_t *bill_json(const struct bill *b);
void bill_csv(FILE *f, const struct bill *b);
void bill_text(FILE *f, const struct bill *b, bool japanese);
