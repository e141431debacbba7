#include "base/rng.h"
#include "base/wheel.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

/* Owners that fired, in order. */
struct fired {
	uint64_t v[16];
	size_t n;
};

static void note_fired(void *ctx, uint32_t kind, struct id owner)
{
	struct fired *f = ctx;

	assert_true(f->n < COUNT(f->v));
	assert_int_equal(kind, owner.v + 100);
	f->v[f->n++] = owner.v;
}

static void arm(struct wheel *w, struct timer *t, int64_t at_ms, uint64_t owner)
{
	wheel_arm(w, t, at_ms, (uint32_t)owner + 100, (struct id){owner});
}

static void assert_fires(struct wheel *w, int64_t now_ms, const char *want)
{
	struct fired f = {0};

	wheel_advance(w, now_ms, note_fired, &f);
	assert_int_equal(f.n, strlen(want));
	for (size_t i = 0; i < f.n; i++)
		assert_int_equal(f.v[i], want[i] - '0');
}

static void test_order(void **state)
{
	struct timer t[6] = {0};
	struct wheel *w;

	(void)state;
	assert_int_equal(wheel_new(1000, &w), 0);
	assert_true(wheel_next_ms(w) == INT64_MAX);
	arm(w, &t[1], 1300, 1);
	arm(w, &t[2], 1200, 2);
	arm(w, &t[3], 1300, 3);
	arm(w, &t[4], 100000, 4);
	assert_int_equal(wheel_count(w), 4);
	assert_fires(w, 1199, "");
	arm(w, &t[5], 1300, 5);
	assert_fires(w, 1200, "2");
	assert_false(timer_armed(&t[2]));
	assert_fires(w, 5000, "135");
	assert_fires(w, 99999, "");
	assert_true(timer_armed(&t[4]));
	assert_fires(w, 100000, "4");
	assert_int_equal(wheel_count(w), 0);
	assert_true(wheel_next_ms(w) == INT64_MAX);
	wheel_free(w);
}

static void test_cancel_and_rearm(void **state)
{
	struct timer t[3] = {0};
	struct wheel *w;

	(void)state;
	assert_int_equal(wheel_new(0, &w), 0);
	wheel_cancel(w, &t[0]);
	arm(w, &t[0], 10, 0);
	arm(w, &t[1], 10, 1);
	arm(w, &t[2], 10, 2);
	wheel_cancel(w, &t[1]);
	arm(w, &t[0], 10, 0); /* again: now behind 2 */
	assert_int_equal(wheel_count(w), 2);
	assert_fires(w, 10, "20");
	arm(w, &t[1], 1 << 20, 1);
	wheel_cancel(w, &t[1]);
	assert_true(wheel_next_ms(w) == INT64_MAX);
	wheel_free(w);
}

static void test_past(void **state)
{
	struct timer t[3] = {0};
	struct wheel *w;

	(void)state;
	assert_int_equal(wheel_new(1000, &w), 0);
	arm(w, &t[0], 1000, 0);
	arm(w, &t[1], -5, 1);
	arm(w, &t[2], 1001, 2);
	assert_true(wheel_next_ms(w) <= 1000);
	assert_fires(w, 1000, "01");
	assert_fires(w, 500, ""); /* a clock that steps back */
	assert_fires(w, 1001, "2");
	wheel_free(w);
}

static void test_far(void **state)
{
	static const int64_t times[] = {1 << 8, 1 << 16, (int64_t)1 << 40, INT64_MAX - 1,
					INT64_MAX};
	struct wheel *w;

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		struct timer t = {0};

		assert_int_equal(wheel_new(77, &w), 0);
		arm(w, &t, times[i], 1);
		assert_true(wheel_next_ms(w) <= times[i]);
		assert_fires(w, times[i] - 1, "");
		assert_true(wheel_next_ms(w) <= times[i]);
		assert_fires(w, times[i], "1");
		wheel_free(w);
	}
}

/* Hours at a step, for a thousand years: would never end if milliseconds were counted one by one.
 */
static void test_long_idle(void **state)
{
	const int64_t hour_ms = 3600 * 1000, end_ms = hour_ms * 24 * 366 * 1000;
	struct timer t = {0};
	struct wheel *w;

	(void)state;
	assert_int_equal(wheel_new(0, &w), 0);
	arm(w, &t, end_ms, 1);
	for (int64_t now = 0; now < end_ms; now += hour_ms)
		wheel_advance(w, now, NULL, NULL);
	assert_fires(w, end_ms, "1");
	wheel_free(w);
}

/* How many wake-ups a sleeper needs who trusts wheel_next_ms. */
static void test_next_leads_there(void **state)
{
	struct timer t = {0};
	struct fired f = {0};
	struct wheel *w;
	int turns = 0;

	(void)state;
	assert_int_equal(wheel_new(123456789, &w), 0);
	arm(w, &t, 123456789 + 30 * 60 * 1000, 7);
	for (; f.n == 0; turns++)
		wheel_advance(w, wheel_next_ms(w), note_fired, &f);
	assert_true(turns <= 8);
	wheel_free(w);
}

#define TIMERS 200u

