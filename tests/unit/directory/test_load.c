/* The directory with a store behind it: what was acknowledged is there after a restart. */
#include "../tmp.h"
#include "fixture.h"

struct world {
	struct fixture f; /* its directory writes */
	char directory[64], path[96];
	struct store *s;
	struct writer *w;
};

static void add_stored(struct world *w, const char *number, const char *account,
		       int64_t password_changed_at)
{
	struct directory_number d = a_number(number, account);
	struct store_number n = {.number = slice_str(number),
				 .account = slice_str(account),
				 .customer = SLICE("C1"),
				 .realm = SLICE("sip.example.net"),
				 .channels = 5,
				 .international = true,
				 .registration_policy = REG_FORK,
				 .password_changed_at = password_changed_at};

	memcpy(n.ha1_md5, d.ha1.md5, sizeof(n.ha1_md5));
	memcpy(n.ha1_sha256, d.ha1.sha256, sizeof(n.ha1_sha256));
	assert_int_equal(store_number_put(w->s, &n), 0);
}

static void start(struct world *w, int64_t now_ms)
{
	assert_int_equal(writer_new(w->path, 65536, NULL, NULL, &w->w), 0);
	assert_int_equal(directory_new(&(struct directory_params){.hash_key = &key, .writer = w->w},
				       &w->f.d),
			 0);
	assert_int_equal(directory_load(w->f.d, w->s, now_ms), 0);
}

static void stop(struct world *w)
{
	directory_free(w->f.d);
	writer_free(w->w);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct store_customer c = {.code = SLICE("C1")};

	assert_non_null(w);
	arena_init(&w->f.arena, w->f.memory, sizeof(w->f.memory));
	snprintf(w->directory, sizeof(w->directory), "%.30s/opengate-load-XXXXXX", tmp_dir());
	assert_non_null(mkdtemp(w->directory));
	snprintf(w->path, sizeof(w->path), "%s/x.db", w->directory);
	assert_int_equal(store_open(w->path, &w->s, NULL, 0), 0);
	assert_int_equal(store_customer_add(w->s, &c), 0);
	add_stored(w, "0501", "1", 0);
	add_stored(w, "0502", "2", 0);
	start(w, NOW);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".queue"};
	struct world *w = *state;
	char path[128];

	stop(w);
	store_close(w->s);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", w->path, suffixes[i]);
		unlink(path);
	}
	rmdir(w->directory);
	free(w);
	return 0;
}

static void test_numbers(void **state)
{
	struct world *w = *state;
	struct directory_number n;

	assert_int_equal(directory_numbers(w->f.d), 2);
	assert_int_equal(directory_by_account(w->f.d, SLICE("2"), &n), 0);
	assert_string_equal(n.number, "0502");
	assert_string_equal(n.customer, "C1");
	assert_string_equal(n.realm, "sip.example.net");
	assert_int_equal(n.channels, 5);
	assert_true(n.international && !n.suspended);
	assert_int_equal(n.policy, REG_FORK);
	assert_int_equal(n.ha1.md5[0], 1);
}

static void test_screening(void **state)
{
	struct world *w = *state;
	const struct store_block block = {.caller = SLICE("0312345678")};
	const struct store_screen set = {.number = SLICE("0502"),
					 .abroad = true,
					 .inbound_limit = 1,
					 .block_count = 1,
					 .blocks = &block};
	const struct screen_caller blocked = {SLICE("0312345678"), SLICE("0312345678"), false},
				   abroad = {SLICE("01012125550100"), SLICE_NONE, false};

	add_stored(w, "0501", "1", 0);
	add_stored(w, "0502", "2", 0);
	assert_int_equal(store_screen_put(w->s, &set), 0);
	assert_int_equal(directory_load(w->f.d, w->s, NOW), 0);
	assert_int_equal(directory_screen(w->f.d, SLICE("0502"), &blocked), SCREEN_BLOCKED);
	assert_int_equal(directory_screen(w->f.d, SLICE("0502"), &abroad), SCREEN_ABROAD);
	assert_int_equal(directory_screen(w->f.d, SLICE("0501"), &blocked), SCREEN_PASS);
	assert_int_equal(directory_inbound_take(w->f.d, SLICE("0502"), 1), 0);
	assert_int_equal(directory_inbound_take(w->f.d, SLICE("0502"), 2), ERR_LIMIT);
}

static void test_forwarding(void **state)
{
	struct world *w = *state;
	struct store_forward set = {.number = SLICE("0502"), .ring_s = 7};
	struct forward_settings got;

	set.rules[FORWARD_BUSY].on = true;
	set.rules[FORWARD_BUSY].row = 4;
	set.rules[FORWARD_NO_ANSWER].row = 2;
	set.targets[3].digits = SLICE("0312345678");
	set.targets[3].memo = SLICE("office");
	assert_int_equal(store_forward_put(w->s, &set), 0);
	stop(w);
	start(w, NOW);
	assert_int_equal(directory_forward(w->f.d, SLICE("0502"), &got), 0);
	assert_string_equal(forward_target(&got, FORWARD_BUSY), "0312345678");
	assert_int_equal(forward_armed(&got), 1 << FORWARD_BUSY);
	assert_int_equal(got.rules[FORWARD_NO_ANSWER].row, 2);
	assert_int_equal(got.ring_s, 7);
	assert_int_equal(directory_forward(w->f.d, SLICE("0501"), &got), ERR_NOT_FOUND);
}

