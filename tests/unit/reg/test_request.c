#include "fixture.h"

static struct letter letter;

static void read_headers(const char *headers)
{
	letter_read(&letter, "c1", 7, headers, "192.0.2.1:5060", NOW);
}

static void test_a_whole_register(void **state)
{
	const struct reg_request *rq = &letter.request;

	(void)state;
	read_headers("Contact: \"A, B\" <sip:u@192.168.0.2:5062;transport=udp>;q=0.5;expires=120;"
		     "+sip.instance=\"<urn:uuid:1>\";reg-id=3, <sips:u@host.example>\r\n"
		     "Supported: path, outbound\r\nExpires: 0\r\nUser-Agent: Phone/1\r\nPath: "
		     "<sip:p1;lr>\r\n");
	assert_int_equal(letter.result, 0);
	assert_slice(rq->call_id, "c1");
	assert_int_equal(rq->cseq, 7);
	assert_slice(rq->user_agent, "Phone/1");
	assert_slice(rq->path, "<sip:p1;lr>");
	assert_false(rq->star);
	assert_int_equal(rq->now_ms, NOW);
	assert_int_equal(rq->flow.remote.port, 5060);
	assert_int_equal(rq->contact_count, 2);
	assert_slice(rq->contacts[0].uri_text, "sip:u@192.168.0.2:5062;transport=udp");
	assert_slice(rq->contacts[0].uri.host, "192.168.0.2");
	assert_slice(rq->contacts[0].instance, "<urn:uuid:1>");
	assert_int_equal(rq->contacts[0].reg_id, 3);
	assert_int_equal(rq->contacts[0].q_thousandths, 500);
	assert_int_equal(rq->contacts[0].expires_s, 120);
	assert_slice(rq->contacts[1].uri_text, "sips:u@host.example");
	assert_int_equal(rq->contacts[1].q_thousandths, 1000);
	assert_int_equal(rq->contacts[1].expires_s, 0);
	assert_int_equal(rq->contacts[1].instance.n, 0);
}

static void test_expires(void **state)
{
	static const struct {
		const char *headers;
		int code;
		uint32_t expires_s;
	} rows[] = {
		{"Contact: <sip:u@h>\r\n", 0, 3600},
		{"Contact: sip:u@h\r\nExpires: 300\r\n", 0, 300},
		{"Contact: sip:u@h;expires=200\r\nExpires: 300\r\n", 0, 200},
		{"Contact: <sip:u@h>;expires=0\r\nExpires: 300\r\n", 0, 0},
		{"Contact: <sip:u@h>\r\nExpires: 0\r\n", 0, 0},
		{"Contact: <sip:u@h>;expires=60\r\n", 0, 60},
		{"Contact: <sip:u@h>;expires=59\r\n", 423, 0},
		{"Contact: <sip:u@h>\r\nExpires: 1\r\n", 423, 0},
		{"Contact: <sip:u@h>;expires=100\r\nExpires: 1\r\n", 0, 100},
		{"Contact: <sip:u@h>;expires=7201\r\n", 0, 7200},
		{"Contact: <sip:u@h>;expires=4294967295\r\n", 0, 7200},
		{"Contact: <sip:u@h>;expires=99999999999999999999999\r\n", 0, 7200},
		{"Contact: <sip:u@h>;expires=soon\r\n", 0, 3600},
		{"Contact: <sip:u@h>\r\nExpires: \"Thu, 01 Dec 1994\"\r\n", 0, 3600},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		read_headers(rows[i].headers);
		assert_int_equal(letter.fault.code, rows[i].code);
		assert_int_equal(letter.result, rows[i].code ? ERR_INVALID : 0);
		if (!rows[i].code)
			assert_int_equal(letter.request.contacts[0].expires_s, rows[i].expires_s);
	}
}

