#include "trunk/trunk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

/* Three ways for everything, one for Tokyo, one for Korea. */
static const struct trunk trunks[] = {
	{.id = 1, .name = "main", .priority = 1, .weight = 3},
	{.id = 2, .name = "side", .priority = 1, .weight = 1},
	{.id = 3, .name = "spare", .priority = 9, .weight = 1, .capacity = 2},
	{.id = 4, .name = "tokyo", .priority = 5, .prefixes = {"03", "0422"}, .prefix_count = 2},
	{.id = 5, .name = "korea", .priority = 5, .prefixes = {"01082"}, .prefix_count = 1},
};

static void test_choice(void **state)
{
	/* down, full: trunks by bit; tried: ids by bit */
	static const struct {
		const char *number;
		unsigned down, calls, tried;
		uint32_t draw;
		enum trunk_verdict verdict;
		uint32_t id;
	} rows[] = {
		{"0612345678", 0, 0, 0, 0, TRUNK_FOUND, 1},
		{"0612345678", 0, 0, 0, 2, TRUNK_FOUND, 1},
		{"0612345678", 0, 0, 0, 3, TRUNK_FOUND, 2},
		{"0612345678", 0, 0, 0, 4, TRUNK_FOUND, 1},
		{"0612345678", 1 << 0, 0, 0, 0, TRUNK_FOUND, 2},
		{"0612345678", 0, 0, 1 << 1, 7, TRUNK_FOUND, 2},
		{"0612345678", 0, 0, 1 << 1 | 1 << 2, 7, TRUNK_FOUND, 3},
		{"0612345678", 3, 2, 0, 0, TRUNK_ALL_FULL, 0},
		{"0612345678", 3, 1, 0, 0, TRUNK_FOUND, 3},
		{"0612345678", 7, 0, 0, 0, TRUNK_ALL_DOWN, 0},
		{"0612345678", 0, 0, 14, 0, TRUNK_NONE, 0},
		{"0312345678", 0, 0, 0, 0, TRUNK_FOUND, 4},
		{"0422123456", 0, 0, 0, 3, TRUNK_FOUND, 4},
		{"0312345678", 1 << 3, 0, 0, 0, TRUNK_FOUND, 1},
		{"0312345678", 0, 0, 1 << 4, 3, TRUNK_FOUND, 2},
		{"010821012345", 0, 0, 0, 0, TRUNK_FOUND, 5},
		{"010861012345", 0, 0, 0, 0, TRUNK_FOUND, 1},
		{"110", 0, 0, 0, 0, TRUNK_NONE, 0},
		{"118", 0, 0, 0, 0, TRUNK_NONE, 0},
		{"119", 0, 0, 0, 0, TRUNK_NONE, 0},
		{"117", 0, 0, 0, 0, TRUNK_FOUND, 1},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct trunk_state states[COUNT(trunks)] = {0};
		uint32_t tried[COUNT(trunks)], n = 0, at = 99;
		for (uint32_t k = 0; k < COUNT(trunks); k++) {
			states[k].down = rows[i].down >> k & 1;
			states[k].calls = rows[i].calls;
			if (rows[i].tried >> (k + 1) & 1)
				tried[n++] = k + 1;
		}
		const struct trunk_ask ask = {slice_str(rows[i].number), tried, n, rows[i].draw};
		enum trunk_verdict v = trunk_choose(trunks, states, COUNT(trunks), &ask, &at);
		if (v != rows[i].verdict || (v == TRUNK_FOUND && trunks[at].id != rows[i].id))
			fail_msg("row %zu: verdict %d, trunk %u", i, v,
				 v == TRUNK_FOUND ? trunks[at].id : 0);
	}
}

/* 3 of 4 draws go to the one with weight 3. */
static void test_weights(void **state)
{
	struct trunk_state states[COUNT(trunks)] = {0};
	uint32_t hits[COUNT(trunks)] = {0}, at;
	(void)state;
	for (uint32_t draw = 0; draw < 400; draw++) {
		const struct trunk_ask ask = {SLICE("0612345678"), NULL, 0, draw};
		assert_int_equal(trunk_choose(trunks, states, COUNT(trunks), &ask, &at),
				 TRUNK_FOUND);
		hits[at]++;
	}
	assert_int_equal(hits[0], 300);
	assert_int_equal(hits[1], 100);
}

static void test_source(void **state)
{
	static const struct {
		const char *from;
		enum sip_transport transport;
		int want;
	} rows[] = {
		{"192.0.2.9:5060", SIP_UDP, 0},	  /* its address */
		{"192.0.2.9:5070", SIP_UDP, 1},	  /* the other one on the same host */
		{"192.0.2.9:40000", SIP_UDP, 2},  /* by the range only */
		{"192.0.2.9:40000", SIP_TCP, 0},  /* a connection comes from any port */
		{"192.0.2.77:5060", SIP_UDP, 2},  /* range */
		{"192.0.2.130:5060", SIP_UDP, 3}, /* the narrower range */
		{"198.51.100.1:5060", SIP_UDP, -1},
	};
	struct trunk v[4] = {{.id = 1}, {.id = 2}, {.id = 3}, {.id = 4}};
	struct trunk_state states[4] = {0};
	(void)state;
	assert_int_equal(cidr_parse(SLICE("192.0.2.0/24"), &v[2].sources[0]), 0);
	assert_int_equal(cidr_parse(SLICE("192.0.2.128/25"), &v[3].sources[0]), 0);
	v[2].source_count = v[3].source_count = 1;
	assert_int_equal(addr_parse(SLICE("192.0.2.9:5060"), 0, &states[0].addresses[0]), 0);
	assert_int_equal(addr_parse(SLICE("192.0.2.9:5070"), 0, &states[1].addresses[0]), 0);
	states[0].address_count = states[1].address_count = 1;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct flow flow = {.transport = rows[i].transport};
		assert_int_equal(addr_parse(slice_str(rows[i].from), 0, &flow.remote), 0);
		assert_int_equal(trunk_of_source(v, states, 4, &flow), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
