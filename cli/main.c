#include "cli.h"

#include <curl/curl.h>
#include <errno.h>
#include <locale.h>
#include <string.h>

static int help(char **words, int count)
{
	char *argv[WORDS_MAX + 2] = {NULL};
	int status;
	if (count == 0) {
		help_all(stdout);
		return EXIT_DONE;
	}
	for (int i = 0; i < count; i++)
		argv[1 + i] = words[i];
	argv[1 + count] = "--help";
	const struct command *c = parse_command(argv, count + 2, &status);
	if (c)
		help_command(c, stdout);
	return c ? EXIT_DONE : status;
}

static int run(char **argv, int argc)
{
	struct arguments a;
	int status;
	const struct command *c = parse_command(argv, argc, &status);
	if (c == NULL)
		return status;
	status = parse_arguments(c, argv, argc, &a);
	if (status)
		return status;
	if (a.help) {
		help_command(c, stdout);
		return EXIT_DONE;
	}
	return c->run(c, &a);
}

static int dispatch(char **argv, int argc)
{
	const char *first = argc > 1 ? argv[1] : "";
	char *words[1 + WORDS_MAX];
	int count = parse_words(argv, argc, words, 1 + WORDS_MAX);
	if (strcmp(first, "--version") == 0) {
		puts("opengatectl " OPENGATE_VERSION);
		return EXIT_DONE;
	}
	if (strcmp(first, "__complete") == 0)
		return complete(argv + 2, argc - 2);
	if (strcmp(first, "__commands") == 0) {
		help_json(stdout);
		return EXIT_DONE;
	}
	if (count > 0 && strcmp(words[0], "help") == 0)
		return help(words + 1, count - 1);
	return run(argv, argc);
}

/* What could not be written was not said: a password shown once, perhaps. */
static int check_output(int status)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	const char *why = errno ? strerror(errno) : "it is closed";
	if (status == EXIT_DONE)
		complain("standard output cannot be written: %s; what was asked for is done, but "
			 "not shown",
			 why);
	return status ? status : EXIT_REFUSED;
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	curl_global_init(CURL_GLOBAL_DEFAULT);
	int status = check_output(dispatch(argv, argc));
	curl_global_cleanup();
	return status;
}