static void test_q(void **state)
{
	static const struct {
		const char *q;
		int thousandths; /* -1: refused */
	} rows[] = {
		{"0", 0},    {"0.", 0},	    {"0.7", 700},    {"0.123", 123}, {"0.12345", 123},
		{"1", 1000}, {"1.0", 1000}, {"1.000", 1000}, {".5", 500},    {"1.001", -1},
		{"2", -1},   {"0.x", -1},   {"-1", -1},	     {"10", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char headers[80];

		snprintf(headers, sizeof(headers), "Contact: <sip:u@h>;q=%s\r\n", rows[i].q);
		read_headers(headers);
		assert_int_equal(letter.fault.code, rows[i].thousandths < 0 ? 400 : 0);
		if (rows[i].thousandths >= 0)
			assert_int_equal(letter.request.contacts[0].q_thousandths,
					 rows[i].thousandths);
	}
}

static void test_star(void **state)
{
	static const struct {
		const char *headers;
		int code;
	} rows[] = {
		{"Contact: *\r\nExpires: 0\r\n", 0},
		{"Contact: *\r\n", 400},
		{"Contact: *\r\nExpires: 10\r\n", 400},
		{"Contact: *\r\nExpires: never\r\n", 400},
		{"Contact: *, <sip:u@h>\r\nExpires: 0\r\n", 400},
		{"Contact: <sip:u@h>\r\nContact: *\r\nExpires: 0\r\n", 400},
		{"Contact: *\r\nContact: *\r\nExpires: 0\r\n", 400},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		read_headers(rows[i].headers);
		assert_int_equal(letter.fault.code, rows[i].code);
		if (!rows[i].code)
			assert_true(letter.request.star);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *headers;
		int code;
	} rows[] = {
		{"", 0},
		{"Contact: <tel:+81312345678>\r\n", 416},
		{"Contact: <mailto:a@b>\r\n", 416},
		{"Contact: <sip:u@h\r\n", 400},
		{"Contact: <sip:>\r\n", 400},
		{"Contact: <sip:a@h>;reg-id=1;+sip.instance=\"<u>\", <sip:b@h>\r\nSupported: "
		 "outbound\r\n",
		 400},
		{"Contact: <sip:a@h>;reg-id=1;+sip.instance=\"<u>\", "
		 "<sip:b@h>;expires=0\r\nSupported: outbound\r\n",
		 0},
		{"Contact: "
		 "<sip:1@h>,<sip:2@h>,<sip:3@h>,<sip:4@h>,<sip:5@h>,<sip:6@h>,<sip:7@h>,<sip:8@h>,<"
		 "sip:9@h>,"
		 "<sip:10@h>\r\n",
		 0},
		{"Contact: "
		 "<sip:1@h>,<sip:2@h>,<sip:3@h>,<sip:4@h>,<sip:5@h>,<sip:6@h>,<sip:7@h>,<sip:8@h>,<"
		 "sip:9@h>,"
		 "<sip:10@h>\r\nContact: <sip:11@h>\r\n",
		 413},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		read_headers(rows[i].headers);
		assert_int_equal(letter.fault.code, rows[i].code);
		assert_int_equal(letter.fault.text != NULL, rows[i].code != 0);
	}
}

/* RFC 5626 §6: only with an instance and only when outbound is asked for. */
static void test_reg_id(void **state)
{
	static const struct {
		const char *headers;
		uint32_t reg_id;
	} rows[] = {
		{"Contact: <sip:u@h>;+sip.instance=\"<u>\";reg-id=2\r\nSupported: outbound\r\n", 2},
		{"Contact: <sip:u@h>;+sip.instance=\"<u>\";reg-id=2\r\nRequire: outbound\r\n", 2},
		{"Contact: <sip:u@h>;+sip.instance=\"<u>\";reg-id=2\r\n", 0},
		{"Contact: <sip:u@h>;reg-id=2\r\nSupported: outbound\r\n", 0},
		{"Contact: <sip:u@h>;+sip.instance=\"<u>\";reg-id=x\r\nSupported: outbound\r\n", 0},
		{"Contact: <sip:u@h>;+sip.instance=\"<u>\";reg-id=4294967296\r\nSupported: "
		 "outbound\r\n",
		 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		read_headers(rows[i].headers);
		assert_int_equal(letter.result, 0);
		assert_int_equal(letter.request.contacts[0].reg_id, rows[i].reg_id);
	}
}

static void test_long_texts(void **state)
{
	static const struct {
		const char *fmt;
		int longest; /* of the run of x that is accepted; the next one is not */
		int code;
	} rows[] = {
		{"Contact: <sip:u@%s>\r\n", REG_CONTACT_BYTES - 1 - 6, 400},
		{"Contact: <sip:u@h>;+sip.instance=\"%s\"\r\n", REG_INSTANCE_BYTES - 1, 400},
		{"Path: <sip:%s>\r\n", REG_PATH_BYTES - 3 - 6, 400},
		{"User-Agent: %s\r\n", 2000, 0},
	};
	char run[2002], headers[2100];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int more = 0; more < 2; more++) {
			size_t n = (size_t)(rows[i].longest + more);

			memset(run, 'x', n);
			run[n] = '\0';
			snprintf(headers, sizeof(headers), rows[i].fmt, run);
			read_headers(headers);
			assert_int_equal(letter.fault.code, more ? rows[i].code : 0);
		}
	}
	assert_int_equal(letter.request.user_agent.n, REG_USER_AGENT_BYTES - 1);
}

static void test_user_agent_is_cut_between_characters(void **state)
{
	char headers[300] = "User-Agent: a";

	(void)state;
	for (int i = 0; i < 60; i++)
		strcat(headers, "電");
	strcat(headers, "\r\n");
	read_headers(headers);
	assert_int_equal(letter.request.user_agent.n, 1 + 3 * ((REG_USER_AGENT_BYTES - 2) / 3));
	assert_true(slice_is_utf8(letter.request.user_agent));
}

static void test_path_lines_are_joined(void **state)
{
	(void)state;
	read_headers("Path: <sip:p1;lr>, <sip:p2;lr>\r\nPath: <sip:p3;lr>\r\n");
	assert_slice(letter.request.path, "<sip:p1;lr>, <sip:p2;lr>,<sip:p3;lr>");
	read_headers("Contact: <sip:u@h>\r\n");
	assert_null(letter.request.path.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_register),
		cmocka_unit_test(test_expires),
		cmocka_unit_test(test_q),
		cmocka_unit_test(test_star),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_reg_id),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_user_agent_is_cut_between_characters),
		cmocka_unit_test(test_path_lines_are_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
