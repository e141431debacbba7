#include "policy/plan.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

#define ANY PLAN_ANY

static const struct plan_table_row rows[] = {
	{"0", 10, 10, PLAN_GEOGRAPHIC, PLAN_ALLOWED},
	/* 03 and 04 are area codes; behind them no exchange begins with 0. */
	{"030", 1, ANY, PLAN_UNKNOWN, PLAN_NO_NO_SUCH_NUMBER},
	{"040", 1, ANY, PLAN_UNKNOWN, PLAN_NO_NO_SUCH_NUMBER},
	{"050", 11, 11, PLAN_IP_PHONE, PLAN_ALLOWED},
	{"0500", 1, ANY, PLAN_UNKNOWN, PLAN_NO_NO_SUCH_NUMBER},
	{"060", 11, 11, PLAN_MOBILE, PLAN_ALLOWED},
	{"0600", 1, ANY, PLAN_UNKNOWN, PLAN_NO_NO_SUCH_NUMBER},
	{"070", 11, 11, PLAN_MOBILE, PLAN_ALLOWED},
	{"0700", 1, ANY, PLAN_UNKNOWN, PLAN_NO_NO_SUCH_NUMBER},
	{"080", 11, 11, PLAN_MOBILE, PLAN_ALLOWED},
	{"0800", 11, 11, PLAN_FREEPHONE, PLAN_NO_FREEPHONE},
	{"090", 11, 11, PLAN_MOBILE, PLAN_ALLOWED},
	{"0900", 1, ANY, PLAN_UNKNOWN, PLAN_NO_NO_SUCH_NUMBER},
	{"020", 11, 11, PLAN_M2M, PLAN_NO_M2M},
	{"0200", 14, 14, PLAN_M2M, PLAN_NO_M2M},
	{"0120", 10, 10, PLAN_FREEPHONE, PLAN_NO_FREEPHONE},
	{"0570", 10, 10, PLAN_NAVI, PLAN_NO_NAVI},
	{"0180", 10, 10, PLAN_NAVI, PLAN_NO_NAVI},
	{"0170", 10, 10, PLAN_NAVI, PLAN_NO_NAVI},
	{"0990", 10, 10, PLAN_NAVI, PLAN_NO_NAVI},
	{"091", 1, ANY, PLAN_DESIGNATED, PLAN_NO_DESIGNATED},
	{"00", 1, ANY, PLAN_CARRIER_SELECT, PLAN_NO_CARRIER_SELECT},
	/* 010, then 7 to 15 digits: the shortest numbers abroad are 3 + 4 (Niue). */
	{"010", 10, 18, PLAN_INTERNATIONAL, PLAN_ALLOWED},
	{"1", 3, 3, PLAN_SPECIAL_1XY, PLAN_NO_SPECIAL_1XY},
	{"110", 3, 3, PLAN_EMERGENCY, PLAN_NO_EMERGENCY},
	{"118", 3, 3, PLAN_EMERGENCY, PLAN_NO_EMERGENCY},
	{"119", 3, 3, PLAN_EMERGENCY, PLAN_NO_EMERGENCY},
	{"2", 1, ANY, PLAN_NO_AREA_CODE, PLAN_NO_NO_AREA_CODE},
	{"3", 1, ANY, PLAN_NO_AREA_CODE, PLAN_NO_NO_AREA_CODE},
	{"4", 1, ANY, PLAN_NO_AREA_CODE, PLAN_NO_NO_AREA_CODE},
	{"5", 1, ANY, PLAN_NO_AREA_CODE, PLAN_NO_NO_AREA_CODE},
	{"6", 1, ANY, PLAN_NO_AREA_CODE, PLAN_NO_NO_AREA_CODE},
	{"7", 1, ANY, PLAN_NO_AREA_CODE, PLAN_NO_NO_AREA_CODE},
	{"8", 1, ANY, PLAN_NO_AREA_CODE, PLAN_NO_NO_AREA_CODE},
	{"9", 1, ANY, PLAN_NO_AREA_CODE, PLAN_NO_NO_AREA_CODE},
	{"#", 1, ANY, PLAN_HASH_CODE, PLAN_NO_HASH_CODE},
	{"*", 1, ANY, PLAN_SERVICE_CODE, PLAN_NO_NO_SERVICE_CODE},
	{"*43", 3, 3, PLAN_SERVICE_CODE, PLAN_ALLOWED}, /* echo test */
	{"*44", 3, 3, PLAN_SERVICE_CODE, PLAN_ALLOWED}, /* quality test */
};

