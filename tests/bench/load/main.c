/*
 * load calls|register --server HOST:PORT [options]: plays, then prints one line of JSON. Exit
 * status 0 when nothing failed.
 */
#include "load.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

enum {
	OPT_SERVER = 1,
	OPT_DOMAIN,
	OPT_FIRST,
	OPT_NUMBERS,
	OPT_IN_PROGRESS,
	OPT_SETTING_UP,
	OPT_RATE,
	OPT_COUNT,
	OPT_SECONDS,
	OPT_CALLER_PORT,
	OPT_CALLEE_PORT,
	OPT_SOCKETS,
	OPT_AUTH,
	OPT_NO_SDP,
	OPT_STAY
};

static const struct option long_options[] = {
	{"server", required_argument, NULL, OPT_SERVER},
	{"domain", required_argument, NULL, OPT_DOMAIN},
	{"first", required_argument, NULL, OPT_FIRST},
	{"numbers", required_argument, NULL, OPT_NUMBERS},
	{"in-progress", required_argument, NULL, OPT_IN_PROGRESS},
	{"setting-up", required_argument, NULL, OPT_SETTING_UP},
	{"rate", required_argument, NULL, OPT_RATE},
	{"count", required_argument, NULL, OPT_COUNT},
	{"seconds", required_argument, NULL, OPT_SECONDS},
	{"caller-port", required_argument, NULL, OPT_CALLER_PORT},
	{"callee-port", required_argument, NULL, OPT_CALLEE_PORT},
	{"sockets", required_argument, NULL, OPT_SOCKETS},
	{"auth", no_argument, NULL, OPT_AUTH},
	{"no-sdp", no_argument, NULL, OPT_NO_SDP},
	{"stay", no_argument, NULL, OPT_STAY},
	{NULL, 0, NULL, 0},
};

static void usage(const char *why)
{
	fprintf(stderr,
		"load: %s\n"
		"usage: load calls|register --server IPv4:PORT [--domain D] [--first I] [--numbers "
		"N] "
		"[--in-progress N]\n"
		"       [--setting-up N] [--rate N] [--count N | --seconds S] [--caller-port P] "
		"[--callee-port P]\n"
		"       [--sockets N] [--auth] [--no-sdp] [--stay]\n",
		why);
	exit(2);
}

static void read_server(struct options *o, const char *text)
{
	char host[64];
	struct slice rest = slice_str(text), first = slice_cut(&rest, ':');

	o->server.sin_family = AF_INET;
	o->server.sin_port = htons((uint16_t)atoi(rest.p));
	if (slice_copy(first, host, sizeof(host)) != 0 ||
	    inet_pton(AF_INET, host, &o->server.sin_addr) != 1)
		usage("--server takes IPv4:PORT");
}

static void read_option(struct options *o, int which)
{
	uint32_t number = optarg ? (uint32_t)strtoul(optarg, NULL, 10) : 0;

	switch (which) {
	case OPT_SERVER:
		read_server(o, optarg);
		return;
	case OPT_DOMAIN:
		o->domain = optarg;
		return;
	case OPT_FIRST:
		o->first = number;
		return;
	case OPT_NUMBERS:
		o->numbers = number;
		return;
	case OPT_IN_PROGRESS:
		o->in_progress = number;
		return;
	case OPT_SETTING_UP:
		o->setting_up = number;
		return;
	case OPT_RATE:
		o->rate = number;
		return;
	case OPT_COUNT:
		o->count = number;
		return;
	case OPT_SECONDS:
		o->seconds = strtod(optarg, NULL);
		return;
	case OPT_CALLER_PORT:
		o->caller_port = (uint16_t)number;
		return;
	case OPT_CALLEE_PORT:
		o->callee_port = (uint16_t)number;
		return;
	case OPT_SOCKETS:
		o->sockets = number;
		return;
	case OPT_AUTH:
		o->authenticated = true;
		return;
	case OPT_NO_SDP:
		o->no_sdp = true;
		return;
	case OPT_STAY:
		o->stay = true;
		return;
	default:
		usage("unknown option");
	}
}

static bool more_wanted(const struct options *o, const struct tally *t, double begun)
{
	return o->count ? t->started < o->count : clock_s() - begun < o->seconds;
}

