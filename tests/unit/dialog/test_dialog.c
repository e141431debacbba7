#include "messages.h"

static struct dialog uas(const char *more)
{
	struct parsed p;
	struct dialog d = empty();

	assert_int_equal(dialog_from_request(&d, PARSE_INVITE(&p, more), SLICE("bt")), 0);
	return d;
}

static struct dialog uac(void)
{
	struct dialog d = empty();

	assert_int_equal(dialog_prepare(&d, SLICE("c1@host"), SLICE("at"), SLICE(ALICE), SLICE(BOB),
					SLICE("sip:200@192.0.2.7"), 7),
			 0);
	return d;
}

static int answer(struct dialog *d, const char *status, const char *to, const char *more)
{
	struct parsed p;
	char line[64];

	snprintf(line, sizeof(line), "SIP/2.0 %s", status);
	return dialog_from_response(d, parse_with(&p, line, ALICE ";tag=at", to, "7 INVITE", more));
}

static void test_uas(void **state)
{
	struct dialog d = uas("Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n" CONTACT);

	(void)state;
	assert_int_equal(d.state, DIALOG_EARLY);
	assert_false(d.is_uac || d.secure || d.first_route_strict);
	assert_int_equal(d.remote_cseq, 7);
	assert_int_equal(d.local_cseq, 0);
	assert_text(&d, DIALOG_CALL_ID, "c1@host");
	assert_text(&d, DIALOG_LOCAL_TAG, "bt");
	assert_text(&d, DIALOG_REMOTE_TAG, "at");
	assert_text(&d, DIALOG_LOCAL_URI, BOB);
	assert_text(&d, DIALOG_REMOTE_URI, ALICE);
	assert_text(&d, DIALOG_REMOTE_TARGET, "sip:100@192.0.2.9:5062;ob");
	assert_text(&d, DIALOG_ROUTES, "<sip:p1;lr>, <sip:p2;lr>");
}

static void test_contact(void **state)
{
	static const struct {
		const char *more;
		int err;
	} cases[] = {
		{"", ERR_SYNTAX},
		{"Contact: *\r\n", ERR_SYNTAX},
		{"Contact: <tel:117>\r\n", ERR_SYNTAX},
		{"Contact: <mailto:a@b>\r\n", ERR_SYNTAX},
		{"Contact: sip:a@h\r\n", 0},
		{"Contact: <sip:a@h>, <sip:b@h>\r\n", 0},
		{"m: <sips:a@h>\r\n", 0},
	};
	struct parsed p;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dialog d = uac(), before = d;
		assert_int_equal(
			dialog_from_request(&d, PARSE_INVITE(&p, cases[i].more), SLICE("bt")),
			cases[i].err);
		if (!cases[i].err)
			continue;
		assert_memory_equal(&d, &before, sizeof(d));
		assert_text(&d, DIALOG_REMOTE_TARGET, "sip:200@192.0.2.7");
	}
}

/* The parties without their tags, everything else kept; RFC 2543 callers have no tag at all. */
static void test_parties(void **state)
{
	static const struct {
		const char *from, *uri, *tag;
	} cases[] = {
		{"sip:a@h;tag=1", "<sip:a@h>", "1"},
		{"Alice B <sip:a@h;user=phone>;tag=1;x=y", "\"Alice B\" <sip:a@h;user=phone>;x=y",
		 "1"},
		{"\"q \\\" ; tag=9\" <sip:a@h>;x=\"a;b\";tag=1;flag",
		 "\"q \\\" ; tag=9\" <sip:a@h>;x=\"a;b\";flag", "1"},
		{"<sip:a@h>", "<sip:a@h>", ""},
		{"<sip:a@h>;isup-oli=0;TAG=z", "<sip:a@h>;isup-oli=0", "z"},
	};
	struct parsed p;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dialog d = empty();
		const struct sip_msg *msg =
			parse_with(&p, INVITE, cases[i].from, BOB, "7 INVITE", CONTACT);
		assert_int_equal(dialog_from_request(&d, msg, SLICE("bt")), 0);
		assert_text(&d, DIALOG_REMOTE_URI, cases[i].uri);
		assert_text(&d, DIALOG_REMOTE_TAG, cases[i].tag);
	}
}

