#include "media/g711.h"

#define ULAW_BIAS 132 /* 33 of the 14 bits that the law knows */
#define ULAW_MOST 32635

/* The chord: how far the highest bit of magnitude stands above `lowest`, 0 to 7. */
static int chord_of(int magnitude, int lowest)
{
	int chord = 0;
	while (chord < 7 && magnitude >> (lowest + chord + 1))
		chord++;
	return chord;
}

uint8_t g711_to_ulaw(int16_t sample)
{
	int sign = sample < 0 ? 0x80 : 0, magnitude = sample < 0 ? -(int)sample : sample;
	if (magnitude > ULAW_MOST)
		magnitude = ULAW_MOST;
	magnitude += ULAW_BIAS;
	int chord = chord_of(magnitude, 7), step = magnitude >> (chord + 3) & 0x0f;
	return (uint8_t) ~(sign | chord << 4 | step);
}

int16_t g711_from_ulaw(uint8_t byte)
{
	int v = ~byte & 0xff, chord = v >> 4 & 7, step = v & 0x0f;
	int magnitude = ((step << 3) + ULAW_BIAS) << chord;
	magnitude -= ULAW_BIAS;
	return (int16_t)(v & 0x80 ? -magnitude : magnitude);
}

/* The lowest chord is as fine as the second: both count in steps of 16. */
uint8_t g711_to_alaw(int16_t sample)
{
	int sign = sample < 0 ? 0 : 0x80, magnitude = sample < 0 ? -(int)sample - 1 : sample;
	int chord = chord_of(magnitude, 7), shift = chord ? chord + 3 : 4;
	return (uint8_t)((sign | chord << 4 | (magnitude >> shift & 0x0f)) ^ 0x55);
}

int16_t g711_from_alaw(uint8_t byte)
{
	int v = byte ^ 0x55, chord = v >> 4 & 7, step = v & 0x0f;
	int magnitude = (step << 4) + 8;
	if (chord)
		magnitude = (magnitude + 256) << (chord - 1);
	return (int16_t)(v & 0x80 ? magnitude : -magnitude);
}
