#include "rating/table.h"

#include "base/err.h"
#include "rating/table_priv.h"

#include <stdio.h>
#include <stdlib.h>

void rating_row_key(const struct rating_row *row, char ret_key[RATING_KEY_BYTES])
{
	if (row->on_net || row->prefix[0])
		snprintf(ret_key, RATING_KEY_BYTES, "%c%s", row->on_net ? 'n' : 'p', row->prefix);
	else if (row->country)
		snprintf(ret_key, RATING_KEY_BYTES, "c%s", row->country->id);
	else if (row->class != PLAN_CLASSES)
		snprintf(ret_key, RATING_KEY_BYTES, "k%s", plan_class_word(row->class));
	else
		snprintf(ret_key, RATING_KEY_BYTES, "*");
}

int rating_row_compare(const void *a, const void *b)
{
	const struct rating_row *x = a, *y = b;
	int c = strcmp(x->key, y->key);
	if (c == 0)
		c = (x->from_day > y->from_day) - (x->from_day < y->from_day);
	return c ? c : (x->line > y->line) - (x->line < y->line);
}

void rating_table_free(struct rating_table *t)
{
	if (t == NULL)
		return;
	free(t->rows);
	free(t);
}

size_t rating_table_rows(const struct rating_table *t)
{
	return t->count;
}

const struct rating_row *rating_table_row(const struct rating_table *t, size_t i)
{
	return &t->rows[i];
}

/* The first row that has this key, or t->count. */
static size_t first_of(const struct rating_table *t, const char *key)
{
	size_t low = 0, high = t->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (strcmp(t->rows[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool same_country(const struct country *a, const struct country *b)
{
	return b != NULL && strcmp(a->id, b->id) == 0;
}

/* Beyond the key, by which it was found. */
static bool fits(const struct rating_row *row, const struct rating_charge *c, int32_t day)
{
	return day >= row->from_day && day <= row->to_day &&
	       (row->class == PLAN_CLASSES || row->class == c->class) &&
	       (row->country == NULL || same_country(row->country, c->country));
}

static const struct rating_row *find(const struct rating_table *t, const char *key,
				     const struct rating_charge *c, int32_t day)
{
	for (size_t i = first_of(t, key); i < t->count && strcmp(t->rows[i].key, key) == 0; i++) {
		if (fits(&t->rows[i], c, day))
			return &t->rows[i];
	}
	return NULL;
}

/* kind: 'p', or 'n' of calls on net, of which a row without a prefix takes all. */
static const struct rating_row *find_prefix(const struct rating_table *t, char kind,
					    const char *digits, const struct rating_charge *c,
					    int32_t day)
{
	char key[RATING_KEY_BYTES];
	const struct rating_row *row = NULL;
	size_t least = kind == 'n' ? 1 : 2;
	snprintf(key, sizeof(key), "%c%s", kind, digits);
	for (size_t n = strlen(key); row == NULL && n >= least; n--) {
		key[n] = '\0';
		row = find(t, key, c, day);
	}
	return row;
}

static const struct rating_row *find_row(const struct rating_table *t, const char *digits,
					 const struct rating_charge *c, int32_t day)
{
	char key[RATING_KEY_BYTES];
	const struct rating_row *row = c->on_net ? find_prefix(t, 'n', digits, c, day) : NULL;
	if (row == NULL)
		row = find_prefix(t, 'p', digits, c, day);
	if (row == NULL && c->country) {
		snprintf(key, sizeof(key), "c%s", c->country->id);
		row = find(t, key, c, day);
	}
	if (row == NULL) {
		snprintf(key, sizeof(key), "k%s", plan_class_word(c->class));
		row = find(t, key, c, day);
	}
	return row ? row : find(t, "*", c, day);
}

static int64_t rounded(int64_t uyen, enum rating_rounding rounding)
{
	switch (rounding) {
	case RATING_HALF_UP:
		uyen += UYEN_PER_YEN / 2;
		return uyen - uyen % UYEN_PER_YEN;
	case RATING_DOWN:
		return uyen - uyen % UYEN_PER_YEN;
	case RATING_EXACT:
		break;
	}
	return uyen;
}

static void charge(const struct rating_row *row, int64_t talk_ms, struct rating_charge *c)
{
	int64_t unit_ms = (int64_t)row->unit_s * 1000;
	c->row = row;
	if (talk_ms <= 0)
		return;
	c->units = (uint64_t)((talk_ms - 1) / unit_ms + 1);
	/* What a clock that jumped makes of a call must not overflow: 1e12 a unit, 1e6 units. */
	if (c->units > 1000000)
		c->units = 1000000;
	c->uyen = rounded(row->fee_uyen + (int64_t)c->units * row->price_uyen, row->rounding);
}

void rating_charge_of(const struct rating_table *t, const struct rating_call *call,
		      struct rating_charge *ret_charge)
{
	static const struct plan_line line = {.international = true};
	struct plan_verdict v;
	plan_check(&line, call->to, &v);
	struct rating_charge c = {
		.class = v.class,
		.country = v.country,
		.on_net = call->on_net && v.class != PLAN_SERVICE_CODE,
	};
	const struct rating_row *row =
		t ? find_row(t, v.dialled.digits, &c, day_of(call->started_at_ms)) : NULL;
	if (row)
		charge(row, call->talk_ms, &c);
	*ret_charge = c;
}

const char *rating_rounding_word(enum rating_rounding r)
{
	static const char *const words[] = {"down", "half_up", "exact"};
	return words[r];
}
