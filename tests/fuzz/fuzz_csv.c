/* Any text as rows of numbers: every byte is looked at once, and every value has a verdict. */
#include "base/csv.h"
#include "fuzz.h"
#include "provision/draft.h"

#include <string.h>

#define VALUES_MAX 12

static size_t lines_in(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == '\n' || (*text == '\r' && text[1] != '\n');
	return n;
}

static void check_fault(const struct fault *f)
{
	FUZZ_CHECK(!f || (f->code && f->message && f->message[0]));
}

static void check_value(const char *value, size_t column)
{
	struct draft d;

	draft_init(&d);
	const struct fault *f = draft_take(&d, (enum draft_column)column, value);
	check_fault(f);
	if (f || column != DRAFT_NUMBER || !value[0])
		return;
	/* A number that was taken is in its final form: taking that changes nothing. */
	char again[STORE_NUMBER_BYTES];
	FUZZ_CHECK(strlen(d.number) == 11 && draft_number(d.number, again) == NULL);
	FUZZ_CHECK(strcmp(again, d.number) == 0);
}

static void check_row(char *const *values, size_t count, const char *text, size_t size)
{
	for (size_t i = 0; i < count && i < VALUES_MAX; i++) {
		FUZZ_CHECK(values[i] >= text && values[i] <= text + size);
		FUZZ_CHECK(values[i] + strlen(values[i]) <= text + size);
		check_value(values[i], i % DRAFT_COLUMNS);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t line = 0, last = 0;
	char *values[VALUES_MAX];
	size_t count = 0, rows = 0;

	char *text = malloc(size + 1);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	size_t lines = lines_in(text);
	struct csv csv = {.at = text, .line = 1};
	for (enum csv_result r;
	     (r = csv_row(&csv, values, VALUES_MAX, &count, &line)) != CSV_END;) {
		FUZZ_CHECK(count > 0 && line > last && line <= lines && ++rows <= lines);
		check_row(values, count, text, size);
		last = line;
		FUZZ_CHECK(csv.at <= text + size);
		FUZZ_CHECK(r != CSV_OPEN_QUOTE || *csv.at == '\0');
	}
	free(text);
	return 0;
}
