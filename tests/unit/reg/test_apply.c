#include "fixture.h"

/*
 * A story: REGISTERs one after another on one account. After each the code, the changes ("+":
 * added, "=": refreshed, ">": moved, "-": removed, "!": replaced, with the Contact's user) and the
 * users of all bindings, newest first.
 */
struct step {
	const char *call_id;
	uint32_t cseq;
	const char *headers;
	const char *source;
	int64_t after_s;
	int code;
	const char *changes, *bindings;
	bool alert;
};

#define STEPS_MAX 14

struct world {
	struct letter letters[STEPS_MAX]; /* bindings point into them */
	struct reg_outcome outcomes[STEPS_MAX];
};

static struct world world;

static void add_user(char *to, char mark, struct slice contact)
{
	size_t n = strlen(to);
	struct slice user =
		slice_first(slice_from(contact, 4), slice_find(slice_from(contact, 4), '@'));

	if (mark)
		to[n++] = mark;
	memcpy(to + n, user.p, user.n);
	to[n + user.n] = ' ';
	to[n + user.n + 1] = '\0';
}

static void check(const struct step *s, const struct reg_outcome *o)
{
	static const char marks[] = {'+', '=', '>', '-', '!'};
	char changes[256] = "", bindings[256] = "";

	assert_int_equal(o->code, s->code);
	assert_int_equal(o->text != NULL, s->code != 200);
	assert_int_equal(o->double_register, s->alert);
	for (uint32_t i = 0; i < o->change_count; i++)
		add_user(changes, marks[o->changes[i].kind], o->changes[i].binding.contact);
	for (uint32_t i = 0; i < o->binding_count; i++)
		add_user(bindings, '\0', o->bindings[i].contact);
	assert_string_equal(changes, s->changes);
	assert_string_equal(bindings, s->bindings);
}

static const struct reg_outcome *tell(enum reg_policy policy, const struct step *steps,
				      size_t count)
{
	const struct reg_outcome *last = NULL;
	int64_t now = NOW;

	for (size_t i = 0; i < count; i++) {
		const struct step *s = &steps[i];

		now += s->after_s * 1000;
		letter_read(&world.letters[i], s->call_id, s->cseq, s->headers, s->source, now);
		assert_int_equal(world.letters[i].result, 0);
		reg_apply(last ? last->bindings : NULL, last ? last->binding_count : 0,
			  &world.letters[i].request, policy, &world.outcomes[i]);
		last = &world.outcomes[i];
		check(s, last);
	}
	return last;
}

#define COUNT(a) (sizeof(a) / sizeof(a[0]))
#define A	 "192.0.2.1:1000"
#define B	 "192.0.2.2:2000"
#define INST(i)	 ";+sip.instance=\"<" i ">\""

static void test_life_of_one_phone(void **state)
{
	static const struct step steps[] = {
		{"c1", 1, "Contact: <sip:a@10.0.0.1>\r\n", A, 0, 200, "+a ", "a ", false},
		{"c1", 2, "", A, 1, 200, "", "a ", false},
		{"c1", 2, "Contact: <sip:a@10.0.0.1>\r\n", A, 1, 200, "=a ", "a ", false},
		{"c1", 3, "Contact: <sip:a@10.0.0.1>\r\n", B, 1, 200, ">a ", "a ", false},
		{"c1", 4, "Contact: <sip:a2@10.0.0.1>\r\n", B, 1, 200, ">a2 ", "a2 ", false},
		{"c2", 1, "Contact: <sip:a2@10.0.0.1>\r\n", B, 1, 200, "=a2 ", "a2 ", false},
		{"c2", 2, "Contact: <sip:a2@10.0.0.1>;expires=0\r\n", B, 1, 200, "-a2 ", "", false},
		{"c2", 3, "Contact: <sip:a2@10.0.0.1>;expires=0\r\n", B, 1, 200, "", "", false},
		{"c2", 4, "Contact: <sip:a2@10.0.0.1>;expires=60\r\n", B, 1, 200, "+a2 ", "a2 ",
		 false},
		{"c2", 5, "", B, 60, 200, "", "", false}, /* expired to the second */
		{"c2", 1, "Contact: <sip:a2@10.0.0.1>\r\n", B, 0, 200, "+a2 ", "a2 ", false},
	};

	(void)state;
	tell(REG_NEWEST, steps, COUNT(steps));
}

