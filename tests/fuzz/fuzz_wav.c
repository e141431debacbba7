/* Any bytes as a WAV file: it is refused with a reason, or every sample of it can be written. */
#include "base/err.h"
#include "fuzz.h"
#include "media/wav.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of exactly that size, so that a sanitizer sees one byte too far. */
	char *copy = malloc(size ? size : 1);
	const char *why = NULL;
	struct wav w;
	if (size)
		memcpy(copy, data, size);
	int err = wav_read(slice_of(copy, size), &w, &why);
	if (err) {
		FUZZ_CHECK(err == ERR_SYNTAX || err == ERR_UNSUPPORTED || err == ERR_TOO_BIG);
		FUZZ_CHECK(why && *why);
	} else {
		size_t n = wav_count(&w);
		FUZZ_CHECK(n > 0 && n <= WAV_SECONDS_MAX * 8000 && n <= size);
		int16_t *samples = malloc(n * sizeof(*samples));
		wav_samples(&w, samples);
		free(samples);
	}
	free(copy);
	return 0;
}
