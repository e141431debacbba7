#include "base/err.h"
#include "rtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

#define TAIL "\x12\x34\x00\x00\x00\xa0\xde\xad\xbe\xef" /* seq, timestamp, SSRC */

static void test_parse(void **state)
{
	static const struct {
		struct slice packet;
		int want;
		size_t payload;
	} rows[] = {
		{SLICE("\x80\x00" TAIL), 0, 0},
		{SLICE("\x80\x00" TAIL "abcd"), 0, 4},
		{SLICE("\x82\x00" TAIL "csrccsrcx"), 0, 1},
		{SLICE("\x82\x00" TAIL "csrccsr"), ERR_SYNTAX, 0},
		{SLICE("\x90\x00" TAIL "\xbe\xde\0\1extnxy"), 0, 2},
		{SLICE("\x90\x00" TAIL "\xbe\xde\0\0"), 0, 0},
		{SLICE("\x90\x00" TAIL "\xbe\xde\0\2extn"), ERR_SYNTAX, 0},
		{SLICE("\x90\x00" TAIL "\xbe\xde\0"), ERR_SYNTAX, 0},
		{SLICE("\x90\x00" TAIL "\xbe\xde\xff\xff"), ERR_SYNTAX, 0},
		{SLICE("\x91\x00" TAIL "csrc\xbe\xde\0\1extn"), 0, 0},
		{SLICE("\xa0\x00" TAIL "abc\4"), 0, 4},
		{SLICE("\xa0\x00" TAIL "abc\1"), 0, 4},
		{SLICE("\xa0\x00" TAIL "abc\5"), 0, 4},
		{SLICE("\xa0\x00" TAIL "abc\0"), 0, 4},
		{SLICE("\xa0\x00" TAIL), 0, 0},
		{SLICE("\x40\x00" TAIL), ERR_SYNTAX, 0},
		{SLICE("\x00\x01\x00\x00\x21\x12\xa4\x42"
		       "abcdabcdabcd"),
		 ERR_SYNTAX, 0},
		{SLICE("\x80\x00\x12\x34\x00\x00\x00\xa0\xde\xad\xbe"), ERR_SYNTAX, 0},
		{SLICE(""), ERR_SYNTAX, 0},
		{SLICE_NONE, ERR_SYNTAX, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rtp_header h = {.seq = 7};
		assert_int_equal(rtp_parse(rows[i].packet, &h), rows[i].want);
		assert_int_equal(h.seq, rows[i].want ? 7 : 0x1234);
		if (rows[i].want == 0)
			assert_int_equal(h.payload_bytes, rows[i].payload);
	}
}

static void test_fields(void **state)
{
	struct rtp_header h;
	(void)state;
	assert_int_equal(rtp_parse(SLICE("\x80\xe5\xff\xfe\x01\x02\x03\x04\xfe\xdc\xba\x98x"), &h),
			 0);
	assert_true(h.marker);
	assert_int_equal(h.payload_type, 101);
	assert_int_equal(h.seq, 0xfffe);
	assert_int_equal(h.timestamp, 0x01020304);
	assert_int_equal(h.ssrc, 0xfedcba98);
	assert_int_equal(h.payload_bytes, 1);
}

static void test_is_rtcp(void **state)
{
	static const struct {
		struct slice packet;
		bool want;
	} rows[] = {
		{SLICE("\x80\xc8"), true},  {SLICE("\x80\xc0"), true},	{SLICE("\x80\xdf"), true},
		{SLICE("\x80\xbf"), false}, {SLICE("\x80\xe0"), false}, {SLICE("\x80\x00"), false},
		{SLICE("\x40\xc8"), false}, {SLICE("\x80"), false},	{SLICE_NONE, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(rtp_is_rtcp(rows[i].packet), rows[i].want);
}

#define RR   "\x80\xc9\x00\x01ssrc"
#define SDES "\x81\xca\x00\x02ssrc\x01\x01x\x00"

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_is_rtcp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