static void test_order_of_cseq(void **state)
{
	static const struct step steps[] = {
		{"c1", 5, "Contact: <sip:a@h>, <sip:b@h>\r\n", A, 0, 200, "+a +b ", "a b ", false},
		{"c1", 5, "Contact: <sip:a@h>\r\n", A, 1, 500, "", "a b ", false},
		{"c1", 4, "Contact: <sip:a@h>;expires=0\r\n", A, 1, 500, "", "a b ", false},
		{"c1", 4, "Contact: *\r\nExpires: 0\r\n", A, 1, 500, "", "a b ", false},
		/* late, of the same phone, with an older Contact */
		{"c1", 4, "Contact: <sip:old@h>\r\n", A, 1, 500, "", "a b ", false},
		{"c1", 6, "Contact: <sip:a@h>\r\n", A, 1, 200, "=a ", "a b ", false},
		/* b still has CSeq 5, a has 6: one out of order spoils the whole request */
		{"c1", 6, "Contact: <sip:b@h>, <sip:a@h>\r\n", A, 1, 500, "", "a b ", false},
		{"c1", 6, "Contact: <sip:b@h>;expires=0\r\n", A, 1, 200, "-b ", "a ", false},
		/* another Call-ID has a count of its own */
		{"c2", 1, "Contact: <sip:a@h>\r\n", A, 1, 200, "=a ", "a ", false},
	};

	(void)state;
	tell(REG_FORK, steps, COUNT(steps));
}

/* A phone that was switched off counts from 1 again: it answers a challenge that is younger than
 * its binding, which nothing that was late on its way could do. */
static void test_cseq_after_reboot(void **state)
{
	static const struct {
		int64_t challenged_at;
		int code;
	} rows[] = {{0, 500}, {NOW - 1, 500}, {NOW, 500}, {NOW + 1, 200}};
	static struct letter before, after;
	struct reg_outcome first, o;

	(void)state;
	letter_read(&before, "c1", 7, "Contact: <sip:a@h>\r\n", A, NOW);
	reg_apply(NULL, 0, &before.request, REG_NEWEST, &first);
	letter_read(&after, "c1", 1, "Contact: <sip:a@h>\r\n", A, NOW + 5000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		after.request.challenged_at = rows[i].challenged_at;
		reg_apply(first.bindings, 1, &after.request, REG_NEWEST, &o);
		assert_int_equal(o.code, rows[i].code);
	}
	assert_int_equal(o.bindings[0].cseq, 1);
}

static void test_several_contacts(void **state)
{
	static const struct step steps[] = {
		{"c1", 1, "Contact: <sip:a@h>;q=0.1, <sip:b@h>\r\nContact: <sip:c@h>\r\n", A, 0,
		 200, "+a +b +c ", "a b c ", false},
		{"c1", 2, "Contact: <sip:b@h>, <sip:a@h>;expires=0\r\n", A, 1, 200, "=b -a ",
		 "b c ", false},
		/* one that is new takes the guise of neither */
		{"c1", 3, "Contact: <sip:b@h>, <sip:c@h>, <sip:d@h>\r\n", A, 1, 200, "=b =c +d ",
		 "d b c ", false},
		/* out with the old, in with the new */
		{"c1", 4,
		 "Contact: <sip:d@h>;expires=0, <sip:e@h>\r\nContact: <sip:b@h>\r\nContact: "
		 "<sip:c@h>\r\n",
		 A, 1, 200, "-d +e =b =c ", "e b c ", false},
		/* said twice: the later one counts */
		{"c1", 5, "Contact: <sip:e@h>;expires=0, <sip:e@h>\r\n", A, 1, 200, "=e ", "e b c ",
		 false},
		{"c1", 6, "Contact: *\r\nExpires: 0\r\n", A, 1, 200, "-e -b -c ", "", false},
		{"c1", 7, "Contact: *\r\nExpires: 0\r\n", A, 1, 200, "", "", false},
	};

	(void)state;
	tell(REG_NEWEST, steps, COUNT(steps));
}

static void test_newest(void **state)
{
	static const struct step steps[] = {
		{"c1", 1, "Contact: <sip:a@h>, <sip:a2@h>\r\n", A, 0, 200, "+a +a2 ", "a a2 ",
		 false},
		{"c2", 1, "Contact: <sip:b@h>\r\n", B, 1, 200, "+b !a !a2 ", "b ", true},
		{"c2", 2, "Contact: <sip:b@h>\r\n", B, 1, 200, "=b ", "b ", false},
		{"c1", 2, "Contact: <sip:a@h>\r\n", A, 1, 200, "+a !b ", "a ", true},
		/* a stranger's removal touches nothing */
		{"c3", 1, "Contact: <sip:x@h>;expires=0\r\n", B, 1, 200, "", "a ", false},
		{"c3", 2, "Contact: *\r\nExpires: 0\r\n", B, 1, 200, "-a ", "", false},
	};

	(void)state;
	tell(REG_NEWEST, steps, COUNT(steps));
}

