#include "stage/sounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 128

static const struct {
	const char *name;
	uint32_t seconds;
} files[] = {
	{"ja/number_suspended", 1}, {"en/number_suspended", 2}, {"en/digit_0", 1},
	{"en/digit_1", 1},	    {"en/digit_2", 1},		{"en/digit_3", 1},
	{"en/digit_4", 1},	    {"en/digit_5", 1},		{"en/digit_6", 1},
	{"en/digit_7", 1},	    {"en/digit_8", 1},		{"en/digit_9", 1},
	{"en/digit_point", 1},	    {"en/forwarding", 3},
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "simulation: sounds: %s\n", what);
	abort();
}

static void path_of(const char *dir, const char *name, char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s/%s%s", dir, name, name[2] == '/' ? ".wav" : "");
}

/* mu-law, all bytes alike. */
static void write_file(const char *path, uint32_t samples)
{
	static const char head[] = "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x07\0\x01\0\x40\x1f\0\0"
				   "\x40\x1f\0\0\x01\0\x08\0data";
	FILE *f = fopen(path, "wb");
	must(f != NULL, path);
	fwrite(head, 1, sizeof(head) - 1, f);
	fwrite(&samples, 1, sizeof(samples), f);
	for (uint32_t i = 0; i < samples; i++)
		fputc(0xce, f);
	must(fclose(f) == 0, path);
}

const struct sounds *sounds_of_stage(void)
{
	static struct sounds *sounds;
	char dir[48], path[PATH_BYTES], text[256];
	const char *tmp = getenv("TMPDIR"), *const languages[] = {"ja", "en"};
	if (sounds)
		return sounds;
	snprintf(dir, sizeof(dir), "%.30s/sounds.XXXXXX", tmp ? tmp : "/tmp");
	must(mkdtemp(dir) != NULL, dir);
	for (size_t i = 0; i < 2; i++) {
		path_of(dir, languages[i], path);
		must(mkdir(path, 0700) == 0, path);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		path_of(dir, files[i].name, path);
		write_file(path, files[i].seconds * 8000);
	}
	must(announcements_load(dir, &sounds, text, sizeof(text)) == 0, text);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		path_of(dir, files[i].name, path);
		(void)unlink(path);
	}
	for (size_t i = 0; i < 2; i++) {
		path_of(dir, languages[i], path);
		(void)rmdir(path);
	}
	(void)rmdir(dir);
	return sounds;
}
