/* The numbering plan: each row as it stands and in every other way that people write it. */
#include "plan_table.h"

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static const struct plan_line home = {.international = false}, abroad = {.international = true};

static void check_row(const struct plan_line *line, const char *text, const struct plan_row *row,
		      enum dial_presentation presentation)
{
	struct plan_verdict v;
	plan_check(line, slice_str(text), &v);
	enum plan_reason want = row->reason;
	if (line->international && want == PLAN_NO_INTERNATIONAL)
		want = PLAN_ALLOWED;
	if (v.class != row->class || v.reason != want || strcmp(v.e164, row->e164) != 0 ||
	    v.dialled.presentation != presentation)
		fail_msg("\"%s\": %s, \"%s\", %s, presentation %d", text, plan_class_word(v.class),
			 plan_reason_info(v.reason)->word, v.e164, v.dialled.presentation);
	assert_int_equal(v.country != NULL, row->country != NULL);
	if (row->country)
		assert_string_equal(v.country->id, row->country);
}

static void test_as_dialled(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(plan_table); i++) {
		check_row(&home, plan_table[i].dialled, &plan_table[i], DIAL_DEFAULT);
		check_row(&abroad, plan_table[i].dialled, &plan_table[i], DIAL_DEFAULT);
	}
	assert_true(COUNT(plan_table) >= 400);
}

/* One full-width character for each plain one. */
static void wide(const char *text, char *out)
{
	for (; *text; text++) {
		unsigned char last = 0x90;
		last = (unsigned char)(*text == '*'   ? 0x8a
				       : *text == '#' ? 0x83
						      : last + (*text - '0'));
		memcpy(out, "\xef\xbc", 2);
		out[2] = (char)last;
		out += 3;
	}
	*out = '\0';
}

static void test_as_people_write(void **state)
{
	char text[256], digits[128];
	(void)state;
	for (size_t i = 0; i < COUNT(plan_table); i++) {
		const struct plan_row *row = &plan_table[i];
		const char *d = row->dialled;
		wide(d, text);
		check_row(&home, text, row, DIAL_DEFAULT);
		snprintf(text, sizeof(text), "%.2s-%.3s (%s)", d, strlen(d) > 2 ? d + 2 : "",
			 strlen(d) > 5 ? d + 5 : "");
		check_row(&home, text, row, DIAL_DEFAULT);
		snprintf(text, sizeof(text), "tel:%s;phone-context=example.jp", d);
		check_row(&home, text, row, DIAL_DEFAULT);
		snprintf(text, sizeof(text), "184%s", d);
		check_row(&home, text, row, DIAL_WITHHOLD);
		wide(d, digits);
		snprintf(text, sizeof(text), "186 %s", digits);
		check_row(&home, text, row, DIAL_PRESENT);
	}
}

/* Country code 81 leads home, however often it is said: no way round a refusal. */
static void test_home_from_abroad(void **state)
{
	static const char *const forms[] = {"+81%s",	  "01081%s",	   "+810%s",
					    "010-81-0%s", "+81 010 81 %s", "0108101081%s",
					    "184+81%s",	  "tel:+81-%s"};
	char text[256];
	(void)state;
	for (size_t i = 0; i < COUNT(plan_table); i++) {
		const struct plan_row *row = &plan_table[i];
		/* "0..." but for 00: +81 0 means +81 itself. */
		if (row->dialled[0] != '0' || row->dialled[1] == '0' || row->dialled[1] == '\0')
			continue;
		for (size_t f = 0; f < COUNT(forms); f++) {
			snprintf(text, sizeof(text), forms[f], row->dialled + 1);
			check_row(&home, text, row,
				  forms[f][0] == '1' ? DIAL_WITHHOLD : DIAL_DEFAULT);
		}
	}
}