static void test_secure(void **state)
{
	struct parsed p;
	struct dialog d = empty();

	(void)state;
	const struct sip_msg *msg = parse_with(&p, "INVITE sips:200@h SIP/2.0", ALICE ";tag=at",
					       BOB, "1 INVITE", CONTACT);
	assert_int_equal(dialog_from_request(&d, msg, SLICE("bt")), 0);
	assert_true(d.secure);
	assert_int_equal(dialog_prepare(&d, SLICE("c"), SLICE("t"), SLICE(ALICE), SLICE(BOB),
					SLICE("sips:b@h"), 1),
			 0);
	assert_true(d.secure);
}

static void test_uac_life(void **state)
{
	struct dialog d = uac();

	(void)state;
	assert_int_equal(d.state, DIALOG_NONE);
	assert_int_equal(answer(&d, "100 Trying", BOB, ""), 0);
	assert_int_equal(answer(&d, "180 Ringing", BOB, ""), 0);
	assert_int_equal(d.state, DIALOG_NONE);

	/* early: routes are set, the target stays without a Contact */
	assert_int_equal(
		answer(&d, "180 Ringing", BOB ";tag=x", "Record-Route: <sip:p1;lr>, <sip:p2>\r\n"),
		0);
	assert_int_equal(d.state, DIALOG_EARLY);
	assert_text(&d, DIALOG_ROUTES, "<sip:p2>, <sip:p1;lr>");
	assert_true(d.first_route_strict);
	assert_text(&d, DIALOG_REMOTE_TARGET, "sip:200@192.0.2.7");

	/* another 18x of the same dialog leaves the routes and may move the target */
	assert_int_equal(answer(&d, "183 Progress", BOB ";tag=x", "Contact: <sip:b@early>\r\n"), 0);
	assert_text(&d, DIALOG_ROUTES, "<sip:p2>, <sip:p1;lr>");
	assert_text(&d, DIALOG_REMOTE_TARGET, "sip:b@early");

	/* the 2xx sets both anew (§13.2.2.4) */
	assert_int_equal(answer(&d, "200 OK", BOB ";tag=x",
				"Record-Route: <sip:p3;lr>\r\nContact: <sip:b@two>\r\n"),
			 0);
	assert_int_equal(d.state, DIALOG_CONFIRMED);
	assert_text(&d, DIALOG_ROUTES, "<sip:p3;lr>");
	assert_false(d.first_route_strict);
	assert_text(&d, DIALOG_REMOTE_TARGET, "sip:b@two");

	/* afterwards routes stay, whatever comes; another tag is another dialog */
	assert_int_equal(answer(&d, "200 OK", BOB ";tag=x",
				"Record-Route: <sip:p4;lr>\r\nContact: <sip:b@three>\r\n"),
			 0);
	assert_text(&d, DIALOG_ROUTES, "<sip:p3;lr>");
	assert_text(&d, DIALOG_REMOTE_TARGET, "sip:b@three");
	assert_int_equal(answer(&d, "200 OK", BOB ";tag=y", "Contact: <sip:b@four>\r\n"),
			 ERR_CONFLICT);
	assert_text(&d, DIALOG_REMOTE_TARGET, "sip:b@three");
	d.state = DIALOG_ENDED;
	assert_int_equal(answer(&d, "200 OK", BOB ";tag=x", "Contact: <sip:b@five>\r\n"), 0);
	assert_int_equal(d.state, DIALOG_ENDED);
}

