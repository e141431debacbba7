/* What needs no DNS: numeric hosts, questions, the order of servers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "sip/value.h"
#include "transport/locate_priv.h"

static struct sip_uri uri_of(const char *text)
{
	struct sip_uri uri;
	assert_int_equal(sip_uri_parse(slice_str(text), &uri), 0);
	return uri;
}

static void test_numeric(void **state)
{
	static const struct {
		const char *uri;
		int err;
		enum sip_transport transport;
		const char *addr;
	} rows[] = {
		{"sip:100@192.0.2.1", 0, SIP_UDP, "192.0.2.1:5060"},
		{"sip:192.0.2.1:5070", 0, SIP_UDP, "192.0.2.1:5070"},
		{"sip:192.0.2.1;transport=tcp", 0, SIP_TCP, "192.0.2.1:5060"},
		{"sip:192.0.2.1;transport=TCP", 0, SIP_TCP, "192.0.2.1:5060"},
		{"sip:[2001:db8::1]", 0, SIP_UDP, "[2001:db8::1]:5060"},
		{"sip:[2001:db8::1]:5999;transport=udp", 0, SIP_UDP, "[2001:db8::1]:5999"},
		{"sips:192.0.2.1", 0, SIP_TLS, "192.0.2.1:5061"},
		{"sips:192.0.2.1;transport=tcp", 0, SIP_TLS, "192.0.2.1:5061"},
		{"sip:name.test;maddr=192.0.2.7", 0, SIP_UDP, "192.0.2.7:5060"},
		{"sip:192.0.2.1;maddr=name.test", ERR_AGAIN, 0, NULL},
		{"sip:name.test", ERR_AGAIN, 0, NULL},
		{"sip:192.0.2.1;transport=sctp", ERR_UNSUPPORTED, 0, NULL},
		{"sips:192.0.2.1;transport=udp", ERR_UNSUPPORTED, 0, NULL},
		{"tel:0501", ERR_UNSUPPORTED, 0, NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_uri uri = uri_of(rows[i].uri);
		struct locate_answer a = {.target_count = 99};
		char text[ADDR_TEXT_BYTES];
		assert_int_equal(locate_numeric(&uri, &a), rows[i].err);
		assert_int_equal(a.target_count, rows[i].err ? 99 : 1);
		if (rows[i].err)
			continue;
		assert_int_equal(a.targets[0].transport, rows[i].transport);
		assert_string_equal(addr_text(&a.targets[0].addr, text), rows[i].addr);
	}
}

static void test_question(void **state)
{
	static const struct {
		const char *uri;
		int err;
		const char *host;
		uint16_t port;
		bool secure;
		enum sip_transport transport;
	} rows[] = {
		{"sip:100@Phone.Example.TEST.", 0, "phone.example.test", 0, false,
		 SIP_TRANSPORT_OTHER},
		{"sip:a.test:5062;transport=tcp", 0, "a.test", 5062, false, SIP_TCP},
		{"sips:a.test", 0, "a.test", 0, true, SIP_TRANSPORT_OTHER},
		{"sip:192.0.2.1;maddr=a.test", 0, "a.test", 0, false, SIP_TRANSPORT_OTHER},
		{"sip:a.test;transport=sctp", ERR_UNSUPPORTED, NULL, 0, false, 0},
		{"tel:0501", ERR_UNSUPPORTED, NULL, 0, false, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_uri uri = uri_of(rows[i].uri);
		struct locate_question q;
		assert_int_equal(locate_question_of(&uri, &q), rows[i].err);
		if (rows[i].err)
			continue;
		assert_string_equal(q.host, rows[i].host);
		assert_int_equal(q.port, rows[i].port);
		assert_int_equal(q.secure, rows[i].secure);
		assert_int_equal(q.transport, rows[i].transport);
	}
}

static void test_question_hosts_that_are_none(void **state)
{
	char longest[LOCATE_HOST_BYTES + 1];
	struct locate_question q;
	(void)state;
	memset(longest, 'a', sizeof(longest));
	static const char *const bad[] = {".", "", "a b", "a\\.b", "a/b", "[::1]"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sip_uri uri = {.host = slice_str(bad[i])};
		assert_int_equal(locate_question_of(&uri, &q), ERR_SYNTAX);
	}
	struct sip_uri uri = {.host = slice_of(longest, LOCATE_HOST_BYTES)};
	assert_int_equal(locate_question_of(&uri, &q), ERR_SYNTAX);
	uri.host.n--;
	assert_int_equal(locate_question_of(&uri, &q), 0);
}

static struct locate_server server(uint16_t group, uint16_t priority, uint16_t weight, uint8_t last)
{
	return (struct locate_server){
		.group = group,
		.priority = priority,
		.weight = weight,
		.transport = SIP_TCP,
		.addr_count = 1,
		.addrs = {{.ip = {192, 0, 2, last}, .port = 5060, .family = 4}},
	};
}

static struct rng *seeded(struct rng *rng)
{
	uint8_t seed[RNG_SEED_BYTES] = {7};
	rng_init(rng, seed);
	return rng;
}

static void test_order_groups_and_priorities(void **state)
{
	const struct locate_server v[] = {server(1, 0, 9, 4), server(0, 20, 9, 3),
					  server(0, 10, 0, 2), server(2, 0, 1, 5)};
	struct locate_answer a;
	struct rng rng;
	(void)state;
	seeded(&rng);
	for (int round = 0; round < 50; round++) {
		locate_order(v, 4, &rng, &a);
		assert_int_equal(a.target_count, 4);
		for (uint8_t i = 0; i < 4; i++)
			assert_int_equal(a.targets[i].addr.ip[3], 2 + i);
	}
}

/* 10 : 30 : 60, and one of weight 0, which nearly always comes last. */
static void test_order_by_weight(void **state)
{
	const struct locate_server v[] = {server(0, 0, 10, 0), server(0, 0, 60, 1),
					  server(0, 0, 0, 2), server(0, 0, 30, 3)};
	uint32_t first[4] = {0};
	struct locate_answer a;
	struct rng rng;
	(void)state;
	seeded(&rng);
	for (int round = 0; round < 10000; round++) {
		bool seen[4] = {0};
		locate_order(v, 4, &rng, &a);
		assert_int_equal(a.target_count, 4);
		for (uint32_t i = 0; i < 4; i++)
			seen[a.targets[i].addr.ip[3]] = true;
		assert_true(seen[0] && seen[1] && seen[2] && seen[3]);
		first[a.targets[0].addr.ip[3]]++;
	}
	assert_in_range(first[0], 800, 1200);
	assert_in_range(first[1], 5700, 6300);
	assert_in_range(first[3], 2700, 3300);
	assert_in_range(first[2], 30, 200);
}

