#include "fixture.h"

static void test_keepalives(void **state)
{
	struct fixture *f = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	struct flow other = udp("192.0.2.1:1001"), far_shard = p.flow;
	char number[STORE_NUMBER_BYTES] = "untouched";
	struct reg_binding b;

	assert_registered(f, &p);
	assert_false(directory_keepalive(f->d, &other, KEEPALIVE_EMPTY, NOW, number));
	assert_string_equal(number, "untouched");
	b = the_binding(f, "0501", NOW);
	assert_int_equal(b.last_keepalive_at, 0);
	assert_true(directory_keepalive(f->d, &p.flow, KEEPALIVE_EMPTY, NOW + 10, number));
	assert_string_equal(number, "0501");
	b = the_binding(f, "0501", NOW);
	assert_int_equal(b.last_keepalive_at, NOW + 10);
	assert_int_equal(b.keepalive_interval_ms, 0);
	/* a datagram may come in through any shard and any listener */
	far_shard.shard = 3;
	far_shard.listener = 1;
	assert_true(directory_keepalive(f->d, &far_shard, KEEPALIVE_STUN, NOW + 25010, number));
	b = the_binding(f, "0501", NOW);
	assert_int_equal(b.keepalive_interval_ms, 25000);
	assert_int_equal(b.keepalive_kind, KEEPALIVE_STUN);
	/* two in one millisecond say nothing of the interval */
	assert_true(directory_keepalive(f->d, &p.flow, KEEPALIVE_STUN, NOW + 25010, number));
	assert_int_equal(the_binding(f, "0501", NOW).keepalive_interval_ms, 25000);
	/* a refresh keeps what is known */
	p.cseq = 2;
	assert_registered(f, &p);
	assert_int_equal(f->outcome.bindings[0].keepalive_interval_ms, 25000);
	assert_int_equal(the_binding(f, "0501", NOW).keepalive_interval_ms, 25000);
}

static void test_moves_with_the_phone(void **state)
{
	struct fixture *f = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	struct flow old = p.flow;
	char number[STORE_NUMBER_BYTES];

	assert_registered(f, &p);
	assert_true(directory_keepalive(f->d, &old, KEEPALIVE_CRLF, NOW, number));
	p.flow = udp("192.0.2.1:2000");
	p.cseq = 2;
	assert_registered(f, &p);
	assert_int_equal(f->outcome.changes[0].kind, REG_MOVED);
	assert_false(directory_keepalive(f->d, &old, KEEPALIVE_CRLF, NOW, number));
	assert_true(directory_keepalive(f->d, &p.flow, KEEPALIVE_CRLF, NOW + 9, number));
	assert_int_equal(the_binding(f, "0501", NOW).keepalive_interval_ms, 9);
}

/* A gateway with many numbers behind one socket. */
static void test_many_behind_one_flow(void **state)
{
	struct fixture *f = *state;
	char number[STORE_NUMBER_BYTES], contact[64];
	struct phone p = a_phone("", "c1", contact, "192.0.2.1:5060");

	for (int i = 0; i < 2000; i++) {
		snprintf(number, sizeof(number), "070%d", i);
		add_number(f->d, number, number, REG_NEWEST);
		snprintf(contact, sizeof(contact), "sip:%d@192.0.2.1", i);
		p.number = number;
		assert_registered(f, &p);
	}
	assert_true(directory_keepalive(f->d, &p.flow, KEEPALIVE_CRLF, NOW + 1, number));
	assert_int_equal(the_binding(f, "0700", NOW).last_keepalive_at, NOW + 1);
	assert_int_equal(the_binding(f, "0701999", NOW).last_keepalive_at, NOW + 1);
	for (int i = 0; i < 2000; i++) {
		assert_true(directory_keepalive(f->d, &p.flow, KEEPALIVE_CRLF, NOW + 1, number));
		snprintf(number, sizeof(number), "070%d", i);
		assert_int_equal(directory_remove(f->d, slice_str(number)), 0);
	}
	assert_false(directory_keepalive(f->d, &p.flow, KEEPALIVE_CRLF, NOW + 1, number));
}

static void test_a_connection_goes(void **state)
{
	struct fixture *f = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	struct flow same_place, elsewhere;
	char number[STORE_NUMBER_BYTES];

	p.flow = tcp("192.0.2.1:1000", 1, 55);
	same_place = tcp("192.0.2.1:1000", 1, 56);
	elsewhere = tcp("192.0.2.1:1000", 2, 55);
	assert_registered(f, &p);
	assert_true(directory_keepalive(f->d, &p.flow, KEEPALIVE_DOUBLE_CRLF, NOW, number));
	assert_false(directory_keepalive(f->d, &same_place, KEEPALIVE_DOUBLE_CRLF, NOW, number));
	assert_false(directory_keepalive(f->d, &elsewhere, KEEPALIVE_DOUBLE_CRLF, NOW, number));
	directory_flow_gone(f->d, &same_place, NOW);
	assert_int_equal(the_binding(f, "0501", NOW).reach, REG_UNKNOWN);
	directory_flow_gone(f->d, &p.flow, NOW);
	assert_int_equal(the_binding(f, "0501", NOW).reach, REG_UNREACHABLE);
	/* over a new connection */
	p.flow = same_place;
	p.cseq = 2;
	assert_registered(f, &p);
	assert_int_equal(f->outcome.changes[0].kind, REG_MOVED);
	assert_int_equal(the_binding(f, "0501", NOW).reach, REG_UNKNOWN);
}

static void test_ip6(void **state)
{
	struct fixture *f = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@[2001:db8::1]", "[2001:db8::1]:5060");
	struct flow link = p.flow;
	char number[STORE_NUMBER_BYTES];

	assert_registered(f, &p);
	assert_true(directory_keepalive(f->d, &p.flow, KEEPALIVE_CRLF, NOW, number));
	link.remote.scope = 2;
	assert_false(directory_keepalive(f->d, &link, KEEPALIVE_CRLF, NOW, number));
	assert_false(the_binding(f, "0501", NOW).nat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_keepalives),
		TEST(test_moves_with_the_phone),
		TEST(test_many_behind_one_flow),
		TEST(test_a_connection_goes),
		TEST(test_ip6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