/* Without a Contact that can be used, the phone is where the INVITE found it. */
static void test_answer_without_contact(void **state)
{
	static const char *const contacts[] = {"", "Contact: *\r\n", "Contact: <tel:117>\r\n",
					       "Contact: <sip:>\r\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(contacts) / sizeof(contacts[0]); i++) {
		struct dialog d = uac();

		assert_int_equal(answer(&d, "200 OK", BOB ";tag=x", contacts[i]), 0);
		assert_int_equal(d.state, DIALOG_CONFIRMED);
		assert_text(&d, DIALOG_REMOTE_TARGET, "sip:200@192.0.2.7");
	}
}

/* A fork: the same prepared dialog becomes another one with another tag, routes included. */
static void test_fork(void **state)
{
	struct dialog d = uac();

	(void)state;
	assert_int_equal(answer(&d, "180 Ringing", BOB ";tag=x", "Record-Route: <sip:p1;lr>\r\n"),
			 0);
	assert_int_equal(answer(&d, "180 Ringing", BOB ";tag=y", ""), 0);
	assert_text(&d, DIALOG_REMOTE_TAG, "y");
	assert_text(&d, DIALOG_ROUTES, "");
	assert_int_equal(answer(&d, "200 OK", BOB ";tag=z",
				"Record-Route: <sip:p2;lr>\r\nContact: <sip:b@z>\r\n"),
			 0);
	assert_text(&d, DIALOG_REMOTE_TAG, "z");
	assert_text(&d, DIALOG_ROUTES, "<sip:p2;lr>");
}

static void test_refresh(void **state)
{
	struct dialog d = uas(CONTACT);
	struct parsed p;

	(void)state;
	assert_int_equal(dialog_refresh_target(&d, PARSE_INVITE(&p, "Contact: <sip:new@h>\r\n")),
			 0);
	assert_text(&d, DIALOG_REMOTE_TARGET, "sip:new@h");
	assert_int_equal(dialog_refresh_target(&d, PARSE_INVITE(&p, "")), 0);
	assert_int_equal(dialog_refresh_target(&d, PARSE_INVITE(&p, "Contact: <tel:1>\r\n")),
			 ERR_SYNTAX);
	assert_text(&d, DIALOG_REMOTE_TARGET, "sip:new@h");
}

static void test_matches(void **state)
{
	static const struct {
		const char *from, *to;
		bool matches;
	} cases[] = {
		{ALICE ";tag=at", BOB ";tag=bt", true},	 {ALICE ";tag=at", BOB, false},
		{ALICE, BOB ";tag=bt", false},		 {ALICE ";tag=at", BOB ";tag=at", false},
		{ALICE ";tag=bt", BOB ";tag=at", false}, {ALICE ";tag=AT", BOB ";tag=bt", false},
	};
	struct dialog d = uas(CONTACT);
	struct parsed p;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sip_msg *msg = parse_with(&p, "BYE sip:x SIP/2.0", cases[i].from,
						       cases[i].to, "8 BYE", "");
		assert_int_equal(dialog_matches_request(&d, msg), cases[i].matches);
	}
	static const struct {
		const char *call_id;
		bool matches;
	} ids[] = {
		{"c1@192.168.1.10", true},
		{"c1@[2001:db8::1]", true},
		{"c1@host", false},
		{"c1@", false},
		{"c1", false},
		{"C1@192.168.1.10", false},
		{"@192.168.1.10", false},
	};
	const struct sip_msg *bye =
		parse_with(&p, "BYE sip:x SIP/2.0", ALICE ";tag=at", BOB ";tag=bt", "8 BYE", "");
	struct sip_msg rewritten = *bye;
	rewritten.call_id = SLICE("c1@203.0.113.10");
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_int_equal(dialog_set_text(&d, DIALOG_CALL_ID, slice_str(ids[i].call_id)), 0);
		assert_int_equal(dialog_matches_request(&d, &rewritten), ids[i].matches);
	}
	assert_int_equal(dialog_set_text(&d, DIALOG_CALL_ID, SLICE("C1@host")), 0);
	const struct sip_msg *msg =
		parse_with(&p, "BYE sip:x SIP/2.0", ALICE ";tag=at", BOB ";tag=bt", "8 BYE", "");
	assert_false(dialog_matches_request(&d, msg));
}

