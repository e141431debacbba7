#include "versions.h"

static struct store_trunk a_trunk(const char *name)
{
	return (struct store_trunk){
		.name = slice_str(name),
		.host = SLICE("sip.carrier.example"),
		.sources = SLICE("192.0.2.0/24,2001:db8::/32"),
		.prefixes = SLICE("03,01082"),
		.account = SLICE("user"),
		.secret = SLICE("\0\1sealed"),
		.port = 5070,
		.transport = 1,
		.format = 2,
		.registers = true,
		.trusted = true,
		.priority = 3,
		.weight = 4,
		.capacity = 5,
		.created_at = 1700000000123,
	};
}

static void assert_same(const struct store_trunk *got, const struct store_trunk *want)
{
	assert_true(slice_eq(got->name, want->name) && slice_eq(got->host, want->host));
	assert_true(slice_eq(got->sources, want->sources) &&
		    slice_eq(got->prefixes, want->prefixes));
	assert_true(slice_eq(got->account, want->account) && slice_eq(got->secret, want->secret));
	assert_int_equal(got->port, want->port);
	assert_int_equal(got->transport, want->transport);
	assert_int_equal(got->format, want->format);
	assert_true(got->registers == want->registers && got->trusted == want->trusted);
	assert_true(got->priority == want->priority && got->weight == want->weight &&
		    got->capacity == want->capacity);
	assert_true(got->created_at == want->created_at);
}

static void test_add_get_put_remove(void **state)
{
	struct fixture *f = *state;
	struct store_trunk t = a_trunk("a"), got;
	assert_int_equal(store_trunk_add(f->s, &t), 0);
	assert_int_equal(store_trunk_add(f->s, &t), ERR_EXISTS);
	fixture_reopen(f);
	assert_int_equal(store_trunk_get(f->s, SLICE("a"), &got), 0);
	assert_same(&got, &t);
	uint32_t id = got.id;
	t.capacity = 0;
	t.secret = SLICE("");
	assert_int_equal(store_trunk_put(f->s, &t), 0);
	assert_int_equal(store_trunk_get(f->s, SLICE("a"), &got), 0);
	assert_same(&got, &t);
	assert_int_equal(got.id, id);
	assert_int_equal(store_trunk_remove(f->s, SLICE("a")), 0);
	assert_int_equal(store_trunk_remove(f->s, SLICE("a")), ERR_NOT_FOUND);
	assert_int_equal(store_trunk_get(f->s, SLICE("a"), &got), ERR_NOT_FOUND);
	assert_int_equal(store_trunk_put(f->s, &t), ERR_NOT_FOUND);
}

static void test_id_is_never_given_twice(void **state)
{
	struct fixture *f = *state;
	struct store_trunk t = a_trunk("a"), first, second;
	assert_int_equal(store_trunk_add(f->s, &t), 0);
	assert_int_equal(store_trunk_get(f->s, SLICE("a"), &first), 0);
	assert_int_equal(store_trunk_remove(f->s, SLICE("a")), 0);
	assert_int_equal(store_trunk_add(f->s, &t), 0);
	assert_int_equal(store_trunk_get(f->s, SLICE("a"), &second), 0);
	assert_true(second.id > first.id);
}

static int gather(void *ctx, const struct store_trunk *t)
{
	char *names = ctx;
	strncat(names, t->name.p, t->name.n);
	return 0;
}

static void test_each_by_priority(void **state)
{
	struct fixture *f = *state;
	struct store_trunk a = a_trunk("a"), b = a_trunk("b"), c = a_trunk("c");
	char names[16] = "";
	b.priority = 1;
	assert_int_equal(store_trunk_add(f->s, &c), 0);
	assert_int_equal(store_trunk_add(f->s, &a), 0);
	assert_int_equal(store_trunk_add(f->s, &b), 0);
	assert_int_equal(store_trunk_each(f->s, gather, names), 0);
	assert_string_equal(names, "bac");
}

static int keep_record(void *ctx, const struct store_record *r)
{
	assert_slice(r->direction, "internal");
	assert_slice(r->trunk, "");
	*(int *)ctx += 1;
	return 0;
}

/* A database from before there were trunks keeps its records. */
static void test_from_before_trunks(void **state)
{
	struct fixture *f = *state;
	const struct store_record_query all = {0};
	struct store_trunk t = a_trunk("a");
	int found = 0;
	make_version(f, 6,
		     "INSERT INTO record VALUES(7, '', '', '', '', 1, 0, 0, 0, 200, '', '', '', '',"
		     " 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '')");
	fixture_open(f);
	assert_int_equal(store_record_each(f->s, &all, keep_record, &found), 0);
	assert_int_equal(found, 1);
	assert_int_equal(store_trunk_add(f->s, &t), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_add_get_put_remove),
		TEST(test_id_is_never_given_twice),
		TEST(test_each_by_priority),
		TEST(test_from_before_trunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
