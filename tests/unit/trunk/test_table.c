#include "base/err.h"
#include "trunk/table.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const struct trunk_key key = {{7}};

static int setup(void **state)
{
	struct trunks *t;
	const struct trunk v[] = {
		{.id = 1, .name = "a", .host = "192.0.2.9", .priority = 1, .capacity = 2},
		{.id = 2,
		 .name = "b",
		 .host = "192.0.2.10",
		 .priority = 2,
		 .user = "u",
		 .password = "p"},
	};
	assert_int_equal(trunks_new(&key, &t), 0);
	assert_int_equal(trunks_count(t), 0);
	assert_int_equal(trunks_swap(t, v, 2), 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	trunks_free(*state);
	return 0;
}

static uint32_t take(struct trunks *t)
{
	struct trunk got;
	const struct trunk_ask ask = {.number = SLICE("0312345678")};
	return trunks_take(t, &ask, &got) == TRUNK_FOUND ? got.id : 0;
}

static void test_places(void **state)
{
	struct trunks *t = *state;
	assert_int_equal(take(t), 1);
	assert_int_equal(trunks_take_this(t, 1), 0);
	assert_int_equal(trunks_take_this(t, 1), ERR_LIMIT);
	assert_int_equal(take(t), 2);
	trunks_give(t, 1);
	assert_int_equal(take(t), 1);
	assert_int_equal(trunks_places(t, 1), 2);
	assert_int_equal(trunks_places(t, 0), 3);
	assert_true(trunks_restore(t, 1));
	assert_false(trunks_restore(t, 99));
	assert_int_equal(trunks_places(t, 1), 3);
	assert_int_equal(trunks_take_this(t, 99), ERR_NOT_FOUND);
	trunks_give(t, 99);
}

#define ROUNDS 20000
static void *churn(void *arg)
{
	struct trunks *t = arg;
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t id = take(t);
		if (id)
			trunks_give(t, id);
	}
	return NULL;
}

/* However many threads come and go, none is counted twice or forgotten; also while the set is
 * swapped. */
static void test_counts_are_exact(void **state)
{
	struct trunks *t = *state;
	const struct trunk v[] = {{.id = 1, .name = "a", .host = "192.0.2.9", .capacity = 1},
				  {.id = 3, .name = "c", .host = "192.0.2.11"}};
	const struct trunk w[] = {{.id = 3, .name = "c", .host = "192.0.2.11"},
				  {.id = 1, .name = "a", .host = "192.0.2.9", .capacity = 2}};
	pthread_t threads[4];
	assert_int_equal(trunks_swap(t, v, 2), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, churn, t), 0);
	for (int i = 0; i < 200; i++)
		assert_int_equal(trunks_swap(t, i & 1 ? v : w, 2), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(trunks_places(t, 0), 0);
}

static void test_what_a_swap_keeps(void **state)
{
	struct trunks *t = *state;
	struct trunk_view v;
	struct trunk changed[] = {{.id = 1, .name = "a", .host = "192.0.2.9", .priority = 8},
				  {.id = 2, .name = "b", .host = "elsewhere.example"}};
	assert_int_equal(take(t), 1);
	assert_true(trunks_heard(t, 1, false, TRUNK_WHY_INVITE, 1, 5));
	assert_true(trunks_heard(t, 2, false, TRUNK_WHY_INVITE, 1, 5));
	assert_int_equal(trunks_swap(t, changed, 2), 0);
	assert_true(trunks_view(t, SLICE("a"), &v));
	assert_true(v.state.down && v.state.calls == 1 && v.trunk.priority == 8);
	assert_true(trunks_view(t, SLICE("b"), &v)); /* another host: nothing is known of it yet */
	assert_false(v.state.down);
	assert_int_equal(trunks_swap(t, changed, 1), 0);
	assert_false(trunks_view(t, SLICE("b"), &v));
}

static void test_health(void **state)
{
	struct trunks *t = *state;
	struct trunk_view v;
	bool turned;
	assert_false(trunks_heard(t, 1, false, TRUNK_WHY_OPTIONS, 3, 1));
	assert_false(trunks_heard(t, 1, true, TRUNK_WHY_UP, 3, 2));
	assert_false(trunks_heard(t, 1, false, TRUNK_WHY_OPTIONS, 3, 3));
	assert_false(trunks_heard(t, 1, false, TRUNK_WHY_OPTIONS, 3, 4));
	assert_true(trunks_heard(t, 1, false, TRUNK_WHY_OPTIONS, 3, 5));
	assert_false(trunks_heard(t, 1, false, TRUNK_WHY_OPTIONS, 3, 6));
	assert_int_equal(take(t), 2);
	assert_true(trunks_view(t, SLICE("a"), &v));
	assert_true(v.state.down && v.state.why == TRUNK_WHY_OPTIONS && v.changed_at == 5);
	assert_true(trunks_heard(t, 1, true, TRUNK_WHY_UP, 3, 7));
	assert_int_equal(take(t), 1);
	/* a registration that was refused keeps it down, whatever OPTIONS say */
	assert_true(trunks_registered(t, 1, TRUNK_REGISTRATION_FAILED, 403, 0, 8, &turned));
	assert_true(turned);
	assert_false(trunks_heard(t, 1, true, TRUNK_WHY_UP, 3, 9));
	assert_int_equal(take(t), 2);
	assert_true(trunks_registered(t, 1, TRUNK_REGISTRATION_DONE, 200, 99, 10, &turned));
	assert_true(turned);
	assert_int_equal(take(t), 1);
}

