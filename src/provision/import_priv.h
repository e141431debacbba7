/* One run of an import: its rows and what is wrong with them. */
#pragma once

#include "provision/draft.h"
#include "provision/import.h"
#include "provision/secrets.h"

struct import_row {
	struct draft draft; /* passwords point into the text */
	uint32_t line;
	char *option_hash;		 /* of a given option password; malloc'ed */
	char password[SECRET_CHARS + 1]; /* made; "": it was given */
};

struct import_bad {
	uint32_t line, other_line; /* other_line: where the same value stands already; 0: n/a */
	const struct fault *fault;
	const char *value; /* in the text; NULL: none to show, or a secret */
};

struct import_run {
	struct import *import;
	const char *domain;
	struct store *store;
	struct import_row *rows;
	size_t row_count, row_cap;
	struct import_bad *bad;
	size_t bad_count, bad_cap;
	bool no_memory;
};

/* ---- import_read.c: pure ---- */

/* Into rows and bad. NULL, or what is wrong with the file as a whole. */
const struct fault *import_read(struct import_run *run, char *text, size_t n);
/* Numbers and accounts that stand twice. */
void import_twice(struct import_run *run);
void import_bad_row(struct import_run *run, uint32_t line, const struct fault *fault,
		    const char *value, uint32_t other_line);
void import_forget(struct import_run *run);

/* ---- import_answer.c ---- */

char *import_answer_bad(struct import_run *run);
char *import_answer_good(const struct import_run *run);
