#include "fixture.h"

#define PERIOD 25000

static uint32_t pings(struct fixture *f, uint32_t shard, uint32_t shards, int64_t now_ms,
		      struct directory_ping *v)
{
	return directory_pings_due(f->d, shard, shards, now_ms, PERIOD, v, 8);
}

static void test_who_is_pinged_and_when(void **state)
{
	struct fixture *f = *state;
	struct phone nat = a_phone("0501", "c1", "sip:a@10.0.0.1:5062", "192.0.2.1:1000");
	struct phone open = a_phone("0502", "c2", "sip:b@192.0.2.2", "192.0.2.2:5060");
	struct directory_ping v[8];

	assert_registered(f, &nat);
	assert_registered(f, &open);
	assert_int_equal(pings(f, 0, 1, NOW + PERIOD - 1, v), 0);
	assert_int_equal(pings(f, 0, 1, NOW + PERIOD, v), 1);
	assert_string_equal(v[0].number, "0501");
	assert_string_equal(v[0].contact, "sip:a@10.0.0.1:5062");
	assert_true(flow_eq(&v[0].flow, &nat.flow));
	assert_int_equal(the_binding(f, "0501", NOW).pinged_at, NOW + PERIOD);
	assert_int_equal(pings(f, 0, 1, NOW + PERIOD + 1, v), 0);
	/* a refresh does not bring the next one forward, nor put it off */
	nat.cseq = 2;
	nat.at_ms = NOW + PERIOD + 9000;
	assert_registered(f, &nat);
	assert_int_equal(pings(f, 0, 1, NOW + 2 * PERIOD - 1, v), 0);
	assert_int_equal(pings(f, 0, 1, NOW + 2 * PERIOD, v), 1);
	assert_int_equal(directory_pings_due(f->d, 0, 1, NOW + 9 * PERIOD, 0, v, 8), 0);
}

/* RFC 5626: a phone that asked for outbound, wherever it is. Behind a Path it is the proxy's. */
static void test_outbound_and_path(void **state)
{
	struct fixture *f = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@192.0.2.1", "192.0.2.1:5060");
	static struct reg_request rq;
	struct directory_ping v[8];

	p.instance = "<urn:uuid:1>";
	p.reg_id = 1;
	assert_registered(f, &p);
	assert_int_equal(pings(f, 0, 1, NOW + PERIOD, v), 1);
	p.cseq = 2;
	fill_request(&p, &rq);
	rq.path = SLICE("<sip:proxy;lr>");
	assert_int_equal(directory_register(f->d, SLICE("0501"), &rq, &f->arena, &f->outcome), 0);
	assert_int_equal(pings(f, 0, 1, NOW + 9 * PERIOD, v), 0);
}

static void test_each_is_one_shards(void **state)
{
	struct fixture *f = *state;
	uint32_t by_shard[3] = {0}, streams = 0;
	char number[16], remote[32];

	for (int i = 0; i < 300; i++) {
		struct phone p = a_phone(number, "c", "sip:a@10.0.0.1", "192.0.2.1:1");

		snprintf(number, sizeof(number), "070%d", i);
		snprintf(remote, sizeof(remote), "192.0.2.1:%d", 1000 + i);
		add_number(f->d, number, number, REG_NEWEST);
		p.flow = i % 3 ? udp(remote) : tcp(remote, (uint16_t)(i % 9 / 3), (uint32_t)i + 1);
		assert_registered(f, &p);
	}
	for (uint32_t shard = 0; shard < 3; shard++) {
		struct directory_ping v[8];
		uint32_t n;

		while ((n = pings(f, shard, 3, NOW + PERIOD, v)) > 0) {
			by_shard[shard] += n;
			for (uint32_t i = 0; i < n; i++) {
				if (!flow_is_stream(&v[i].flow))
					continue;
				assert_int_equal(v[i].flow.shard, shard);
				streams++;
			}
		}
		assert_true(by_shard[shard] > 50);
	}
	assert_int_equal(by_shard[0] + by_shard[1] + by_shard[2], 300);
	assert_int_equal(streams, 100);
}

