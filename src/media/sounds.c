/* Memory comes from the heap: this happens once, before the first call. */
#include "media/sounds.h"

#include "base/err.h"
#include "base/spell.h"
#include "media/g711.h"
#include "media/wav.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define PATH_BYTES     512
#define FILE_BYTES_MAX (4u << 20) /* a minute of 16 kHz is half of it */

struct language {
	char tag[SOUNDS_LANGUAGE_BYTES]; /* "": for all */
	struct clip *clips;		 /* by name; samples 0: no such file */
};

struct sounds {
	struct clip tones[TONES];
	struct language languages[1 + SOUNDS_LANGUAGES_MAX];
	uint32_t language_count, name_count, files;
};

/* Where a fault goes. */
struct loading {
	struct sounds *s;
	const struct sounds_params *p;
	char *text;
	size_t text_bytes;
};

static int fault(const struct loading *l, int err, const char *path, const char *why)
{
	snprintf(l->text, l->text_bytes, "%s: %s", path, why);
	return err;
}

/* --- clips */

static int clip_of(const int16_t *samples, size_t n, struct clip *ret_clip)
{
	uint8_t *both = malloc(2 * n);
	if (both == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		both[i] = g711_to_ulaw(samples[i]);
		both[n + i] = g711_to_alaw(samples[i]);
	}
	*ret_clip = (struct clip){.ulaw = both, .alaw = both + n, .samples = (uint32_t)n};
	return 0;
}

static int make_tone(struct sounds *s, enum tone t)
{
	size_t n = tone_samples(t);
	int16_t *samples = malloc(n * sizeof(*samples));
	if (samples == NULL)
		return ERR_NOMEM;
	tone_write(t, samples);
	int err = clip_of(samples, n, &s->tones[t]);
	free(samples);
	return err;
}

static int read_whole(const struct loading *l, const char *path, char **ret_bytes, size_t *ret_n)
{
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		return fault(l, ERR_IO, path, strerror(errno));
	char *bytes = malloc(FILE_BYTES_MAX + 1);
	size_t n = bytes ? fread(bytes, 1, FILE_BYTES_MAX + 1, f) : 0;
	bool failed = ferror(f) != 0;
	fclose(f);
	if (bytes && !failed && n <= FILE_BYTES_MAX) {
		*ret_bytes = bytes;
		*ret_n = n;
		return 0;
	}
	free(bytes);
	if (bytes == NULL)
		return fault(l, ERR_NOMEM, path, err_text(ERR_NOMEM));
	return failed ? fault(l, ERR_IO, path, "cannot be read")
		      : fault(l, ERR_TOO_BIG, path, "is larger than 4 MiB");
}

static int load_file(const struct loading *l, const char *path, struct clip *ret_clip)
{
	char *bytes;
	const char *why;
	size_t n;
	struct wav wav;
	int err = read_whole(l, path, &bytes, &n);
	if (err)
		return err;
	err = wav_read(slice_of(bytes, n), &wav, &why);
	if (err) {
		free(bytes);
		return fault(l, err, path, why);
	}
	int16_t *samples = malloc(wav_count(&wav) * sizeof(*samples));
	if (samples) {
		wav_samples(&wav, samples);
		err = clip_of(samples, wav_count(&wav), ret_clip);
	} else {
		err = ERR_NOMEM;
	}
	free(samples);
	free(bytes);
	if (err)
		return fault(l, err, path, err_text(err));
	l->s->files++;
	return 0;
}

/* --- the folder */

static bool is_language(const char *name)
{
	size_t n = strlen(name);
	for (size_t i = 0; i < n; i++) {
		if (!islower((unsigned char)name[i]))
			return false;
	}
	return n == 2 || n == 3;
}

static int unknown_name(const struct loading *l, const char *path, struct slice name)
{
	char why[256];
	for (uint32_t i = 0; i < l->p->name_count; i++) {
		if (!*l->p->names[i] || !spell_is_near(name, slice_str(l->p->names[i])))
			continue;
		snprintf(why, sizeof(why),
			 "no announcement has this name and it would never be heard; did you mean "
			 "%s.wav?",
			 l->p->names[i]);
		return fault(l, ERR_INVALID, path, why);
	}
	return fault(l, ERR_INVALID, path,
		     "no announcement has this name and it would never be heard; see "
		     "opengate.yaml(5) for the names, or move the file away");
}

