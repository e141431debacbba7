#include "base/err.h"
#include "main/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

/* The example of the contract. */
#define CONTRACT                                                                                   \
	"data_dir: ./data\n"                                                                       \
	"sip:   { domain: kmus.sip.example.jp, listen: [\"udp:127.0.0.1:5060\", "                  \
	"\"tcp:127.0.0.1:5060\"] }\n"                                                              \
	"media: { address: 127.0.0.1, ports: 10000-65535 }\n"                                      \
	"http:  { socket: ./data/api.sock, listen: \"127.0.0.1:8080\" }\n"                         \
	"shards: auto\n"

#define LEAST                                                                                      \
	"sip: {domain: a.example, listen: \"udp:127.0.0.1:5060\"}\nmedia: {address: 127.0.0.1}\n"

static int parse(const char *yaml, struct config *c, char fault[CONFIG_FAULT_BYTES])
{
	return config_parse("og.yaml", slice_str(yaml), c, fault, CONFIG_FAULT_BYTES);
}

static struct config parsed(const char *yaml)
{
	char fault[CONFIG_FAULT_BYTES] = "";
	struct config c;

	if (parse(yaml, &c, fault))
		fail_msg("refused: %s", fault);
	return c;
}

static void test_contract(void **state)
{
	struct config c = parsed(CONTRACT);
	char text[ADDR_TEXT_BYTES];

	(void)state;
	assert_string_equal(c.data_dir, "./data");
	assert_string_equal(c.domain, "kmus.sip.example.jp");
	assert_int_equal(c.listener_count, 2);
	assert_int_equal(c.listeners[0].transport, SIP_UDP);
	assert_int_equal(c.listeners[1].transport, SIP_TCP);
	assert_string_equal(addr_text(&c.listeners[1].bind, text), "127.0.0.1:5060");
	assert_false(addr_is(&c.listeners[0].advertise));
	assert_string_equal(addr_ip_text(&c.media4, text), "127.0.0.1");
	assert_false(addr_is(&c.media6));
	assert_int_equal(c.media_port_first, 10000);
	assert_int_equal(c.media_port_last, 65535);
	assert_string_equal(c.http_socket, "./data/api.sock");
	assert_string_equal(addr_text(&c.http_listen, text), "127.0.0.1:8080");
	assert_int_equal(c.shards, CONFIG_SHARDS_AUTO);
	assert_true(config_shards(&c) >= 1);
}

static void test_defaults(void **state)
{
	struct config c = parsed(LEAST);

	(void)state;
	assert_string_equal(c.data_dir, "./data");
	assert_string_equal(c.http_socket, "./data/api.sock");
	assert_false(addr_is(&c.http_listen));
	assert_int_equal(c.expires_min_s, 60);
	assert_int_equal(c.expires_max_s, 7200);
	assert_int_equal(c.expires_default_s, 3600);
	assert_int_equal(c.ping_period_s, 25);
	assert_int_equal(c.ring_limit_s, 180);
	assert_int_equal(c.media_timeout_s, 60);
	assert_int_equal(c.log_level, 1);
	assert_int_equal(c.announce, ANNOUNCE_FILES);
	assert_string_equal(c.announce_folder, "");
	assert_string_equal(c.announce_language, "ja");
	assert_int_equal(c.announce_off[0] | c.announce_off[1], 0);
	assert_int_equal(c.digest_offer, DIGEST_OFFER_MD5);
	assert_int_equal(c.trace_memory_mb, 64);
	assert_int_equal(c.shutdown_grace_s, 10);
	assert_int_equal(c.keep_days, 0);
	assert_string_equal(c.dns_servers, "");
}

static void test_name_servers(void **state)
{
	(void)state;
	assert_string_equal(parsed(LEAST "dns: {servers: 192.0.2.53}\n").dns_servers,
			    "192.0.2.53:53");
	assert_string_equal(parsed(LEAST "dns: {servers: system}\n").dns_servers, "");
	assert_string_equal(parsed(LEAST "dns: {servers: [\"127.0.0.1:5353\", \"2001:db8::53\"]}\n")
				    .dns_servers,
			    "127.0.0.1:5353,[2001:db8::53]:53");
}