/*
 * The phones look once in a millisecond and sleep in between, whatever arrives: to be woken would
 * be work of the server's, on its account, which a phone at the other end of a wire is not.
 */
static void rest(void)
{
	const struct timespec t = {.tv_nsec = 1000000};

	(void)nanosleep(&t, NULL);
}

static void print_stream(void *ctx, uint16_t own_port, const struct sockaddr_in *to)
{
	char host[INET_ADDRSTRLEN];

	(void)ctx;
	if (to->sin_port)
		printf("%u %s:%u\n", own_port,
		       inet_ntop(AF_INET, &to->sin_addr, host, sizeof(host)), ntohs(to->sin_port));
}

/*
 * With --stay: all calls stand; tell it, and who is to send where (as bench_media reads it), up to
 * an empty line; go on when told.
 */
static void stay(struct callers *callers, struct callees *callees, const struct tally *t)
{
	struct pollfd in = {.fd = 0, .events = POLLIN};

	printf("{\"standing\": %u, \"refused\": %llu}\n", callees_standing(callees),
	       (unsigned long long)t->refused);
	callers_media(callers, print_stream, NULL);
	callees_media(callees, print_stream, NULL);
	printf("\n");
	fflush(stdout);
	while (poll(&in, 1, 1) == 0) {
		(void)callers_receive(callers);
		(void)callees_receive(callees);
		callees_tick(callees);
	}
}

static void play_calls(const struct options *o, struct tally *t)
{
	struct callees *callees = callees_new(o, t);
	struct callers *callers = callers_new(o, t);
	double begun = clock_s();
	bool more = true, stayed = false;

	while (more || callers_busy(callers)) {
		(void)callers_receive(callers);
		(void)callees_receive(callees);
		more = more && more_wanted(o, t, begun);
		if (!more && o->stay && !stayed && callers_setting_up(callers) == 0) {
			stay(callers, callees, t);
			stayed = true;
		}
		callers_tick(callers, more || (o->stay && !stayed));
		callees_tick(callees);
		rest();
	}
	for (begun = clock_s(); callees_standing(callees) && clock_s() - begun < 35;) {
		(void)callees_receive(callees);
		callees_tick(callees);
		rest();
	}
}

static void play_registers(const struct options *o, struct tally *t)
{
	struct phones *phones = phones_new(o, t);
	double begun = clock_s();
	bool more = true;

	while (more || phones_busy(phones)) {
		(void)phones_receive(phones);
		more = more && more_wanted(o, t, begun);
		phones_tick(phones, more);
		rest();
	}
}

static void print_tally(const struct tally *t, double seconds)
{
	printf("{\"started\": %llu, \"succeeded\": %llu, \"refused\": %llu, \"last_refusal\": %d, "
	       "\"unanswered\": %llu, \"unacked\": %llu, \"repeated\": %llu, \"invites\": %llu, "
	       "\"acks\": %llu, \"byes\": %llu, \"seconds\": %.3f}\n",
	       (unsigned long long)t->started, (unsigned long long)t->succeeded,
	       (unsigned long long)t->refused, t->last_refusal, (unsigned long long)t->unanswered,
	       (unsigned long long)t->callee_unacked, (unsigned long long)t->repeated,
	       (unsigned long long)t->invites, (unsigned long long)t->acks,
	       (unsigned long long)t->byes, seconds);
}

int main(int argc, char **argv)
{
	struct options o = {.domain = "kmus.sip.example.jp",
			    .numbers = 200,
			    .in_progress = 0,
			    .setting_up = 100,
			    .seconds = 5,
			    .caller_port = 8000,
			    .callee_port = 8100,
			    .sockets = 4};
	struct tally t = {0};
	double begun = clock_s();
	int which;

	if (argc < 2)
		usage("what is to be played?");
	optind = 2;
	while ((which = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		read_option(&o, which);
	if (o.server.sin_port == 0 || o.numbers < 2 || o.sockets == 0 || o.sockets > SOCKETS_MAX)
		usage("--server is missing, or --numbers or --sockets is out of range");
	if (strcmp(argv[1], "calls") == 0)
		play_calls(&o, &t);
	else if (strcmp(argv[1], "register") == 0)
		play_registers(&o, &t);
	else
		usage("only calls and register can be played");
	print_tally(&t, clock_s() - begun);
	return t.succeeded == t.started && t.callee_unacked == 0 ? 0 : 1;
}