static void test_results(void **state)
{
	static const struct {
		bool answered;
		enum directory_reach_change want;
		enum reg_reach reach;
	} rows[] = {
		{true, DIRECTORY_REACH_SAME, REG_REACHABLE},
		{false, DIRECTORY_BECAME_UNREACHABLE, REG_UNREACHABLE},
		{false, DIRECTORY_REACH_SAME, REG_UNREACHABLE},
		{true, DIRECTORY_BECAME_REACHABLE, REG_REACHABLE},
		{true, DIRECTORY_REACH_SAME, REG_REACHABLE},
	};
	struct fixture *f = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	struct flow other = udp("192.0.2.1:1001");

	assert_registered(f, &p);
	assert_int_equal(directory_ping_result(f->d, SLICE("0501"), &other, false, NOW),
			 DIRECTORY_REACH_SAME);
	assert_int_equal(directory_ping_result(f->d, SLICE("0509"), &p.flow, false, NOW),
			 DIRECTORY_REACH_SAME);
	assert_int_equal(the_binding(f, "0501", NOW).reach, REG_UNKNOWN);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(directory_ping_result(f->d, SLICE("0501"), &p.flow,
						       rows[i].answered, NOW + (int)i),
				 rows[i].want);
		assert_int_equal(the_binding(f, "0501", NOW).reach, rows[i].reach);
	}
	assert_int_equal(the_binding(f, "0501", NOW).pong_at, NOW + 4);
}

static void test_unreachable_are_pinged_on(void **state)
{
	struct fixture *f = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	struct directory_ping v[8];

	assert_registered(f, &p);
	assert_int_equal(pings(f, 0, 1, NOW + PERIOD, v), 1);
	directory_ping_result(f->d, SLICE("0501"), &p.flow, false, NOW + PERIOD + 9);
	assert_int_equal(pings(f, 0, 1, NOW + 2 * PERIOD, v), 1);
	directory_flow_gone(f->d, &p.flow, NOW);
	assert_int_equal(pings(f, 0, 1, NOW + 3 * PERIOD, v), 1);
	assert_int_equal(directory_ping_result(f->d, SLICE("0501"), &p.flow, true, NOW),
			 DIRECTORY_BECAME_REACHABLE);
}

/* A closed connection takes no pings; nobody is told twice that the phone cannot be reached. */
static void test_streams_that_are_gone(void **state)
{
	struct fixture *f = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	struct directory_ping v[8];

	p.flow = tcp("192.0.2.1:1000", 0, 9);
	assert_registered(f, &p);
	assert_int_equal(pings(f, 0, 1, NOW + PERIOD, v), 1);
	directory_flow_gone(f->d, &p.flow, NOW);
	assert_int_equal(directory_ping_result(f->d, SLICE("0501"), &p.flow, false, NOW),
			 DIRECTORY_REACH_SAME);
	assert_int_equal(pings(f, 0, 1, NOW + 3 * PERIOD, v), 0);
}

static void test_no_more_than_asked_for(void **state)
{
	struct fixture *f = *state;
	struct directory_ping v[8];
	char number[16];
	uint32_t total = 0, n;

	for (int i = 0; i < 100; i++) {
		struct phone p = a_phone(number, "c", "sip:a@10.0.0.1", "192.0.2.1:1");

		snprintf(number, sizeof(number), "070%d", i);
		add_number(f->d, number, number, REG_NEWEST);
		assert_registered(f, &p);
	}
	while ((n = directory_pings_due(f->d, 0, 1, NOW + PERIOD, PERIOD, v, 3)) > 0) {
		assert_true(n <= 3);
		total += n;
	}
	assert_int_equal(total, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_who_is_pinged_and_when),    TEST(test_outbound_and_path),
		TEST(test_each_is_one_shards),	      TEST(test_results),
		TEST(test_unreachable_are_pinged_on), TEST(test_streams_that_are_gone),
		TEST(test_no_more_than_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