static void test_order_without_weights_is_even(void **state)
{
	const struct locate_server v[] = {server(0, 0, 0, 0), server(0, 0, 0, 1),
					  server(0, 0, 0, 2)};
	uint32_t first[3] = {0};
	struct locate_answer a;
	struct rng rng;
	(void)state;
	seeded(&rng);
	for (int round = 0; round < 3000; round++) {
		locate_order(v, 3, &rng, &a);
		assert_int_equal(a.target_count, 3);
		first[a.targets[0].addr.ip[3]]++;
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(first[i], 850, 1150);
}

/* All addresses of a host, in DNS's order, before the next host; no more than the answer holds. */
static void test_order_addresses(void **state)
{
	struct locate_server v[5];
	struct locate_answer a;
	struct rng rng;
	(void)state;
	for (uint16_t i = 0; i < 5; i++) {
		v[i] = server(i, 0, 0, (uint8_t)(i * 10));
		v[i].addr_count = LOCATE_ADDRS_MAX;
		for (uint8_t k = 1; k < LOCATE_ADDRS_MAX; k++) {
			v[i].addrs[k] = v[i].addrs[0];
			v[i].addrs[k].ip[3] = (uint8_t)(i * 10 + k);
		}
	}
	locate_order(v, 5, seeded(&rng), &a);
	assert_int_equal(a.target_count, LOCATE_TARGETS_MAX);
	for (uint32_t i = 0; i < LOCATE_TARGETS_MAX; i++)
		assert_int_equal(a.targets[i].addr.ip[3], i / 4 * 10 + i % 4);
	locate_order(v, 0, &rng, &a);
	assert_int_equal(a.target_count, 0);
}

static void test_sent_by(void **state)
{
	struct sip_via via;
	struct locate_question q;
	(void)state;
	assert_int_equal(sip_via_parse(SLICE("SIP/2.0/TCP proxy.test;branch=z9hG4bK1"), &via), 0);
	struct sip_uri uri = locate_sent_by(&via);
	assert_int_equal(locate_question_of(&uri, &q), 0);
	assert_string_equal(q.host, "proxy.test");
	assert_int_equal(q.port, 0);
	assert_int_equal(q.transport, SIP_TCP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numeric),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_question_hosts_that_are_none),
		cmocka_unit_test(test_order_groups_and_priorities),
		cmocka_unit_test(test_order_by_weight),
		cmocka_unit_test(test_order_without_weights_is_even),
		cmocka_unit_test(test_order_addresses),
		cmocka_unit_test(test_sent_by),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
