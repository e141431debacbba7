/* What a line is told about what it dials, with both ends in the directory. */
#include "core/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct directory_number number_of(const char *number, const char *account)
{
	struct directory_number n = {.channels = 2};
	snprintf(n.number, sizeof(n.number), "%s", number);
	snprintf(n.account, sizeof(n.account), "%s", account);
	snprintf(n.customer, sizeof(n.customer), "C1");
	return n;
}

static int setup(void **state)
{
	static const struct hash_key key = {{7}};
	struct directory *d;
	assert_int_equal(directory_new(&(struct directory_params){.hash_key = &key}, &d), 0);
	struct directory_number a = number_of("05010000014", "1"),
				b = number_of("05010000022", "2");
	b.suspended = true;
	assert_int_equal(directory_put(d, &a), 0);
	assert_int_equal(directory_put(d, &b), 0);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	directory_free(*state);
	return 0;
}

static const struct trunks *trunks_there;

static void check(struct directory *d, const char *caller, const char *dialled,
		  enum call_cause cause, const char *by, bool on_net)
{
	struct directory_number line;
	struct judgement j;
	bool known = directory_by_number(d, slice_str(caller), &line) == 0;
	judge(d, trunks_there, known ? &line : NULL, slice_str(dialled), &j);
	if (j.cause != cause || strcmp(j.decided_by, by) != 0 || j.on_net != on_net)
		fail_msg("%s dials %s: %s by %s%s", caller, dialled, call_cause_info(j.cause)->word,
			 j.decided_by, j.on_net ? ", on net" : "");
}

static void test_callee(void **state)
{
	check(*state, "05010000014", "050-1000-0014", CAUSE_NORMAL, "plan:050", true);
	check(*state, "05010000014", "05010000022", CAUSE_SUSPENDED, "suspension", true);
	check(*state, "05010000014", "05010000030", CAUSE_UNALLOCATED, "directory", false);
	check(*state, "05010000014", "0312345678", CAUSE_NORMAL, "plan:0", false);
	check(*state, "05010000014", "*43", CAUSE_NORMAL, "plan:*43", true);
	check(*state, "05010000014", "*430", CAUSE_NO_SERVICE_CODE, "plan:*43", false);
}

/* A line that may not call at all still hears first what is wrong with what it dialled. */
static void test_caller(void **state)
{
	check(*state, "05010000022", "05010000014", CAUSE_OWN_SUSPENDED, "suspension", true);
	check(*state, "05010000022", "0312345678", CAUSE_OWN_SUSPENDED, "suspension", false);
	check(*state, "05010000022", "184110", CAUSE_EMERGENCY, "plan:110", false);
	check(*state, "05099999999", "0312345678", CAUSE_OWN_SUSPENDED, "suspension", false);
	check(*state, "05099999999", "119", CAUSE_EMERGENCY, "plan:119", false);
}

/* An IP phone number that nobody here has may be another operator's, when a trunk leads there and
 * it does not begin as ours do. */
static void test_other_operators(void **state)
{
	static const char own[1][TRUNK_OWN_BYTES] = {"0501000"};
	const struct trunk v = {.id = 1, .name = "a", .host = "192.0.2.9"};
	struct trunks *t;
	assert_int_equal(trunks_new(NULL, &t), 0);
	trunks_there = t;
	check(*state, "05010000014", "05030000030", CAUSE_UNALLOCATED, "directory", false);
	assert_int_equal(trunks_swap(t, &v, 1), 0);
	check(*state, "05010000014", "05030000030", CAUSE_NORMAL, "plan:050", false);
	check(*state, "05010000014", "05010000030", CAUSE_NORMAL, "plan:050", false);
	trunks_set_own(t, own, 1);
	check(*state, "05010000014", "05030000030", CAUSE_NORMAL, "plan:050", false);
	check(*state, "05010000014", "05010000030", CAUSE_UNALLOCATED, "directory", false);
	trunks_there = NULL;
	trunks_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_callee, setup, teardown),
		cmocka_unit_test_setup_teardown(test_caller, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_operators, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