static void test_two_families(void **state)
{
	struct config c =
		parsed("sip: {domain: A.Example, listen: [\"udp:[::1]:5060\", \"udp:0.0.0.0\"], "
		       "advertise: [203.0.113.5, \"2001:db8::5\"]}\n"
		       "media: {address: [192.0.2.1, \"2001:db8::1\"]}\n"
		       "http: {listen: off}\n");
	char text[ADDR_TEXT_BYTES];

	(void)state;
	assert_string_equal(c.domain, "a.example");
	assert_string_equal(addr_text(&c.listeners[0].advertise, text), "[2001:db8::5]:5060");
	assert_string_equal(addr_text(&c.listeners[1].advertise, text), "203.0.113.5:5060");
	assert_string_equal(addr_ip_text(&c.media4, text), "192.0.2.1");
	assert_string_equal(addr_ip_text(&c.media6, text), "2001:db8::1");
	assert_false(addr_is(&c.http_listen));
}

static void test_trusted(void **state)
{
	struct config c = parsed("sip: {domain: a.example, listen: \"udp:127.0.0.1\", trusted: "
				 "[192.0.2.7, \"2001:db8::/64\"]}\nmedia: {address: 127.0.0.1}\n");
	struct addr in, out;

	(void)state;
	assert_int_equal(c.trusted_count, 2);
	assert_int_equal(addr_parse_ip(SLICE("192.0.2.7"), &in), 0);
	assert_int_equal(addr_parse_ip(SLICE("192.0.2.8"), &out), 0);
	assert_true(cidr_contains(&c.trusted[0], &in));
	assert_false(cidr_contains(&c.trusted[0], &out));
	assert_int_equal(c.trusted[1].bits, 64);
	c = parsed(LEAST);
	assert_int_equal(c.trusted_count, 0);
}