static void test_cseq(void **state)
{
	static const struct {
		const char *line, *cseq;
		int err;
		uint32_t after;
	} cases[] = {
		{"BYE sip:x SIP/2.0", "8 BYE", 0, 8},
		{"INFO sip:x SIP/2.0", "7 INFO", ERR_STALE, 8},
		{"INFO sip:x SIP/2.0", "8 INFO", 0, 8},
		{"ACK sip:x SIP/2.0", "9 ACK", 0, 8},
		{"CANCEL sip:x SIP/2.0", "3 CANCEL", 0, 8},
		{"UPDATE sip:x SIP/2.0", "2000000000 UPDATE", 0, 2000000000},
		{"BYE sip:x SIP/2.0", "100 BYE", ERR_STALE, 2000000000},
	};
	struct dialog d = uas(CONTACT);
	struct parsed p;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sip_msg *msg = parse_with(&p, cases[i].line, ALICE ";tag=at",
						       BOB ";tag=bt", cases[i].cseq, "");
		assert_int_equal(dialog_check_cseq(&d, msg), cases[i].err);
		assert_int_equal(d.remote_cseq, cases[i].after);
	}
	struct dialog c = uac();
	assert_int_equal(dialog_next_cseq(&c), 8);
	assert_int_equal(dialog_next_cseq(&d), 1);
	assert_int_equal(dialog_check_cseq(&c, parse_with(&p, "BYE sip:x SIP/2.0", BOB ";tag=x",
							  ALICE ";tag=at", "1 BYE", "")),
			 0);
}

static void test_too_big(void **state)
{
	static char big[DIALOG_TEXT_BYTES + 1];
	struct dialog d = uac(), before = d;
	struct slice rest = slice_of(big, DIALOG_TEXT_BYTES - d.text_used);

	(void)state;
	memset(big, 'b', sizeof(big));
	assert_int_equal(dialog_set_text(&d, DIALOG_ROUTES, slice_of(big, rest.n + 1)),
			 ERR_TOO_BIG);
	assert_memory_equal(&d, &before, sizeof(d));
	assert_int_equal(dialog_set_text(&d, DIALOG_ROUTES, rest), 0);
	assert_int_equal(answer(&d, "180 Ringing", BOB ";tag=x",
				"Contact: <sip:a-longer-target-than-before@h>\r\n"),
			 ERR_TOO_BIG);
	assert_text(&d, DIALOG_REMOTE_TAG, "");
	struct slice all = slice_of(big, sizeof(big));
	assert_int_equal(dialog_prepare(&before, all, all, all, all, all, 1), ERR_TOO_BIG);
	assert_int_equal(before.local_cseq, 7);
}

#define ROUTED "Record-Route: <sip:p1;lr>\r\n" CONTACT

static void assert_routed(const struct dialog *d)
{
	assert_int_equal(d->state, DIALOG_EARLY);
	assert_text(d, DIALOG_CALL_ID, "c1@host");
	assert_text(d, DIALOG_ROUTES, "<sip:p1;lr>");
	assert_text(d, DIALOG_REMOTE_TARGET, "sip:100@192.0.2.9:5062;ob");
}

static void test_copy(void **state)
{
	struct dialog d = uas(ROUTED), copy = empty(), small;
	char memory[16];

	(void)state;
	assert_int_equal(dialog_copy(&copy, &d), 0);
	memset(d.text, 'x', DIALOG_TEXT_BYTES);
	assert_routed(&copy);
	dialog_init_in(&small, memory, sizeof(memory));
	assert_int_equal(dialog_copy(&small, &copy), ERR_TOO_BIG);
	assert_text(&small, DIALOG_CALL_ID, "");
}

