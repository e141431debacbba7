#include "directory/directory_priv.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_addr(const struct addr *a, const struct addr *b)
{
	assert_true(addr_eq(a, b));
	assert_int_equal(a->scope, b->scope);
}

static void assert_same(const struct reg_binding *a, const struct reg_binding *b)
{
	assert_true(slice_eq(a->contact, b->contact) && slice_eq(a->call_id, b->call_id));
	assert_true(slice_eq(a->instance, b->instance) && slice_eq(a->user_agent, b->user_agent));
	assert_true(slice_eq(a->path, b->path));
	assert_int_equal(a->cseq, b->cseq);
	assert_int_equal(a->reg_id, b->reg_id);
	assert_int_equal(a->q_thousandths, b->q_thousandths);
	assert_addr(&a->flow.remote, &b->flow.remote);
	assert_addr(&a->flow.local, &b->flow.local);
	assert_int_equal(a->flow.transport, b->flow.transport);
	assert_int_equal(a->flow.shard, b->flow.shard);
	assert_int_equal(a->flow.listener, b->flow.listener);
	assert_int_equal(a->flow.connection, b->flow.connection);
	assert_int_equal(a->nat, b->nat);
	assert_int_equal(a->registered_at, b->registered_at);
	assert_int_equal(a->refreshed_at, b->refreshed_at);
	assert_int_equal(a->last_keepalive_at, b->last_keepalive_at);
	assert_int_equal(a->keepalive_interval_ms, b->keepalive_interval_ms);
	assert_int_equal(a->keepalive_kind, b->keepalive_kind);
	assert_int_equal(a->reach, b->reach);
	assert_int_equal(a->pinged_at, b->pinged_at);
	assert_int_equal(a->pong_at, b->pong_at);
}

static char text[4096];

static struct slice some_text(struct rng *rng, uint32_t most)
{
	uint32_t n = rng_below(rng, 3) == 0 ? 0 : 1 + rng_below(rng, most);

	return slice_of(text + rng_below(rng, 1000), n);
}

static uint64_t some_number(struct rng *rng, unsigned bits)
{
	return rng_u64(rng) >> (64 - 1 - rng_below(rng, bits));
}

static struct addr some_addr(struct rng *rng)
{
	struct addr a = {.port = (uint16_t)some_number(rng, 16)};

	switch (rng_below(rng, 4)) {
	case 0:
		a.port = 0;
		return a;
	case 1:
		a.scope = (uint32_t)some_number(rng, 32);
		/* fallthrough */
	case 2:
		a.family = 6;
		rng_bytes(rng, a.ip, 16);
		return a;
	default:
		a.family = 4;
		rng_bytes(rng, a.ip, 4);
		return a;
	}
}

static struct reg_binding some_binding(struct rng *rng)
{
	struct reg_binding b = {
		.contact = slice_of(text, 1 + rng_below(rng, REG_CONTACT_BYTES - 1)),
		.call_id = some_text(rng, REG_CALL_ID_BYTES - 1),
		.instance = some_text(rng, REG_INSTANCE_BYTES - 1),
		.user_agent = some_text(rng, REG_USER_AGENT_BYTES - 1),
		.path = some_text(rng, REG_PATH_BYTES - 1),
		.cseq = (uint32_t)some_number(rng, 32),
		.reg_id = (uint32_t)some_number(rng, 32),
		.q_thousandths = (uint16_t)rng_below(rng, 1001),
		.flow = {.remote = some_addr(rng),
			 .local = some_addr(rng),
			 .transport = (enum sip_transport)rng_below(rng, SIP_TRANSPORT_OTHER + 1),
			 .shard = (uint16_t)some_number(rng, 16),
			 .listener = (uint16_t)some_number(rng, 16),
			 .connection = (uint32_t)some_number(rng, 32)},
		.nat = rng_below(rng, 2),
		.registered_at = (int64_t)some_number(rng, 63),
		.refreshed_at = (int64_t)some_number(rng, 63),
		.last_keepalive_at = (int64_t)some_number(rng, 63),
		.keepalive_interval_ms = (uint32_t)some_number(rng, 32),
		.keepalive_kind = (uint8_t)some_number(rng, 8),
		.reach = (uint8_t)rng_below(rng, 3),
		.pinged_at = (int64_t)some_number(rng, 63),
		.pong_at = (int64_t)some_number(rng, 63),
	};

	return b;
}

