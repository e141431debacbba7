#include "fixture.h"

struct seen {
	struct fixture *f;
	uint32_t count;
	char last[64];
};

static void on_expired(void *ctx, const char *number, const struct reg_binding *b)
{
	struct seen *s = ctx;
	struct directory_number n;

	s->count++;
	snprintf(s->last, sizeof(s->last), "%s %.*s %d", number, SLICE_ARG(b->contact), b->reach);
	/* no lock is held: the directory can be asked */
	assert_int_equal(directory_by_number(s->f->d, slice_str(number), &n), 0);
}

static void test_expiry(void **state)
{
	struct fixture *f = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	struct seen seen = {.f = f};
	char number[STORE_NUMBER_BYTES];

	p.expires_s = 60;
	assert_registered(f, &p);
	directory_ping_result(f->d, SLICE("0501"), &p.flow, true, NOW);
	assert_int_equal(directory_expire(f->d, NOW + 59999, 10, on_expired, &seen), 0);
	assert_int_equal(directory_expire(f->d, NOW + 60000, 10, on_expired, &seen), 1);
	assert_string_equal(seen.last, "0501 sip:a@10.0.0.1 1");
	assert_int_equal(directory_expire(f->d, NOW + 60000, 10, on_expired, &seen), 0);
	assert_int_equal(directory_registration_count(f->d), 0);
	assert_false(directory_keepalive(f->d, &p.flow, KEEPALIVE_CRLF, NOW, number));
	/* refreshed in time */
	assert_registered(f, &p);
	p.at_ms += 30000;
	p.cseq = 2;
	assert_registered(f, &p);
	assert_int_equal(directory_expire(f->d, NOW + 60000, 10, on_expired, &seen), 0);
	assert_int_equal(directory_expire(f->d, NOW + 90000, 10, NULL, NULL), 1);
}

/* It comes back between its expiry and the look at it: one binding, and no report of the new one's
 * end. */
static void test_back_at_once(void **state)
{
	struct fixture *f = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	struct seen seen = {.f = f};

	p.expires_s = 60;
	assert_registered(f, &p);
	p.cseq = 2;
	p.at_ms += 60001;
	assert_registered(f, &p);
	assert_int_equal(f->outcome.changes[0].kind, REG_ADDED);
	assert_int_equal(directory_registration_count(f->d), 1);
	assert_int_equal(directory_expire(f->d, NOW + 61000, 10, on_expired, &seen), 0);
	assert_int_equal(count_bindings(f, "0501", NOW + 61000), 1);
}

static void fill(struct fixture *f, int count)
{
	char number[16], account[16], contact[64];

	for (int i = 0; i < count; i++) {
		struct phone p = a_phone(number, "c", contact, "192.0.2.1:1");

		snprintf(number, sizeof(number), "070%d", i);
		snprintf(account, sizeof(account), "9%d", i);
		snprintf(contact, sizeof(contact), "sip:%d@10.0.0.1", i);
		add_number(f->d, number, account, REG_FORK);
		p.expires_s = 60 + (uint32_t)i % 100;
		assert_registered(f, &p);
	}
}

static void test_a_few_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {.f = f};
	uint32_t total = 0, n;

	fill(f, 1000);
	while ((n = directory_expire(f->d, NOW + 200000, 7, on_expired, &seen)) > 0) {
		assert_true(n <= 7);
		total += n;
	}
	assert_int_equal(total, 1000);
	assert_int_equal(seen.count, 1000);
}

struct list {
	uint32_t count;
	bool seen[1000];
	char account[STORE_ACCOUNT_BYTES];
};

static void on_registration(void *ctx, const char *number, const char *account,
			    const struct reg_binding *b)
{
	struct list *l = ctx;
	char contact[64];
	int i = atoi(number + 3);

	(void)slice_copy(slice_first(b->contact, sizeof(contact) - 1), contact, sizeof(contact));
	assert_memory_equal(number, "070", 3);
	assert_false(l->seen[i]);
	assert_int_equal(atoi(contact + 4), i);
	assert_int_equal(atoi(account + 1), i);
	l->seen[i] = true;
	l->count++;
}

static void test_the_walk(void **state)
{
	struct fixture *f = *state;
	static struct list l;

	fill(f, 1000);
	directory_registrations(f->d, SLICE_NONE, NOW, on_registration, &l);
	assert_int_equal(l.count, 1000);
	l = (struct list){0};
	directory_registrations(f->d, SLICE("07077"), NOW, on_registration, &l);
	assert_int_equal(l.count, 1);
	directory_registrations(f->d, SLICE("0501"), NOW, on_registration, &l);
	directory_registrations(f->d, SLICE("nobody"), NOW, on_registration, &l);
	assert_int_equal(l.count, 1);
	l = (struct list){0};
	directory_registrations(f->d, SLICE_NONE, NOW + 60000, on_registration, &l);
	assert_int_equal(l.count, 990);
}

static void count_it(void *ctx, const char *number, const char *account,
		     const struct reg_binding *b)
{
	(void)number;
	(void)account;
	(void)b;
	(*(uint32_t *)ctx)++;
}

/* The longest texts there are, ten to a number. */
static void test_the_walk_with_large_bindings(void **state)
{
	struct fixture *f = *state;
	static struct reg_request rq;
	char contact[REG_CONTACT_BYTES], call_id[REG_CALL_ID_BYTES], path[REG_PATH_BYTES],
		number[16];
	uint32_t count = 0;

	memset(call_id, 'c', sizeof(call_id));
	memset(path, 'p', sizeof(path));
	for (int n = 0; n < 300; n++) {
		snprintf(number, sizeof(number), "070%d", n);
		add_number(f->d, number, number, REG_FORK);
		for (int i = 0; i < 10; i++) {
			struct phone p = a_phone(number, "", contact, "192.0.2.1:1");

			snprintf(contact, sizeof(contact), "sip:%0500d@h", i);
			fill_request(&p, &rq);
			rq.call_id = slice_of(call_id, (size_t)(200 + i));
			rq.path = slice_of(path, REG_PATH_BYTES - 1);
			rq.user_agent = SLICE_NONE;
			rq.contacts[0].instance = slice_of(call_id, (size_t)(200 + i));
			arena_reset(&f->arena);
			assert_int_equal(directory_register(f->d, slice_str(number), &rq, &f->arena,
							    &f->outcome),
					 0);
			assert_int_equal(f->outcome.code, 200);
		}
	}
	directory_registrations(f->d, SLICE_NONE, NOW, count_it, &count);
	assert_int_equal(count, 3000);
	assert_int_equal(directory_registration_count(f->d), 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_expiry),
		TEST(test_back_at_once),
		TEST(test_a_few_at_a_time),
		TEST(test_the_walk),
		TEST(test_the_walk_with_large_bindings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