/* In a buffer of just the size that is needed, which grows; without one nothing changes. */
static void test_buffers(void **state)
{
	struct parsed p;
	struct bufs *bufs;
	struct dialog d;
	char *others;

	(void)state;
	assert_int_equal(bufs_new(512, &bufs), 0);
	dialog_init(&d, bufs);
	assert_int_equal(bufs_used_bytes(bufs), 0);
	assert_int_equal(dialog_from_request(&d, PARSE_INVITE(&p, ROUTED), SLICE("bt")), 0);
	assert_routed(&d);
	assert_true(bufs_used_bytes(bufs) >= d.text_used &&
		    bufs_used_bytes(bufs) < DIALOG_TEXT_BYTES / 2);

	const struct sip_msg *longer = PARSE_INVITE(
		&p, "Contact: <sip:0123456789012345678901234567890123456789012345678901234567890123"
		    "456789012345678901234567890123456789@h>\r\n");
	assert_non_null(others = bufs_take(bufs, 320));
	assert_int_equal(dialog_refresh_target(&d, longer), ERR_LIMIT);
	assert_int_equal(dialog_from_request(&d, longer, SLICE("bt")), ERR_LIMIT);
	assert_routed(&d);
	bufs_give(bufs, others);
	assert_int_equal(dialog_refresh_target(&d, longer), 0);
	assert_int_equal(dialog_text(&d, DIALOG_REMOTE_TARGET).n, 106);
	assert_text(&d, DIALOG_ROUTES, "<sip:p1;lr>");

	dialog_fini(&d);
	assert_int_equal(bufs_used_bytes(bufs), 0);
	assert_text(&d, DIALOG_ROUTES, "");
	assert_int_equal(dialog_from_request(&d, PARSE_INVITE(&p, ROUTED), SLICE("bt")), 0);
	assert_routed(&d);
	dialog_fini(&d);
	bufs_free(bufs);
}

/* Texts that are looked at where they are. */
static void test_view(void **state)
{
	static char bytes[70000] = "one two";
	struct slice one = slice_of(bytes, 3), two = slice_of(bytes + 4, 3);
	struct dialog d = {.state = DIALOG_CONFIRMED}, copy = empty();

	(void)state;
	assert_int_equal(dialog_view_text(&d, DIALOG_LOCAL_TAG, one), 0);
	assert_int_equal(dialog_view_text(&d, DIALOG_CALL_ID, two), 0);
	assert_int_equal(dialog_copy(&copy, &d), 0);
	bytes[0] = bytes[4] = 'X';
	assert_text(&d, DIALOG_LOCAL_TAG, "Xne");
	assert_text(&d, DIALOG_CALL_ID, "Xwo");
	assert_text(&copy, DIALOG_LOCAL_TAG, "one");
	assert_text(&copy, DIALOG_CALL_ID, "two");
	assert_text(&copy, DIALOG_ROUTES, "");

	assert_int_equal(dialog_view_text(&d, DIALOG_ROUTES, slice_of(bytes + 66000, 3)),
			 ERR_TOO_BIG);
	assert_int_equal(dialog_view_text(&d, DIALOG_ROUTES, slice_of(bytes, DIALOG_TEXT_BYTES)),
			 ERR_TOO_BIG);
	struct dialog back = {0};
	assert_int_equal(dialog_view_text(&back, DIALOG_CALL_ID, two), 0);
	assert_int_equal(dialog_view_text(&back, DIALOG_LOCAL_TAG, one), ERR_TOO_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uas),
		cmocka_unit_test(test_contact),
		cmocka_unit_test(test_parties),
		cmocka_unit_test(test_secure),
		cmocka_unit_test(test_uac_life),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_answer_without_contact),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_cseq),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_buffers),
		cmocka_unit_test(test_view),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
