/* What the operator allows and denies: which rule decides, and that no spelling leads round it. */
#include "policy/plan.h"

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

#define ALL_	 PLAN_FOR_ALL
#define CUSTOMER PLAN_FOR_CUSTOMER
#define NUMBER	 PLAN_FOR_NUMBER
#define CLASS	 PLAN_ABOUT_CLASS
#define COUNTRY	 PLAN_ABOUT_COUNTRY
#define PREFIX	 PLAN_ABOUT_PREFIX

static const struct plan_rules *make(const struct plan_rule *rules, size_t count)
{
	struct plan_rules *r;
	assert_int_equal(plan_rules_new(rules, count, &r), 0);
	return r;
}

static struct plan_line line_of(const struct plan_rules *rules, bool international)
{
	return (struct plan_line){.international = international,
				  .number = SLICE("05010000014"),
				  .customer = SLICE("C1"),
				  .rules = rules};
}

static void check(const struct plan_line *line, const char *dialled, enum plan_reason reason,
		  const char *by)
{
	struct plan_verdict v;
	char seen[PLAN_DECIDED_BYTES];
	plan_check(line, slice_str(dialled), &v);
	if (v.reason != reason || strcmp(plan_decided_by(&v, seen), by) != 0)
		fail_msg("\"%s\": \"%s\" by %s", dialled, plan_reason_info(v.reason)->word, seen);
}

static void test_scopes(void **state)
{
	static const struct plan_rule table[] = {
		{1, ALL_, CLASS, "", "mobile", false},
		{2, CUSTOMER, CLASS, "C1", "mobile", true},
		{3, NUMBER, PREFIX, "05010000014", "0901", false},
		{4, CUSTOMER, PREFIX, "C2", "0", false},
		{5, NUMBER, PREFIX, "05010000015", "0", false},
		{6, ALL_, PREFIX, "", "0312", false},
		{7, ALL_, PREFIX, "", "03123", true},
		{8, ALL_, PREFIX, "", "0312345678", false},
	};
	const struct plan_rules *rules = make(table, COUNT(table));
	struct plan_line line = line_of(rules, false);
	(void)state;
	check(&line, "09012345678", PLAN_NO_BLOCKED, "rule:3");
	check(&line, "09022345678", PLAN_ALLOWED, "rule:2");
	check(&line, "0312345678", PLAN_NO_BLOCKED, "rule:8");
	check(&line, "0312345679", PLAN_ALLOWED, "rule:7");
	check(&line, "0312445678", PLAN_NO_BLOCKED, "rule:6");
	check(&line, "0612345678", PLAN_ALLOWED, "plan:0");
	line.customer = SLICE("C9");
	check(&line, "09022345678", PLAN_NO_BLOCKED, "rule:1");
	line.number = line.customer = SLICE_NONE;
	check(&line, "09022345678", PLAN_NO_BLOCKED, "rule:1");
	assert_true(plan_rules_about(rules, PLAN_FOR_CUSTOMER, SLICE("C2")));
	assert_false(plan_rules_about(rules, PLAN_FOR_NUMBER, SLICE("C2")));
	assert_int_equal(plan_rules_count(rules), COUNT(table));
	plan_rules_unref(rules);
}

static void test_abroad(void **state)
{
	static const struct plan_rule table[] = {
		{1, ALL_, CLASS, "", "international", false},
		{2, ALL_, COUNTRY, "", "GB", true},
		{3, ALL_, PREFIX, "", "01044163", false},
		{4, ALL_, COUNTRY, "", "JM", false},
	};
	const struct plan_rules *rules = make(table, COUNT(table));
	struct plan_line home = line_of(rules, false), abroad = line_of(rules, true);
	(void)state;
	check(&abroad, "+442079460000", PLAN_ALLOWED, "rule:2");
	check(&home, "+442079460000", PLAN_NO_INTERNATIONAL, "permission");
	check(&abroad, "+441632960000", PLAN_NO_COUNTRY_BLOCKED, "rule:3");
	check(&home, "+441632960000", PLAN_NO_COUNTRY_BLOCKED, "rule:3");
	/* +1 658 is Jamaica's, not all of +1. */
	check(&abroad, "01016582345678", PLAN_NO_COUNTRY_BLOCKED, "rule:4");
	check(&abroad, "01012125550123", PLAN_NO_COUNTRY_BLOCKED, "rule:1");
	check(&abroad, "0109991234567", PLAN_NO_NO_COUNTRY, "country");
	plan_rules_unref(rules);
}

