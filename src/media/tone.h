/*
 * tone: the tones of the Japanese telephone network, synthesised: 400 Hz and its cadences. The
 * network has one tone for a busy line and for a call that it cannot complete (話中音), so there is
 * no other one for congestion. One cycle of a tone is written once, when sounds are loaded
 * (media/sounds.h).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define TONE_RATE_HZ 8000

enum tone {
	TONE_BUSY,     /* 0.5 s on, 0.5 s off: busy, and every refusal */
	TONE_RINGBACK, /* 呼出音: modulated at 16 Hz; 1 s on, 2 s off */
	TONE_BEEP,     /* ours, to be counted: 1000 Hz, 0.2 s on, 0.3 s off */
	TONES,
};

/* Samples of one cycle: on, then off. */
size_t tone_samples(enum tone t);
void tone_write(enum tone t, int16_t *ret_samples);
