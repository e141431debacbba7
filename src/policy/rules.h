/*
 * rules: what the operator allows and denies beyond the numbering plan: a class, a country or a
 * prefix, for everybody, for a customer, or for one number. Pure.
 *
 * Of the rules that fit, those of the line's own number count before those of its customer, and
 * these before those for all; among them the longest prefix, then the country, then the class. No
 * two rules say something about the same, so there is never a tie.
 *
 * A set of rules never changes: it is made whole, shared by reference, and replaced by the next.
 */
#pragma once

#include "policy/dial.h"

#include <stdint.h>

enum plan_scope { PLAN_FOR_ALL, PLAN_FOR_CUSTOMER, PLAN_FOR_NUMBER, PLAN_SCOPES };
/* What a rule is about; the greater is the more specific. */
enum plan_about { PLAN_ABOUT_CLASS, PLAN_ABOUT_COUNTRY, PLAN_ABOUT_PREFIX, PLAN_ABOUTS };

#define PLAN_WHO_BYTES 24

struct plan_rule {
	uint64_t id;
	enum plan_scope scope;
	enum plan_about about;
	char who[PLAN_WHO_BYTES]; /* the customer's code, the number; "" for all */
	char key[DIAL_BYTES]; /* the class's word, the country's id, or digits in canonical form */
	bool allow;
};

struct plan_rules;

/* Of copies. 0; ERR_EXISTS: two are about the same; ERR_NOMEM. */
int plan_rules_new(const struct plan_rule *rules, size_t count, struct plan_rules **ret_rules);
const struct plan_rules *plan_rules_ref(const struct plan_rules *rules);
void plan_rules_unref(const struct plan_rules *rules); /* NULL is ignored */
size_t plan_rules_count(const struct plan_rules *rules);
/* Is there a rule of this scope for whom? */
bool plan_rules_about(const struct plan_rules *rules, enum plan_scope scope, struct slice who);

struct plan_question {
	struct slice number, customer; /* of the line */
	struct slice digits;	       /* dialled, canonical */
	struct slice class, country;   /* word and id; empty: none */
};
/* The rule that decides; NULL: none has anything to say. rules may be NULL. */
const struct plan_rule *plan_rules_decide(const struct plan_rules *rules,
					  const struct plan_question *q);

/* A prefix as the operator writes it ("+852", "010-852", "03", full width) into the form that
 * dialled numbers have. 0 or ERR_SYNTAX: nothing that a number could begin with. */
int plan_rule_prefix(struct slice text, char ret_digits[DIAL_BYTES]);

const char *plan_scope_word(enum plan_scope scope); /* "all", "customer", "number" */
const char *plan_about_word(enum plan_about about); /* "class", "country", "prefix" */
