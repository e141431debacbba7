/* How long one message takes to parse and to answer. usage: bench_sip_parse FILE [ROUNDS] */
#include "sip/build.h"
#include "sip/msg.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static char original[65536], message[65536], out[65536];
static char memory[65536] __attribute__((aligned(16)));

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Parses `rounds` times; with answering, builds a response each time too. The copy in is part of
 * it. */
static double measure_ns(size_t bytes, unsigned long rounds, bool answering)
{
	static const struct addr source = {.ip = {192, 0, 2, 7}, .port = 41000, .family = 4};
	const struct sip_reply reply = {
		.code = 180, .to_tag = SLICE("0123456789"), .source = &source};
	double start = now_ns();

	for (unsigned long i = 0; i < rounds; i++) {
		struct sip_msg m;
		struct arena arena;
		struct strbuf b;
		memcpy(message, original, bytes);
		arena_init(&arena, memory, sizeof(memory));
		if (sip_msg_parse(slice_of(message, bytes), &arena, &m))
			exit(1);
		strbuf_init(&b, out, sizeof(out));
		if (answering)
			sip_build_reply(&b, &m, &reply);
	}
	return (now_ns() - start) / (double)rounds;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000000;
	FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;

	if (!f || rounds == 0) {
		fprintf(stderr, "usage: bench_sip_parse FILE [ROUNDS]\n");
		return 1;
	}
	size_t bytes = fread(original, 1, sizeof(original), f);
	fclose(f);
	double parse_ns = measure_ns(bytes, rounds, false);
	printf("%zu bytes: parse %.0f ns, parse and reply %.0f ns\n", bytes, parse_ns,
	       measure_ns(bytes, rounds, true));
	return 0;
}
