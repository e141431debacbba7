#include "check.h"

/* Both ways round, and each with itself. */
static bool equal(const char *a, const char *b)
{
	struct sip_uri x, y;

	check_number(sip_uri_parse(slice_str(a), &x), 0, a);
	check_number(sip_uri_parse(slice_str(b), &y), 0, b);
	if (x.scheme != SIP_SCHEME_OTHER)
		assert_true(sip_uri_equal(&x, &x) && sip_uri_equal(&y, &y));
	bool one = sip_uri_equal(&x, &y);
	check_number(sip_uri_equal(&y, &x), one, a);
	return one;
}

/* RFC 3261 §19.1.4, its examples and what follows from its rules. */
static void test_same(void **state)
{
	static const char *const rows[][2] = {
		{"sip:%61lice@atlanta.example;transport=TCP",
		 "sip:alice@AtLanTa.Example;Transport=tcp"},
		{"sip:carol@chicago.example", "sip:carol@chicago.example;newparam=5"},
		{"sip:carol@chicago.example", "sip:carol@chicago.example;security=on"},
		{"sip:carol@chicago.example;newparam=5", "sip:carol@chicago.example;security=on"},
		{"sip:b.example;transport=tcp;method=REGISTER?to=sip:b%40x",
		 "sip:b.example;method=REGISTER;transport=TCP?to=sip:b%40x"},
		{"sip:a@h?subject=1&priority=urgent", "sip:a@h?priority=urgent&subject=1"},
		{"sip:a@h?Subject=1", "sip:a@h?subject=1"},
		{"sip:a;x@h", "sip:a;x@h"},
		{"sip:a%20b@h", "sip:a%20b@h"},
		{"sip:%C3%a9@h", "sip:%c3%A9@h"},
		{"sip:a@h;lr", "sip:a@h"},
		{"sip:a@h;;lr;", "sip:a@h;lr"},
		{"tel:+81-3-1234", "tel:+8131234"},
		{"tel:(03)12.34", "tel:031234"},
		{"tel:1A", "tel:1a"},
		{"tel:117;phone-context=jp", "tel:117;Phone-Context=JP"},
		/* RFC 5954 §4.2: addresses, not their spellings */
		{"sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0:0:0:0:0:1]"},
		{"sip:a@[2001:db8::9:1]", "sip:a@[2001:db8::9:01]"},
		{"sip:a@[0:0:0:0:0:FFFF:129.144.52.38]", "sip:a@[::ffff:129.144.52.38]"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (!equal(rows[i][0], rows[i][1]))
			fail_msg("%s and %s are the same", rows[i][0], rows[i][1]);
}

static void test_different(void **state)
{
	static const char *const rows[][2] = {
		{"SIP:ALICE@h", "sip:alice@h"},
		{"sip:bob@biloxi.example", "sip:bob@biloxi.example:5060"},
		{"sip:bob@biloxi.example", "sip:bob@biloxi.example;transport=udp"},
		{"sip:bob@biloxi.example", "sip:bob@biloxi.example;user=phone"},
		{"sip:bob@biloxi.example", "sip:bob@biloxi.example;maddr=192.0.2.1"},
		{"sip:bob@biloxi.example", "sip:bob@biloxi.example;ttl=1"},
		{"sip:bob@biloxi.example", "sip:bob@biloxi.example;method=INVITE"},
		{"sip:carol@chicago.example", "sip:carol@chicago.example?Subject=next"},
		{"sip:carol@h;security=on", "sip:carol@h;security=off"},
		{"sip:carol@h;lr=1", "sip:carol@h;lr"},
		{"sip:a@h", "sips:a@h"},
		{"sip:a@h", "sip:h"},
		{"sip:@h", "sip:h"},
		{"sip:a:p@h", "sip:a@h"},
		{"sip:a:p@h", "sip:a:q@h"},
		{"sip:a@h:5060", "sip:a@h:5061"},
		{"sip:a%3bb@h", "sip:a;b@h"}, /* reserved: the escape is another character */
		{"sip:a@h?a=1", "sip:a@h?a=2"},
		{"sip:a@h?a=1", "sip:a@h?a=1&a=1"},
		{"sip:a@[2001:db8::1]", "sip:a@[2001:db8::2]"},
		{"sip:a@[::ffff:192.0.2.1]", "sip:a@[::ffff:192.0.2.2]"},
		{"sip:a@192.0.2.1", "sip:a@192.0.2.10"},
		{"tel:117", "tel:1170"},
		{"tel:117", "sip:117@h"},
		{"tel:117;phone-context=jp", "tel:117;phone-context=kr"},
		{"urn:x", "urn:x"}, /* of unknown schemes nothing is known */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (equal(rows[i][0], rows[i][1]))
			fail_msg("%s and %s are different", rows[i][0], rows[i][1]);
}

/* Lists that nobody sends in good faith are not compared each with each. */
static void test_many(void **state)
{
	char a[1024] = "sip:a@h", b[1024] = "sip:a@h";

	(void)state;
	for (int i = 0; i < 32; i++) {
		snprintf(a + strlen(a), sizeof(a) - strlen(a), ";p%d=1", i);
		snprintf(b + strlen(b), sizeof(b) - strlen(b), ";p%d=1", 31 - i);
	}
	assert_true(equal(a, b));
	strcat(a, ";q");
	strcat(b, ";q=1;r");
	assert_false(equal(a, b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_different),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
