/*
 * wav: a WAV file as samples at 8 kHz: mono, 16-bit PCM at 8 or 16 kHz, or G.711 at 8 kHz. Pure;
 * takes any bytes. A 16 kHz file is halved behind a low-pass, since what a telephone cannot carry
 * would come out as something else.
 */
#pragma once

#include "base/slice.h"

#define WAV_SECONDS_MAX 60

struct wav {
	uint32_t rate_hz;
	uint16_t format; /* as in the file: 1 PCM, 6 A-law, 7 mu-law */
	struct slice data;
};

/* 0, ERR_SYNTAX (no WAV file, cut short), ERR_UNSUPPORTED or ERR_TOO_BIG; *ret_why is then a part
 * of a sentence, with what to do. data borrows from bytes. */
int wav_read(struct slice bytes, struct wav *ret_wav, const char **ret_why);

/* How many samples wav_samples writes. */
size_t wav_count(const struct wav *w);
void wav_samples(const struct wav *w, int16_t *ret_samples);