const struct plan_table_row *plan_table_at(size_t i)
{
	return i < sizeof(rows) / sizeof(rows[0]) ? &rows[i] : NULL;
}

static const struct plan_table_row *row_of(const char *digits)
{
	const struct plan_table_row *best = NULL;
	size_t best_n = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].prefix);
		if (n > best_n && strncmp(digits, rows[i].prefix, n) == 0) {
			best = &rows[i];
			best_n = n;
		}
	}
	return best;
}

static enum plan_reason reason_abroad(const struct plan_line *line, struct plan_verdict *v)
{
	v->country = country_of(slice_str(v->dialled.digits + 3));
	v->decider = v->country ? PLAN_BY_PERMISSION : PLAN_BY_COUNTRY;
	if (v->country == NULL)
		return PLAN_NO_NO_COUNTRY;
	return line->international ? PLAN_ALLOWED : PLAN_NO_INTERNATIONAL;
}

/* Only plain digits are of the plan; "0*5" is nobody's number. */
static bool digits_only(const char *digits)
{
	return digits[strspn(digits, "0123456789")] == '\0';
}

static enum plan_reason count_digits(const struct plan_verdict *v)
{
	size_t n = strlen(v->dialled.digits);
	if (n < v->row->digits_min)
		return PLAN_NO_INCOMPLETE;
	return n > v->row->digits_max ? PLAN_NO_TOO_MANY_DIGITS : PLAN_ALLOWED;
}

static enum plan_reason judge(const struct plan_line *line, struct plan_verdict *v)
{
	const char *digits = v->dialled.digits;
	const struct plan_table_row *row = row_of(digits);
	v->row = row;
	v->class = row ? row->class : PLAN_UNKNOWN;
	if (row == NULL)
		return PLAN_NO_NOT_A_NUMBER;
	v->decider = PLAN_BY_ROW;
	if (v->class == PLAN_HASH_CODE || v->class == PLAN_SERVICE_CODE)
		return strlen(digits) > row->digits_max ? PLAN_NO_NO_SERVICE_CODE : row->reason;
	if (!digits_only(digits)) {
		v->decider = PLAN_BY_FORM;
		return PLAN_NO_NOT_A_NUMBER;
	}
	/* Whoever may not call a class is told so before he is told to count. */
	if (row->reason != PLAN_ALLOWED && v->class != PLAN_SPECIAL_1XY &&
	    v->class != PLAN_EMERGENCY)
		return row->reason;
	enum plan_reason counted = count_digits(v);
	if (counted == PLAN_NO_TOO_MANY_DIGITS &&
	    (v->class == PLAN_SPECIAL_1XY || v->class == PLAN_EMERGENCY))
		return PLAN_NO_NO_SUCH_NUMBER;
	if (counted != PLAN_ALLOWED)
		return counted;
	return v->class == PLAN_INTERNATIONAL ? reason_abroad(line, v) : row->reason;
}

/* It could be called if those in charge wished so. */
static bool is_whole(const struct plan_verdict *v)
{
	return v->reason == PLAN_ALLOWED || v->reason == PLAN_NO_INTERNATIONAL ||
	       v->reason == PLAN_NO_BLOCKED || v->reason == PLAN_NO_COUNTRY_BLOCKED;
}

/* Refused for its class alone, and the class can be opened. */
static bool is_closed(const struct plan_verdict *v)
{
	return v->row && v->reason != PLAN_ALLOWED && v->reason == v->row->reason &&
	       plan_class_opens(v->class);
}

