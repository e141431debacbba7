/* Two phones call each other directly: what a scenario relies on, checked before any server stands
 * between them. */
#include "net/ladder.h"
#include "ua/ua.h"
#include "ua/ua_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct pair {
	struct sim_net *net;
	struct ua *a, *b;
};

static const struct ua_wish PLAIN;

static struct addr at(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(slice_str(text), 5060, &a), 0);
	return a;
}

static struct ua *phone(struct sim_net *net, const char *name, const char *local, const char *peer,
			bool tcp)
{
	const struct ua_params p = {
		.net = net,
		.name = name,
		.account = name,
		.domain = "example.jp",
		.local = at(local),
		.server = at(peer),
		.tcp = tcp,
		.seed = (uint64_t)name[0],
	};
	return ua_new(&p);
}

static struct pair pair_new(bool tcp)
{
	const struct sim_net_params p = {.seed = 1, .wall_ms = 1700000000000};
	struct pair t = {.net = sim_net_new(&p)};
	t.a = phone(t.net, "a", "198.51.100.1", "198.51.100.2", tcp);
	t.b = phone(t.net, "b", "198.51.100.2", "198.51.100.1", tcp);
	return t;
}

static void pair_free(struct pair *t)
{
	ua_free(t->a);
	ua_free(t->b);
	sim_net_free(t->net);
}

static void run_ms(struct pair *t, int64_t ms)
{
	const int64_t until = sim_net_now_us(t->net) + ms * 1000;
	while (sim_net_step(t->net, until))
		;
}

static void connect_them(struct pair *t)
{
	assert_null(ua_invite(t->a, ua_line(t->a, ""), "b", &PLAIN));
	run_ms(t, 100);
	assert_null(ua_ring(t->b, ua_line(t->b, ""), 180, &(struct ua_wish){.no_sdp = true}));
	run_ms(t, 100);
	assert_int_equal(ua_call_state(ua_line(t->a, "")), UA_EARLY);
	assert_null(ua_answer(t->b, ua_line(t->b, ""), &PLAIN));
	run_ms(t, 100);
	assert_int_equal(ua_call_state(ua_line(t->a, "")), UA_TALKING);
	assert_int_equal(ua_call_state(ua_line(t->b, "")), UA_TALKING);
}

static void part_them(struct pair *t, struct ua *first)
{
	assert_null(ua_bye(first, ua_line(first, "")));
	run_ms(t, 100);
	assert_int_equal(ua_call_state(ua_line(t->a, "")), UA_ENDED);
	assert_int_equal(ua_call_state(ua_line(t->b, "")), UA_ENDED);
}

static void a_call(void **state)
{
	const bool tcp = *state != NULL;
	struct pair t = pair_new(tcp);
	connect_them(&t);
	assert_null(ua_media_send(t.a, ua_line(t.a, ""), "rtp", 5, NULL));
	assert_null(ua_media_send(t.b, ua_line(t.b, ""), "rtcp", 3, NULL));
	run_ms(&t, 200);
	assert_int_equal(ua_media_heard(t.b, "rtp", "a"), 5);
	assert_int_equal(ua_media_heard(t.a, "rtcp", "b"), 3);
	part_them(&t, t.b);
	pair_free(&t);
}

static void hold_and_resume(void **state)
{
	(void)state;
	struct pair t = pair_new(false);
	connect_them(&t);
	assert_null(ua_reinvite(t.a, ua_line(t.a, ""), &(struct ua_wish){.direction = "sendonly"}));
	run_ms(&t, 100);
	assert_string_equal(ua_line(t.b, "")->remote_direction, "sendonly");
	assert_string_equal(ua_line(t.a, "")->remote_direction, "recvonly");
	assert_null(ua_reinvite(t.b, ua_line(t.b, ""), &(struct ua_wish){.no_sdp = true}));
	run_ms(&t, 100);
	assert_int_equal(ua_call_code(ua_line(t.b, "")), 200);
	assert_int_equal(ua_call_state(ua_line(t.b, "")), UA_TALKING);
	part_them(&t, t.a);
	pair_free(&t);
}

static void glare(void **state)
{
	(void)state;
	struct pair t = pair_new(false);
	connect_them(&t);
	assert_null(ua_reinvite(t.a, ua_line(t.a, ""), &PLAIN));
	assert_null(ua_reinvite(t.b, ua_line(t.b, ""), &PLAIN));
	run_ms(&t, 100);
	assert_int_equal(ua_call_code(ua_line(t.a, "")), 491);
	assert_int_equal(ua_call_code(ua_line(t.b, "")), 491);
	part_them(&t, t.a);
	pair_free(&t);
}

