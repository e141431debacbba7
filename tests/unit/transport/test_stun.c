/* STUN binding requests; the addresses and the transaction id are those of RFC 5769 §2.2, §2.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/transport_priv.h"
#include "world.h"

#define TRANSACTION "\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"
#define COOKIE_WIRE "\x21\x12\xa4\x42"

static const char request[] = "\x00\x01\x00\x00" COOKIE_WIRE TRANSACTION;

static struct slice wire(void)
{
	return slice_of(request, sizeof(request) - 1);
}

static void test_ipv4(void **state)
{
	char memory[STUN_ANSWER_BYTES];
	struct addr source = addr_of("192.0.2.1:32853");
	struct slice a = stun_answer(wire(), &source, memory);
	(void)state;
	assert_int_equal(a.n, 20 + 12 + 8);
	assert_memory_equal(a.p, "\x01\x01\x00\x14" COOKIE_WIRE TRANSACTION, 20);
	assert_memory_equal(a.p + 20, "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43", 12);
	assert_memory_equal(a.p + 32, "\x80\x28\x00\x04", 4);
}

static void test_ipv6(void **state)
{
	char memory[STUN_ANSWER_BYTES];
	struct addr source = addr_of("[2001:db8:1234:5678:11:2233:4455:6677]:32853");
	struct slice a = stun_answer(wire(), &source, memory);
	(void)state;
	assert_int_equal(a.n, 20 + 24 + 8);
	assert_memory_equal(a.p + 20,
			    "\x00\x20\x00\x14\x00\x02\xa1\x47\x01\x13\xa9\xfa\xa5\xd3\xf1\x79\xbc"
			    "\x25\xf4\xb5\xbe\xd2\xb9\xd9",
			    24);
}

/* Bit by bit, as ITU-T V.42 draws it: not the code under test's way. */
static uint32_t crc_of(const uint8_t *p, size_t n)
{
	uint32_t rest = 0xffffffffu;
	for (size_t i = 0; i < n * 8; i++) {
		uint32_t bit = (uint32_t)(p[i / 8] >> i % 8) & 1;
		bool out = (rest & 1) != bit;
		rest >>= 1;
		if (out)
			rest ^= 0xedb88320u;
	}
	return ~rest;
}

static void test_fingerprint(void **state)
{
	char memory[STUN_ANSWER_BYTES];
	struct addr source = addr_of("192.0.2.1:32853");
	struct slice a = stun_answer(wire(), &source, memory);
	const uint8_t *p = (const uint8_t *)a.p + a.n - 4;
	uint32_t told = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	(void)state;
	assert_int_equal(crc_of((const uint8_t *)"123456789", 9), 0xcbf43926u);
	assert_int_equal(told, crc_of((const uint8_t *)a.p, a.n - 8) ^ 0x5354554eu);
}

static void test_what_is_none(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {
		{"\x00\x01\x00\x00" COOKIE_WIRE TRANSACTION, 19},	 /* too short */
		{"\x00\x01\x00\x04" COOKIE_WIRE TRANSACTION, 20},	 /* promises more */
		{"\x00\x01\x00\x00" COOKIE_WIRE TRANSACTION "1234", 24}, /* promises less */
		{"\x00\x01\x00\x00\x21\x12\xa4\x43" TRANSACTION, 20},	 /* RFC 3489 */
		{"\x40\x01\x00\x00" COOKIE_WIRE TRANSACTION, 20},	 /* ChannelData, TURN */
		{"OPTIONS sip:a@b SIP/2.0", 23},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(stun_is_message(slice_of(rows[i].bytes, rows[i].n)));
}

/* Indications and responses are STUN, but nobody answers them. */
static void test_no_request(void **state)
{
	static const char *const rows[] = {
		"\x00\x11\x00\x00" COOKIE_WIRE TRANSACTION,
		"\x01\x01\x00\x00" COOKIE_WIRE TRANSACTION,
		"\x00\x03\x00\x00" COOKIE_WIRE TRANSACTION, /* Allocate */
	};
	char memory[STUN_ANSWER_BYTES];
	struct addr source = addr_of("192.0.2.1:32853");
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(stun_is_message(slice_of(rows[i], 20)));
		assert_int_equal(stun_answer(slice_of(rows[i], 20), &source, memory).n, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4),	    cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_fingerprint), cmocka_unit_test(test_what_is_none),
		cmocka_unit_test(test_no_request),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