static void test_bindings_come_back(void **state)
{
	struct world *w = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	char number[STORE_NUMBER_BYTES];
	struct directory_ping ping;
	struct reg_binding b;
	uint32_t pinged = 0;

	assert_registered(&w->f, &p);
	assert_true(directory_keepalive(w->f.d, &p.flow, KEEPALIVE_STUN, NOW + 5, number));
	directory_ping_result(w->f.d, SLICE("0501"), &p.flow, true, NOW + 6);
	p.cseq = 2;
	p.at_ms += 1000;
	assert_registered(&w->f, &p);
	/* after this only memory knows */
	assert_true(directory_keepalive(w->f.d, &p.flow, KEEPALIVE_CRLF, NOW + 2000, number));
	stop(w);
	start(w, NOW + 3000);
	b = the_binding(&w->f, "0501", NOW);
	assert_slice(b.contact, "sip:a@10.0.0.1");
	assert_slice(b.user_agent, "Phone/1");
	assert_true(flow_eq(&b.flow, &p.flow) && addr_eq(&b.flow.local, &p.flow.local));
	assert_int_equal(b.cseq, 2);
	assert_int_equal(b.registered_at, NOW);
	assert_int_equal(b.refreshed_at, NOW + 1000);
	assert_int_equal(b.expires_at, NOW + 3601000);
	assert_int_equal(b.last_keepalive_at, NOW + 5);
	assert_int_equal(b.keepalive_kind, KEEPALIVE_STUN);
	assert_int_equal(b.pong_at, NOW + 6);
	assert_int_equal(b.reach, REG_REACHABLE);
	/* its NAT is kept open, within one period */
	for (int64_t now = NOW + 3000; now <= NOW + 3000 + 25000; now += 100)
		pinged += directory_pings_due(w->f.d, 0, 1, now, 25000, &ping, 1);
	assert_in_range(pinged, 1, 2);
	assert_true(directory_keepalive(w->f.d, &p.flow, KEEPALIVE_CRLF, NOW + 4000, number));
	/* RFC 3261 §10.3: the CSeq is remembered too */
	assert_int_equal(register_phone(&w->f, &p), 0);
	assert_int_equal(w->f.outcome.code, 500);
}

static void test_what_went_stays_away(void **state)
{
	struct world *w = *state;
	struct phone a = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	struct phone moved = a_phone("0502", "c2", "sip:b@10.0.0.2", "192.0.2.2:1000");

	assert_registered(&w->f, &a);
	assert_registered(&w->f, &moved);
	a.cseq = moved.cseq = 2;
	a.expires_s = 0;
	moved.contact = "sip:moved@10.0.0.2";
	assert_registered(&w->f, &a);
	assert_registered(&w->f, &moved);
	stop(w);
	start(w, NOW);
	assert_int_equal(directory_registration_count(w->f.d), 1);
	assert_slice(the_binding(&w->f, "0502", NOW).contact, "sip:moved@10.0.0.2");
}

static int count(void *ctx, const struct store_binding *b)
{
	(void)b;
	(*(int *)ctx)++;
	return 0;
}

static int stored(struct world *w)
{
	int n = 0;

	assert_int_equal(writer_flush(w->w), 0);
	assert_int_equal(store_binding_each(w->s, count, &n), 0);
	return n;
}

static void test_expiry_reaches_the_store(void **state)
{
	struct world *w = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");

	assert_registered(&w->f, &p);
	assert_int_equal(stored(w), 1);
	assert_int_equal(directory_expire(w->f.d, NOW + 3600000, 10, NULL, NULL), 1);
	assert_int_equal(stored(w), 0);
	/* expired while the server was down */
	assert_registered(&w->f, &p);
	stop(w);
	start(w, NOW + 3600000);
	assert_int_equal(directory_registration_count(w->f.d), 0);
	assert_int_equal(stored(w), 0);
}

/* It comes back between its expiry and the look at it: its row is the new one's. */
static void test_back_at_once(void **state)
{
	struct world *w = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");

	p.expires_s = 60;
	assert_registered(&w->f, &p);
	p.cseq = 2;
	p.at_ms += 60001;
	assert_registered(&w->f, &p);
	assert_int_equal(directory_expire(w->f.d, NOW + 61000, 10, NULL, NULL), 0);
	assert_int_equal(stored(w), 1);
}

