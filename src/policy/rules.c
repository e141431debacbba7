#include "policy/rules.h"

#include "base/err.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct plan_rules {
	_Atomic uint32_t refs;
	size_t count;
	struct plan_rule rules[]; /* by scope, who, about, key */
};

/* What a rule is found by. */
struct place {
	enum plan_scope scope;
	struct slice who;
	enum plan_about about;
	struct slice key;
};

static int compare_text(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	return c ? c : (a.n > b.n) - (a.n < b.n);
}

static int compare(const struct place *a, const struct place *b)
{
	if (a->scope != b->scope)
		return a->scope < b->scope ? -1 : 1;
	int c = compare_text(a->who, b->who);
	if (c)
		return c;
	if (a->about != b->about)
		return a->about < b->about ? -1 : 1;
	return compare_text(a->key, b->key);
}

static struct place place_of(const struct plan_rule *r)
{
	return (struct place){r->scope, slice_str(r->who), r->about, slice_str(r->key)};
}

static int compare_rules(const void *a, const void *b)
{
	struct place x = place_of(a), y = place_of(b);
	return compare(&x, &y);
}

int plan_rules_new(const struct plan_rule *rules, size_t count, struct plan_rules **ret_rules)
{
	struct plan_rules *r = malloc(sizeof(*r) + count * sizeof(r->rules[0]));
	if (r == NULL)
		return ERR_NOMEM;
	atomic_init(&r->refs, 1);
	r->count = count;
	if (count)
		memcpy(r->rules, rules, count * sizeof(r->rules[0]));
	qsort(r->rules, count, sizeof(r->rules[0]), compare_rules);
	for (size_t i = 1; i < count; i++) {
		if (compare_rules(&r->rules[i - 1], &r->rules[i]) == 0) {
			free(r);
			return ERR_EXISTS;
		}
	}
	*ret_rules = r;
	return 0;
}

const struct plan_rules *plan_rules_ref(const struct plan_rules *rules)
{
	if (rules)
		atomic_fetch_add(&((struct plan_rules *)rules)->refs, 1);
	return rules;
}

void plan_rules_unref(const struct plan_rules *rules)
{
	struct plan_rules *r = (struct plan_rules *)rules;
	if (r && atomic_fetch_sub(&r->refs, 1) == 1)
		free(r);
}

size_t plan_rules_count(const struct plan_rules *rules)
{
	return rules ? rules->count : 0;
}

/* The first rule that stands at this place or behind it. */
static size_t lower_bound(const struct plan_rules *rules, const struct place *at)
{
	size_t low = 0, high = rules->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		struct place p = place_of(&rules->rules[middle]);
		if (compare(&p, at) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct plan_rule *find(const struct plan_rules *rules, const struct place *at)
{
	size_t i = lower_bound(rules, at);
	if (i == rules->count)
		return NULL;
	struct place p = place_of(&rules->rules[i]);
	return compare(&p, at) == 0 ? &rules->rules[i] : NULL;
}

bool plan_rules_about(const struct plan_rules *rules, enum plan_scope scope, struct slice who)
{
	struct place first = {.scope = scope, .who = who};
	if (rules == NULL)
		return false;
	size_t i = lower_bound(rules, &first);
	return i < rules->count && rules->rules[i].scope == scope &&
	       slice_eq(slice_str(rules->rules[i].who), who);
}

static const struct plan_rule *of_scope(const struct plan_rules *rules, struct place at,
					const struct plan_question *q)
{
	const struct plan_rule *r = NULL;
	if (!plan_rules_about(rules, at.scope, at.who))
		return NULL;
	at.about = PLAN_ABOUT_PREFIX;
	for (size_t n = q->digits.n; n > 0 && r == NULL; n--) {
		at.key = slice_first(q->digits, n);
		r = find(rules, &at);
	}
	if (r == NULL && q->country.n) {
		at.about = PLAN_ABOUT_COUNTRY;
		at.key = q->country;
		r = find(rules, &at);
	}
	if (r == NULL) {
		at.about = PLAN_ABOUT_CLASS;
		at.key = q->class;
		r = find(rules, &at);
	}
	return r;
}

const struct plan_rule *plan_rules_decide(const struct plan_rules *rules,
					  const struct plan_question *q)
{
	const struct place scopes[] = {
		{.scope = PLAN_FOR_NUMBER, .who = q->number},
		{.scope = PLAN_FOR_CUSTOMER, .who = q->customer},
		{.scope = PLAN_FOR_ALL, .who = SLICE("")},
	};
	const struct plan_rule *r = NULL;
	for (size_t i = 0; rules && rules->count && r == NULL && i < PLAN_SCOPES; i++)
		r = of_scope(rules, scopes[i], q);
	return r;
}

int plan_rule_prefix(struct slice text, char ret_digits[DIAL_BYTES])
{
	struct dialled d;
	int err = dial_normalise(text, &d);
	if (err)
		return err;
	if (d.presentation != DIAL_DEFAULT || d.digits[strspn(d.digits, "0123456789")] != '\0')
		return ERR_SYNTAX;
	memcpy(ret_digits, d.digits, sizeof(d.digits));
	return 0;
}

const char *plan_scope_word(enum plan_scope scope)
{
	static const char *const words[] = {"all", "customer", "number"};
	return words[scope];
}

const char *plan_about_word(enum plan_about about)
{
	static const char *const words[] = {"class", "country", "prefix"};
	return words[about];
}
