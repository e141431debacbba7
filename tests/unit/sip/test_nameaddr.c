#include "check.h"

static void test_good(void **state)
{
	static const struct {
		const char *text, *display, *uri, *params;
	} rows[] = {
		{"sip:a@b", NULL, "sip:a@b", NULL},
		{"sip:a@b;tag=1", NULL, "sip:a@b", "tag=1"},
		{"sip:a@b ; tag = 1", NULL, "sip:a@b", " tag = 1"},
		{"<sip:a@b>", "", "sip:a@b", NULL},
		{"<sip:a@b;lr>;tag=1", "", "sip:a@b;lr", "tag=1"},
		{"<sip:a@b?Subject=x>", "", "sip:a@b?Subject=x", NULL},
		{"<sip:a,b;c@d>;x", "", "sip:a,b;c@d", "x"},
		{"Alice <sip:a@b>", "Alice", "sip:a@b", NULL},
		{"Alice B. C<sip:a@b> ;tag=1", "Alice B. C", "sip:a@b", "tag=1"},
		{"\"Alice\" <sip:a@b>", "Alice", "sip:a@b", NULL},
		{"\"Alice\"<sip:a@b>", "Alice", "sip:a@b", NULL},
		{"\"\" <sip:a@b>", "", "sip:a@b", NULL},
		{"\"a, \\\"b\\\" <c>; d\" <sip:a@b>", "a, \\\"b\\\" <c>; d", "sip:a@b", NULL},
		{"\"\\\\\" <sip:a@b>", "\\\\", "sip:a@b", NULL},
		{"\xe5\xb1\xb1 <sip:a@b>", "\xe5\xb1\xb1", "sip:a@b", NULL},
		{"tok1~` tok2'+_ tok3*%!.- <sip:a@b>", "tok1~` tok2'+_ tok3*%!.-", "sip:a@b", NULL},
		{"  <tel:+81312345678;phone-context=x>  ", "", "tel:+81312345678;phone-context=x",
		 NULL},
		{"<http://example.com/>;tag=2", "", "http://example.com/", "tag=2"},
		{"<sip:a@[2001:db8::1]:5070>;tag=2", "", "sip:a@[2001:db8::1]:5070", "tag=2"},
		{"<sip:a@b>;x=\"a,<>;b\";tag=2", "", "sip:a@b", "x=\"a,<>;b\";tag=2"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sip_nameaddr na;
		check_number(sip_nameaddr_parse(slice_str(rows[i].text), &na), 0, rows[i].text);
		assert_false(na.star);
		if (rows[i].display)
			check_slice(na.display, rows[i].display, rows[i].text);
		else
			assert_int_equal(na.display.n, 0);
		check_slice(na.uri_text, rows[i].uri, rows[i].text);
		check_slice(na.params, rows[i].params, rows[i].text);
	}
}

static void test_star(void **state)
{
	struct sip_nameaddr na;

	(void)state;
	assert_int_equal(sip_nameaddr_parse(SLICE(" * "), &na), 0);
	assert_true(na.star);
	assert_null(na.uri_text.p);
	assert_int_equal(sip_nameaddr_parse(SLICE("*;expires=0"), &na), ERR_SYNTAX);
	assert_int_equal(sip_nameaddr_parse(SLICE("<*>"), &na), ERR_SYNTAX);
}

static void test_bad(void **state)
{
	static const char *const rows[] = {
		"",
		" ",
		"<>",
		"<sip:a@b",
		"sip:a@b>",
		"\"Alice <sip:a@b>",
		"\"Alice\\\" <sip:a@b>",
		"\"Alice\" sip:a@b",
		"\"Alice\"",
		"\"A\" \"B\" <sip:a@b>",
		"A \"B\" <sip:a@b>",
		"Bell, Alexander <sip:a@b>",
		"< sip:a@b >",
		"sip:a@b?Route=x",
		"sip:a@b?x=y;tag=1",
		"<sip:a@b>tag=1",
		"<sip:a@b> x;tag=1",
		"<sip:a@b>;x=\"open",
		"<sip:a@b>;x=<y>",
		"<sip:a@b>, <sip:c@d>",
		"sip:a@b, sip:c@d",
		"<sip:a b@c>",
		"no-scheme",
		"<1sip:a@b>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sip_nameaddr na = {.star = true};
		check_number(sip_nameaddr_parse(slice_str(rows[i]), &na), ERR_SYNTAX, rows[i]);
		assert_true(na.star);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_star),
		cmocka_unit_test(test_bad),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
