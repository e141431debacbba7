#include "media/tone.h"

#include <math.h>
#include <string.h>

/* -15 dBm0 where full scale is +3.17 dBm0: loud enough for a noisy street, no louder than speech.
 */
#define PEAK 4030.0

static const struct {
	uint16_t hz, modulated_hz, on_ms, off_ms;
} tones[TONES] = {
	[TONE_BUSY] = {400, 0, 500, 500},
	[TONE_RINGBACK] = {400, 16, 1000, 2000},
	[TONE_BEEP] = {1000, 0, 200, 300},
};

static size_t samples_of(uint32_t ms)
{
	return ms * (TONE_RATE_HZ / 1000);
}

size_t tone_samples(enum tone t)
{
	return samples_of(tones[t].on_ms) + samples_of(tones[t].off_ms);
}

static double wave(uint32_t hz, size_t i)
{
	return sin(2 * M_PI * hz * (double)i / TONE_RATE_HZ);
}

/* From silence to full and back, in full depth; begins and ends in silence. */
static double envelope(uint32_t hz, size_t i)
{
	return hz ? (1 - cos(2 * M_PI * hz * (double)i / TONE_RATE_HZ)) / 2 : 1;
}

void tone_write(enum tone t, int16_t *ret_samples)
{
	size_t on = samples_of(tones[t].on_ms);
	memset(ret_samples, 0, tone_samples(t) * sizeof(*ret_samples));
	for (size_t i = 0; i < on; i++)
		ret_samples[i] = (int16_t)lrint(PEAK * envelope(tones[t].modulated_hz, i) *
						wave(tones[t].hz, i));
}
