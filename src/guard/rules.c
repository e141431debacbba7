#include "guard/rules.h"

#include "base/err.h"
#include "guard/fraud.h"

#include <stdlib.h>

void fraud_rules_init(struct fraud_rules *r)
{
	*r = (struct fraud_rules){0};
}

void fraud_rules_free(struct fraud_rules *r)
{
	free(r->rules);
	free(r->holidays);
	*r = (struct fraud_rules){0};
}

int fraud_rules_add(struct fraud_rules *r, const struct fraud_rule *rule)
{
	if (r->count == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 8;
		struct fraud_rule *grown = realloc(r->rules, cap * sizeof(*grown));
		if (grown == NULL)
			return ERR_NOMEM;
		r->rules = grown;
		r->cap = cap;
	}
	r->rules[r->count++] = *rule;
	return 0;
}

static int compare_days(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	return (x > y) - (x < y);
}

/* The next word off the front; false: none is left. */
static bool next_day(struct slice *text, struct slice *ret_word)
{
	size_t from = 0, n = 0;
	while (from < text->n && strchr(", \t\r\n", text->p[from]))
		from++;
	*text = slice_from(*text, from);
	while (n < text->n && (text->p[n] == '\0' || !strchr(", \t\r\n", text->p[n])))
		n++;
	*ret_word = slice_first(*text, n);
	*text = slice_from(*text, n);
	return n > 0;
}

int fraud_rules_take_holidays(struct fraud_rules *r, struct slice text)
{
	struct slice word;
	int32_t day;
	free(r->holidays);
	r->holiday_count = 0;
	r->holidays = malloc(FRAUD_HOLIDAYS_MAX * sizeof(*r->holidays));
	if (r->holidays == NULL)
		return ERR_NOMEM;
	while (next_day(&text, &word)) {
		if (r->holiday_count == FRAUD_HOLIDAYS_MAX)
			return ERR_LIMIT;
		if (day_parse(word, &day) != 0)
			return ERR_SYNTAX;
		r->holidays[r->holiday_count++] = day;
	}
	qsort(r->holidays, r->holiday_count, sizeof(*r->holidays), compare_days);
	return 0;
}

static int compare_rules(const void *a, const void *b)
{
	const struct fraud_rule *x = a, *y = b;
	int c = (x->scope > y->scope) - (x->scope < y->scope);
	if (c == 0)
		c = strcmp(x->object, y->object);
	return c ? c : x->off_hours - y->off_hours;
}

void fraud_rules_settle(struct fraud_rules *r)
{
	if (r->count)
		qsort(r->rules, r->count, sizeof(*r->rules), compare_rules);
	for (size_t i = 0; i < r->count; i++) {
		const struct limits *l = &r->rules[i].limits;
		r->any |= limits_any(l);
		if (l->new_country_days > r->country_days_max)
			r->country_days_max = l->new_country_days;
	}
}

static void take(const struct fraud_rules *r, enum fraud_scope scope, struct slice object,
		 bool off_hours, struct limits *l)
{
	struct fraud_rule key = {.scope = scope, .off_hours = off_hours};
	if (r->count == 0 || slice_copy(object, key.object, sizeof(key.object)) != 0)
		return;
	const struct fraud_rule *rule =
		bsearch(&key, r->rules, r->count, sizeof(*r->rules), compare_rules);
	if (rule)
		limits_take(l, &rule->limits);
}

/* From the weakest to the strongest: the later one wins. */
void fraud_rules_limits(const struct fraud_rules *r, struct slice number, struct slice customer,
			int64_t wall_ms, struct limits *ret_limits)
{
	const struct slice objects[] = {[FRAUD_FOR_ALL] = SLICE(""),
					[FRAUD_FOR_CUSTOMER] = customer,
					[FRAUD_FOR_NUMBER] = number};
	bool off = limits_off_hours(wall_ms, r->holidays, r->holiday_count);
	*ret_limits = limits_unset;
	for (enum fraud_scope s = FRAUD_FOR_ALL; s <= FRAUD_FOR_NUMBER; s++) {
		take(r, s, objects[s], false, ret_limits);
		if (off)
			take(r, s, objects[s], true, ret_limits);
	}
	limits_settle(ret_limits);
}
