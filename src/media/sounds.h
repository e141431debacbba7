/*
 * sounds: what callers may be played, loaded once: the tones, and the operator's WAV files, each
 * encoded to both laws of G.711. Immutable once loaded; all shards read the same.
 *
 * Files stand in FOLDER/LANGUAGE/NAME.wav, LANGUAGE being two or three letters ("ja", "en");
 * FOLDER/NAME.wav is good for every language that has none of its own. A file with a name that
 * nobody asks for is a mistake and told as one: it would never be heard.
 */
#pragma once

#include "base/slice.h"
#include "media/tone.h"

#define SOUNDS_LANGUAGES_MAX  8
#define SOUNDS_LANGUAGE_BYTES 4

struct clip {
	const uint8_t *ulaw, *alaw;
	uint32_t samples; /* at 8 kHz */
};

struct sounds;

struct sounds_params {
	const char *folder;	  /* "": the tones only */
	const char *const *names; /* without ".wav"; "": its place stays empty */
	uint32_t name_count;
};

/* 0, ERR_NOMEM, or what is wrong with a file or the folder: ret_text then holds a sentence that
 * begins with its path. */
int sounds_load(const struct sounds_params *p, struct sounds **ret_sounds, char *ret_text,
		size_t text_bytes);
void sounds_free(struct sounds *s);

const struct clip *sounds_tone(const struct sounds *s, enum tone t);
/* The file with that name (its place in params.names) in the first of these languages that has it;
 * else the one for all. NULL: there is none. */
const struct clip *sounds_file(const struct sounds *s, uint32_t name, const struct slice *languages,
			       uint32_t language_count);
/* Files that were loaded. */
uint32_t sounds_files(const struct sounds *s);
