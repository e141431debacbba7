/* Price lists for tests, from text. */
#pragma once

#include "base/err.h"
#include "rating/book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline int32_t a_day(const char *text)
{
	int32_t d = 0;
	assert_int_equal(day_parse(slice_str(text), &d), 0);
	return d;
}

static inline struct rating_table *a_list(const char *csv)
{
	struct rating_table *t = NULL;
	struct rating_faults faults;
	char *copy = strdup(csv);
	assert_non_null(copy);
	if (rating_table_read(copy, strlen(copy), &t, &faults) != 0)
		fail_msg("line %u: %s", faults.v[0].line, faults.v[0].message);
	free(copy);
	return t;
}

/* At ten in the morning. */
static inline struct rating_call a_call(const char *to, const char *day, int64_t talk_ms)
{
	return (struct rating_call){.to = slice_str(to),
				    .started_at_ms = day_start_ms(a_day(day)) + 36000000,
				    .talk_ms = talk_ms};
}
