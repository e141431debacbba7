/*
 * audio_compare ORIGINAL.wav HEARD.wav [LEAST]: how much of what was heard is the original? Both
 * 16-bit mono PCM of one rate.
 *
 * The recording is cut into segments of 100 ms. Each that is not silent is looked for in the
 * original: first where the segment before it would continue, then everywhere. It matches where the
 * normalised correlation is at least LEAST: 0.98 is what a G.711 codec keeps (about 0.9999) and a
 * lost or concealed packet does not. One line of JSON comes out.
 */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MATCH_MIN      0.98
#define PREFIX_SLACK   0.18
#define PREFIX_SAMPLES 64
#define SILENCE_RMS    50.0
#define HEADER_BYTES   12

struct sound {
	int16_t *samples;
	size_t n;
	uint32_t rate_hz;
};

static void fail(const char *path, const char *why)
{
	fprintf(stderr, "audio_compare: %s: %s\n", path, why);
	exit(2);
}

static uint32_t read_u32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint8_t *read_file(const char *path, size_t *ret_n)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		fail(path, "cannot be opened");
	size_t cap = 1 << 20, n = 0;
	uint8_t *bytes = NULL;
	for (;;) {
		uint8_t *more = realloc(bytes, cap);
		if (!more)
			fail(path, "too large");
		bytes = more;
		size_t got = fread(bytes + n, 1, cap - n, f);
		if (!got)
			break;
		n += got;
		if (n == cap)
			cap *= 2;
	}
	fclose(f);
	*ret_n = n;
	return bytes;
}

/* Walks the RIFF chunks. A length that was never filled in (a recording cut short) means: to the
 * end. */
static struct sound read_wav(const char *path)
{
	size_t n;
	uint8_t *bytes = read_file(path, &n);
	struct sound sound = {0};
	if (n < HEADER_BYTES || memcmp(bytes, "RIFF", 4) != 0 || memcmp(bytes + 8, "WAVE", 4) != 0)
		fail(path, "not a WAV file");
	for (size_t at = HEADER_BYTES; at + 8 <= n;) {
		size_t len = read_u32(bytes + at + 4), room = n - at - 8;
		if (len > room)
			len = room;
		const uint8_t *body = bytes + at + 8;
		if (memcmp(bytes + at, "fmt ", 4) == 0 && len >= 16) {
			if (body[2] != 1 || body[14] != 16)
				fail(path, "not 16-bit mono");
			sound.rate_hz = read_u32(body + 4);
		} else if (memcmp(bytes + at, "data", 4) == 0) {
			sound.n = (len ? len : room) / 2;
			sound.samples = malloc(sound.n * 2 + 1);
			if (!sound.samples)
				fail(path, "too large");
			memcpy(sound.samples, body, sound.n * 2);
			break;
		}
		at += 8 + len + (len & 1);
	}
	free(bytes);
	if (!sound.rate_hz || !sound.samples)
		fail(path, "has no sound");
	return sound;
}

static double energy(const int16_t *p, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += (double)p[i] * p[i];
	return sum;
}

static double correlation(const int16_t *a, const int16_t *b, size_t n)
{
	int64_t dot = 0, aa = 0, bb = 0;
	for (size_t i = 0; i < n; i++) {
		dot += a[i] * b[i];
		aa += a[i] * a[i];
		bb += b[i] * b[i];
	}
	return aa && bb ? (double)dot / sqrt((double)aa * (double)bb) : 0;
}

/* Where in the original the segment is: from `hint` on, or anywhere. False: nowhere. */
static bool find(const struct sound *original, const int16_t *segment, size_t n, size_t hint,
		 double least, size_t *ret_at)
{
	if (hint + n <= original->n && correlation(original->samples + hint, segment, n) >= least) {
		*ret_at = hint;
		return true;
	}
	for (size_t at = 0; at + n <= original->n; at++) {
		/* The first few samples rule out nearly every place. */
		if (correlation(original->samples + at, segment, PREFIX_SAMPLES) >=
			    least - PREFIX_SLACK &&
		    correlation(original->samples + at, segment, n) >= least) {
			*ret_at = at;
			return true;
		}
	}
	return false;
}

static double noise(const int16_t *a, const int16_t *b, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
	return sum;
}

int main(int argc, char **argv)
{
	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: audio_compare ORIGINAL.wav HEARD.wav [LEAST]\n");
		return 2;
	}
	struct sound original = read_wav(argv[1]), heard = read_wav(argv[2]);
	if (original.rate_hz != heard.rate_hz)
		fail(argv[2], "has another sample rate than the original");

	double least = argc == 4 ? strtod(argv[3], NULL) : MATCH_MIN;
	size_t n = heard.rate_hz / 10, hint = SIZE_MAX, sounding = 0, matched = 0, jumps = 0;
	double signal_sum = 0, noise_sum = 0;
	for (size_t at = 0; at + n <= heard.n; at += n) {
		const int16_t *segment = heard.samples + at;
		if (energy(segment, n) < SILENCE_RMS * SILENCE_RMS * (double)n)
			continue;
		sounding++;
		size_t found;
		if (!find(&original, segment, n, hint == SIZE_MAX ? 0 : hint, least, &found))
			continue;
		matched++;
		jumps += hint != SIZE_MAX && found != hint;
		hint = found + n;
		signal_sum += energy(segment, n);
		noise_sum += noise(original.samples + found, segment, n);
	}
	double snr_db = noise_sum > 0 ? 10 * log10(signal_sum / noise_sum) : 99;
	printf("{\"heard_ms\": %zu, \"matched_ms\": %zu, \"jumps\": %zu, \"snr_db\": %.1f}\n",
	       sounding * 100, matched * 100, jumps, matched ? snr_db : 0);
	free(original.samples);
	free(heard.samples);
	return 0;
}