static int add_file(const struct loading *l, struct language *lang, const char *path,
		    const char *file)
{
	struct slice name = slice_str(file);
	if (!slice_ends(name, SLICE(".wav")))
		return 0;
	name = slice_first(name, name.n - 4);
	for (uint32_t i = 0; i < l->p->name_count; i++) {
		if (slice_eq(name, slice_str(l->p->names[i])))
			return load_file(l, path, &lang->clips[i]);
	}
	return unknown_name(l, path, name);
}

static int add_folder(const struct loading *l, const char *tag, const char *path);

/* Hidden files and what is neither a WAV file nor a language's folder are somebody else's. */
static int add_entry(const struct loading *l, struct language *lang, const char *folder,
		     const char *file)
{
	char path[PATH_BYTES];
	struct stat st;
	if (file[0] == '.')
		return 0;
	if (snprintf(path, sizeof(path), "%s/%s", folder, file) >= (int)sizeof(path))
		return fault(l, ERR_TOO_BIG, folder, "has a file whose path is too long");
	if (stat(path, &st) != 0)
		return fault(l, ERR_IO, path, strerror(errno));
	if (S_ISREG(st.st_mode))
		return add_file(l, lang, path, file);
	if (S_ISDIR(st.st_mode) && lang->tag[0] == '\0' && is_language(file))
		return add_folder(l, file, path);
	return 0;
}

static int add_folder(const struct loading *l, const char *tag, const char *path)
{
	struct sounds *s = l->s;
	if (s->language_count == 1 + SOUNDS_LANGUAGES_MAX)
		return fault(l, ERR_LIMIT, path, "is one language too many; there may be eight");
	struct language *lang = &s->languages[s->language_count];
	lang->clips = calloc(s->name_count, sizeof(lang->clips[0]));
	if (lang->clips == NULL)
		return fault(l, ERR_NOMEM, path, err_text(ERR_NOMEM));
	strcpy(lang->tag, tag);
	s->language_count++;
	DIR *dir = opendir(path);
	if (dir == NULL)
		return fault(l, ERR_IO, path, strerror(errno));
	int err = 0;
	for (struct dirent *d = readdir(dir); d && err == 0; d = readdir(dir))
		err = add_entry(l, lang, path, d->d_name);
	closedir(dir);
	return err;
}

/* --- life */

int sounds_load(const struct sounds_params *p, struct sounds **ret_sounds, char *ret_text,
		size_t text_bytes)
{
	struct sounds *s = calloc(1, sizeof(*s));
	const struct loading l = {s, p, ret_text, text_bytes};
	int err = s ? 0 : ERR_NOMEM;
	if (s)
		s->name_count = p->name_count;
	for (int t = 0; t < TONES && err == 0; t++)
		err = make_tone(s, (enum tone)t);
	if (err)
		(void)fault(&l, err, "sounds", err_text(err));
	else if (p->folder[0])
		err = add_folder(&l, "", p->folder);
	if (err) {
		sounds_free(s);
		return err;
	}
	*ret_sounds = s;
	return 0;
}

static void free_clip(struct clip *c)
{
	free((void *)c->ulaw); /* both laws */
}

void sounds_free(struct sounds *s)
{
	if (s == NULL)
		return;
	for (int t = 0; t < TONES; t++)
		free_clip(&s->tones[t]);
	for (uint32_t i = 0; i < s->language_count; i++) {
		for (uint32_t n = 0; n < s->name_count; n++)
			free_clip(&s->languages[i].clips[n]);
		free(s->languages[i].clips);
	}
	free(s);
}

const struct clip *sounds_tone(const struct sounds *s, enum tone t)
{
	return &s->tones[t];
}

static const struct clip *file_of(const struct sounds *s, uint32_t name, struct slice tag)
{
	for (uint32_t i = 0; i < s->language_count; i++) {
		const struct language *lang = &s->languages[i];
		if (slice_ieq(slice_str(lang->tag), tag) && lang->clips[name].samples)
			return &lang->clips[name];
	}
	return NULL;
}

const struct clip *sounds_file(const struct sounds *s, uint32_t name, const struct slice *languages,
			       uint32_t language_count)
{
	const struct clip *clip = NULL;
	for (uint32_t i = 0; i < language_count && clip == NULL; i++)
		clip = languages[i].n ? file_of(s, name, languages[i]) : NULL;
	return clip ? clip : file_of(s, name, SLICE(""));
}

uint32_t sounds_files(const struct sounds *s)
{
	return s->files;
}
