#include "base/addr.h"
#include "base/err.h"

#include <netinet/in.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static struct addr parsed(const char *text)
{
	struct addr a;

	if (addr_parse(slice_str(text), 0, &a) != 0)
		fail_msg("\"%s\" is refused", text);
	return a;
}

static void test_parse(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} rows[] = {
		{"192.0.2.1", "192.0.2.1:5060"},
		{"192.0.2.1:5070", "192.0.2.1:5070"},
		{"192.0.2.1:0", "192.0.2.1:0"},
		{"2001:db8::1", "[2001:db8::1]:5060"},
		{"[2001:db8::1]", "[2001:db8::1]:5060"},
		{"[2001:0DB8:0::1]:5070", "[2001:db8::1]:5070"},
		{"::", "[::]:5060"},
		{"::ffff:192.0.2.1", "192.0.2.1:5060"},
		{"2001:db8::1:5070", "[2001:db8::1:5070]:5060"}, /* no port without brackets */
		{"", NULL},
		{"sip.example.com", NULL},
		{"192.0.2", NULL},
		{"192.0.2.256", NULL},
		{"192.0.2.01", NULL},
		{"192.0.2.1:", NULL},
		{"192.0.2.1:65536", NULL},
		{"192.0.2.1:x", NULL},
		{"192.0.2.1 ", NULL},
		{"[192.0.2.1]", NULL},
		{"[::1", NULL},
		{"[::1]x", NULL},
		{"[::1]:", NULL},
		{"[]", NULL},
		{"[", NULL},
		{"]", NULL},
		{":5060", NULL},
		{"fe80::1%eth0", NULL},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999", NULL},
	};
	char buf[ADDR_TEXT_BYTES];
	struct addr a;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int err = addr_parse(slice_str(rows[i].text), 5060, &a);

		assert_int_equal(err, rows[i].want ? 0 : ERR_SYNTAX);
		if (rows[i].want)
			assert_string_equal(addr_text(&a, buf), rows[i].want);
	}
	assert_int_equal(addr_parse(slice_of("192.0.2.1\0", 10), 5060, &a), ERR_SYNTAX);
	assert_int_equal(addr_parse_ip(SLICE("192.0.2.1:5060"), &a), ERR_SYNTAX);
}

static void test_texts(void **state)
{
	char buf[ADDR_TEXT_BYTES];
	struct addr v4 = parsed("192.0.2.1:1"), v6 = parsed("[2001:db8::1]:2"), none = {0};

	(void)state;
	assert_string_equal(addr_ip_text(&v4, buf), "192.0.2.1");
	assert_string_equal(addr_host_text(&v4, buf), "192.0.2.1");
	assert_string_equal(addr_ip_text(&v6, buf), "2001:db8::1");
	assert_string_equal(addr_host_text(&v6, buf), "[2001:db8::1]");
	assert_string_equal(addr_text(&none, buf), "none");
	v6 = parsed("[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
	assert_string_equal(addr_text(&v6, buf), "[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
}

static void test_sockaddr_and_back(void **state)
{
	static const char *const rows[] = {"192.0.2.1:5060", "[2001:db8::1]:5061", "[::]:0"};
	struct sockaddr_storage sa;
	struct addr back, none = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct addr a = parsed(rows[i]);

		assert_true(addr_to_sockaddr(&a, &sa) > 0);
		addr_from_sockaddr((struct sockaddr *)&sa, &back);
		assert_true(addr_eq(&a, &back));
		assert_memory_equal(&a, &back, sizeof(a));
	}
	addr_to_sockaddr(&none, &sa);
	addr_from_sockaddr((struct sockaddr *)&sa, &back);
	assert_false(addr_is(&back));
}

static void test_mapped_and_scope(void **state)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(7)};
	struct addr a, want = parsed("192.0.2.1:7");
	static const uint8_t mapped[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1};
	static const uint8_t local[16] = {0xfe, 0x80, [15] = 1};

	(void)state;
	memcpy(&in6.sin6_addr, mapped, 16);
	addr_from_sockaddr((struct sockaddr *)&in6, &a);
	assert_true(addr_eq(&a, &want));
	memcpy(&in6.sin6_addr, local, 16);
	in6.sin6_scope_id = 3;
	addr_from_sockaddr((struct sockaddr *)&in6, &a);
	assert_int_equal(a.scope, 3);
	want = a;
	want.scope = 4;
	assert_false(addr_ip_eq(&a, &want));
}