static const struct plan_rule *rule_of(const struct plan_line *line, const struct plan_verdict *v)
{
	struct plan_question q = {
		.number = line->number,
		.customer = line->customer,
		.digits = slice_str(v->dialled.digits),
		.class = slice_str(plan_class_word(v->class)),
		.country = slice_str(v->country ? v->country->id : ""),
	};
	return plan_rules_decide(line->rules, &q);
}

/* The permission to call abroad stands beside the rules: one does not replace the other. */
static void apply_rules(const struct plan_line *line, struct plan_verdict *v)
{
	const struct plan_rule *rule = is_whole(v) || is_closed(v) ? rule_of(line, v) : NULL;
	if (rule == NULL)
		return;
	if (rule->allow && is_closed(v))
		v->reason = count_digits(v);
	else if (!rule->allow && is_whole(v))
		v->reason = v->country ? PLAN_NO_COUNTRY_BLOCKED : PLAN_NO_BLOCKED;
	if (rule->allow ? v->reason != PLAN_ALLOWED : !is_whole(v))
		return;
	v->decider = PLAN_BY_RULE;
	v->rule = rule->id;
}

/* 1XY and codes have none. */
static void write_e164(struct plan_verdict *v)
{
	const char *digits = v->dialled.digits;
	if (!is_whole(v) || digits[0] != '0')
		return;
	v->e164[0] = '+';
	if (v->class == PLAN_INTERNATIONAL) {
		strcpy(v->e164 + 1, digits + 3);
	} else {
		memcpy(v->e164 + 1, "81", 2);
		strcpy(v->e164 + 3, digits + 1);
	}
}

void plan_check(const struct plan_line *line, struct slice user, struct plan_verdict *ret_verdict)
{
	struct plan_verdict v = {.class = PLAN_UNKNOWN, .reason = PLAN_NO_NOT_A_NUMBER};
	if (dial_normalise(user, &v.dialled) == 0) {
		v.reason = judge(line, &v);
		apply_rules(line, &v);
		write_e164(&v);
	}
	*ret_verdict = v;
}

const char *plan_decided_by(const struct plan_verdict *v, char ret_text[PLAN_DECIDED_BYTES])
{
	static const char *const words[] = {"form", "", "country", "permission"};
	if (v->decider == PLAN_BY_RULE)
		snprintf(ret_text, PLAN_DECIDED_BYTES, "rule:%llu", (unsigned long long)v->rule);
	else if (v->decider == PLAN_BY_ROW)
		snprintf(ret_text, PLAN_DECIDED_BYTES, "plan:%s", v->row->prefix);
	else
		snprintf(ret_text, PLAN_DECIDED_BYTES, "%s", words[v->decider]);
	return ret_text;
}

const char *plan_class_word(enum plan_class c)
{
	static const char *const words[] = {
#define X(name, word, ja, opens) word,
		PLAN_CLASS_TABLE(X)
#undef X
	};
	return words[c];
}

const char *plan_class_ja(enum plan_class c)
{
	static const char *const names[] = {
#define X(name, word, ja, opens) ja,
		PLAN_CLASS_TABLE(X)
#undef X
	};
	return names[c];
}

bool plan_class_opens(enum plan_class c)
{
	static const bool opens[] = {
#define X(name, word, ja, opens) opens,
		PLAN_CLASS_TABLE(X)
#undef X
	};
	return opens[c];
}

int plan_class_of(struct slice word, enum plan_class *ret_class)
{
	for (enum plan_class c = 0; c < PLAN_CLASSES; c++) {
		if (!slice_eq(word, slice_str(plan_class_word(c))))
			continue;
		*ret_class = c;
		return 0;
	}
	return ERR_NOT_FOUND;
}

const struct plan_reason_info *plan_reason_info(enum plan_reason r)
{
	static const struct plan_reason_info infos[] = {{0, 0, "", "", ""},
#define X(name, code, q850, word, en, ja) {code, q850, word, en, ja},
							PLAN_REASON_TABLE(X)
#undef X
	};
	return &infos[r];
}
