/*
 * Several threads at once, each with numbers of its own that it checks against the simplest model
 * after every step, and all together on a few shared ones, while others ping, expire, walk and
 * change numbers. At the end the sums agree.
 */
#include "fixture.h"

#include "base/rng.h"

#include <pthread.h>
#include <stdatomic.h>

#define WORKERS 4
#define OWN	8    /* numbers of each worker */
#define STEPS	4000 /* of each worker */
#define PHONES	4    /* of each number */
#define CALLS	6
#define LIMIT	3

struct phone_model {
	bool registered;
	uint32_t cseq;
	int64_t expires_at;
	uint16_t port;
};

struct number_model {
	bool exists;
	enum reg_policy policy;
	char number[STORE_NUMBER_BYTES], account[STORE_ACCOUNT_BYTES];
	struct phone_model phones[PHONES];
	bool held[CALLS];
};

struct worker {
	struct fixture f; /* d is shared, the rest its own */
	struct rng rng;
	uint32_t index;
	int64_t now_ms;
	struct number_model own[OWN];
};

static atomic_bool ending;

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* ---- the model ---- */

static uint32_t model_bindings(const struct number_model *m)
{
	uint32_t n = 0;

	for (int i = 0; i < PHONES; i++)
		n += m->phones[i].registered;
	return n;
}

static uint32_t model_held(const struct number_model *m)
{
	uint32_t n = 0;

	for (int i = 0; i < CALLS; i++)
		n += m->held[i];
	return n;
}

static int model_register(struct number_model *m, int which, uint32_t cseq, int64_t now_ms,
			  uint32_t expires_s)
{
	struct phone_model *p = &m->phones[which];

	if (p->registered && cseq <= p->cseq)
		return 500;
	if (!p->registered && expires_s && m->policy == REG_REJECT && model_bindings(m))
		return 403;
	if (!p->registered && expires_s && m->policy == REG_NEWEST)
		for (int i = 0; i < PHONES; i++)
			m->phones[i].registered = false;
	p->registered = expires_s != 0;
	p->cseq = cseq;
	p->expires_at = now_ms + expires_s * 1000;
	return 200;
}

/* ---- one step, in the directory and in the model ---- */

static void put_number(struct worker *w, struct number_model *m)
{
	struct directory_number n = a_number(m->number, m->account);

	m->policy = (enum reg_policy)rng_below(&w->rng, 3);
	m->exists = true;
	snprintf(m->account, sizeof(m->account), "9%u%d-%u", w->index, (int)(m - w->own),
		 rng_below(&w->rng, 3));
	memcpy(n.account, m->account, sizeof(n.account));
	n.policy = m->policy;
	n.channels = LIMIT;
	CHECK(directory_put(w->f.d, &n) == 0);
}

static void remove_number(struct worker *w, struct number_model *m)
{
	CHECK(directory_remove(w->f.d, slice_str(m->number)) == (m->exists ? 0 : ERR_NOT_FOUND));
	m->exists = false;
	memset(m->phones, 0, sizeof(m->phones));
	memset(m->held, 0, sizeof(m->held));
}

static struct flow flow_of(const struct worker *w, const struct number_model *m, int which)
{
	struct flow f = udp("192.0.2.0:1");

	/* a worker's first two numbers share their phones' ways */
	f.remote.ip[3] = (uint8_t)(w->index * OWN + (m - w->own < 2 ? 0 : m - w->own));
	f.remote.port = (uint16_t)(1000 + which * 10 + m->phones[which].port);
	return f;
}

static void step_register(struct worker *w, struct number_model *m)
{
	int which = (int)rng_below(&w->rng, PHONES), r;
	struct phone_model *model = &m->phones[which];
	char call_id[32], contact[48];
	struct phone p = a_phone(m->number, call_id, contact, "192.0.2.1:1");

	model->port = (uint16_t)rng_below(&w->rng, 2);
	snprintf(call_id, sizeof(call_id), "call-%d", which);
	snprintf(contact, sizeof(contact), "sip:p%d@10.0.0.%d", which, which);
	p.flow = flow_of(w, m, which);
	p.cseq = model->registered ? model->cseq + 2 - rng_below(&w->rng, 8) / 7 * 2 : 1;
	p.at_ms = w->now_ms;
	p.expires_s = rng_below(&w->rng, 5) ? 60 + rng_below(&w->rng, 60) : 0;
	r = register_phone(&w->f, &p);
	CHECK(r == (m->exists ? 0 : ERR_NOT_FOUND));
	if (r == 0)
		CHECK(w->f.outcome.code ==
		      model_register(m, which, p.cseq, w->now_ms, p.expires_s));
	if (r == 0)
		CHECK(w->f.outcome.binding_count == model_bindings(m));
}

