#include "check.h"

static void test_methods(void **state)
{
	static const char *const names[] = {"INVITE",	 "ACK",	   "BYE",     "CANCEL", "REGISTER",
					    "OPTIONS",	 "INFO",   "MESSAGE", "PRACK",	"UPDATE",
					    "SUBSCRIBE", "NOTIFY", "REFER",   "PUBLISH"};

	(void)state;
	assert_int_equal(COUNT(names), SIP_METHOD_OTHER);
	for (size_t i = 0; i < COUNT(names); i++) {
		enum sip_method m = sip_method_of(slice_str(names[i]));
		assert_true(m != SIP_METHOD_OTHER);
		check_slice(sip_method_name(m), names[i], names[i]);
	}
	assert_int_equal(sip_method_of(SLICE("Invite")), SIP_METHOD_OTHER);
	assert_int_equal(sip_method_of(SLICE("INVITEE")), SIP_METHOD_OTHER);
	assert_int_equal(sip_method_of(SLICE("")), SIP_METHOD_OTHER);
	check_slice(sip_method_name(SIP_METHOD_OTHER), "", "other");
}

static void test_transports(void **state)
{
	static const struct {
		const char *text;
		enum sip_transport want;
		const char *name, *param;
	} rows[] = {
		{"UDP", SIP_UDP, "UDP", "udp"},
		{"udp", SIP_UDP, "UDP", "udp"},
		{"TcP", SIP_TCP, "TCP", "tcp"},
		{"TLS", SIP_TLS, "TLS", "tls"},
		{"ws", SIP_WS, "WS", "ws"},
		{"WSS", SIP_WSS, "WSS", "wss"},
		{"SCTP", SIP_TRANSPORT_OTHER, "", ""},
		{"", SIP_TRANSPORT_OTHER, "", ""},
		{"UDPLITE", SIP_TRANSPORT_OTHER, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum sip_transport t = sip_transport_of(slice_str(rows[i].text));
		check_number((long long)t, (long long)rows[i].want, rows[i].text);
		check_slice(sip_transport_name(t), rows[i].name, rows[i].text);
		check_slice(sip_transport_param_name(t), rows[i].param, rows[i].text);
	}
}

static void test_phrases(void **state)
{
	static const struct {
		int code;
		const char *phrase;
	} rows[] = {
		{100, "Trying"},
		{180, "Ringing"},
		{200, "OK"},
		{401, "Unauthorized"},
		{407, "Proxy Authentication Required"},
		{423, "Interval Too Brief"},
		{481, "Call/Transaction Does Not Exist"},
		{487, "Request Terminated"},
		{491, "Request Pending"},
		{503, "Service Unavailable"},
		{603, "Decline"},
		{199, "Early Dialog Terminated"},
		{99, "Unknown"},
		{299, "Unknown"},
		{-1, "Unknown"},
		{700, "Unknown"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_slice(sip_reason_phrase(rows[i].code), rows[i].phrase, rows[i].phrase);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_transports),
		cmocka_unit_test(test_phrases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
