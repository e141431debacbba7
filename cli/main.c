/* Words and flags against the table; flags may stand anywhere. */
#include "cli.h"

#include <curl/curl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static void usage_of(const struct command *c, FILE *to)
{
	fprintf(to, "usage: opengatectl %s%s%s %s\n\n  %s\n\n", c->words[0], c->words[1] ? " " : "",
		c->words[1] ? c->words[1] : "", c->operands, c->help);
	for (int i = 0; i < FLAGS_MAX && c->flags[i].name; i++)
		fprintf(to, "  %s %-8s %s\n", c->flags[i].name,
			c->flags[i].value ? c->flags[i].value : "", c->flags[i].help);
	fputs("  --json           print JSON\n  --config FILE    the server's configuration (or "
	      "OPENGATE_CONFIG)\n",
	      to);
}

static void usage(FILE *to)
{
	fputs("usage: opengatectl [--config FILE] [--json] COMMAND ...\n\n", to);
	for (unsigned i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];
		char words[64];
		snprintf(words, sizeof(words), "%s %s %s", c->words[0],
			 c->words[1] ? c->words[1] : "", c->operands);
		fprintf(to, "  %-28s %s\n", words, c->help);
	}
	fputs("\nopengatectl COMMAND --help tells more. Exit status: 0 done, 1 refused, 2 wrong "
	      "usage.\n",
	      to);
}

static const struct command *find(char **argv, int argc)
{
	const char *words[2] = {NULL, NULL};
	int n = 0;
	for (int i = 1; i < argc && n < 2; i++) {
		if (strcmp(argv[i], "--config") == 0)
			i++;
		else if (argv[i][0] != '-')
			words[n++] = argv[i];
	}
	for (unsigned i = 0; i < command_count && n; i++) {
		const struct command *c = &commands[i];
		bool second = c->words[1] == NULL || (n > 1 && strcmp(c->words[1], words[1]) == 0);
		if (strcmp(c->words[0], words[0]) == 0 && second)
			return c;
	}
	return NULL;
}

static int flag_index(const struct command *c, const char *name, size_t n)
{
	for (int i = 0; i < FLAGS_MAX && c->flags[i].name; i++) {
		if (strlen(c->flags[i].name) == n && strncmp(c->flags[i].name, name, n) == 0)
			return i;
	}
	return -1;
}

/* One flag at argv[*i]; steps over its value. */
static int take_flag(const struct command *c, char **argv, int argc, int *i, struct arguments *a)
{
	const char *flag = argv[*i], *equals = strchr(flag, '=');
	size_t n = equals ? (size_t)(equals - flag) : strlen(flag);
	bool config = n == 8 && strncmp(flag, "--config", 8) == 0;
	int at = flag_index(c, flag, n);
	if (strcmp(flag, "--json") == 0) {
		a->json = true;
		return 0;
	}
	if (strcmp(flag, "--help") == 0 || strcmp(flag, "-h") == 0) {
		a->help = true;
		return 0;
	}
	if (!config && at < 0) {
		complain("%s %s has no flag %.*s; see --help", c->words[0],
			 c->words[1] ? c->words[1] : "", (int)n, flag);
		return EXIT_USAGE;
	}
	const char *value = "";
	if (config || c->flags[at].value) {
		value = equals ? equals + 1 : *i + 1 < argc ? argv[++*i] : NULL;
		if (value == NULL) {
			complain("%.*s needs a value", (int)n, flag);
			return EXIT_USAGE;
		}
	}
	if (config)
		a->config = value;
	else
		a->values[at] = value;
	return 0;
}

static int parse(const struct command *c, char **argv, int argc, struct arguments *a)
{
	int words = c->words[1] ? 2 : 1;
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-' && argv[i][1]) {
			int err = take_flag(c, argv, argc, &i, a);
			if (err)
				return err;
		} else if (words > 0) {
			words--;
		} else if (a->operand_count < c->operands_max) {
			a->operands[a->operand_count++] = argv[i];
		} else {
			complain("\"%s\" is one word too many; see --help", argv[i]);
			return EXIT_USAGE;
		}
	}
	if (!a->help && a->operand_count < c->operands_min) {
		complain("%s %s needs %s; see --help", c->words[0], c->words[1] ? c->words[1] : "",
			 c->operands);
		return EXIT_USAGE;
	}
	return 0;
}

static int without_command(char **argv, int argc)
{
	const char *first = argc > 1 ? argv[1] : "";
	if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 ||
	    strcmp(first, "help") == 0) {
		usage(stdout);
		return EXIT_DONE;
	}
	if (strcmp(first, "--version") == 0) {
		puts("opengatectl " OPENGATE_VERSION);
		return EXIT_DONE;
	}
	if (argc > 1)
		complain("there is no such command; see opengatectl --help");
	else
		usage(stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct arguments a = {0};
	setlocale(LC_CTYPE, "C.UTF-8");
	const struct command *c = find(argv, argc);
	if (c == NULL)
		return without_command(argv, argc);
	int err = parse(c, argv, argc, &a);
	if (err)
		return err;
	if (a.help) {
		usage_of(c, stdout);
		return EXIT_DONE;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	int status = c->run(c, &a);
	curl_global_cleanup();
	return status;
}
