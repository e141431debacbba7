#include "base/err.h"
#include "base/rng.h"
#include "event/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static struct event example(void)
{
	struct event e = {.type = EVENT_CALL_ANSWERED,
			  .shard = 3,
			  .wall_ms = 1795552867123,
			  .mono_ms = -4,
			  .call = 0x0190000000000001,
			  .number = SLICE("05012345678")};

	event_add_number(&e, EVENT_KEY_CODE, 200);
	event_add_text(&e, EVENT_KEY_REASON, SLICE("OK"));
	event_add_number(&e, EVENT_KEY_COUNT, INT64_MIN);
	event_add_text(&e, EVENT_KEY_DETAIL, SLICE(""));
	return e;
}

static void assert_same(const struct event *a, const struct event *b)
{
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->shard, b->shard);
	assert_true(a->wall_ms == b->wall_ms && a->mono_ms == b->mono_ms && a->call == b->call);
	assert_true(slice_eq(a->number, b->number));
	assert_int_equal(a->field_count, b->field_count);
	for (uint32_t i = 0; i < a->field_count; i++) {
		assert_int_equal(a->fields[i].key, b->fields[i].key);
		assert_true(a->fields[i].number == b->fields[i].number);
		assert_true(slice_eq(a->fields[i].text, b->fields[i].text));
	}
}

static void test_tables(void **state)
{
	(void)state;
	assert_string_equal(event_name(EVENT_CALL_STARTED), "CALL_STARTED");
	assert_string_equal(event_text(EVENT_CALL_STARTED), "call started");
	assert_int_equal(event_level(EVENT_SIP_MESSAGE), 0);
	assert_int_equal(event_level(EVENT_STORE_FAILED), 3);
	assert_string_equal(event_key_name(EVENT_KEY_USER_AGENT), "user_agent");
	assert_true(event_key_is_number(EVENT_KEY_CODE));
	assert_false(event_key_is_number(EVENT_KEY_BYTES));
	for (unsigned t = 0; t < EVENT_TYPES; t++)
		assert_in_range(event_level(t), 0, 3);
}

static void test_fields(void **state)
{
	struct event e = {0};

	(void)state;
	assert_null(event_find(&e, EVENT_KEY_CODE));
	for (int i = 0; i < EVENT_FIELDS_MAX + 3; i++)
		event_add_number(&e, EVENT_KEY_CODE, i);
	assert_int_equal(e.field_count, EVENT_FIELDS_MAX);
	assert_int_equal(event_find(&e, EVENT_KEY_CODE)->number, 0);
	assert_null(event_find(&e, EVENT_KEY_REASON));
}

static void test_round_trip(void **state)
{
	struct event e = example(), back;
	char buf[512];
	size_t n = 0;

	(void)state;
	assert_int_equal(event_encode(&e, buf, sizeof(buf), &n), 0);
	assert_int_equal(event_decode(slice_of(buf, n), &back), 0);
	assert_same(&e, &back);
	for (size_t cap = 0; cap < n; cap++) {
		size_t unused = 4711;

		assert_int_equal(event_encode(&e, buf, cap, &unused), ERR_TOO_BIG);
		assert_int_equal(unused, 4711);
	}
	assert_int_equal(event_encode(&e, buf, n, &n), 0);
}

static void test_damaged(void **state)
{
	struct event e = example(), back;
	char buf[512];
	size_t n = 0;

	(void)state;
	assert_int_equal(event_encode(&e, buf, sizeof(buf), &n), 0);
	for (size_t cut = 0; cut < n; cut++)
		assert_int_equal(event_decode(slice_of(buf, cut), &back), ERR_DAMAGED);
	assert_int_equal(event_decode(slice_of(buf, n + 1), &back), ERR_DAMAGED);
	buf[0]++; /* version */
	assert_int_equal(event_decode(slice_of(buf, n), &back), ERR_DAMAGED);
	buf[0]--;
	buf[3] = 0x7f; /* type */
	assert_int_equal(event_decode(slice_of(buf, n), &back), ERR_DAMAGED);
	assert_int_equal(event_decode(SLICE_NONE, &back), ERR_DAMAGED);
}

/* Type and call without the rest; of bytes that begin as no event does, nothing. */
static void test_peek(void **state)
{
	struct event e = example();
	struct event_bytes peeked = {.call = 4711};
	char buf[512];
	size_t n = 0, header = 2 + 2 + 2 + 2 + 3 * 8;

	(void)state;
	assert_int_equal(event_encode(&e, buf, sizeof(buf), &n), 0);
	for (size_t cut = 0; cut < header; cut++)
		assert_int_equal(event_peek(slice_of(buf, cut), &peeked), ERR_DAMAGED);
	buf[3] = 0x7f; /* type */
	assert_int_equal(event_peek(slice_of(buf, n), &peeked), ERR_DAMAGED);
	assert_true(peeked.call == 4711);
	buf[3] = 0;
	assert_int_equal(event_peek(slice_of(buf, n), &peeked), 0);
	assert_int_equal(peeked.type, e.type);
	assert_true(peeked.call == e.call);
	assert_true(peeked.bytes.p == buf && peeked.bytes.n == n);
}

static void test_unknown_key_is_skipped(void **state)
{
	struct event e = {.type = EVENT_KEEPALIVE}, back;
	char buf[512];
	size_t n = 0, first = 2 + 2 + 2 + 2 + 3 * 8 + 4; /* behind header and empty number */

	(void)state;
	event_add_text(&e, EVENT_KEY_REASON, SLICE("new"));
	event_add_text(&e, EVENT_KEY_DETAIL, SLICE("old"));
	assert_int_equal(event_encode(&e, buf, sizeof(buf), &n), 0);
	buf[first + 1] = 0x70;
	assert_int_equal(event_decode(slice_of(buf, n), &back), 0);
	assert_int_equal(back.field_count, 1);
	assert_true(slice_eq(event_find(&back, EVENT_KEY_DETAIL)->text, SLICE("old")));
}

/* Bytes that a disk made up: refused, or an event that can be encoded again; never anything beyond
 * the bytes. */
static void test_random_bytes(void **state)
{
	static const uint8_t seed[RNG_SEED_BYTES] = {6};
	struct event e = example(), back;
	char good[512], bad[512], again[1024];
	struct rng rng;
	size_t n = 0, m;

	(void)state;
	rng_init(&rng, seed);
	assert_int_equal(event_encode(&e, good, sizeof(good), &n), 0);
	for (int i = 0; i < 100000; i++) {
		memcpy(bad, good, n);
		for (uint32_t k = rng_below(&rng, 4) + 1; k > 0; k--)
			rng_bytes(&rng, bad + rng_below(&rng, (uint32_t)n), 1);
		if (event_decode(slice_of(bad, n), &back) == 0)
			assert_int_equal(event_encode(&back, again, sizeof(again), &m), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),	     cmocka_unit_test(test_fields),
		cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_peek),	     cmocka_unit_test(test_unknown_key_is_skipped),
		cmocka_unit_test(test_random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