static void test_equality(void **state)
{
	struct addr a = parsed("192.0.2.1:1"), b = parsed("192.0.2.1:2"), c = parsed("192.0.2.2:1");

	(void)state;
	assert_true(addr_ip_eq(&a, &b));
	assert_false(addr_eq(&a, &b));
	assert_false(addr_ip_eq(&a, &c));
}

static void test_kinds(void **state)
{
	static const struct {
		const char *text;
		bool any, loopback, private, multicast;
	} rows[] = {
		{"0.0.0.0", true, false, false, false},
		{"::", true, false, false, false},
		{"127.0.0.1", false, true, false, false},
		{"127.9.9.9", false, true, false, false},
		{"::1", false, true, false, false},
		{"10.255.0.1", false, false, true, false},
		{"11.0.0.1", false, false, false, false},
		{"172.16.0.1", false, false, true, false},
		{"172.31.255.255", false, false, true, false},
		{"172.32.0.0", false, false, false, false},
		{"172.15.255.255", false, false, false, false},
		{"192.168.1.1", false, false, true, false},
		{"192.169.1.1", false, false, false, false},
		{"100.64.0.1", false, false, true, false},
		{"100.127.255.255", false, false, true, false},
		{"100.128.0.0", false, false, false, false},
		{"169.254.1.1", false, false, true, false},
		{"fe80::1", false, false, true, false},
		{"febf::1", false, false, true, false},
		{"fec0::1", false, false, false, false},
		{"fc00::1", false, false, true, false},
		{"fdff::1", false, false, true, false},
		{"2001:db8::1", false, false, false, false},
		{"224.0.0.1", false, false, false, true},
		{"239.255.255.255", false, false, false, true},
		{"240.0.0.1", false, false, false, false},
		{"ff02::1", false, false, false, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct addr a = parsed(rows[i].text);

		assert_int_equal(addr_is_any(&a), rows[i].any);
		assert_int_equal(addr_is_loopback(&a), rows[i].loopback);
		assert_int_equal(addr_is_private(&a), rows[i].private);
		assert_int_equal(addr_is_multicast(&a), rows[i].multicast);
	}
}

static void test_cidr(void **state)
{
	static const struct {
		const char *net, *inside, *outside;
	} rows[] = {
		{"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
		{"192.0.2.77/24", "192.0.2.1", "192.0.1.255"},
		{"192.0.2.1", "192.0.2.1", "192.0.2.2"},
		{"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
		{"0.0.0.0/0", "255.255.255.255", "::1"},
		{"::/0", "ffff::1", "127.0.0.1"},
		{"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
		{"2001:db8::1/128", "2001:db8::1", "2001:db8::2"},
	};
	static const char *const bad[] = {"",	    "/24",	    "192.0.2.0/",    "192.0.2.0/33",
					  "::/129", "192.0.2.0/-1", "192.0.2.0/2 4", "host/24"};
	struct cidr c;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct addr inside = parsed(rows[i].inside), outside = parsed(rows[i].outside);

		assert_int_equal(cidr_parse(slice_str(rows[i].net), &c), 0);
		assert_true(cidr_contains(&c, &inside));
		assert_false(cidr_contains(&c, &outside));
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(cidr_parse(slice_str(bad[i]), &c), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_sockaddr_and_back),
		cmocka_unit_test(test_mapped_and_scope),
		cmocka_unit_test(test_equality),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_cidr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