static void test_fork(void **state)
{
	static const struct step steps[] = {
		{"c1", 1, "Contact: <sip:a@h>\r\n", A, 0, 200, "+a ", "a ", false},
		{"c2", 1, "Contact: <sip:b@h>\r\n", B, 1, 200, "+b ", "b a ", true},
		{"c1", 2, "Contact: <sip:a@h>\r\n", A, 1, 200, "=a ", "b a ", false},
		{"c2", 2, "Contact: <sip:b@h>;expires=0\r\n", B, 1, 200, "-b ", "a ", false},
		{"c3", 1,
		 "Contact: "
		 "<sip:1@h>,<sip:2@h>,<sip:3@h>,<sip:4@h>,<sip:5@h>,<sip:6@h>,<sip:7@h>,<sip:8@h>,"
		 "<sip:9@h>\r\n",
		 B, 1, 200, "+1 +2 +3 +4 +5 +6 +7 +8 +9 ", "1 2 3 4 5 6 7 8 9 a ", true},
		{"c4", 1, "Contact: <sip:b@h>\r\n", "192.0.2.9:9", 1, 503, "",
		 "1 2 3 4 5 6 7 8 9 a ", true},
		{"c4", 1, "Contact: <sip:b@h>,<sip:1@h>;expires=0\r\n", "192.0.2.9:9", 1, 200,
		 "+b -1 ", "b 2 3 4 5 6 7 8 9 a ", true},
	};

	(void)state;
	tell(REG_FORK, steps, COUNT(steps));
}

static void test_reject(void **state)
{
	static const struct step steps[] = {
		{"c1", 1, "Contact: <sip:a@h>\r\n", A, 0, 200, "+a ", "a ", false},
		{"c2", 1, "Contact: <sip:b@h>\r\n", B, 1, 403, "", "a ", true},
		{"c1", 2, "Contact: <sip:a@h>\r\n", B, 1, 200, ">a ", "a ", false},
		{"c2", 2, "Contact: <sip:b@h>;expires=0\r\n", B, 1, 200, "", "a ", false},
		/* it takes the other's place in one stroke */
		{"c2", 3, "Contact: <sip:a@h>;expires=0, <sip:b@h>\r\n", B, 1, 200, "-a +b ", "b ",
		 false},
		{"c2", 4, "Contact: <sip:b@h>;expires=60\r\n", B, 1, 200, "=b ", "b ", false},
		{"c1", 9, "Contact: <sip:a@h>\r\n", A, 60, 200, "+a ", "a ", false},
	};

	(void)state;
	tell(REG_REJECT, steps, COUNT(steps));
}

/* Both were admitted while the policy was another one; the newest one is to remain. */
static void test_policy_changes(void **state)
{
	static const struct step before[] = {
		{"c1", 1, "Contact: <sip:a@h>\r\n", A, 0, 200, "+a ", "a ", false},
		{"c2", 1, "Contact: <sip:b@h>\r\n", B, 1, 200, "+b ", "b a ", true},
	};
	struct reg_outcome old = *tell(REG_FORK, before, COUNT(before)), o;
	static struct letter letter;

	(void)state;
	letter_read(&letter, "c1", 2, "Contact: <sip:a@h>\r\n", A, NOW + 5000);
	reg_apply(old.bindings, old.binding_count, &letter.request, REG_NEWEST, &o);
	check(&(struct step){.code = 200, .changes = "=a ", .bindings = "b a "}, &o);
	letter_read(&letter, "c2", 2, "Contact: <sip:b@h>\r\n", B, NOW + 5000);
	reg_apply(old.bindings, old.binding_count, &letter.request, REG_NEWEST, &o);
	check(&(struct step){.code = 200, .changes = "=b !a ", .bindings = "b "}, &o);
	letter_read(&letter, "c2", 2, "Contact: <sip:b@h>\r\n", B, NOW + 5000);
	reg_apply(old.bindings, old.binding_count, &letter.request, REG_REJECT, &o);
	check(&(struct step){.code = 200, .changes = "=b ", .bindings = "b a "}, &o);
}

