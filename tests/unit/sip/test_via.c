#include "check.h"

static void test_good(void **state)
{
	static const struct {
		const char *text;
		enum sip_transport transport;
		const char *host;
		uint16_t port;
		const char *branch, *received;
		bool rport_asked;
		uint16_t rport;
	} rows[] = {
		{"SIP/2.0/UDP h", SIP_UDP, "h", 0, NULL, NULL, false, 0},
		{"SIP/2.0/UDP h:5060;branch=z9hG4bK1", SIP_UDP, "h", 5060, "z9hG4bK1", NULL, false,
		 0},
		{"SIP  /  2.0  /  TCP   h : 5070 ; branch = z9hG4bK1 ", SIP_TCP, "h", 5070,
		 "z9hG4bK1", NULL, false, 0},
		{"sip/2.0/tls h;Branch=x", SIP_TLS, "h", 0, "x", NULL, false, 0},
		{"SIP/2.0/UDP h;rport;branch=x", SIP_UDP, "h", 0, "x", NULL, true, 0},
		{"SIP/2.0/UDP h;rport=;branch=x", SIP_UDP, "h", 0, "x", NULL, true, 0},
		{"SIP/2.0/UDP h;rport=4711;received=192.0.2.1", SIP_UDP, "h", 0, NULL, "192.0.2.1",
		 false, 4711},
		{"SIP/2.0/UDP [2001:db8::9:1]:6050;received=[2001:db8::9:255]", SIP_UDP,
		 "2001:db8::9:1", 6050, NULL, "2001:db8::9:255", false, 0},
		{"SIP/2.0/UDP [::1];received=2001:db8::9:255", SIP_UDP, "::1", 0, NULL,
		 "2001:db8::9:255", false, 0},
		{"SIP/2.0/SCTP h;branch=", SIP_TRANSPORT_OTHER, "h", 0, "", NULL, false, 0},
		{"SIP/7.0/UDP h", SIP_UDP, "h", 0, NULL, NULL, false, 0},
		{"SIP/2.0/UDP h;x=\"a;branch=no\";branch=yes", SIP_UDP, "h", 0, "yes", NULL, false,
		 0},
		{"SIP/2.0/UDP h;maddr=224.2.0.1;ttl=16;hidden", SIP_UDP, "h", 0, NULL, NULL, false,
		 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sip_via v;
		const char *of = rows[i].text;
		check_number(sip_via_parse(slice_str(of), &v), 0, of);
		check_number((long long)v.transport, (long long)rows[i].transport, of);
		check_slice(v.host, rows[i].host, of);
		check_number(v.port, rows[i].port, of);
		check_slice(v.branch, rows[i].branch, of);
		check_slice(v.received, rows[i].received, of);
		check_number(v.rport_asked, rows[i].rport_asked, of);
		check_number(v.rport, rows[i].rport, of);
		assert_true(v.text.n > 0);
	}
}

static void test_bad(void **state)
{
	static const char *const rows[] = {
		"",
		"SIP/2.0/UDP",
		"SIP/2.0/UDP ",
		"SIP/2.0/UDPh",
		"SIP/2.0 UDP h",
		"SIP//UDP h",
		"/2.0/UDP h",
		"SIP/2.0/ h",
		"SIP/2.0/UDP h:x",
		"SIP/2.0/UDP h:65536",
		"SIP/2.0/UDP h h",
		"SIP/2.0/UDP 2001:db8::1",
		"SIP/2.0/UDP [2001:db8::1",
		"SIP/2.0/UDP ;branch=x",
		"SIP/2.0/UDP h;;branch=x",
		"SIP/2.0/UDP h;branch=x;branch=y",
		"SIP/2.0/UDP h;received=1;received=2",
		"SIP/2.0/UDP h;rport;rport",
		"SIP/2.0/UDP h;rport=x",
		"SIP/2.0/UDP h;rport=65536",
		"SIP/2.0/UDP h;x=\"open",
		"SIP/2.0/UDP h;x=<y>",
		"SIP/2.0/UDP h;;,;,,",
		"SIP/2.0/UDP h, SIP/2.0/UDP i",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sip_via v = {.port = 7};
		check_number(sip_via_parse(slice_str(rows[i]), &v), ERR_SYNTAX, rows[i]);
		check_number(v.port, 7, rows[i]);
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