static void test_decode_of_encode(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, (const uint8_t[RNG_SEED_BYTES]){1});
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)rng_u64(&rng);
	for (int i = 0; i < 20000; i++) {
		struct reg_binding b = some_binding(&rng), got;
		char bytes[ENCODED_BYTES];
		size_t lasting = 0, n = binding_encode(&b, bytes, &lasting);

		assert_true(n > 0 && lasting > 0 && lasting <= n);
		assert_int_equal(binding_decode(slice_of(bytes, n), &got), 0);
		assert_same(&b, &got);
		/* The lasting part alone is a binding of which nothing has been seen yet. */
		assert_int_equal(binding_decode(slice_of(bytes, lasting), &got), 0);
		b.last_keepalive_at = b.pinged_at = b.pong_at = 0;
		b.keepalive_interval_ms = b.keepalive_kind = b.reach = 0;
		assert_same(&b, &got);
	}
}

static void test_too_long(void **state)
{
	struct reg_binding b = {.contact = {text, sizeof(text)}};
	char bytes[ENCODED_BYTES];
	size_t lasting;

	(void)state;
	assert_int_equal(binding_encode(&b, bytes, &lasting), 0);
}

static void test_unknown_tags_are_skipped(void **state)
{
	static const char bytes[] = "\1\xc8\3abc\1\5sip:a\x7f\x81\0";
	char buf[sizeof(bytes) + 256] = {0};
	struct reg_binding b;

	(void)state;
	memcpy(buf, bytes, sizeof(bytes) - 1);
	assert_int_equal(binding_decode(slice_of(buf, sizeof(bytes) - 1 + 256), &b), 0);
	assert_memory_equal(b.contact.p, "sip:a", 5);
	assert_int_equal(b.q_thousandths, 1000);
}

static void test_damaged(void **state)
{
	static const struct slice rows[] = {
		{NULL, 0},			/* nothing */
		{"\1", 1},			/* no Contact */
		{"\2\1\5sip:a", 8},		/* another version */
		{"\1\1", 2},			/* cut */
		{"\1\1\5sip:", 7},		/* cut */
		{"\1\1\x80", 3},		/* cut in a length */
		{"\1\1\1a\11\3\5\0\0", 9},	/* an address of no family */
		{"\1\1\1a\11\5\4\0\0\1\1", 11}, /* a short address */
		{"\1\1\1a\10\2\xff\xff", 8},	/* q below 0 */
	};
	struct reg_binding b;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(binding_decode(rows[i], &b), ERR_DAMAGED);
}

/* Whatever stands on disk: an answer, and no byte read outside. */
static void test_rubbish(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, (const uint8_t[RNG_SEED_BYTES]){2});
	for (int i = 0; i < 20000; i++) {
		struct reg_binding b = some_binding(&rng), got;
		char bytes[ENCODED_BYTES];
		size_t lasting, n = binding_encode(&b, bytes, &lasting);

		for (uint32_t k = rng_below(&rng, 4); k > 0; k--)
			bytes[rng_below(&rng, (uint32_t)n)] = (char)rng_u64(&rng);
		(void)binding_decode(slice_of(bytes, rng_below(&rng, (uint32_t)n + 1)), &got);
	}
}

static void test_keys(void **state)
{
	static const struct reg_binding rows[] = {
		{.call_id = {"c1", 2}, .contact = {"sip:a", 5}},
		{.call_id = {"c2", 2}, .contact = {"sip:a", 5}},
		{.call_id = {"c1", 2}, .contact = {"sip:b", 5}},
		{.call_id = {"c1", 2}, .contact = {"sip:a", 5}, .instance = {"i", 1}, .reg_id = 1},
		{.call_id = {"c1", 2}, .contact = {"sip:a", 5}, .instance = {"i", 1}, .reg_id = 2},
		{.call_id = {"c1", 2}, .contact = {"sip:a", 5}, .instance = {"j", 1}, .reg_id = 1},
	};
	struct reg_binding moved = rows[3];
	char a[KEY_BYTES], b[KEY_BYTES];
	/* It stands in files: it must never change. */
	static const uint8_t kept[KEY_BYTES] = {0x1a, 0x9b, 0xa3, 0xb7, 0x92, 0xc0, 0x33, 0xcd};

	(void)state;
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < 6; j++)
			assert_int_equal(
				slice_eq(binding_key(&rows[i], a), binding_key(&rows[j], b)),
				i == j);
	moved.contact = SLICE("sip:elsewhere");
	moved.call_id = SLICE("c9");
	assert_true(slice_eq(binding_key(&moved, a), binding_key(&rows[3], b)));
	binding_key(&rows[0], a);
	assert_memory_equal(a, kept, KEY_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode_of_encode),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_unknown_tags_are_skipped),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_rubbish),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