static void test_digest(void **state)
{
	struct trunks *t = *state;
	char memory[1024];
	uint8_t seed[RNG_SEED_BYTES] = {0};
	struct rng rng;
	struct strbuf b;
	struct digest_challenge c = {.realm = "r", .nonce = "n1", .has_qop = true, .proxy = true};
	rng_init(&rng, seed);
	strbuf_init(&b, memory, sizeof(memory) - 1);
	trunks_answer(t, 2, SLICE("INVITE"), SLICE("sip:x@y"), &rng, &b);
	assert_int_equal(b.n, 0);
	assert_false(trunks_challenged(t, 1, &c, false)); /* it has no account */
	assert_true(trunks_challenged(t, 2, &c, false));
	for (int i = 1; i <= 2; i++) {
		char want[32];
		strbuf_init(&b, memory, sizeof(memory) - 1);
		trunks_answer(t, 2, SLICE("INVITE"), SLICE("sip:x@y"), &rng, &b);
		memory[b.n] = '\0';
		snprintf(want, sizeof(want), "nc=%08x", i);
		assert_non_null(strstr(memory, "Proxy-Authorization: Digest username=\"u\""));
		assert_non_null(strstr(memory, want));
	}
	assert_false(trunks_challenged(t, 2, &c, true)); /* that very answer was refused */
	c.stale = true;
	strcpy(c.nonce, "n2");
	assert_true(trunks_challenged(t, 2, &c, true));
	strbuf_init(&b, memory, sizeof(memory) - 1);
	trunks_answer(t, 2, SLICE("INVITE"), SLICE("sip:x@y"), &rng, &b);
	memory[b.n] = '\0';
	assert_non_null(strstr(memory, "nc=00000001"));
}

static void no_password(void *ctx, const struct trunk_view *v)
{
	assert_string_equal(v->trunk.password, "");
	*(uint32_t *)ctx += v->has_password;
}

static void test_load(void **state)
{
	struct trunks *t = *state;
	struct store *store;
	char path[64], wal[80];
	uint8_t sealed[TRUNK_SEALED_BYTES];
	uint32_t unread = 9, with_password = 0;
	struct trunk got;
	snprintf(path, sizeof(path), "/tmp/opengate-trunks-%d.db", (int)getpid());
	assert_int_equal(store_open(path, &store, NULL, 0), 0);
	const struct trunk_key lost = {{8}};
	struct store_trunk a = {.name = SLICE("x"),
				.host = SLICE("192.0.2.9"),
				.weight = 2,
				.sources = SLICE("192.0.2.0/24,2001:db8::1"),
				.prefixes = SLICE("03,01082"),
				.account = SLICE("u"),
				.format = TRUNK_PLUS,
				.transport = SIP_TCP,
				.port = 5061,
				.registers = true};
	a.secret = slice_of((char *)sealed, trunk_seal(&key, "pw", sealed));
	assert_int_equal(store_trunk_add(store, &a), 0);
	a.name = SLICE("y");
	a.secret = slice_of((char *)sealed, trunk_seal(&lost, "pw", sealed));
	assert_int_equal(store_trunk_add(store, &a), 0);
	assert_int_equal(trunks_load(t, store, &unread), 0);
	assert_int_equal(unread, 1);
	assert_int_equal(trunks_count(t), 2);
	assert_true(trunks_get(t, 1, &got));
	assert_string_equal(got.password, "pw");
	assert_int_equal(got.source_count, 2);
	assert_int_equal(got.prefix_count, 2);
	assert_string_equal(got.prefixes[1], "01082");
	assert_int_equal(got.format, TRUNK_PLUS);
	assert_int_equal(got.transport, SIP_TCP);
	assert_int_equal(trunks_each(t, no_password, &with_password), 0);
	assert_int_equal(with_password, 1);
	store_close(store);
	unlink(path);
	snprintf(wal, sizeof(wal), "%s-wal", path);
	unlink(wal);
	snprintf(wal, sizeof(wal), "%s-shm", path);
	unlink(wal);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_places), TEST(test_counts_are_exact), TEST(test_what_a_swap_keeps),
		TEST(test_health), TEST(test_digest),		TEST(test_load),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
