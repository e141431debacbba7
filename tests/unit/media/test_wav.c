#include "media/wav.h"

#include "base/err.h"
#include "media/g711.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define BYTES 65536

struct file {
	char p[BYTES];
	size_t n;
};

static void put(struct file *f, uint32_t v, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		f->p[f->n++] = (char)(v >> (8 * i));
}

static void put_text(struct file *f, const char *text)
{
	while (*text)
		f->p[f->n++] = *text++;
}

struct shape {
	uint32_t format, channels, rate_hz, bits;
};

static void begin(struct file *f, struct shape s)
{
	f->n = 0;
	put_text(f, "RIFF");
	put(f, 0, 4); /* nobody looks at it: recorders leave it 0 */
	put_text(f, "WAVEfmt ");
	put(f, 16, 4);
	put(f, s.format, 2);
	put(f, s.channels, 2);
	put(f, s.rate_hz, 4);
	put(f, s.rate_hz * s.bits / 8, 4);
	put(f, s.bits / 8, 2);
	put(f, s.bits, 2);
}

static void data(struct file *f, uint32_t said, size_t n, const void *bytes)
{
	put_text(f, "data");
	put(f, said, 4);
	memcpy(f->p + f->n, bytes, n);
	f->n += n;
}

static int read_it(const struct file *f, struct wav *w, const char **why)
{
	return wav_read(slice_of(f->p, f->n), w, why);
}

static void test_pcm(void **state)
{
	static struct file f;
	const int16_t samples[] = {0, 1, -1, 32767, -32768};
	int16_t read[5];
	struct wav w;
	const char *why;
	(void)state;
	begin(&f, (struct shape){1, 1, 8000, 16});
	data(&f, sizeof(samples), sizeof(samples), samples);
	assert_int_equal(read_it(&f, &w, &why), 0);
	assert_int_equal(wav_count(&w), 5);
	wav_samples(&w, read);
	assert_memory_equal(read, samples, sizeof(samples));
}

static void test_g711(void **state)
{
	static struct file f;
	const uint8_t bytes[] = {0xff, 0x00, 0xd5, 0x80};
	int16_t read[4];
	struct wav w;
	const char *why;
	(void)state;
	for (uint32_t format = 6; format <= 7; format++) {
		begin(&f, (struct shape){format, 1, 8000, 8});
		data(&f, 4, 4, bytes);
		assert_int_equal(read_it(&f, &w, &why), 0);
		wav_samples(&w, read);
		for (int i = 0; i < 4; i++)
			assert_int_equal(read[i], format == 6 ? g711_from_alaw(bytes[i])
							      : g711_from_ulaw(bytes[i]));
	}
}

/* Chunks that nobody asked for lie before the sound, of odd length too. */
static void test_other_chunks(void **state)
{
	static struct file f;
	const int16_t samples[] = {7, 8};
	struct wav w;
	const char *why;
	(void)state;
	begin(&f, (struct shape){1, 1, 8000, 16});
	put_text(&f, "LIST");
	put(&f, 3, 4);
	put_text(&f, "abc");
	put(&f, 0, 1);
	data(&f, 4, 4, samples);
	assert_int_equal(read_it(&f, &w, &why), 0);
	assert_int_equal(wav_count(&w), 2);
}

static double loudness(const int16_t *p, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += (double)p[i] * p[i];
	return sqrt(2 * sum / (double)n);
}

/* A wave at 16 kHz: how loud it comes out at 8 kHz. */
static double halved(double hz)
{
	static struct file f;
	static int16_t samples[16000], read[8000];
	struct wav w;
	const char *why;
	for (int i = 0; i < 16000; i++)
		samples[i] = (int16_t)lrint(10000 * sin(2 * M_PI * hz * i / 16000));
	begin(&f, (struct shape){1, 1, 16000, 16});
	data(&f, sizeof(samples), sizeof(samples), samples);
	assert_int_equal(read_it(&f, &w, &why), 0);
	assert_int_equal(wav_count(&w), 8000);
	wav_samples(&w, read);
	return loudness(read + 100, 7800);
}

/* What a telephone carries stays; what it cannot does not come back as something else. */
static void test_16k(void **state)
{
	(void)state;
	for (double hz = 100; hz <= 3000; hz += 100)
		assert_true(fabs(halved(hz) - 10000) < 300);
	for (double hz = 4700; hz < 8000; hz += 100)
		assert_true(halved(hz) < 50);
}

static void test_refused(void **state)
{
	static const struct {
		struct shape shape;
		uint32_t said;
		size_t n;
		int err;
	} rows[] = {
		{{1, 2, 8000, 16}, 8, 8, ERR_UNSUPPORTED},
		{{1, 0, 8000, 16}, 8, 8, ERR_UNSUPPORTED},
		{{1, 1, 44100, 16}, 8, 8, ERR_UNSUPPORTED},
		{{1, 1, 0, 16}, 8, 8, ERR_UNSUPPORTED},
		{{1, 1, 8000, 8}, 8, 8, ERR_UNSUPPORTED},
		{{3, 1, 8000, 32}, 8, 8, ERR_UNSUPPORTED},
		{{6, 1, 16000, 8}, 8, 8, ERR_UNSUPPORTED},
		{{7, 1, 8000, 16}, 8, 8, ERR_UNSUPPORTED},
		{{1, 1, 8000, 16}, 0, 0, ERR_SYNTAX},
		{{1, 1, 8000, 16}, 1, 1, ERR_SYNTAX},
		{{1, 1, 8000, 16}, 100, 8, ERR_SYNTAX},
		{{1, 1, 8000, 16}, UINT32_MAX, 8, ERR_SYNTAX},
		{{7, 1, 8000, 8}, 0, 0, ERR_SYNTAX},
	};
	static struct file f;
	const char zeros[8] = {0};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wav w = {.rate_hz = 5};
		const char *why;
		begin(&f, rows[i].shape);
		data(&f, rows[i].said, rows[i].n, zeros);
		assert_int_equal(read_it(&f, &w, &why), rows[i].err);
		assert_true(strlen(why) > 10);
		assert_int_equal(w.rate_hz, 5);
	}
}

/* Cut anywhere it is refused, but never read beyond. */
static void test_cut(void **state)
{
	static struct file f;
	const int16_t samples[] = {1, 2, 3};
	const char *why;
	(void)state;
	begin(&f, (struct shape){1, 1, 8000, 16});
	data(&f, sizeof(samples), sizeof(samples), samples);
	for (size_t n = 0; n < f.n; n++) {
		char *copy = malloc(n ? n : 1);
		struct wav w;
		memcpy(copy, f.p, n);
		assert_int_equal(wav_read(slice_of(copy, n), &w, &why), ERR_SYNTAX);
		free(copy);
	}
}

static void test_too_long(void **state)
{
	size_t n = 44 + (size_t)(WAV_SECONDS_MAX * 8000 + 1);
	struct file head;
	struct wav w;
	const char *why;
	(void)state;
	begin(&head, (struct shape){7, 1, 8000, 8});
	data(&head, (uint32_t)(n - 44), 0, "");
	char *all = calloc(1, n);
	memcpy(all, head.p, head.n);
	assert_int_equal(wav_read(slice_of(all, n), &w, &why), ERR_TOO_BIG);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcm),	     cmocka_unit_test(test_g711),
		cmocka_unit_test(test_other_chunks), cmocka_unit_test(test_16k),
		cmocka_unit_test(test_refused),	     cmocka_unit_test(test_cut),
		cmocka_unit_test(test_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
