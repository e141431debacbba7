/* What a telephone exchange would measure: frequency and cadence by Goertzel's algorithm. */
#include "media/tone.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define BLOCK 160 /* 20 ms: bins of 50 Hz */

/* Amplitude of that frequency in n samples. */
static double amplitude(const int16_t *p, size_t n, double hz)
{
	double w = 2 * M_PI * hz / TONE_RATE_HZ, c = 2 * cos(w), a = 0, b = 0;
	for (size_t i = 0; i < n; i++) {
		double now = p[i] + c * a - b;
		b = a;
		a = now;
	}
	return 2 * sqrt(a * a + b * b - c * a * b) / (double)n;
}

static double loudness(const int16_t *p, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += (double)p[i] * p[i];
	return sqrt(2 * sum / (double)n);
}

static void test_cadence(void **state)
{
	static const struct {
		enum tone tone;
		size_t on_ms, all_ms;
		double hz;
	} rows[] = {
		{TONE_BUSY, 500, 1000, 400},
		{TONE_RINGBACK, 1000, 3000, 400},
		{TONE_BEEP, 200, 500, 1000},
	};
	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		size_t n = tone_samples(rows[r].tone);
		int16_t *p = malloc(n * sizeof(*p));
		assert_int_equal(n, rows[r].all_ms * 8);
		tone_write(rows[r].tone, p);
		for (size_t at = 0; at + BLOCK <= n; at += BLOCK) {
			double all = loudness(p + at, BLOCK);
			if (at >= rows[r].on_ms * 8) {
				assert_true(all == 0);
			} else if (rows[r].tone != TONE_RINGBACK) {
				assert_true(fabs(all - 4030) < 10);
				assert_true(fabs(amplitude(p + at, BLOCK, rows[r].hz) - all) < 10);
			}
		}
		free(p);
	}
}

/* 400 Hz with 384 and 416 Hz at half its height: the modulation by 16 Hz, and nothing else. */
static void test_modulation(void **state)
{
	int16_t *p = malloc(tone_samples(TONE_RINGBACK) * sizeof(*p));
	const size_t second = TONE_RATE_HZ;
	(void)state;
	tone_write(TONE_RINGBACK, p);
	double carrier = amplitude(p, second, 400);
	assert_true(fabs(carrier - 4030 / 2.0) < 10);
	assert_true(fabs(amplitude(p, second, 384) - carrier / 2) < 10);
	assert_true(fabs(amplitude(p, second, 416) - carrier / 2) < 10);
	for (double hz = 300; hz <= 500; hz += 4) {
		if (hz != 384 && hz != 400 && hz != 416)
			assert_true(amplitude(p, second, hz) < 10);
	}
	free(p);
}

/* One cycle joins the next without a click. */
static void test_seam(void **state)
{
	(void)state;
	for (int t = 0; t < TONES; t++) {
		size_t n = tone_samples((enum tone)t);
		int16_t *p = malloc(n * sizeof(*p));
		tone_write((enum tone)t, p);
		assert_int_equal(p[0], 0);
		assert_int_equal(p[n - 1], 0);
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cadence),
		cmocka_unit_test(test_modulation),
		cmocka_unit_test(test_seam),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
