/* csv: rows of RFC 4180, read in place. Pure; quoted values may hold commas, quotes and line ends.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct csv {
	char *at;      /* NUL-terminated; values are unquoted in place */
	uint32_t line; /* that `at` stands in, from 1 */
};

enum csv_result {
	CSV_END,
	CSV_ROW,
	CSV_OPEN_QUOTE, /* the text ended within quotes; nothing can follow */
	CSV_STRAY_QUOTE /* something stood behind a closing quote; the row is to be refused */
};

/* The next row: up to max of its values; *ret_count how many it has in truth; *ret_line where it
 * begins. */
enum csv_result csv_row(struct csv *c, char **ret_values, size_t max, size_t *ret_count,
			uint32_t *ret_line);
