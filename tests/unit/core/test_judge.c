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

static void check_forward(struct directory *d, const char *forwarder, const char *target,
			  enum forward_fault fault, enum call_cause cause)
{
	struct directory_number line;
	struct forward_judgement f;
	bool known = directory_by_number(d, slice_str(forwarder), &line) == 0;
	bool may = judge_forward(d, NULL, known ? &line : NULL, slice_str(target), &f);
	if (f.fault != fault || f.j.cause != cause || may != (fault == FORWARD_GOOD))
		fail_msg("%s to %s: %s, fault %d, %s", forwarder, target, may ? "may" : "no",
			 (int)f.fault, call_cause_info(f.j.cause)->word);
}

/* A target is what the line could call itself, and a number. */
static void test_forward(void **state)
{
	struct directory *d = *state;
	struct directory_number c = number_of("05010000048", "4");
	c.international = true;
	assert_int_equal(directory_put(d, &c), 0);
	static const struct {
		const char *forwarder, *target;
		enum forward_fault fault;
		enum call_cause cause;
	} rows[] = {
		{"05010000014", "0312345678", FORWARD_GOOD, CAUSE_NORMAL},
		{"05010000014", "+81 90-1234-5678", FORWARD_GOOD, CAUSE_NORMAL},
		{"05010000014", "05010000048", FORWARD_GOOD, CAUSE_NORMAL},
		{"05010000014", "05010000014", FORWARD_OWN_NUMBER, CAUSE_NORMAL},
		{"05010000014", "+815010000014", FORWARD_OWN_NUMBER, CAUSE_NORMAL},
		{"05010000014", "05010000022", FORWARD_NOT_CALLABLE, CAUSE_SUSPENDED},
		{"05010000014", "05010000030", FORWARD_NOT_CALLABLE, CAUSE_UNALLOCATED},
		{"05010000014", "110", FORWARD_NOT_CALLABLE, CAUSE_EMERGENCY},
		{"05010000014", "117", FORWARD_NOT_CALLABLE, CAUSE_SPECIAL_1XY},
		{"05010000014", "0120123456", FORWARD_NOT_CALLABLE, CAUSE_FREEPHONE},
		{"05010000014", "0033010441234567", FORWARD_NOT_CALLABLE, CAUSE_CARRIER_SELECT},
		{"05010000014", "#9110", FORWARD_NOT_CALLABLE, CAUSE_HASH_CODE},
		{"05010000014", "0101212555", FORWARD_NOT_CALLABLE, CAUSE_INTERNATIONAL},
		{"05010000048", "010442071234567", FORWARD_GOOD, CAUSE_NORMAL},
		{"05010000014", "", FORWARD_NOT_CALLABLE, CAUSE_NOT_A_NUMBER},
		{"05010000014", "*43", FORWARD_SERVICE_CODE, CAUSE_NORMAL},
		{"05010000014", "1840312345678", FORWARD_PREFIXED, CAUSE_NORMAL},
		{"05010000014", "1860312345678", FORWARD_PREFIXED, CAUSE_NORMAL},
		/* suspended: its own number stays the first thing to mend */
		{"05010000022", "0312345678", FORWARD_NOT_CALLABLE, CAUSE_OWN_SUSPENDED},
		{"05010000022", "05010000022", FORWARD_OWN_NUMBER, CAUSE_SUSPENDED},
		/* gone */
		{"05099999999", "0312345678", FORWARD_NOT_CALLABLE, CAUSE_OWN_SUSPENDED},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_forward(d, rows[i].forwarder, rows[i].target, rows[i].fault, rows[i].cause);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_callee, setup, teardown),
		cmocka_unit_test_setup_teardown(test_caller, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_operators, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forward, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