/* A closed class can be opened where that makes sense; what is no number stays none. */
static void test_opened(void **state)
{
	static const struct plan_rule table[] = {
		{1, ALL_, CLASS, "", "freephone", true},
		{2, ALL_, PREFIX, "", "1", true},
		{3, ALL_, PREFIX, "", "00", true},
		{4, NUMBER, PREFIX, "05010000014", "110", true},
		{5, NUMBER, CLASS, "05010000014", "emergency", true},
		{6, ALL_, PREFIX, "", "2", true},
		{7, ALL_, CLASS, "", "carrier_select", true},
		{8, ALL_, PREFIX, "", "0570", false},
	};
	const struct plan_rules *rules = make(table, COUNT(table));
	struct plan_line line = line_of(rules, true);
	struct plan_verdict v;
	(void)state;
	check(&line, "0120123456", PLAN_ALLOWED, "rule:1");
	check(&line, "01201234567", PLAN_NO_TOO_MANY_DIGITS, "plan:0120");
	check(&line, "08001234567", PLAN_ALLOWED, "rule:1");
	check(&line, "117", PLAN_ALLOWED, "rule:2");
	plan_check(&line, SLICE("117"), &v);
	assert_string_equal(v.e164, "");
	check(&line, "1171", PLAN_NO_NO_SUCH_NUMBER, "plan:1");
	check(&line, "110", PLAN_NO_EMERGENCY, "plan:110");
	check(&line, "184118", PLAN_NO_EMERGENCY, "plan:118");
	check(&line, "0033010442079460000", PLAN_NO_CARRIER_SELECT, "plan:00");
	check(&line, "23456789", PLAN_NO_NO_AREA_CODE, "plan:2");
	check(&line, "0570123456", PLAN_NO_NAVI, "plan:0570");
	plan_rules_unref(rules);
}

static void test_prefixes(void **state)
{
	static const struct {
		const char *text, *digits; /* NULL: refused */
	} rows[] = {
		{"03", "03"},	    {"+852", "010852"}, {"010-852", "010852"}, {"+81 3", "03"},
		{"010-81-3", "03"}, {"+81", "0"},	{"０１２０", "0120"},  {"1", "1"},
		{"", NULL},	    {"184", "184"},	{"18403", NULL},       {"abc", NULL},
		{"#91", NULL},	    {"*", NULL},
	};
	char digits[DIAL_BYTES];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int err = plan_rule_prefix(slice_str(rows[i].text), digits);
		if (rows[i].digits ? err != 0 || strcmp(digits, rows[i].digits) != 0
				   : err != ERR_SYNTAX)
			fail_msg("\"%s\": %d, %s", rows[i].text, err, digits);
	}
}

static void test_same_twice(void **state)
{
	static const struct plan_rule table[] = {
		{1, ALL_, PREFIX, "", "03", true},
		{2, CUSTOMER, PREFIX, "C1", "03", true},
		{3, ALL_, PREFIX, "", "03", false},
	};
	struct plan_rules *r = NULL;
	(void)state;
	assert_int_equal(plan_rules_new(table, COUNT(table), &r), ERR_EXISTS);
	assert_int_equal(plan_rules_new(NULL, 0, &r), 0);
	plan_rules_unref(r);
	plan_rules_unref(NULL);
}

/* ---- however a number is written, the same rule decides ---- */

static uint32_t seed = 1;