static void test_not_a_number(void **state)
{
	static const char *const texts[] = {"",		"-",
					    "alice",	"sip:1",
					    "05+1",	"0501000001a",
					    "\xff\xfe", "+",
					    "++81",	"1234567890123456789012345678901234567890"};
	struct plan_verdict v;
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		plan_check(&abroad, slice_str(texts[i]), &v);
		if (v.reason == PLAN_ALLOWED || v.e164[0])
			fail_msg("\"%s\" is allowed", texts[i]);
	}
	plan_check(&home, SLICE_NONE, &v);
	assert_int_equal(v.reason, PLAN_NO_NOT_A_NUMBER);
}

/* Total, and refusing is independent of the spelling: random strings over what can be dialled. */
static void test_random(void **state)
{
	static const char *const pieces[] = {"0",  "1",	 "8",  "81",   "010", "184",  "186", "+",
					     "00", "33", "20", "0120", "110", "050",  "9",   "５",
					     "-",  "*",	 "#",  " ",    "119", "0800", "57",  "2"};
	uint32_t seed = 1;
	(void)state;
	for (int n = 0; n < 200000; n++) {
		char text[128] = "";
		struct plan_verdict a, b;
		for (int i = 0; i < 8; i++) {
			seed = seed * 1664525u + 1013904223u;
			strcat(text, pieces[(seed >> 16) % COUNT(pieces)]);
		}
		plan_check(&abroad, slice_str(text), &a);
		assert_true((unsigned)a.class < PLAN_CLASSES && (unsigned)a.reason < PLAN_REASONS);
		if (a.dialled.digits[0] == '\0')
			continue;
		/* What it was made into is judged the same again, and so is its E.164 form. */
		plan_check(&abroad, slice_str(a.dialled.digits), &b);
		if (a.class != PLAN_SPECIAL_1XY)
			assert_true(a.class == b.class && a.reason == b.reason);
		if (a.e164[0]) {
			plan_check(&abroad, slice_str(a.e164), &b);
			assert_true(a.class == b.class && a.reason == b.reason);
			assert_string_equal(a.dialled.digits, b.dialled.digits);
		}
		bool emergency = strcmp(a.dialled.digits, "110") == 0 ||
				 strcmp(a.dialled.digits, "118") == 0 ||
				 strcmp(a.dialled.digits, "119") == 0;
		assert_int_equal(emergency, a.reason == PLAN_NO_EMERGENCY);
	}
}

/* What the verdict rests on, said in a word. */
static void test_decided_by(void **state)
{
	static const struct {
		const char *dialled, *by;
	} rows[] = {
		{"alice", "form"},
		{"0*5", "form"},
		{"0312345678", "plan:0"},
		{"0120123456", "plan:0120"},
		{"184110", "plan:110"},
		{"010442079460000", "permission"},
		{"0109991234567", "country"},
		{"0104420", "plan:010"},
		{"#9110", "plan:#"},
	};
	char by[PLAN_DECIDED_BYTES];
	struct plan_verdict v;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		plan_check(&home, slice_str(rows[i].dialled), &v);
		assert_string_equal(plan_decided_by(&v, by), rows[i].by);
	}
}

static void test_countries(void **state)
{
	(void)state;
	const struct country *before = NULL;
	for (size_t i = 0; country_at(i); i++) {
		const struct country *c = country_at(i);
		assert_ptr_equal(country_of(slice_str(c->prefix)), c);
		assert_non_null(country_by_id(slice_str(c->id)));
		assert_true(c->name_en[0] && c->name_ja[0]);
		if (before)
			assert_true(strcmp(before->prefix, c->prefix) < 0);
		before = c;
	}
	assert_string_equal(country_by_id(SLICE("jm"))->name_en, "Jamaica");
	assert_null(country_by_id(SLICE("QQ")));
	assert_null(country_of(SLICE_NONE));
	assert_string_equal(country_risk_name(COUNTRY_RISK_HIGH), "high");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_dialled),	 cmocka_unit_test(test_as_people_write),
		cmocka_unit_test(test_home_from_abroad), cmocka_unit_test(test_not_a_number),
		cmocka_unit_test(test_random),		 cmocka_unit_test(test_decided_by),
		cmocka_unit_test(test_countries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