/* RFC 5626: two flows of one phone, then one of them reconnects. */
static void test_outbound(void **state)
{
#define OB "Supported: outbound\r\n"
	static const struct step steps[] = {
		{"c1", 1, "Contact: <sip:a@h>" INST("i") ";reg-id=1\r\n" OB, A, 0, 200, "+a ", "a ",
		 false},
		{"c2", 1, "Contact: <sip:a@h>" INST("i") ";reg-id=2\r\n" OB, B, 1, 200, "+a ",
		 "a a ", false},
		{"c3", 1, "Contact: <sip:z@g>" INST("i") ";reg-id=1\r\n" OB, B, 1, 200, ">z ",
		 "a z ", false},
		{"c3", 2, "Contact: <sip:z@g>" INST("i") ";reg-id=1;expires=0\r\n" OB, B, 1, 200,
		 "-z ", "a ", false},
		{"c4", 1, "Contact: <sip:o@g>" INST("other") ";reg-id=2\r\n" OB, B, 1, 200,
		 "+o !a ", "o ", true},
	};

	(void)state;
	tell(REG_NEWEST, steps, COUNT(steps));
}

static void test_what_a_binding_keeps(void **state)
{
	static struct letter letter;
	struct reg_binding old;
	struct reg_outcome o;

	(void)state;
	letter_read(&letter, "c1", 1,
		    "Contact: <sip:a@10.0.0.1>;q=0.3\r\nUser-Agent: P\r\nPath: <sip:p>\r\n", A,
		    NOW);
	reg_apply(NULL, 0, &letter.request, REG_NEWEST, &o);
	old = o.bindings[0];
	assert_int_equal(old.registered_at, NOW);
	assert_int_equal(old.refreshed_at, NOW);
	assert_int_equal(old.expires_at, NOW + 3600000);
	assert_int_equal(old.q_thousandths, 300);
	assert_int_equal(old.reach, REG_UNKNOWN);
	assert_true(old.nat);
	assert_slice(old.user_agent, "P");
	assert_slice(old.path, "<sip:p>");
	old.reach = REG_REACHABLE;
	old.pinged_at = 5;
	old.pong_at = 6;
	old.last_keepalive_at = 7;
	old.keepalive_kind = 2;
	letter_read(&letter, "c1", 2, "Contact: <sip:a@10.0.0.1>\r\nExpires: 100\r\n", A,
		    NOW + 9000);
	reg_apply(&old, 1, &letter.request, REG_NEWEST, &o);
	assert_int_equal(o.bindings[0].registered_at, NOW);
	assert_int_equal(o.bindings[0].refreshed_at, NOW + 9000);
	assert_int_equal(o.bindings[0].expires_at, NOW + 109000);
	assert_int_equal(o.bindings[0].reach, REG_REACHABLE);
	assert_int_equal(o.bindings[0].pinged_at, 5);
	assert_int_equal(o.bindings[0].keepalive_kind, 2);
	assert_int_equal(o.bindings[0].q_thousandths, 1000);
	old.reach = REG_UNREACHABLE;
	reg_apply(&old, 1, &letter.request, REG_NEWEST, &o);
	assert_int_equal(o.bindings[0].reach, REG_UNKNOWN);
	old.reach = REG_REACHABLE;
	letter_read(&letter, "c1", 2, "Contact: <sip:a@192.0.2.2:2000>\r\n", B, NOW + 9000);
	reg_apply(&old, 1, &letter.request, REG_NEWEST, &o);
	assert_int_equal(o.changes[0].kind, REG_MOVED);
	assert_int_equal(o.bindings[0].reach, REG_UNKNOWN);
	assert_int_equal(o.bindings[0].pinged_at, 0);
	assert_int_equal(o.bindings[0].pong_at, 6);
	assert_false(o.bindings[0].nat);
}

static void test_policy_names(void **state)
{
	enum reg_policy p = REG_FORK;

	(void)state;
	for (enum reg_policy want = REG_NEWEST; want <= REG_REJECT; want++) {
		assert_int_equal(reg_policy_of(slice_str(reg_policy_name(want)), &p), 0);
		assert_int_equal(p, want);
	}
	assert_int_equal(reg_policy_of(SLICE("all"), &p), ERR_NOT_FOUND);
	assert_int_equal(p, REG_REJECT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life_of_one_phone),
		cmocka_unit_test(test_order_of_cseq),
		cmocka_unit_test(test_cseq_after_reboot),
		cmocka_unit_test(test_several_contacts),
		cmocka_unit_test(test_newest),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_reject),
		cmocka_unit_test(test_policy_changes),
		cmocka_unit_test(test_outbound),
		cmocka_unit_test(test_what_a_binding_keeps),
		cmocka_unit_test(test_policy_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
