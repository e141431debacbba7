/* What would become of a call, told step by step. */
#include "fixture.h"

#include "base/clock.h"
#include "policy/forward.h"
#include "sip/value.h"

/* Numbers 05010000101, ...: n of them, the accounts likewise. */
static void add_numbers(struct fixture *f, int n)
{
	char body[128];

	assert_int_equal(ask(f, "POST", "/api/v1/customers", CUSTOMER), 201);
	for (int i = 1; i <= n; i++) {
		snprintf(body, sizeof(body),
			 "{\"number\":\"050100001%02d\",\"customer\":\"C1\",\"account\":"
			 "\"100001%02d\"}",
			 i, i);
		assert_int_equal(ask(f, "POST", "/api/v1/numbers", body), 201);
	}
}

static void set(struct fixture *f, int i, const char *body)
{
	char path[64];

	snprintf(path, sizeof(path), "/api/v1/numbers/050100001%02d/forward", i);
	if (ask(f, "PUT", path, body) != 200)
		fail_msg("%s: %s", body, answered(f, "message"));
}

/* A telephone of number i registers. */
static void register_phone(struct fixture *f, int i)
{
	static struct reg_request rq;
	static struct reg_outcome outcome;
	char number[STORE_NUMBER_BYTES], memory[16384];
	struct arena arena;

	rq = (struct reg_request){.call_id = SLICE("c"), .cseq = 1, .contact_count = 1};
	rq.now_ms = clock_wall_ms();
	rq.flow.transport = SIP_UDP;
	rq.contacts[0].uri_text = SLICE("sip:a@192.0.2.1");
	rq.contacts[0].expires_s = 3600;
	assert_int_equal(addr_parse(SLICE("192.0.2.1:5060"), 5060, &rq.flow.remote), 0);
	assert_int_equal(addr_parse(SLICE("198.51.100.1:5060"), 5060, &rq.flow.local), 0);
	assert_int_equal(sip_uri_parse(rq.contacts[0].uri_text, &rq.contacts[0].uri), 0);
	snprintf(number, sizeof(number), "050100001%02d", i);
	arena_init(&arena, memory, sizeof(memory));
	assert_int_equal(
		directory_register(f->api.p.directory, slice_str(number), &rq, &arena, &outcome),
		0);
	assert_int_equal(outcome.code, 200);
}

static void simulate(struct fixture *f, const char *from, const char *phone)
{
	f->asked = (struct asked){0};
	if (from)
		f->asked.values[f->asked.count++] = (struct query_value){"from", from};
	if (phone)
		f->asked.values[f->asked.count++] = (struct query_value){"state", phone};
	assert_int_equal(ask(f, "GET", "/api/v1/numbers/05010000101/forward/simulate", NULL), 200);
}

/* The steps' words, each with what tells it apart, and the end. */
static void told(struct fixture *f, char text[1024])
{
	const json_t *steps = json_object_get(f->r.json, "steps"),
		     *outcome = json_object_get(f->r.json, "outcome");
	size_t i, n = 0;
	json_t *o;

	json_array_foreach((json_t *)steps, i, o)
	{
		const char *kind = json_string_value(json_object_get(o, "kind")),
			   *word = json_string_value(json_object_get(o, "step")),
			   *number = json_string_value(json_object_get(o, "number"));

		assert_true(json_string_length(json_object_get(o, "text")) > 0);
		assert_true(json_string_length(json_object_get(o, "text_ja")) > 0);
		n += (size_t)snprintf(text + n, 1024 - n, "%s%s%s@%s ", word, kind ? ":" : "",
				      kind ? kind : "", number + 9);
	}
	const char *reason = json_string_value(json_object_get(outcome, "reason"));
	assert_true(json_string_length(json_object_get(outcome, "text_ja")) > 0);
	snprintf(text + n, 1024 - n, "-> %s %s",
		 json_string_value(json_object_get(outcome, "result")),
		 reason ? reason : json_string_value(json_object_get(outcome, "number")));
}

static void assert_told(struct fixture *f, const char *from, const char *phone, const char *want)
{
	char text[1024] = "";

	simulate(f, from, phone);
	told(f, text);
	assert_string_equal(text, want);
}

static void test_nothing_set(void **state)
{
	struct fixture *f = *state;

	add_numbers(f, 2);
	assert_told(f, NULL, NULL, "phones@01 no_forwarding@01 -> refused not_registered");
	assert_told(f, NULL, "registered", "phones@01 no_forwarding@01 -> phone 05010000101");
	assert_told(f, NULL, "busy", "phones@01 no_forwarding@01 -> refused busy");
	assert_told(f, NULL, "no_answer", "phones@01 no_forwarding@01 -> refused no_answer");
	assert_told(f, "05010000102", "registered",
		    "caller@01 phones@01 no_forwarding@01 -> phone 05010000101");
	assert_told(f, "03-1234-5678", "registered",
		    "phones@01 no_forwarding@01 -> phone 05010000101");
}