static void step_call(struct worker *w, struct number_model *m)
{
	uint32_t call = rng_below(&w->rng, CALLS), count = 0;
	uint64_t holders[32], uid = ((uint64_t)w->index << 32) + call + 1;

	if (rng_below(&w->rng, 2)) {
		CHECK(directory_channel_give(w->f.d, slice_str(m->number), uid) == m->held[call]);
		m->held[call] = false;
		return;
	}
	switch (directory_channel_take(w->f.d, slice_str(m->number), uid, holders, &count)) {
	case 0:
		CHECK(m->exists && (m->held[call] || model_held(m) < LIMIT));
		m->held[call] = true;
		break;
	case ERR_LIMIT:
		CHECK(m->exists && !m->held[call] && model_held(m) == LIMIT && count == LIMIT);
		break;
	default:
		CHECK(!m->exists);
	}
}

static void step_life(struct worker *w, struct number_model *m)
{
	int which = (int)rng_below(&w->rng, PHONES);
	char number[STORE_NUMBER_BYTES];
	struct flow flow = flow_of(w, m, which);

	if (rng_below(&w->rng, 2))
		directory_ping_result(w->f.d, slice_str(m->number), &flow, rng_below(&w->rng, 2),
				      w->now_ms);
	else if (directory_keepalive(w->f.d, &flow, KEEPALIVE_CRLF, w->now_ms, number))
		CHECK(number[0] == '0');
}

static void check_number(struct worker *w, const struct number_model *m)
{
	struct directory_number n;
	struct reg_binding *b;
	uint32_t count = 0, live = 0;

	arena_reset(&w->f.arena);
	CHECK(directory_bindings(w->f.d, slice_str(m->number), w->now_ms, &w->f.arena, &b,
				 &count) == (m->exists ? 0 : ERR_NOT_FOUND));
	for (int i = 0; i < PHONES; i++)
		live += m->phones[i].registered && m->phones[i].expires_at > w->now_ms;
	CHECK(count == live);
	CHECK(directory_channels_held(w->f.d, slice_str(m->number)) == model_held(m));
	CHECK(directory_by_account(w->f.d, slice_str(m->account), &n) ==
	      (m->exists ? 0 : ERR_NOT_FOUND));
	CHECK(!m->exists || strcmp(n.number, m->number) == 0);
}

/* Time goes on in steps, the same for the model; what is over is over whether it was taken out or
 * not. */
static void pass_time(struct worker *w)
{
	w->now_ms += rng_below(&w->rng, 300);
	for (int n = 0; n < OWN; n++)
		for (int i = 0; i < PHONES; i++)
			if (w->own[n].phones[i].expires_at <= w->now_ms)
				w->own[n].phones[i].registered = false;
}

/* All workers on the same two numbers: only the sums can be known. */
static void step_shared(struct worker *w)
{
	const char *number = rng_below(&w->rng, 2) ? "0501" : "0502";
	uint64_t uid = ((uint64_t)(w->index + 100) << 32) + rng_below(&w->rng, 3);
	struct phone p = a_phone(number, "shared", "sip:shared@10.0.0.1", "203.0.113.1:5060");
	uint32_t count;

	p.at_ms = w->now_ms;
	p.cseq = rng_below(&w->rng, 1000000);
	(void)register_phone(&w->f, &p);
	if (directory_channel_take(w->f.d, slice_str(number), uid, NULL, &count) == 0)
		CHECK(directory_channel_give(w->f.d, slice_str(number), uid));
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (int step = 0; step < STEPS; step++) {
		struct number_model *m = &w->own[rng_below(&w->rng, OWN)];
		uint32_t action = rng_below(&w->rng, 100);

		pass_time(w);
		if (action < 3)
			remove_number(w, m);
		else if (action < 8 || !m->exists)
			put_number(w, m);
		else if (action < 50)
			step_register(w, m);
		else if (action < 75)
			step_call(w, m);
		else if (action < 90)
			step_life(w, m);
		else
			step_shared(w);
		check_number(w, m);
	}
	return NULL;
}