static uint32_t draw(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* Digits as people write them: full width here and there, something in between. */
static void spell(const char *digits, char *out)
{
	static const char *const between[] = {"-", " ", "\xe3\x83\xbc", "(", ")", ".", ""};
	for (; *digits; digits++) {
		if (draw(3) == 0 && *digits >= '0' && *digits <= '9') {
			memcpy(out, "\xef\xbc", 2);
			out[2] = (char)(0x90 + (*digits - '0'));
			out += 3;
		} else {
			*out++ = *digits;
		}
		const char *b = between[draw(COUNT(between))];
		if (draw(4) == 0) {
			strcpy(out, b);
			out += strlen(b);
		}
	}
	*out = '\0';
}

/* Another way to dial the same: +81, 010-81, once more, with its 0; + for 010; 184 and 186. */
static void another_way(const char *digits, char *out)
{
	static const char *const home[] = {"0%s",    "+81%s",	     "01081%s",	   "010810%s",
					   "+810%s", "0108101081%s", "+8101081%s", "01081010810%s"};
	static const char *const before[] = {"", "184", "186", "184186", "184184"};
	char text[128];
	size_t n = (size_t)snprintf(out, 16, "%s", before[draw(COUNT(before))]);
	if (strncmp(digits, "010", 3) == 0)
		snprintf(text, sizeof(text), draw(2) ? "010%s" : "+%s", digits + 3);
	else if (digits[0] == '0' && digits[1] != '0')
		snprintf(text, sizeof(text), home[draw(COUNT(home))], digits + 1);
	else
		snprintf(text, sizeof(text), "%s", digits);
	spell(text, out + n);
}

static void random_rule(uint64_t id, struct plan_rule *r)
{
	static const char *const prefixes[] = {"0",	"03",	"031",	   "0312345678", "050",
					       "0501",	"090",	"0120",	   "0800",	 "010",
					       "01044", "0101", "0104420", "1",		 "110",
					       "11",	"00",	"0033",	   "57",	 "0570"};
	static const char *const countries[] = {"GB", "US", "JM", "HK"};
	static const char *const who[] = {"", "C1", "05010000014"};
	*r = (struct plan_rule){.id = id, .allow = draw(2)};
	r->scope = (enum plan_scope)draw(PLAN_SCOPES);
	r->about = (enum plan_about)draw(PLAN_ABOUTS);
	snprintf(r->who, sizeof(r->who), "%s", who[r->scope]);
	snprintf(r->key, sizeof(r->key), "%s",
		 r->about == PREFIX    ? prefixes[draw(COUNT(prefixes))]
		 : r->about == COUNTRY ? countries[draw(COUNT(countries))]
				       : plan_class_word((enum plan_class)draw(PLAN_CLASSES)));
}

/* Some number of rules about different things. */
static const struct plan_rules *random_rules(void)
{
	struct plan_rule table[12];
	struct plan_rules *rules;
	size_t n = draw(COUNT(table) + 1);
	int err;
	do {
		for (size_t i = 0; i < n; i++)
			random_rule(i + 1, &table[i]);
		err = plan_rules_new(table, n, &rules);
	} while (err == ERR_EXISTS);
	assert_int_equal(err, 0);
	return rules;
}

static void check_same(const struct plan_line *line, const char *digits)
{
	char text[512], behind[640], a_by[PLAN_DECIDED_BYTES], b_by[PLAN_DECIDED_BYTES];
	struct plan_verdict a, b;
	plan_check(line, slice_str(digits), &a);
	another_way(digits, text);
	plan_check(line, slice_str(text), &b);
	if (a.reason != b.reason || a.class != b.class ||
	    strcmp(plan_decided_by(&a, a_by), plan_decided_by(&b, b_by)) != 0)
		fail_msg("%s: %s by %s, but \"%s\": %s by %s", digits,
			 plan_reason_info(a.reason)->word, a_by, text,
			 plan_reason_info(b.reason)->word, b_by);
	/* Nor does a carrier's prefix hide it. */
	snprintf(behind, sizeof(behind), "%s%s", draw(2) ? "0033" : "002020", text);
	plan_check(line, slice_str(behind), &b);
	assert_true(b.reason != PLAN_ALLOWED);
}

static void test_no_way_round(void **state)
{
	static const char *const numbers[] = {
		"0312345678",
		"0612345678",
		"05010000014",
		"09012345678",
		"0120123456",
		"08001234567",
		"0570123456",
		"010442079460000",
		"01012125550123",
		"01016582345678",
		"01085221234567",
		"0109991234567",
		"110",
		"118",
		"119",
		"117",
		"0312345",
		"03123456789012",
		"23456789",
	};
	(void)state;
	for (int n = 0; n < 20000; n++) {
		const struct plan_rules *rules = random_rules();
		struct plan_line line = line_of(rules, draw(2));
		for (int i = 0; i < 4; i++) {
			const char *digits = numbers[draw(COUNT(numbers))];
			struct plan_verdict v;
			check_same(&line, digits);
			plan_check(&line, slice_str(digits), &v);
			if (v.class == PLAN_EMERGENCY)
				assert_int_equal(v.reason, PLAN_NO_EMERGENCY);
		}
		plan_rules_unref(rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scopes),	   cmocka_unit_test(test_abroad),
		cmocka_unit_test(test_opened),	   cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_same_twice), cmocka_unit_test(test_no_way_round),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
