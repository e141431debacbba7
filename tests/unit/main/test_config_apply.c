#include "main/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct config with(const char *more)
{
	char yaml[1024], fault[CONFIG_FAULT_BYTES] = "";
	struct config c;

	snprintf(yaml, sizeof(yaml),
		 "sip: {domain: a.example, listen: \"udp:127.0.0.1:5060\"}\nmedia: {address: "
		 "127.0.0.1}\n%s",
		 more);
	if (config_parse("og.yaml", slice_str(yaml), &c, fault, sizeof(fault)))
		fail_msg("refused: %s", fault);
	return c;
}

static void test_apply(void **state)
{
	static const struct {
		const char *more, *applied, *restart;
	} rows[] = {
		{"", "", ""},
		{"log: {level: error}\n", "log.level", ""},
		{"shards: 3\n", "", "shards"},
		{"shutdown_grace_s: 3\nshards: 3\nlog: {level: trace}\n",
		 "log.level, shutdown_grace_s", "shards"},
		{"http: {listen: \"127.0.0.1:1\"}\ndata_dir: y\n", "",
		 "data_dir, http.socket, http.listen"},
	};
	char applied[CONFIG_FAULT_BYTES], restart[CONFIG_FAULT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config live = with(""), fresh = with(rows[i].more);

		config_apply(&live, &fresh, applied, restart, sizeof(applied));
		assert_string_equal(applied, rows[i].applied);
		assert_string_equal(restart, rows[i].restart);
	}
}

static void test_values_move(void **state)
{
	char applied[CONFIG_FAULT_BYTES], restart[CONFIG_FAULT_BYTES];
	struct config live = with(""), fresh = with("log: {level: error}\nshards: 3\n");

	(void)state;
	config_apply(&live, &fresh, applied, restart, sizeof(applied));
	assert_int_equal(live.log_level, 3);
	assert_int_equal(live.shards, CONFIG_SHARDS_AUTO);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_values_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