/* ---- the background ---- */

static void on_registration(void *ctx, const char *number, const char *account,
			    const struct reg_binding *b)
{
	CHECK(number[0] == '0' && account[0] && b->contact.n > 4 && b->contact.p[0] == 's');
	(*(uint32_t *)ctx)++;
}

static void on_expired(void *ctx, const char *number, const struct reg_binding *b)
{
	CHECK(number[0] == '0' && b->contact.p[0] == 's');
	(void)ctx;
}

/* Its clock is far behind the workers', so that it takes out nothing that a model still counts on.
 */
static void *look_around(void *arg)
{
	struct directory *d = arg;
	static struct directory_ping pings[64];
	uint32_t walked = 0;

	for (int64_t now = NOW; !atomic_load(&ending); now += 100) {
		directory_pings_due(d, (uint32_t)(now / 100) % 2, 2, now, 1000, pings, 64);
		directory_expire(d, NOW, 64, on_expired, NULL);
		directory_registrations(d, SLICE_NONE, NOW, on_registration, &walked);
	}
	return NULL;
}

static void worker_init(struct worker *w, struct directory *d, uint32_t index)
{
	arena_init(&w->f.arena, w->f.memory, sizeof(w->f.memory));
	w->f.d = d;
	w->index = index;
	w->now_ms = NOW;
	rng_init(&w->rng, (const uint8_t[RNG_SEED_BYTES]){(uint8_t)(index + 1)});
	for (int i = 0; i < OWN; i++) {
		snprintf(w->own[i].number, sizeof(w->own[i].number), "07%u%d", index, i);
		snprintf(w->own[i].account, sizeof(w->own[i].account), "none");
	}
}

static void check_sums(struct fixture *f, struct worker *workers)
{
	uint64_t numbers = 2, held = 0, bindings = 0;
	int64_t end = NOW;

	for (int i = 0; i < WORKERS; i++) {
		if (workers[i].now_ms > end)
			end = workers[i].now_ms;
		for (int n = 0; n < OWN; n++) {
			numbers += workers[i].own[n].exists;
			held += model_held(&workers[i].own[n]);
		}
	}
	assert_int_equal(directory_numbers(f->d), numbers);
	assert_int_equal(directory_channels_held(f->d, SLICE_NONE), held);
	assert_int_equal(directory_channels_held(f->d, SLICE("0501")), 0);
	while (directory_expire(f->d, end + 7200000, 100, NULL, NULL))
		;
	bindings = directory_registration_count(f->d);
	assert_int_equal(bindings, 0);
}

static void test_against_models(void **state)
{
	struct fixture *f = *state;
	struct worker *workers = calloc(WORKERS, sizeof(*workers));
	pthread_t threads[WORKERS], background;

	assert_non_null(workers);
	for (uint32_t i = 0; i < WORKERS; i++)
		worker_init(&workers[i], f->d, i);
	assert_int_equal(pthread_create(&background, NULL, look_around, f->d), 0);
	for (uint32_t i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	for (uint32_t i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&ending, true);
	pthread_join(background, NULL);
	check_sums(f, workers);
	free(workers);
}

/* One channel, many calls: never two holders at once, and every call that got it can give it back.
 */
static atomic_int holders;

static void *fight(void *arg)
{
	struct directory *d = arg;
	static atomic_uint next;
	uint64_t call = atomic_fetch_add(&next, 1) + 1;
	uint32_t count;

	for (int i = 0; i < 5000; i++) {
		if (directory_channel_take(d, SLICE("0501"), call, NULL, &count) != 0)
			continue;
		CHECK(atomic_fetch_add(&holders, 1) < 2);
		atomic_fetch_sub(&holders, 1);
		CHECK(directory_channel_give(d, SLICE("0501"), call));
	}
	return NULL;
}

static void test_channels_are_exact(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[WORKERS];

	for (uint32_t i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, fight, f->d), 0);
	for (uint32_t i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(directory_channels_held(f->d, SLICE_NONE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_against_models),
					   TEST(test_channels_are_exact)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
