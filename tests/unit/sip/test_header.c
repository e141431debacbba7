#include "check.h"

static const struct {
	enum sip_header_kind kind;
	const char *name;
	char compact;
} known[] = {
#define X(id, text, letter, list) {SIP_HDR_##id, text, letter},
	SIP_HEADER_TABLE(X)
#undef X
};

static void change_case(char *text, bool upper)
{
	for (; *text; text++) {
		if (upper && *text >= 'a' && *text <= 'z')
			*text = (char)(*text - 'a' + 'A');
		else if (!upper && *text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
	}
}

static void test_every_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(known); i++) {
		char name[64];
		snprintf(name, sizeof(name), "%s", known[i].name);
		for (int as = 0; as < 3; as++) {
			check_number((long long)sip_header_kind_of(slice_str(name)),
				     (long long)known[i].kind, name);
			change_case(name, as == 0);
		}
		check_slice(sip_header_name(known[i].kind), known[i].name, "name of the kind");
	}
}

/* RFC 3261 §7.3.3; the letters of later RFCs: b r (3515, 3892), o u (6665), x (4028). */
static void test_compact(void **state)
{
	static const char letters[] = "bcefiklmorstuvx";
	size_t found = 0;

	(void)state;
	for (int c = 0; c < 256; c++) {
		char one[2] = {(char)c, 0};
		enum sip_header_kind kind = sip_header_kind_of(slice_of(one, 1));
		char lower = (char)(c >= 'A' && c <= 'Z' ? c + 0x20 : c);
		bool is_one = c && strchr(letters, lower);
		check_number(kind != SIP_HDR_OTHER, is_one, one);
		if (is_one)
			assert_int_equal(known[kind].compact, lower);
		found += is_one;
	}
	assert_int_equal(found, 2 * strlen(letters));
}

static void test_others(void **state)
{
	static const char *const rows[] = {
		"",
		"X-Custom",
		"Vi",
		"Viaa",
		"Vla",
		"Call_ID",
		"Content-Lengthy",
		"From ",
		"Fr\xf6m",
		"P-Asserted-Identitx",
		"Max-forwardz",
		"1",
		"z",
		"qq",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_number((long long)sip_header_kind_of(slice_str(rows[i])),
			     (long long)SIP_HDR_OTHER, rows[i]);
	check_slice(sip_header_name(SIP_HDR_OTHER), "", "no name");
	assert_int_equal(sip_header_kind_of(BYTES("Via\0")), SIP_HDR_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_name),
		cmocka_unit_test(test_compact),
		cmocka_unit_test(test_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