/* Each kind by its state; those that are on and do not apply say why not. */
static void test_kinds(void **state)
{
	struct fixture *f = *state;

	add_numbers(f, 1);
	set(f, 1,
	    "{\"busy\":{\"on\":true,\"to\":\"0312345671\"},\"no_answer\":{\"on\":true,\"to\":"
	    "\"0312345672\"}}");
	assert_told(f, NULL, NULL,
		    "phones@01 passed_over:busy@01 passed_over:no_answer@01 -> refused "
		    "not_registered");
	const json_t *step = json_array_get(json_object_get(f->r.json, "steps"), 1);
	assert_non_null(strstr(json_string_value(json_object_get(step, "text")),
			       "needs a registered telephone"));
	assert_told(f, NULL, "registered",
		    "phones@01 passed_over:busy@01 passed_over:no_answer@01 -> phone 05010000101");
	step = json_array_get(json_object_get(f->r.json, "steps"), 2);
	assert_non_null(strstr(json_string_value(json_object_get(step, "text")), "within 20 s"));
	assert_told(f, NULL, "busy",
		    "phones@01 passed_over:no_answer@01 forward:busy@01 target@01 channel@01 -> "
		    "network 0312345671");
	assert_told(f, NULL, "no_answer",
		    "phones@01 passed_over:busy@01 forward:no_answer@01 target@01 channel@01 -> "
		    "network 0312345672");
	set(f, 1, "{\"not_registered\":{\"on\":true,\"row\":2}}");
	assert_told(f, NULL, NULL,
		    "phones@01 passed_over:busy@01 passed_over:no_answer@01 "
		    "forward:not_registered@01 target@01 channel@01 -> network 0312345672");
	set(f, 1, "{\"unconditional\":{\"on\":true,\"row\":1},\"not_registered\":{\"on\":false}}");
	assert_told(f, NULL, "busy",
		    "phones@01 passed_over:busy@01 passed_over:no_answer@01 "
		    "forward:unconditional@01 target@01 channel@01 -> network 0312345671");
	step = json_array_get(json_object_get(f->r.json, "steps"), 1);
	assert_non_null(strstr(json_string_value(json_object_get(step, "text")),
			       "unconditional forwarding comes before"));
}

/* Numbers of ours are followed, each with its own settings and its own telephones. */
static void test_chain(void **state)
{
	struct fixture *f = *state;

	add_numbers(f, 3);
	set(f, 1, "{\"unconditional\":{\"on\":true,\"to\":\"05010000102\"}}");
	set(f, 2, "{\"not_registered\":{\"on\":true,\"to\":\"05010000103\"}}");
	assert_told(f, NULL, "busy",
		    "phones@01 forward:unconditional@01 target@01 channel@01 phones@02 "
		    "forward:not_registered@02 target@02 channel@02 phones@03 no_forwarding@03 -> "
		    "refused not_registered");
	set(f, 3, "{\"not_registered\":{\"on\":true,\"to\":\"05010000101\"}}");
	assert_told(f, NULL, NULL,
		    "phones@01 forward:unconditional@01 target@01 channel@01 phones@02 "
		    "forward:not_registered@02 target@02 channel@02 phones@03 "
		    "forward:not_registered@03 target@03 limit@03 -> refused not_registered");
	set(f, 3, "{\"unconditional\":{\"on\":true,\"to\":\"05010000101\"}}");
	assert_told(f, NULL, NULL,
		    "phones@01 forward:unconditional@01 target@01 channel@01 phones@02 "
		    "forward:not_registered@02 target@02 channel@02 phones@03 "
		    "passed_over:not_registered@03 forward:unconditional@03 target@03 limit@03 -> "
		    "refused forwarding_loop");
	/* the caller was there before everybody */
	assert_told(f, "05010000102", NULL,
		    "caller@01 phones@01 forward:unconditional@01 target@01 limit@01 -> refused "
		    "forwarding_loop");
}

