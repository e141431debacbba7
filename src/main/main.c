/* opengated: arguments, then server.c until a signal ends it. */
#include "main/server.h"
#include "main/signals.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

static void usage(FILE *to)
{
	fputs("usage: opengated --config FILE [--check-config]\n"
	      "\n"
	      "  --config FILE    the configuration (opengate.yaml)\n"
	      "  --check-config   read it, say what is wrong, and end\n"
	      "  --version        print the version\n"
	      "  --help           print this\n"
	      "\n"
	      "SIGTERM ends calls in progress in good order and exits; SIGHUP reads the "
	      "configuration again; SIGUSR2 exits at once and leaves the calls to the next "
	      "start.\n",
	      to);
}

struct arguments {
	const char *config;
	bool check;
};

/* -1: go on; otherwise the exit status. */
static int parse(int argc, char **argv, struct arguments *ret_args)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"check-config", no_argument, NULL, 'k'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	for (int o; (o = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		switch (o) {
		case 'c':
			ret_args->config = optarg;
			break;
		case 'k':
			ret_args->check = true;
			break;
		case 'v':
			puts("opengated " OPENGATE_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (ret_args->config && optind == argc)
		return -1;
	fputs(ret_args->config ? "opengated: too many arguments\n"
			       : "opengated: which configuration? Give --config FILE\n",
	      stderr);
	usage(stderr);
	return EXIT_USAGE;
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
	signals_serve(s);
	server_stop(s);
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
	if (args.check) {
		printf("%s: good\n", args.config);
		return EXIT_SUCCESS;
	}
	return serve(&server);
}
