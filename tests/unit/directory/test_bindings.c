#include "fixture.h"

static void test_life_of_a_binding(void **state)
{
	struct fixture *f = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	struct reg_binding b;

	assert_registered(f, &p);
	assert_int_equal(f->outcome.change_count, 1);
	assert_int_equal(f->outcome.changes[0].kind, REG_ADDED);
	b = the_binding(f, "0501", NOW);
	assert_slice(b.contact, "sip:a@10.0.0.1");
	assert_slice(b.call_id, "c1");
	assert_slice(b.user_agent, "Phone/1");
	assert_true(b.nat);
	assert_int_equal(b.expires_at, NOW + 3600000);
	assert_int_equal(b.flow.remote.port, 1000);
	p.cseq = 2;
	p.at_ms += 1000;
	assert_registered(f, &p);
	assert_int_equal(f->outcome.changes[0].kind, REG_REFRESHED);
	b = the_binding(f, "0501", NOW);
	assert_int_equal(b.registered_at, NOW);
	assert_int_equal(b.refreshed_at, NOW + 1000);
	assert_int_equal(directory_registration_count(f->d), 1);
	assert_int_equal(count_bindings(f, "0501", b.expires_at), 0);
	p.cseq = 3;
	p.expires_s = 0;
	assert_registered(f, &p);
	assert_int_equal(f->outcome.changes[0].kind, REG_REMOVED);
	assert_int_equal(count_bindings(f, "0501", NOW), 0);
	assert_int_equal(directory_registration_count(f->d), 0);
}

static void test_refusal_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");

	assert_registered(f, &p);
	p.contact = "sip:b@10.0.0.1";
	assert_int_equal(register_phone(f, &p), 0);
	assert_int_equal(f->outcome.code, 500);
	assert_int_equal(f->outcome.binding_count, 1);
	assert_slice(f->outcome.bindings[0].contact, "sip:a@10.0.0.1");
	assert_slice(the_binding(f, "0501", NOW).contact, "sip:a@10.0.0.1");
}

/* What the outcome says of a binding that went lives in the arena, not in the binding. */
static void test_newest_replaces(void **state)
{
	struct fixture *f = *state;
	struct phone a = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	struct phone b = a_phone("0501", "c2", "sip:b@10.0.0.2", "192.0.2.2:1000");

	assert_registered(f, &a);
	assert_registered(f, &b);
	assert_true(f->outcome.double_register);
	assert_int_equal(f->outcome.change_count, 2);
	assert_int_equal(f->outcome.changes[1].kind, REG_REPLACED);
	assert_slice(f->outcome.changes[1].binding.contact, "sip:a@10.0.0.1");
	assert_slice(the_binding(f, "0501", NOW).contact, "sip:b@10.0.0.2");
	assert_int_equal(directory_registration_count(f->d), 1);
}

static void register_q(struct fixture *f, const char *contact, uint16_t q, int64_t at_ms)
{
	static struct reg_request rq;
	struct phone p = a_phone("0502", contact, contact, "192.0.2.1:1000");

	p.at_ms = at_ms;
	fill_request(&p, &rq);
	rq.user_agent = SLICE_NONE;
	rq.contacts[0].q_thousandths = q;
	arena_reset(&f->arena);
	assert_int_equal(directory_register(f->d, SLICE("0502"), &rq, &f->arena, &f->outcome), 0);
	assert_int_equal(f->outcome.code, 200);
}

static void test_order_of_ringing(void **state)
{
	static const char *const want[] = {"sip:first@h", "sip:new@h", "sip:old@h", "sip:last@h"};
	struct fixture *f = *state;
	struct reg_binding *b;
	uint32_t count;

	register_q(f, "sip:old@h", 500, NOW);
	register_q(f, "sip:first@h", 900, NOW + 1);
	register_q(f, "sip:last@h", 0, NOW + 2);
	register_q(f, "sip:new@h", 500, NOW + 3);
	assert_int_equal(directory_bindings(f->d, SLICE("0502"), NOW, &f->arena, &b, &count), 0);
	assert_int_equal(count, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_slice(b[i].contact, want[i]);
	assert_int_equal(directory_bindings(f->d, SLICE("0509"), NOW, &f->arena, &b, &count),
			 ERR_NOT_FOUND);
}

static void test_arena_is_full(void **state)
{
	struct fixture *f = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	static struct reg_request rq;
	struct reg_binding *b;
	struct arena small;
	char memory[64], number[STORE_NUMBER_BYTES];
	uint32_t count;

	fill_request(&p, &rq);
	arena_init(&small, memory, 16);
	assert_int_equal(directory_register(f->d, SLICE("0501"), &rq, &small, &f->outcome),
			 ERR_NOMEM);
	assert_int_equal(count_bindings(f, "0501", NOW), 0);
	assert_false(directory_keepalive(f->d, &p.flow, KEEPALIVE_CRLF, NOW, number));
	assert_registered(f, &p);
	arena_init(&small, memory, 16);
	assert_int_equal(directory_bindings(f->d, SLICE("0501"), NOW, &small, &b, &count),
			 ERR_NOMEM);
}

/* Several Contacts at once, one of them going, some staying: the blocks that stay are not touched.
 */
static void test_several_contacts(void **state)
{
	struct fixture *f = *state;
	static struct reg_request rq;
	struct phone p = a_phone("0502", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	static const char *const texts[] = {"sip:a@10.0.0.1", "sip:b@10.0.0.1", "sip:c@10.0.0.1"};

	fill_request(&p, &rq);
	for (uint32_t i = 0; i < 3; i++) {
		rq.contacts[i] = rq.contacts[0];
		rq.contacts[i].uri_text = slice_str(texts[i]);
		assert_int_equal(sip_uri_parse(rq.contacts[i].uri_text, &rq.contacts[i].uri), 0);
	}
	rq.contact_count = 3;
	assert_int_equal(directory_register(f->d, SLICE("0502"), &rq, &f->arena, &f->outcome), 0);
	assert_int_equal(f->outcome.binding_count, 3);
	rq.cseq = 2;
	rq.contacts[1].expires_s = 0;
	rq.contact_count = 2;
	rq.now_ms += 5;
	assert_int_equal(directory_register(f->d, SLICE("0502"), &rq, &f->arena, &f->outcome), 0);
	assert_int_equal(f->outcome.change_count, 2);
	assert_int_equal(count_bindings(f, "0502", NOW), 2);
	assert_int_equal(directory_registration_count(f->d), 2);
	rq.star = true;
	rq.contact_count = 0;
	rq.cseq = 3;
	assert_int_equal(directory_register(f->d, SLICE("0502"), &rq, &f->arena, &f->outcome), 0);
	assert_int_equal(f->outcome.change_count, 2);
	assert_int_equal(directory_registration_count(f->d), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_life_of_a_binding), TEST(test_refusal_changes_nothing),
		TEST(test_newest_replaces),   TEST(test_order_of_ringing),
		TEST(test_arena_is_full),     TEST(test_several_contacts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