/* The naive model: looks at all timers to find the next one. */
struct model {
	struct wheel *w;
	struct rng rng;
	struct timer timers[TIMERS];
	struct {
		bool armed;
		int64_t due_ms; /* never before the cursor */
		uint64_t seq, round;
	} m[TIMERS];
	int64_t cursor_ms, now_ms; /* now_ms: where the present advance goes */
	uint64_t seq, round;
	uint32_t armed;
};

static int64_t random_delay(struct model *md)
{
	uint32_t bits = rng_below(&md->rng, 40);
	int64_t delay = (int64_t)(rng_u64(&md->rng) & (((uint64_t)1 << bits) - 1));

	return rng_below(&md->rng, 8) ? delay : rng_below(&md->rng, 2) ? 0 : -delay;
}

static void model_arm(struct model *md, bool firing)
{
	uint32_t i = rng_below(&md->rng, TIMERS);
	int64_t at = md->cursor_ms + random_delay(md);
	bool late = at <= md->cursor_ms;

	wheel_arm(md->w, &md->timers[i], at, i, (struct id){i});
	md->armed += !md->m[i].armed;
	md->m[i].armed = true;
	md->m[i].due_ms = late ? md->cursor_ms : at;
	md->m[i].seq = md->seq++;
	md->m[i].round = md->round + (late && firing);
}

static void model_cancel(struct model *md)
{
	uint32_t i = rng_below(&md->rng, TIMERS);

	wheel_cancel(md->w, &md->timers[i]);
	md->armed -= md->m[i].armed;
	md->m[i].armed = false;
}

/* The timer that must fire next in this round, or TIMERS. */
static uint32_t model_next(const struct model *md, int64_t now_ms, uint64_t round)
{
	uint32_t best = TIMERS;

	for (uint32_t i = 0; i < TIMERS; i++) {
		if (!md->m[i].armed || md->m[i].round > round || md->m[i].due_ms > now_ms)
			continue;
		if (best == TIMERS || md->m[i].due_ms < md->m[best].due_ms ||
		    (md->m[i].due_ms == md->m[best].due_ms && md->m[i].seq < md->m[best].seq))
			best = i;
	}
	return best;
}

static void model_fire(void *ctx, uint32_t kind, struct id owner)
{
	struct model *md = ctx;
	uint32_t i = model_next(md, md->now_ms, md->round);

	assert_int_equal(owner.v, i);
	assert_int_equal(kind, i);
	assert_false(timer_armed(&md->timers[i]));
	md->m[i].armed = false;
	md->armed--;
	if (md->m[i].due_ms > md->cursor_ms)
		md->cursor_ms = md->m[i].due_ms;
	for (uint32_t n = rng_below(&md->rng, 4); n > 1; n--) {
		model_arm(md, true);
		if (rng_below(&md->rng, 2))
			model_cancel(md);
	}
}

static void model_advance(struct model *md)
{
	uint32_t bits = rng_below(&md->rng, 30);

	md->now_ms = md->cursor_ms + (int64_t)(rng_u64(&md->rng) & (((uint64_t)1 << bits) - 1));
	if (rng_below(&md->rng, 4) == 0 && wheel_next_ms(md->w) != INT64_MAX)
		md->now_ms = wheel_next_ms(md->w);
	wheel_advance(md->w, md->now_ms, model_fire, md);
	assert_int_equal(model_next(md, md->now_ms, md->round), TIMERS);
	if (md->now_ms > md->cursor_ms)
		md->cursor_ms = md->now_ms;
	md->round++;
}

static void model_check(const struct model *md)
{
	uint32_t next = model_next(md, INT64_MAX, UINT64_MAX);

	assert_int_equal(wheel_count(md->w), md->armed);
	if (next == TIMERS)
		assert_true(wheel_next_ms(md->w) == INT64_MAX);
	else if (md->m[next].due_ms <= md->cursor_ms)
		assert_true(wheel_next_ms(md->w) == md->cursor_ms);
	else
		assert_true(wheel_next_ms(md->w) <= md->m[next].due_ms &&
			    wheel_next_ms(md->w) > md->cursor_ms);
}

static void test_random(void **state)
{
	static const uint8_t seed[RNG_SEED_BYTES] = {5};
	static struct model md;

	(void)state;
	rng_init(&md.rng, seed);
	md.cursor_ms = 1234567;
	assert_int_equal(wheel_new(md.cursor_ms, &md.w), 0);
	for (int step = 0; step < 100000; step++) {
		uint32_t what = rng_below(&md.rng, 10);

		if (what < 6)
			model_arm(&md, false);
		else if (what < 8)
			model_cancel(&md);
		else
			model_advance(&md);
		model_check(&md);
		for (uint32_t i = 0; step % 100 == 0 && i < TIMERS; i++)
			assert_int_equal(timer_armed(&md.timers[i]), md.m[i].armed);
	}
	wheel_free(md.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	  cmocka_unit_test(test_cancel_and_rearm),
		cmocka_unit_test(test_past),	  cmocka_unit_test(test_far),
		cmocka_unit_test(test_long_idle), cmocka_unit_test(test_next_leads_there),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
