#include "../tmp.h"
#include "media/sounds.h"

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const names[] = {"busy", "no_answer", "digit_1"};
static char folder[64], text[512];

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "%.30s/opengate-sounds-XXXXXX", tmp_dir());
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static void path_of(const char *name, char path[256])
{
	snprintf(path, 256, "%s/%s", folder, name);
}

static void make_folder(const char *name)
{
	char path[256];
	path_of(name, path);
	assert_int_equal(mkdir(path, 0700), 0);
}

/* mu-law of so many samples, all the same byte: told apart by their length. */
static void make_file(const char *name, uint32_t samples)
{
	static const char head[] =
		"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x07\0\x01\0\x40\x1f\0\0\x40\x1f\0\0"
		"\x01\0\x08\0data";
	char path[256];
	path_of(name, path);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	fwrite(head, 1, sizeof(head) - 1, f);
	fwrite(&samples, 1, 4, f);
	for (uint32_t i = 0; i < samples; i++)
		fputc(0xce, f);
	fclose(f);
}

static int load(struct sounds **s)
{
	struct sounds_params p = {folder, names, 3};
	return sounds_load(&p, s, text, sizeof(text));
}

static uint32_t length(const struct sounds *s, uint32_t name, const char *first, const char *second)
{
	const struct slice languages[] = {slice_str(first), slice_str(second)};
	const struct clip *c = sounds_file(s, name, languages, 2);
	return c ? c->samples : 0;
}

static void test_languages(void **state)
{
	struct sounds *s;
	(void)state;
	make_folder("ja");
	make_folder("en");
	make_folder("Notes");
	make_file("busy.wav", 10);
	make_file("ja/busy.wav", 20);
	make_file("en/busy.wav", 30);
	make_file("ja/no_answer.wav", 40);
	make_file("Notes/whatever.wav", 1);
	make_file("readme.txt", 1);
	make_file(".hidden.wav", 1);
	assert_int_equal(load(&s), 0);
	assert_int_equal(sounds_files(s), 4);
	assert_int_equal(length(s, 0, "ja", "en"), 20);
	assert_int_equal(length(s, 0, "EN", "ja"), 30);
	assert_int_equal(length(s, 0, "fr", "ja"), 20);
	assert_int_equal(length(s, 0, "fr", "de"), 10);
	assert_int_equal(length(s, 1, "en", "ja"), 40);
	assert_int_equal(length(s, 1, "en", "fr"), 0);
	assert_int_equal(length(s, 2, "ja", "en"), 0);
	const struct clip *c = sounds_file(s, 0, NULL, 0);
	assert_int_equal(c->samples, 10);
	assert_int_equal(c->ulaw[9], 0xce);
	assert_int_equal(c->alaw[9], 0xfb); /* the same loudness */
	sounds_free(s);
}

static void test_tones_only(void **state)
{
	struct sounds *s;
	struct sounds_params p = {"", names, 3};
	(void)state;
	assert_int_equal(sounds_load(&p, &s, text, sizeof(text)), 0);
	assert_int_equal(sounds_files(s), 0);
	assert_null(sounds_file(s, 0, NULL, 0));
	assert_int_equal(sounds_tone(s, TONE_BUSY)->samples, 8000);
	assert_int_equal(sounds_tone(s, TONE_BUSY)->ulaw[7999], 0xff);
	assert_int_equal(sounds_tone(s, TONE_BUSY)->alaw[7999], 0xd5);
	sounds_free(s);
}

/* What is wrong is said with the path, and nothing is loaded. */
static void refused(int err, const char *path, const char *why)
{
	struct sounds *s = NULL;
	assert_int_equal(load(&s), err);
	assert_null(s);
	print_message("%s\n", text);
	assert_non_null(strstr(text, path));
	assert_non_null(strstr(text, why));
}

static void test_misspelt(void **state)
{
	(void)state;
	make_file("bussy.wav", 10);
	refused(ERR_INVALID, "/bussy.wav: ", "did you mean busy.wav?");
}

static void test_unknown(void **state)
{
	(void)state;
	make_folder("ja");
	make_file("ja/welcome.wav", 10);
	refused(ERR_INVALID, "/ja/welcome.wav: ", "never be heard");
}

static void test_broken(void **state)
{
	char path[256];
	(void)state;
	make_file("busy.wav", 10);
	path_of("busy.wav", path);
	assert_int_equal(truncate(path, 50), 0);
	refused(ERR_SYNTAX, "/busy.wav: ", "cut short");
	assert_int_equal(truncate(path, 0), 0);
	refused(ERR_SYNTAX, "/busy.wav: ", "no WAV file");
	assert_int_equal(truncate(path, 5 << 20), 0);
	refused(ERR_TOO_BIG, "/busy.wav: ", "4 MiB");
}

static void test_no_folder(void **state)
{
	(void)state;
	strcat(folder, "/none");
	refused(ERR_IO, folder, "No such file");
	*strrchr(folder, '/') = '\0';
}

static void test_many_languages(void **state)
{
	static const char *const tags[] = {"aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh", "ii"};
	(void)state;
	for (size_t i = 0; i < 9; i++)
		make_folder(tags[i]);
	refused(ERR_LIMIT, folder, "one language too many");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_languages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tones_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_misspelt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_languages, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