/* What is wrong in the file, and the very line that says so. */
static const struct {
	const char *yaml, *fault;
} faults[] = {
	{"",
	 "og.yaml: sip.domain: is missing and has no default; see the example in opengate.yaml(5)"},
	{"sip: {domain: a.example}\n",
	 "og.yaml: sip.listen: is missing and has no default; see the example in opengate.yaml(5)"},
	{"data_dir: x\nsip:\n  domain: a\n  lisen: [\"udp:127.0.0.1:5060\"]\n",
	 "og.yaml:4: sip.lisen: unknown key; did you mean sip.listen?"},
	{"domain: a.example\n", "og.yaml:1: domain: unknown key; did you mean sip.domain?"},
	{LEAST "dns: {servers: dns.example}\n", "og.yaml:3: dns.servers: \"dns.example\" is not "
						"ADDRESS or ADDRESS:PORT; write for example "
						"192.0.2.53 or [2001:db8::53]:53, or system"},
	{LEAST "dns: {servers: [192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4, 192.0.2.5]}\n",
	 "og.yaml:3: dns.servers: has more than 4 entries; leave some out"},
	{LEAST "dns: {servers: [192.0.2.1, system]}\n",
	 "og.yaml:3: dns.servers: names servers and \"system\"; leave one of the two out"},
	{LEAST "colour: blue\n",
	 "og.yaml:3: colour: unknown key; opengated --help-config lists all keys"},
	{LEAST "shard: 2\n", "og.yaml:3: shard: unknown key; did you mean shards?"},
	{"sip: {expires: {mim: 3}}\n",
	 "og.yaml:1: sip.expires.mim: unknown key; did you mean sip.expires.min?"},
	{"data_dir: a\nshards: 2\ndata_dir: b\n",
	 "og.yaml:3: data_dir: stands in line 1 already; leave one of the two out"},
	{"sip: yes\n", "og.yaml:1: sip: must hold \"key: value\" lines"},
	{"- a\n- b\n", "og.yaml:1: must hold \"key: value\" lines"},
	{"data_dir: [a, b]\n", "og.yaml:1: data_dir: takes one value, not a list"},
	{"data_dir: {a: b}\n", "og.yaml:1: data_dir: takes one value, not keys of its own"},
	{"data_dir:\n", "og.yaml:1: data_dir: is empty; write a path or leave the key out"},
	{"sip: {listen: []}\n",
	 "og.yaml:1: sip.listen: is an empty list; write at least one value"},
	{"sip: {domain: \"a example\"}\n",
	 "og.yaml:1: sip.domain: \"a example\" is not a host name; use letters, "
	 "digits, hyphens and dots only"},
	{"sip: {listen: [\"127.0.0.1:5060\"]}\n", "og.yaml:1: sip.listen: \"127.0.0.1:5060\" does "
						  "not begin with udp: or tcp:; write for example "
						  "\"udp:192.0.2.10:5060\""},
	{"sip:\n  listen:\n    - udp:127.0.0.1:5060\n    - udp:localhost:5060\n",
	 "og.yaml:4: sip.listen: \"localhost:5060\" is not ADDRESS:PORT; write for example "
	 "\"udp:192.0.2.10:5060\" or \"udp:[2001:db8::10]:5060\" (names are not looked up here)"},
	{"sip: {listen: \"tls:127.0.0.1\"}\n",
	 "og.yaml:1: sip.listen: tls is not offered by this version; use udp: or tcp:"},
	{"sip: {listen: [\"udp:127.0.0.1:5060\", \"udp:127.0.0.1\"]}\n",
	 "og.yaml:1: sip.listen: names \"udp:127.0.0.1\" twice; leave one out"},
	{"sip: {trusted: pbx.example}\n",
	 "og.yaml:1: sip.trusted: \"pbx.example\" is not ADDRESS or ADDRESS/BITS; write for "
	 "example 192.0.2.10 or 2001:db8::/64"},
	{"sip: {trusted: [192.0.2.1, 0.0.0.0/0]}\n",
	 "og.yaml:1: sip.trusted: \"0.0.0.0/0\" would trust everybody; name the PBX or SBC in "
	 "front"},
	{"sip: {expires: {min: 5m}}\n",
	 "og.yaml:1: sip.expires.min: \"5m\" is not a whole number from 1 to 86400"},
	{"sip: {ping_period_s: -1}\n",
	 "og.yaml:1: sip.ping_period_s: \"-1\" is not a whole number from 0 to 3600"},
	{LEAST "\nmedia:\n  ports: 1-2\n",
	 "og.yaml:4: media: stands in line 2 already; leave one of the two out"},
	{"media:\n  address: 127.0.0.1\n  ports: 10000\n",
	 "og.yaml:3: media.ports: \"10000\" is not FIRST-LAST; write for example 10000-65535"},
	{"media: {ports: 80-90}\n", "og.yaml:1: media.ports: 80-90 leaves the range 1024-65535; "
				    "write for example 10000-65535"},
	{"media: {ports: 10000-70000}\n", "og.yaml:1: media.ports: 10000-70000 leaves the range "
					  "1024-65535; write for example 10000-65535"},
	{"media: {ports: 20000-10000}\n",
	 "og.yaml:1: media.ports: 20000-10000 ends before it begins; write 10000-20000"},
	{"media: {address: 0.0.0.0}\n",
	 "og.yaml:1: media.address: 0.0.0.0 is not an address that phones can send to; "
	 "write the server's own"},
	{"media: {address: relay.example}\n", "og.yaml:1: media.address: \"relay.example\" is not "
					      "an IP address; write for example 192.0.2.10 or "
					      "2001:db8::10 (names are not looked up here)"},
	{"media: {address: [192.0.2.1, 192.0.2.2]}\n",
	 "og.yaml:1: media.address: has two IPv4 addresses; leave one"},
	{LEAST "records: {keep_days: 30}\n",
	 "og.yaml:3: records.keep_days: 30 days are too few for the statement of the month before; "
	 "give at least 62, or 0 to keep records for ever"},
	{LEAST "shards: many\n",
	 "og.yaml:3: shards: \"many\" is neither auto nor a number from 1 to 64"},
	{"sip:\n  domain: a.example\n  listen: \"udp:127.0.0.1:5060\"\n  digest: sha1\nmedia: "
	 "{address: 127.0.0.1}\n",
	 "og.yaml:4: sip.digest: \"sha1\" is none of md5, sha-256, both"},
	{LEAST "log: {level: loud}\n",
	 "og.yaml:3: log.level: \"loud\" is none of trace, info, warning, error"},
	{LEAST "announcements: {play: some}\n",
	 "og.yaml:3: announcements.play: \"some\" is none of off, files, all"},
	{LEAST "announcements: {language: japanese}\n",
	 "og.yaml:3: announcements.language: \"japanese\" is no language; write its two letters, "
	 "for example ja or en"},
	{LEAST "announcements: {off: [busy, no_anser]}\n",
	 "og.yaml:3: announcements.off: there is no cause \"no_anser\"; did you mean no_answer?"},
	{LEAST "announcements: {off: everything}\n",
	 "og.yaml:3: announcements.off: there is no cause \"everything\"; opengate.yaml(5) lists "
	 "them"},
	{LEAST "announcements: {limit_s: 61}\n",
	 "og.yaml:3: announcements.limit_s: \"61\" is not a whole number from 1 to 60"},
	{LEAST "http: {listen: \"8080\"}\n",
	 "og.yaml:3: http.listen: \"8080\" is not ADDRESS:PORT; write for example "
	 "127.0.0.1:8080, or off"},
	{"sip:\n  domain: a.example\n  listen: \"udp:127.0.0.1:5060\"\n  expires: {min: 7000, max: "
	 "600}\n"
	 "media: {address: 127.0.0.1}\n",
	 "og.yaml:4: sip.expires.min: 7000 is above sip.expires.max (600); lower the one or raise "
	 "the other"},
	{"sip:\n  domain: a.example\n  listen: \"udp:127.0.0.1:5060\"\n  expires: {max: 600}\n"
	 "media: {address: 127.0.0.1}\n",
	 "og.yaml: sip.expires.default: 3600 is not between sip.expires.min (60) and "
	 "sip.expires.max (600)"},
	{"sip: {domain: a.example, listen: \"udp:127.0.0.1:5060\"}\nmedia: {address: 127.0.0.1, "
	 "ports: 10000-10015}\n"
	 "shards: 4\n",
	 "og.yaml:2: media.ports: 10000-10015 has 16 ports, too few for 4 shards; give at least "
	 "32"},
	{"sip: {domain: a\nshards: 1\n",
	 "og.yaml:2: not valid YAML: did not find expected ',' or '}' (column 7); look for "
	 "a missing quote, bracket or space there"},
	{"a: b: c\n", "og.yaml:1: not valid YAML: mapping values are not allowed in this context "
		      "(column 5); look for a "
		      "missing quote, bracket or space there"},
};

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		char fault[CONFIG_FAULT_BYTES] = "";
		struct config c;

		if (parse(faults[i].yaml, &c, fault) == 0)
			fail_msg("accepted:\n%s", faults[i].yaml);
		assert_string_equal(fault, faults[i].fault);
	}
}

