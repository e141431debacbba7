#include "check.h"

static void read_line(const char *text, struct sip_msg *msg)
{
	memset(msg, 0, sizeof(*msg));
	sip_start_line_parse(slice_str(text), msg);
}

static void test_requests(void **state)
{
	static const struct {
		const char *line, *method, *uri;
		int fault;
	} rows[] = {
		{"INVITE sip:a@b SIP/2.0", "INVITE", "sip:a@b", 0},
		{"INVITE sip:a@b sip/2.0", "INVITE", "sip:a@b", 0},
		{"invite sip:a@b SIP/2.0", "invite", "sip:a@b", 0},
		{"X!*.~'`+_%- sips:[2001:db8::1]:5061;lr SIP/2.0", "X!*.~'`+_%-",
		 "sips:[2001:db8::1]:5061;lr", 0},
		{"OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0", "OPTIONS",
		 "soap.beep://192.0.2.103:3002", 0},
		{"OPTIONS sip:a@b SIP/7.0", "OPTIONS", "sip:a@b", 505},
		{"OPTIONS sip:a@b SIP/2.00", "OPTIONS", "sip:a@b", 505},
		{"OPTIONS sip:a@b SIP/2.1", "OPTIONS", "sip:a@b", 505},
		{"OPTIONS sip:a@b SIP/2", "OPTIONS", "sip:a@b", 400},
		{"OPTIONS sip:a@b HTTP/1.1", "OPTIONS", "sip:a@b", 400},
		{"OPTIONS sip:a@b", "OPTIONS", "sip:a@b", 400},
		{"OPTIONS", "OPTIONS", "", 400},
		{"", "", "", 400},
		{"OPTIONS  sip:a@b SIP/2.0", "OPTIONS", "", 400},
		{"OPTIONS sip:a@b  SIP/2.0", "OPTIONS", "sip:a@b", 400},
		{"OPTIONS sip:a@b SIP/2.0 ", "OPTIONS", "sip:a@b", 400},
		{"OPTIONS\tsip:a@b\tSIP/2.0", "OPTIONS\tsip:a@b\tSIP/2.0", "", 400},
		{" OPTIONS sip:a@b SIP/2.0", "", "OPTIONS", 400},
		{"OPTIONS <sip:a@b> SIP/2.0", "OPTIONS", "<sip:a@b>", 400},
		{"OPTIONS sip:a; lr@b SIP/2.0", "OPTIONS", "sip:a;", 400},
		{"OPTIONS sip:a@b?Route=%3Csip:c%3E SIP/2.0", "OPTIONS",
		 "sip:a@b?Route=%3Csip:c%3E", 400},
		{"OPTIONS sip:a@b\x01 SIP/2.0", "OPTIONS", "sip:a@b\x01", 400},
		{"OPT\"IONS sip:a@b SIP/2.0", "OPT\"IONS", "sip:a@b", 400},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sip_msg msg;
		read_line(rows[i].line, &msg);
		assert_true(msg.is_request);
		check_number(msg.fault.code, rows[i].fault, rows[i].line);
		check_slice(msg.method_text, rows[i].method, rows[i].line);
		check_slice(msg.uri_text, rows[i].uri, rows[i].line);
	}
}

static void test_responses(void **state)
{
	static const struct {
		const char *line;
		int code;
		const char *phrase;
		int fault;
	} rows[] = {
		{"SIP/2.0 200 OK", 200, "OK", 0},
		{"sip/2.0 699 Very  much", 699, "Very  much", 0},
		{"SIP/2.0 100 ", 100, "", 0},
		{"SIP/2.0 100", 100, "", 0},
		{"SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe", 200,
		 "= 2**3 * 5**2 \xd0\xbd\xd0\xbe", 0},
		{"SIP/3.0 200 OK", 200, "OK", 505},
		{"SIP/x 200 OK", 200, "OK", 400},
		{"SIP/2.0 099 X", 0, NULL, 400},
		{"SIP/2.0 700 X", 0, NULL, 400},
		{"SIP/2.0 20 X", 0, NULL, 400},
		{"SIP/2.0 4294967301 better", 0, NULL, 400},
		{"SIP/2.0 2x0 OK", 0, NULL, 400},
		{"SIP/2.0  200 OK", 0, NULL, 400},
		{"SIP/2.0", 0, NULL, 400},
		{"SIP/2.0 200 O\x01K", 200, "O\x01K", 400},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sip_msg msg;
		read_line(rows[i].line, &msg);
		assert_false(msg.is_request);
		check_number(msg.fault.code, rows[i].fault, rows[i].line);
		check_number(msg.code, rows[i].code, rows[i].line);
		check_slice(msg.reason_phrase, rows[i].phrase, rows[i].line);
	}
}

/* The first fault is the one that is told. */
static void test_fault(void **state)
{
	struct sip_msg msg = {0};

	(void)state;
	sip_fault_set(&msg, 505, "first");
	sip_fault_set(&msg, 400, "second");
	assert_int_equal(msg.fault.code, 505);
	assert_string_equal(msg.fault.text, "first");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
