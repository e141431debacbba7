/* opengated: arguments, then server.c until a signal ends it. */
#include "base/spell.h"
#include "main/notify.h"
#include "main/preflight.h"
#include "main/server.h"
#include "main/signals.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

static void usage(FILE *to)
{
	fputs("usage: opengated --config FILE [--check-config]\n"
	      "\n"
	      "  --config FILE    the configuration (opengate.yaml)\n"
	      "  --check-config   read it, say what is wrong, and end\n"
	      "  --help-config    print every key of the configuration\n"
	      "  --help-announcements\n"
	      "                   print the names of files that callers may hear\n"
	      "  --version        print the version\n"
	      "  --help           print this\n"
	      "\n"
	      "SIGTERM ends calls in progress in good order and exits; SIGHUP reads the "
	      "configuration again; SIGUSR2 exits at once and leaves the calls to the next "
	      "start.\n",
	      to);
}

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"check-config", no_argument, NULL, 'k'},
	{"help-config", no_argument, NULL, 'K'},
	{"help-announcements", no_argument, NULL, 'A'},
	{"version", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* As config_help does; the manual page is made of the same lines. */
static void help_announcements(void)
{
	for (uint32_t i = 0; i < CALL_CAUSES; i++) {
		const struct call_cause_info *cause = call_cause_info((enum call_cause)i);
		if (announcement_speakable((enum call_cause)i))
			printf("%s\n    %s\n", cause->word, cause->text);
	}
}

struct arguments {
	const char *config;
	bool check;
};

static int complain_option(const char *word, bool value_missing)
{
	if (value_missing) {
		fprintf(stderr, "opengated: %s needs a value: --config FILE\n", word);
		return EXIT_USAGE;
	}
	for (const struct option *o = options; o->name; o++) {
		const char *name = word + strspn(word, "-");
		if (!spell_is_near(slice_first(slice_str(name), strcspn(name, "=")),
				   slice_str(o->name)))
			continue;
		fprintf(stderr, "opengated: there is no option %s; did you mean --%s?\n", word,
			o->name);
		return EXIT_USAGE;
	}
	fprintf(stderr, "opengated: there is no option %s; see opengated --help\n", word);
	return EXIT_USAGE;
}

/* -1: go on; otherwise the exit status. */
static int take(int option, char **argv, struct arguments *args)
{
	switch (option) {
	case 'c':
		args->config = optarg;
		return -1;
	case 'k':
		args->check = true;
		return -1;
	case 'K':
		config_help(stdout);
		return EXIT_SUCCESS;
	case 'A':
		help_announcements();
		return EXIT_SUCCESS;
	case 'v':
		puts("opengated " OPENGATE_VERSION);
		return EXIT_SUCCESS;
	case 'h':
		usage(stdout);
		return EXIT_SUCCESS;
	default:
		return complain_option(argv[optind - 1], option == ':');
	}
}

static int parse(int argc, char **argv, struct arguments *args)
{
	int status = -1;
	opterr = 0;
	for (int o; status < 0 && (o = getopt_long(argc, argv, ":c:h", options, NULL)) != -1;)
		status = take(o, argv, args);
	if (status >= 0)
		return status;
	if (optind < argc) {
		fprintf(stderr, "opengated: \"%s\" is too much; see opengated --help\n",
			argv[optind]);
		return EXIT_USAGE;
	}
	if (args->config == NULL) {
		fputs("opengated: which configuration? Give --config FILE\n", stderr);
		return EXIT_USAGE;
	}
	return -1;
}

static int serve(struct server *s)
{
	char text[CONFIG_FAULT_BYTES];
	signals_block();
	if (server_start(s, text, sizeof(text)) != 0) {
		fprintf(stderr, "opengated: %s\n", text);
		server_stop(s);
		return EXIT_REFUSED;
	}
	server_event(s, EVENT_SERVER_STARTED, OPENGATE_VERSION);
	notify("READY=1");
	signals_serve(s);
	server_stop(s);
	return EXIT_SUCCESS;
}

static int check(const struct server *s)
{
	char text[CONFIG_FAULT_BYTES];
	if (preflight_announcements(&s->config, text, sizeof(text)) != 0) {
		fprintf(stderr, "opengated: announcements.folder: %s\n", text);
		return EXIT_REFUSED;
	}
	printf("%s: good\n", s->config_path);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct arguments args = {0};
	static struct server server;
	char text[CONFIG_FAULT_BYTES];
	int status = parse(argc, argv, &args);
	if (status >= 0)
		return status;
	if (sodium_init() < 0) {
		fputs("opengated: no random numbers from the operating system\n", stderr);
		return EXIT_REFUSED;
	}
	server.config_path = args.config;
	server.lock_fd = -1;
	if (config_load(args.config, &server.config, text, sizeof(text)) != 0) {
		fprintf(stderr, "opengated: %s\n", text);
		return EXIT_REFUSED;
	}
	return args.check ? check(&server) : serve(&server);
}