/* One line, whatever the value holds. */
static void test_one_line(void **state)
{
	char fault[CONFIG_FAULT_BYTES];
	struct config c;

	(void)state;
	assert_int_equal(parse("sip: {domain: \"a\n\n\nb\\e[2J\", listen: \"udp:127.0.0.1\"}\n"
			       "media: {address: 127.0.0.1}\n",
			       &c, fault),
			 ERR_INVALID);
	assert_null(strpbrk(fault, "\n\r\x1b"));
	assert_non_null(strstr(fault, "og.yaml:1: sip.domain: \"a  b [2J\" is not a host name"));
}

static void test_not_utf8(void **state)
{
	char fault[CONFIG_FAULT_BYTES] = "";
	struct config c;

	(void)state;
	assert_int_equal(parse("data_dir: \xff\xfe\n", &c, fault), ERR_SYNTAX);
	assert_string_equal(fault, "og.yaml: not UTF-8 text: invalid leading UTF-8 octet");
}

static void test_no_file(void **state)
{
	char fault[CONFIG_FAULT_BYTES] = "";
	struct config c;

	(void)state;
	assert_int_equal(config_load("/nonexistent/og.yaml", &c, fault, sizeof(fault)), ERR_IO);
	assert_string_equal(
		fault,
		"/nonexistent/og.yaml: there is no such file; give the path with --config FILE");
}

/* Shares are whole pairs, disjoint, and leave nothing between them. */
static void test_port_share(void **state)
{
	struct config c = {.media_port_first = 10001, .media_port_last = 10100};
	uint16_t next = 10002;

	(void)state;
	for (uint32_t i = 0; i < 7; i++) {
		struct config_ports share = config_port_share(&c, i, 7);

		assert_int_equal(share.first, next);
		assert_int_equal(share.first % 2, 0);
		assert_int_equal(share.last % 2, 1);
		assert_true(share.last - share.first + 1 >= 14);
		next = (uint16_t)(share.last + 1);
	}
	assert_int_equal(next, 10100); /* a last port without its odd neighbour is left out */
	c.media_port_last = 65535;
	assert_int_equal(config_port_share(&c, 1, 2).last, 65535);
}

/* The command line finds the socket even where other keys are wrong. */
static void test_socket(void **state)
{
	static const struct {
		const char *yaml, *socket;
	} rows[] = {
		{"http: {socket: /run/og/api.sock}\nnonsense: [1, 2]\n", "/run/og/api.sock"},
		{"data_dir: /var/lib/og\n", "/var/lib/og/api.sock"},
		{"shards: 1\n", "./data/api.sock"},
	};
	char path[] = "/tmp/og-config-XXXXXX", fault[CONFIG_FAULT_BYTES],
	     socket[CONFIG_SOCKET_BYTES];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].yaml);

		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, rows[i].yaml, n, 0), n);
		assert_int_equal(config_socket(path, socket, fault, sizeof(fault)), 0);
		assert_string_equal(socket, rows[i].socket);
	}
	close(fd);
	unlink(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contract),     cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_name_servers), cmocka_unit_test(test_two_families),
		cmocka_unit_test(test_faults),	     cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_not_utf8),     cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_port_share),   cmocka_unit_test(test_socket),
		cmocka_unit_test(test_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