static void late_offer(void **state)
{
	(void)state;
	struct pair t = pair_new(false);
	assert_null(ua_invite(t.a, ua_line(t.a, ""), "b", &(struct ua_wish){.no_sdp = true}));
	run_ms(&t, 100);
	assert_null(ua_answer(t.b, ua_line(t.b, ""), &PLAIN));
	run_ms(&t, 100);
	assert_int_equal(ua_call_state(ua_line(t.b, "")), UA_TALKING);
	assert_int_equal(ua_media_remote(ua_line(t.b, "")).port, 40000);
	part_them(&t, t.a);
	pair_free(&t);
}

static void cancel_and_refuse(void **state)
{
	(void)state;
	struct pair t = pair_new(false);
	assert_null(ua_invite(t.a, ua_line(t.a, ""), "b", &PLAIN));
	run_ms(&t, 100);
	assert_null(ua_cancel(t.a, ua_line(t.a, "")));
	run_ms(&t, 100);
	assert_int_equal(ua_call_code(ua_line(t.a, "")), 487);
	assert_int_equal(ua_call_state(ua_line(t.b, "")), UA_ENDED);
	assert_null(ua_invite(t.a, ua_line(t.a, ""), "b", &PLAIN));
	run_ms(&t, 100);
	assert_null(ua_refuse(t.b, ua_line(t.b, ""), 486, NULL));
	run_ms(&t, 100);
	assert_int_equal(ua_call_code(ua_line(t.a, "")), 486);
	assert_non_null(ua_bye(t.a, ua_line(t.a, "")));
	pair_free(&t);
}

/* The 200 crosses the CANCEL: the caller must take the call and end it. */
static void answer_crosses_cancel(void **state)
{
	(void)state;
	struct pair t = pair_new(false);
	assert_null(ua_invite(t.a, ua_line(t.a, ""), "b", &PLAIN));
	run_ms(&t, 100);
	assert_null(ua_answer(t.b, ua_line(t.b, ""), &PLAIN));
	assert_null(ua_cancel(t.a, ua_line(t.a, "")));
	run_ms(&t, 200);
	assert_int_equal(ua_call_state(ua_line(t.a, "")), UA_ENDED);
	assert_int_equal(ua_call_state(ua_line(t.b, "")), UA_ENDED);
	pair_free(&t);
}

/* Every kind of message lost once: the retransmissions of both sides mend it. */
static void losses_are_mended(void **state)
{
	(void)state;
	static const char *const LOST[] = {"INVITE", "200/INVITE", "ACK", "BYE", "200/BYE"};
	for (size_t i = 0; i < sizeof(LOST) / sizeof(LOST[0]); i++) {
		struct pair t = pair_new(false);
		struct sim_rule rule = {.fate = SIM_DROP, .count = 1};
		snprintf(rule.pattern, sizeof(rule.pattern), "%s", LOST[i]);
		sim_net_add_rule(t.net, &rule);
		assert_null(ua_invite(t.a, ua_line(t.a, ""), "b", &PLAIN));
		run_ms(&t, 1000);
		assert_null(ua_answer(t.b, ua_line(t.b, ""), &PLAIN));
		run_ms(&t, 3000);
		assert_int_equal(ua_call_state(ua_line(t.b, "")), UA_TALKING);
		assert_null(ua_bye(t.a, ua_line(t.a, "")));
		run_ms(&t, 3000);
		assert_int_equal(ua_call_state(ua_line(t.a, "")), UA_ENDED);
		assert_int_equal(ua_call_state(ua_line(t.b, "")), UA_ENDED);
		pair_free(&t);
	}
}

static void silence_ends_everything(void **state)
{
	(void)state;
	struct pair t = pair_new(false);
	connect_them(&t);
	const struct addr b = ua_addr(t.b);
	sim_net_unplug(t.net, &b, true);
	assert_null(ua_bye(t.a, ua_line(t.a, "")));
	run_ms(&t, 33000);
	assert_int_equal(ua_call_state(ua_line(t.a, "")), UA_ENDED);
	assert_null(ua_invite(t.a, ua_line(t.a, ""), "b", &PLAIN));
	run_ms(&t, 33000);
	assert_int_equal(ua_call_code(ua_line(t.a, "")), 408);
	pair_free(&t);
}

static void a_phone_in_pieces(void **state)
{
	(void)state;
	struct pair t = pair_new(true);
	sim_net_set_chop(t.net, true);
	connect_them(&t);
	part_them(&t, t.a);
	pair_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(a_call, NULL),
		{.name = "a_call_over_tcp", .test_func = a_call, .initial_state = (void *)"tcp"},
		cmocka_unit_test(hold_and_resume),
		cmocka_unit_test(glare),
		cmocka_unit_test(late_offer),
		cmocka_unit_test(cancel_and_refuse),
		cmocka_unit_test(answer_crosses_cancel),
		cmocka_unit_test(losses_are_mended),
		cmocka_unit_test(silence_ends_everything),
		cmocka_unit_test(a_phone_in_pieces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
