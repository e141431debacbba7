#include "base/err.h"
#include "provision/trunk_draft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static void test_values(void **state)
{
	typedef const struct fault *take_fn(struct trunk_draft * d, const char *text);
	static const struct {
		take_fn *take;
		const char *text;
		bool good;
	} rows[] = {
		{trunk_draft_name, "carrier-a.1", true},
		{trunk_draft_name, "", false},
		{trunk_draft_name, "Carrier", false},
		{trunk_draft_name, "a\"b", false},
		{trunk_draft_name, "0123456789012345678901234567890", true},
		{trunk_draft_name, "01234567890123456789012345678901", false},
		{trunk_draft_host, "sip.carrier.example", true},
		{trunk_draft_host, "sip.carrier.example:5070", true},
		{trunk_draft_host, "192.0.2.9", true},
		{trunk_draft_host, "192.0.2.9:5070", true},
		{trunk_draft_host, "[2001:db8::9]:5070", true},
		{trunk_draft_host, "2001:db8::9", true},
		{trunk_draft_host, "", false},
		{trunk_draft_host, "host:0", false},
		{trunk_draft_host, "host:", false},
		{trunk_draft_host, "host:65536", false},
		{trunk_draft_host, "192.0.2.999", false},
		{trunk_draft_host, "0.0.0.0", false},
		{trunk_draft_host, "224.0.0.1", false},
		{trunk_draft_host, "a..b", false},
		{trunk_draft_host, "-a", false},
		{trunk_draft_host, "a>;b", false},
		{trunk_draft_host, "a b", false},
		{trunk_draft_transport, "udp", true},
		{trunk_draft_transport, "tcp", true},
		{trunk_draft_transport, "", true},
		{trunk_draft_transport, "tls", false},
		{trunk_draft_transport, "sctp", false},
		{trunk_draft_format, "plus", true},
		{trunk_draft_format, "+", false},
		{trunk_draft_source, "192.0.2.0/24", true},
		{trunk_draft_source, "2001:db8::1", true},
		{trunk_draft_source, "0.0.0.0/0", false},
		{trunk_draft_source, "carrier.example", false},
		{trunk_draft_prefix, "03", true},
		{trunk_draft_prefix, "+82", true},
		{trunk_draft_prefix, "", false},
		{trunk_draft_prefix, "*1", false},
		{trunk_draft_password, "pass word", true},
		{trunk_draft_password, "", false},
		{trunk_draft_password, "a\nb", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct trunk_draft d, before;
		memset(&d, 0, sizeof(d));
		trunk_draft_init(&d);
		before = d;
		const struct fault *f = rows[i].take(&d, rows[i].text);
		if ((f == NULL) != rows[i].good)
			fail_msg("\"%s\": %s", rows[i].text, f ? f->message : "taken");
		if (f)
			assert_memory_equal(&d, &before, sizeof(d));
	}
}

static void test_lists_are_bounded(void **state)
{
	struct trunk_draft d;
	(void)state;
	trunk_draft_init(&d);
	for (int i = 0; i < TRUNK_SOURCES_MAX; i++)
		assert_null(trunk_draft_source(&d, "192.0.2.1"));
	assert_non_null(trunk_draft_source(&d, "192.0.2.1"));
	for (int i = 0; i < TRUNK_PREFIXES_MAX; i++)
		assert_null(trunk_draft_prefix(&d, "03"));
	assert_non_null(trunk_draft_prefix(&d, "03"));
}

static void test_account(void **state)
{
	struct trunk_draft d;
	(void)state;
	trunk_draft_init(&d);
	assert_null(trunk_draft_user(&d, "u", true));
	assert_true(d.t.registers);
	assert_non_null(trunk_draft_whole(&d, false)); /* without a password */
	assert_null(trunk_draft_whole(&d, true));
	assert_null(trunk_draft_password(&d, "p"));
	assert_null(trunk_draft_whole(&d, false));
	assert_null(trunk_draft_user(&d, "", true)); /* no registration any more */
	assert_false(d.t.registers);
	assert_string_equal(d.t.user, "u");
	assert_null(trunk_draft_user(&d, "", false));
	assert_string_equal(d.t.user, "");
	assert_non_null(trunk_draft_whole(&d, false)); /* a password of nobody */
	assert_non_null(trunk_draft_user(&d, "u v", false));
}

static void test_numbers(void **state)
{
	struct trunk_draft d;
	(void)state;
	trunk_draft_init(&d);
	assert_null(trunk_draft_number(&d, TRUNK_DRAFT_PRIORITY, 0));
	assert_non_null(trunk_draft_number(&d, TRUNK_DRAFT_PRIORITY, -1));
	assert_non_null(trunk_draft_number(&d, TRUNK_DRAFT_WEIGHT, 0));
	assert_null(trunk_draft_number(&d, TRUNK_DRAFT_CAPACITY, TRUNK_CAPACITY_MAX));
	assert_non_null(trunk_draft_number(&d, TRUNK_DRAFT_CAPACITY, TRUNK_CAPACITY_MAX + 1));
	assert_int_equal(d.t.priority, 0);
	assert_int_equal(d.t.weight, 1);
	assert_int_equal(d.t.capacity, TRUNK_CAPACITY_MAX);
}

static void test_there_and_back(void **state)
{
	struct trunk_draft d, back;
	struct store_trunk row;
	char memory[TRUNK_DRAFT_BYTES], host[300];
	(void)state;
	trunk_draft_init(&d);
	assert_null(trunk_draft_name(&d, "a"));
	assert_null(trunk_draft_host(&d, "[2001:db8::9]:5070"));
	assert_null(trunk_draft_transport(&d, "tcp"));
	assert_null(trunk_draft_user(&d, "u", true));
	assert_null(trunk_draft_format(&d, "plus"));
	assert_null(trunk_draft_source(&d, "192.0.2.0/24"));
	assert_null(trunk_draft_source(&d, "2001:db8::/32"));
	assert_null(trunk_draft_prefix(&d, "03"));
	assert_null(trunk_draft_prefix(&d, "+82"));
	trunk_draft_store(&d, SLICE("sealed"), memory, &row);
	assert_true(slice_eq(row.prefixes, SLICE("03,01082")));
	assert_int_equal(trunk_draft_from(&back, &row), 0);
	assert_memory_equal(&d.t, &back.t, sizeof(d.t));
	trunk_host_text(&back.t, host, sizeof(host));
	assert_string_equal(host, "[2001:db8::9]:5070");
	row.sources = SLICE("nonsense");
	assert_int_equal(trunk_draft_from(&back, &row), ERR_DAMAGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	       cmocka_unit_test(test_lists_are_bounded),
		cmocka_unit_test(test_account),	       cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_there_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
