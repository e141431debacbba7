#include "fixture.h"

#include "reg/reg_priv.h"

/* First the binding, then the request: which are they to each other? */
struct side {
	const char *call_id, *contact, *more, *source;
};

static struct letter first, second;

static void binding_of(const struct side *s, struct reg_binding *b)
{
	struct reg_outcome outcome;
	char headers[512];

	snprintf(headers, sizeof(headers), "Contact: %s\r\n%s", s->contact, s->more);
	letter_read(&first, s->call_id, 1, headers, s->source, NOW);
	assert_int_equal(first.result, 0);
	reg_apply(NULL, 0, &first.request, REG_NEWEST, &outcome);
	assert_int_equal(outcome.binding_count, 1);
	*b = outcome.bindings[0];
}

static enum reg_likeness compare(const struct side *a, const struct side *b)
{
	struct reg_binding binding;
	struct reg_known known;
	char headers[512];

	binding_of(a, &binding);
	reg_known_init(&known, &binding);
	snprintf(headers, sizeof(headers), "Contact: %s\r\n%s", b->contact, b->more);
	letter_read(&second, b->call_id, 2, headers, b->source, NOW);
	assert_int_equal(second.result, 0);
	return reg_likeness(&known, &second.request, &second.request.contacts[0]);
}

#define UA	 "User-Agent: Phone/1\r\n"
#define OUTBOUND "Supported: outbound\r\n"
#define INST(i)	 ";+sip.instance=\"<urn:uuid:" i ">\""

static void test_likeness(void **state)
{
	static const struct {
		const char *what;
		struct side a, b;
		enum reg_likeness want;
	} rows[] = {
		{"a refresh",
		 {"c1", "<sip:u@10.0.0.2:5060>", "", "192.0.2.1:1000"},
		 {"c1", "<sip:u@10.0.0.2:5060>", "", "192.0.2.1:1000"},
		 REG_SAME},
		{"equal URI, all else new",
		 {"c1", "<sip:u@10.0.0.2;transport=udp>", UA, "192.0.2.1:1000"},
		 {"c2", "<sip:u@10.0.0.2;Transport=UDP>", "", "192.0.2.2:2000"},
		 REG_SAME},
		{"the Call-ID with a new Contact",
		 {"c1", "<sip:u@10.0.0.2>", "", "192.0.2.1:1000"},
		 {"c1", "<sip:u@10.0.0.3>", "", "192.0.2.9:1000"},
		 REG_LIKE},
		{"the instance with everything else new",
		 {"c1", "<sip:u@10.0.0.2>" INST("A"), "", "192.0.2.1:1000"},
		 {"c2", "<sip:u@10.9.9.9>" INST("a"), "", "192.0.2.9:1000"},
		 REG_LIKE},
		{"different instances with all else equal",
		 {"c1", "<sip:u@10.0.0.2>" INST("a"), UA, "192.0.2.1:1000"},
		 {"c1", "<sip:u@10.0.0.2>" INST("b"), UA, "192.0.2.1:1000"},
		 REG_STRANGER},
		{"another flow of the same phone",
		 {"c1", "<sip:u@10.0.0.2>" INST("a") ";reg-id=1", OUTBOUND, "192.0.2.1:1000"},
		 {"c1", "<sip:u@10.0.0.2>" INST("a") ";reg-id=2", OUTBOUND, "192.0.2.1:1001"},
		 REG_SIBLING},
		{"the same flow, reconnected from elsewhere",
		 {"c1", "<sip:u@10.0.0.2>" INST("a") ";reg-id=1", OUTBOUND, "192.0.2.1:1000"},
		 {"c2", "<sip:u@10.0.0.3>" INST("a") ";reg-id=1", OUTBOUND, "192.0.2.5:1001"},
		 REG_SAME},
		{"the NAT moved it to another port",
		 {"c1", "<sip:u@10.0.0.2:5060>", UA, "192.0.2.1:1000"},
		 {"c2", "<sip:u@10.0.0.2:5070>", UA, "192.0.2.1:2000"},
		 REG_LIKE},
		{"likewise, the router writes its own address into the Contact",
		 {"c1", "<sip:u@192.0.2.1:1000>", UA, "192.0.2.1:1000"},
		 {"c2", "<sip:u@192.0.2.1:2000>", UA, "192.0.2.1:2000"},
		 REG_LIKE},
		{"two phones of one make in one office",
		 {"c1", "<sip:u@10.0.0.2>", UA, "192.0.2.1:1000"},
		 {"c2", "<sip:u@10.0.0.3>", UA, "192.0.2.1:2000"},
		 REG_STRANGER},
		{"another make",
		 {"c1", "<sip:u@10.0.0.2:5060>", UA, "192.0.2.1:1000"},
		 {"c2", "<sip:u@10.0.0.2:5070>", "User-Agent: Other\r\n", "192.0.2.1:2000"},
		 REG_STRANGER},
		{"no make at all",
		 {"c1", "<sip:u@10.0.0.2:5060>", "", "192.0.2.1:1000"},
		 {"c2", "<sip:u@10.0.0.2:5070>", "", "192.0.2.1:2000"},
		 REG_STRANGER},
		{"another user",
		 {"c1", "<sip:u@10.0.0.2:5060>", UA, "192.0.2.1:1000"},
		 {"c2", "<sip:v@10.0.0.2:5070>", UA, "192.0.2.1:2000"},
		 REG_STRANGER},
		{"another house",
		 {"c1", "<sip:u@10.0.0.2:5060>", UA, "192.0.2.1:1000"},
		 {"c2", "<sip:u@10.0.0.2:5070>", UA, "192.0.2.2:1000"},
		 REG_STRANGER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum reg_likeness got = compare(&rows[i].a, &rows[i].b);

		if (got != rows[i].want)
			fail_msg("%s: %d instead of %d", rows[i].what, got, rows[i].want);
	}
}

static void test_behind_nat(void **state)
{
	static const struct {
		const char *host, *source;
		bool nat;
	} rows[] = {
		{"192.0.2.1", "192.0.2.1:5060", false},
		{"192.0.2.1", "192.0.2.1:9", true},
		{"10.0.0.1", "192.0.2.1:5060", true},
		{"phone.example", "192.0.2.1:5060", true},
		{"[2001:db8::1]", "[2001:db8:0::1]:5060", false},
		{"[2001:db8::1]", "[2001:db8::2]:9", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char headers[80];

		snprintf(headers, sizeof(headers), "Contact: <sip:u@%s:5060>\r\n", rows[i].host);
		letter_read(&first, "c", 1, headers, rows[i].source, NOW);
		assert_int_equal(
			reg_contact_behind_nat(&first.request.contacts[0], &first.request.flow),
			rows[i].nat);
		first.request.flow.transport = SIP_TCP; /* a connection comes from any port */
		assert_int_equal(
			reg_contact_behind_nat(&first.request.contacts[0], &first.request.flow),
			rows[i].nat &&
				!slice_starts(slice_str(rows[i].source), slice_str(rows[i].host)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_likeness),
					   cmocka_unit_test(test_behind_nat)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
