#include "rtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static struct rtp_quality quality(uint64_t expected, uint64_t lost, uint64_t events,
				  double jitter_us, const char *codec, double delay_ms)
{
	struct rtp_stats s = {
		.packets = expected - lost,
		.expected = expected,
		.lost = lost,
		.loss_events = events,
		.bursts = lost - events,
		.jitter_us = jitter_us,
	};
	struct rtp_quality q;
	rtp_quality_of(&s, slice_str(codec), delay_ms, &q);
	return q;
}

static void check_near(double value, double want, double by)
{
	if (value < want - by || value > want + by)
		fail_msg("%f is not near %f", value, want);
}

/* R by delay as the default curve of G.107 has it; 40 ms are the jitter buffer. */
static void test_delay(void **state)
{
	static const struct {
		double delay_ms, jitter_us, r;
	} rows[] = {
		{0, 0, 92.0},	  {-5, 0, 92.0},    {60, 0, 90.7},	{110, 0, 89.5},
		{160, 0, 85.8},	  {210, 0, 79.2},   {260, 0, 72.7},	{360, 0, 62.2},
		{0, 20000, 92.0}, {0, 75000, 89.5}, {100, 75000, 79.2},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_near(
			quality(1000, 0, 0, rows[i].jitter_us, "PCMU", rows[i].delay_ms).r_factor,
			rows[i].r, 0.1);
}

/* Ie,eff with the tabled values, random loss: Ie + (95 - Ie) Ppl / (Ppl + Bpl). */
static void test_codecs(void **state)
{
	static const struct {
		const char *codec;
		uint64_t lost;
		double impairment;
	} rows[] = {
		{"PCMU", 0, 0},	 {"PCMU", 10, 3.640},	    {"pcma", 50, 15.781},
		{"G729", 0, 11}, {"G729", 10, 15.2},	    {"G729", 30, 22.455},
		{"opus", 0, 0},	 {"unheard-of", 10, 3.640}, {"", 0, 0},
	};
	(void)state;
	double best = quality(1000, 0, 0, 0, "PCMU", 0).r_factor;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rtp_quality q =
			quality(1000, rows[i].lost, rows[i].lost, 0, rows[i].codec, 0);
		check_near(best - q.r_factor, rows[i].impairment, 0.001);
		check_near(q.loss_percent, (double)rows[i].lost / 10, 0.0001);
	}
}

/* The same loss in bursts is worse. */
static void test_bursts(void **state)
{
	double random = quality(1000, 50, 50, 0, "PCMU", 0).r_factor;
	double bursts = quality(1000, 50, 10, 0, "PCMU", 0).r_factor;
	(void)state;
	assert_true(bursts < random - 2);
}

static void test_mos(void **state)
{
	struct rtp_quality best = quality(1000, 0, 0, 0, "PCMU", 0);
	struct rtp_quality worst = quality(1000, 999, 1, 0, "G729", 1000);
	struct rtp_quality nothing = quality(0, 0, 0, 0, "PCMU", 0);
	(void)state;
	check_near(best.mos, 4.39, 0.01);
	check_near(worst.r_factor, 0, 0);
	check_near(worst.mos, 1, 0);
	check_near(nothing.mos, 0, 0);
	check_near(nothing.r_factor, 0, 0);
	check_near(quality(1000, 50, 50, 0, "PCMU", 0).mos, 3.88, 0.01);
}

/* More loss never sounds better. */
static void test_monotone(void **state)
{
	double before = 100;
	(void)state;
	for (uint64_t lost = 0; lost < 1000; lost += 10) {
		struct rtp_quality q = quality(1000, lost, lost, 0, "G729", 50);
		assert_true(q.r_factor <= before && q.mos >= 1 && q.mos <= 4.5);
		before = q.r_factor;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delay),	 cmocka_unit_test(test_codecs),
		cmocka_unit_test(test_bursts),	 cmocka_unit_test(test_mos),
		cmocka_unit_test(test_monotone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