/* Without a state, what is true now decides. */
static void test_registered_now(void **state)
{
	struct fixture *f = *state;

	add_numbers(f, 2);
	set(f, 1, "{\"not_registered\":{\"on\":true,\"to\":\"05010000102\"}}");
	register_phone(f, 2);
	assert_told(f, NULL, NULL,
		    "phones@01 forward:not_registered@01 target@01 channel@01 phones@02 "
		    "no_forwarding@02 -> phone 05010000102");
	register_phone(f, 1);
	assert_told(f, NULL, NULL, "phones@01 passed_over:not_registered@01 -> phone 05010000101");
	const json_t *step = json_array_get(json_object_get(f->r.json, "steps"), 0);
	assert_int_equal(json_integer_value(json_object_get(step, "phones")), 1);
	assert_told(f, NULL, "unregistered",
		    "phones@01 forward:not_registered@01 target@01 channel@01 phones@02 "
		    "no_forwarding@02 -> phone 05010000102");
}

static void test_hop_limit(void **state)
{
	struct fixture *f = *state;
	char body[128], text[1024] = "";

	add_numbers(f, 8);
	for (int i = 1; i < 8; i++) {
		snprintf(body, sizeof(body),
			 "{\"unconditional\":{\"on\":true,\"to\":\"050100001%02d\"}}", i + 1);
		set(f, i, body);
	}
	simulate(f, NULL, NULL);
	told(f, text);
	assert_non_null(
		strstr(text, "channel@05 phones@06 forward:unconditional@06 target@06 limit@06 -> "
			     "refused forwarded_too_often"));
	const json_t *steps = json_object_get(f->r.json, "steps");
	const json_t *last = json_array_get(steps, json_array_size(steps) - 1);
	assert_true(json_is_false(json_object_get(last, "loop")));
}

/* A target is judged again, and a forwarded call takes a channel. */
static void test_target_and_channel(void **state)
{
	struct fixture *f = *state;
	struct directory *d = f->api.p.directory;
	uint64_t holders[32];
	uint32_t count;

	add_numbers(f, 2);
	set(f, 1, "{\"unconditional\":{\"on\":true,\"to\":\"05010000102\"}}");
	assert_int_equal(ask(f, "POST", "/api/v1/numbers/05010000102/suspend",
			     "{\"reason\":\"r\",\"requester\":\"q\"}"),
			 200);
	assert_told(f, NULL, NULL,
		    "phones@01 forward:unconditional@01 target@01 -> refused "
		    "forwarding_not_permitted");
	set(f, 1, "{\"unconditional\":{\"to\":\"0312345678\"}}");
	assert_int_equal(directory_channel_take(d, SLICE("05010000101"), 1, holders, &count), 0);
	assert_told(
		f, NULL, NULL,
		"phones@01 forward:unconditional@01 target@01 channel@01 -> network 0312345678");
	assert_int_equal(directory_channel_take(d, SLICE("05010000101"), 2, holders, &count), 0);
	assert_told(f, NULL, NULL,
		    "phones@01 forward:unconditional@01 target@01 channel@01 -> refused "
		    "forwarding_channel_limit");
	/* of another kind it is as if it were off */
	set(f, 1,
	    "{\"unconditional\":{\"on\":false},\"busy\":{\"on\":true,\"to\":\"0312345678\"}}");
	assert_told(f, NULL, "busy",
		    "phones@01 forward:busy@01 target@01 channel@01 -> refused busy");
}

static void test_suspended(void **state)
{
	struct fixture *f = *state;

	add_numbers(f, 2);
	assert_int_equal(ask(f, "POST", "/api/v1/numbers/05010000102/suspend",
			     "{\"reason\":\"r\",\"requester\":\"q\"}"),
			 200);
	assert_told(f, "05010000102", "registered", "caller@01 -> refused own_number_suspended");
	assert_int_equal(ask(f, "POST", "/api/v1/numbers/05010000101/suspend",
			     "{\"reason\":\"r\",\"requester\":\"q\"}"),
			 200);
	assert_told(f, NULL, "registered", "-> refused number_suspended");
}

static void test_refused(void **state)
{
	struct fixture *f = *state;

	add_numbers(f, 1);
	f->asked = (struct asked){{{"state", "asleep"}}, 1};
	assert_int_equal(ask(f, "GET", "/api/v1/numbers/05010000101/forward/simulate", NULL), 400);
	assert_string_equal(answered(f, "field"), "state");
	assert_non_null(answered(f, "message_ja"));
	f->asked = (struct asked){{{"from", "alice"}}, 1};
	assert_int_equal(ask(f, "GET", "/api/v1/numbers/05010000101/forward/simulate", NULL), 400);
	assert_string_equal(answered(f, "field"), "from");
	assert_int_equal(ask(f, "GET", "/api/v1/numbers/05010000199/forward/simulate", NULL), 404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_set), TEST(test_kinds),	   TEST(test_chain),
		TEST(test_hop_limit),	TEST(test_registered_now), TEST(test_target_and_channel),
		TEST(test_suspended),	TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