static void test_streams_come_back_unreachable(void **state)
{
	struct world *w = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	char number[STORE_NUMBER_BYTES];
	struct directory_ping ping;
	struct reg_binding b;

	p.flow = tcp("192.0.2.1:1000", 0, 7);
	assert_registered(&w->f, &p);
	stop(w);
	start(w, NOW);
	b = the_binding(&w->f, "0501", NOW);
	assert_int_equal(b.reach, REG_UNREACHABLE);
	assert_int_equal(b.flow.connection, 0);
	/* connection 7 of this run is somebody else's */
	assert_false(directory_keepalive(w->f.d, &p.flow, KEEPALIVE_CRLF, NOW, number));
	assert_int_equal(directory_pings_due(w->f.d, 0, 1, NOW + 60000, 25000, &ping, 1), 0);
	p.cseq = 2;
	assert_registered(&w->f, &p);
	assert_int_equal(w->f.outcome.changes[0].kind, REG_MOVED);
	assert_int_equal(the_binding(&w->f, "0501", NOW).reach, REG_UNKNOWN);
	assert_int_equal(directory_registration_count(w->f.d), 1);
}

static void test_new_password(void **state)
{
	struct world *w = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");
	struct directory_number n;

	assert_registered(&w->f, &p);
	assert_int_equal(directory_by_number(w->f.d, SLICE("0501"), &n), 0);
	n.ha1.md5[3] = 3;
	assert_int_equal(directory_put(w->f.d, &n), 0);
	assert_int_equal(stored(w), 0);
}

/* A binding of an earlier owner of the number, or of an earlier password, that reached the store
 * late. */
static void test_older_than_the_password(void **state)
{
	struct world *w = *state;
	struct phone p = a_phone("0501", "c1", "sip:a@10.0.0.1", "192.0.2.1:1000");

	assert_registered(&w->f, &p);
	p.number = "0502";
	assert_registered(&w->f, &p);
	stop(w);
	add_stored(w, "0501", "1", NOW + 1000);
	add_stored(w, "0502", "2", NOW);
	start(w, NOW + 2000);
	assert_int_equal(count_bindings(&w->f, "0501", NOW), 0);
	assert_int_equal(count_bindings(&w->f, "0502", NOW), 1);
}

static void test_what_cannot_be_read(void **state)
{
	struct world *w = *state;
	struct store_binding b = {.number = SLICE("0501"),
				  .key = SLICE("k"),
				  .bytes = SLICE("\1rubbish"),
				  .expires_at = NOW + 1000};

	assert_int_equal(store_binding_put(w->s, &b), 0);
	stop(w);
	start(w, NOW);
	assert_int_equal(directory_registration_count(w->f.d), 0);
}

/* Every REGISTER that was acknowledged and flushed is there; enough of them for several loading
 * threads. */
static void test_many(void **state)
{
	struct world *w = *state;
	char number[16], account[16], contact[64];
	struct directory_number n;

	assert_int_equal(store_begin(w->s), 0);
	for (int i = 0; i < 5000; i++) {
		snprintf(number, sizeof(number), "070%d", i);
		snprintf(account, sizeof(account), "9%d", i);
		add_stored(w, number, account, 0);
	}
	assert_int_equal(store_commit(w->s), 0);
	stop(w);
	start(w, NOW);
	for (int i = 0; i < 5000; i++) {
		struct phone p = a_phone(number, "c", contact, "192.0.2.1:1");
		int r;

		snprintf(number, sizeof(number), "070%d", i);
		snprintf(contact, sizeof(contact), "sip:%d@10.0.0.1", i);
		p.flow.remote.port = (uint16_t)i;
		while ((r = register_phone(&w->f, &p)) == ERR_AGAIN)
			usleep(500);
		assert_int_equal(r, 0);
	}
	stop(w);
	start(w, NOW);
	assert_int_equal(directory_numbers(w->f.d), 5002);
	assert_int_equal(directory_registration_count(w->f.d), 5000);
	for (int i = 0; i < 5000; i++) {
		snprintf(number, sizeof(number), "070%d", i);
		snprintf(account, sizeof(account), "9%d", i);
		snprintf(contact, sizeof(contact), "sip:%d@10.0.0.1", i);
		assert_int_equal(directory_by_account(w->f.d, slice_str(account), &n), 0);
		assert_string_equal(n.number, number);
		assert_slice(the_binding(&w->f, number, NOW).contact, contact);
	}
}

static void test_store_fails(void **state)
{
	struct world *w = *state;
	struct directory *d;
	char long_number[64] = "0123456789012345678901234567890123456789";

	add_stored(w, long_number, "3", 0);
	assert_int_equal(directory_new(&(struct directory_params){.hash_key = &key}, &d), 0);
	assert_int_equal(directory_load(d, w->s, NOW), ERR_DAMAGED);
	directory_free(d);
	assert_int_equal(store_number_remove(w->s, slice_str(long_number)), 0);
}

#define LOAD_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOAD_TEST(test_numbers),
		LOAD_TEST(test_forwarding),
		LOAD_TEST(test_screening),
		LOAD_TEST(test_bindings_come_back),
		LOAD_TEST(test_what_went_stays_away),
		LOAD_TEST(test_expiry_reaches_the_store),
		LOAD_TEST(test_back_at_once),
		LOAD_TEST(test_streams_come_back_unreachable),
		LOAD_TEST(test_new_password),
		LOAD_TEST(test_older_than_the_password),
		LOAD_TEST(test_what_cannot_be_read),
		LOAD_TEST(test_many),
		LOAD_TEST(test_store_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
