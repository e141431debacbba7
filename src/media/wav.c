#include "media/wav.h"

#include "base/err.h"
#include "media/g711.h"

#include <math.h>

#define FORMAT_PCM	  1
#define FORMAT_ALAW	  6
#define FORMAT_ULAW	  7
#define FORMAT_EXTENSIBLE 0xfffe
#define RATE_HZ		  8000

static uint32_t u16_at(struct slice s, size_t at)
{
	return (uint32_t)(uint8_t)s.p[at] | (uint32_t)(uint8_t)s.p[at + 1] << 8;
}

static uint32_t u32_at(struct slice s, size_t at)
{
	return u16_at(s, at) | u16_at(s, at + 2) << 16;
}

/* The chunk with that name, behind the file's head. A length that reaches beyond the end is a file
 * that was cut short. */
static int find_chunk(struct slice bytes, struct slice name, struct slice *ret_chunk)
{
	struct slice rest = slice_from(bytes, 12);
	while (rest.n >= 8) {
		size_t n = u32_at(rest, 4);
		bool found = slice_starts(rest, name);
		rest = slice_from(rest, 8);
		if (n > rest.n)
			return found ? ERR_DAMAGED : ERR_NOT_FOUND;
		if (found) {
			*ret_chunk = slice_first(rest, n);
			return 0;
		}
		rest = slice_from(rest, n + (n & 1));
	}
	return ERR_NOT_FOUND;
}

static const char *check_format(struct slice fmt, struct wav *w)
{
	uint32_t format = u16_at(fmt, 0);
	if (format == FORMAT_EXTENSIBLE && fmt.n >= 26) /* the real one begins its GUID */
		format = u16_at(fmt, 24);
	uint32_t channels = u16_at(fmt, 2), bits = u16_at(fmt, 14);
	bool g711 = format == FORMAT_ALAW || format == FORMAT_ULAW;
	w->rate_hz = u32_at(fmt, 4);
	w->format = (uint16_t)format;
	if (channels != 1)
		return "has more than one channel; make it mono";
	if (!g711 && format != FORMAT_PCM)
		return "is neither PCM nor G.711; make it 16-bit PCM";
	if (bits != (g711 ? 8 : 16))
		return "has another number of bits; make it 16-bit PCM";
	if (w->rate_hz != RATE_HZ && (g711 || w->rate_hz != 2 * RATE_HZ))
		return "has another sample rate; make it 8000 or 16000 Hz (G.711: 8000 Hz)";
	return NULL;
}

int wav_read(struct slice bytes, struct wav *ret_wav, const char **ret_why)
{
	struct wav w = {0};
	struct slice fmt;
	*ret_why = "is no WAV file";
	if (bytes.n < 12 || !slice_starts(bytes, SLICE("RIFF")) ||
	    !slice_starts(slice_from(bytes, 8), SLICE("WAVE")))
		return ERR_SYNTAX;
	*ret_why = "has no usable format chunk";
	if (find_chunk(bytes, SLICE("fmt "), &fmt) != 0 || fmt.n < 16)
		return ERR_SYNTAX;
	*ret_why = check_format(fmt, &w);
	if (*ret_why)
		return ERR_UNSUPPORTED;
	int err = find_chunk(bytes, SLICE("data"), &w.data);
	*ret_why = err == ERR_DAMAGED ? "is cut short: there is less sound than it says"
				      : "holds no sound";
	if (err || wav_count(&w) == 0)
		return ERR_SYNTAX;
	*ret_why = "is longer than 60 seconds";
	if (wav_count(&w) > WAV_SECONDS_MAX * RATE_HZ)
		return ERR_TOO_BIG;
	*ret_wav = w;
	return 0;
}

size_t wav_count(const struct wav *w)
{
	return w->format == FORMAT_PCM ? w->data.n / 2 / (w->rate_hz / RATE_HZ) : w->data.n;
}

static int16_t pcm_at(const struct wav *w, size_t i)
{
	return (int16_t)u16_at(w->data, 2 * i);
}

/* --- 16 kHz: every second sample behind a half-band low-pass, 3400 Hz and below untouched */

#define TAPS 63
#define HALF (TAPS / 2)

static void make_taps(double *taps)
{
	double sum = 0;
	for (int i = 0; i < TAPS; i++) {
		double x = i - HALF, window = 0.42 + 0.5 * cos(M_PI * x / (HALF + 1)) +
					      0.08 * cos(2 * M_PI * x / (HALF + 1));
		taps[i] = (i == HALF ? 0.47 : sin(0.47 * M_PI * x) / (M_PI * x)) * window;
		sum += taps[i];
	}
	for (int i = 0; i < TAPS; i++)
		taps[i] /= sum;
}

static int16_t clipped(double v)
{
	return (int16_t)lrint(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
}

static void halve(const struct wav *w, int16_t *ret_samples)
{
	double taps[TAPS];
	int64_t have = (int64_t)(w->data.n / 2);
	make_taps(taps);
	for (size_t i = 0; i < wav_count(w); i++) {
		double sum = 0;
		for (int k = 0; k < TAPS; k++) {
			int64_t at = 2 * (int64_t)i + k - HALF;
			if (at >= 0 && at < have)
				sum += taps[k] * pcm_at(w, (size_t)at);
		}
		ret_samples[i] = clipped(sum);
	}
}

void wav_samples(const struct wav *w, int16_t *ret_samples)
{
	if (w->format == FORMAT_PCM && w->rate_hz != RATE_HZ) {
		halve(w, ret_samples);
		return;
	}
	for (size_t i = 0; i < wav_count(w); i++) {
		uint8_t byte = (uint8_t)w->data.p[i];
		ret_samples[i] = w->format == FORMAT_PCM    ? pcm_at(w, i)
				 : w->format == FORMAT_ALAW ? g711_from_alaw(byte)
							    : g711_from_ulaw(byte);
	}
}
