#include "sdp/sdp_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static void test_dropped(void **state)
{
	static const struct {
		const char *text;
		bool dropped;
	} rows[] = {
		{"candidate:1 1 UDP 2130706431 192.0.2.1 5000 typ host", true},
		{"remote-candidates:1 192.0.2.1 5000", true},
		{"end-of-candidates", true},
		{"ice-ufrag:8hhY", true},
		{"ice-pwd:asd88fgpdd777uzjYhagZg", true},
		{"ice-lite", true},
		{"ice-options:trickle", true},
		{"ICE-ufrag:8hhY", true},
		{"alt:1 1 : user pass 192.0.2.1 5000", true},
		{"altc:1 IP4 192.0.2.1 5000", true},
		{"X-nat:0", true},
		{"x-nat:0", true},
		{"source-filter: incl IN IP4 * 198.51.100.1", true},
		{"rtcp:53020 IN IP4 192.0.2.1", true},
		{"group:BUNDLE 0 1", true},
		{"group: BUNDLE 0 1", true},
		{"bundle-only", true},
		{"group:LS 1 2", false},
		{"rtcp-mux", false},
		{"rtcp-fb:96 nack", false},
		{"rtcp-xr:voip-metrics", false},
		{"rtpmap:0 PCMU/8000", false},
		{"alternative", false},
		{"ice", false},
		{"candidates", false},
		{"crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA", false},
		{"fingerprint:sha-256 AA:BB", false},
		{"setup:actpass", false},
		{"sendrecv", false},
		{"", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (sdp_attribute_is_dropped(slice_str(rows[i].text)) != rows[i].dropped)
			fail_msg("%s", rows[i].text);
}

static void test_directions(void **state)
{
	static const struct {
		enum sdp_direction direction, mirror;
		const char *name;
	} rows[] = {
		{SDP_SENDRECV, SDP_SENDRECV, "sendrecv"},
		{SDP_SENDONLY, SDP_RECVONLY, "sendonly"},
		{SDP_RECVONLY, SDP_SENDONLY, "recvonly"},
		{SDP_INACTIVE, SDP_INACTIVE, "inactive"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(sdp_direction_mirror(rows[i].direction), rows[i].mirror);
		assert_string_equal(sdp_direction_name(rows[i].direction), rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_directions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
