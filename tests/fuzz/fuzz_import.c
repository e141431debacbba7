/* Any bytes as a file to import: every mistake has its line, every row that passes is whole, and
 * the answer is JSON. */
#include "fuzz.h"
#include "provision/import_priv.h"

#include <jansson.h>
#include <string.h>

static uint32_t count_lines(const uint8_t *data, size_t size)
{
	uint32_t n = 1;
	for (size_t i = 0; i < size; i++)
		n += data[i] == '\n' || data[i] == '\r';
	return n;
}

static void check_rows(const struct import_run *run, uint32_t lines)
{
	for (size_t i = 0; i < run->row_count; i++) {
		const struct import_row *row = &run->rows[i];
		const struct draft *d = &row->draft;
		FUZZ_CHECK(row->line >= 2 && row->line <= lines);
		FUZZ_CHECK(strlen(d->number) == 11 && slice_is_digits(slice_str(d->number)));
		FUZZ_CHECK(strncmp(d->number, "050", 3) == 0);
		FUZZ_CHECK(strlen(d->account) == 8 && slice_is_digits(slice_str(d->account)));
		FUZZ_CHECK(draft_customer_good(d->customer));
		FUZZ_CHECK(d->channels >= 2 && d->channels <= 32);
		FUZZ_CHECK(d->password == NULL || strlen(d->password) >= 6);
	}
	for (size_t i = 0; i < run->bad_count; i++) {
		FUZZ_CHECK(run->bad[i].line >= 1 && run->bad[i].line <= lines);
		FUZZ_CHECK(run->bad[i].fault->message != NULL);
		FUZZ_CHECK(run->bad[i].other_line < run->bad[i].line);
	}
}

static void check_answer(char *text, size_t rows, const char *key)
{
	FUZZ_CHECK(text != NULL);
	json_t *answer = json_loads(text, 0, NULL);
	FUZZ_CHECK(answer != NULL);
	const json_t *holder = json_object_get(answer, "error");
	FUZZ_CHECK(json_array_size(json_object_get(holder ? holder : answer, key)) == rows);
	json_decref(answer);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import_run run = {0};
	char *text = malloc(size + 1);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	if (import_read(&run, text, size) == NULL) {
		import_twice(&run);
		check_rows(&run, count_lines(data, size));
		if (run.bad_count)
			check_answer(import_answer_bad(&run), run.bad_count, "rows");
		check_answer(import_answer_good(&run), 0, "passwords");
	}
	import_forget(&run);
	free(text);
	return 0;
}
