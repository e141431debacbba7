#include "fixture.h"

#include "directory/directory_priv.h"

static void test_put_and_ask(void **state)
{
	struct fixture *f = *state;
	struct directory_number n = a_number("05010000014", "10000012"), got;

	n.channels = 7;
	n.international = n.suspended = true;
	n.policy = REG_REJECT;
	n.ha1.sha256[31] = 9;
	assert_int_equal(directory_put(f->d, &n), 0);
	assert_int_equal(directory_numbers(f->d), 3);
	assert_int_equal(directory_by_number(f->d, SLICE("05010000014"), &got), 0);
	assert_memory_equal(got.number, "05010000014", 12);
	assert_string_equal(got.account, "10000012");
	assert_string_equal(got.customer, "C1");
	assert_string_equal(got.realm, "sip.example.net");
	assert_memory_equal(&got.ha1, &n.ha1, sizeof(n.ha1));
	assert_int_equal(got.channels, 7);
	assert_true(got.international && got.suspended);
	assert_int_equal(got.policy, REG_REJECT);
	assert_int_equal(directory_by_account(f->d, SLICE("10000012"), &got), 0);
	assert_string_equal(got.number, "05010000014");
	assert_int_equal(directory_by_account(f->d, SLICE("05010000014"), &got), ERR_NOT_FOUND);
	assert_int_equal(directory_by_number(f->d, SLICE(""), &got), ERR_NOT_FOUND);
}

static void test_another_account(void **state)
{
	struct fixture *f = *state;
	struct directory_number n = a_number("0501", "77"), got;

	snprintf(n.realm, sizeof(n.realm), "other.example");
	assert_int_equal(directory_put(f->d, &n), 0);
	assert_int_equal(directory_numbers(f->d), 2);
	assert_int_equal(directory_by_account(f->d, SLICE("1"), &got), ERR_NOT_FOUND);
	assert_int_equal(directory_by_account(f->d, SLICE("77"), &got), 0);
	assert_string_equal(got.realm, "other.example");
}

static void test_put_keeps_bindings_and_channels(void **state)
{
	struct fixture *f = *state;
	struct directory_number n = a_number("0501", "1");
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	char number[STORE_NUMBER_BYTES];
	uint32_t held;

	assert_registered(f, &p);
	assert_int_equal(directory_channel_take(f->d, SLICE("0501"), 5, NULL, &held), 0);
	n.suspended = true;
	n.channels = 1;
	snprintf(n.account, sizeof(n.account), "another");
	assert_int_equal(directory_put(f->d, &n), 0);
	assert_slice(the_binding(f, "0501", NOW).contact, "sip:a@10.0.0.1");
	assert_true(directory_keepalive(f->d, &p.flow, KEEPALIVE_CRLF, NOW, number));
	assert_string_equal(number, "0501");
	assert_int_equal(directory_channels_held(f->d, SLICE("0501")), 1);
	assert_int_equal(directory_channel_take(f->d, SLICE("0501"), 6, NULL, &held), ERR_LIMIT);
}

static void test_new_password_cuts_off(void **state)
{
	struct fixture *f = *state;
	struct directory_number n = a_number("0501", "1");
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	char number[STORE_NUMBER_BYTES];

	assert_registered(f, &p);
	n.ha1.sha256[0] ^= 1;
	assert_int_equal(directory_put(f->d, &n), 0);
	assert_int_equal(count_bindings(f, "0501", NOW), 0);
	assert_int_equal(directory_registration_count(f->d), 0);
	assert_false(directory_keepalive(f->d, &p.flow, KEEPALIVE_CRLF, NOW, number));
}

static void test_remove(void **state)
{
	struct fixture *f = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	struct directory_number got;
	char number[STORE_NUMBER_BYTES];
	uint32_t held;

	assert_registered(f, &p);
	assert_int_equal(directory_channel_take(f->d, SLICE("0501"), 5, NULL, &held), 0);
	assert_int_equal(directory_remove(f->d, SLICE("0501")), 0);
	assert_int_equal(directory_remove(f->d, SLICE("0501")), ERR_NOT_FOUND);
	assert_int_equal(directory_numbers(f->d), 1);
	assert_int_equal(directory_registration_count(f->d), 0);
	assert_int_equal(directory_channels_held(f->d, SLICE_NONE), 0);
	assert_int_equal(directory_by_account(f->d, SLICE("1"), &got), ERR_NOT_FOUND);
	assert_false(directory_keepalive(f->d, &p.flow, KEEPALIVE_CRLF, NOW, number));
	assert_int_equal(register_phone(f, &p), ERR_NOT_FOUND);
	add_number(f->d, "0501", "1", REG_NEWEST);
	assert_int_equal(count_bindings(f, "0501", NOW), 0);
}

/* A thousand come and go; each is found by both of its names. */
static void test_many(void **state)
{
	struct fixture *f = *state;
	struct directory_number got;
	char number[24], account[24];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 1000; i++) {
			snprintf(number, sizeof(number), "070%08d", i);
			snprintf(account, sizeof(account), "acc%d", i);
			add_number(f->d, number, account, REG_NEWEST);
		}
		for (int i = 0; i < 1000; i++) {
			snprintf(number, sizeof(number), "070%08d", i);
			snprintf(account, sizeof(account), "acc%d", i);
			assert_int_equal(directory_by_account(f->d, slice_str(account), &got), 0);
			assert_string_equal(got.number, number);
			if (i % 3 != round)
				assert_int_equal(directory_remove(f->d, slice_str(number)), 0);
		}
		assert_int_equal(directory_numbers(f->d), 2 + (round == 0 ? 334 : 333));
		for (int i = 0; i < 1000; i++) {
			snprintf(number, sizeof(number), "070%08d", i);
			if (i % 3 == round)
				assert_int_equal(directory_remove(f->d, slice_str(number)), 0);
		}
	}
	assert_int_equal(directory_numbers(f->d), 2);
}

static void test_too_many_realms(void **state)
{
	struct fixture *f = *state;
	struct directory_number n = a_number("0501", "1");
	uint32_t i;

	for (i = 1; i < REALMS_MAX; i++) {
		snprintf(n.realm, sizeof(n.realm), "r%u", i);
		assert_int_equal(directory_put(f->d, &n), 0);
	}
	snprintf(n.realm, sizeof(n.realm), "one too many");
	assert_int_equal(directory_put(f->d, &n), ERR_NOMEM);
	assert_int_equal(directory_by_number(f->d, SLICE("0501"), &n), 0);
	assert_string_equal(n.realm, "r1023");
}

static void test_nonces(void **state)
{
	struct fixture *f = *state;
	const struct digest_nonce_key nonce_key = {{5}};
	char nonce[DIGEST_NONCE_CHARS + 1];
	struct slice text = slice_of(nonce, digest_nonce_make(&nonce_key, NOW, 1, nonce));

	assert_true(directory_nonce_use(f->d, text, 1));
	assert_false(directory_nonce_use(f->d, text, 1));
	assert_true(directory_nonce_use(f->d, text, 2));
	assert_false(directory_nonce_use(f->d, SLICE("none of ours"), 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_put_and_ask),
		TEST(test_another_account),
		TEST(test_put_keeps_bindings_and_channels),
		TEST(test_new_password_cuts_off),
		TEST(test_remove),
		TEST(test_many),
		TEST(test_too_many_realms),
		TEST(test_nonces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
