#include "check.h"

static void test_good(void **state)
{
	static const struct {
		const char *text;
		uint32_t number;
		enum sip_method method;
		const char *method_text;
	} rows[] = {
		{"1 INVITE", 1, SIP_INVITE, "INVITE"},
		{"0 REGISTER", 0, SIP_REGISTER, "REGISTER"},
		{"0009   INVITE", 9, SIP_INVITE, "INVITE"},
		{"  7\tBYE ", 7, SIP_BYE, "BYE"},
		{"2147483647 ACK", 2147483647, SIP_ACK, "ACK"},
		{"000000000000000000000000000012 ACK", 12, SIP_ACK, "ACK"},
		{"5 invite", 5, SIP_METHOD_OTHER, "invite"},
		{"5 !odd*Verb", 5, SIP_METHOD_OTHER, "!odd*Verb"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sip_cseq c;
		check_number(sip_cseq_parse(slice_str(rows[i].text), &c), 0, rows[i].text);
		check_number(c.number, rows[i].number, rows[i].text);
		check_number((long long)c.method, (long long)rows[i].method, rows[i].text);
		check_slice(c.method_text, rows[i].method_text, rows[i].text);
	}
}

/* A refused value leaves the output alone. */
static void test_bad(void **state)
{
	static const char *const rows[] = {
		"",
		" ",
		"1",
		"INVITE",
		"1INVITE",
		"1 ",
		"-1 INVITE",
		"+1 INVITE",
		"1.0 INVITE",
		"2147483648 INVITE",
		"4294967296 INVITE",
		"36893488147419103232 REGISTER",
		"1 INVITE,2 INVITE",
		"1 INVITE BYE",
		"0x1 INVITE",
		"1 \"INVITE\"",
		"1, INVITE",
		"1;INVITE",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sip_cseq c = {.number = 77};
		check_number(sip_cseq_parse(slice_str(rows[i]), &c), ERR_SYNTAX, rows[i]);
		check_number(c.number, 77, rows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
