/* Any text as a price list: it is refused with a reason, or rates every call within bounds. */
#include "base/err.h"
#include "fuzz.h"
#include "rating/table.h"

#include <string.h>

static void check_faults(const struct rating_faults *f)
{
	FUZZ_CHECK(f->count > 0);
	for (size_t i = 0; i < f->count && i < RATING_FAULTS_MAX; i++)
		FUZZ_CHECK(f->v[i].line > 0 && f->v[i].message && f->v[i].message[0]);
}

static void check_rows(const struct rating_table *t)
{
	size_t n = rating_table_rows(t);
	FUZZ_CHECK(n > 0);
	for (size_t i = 0; i < n; i++) {
		const struct rating_row *row = rating_table_row(t, i);
		FUZZ_CHECK(row->unit_s > 0 && row->price_uyen >= 0 && row->fee_uyen >= 0);
		FUZZ_CHECK(row->from_day <= row->to_day && row->tax_percent <= 100);
		FUZZ_CHECK(i == 0 || strcmp(rating_table_row(t, i - 1)->key, row->key) <= 0);
	}
}

static void check_charges(const struct rating_table *t)
{
	static const char *const numbers[] = {
		"05010000014", "0312345678", "09012345678", "01012125551234", "0101876123456",
		"0120123456",  "",	     "what"};
	for (size_t i = 0; i < 2 * sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct rating_call c = {.to = slice_str(numbers[i / 2]),
					.on_net = i % 2,
					.started_at_ms = 1764082800000,
					.talk_ms = (int64_t)1 << (i * 3)};
		struct rating_charge charge, longer;
		rating_charge_of(t, &c, &charge);
		FUZZ_CHECK(charge.uyen >= 0 && (charge.row || charge.uyen == 0));
		c.talk_ms *= 2;
		rating_charge_of(t, &c, &longer);
		FUZZ_CHECK(longer.uyen >= charge.uyen && longer.row == charge.row);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rating_faults faults;
	struct rating_table *t = NULL;
	char *text = malloc(size + 1);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	int err = rating_table_read(text, size, &t, &faults);
	FUZZ_CHECK(err == 0 || err == ERR_INVALID || err == ERR_NOMEM);
	if (err == ERR_INVALID)
		check_faults(&faults);
	if (err == 0) {
		check_rows(t);
		check_charges(t);
	}
	rating_table_free(t);
	free(text);
	return 0;
}
