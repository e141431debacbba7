/*
 * usage: storm PORT DOMAIN DATAGRAMS RATE SEED MEDIA_FIRST MEDIA_LAST ACCOUNT:PASSWORD:NUMBER...
 *
 * Sends so many broken datagrams to 127.0.0.1, and as many whole ones about; at most RATE of all of
 * them a second. After each batch it waits for the
 * answer to a question of its own: what was sent has been dealt with, nothing lies in a full
 * socket. The last line of output says what came about; the exit status is 1 when the server no
 * longer answers.
 */
#include "storm.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH	  64
#define ANSWER_MS 2000
#define TRIES	  15

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int socket_open(uint16_t *ret_port)
{
	struct sockaddr_in here = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(here);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) ||
	    getsockname(fd, (struct sockaddr *)&here, &n)) {
		perror("storm: socket");
		exit(2);
	}
	*ret_port = ntohs(here.sin_port);
	return fd;
}

static void datagram_send(const struct storm *s, int fd, const void *bytes, size_t n, uint16_t port)
{
	struct sockaddr_in to = s->server;

	if (port)
		to.sin_port = htons(port);
	/* Refused ports and full queues are part of the weather. */
	(void)!sendto(fd, bytes, n, 0, (struct sockaddr *)&to, sizeof(to));
}

/* Keeps what was right to borrow from, and breaks every other one. */
static void say(struct storm *s, struct phone *p, char *text, size_t n, bool whole)
{
	memcpy(s->last, text, n);
	s->last_bytes = n;
	if (!whole && storm_draw(s, 2)) {
		n = mutate(s, text, n, 60000);
		s->counts.broken++;
	}
	s->counts.sent++;
	datagram_send(s, p->fd, text, n, 0);
}

static void hear_all(struct storm *s)
{
	static char bytes[MESSAGE_BYTES], text[MESSAGE_BYTES];

	for (size_t i = 0; i < s->phone_count; i++) {
		struct phone *p = &s->phones[i];
		for (ssize_t n; (n = recv(p->fd, bytes, sizeof(bytes), 0)) >= 0;) {
			size_t answer = phone_hears(s, p, bytes, (size_t)n, text, sizeof(text));
			if (answer)
				say(s, p, text, answer, false);
		}
	}
}

/* One of five is media; one of twenty registers, one in forty is a keepalive. */
static void send_one(struct storm *s)
{
	static char text[MESSAGE_BYTES];
	struct phone *p = &s->phones[storm_draw(s, (uint32_t)s->phone_count)];
	uint32_t what = storm_draw(s, 40);
	uint16_t port;

	if (what < 8) {
		size_t n = rtp_make(s, (uint8_t *)text, 2000, &port);
		s->counts.sent++;
		s->counts.broken++; /* of no stream that anybody has asked for, sound or not */
		s->counts.rtp++;
		datagram_send(s, p->fd, text, n, port);
	} else if (what < 10) {
		say(s, p, text, phone_register(s, p, text, sizeof(text)), false);
	} else if (what == 10) {
		memcpy(text, "\0\x01\0\0\x21\x12\xa4\x42storm-storm-\r\n\r\n", 24);
		say(s, p, text, storm_draw(s, 25), false);
	} else {
		struct talk *t = &s->talks[storm_draw(s, TALKS)];
		size_t n = talk_next(s, t, text, sizeof(text));
		say(s, t->phone, text, n, false);
	}
}

/* False: the server no longer answers. */
static bool caught_up(struct storm *s, int fd, uint16_t port)
{
	char text[1024], got[4096], mark[32];
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	snprintf(mark, sizeof(mark), "sentinel%llu", (unsigned long long)++s->counts.sentinels);
	for (int tries = 0; tries < TRIES; tries++) {
		int n = snprintf(text, sizeof(text),
				 "OPTIONS sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;rport;"
				 "branch=z9hG4bK%s\r\nFrom: <sip:s@%s>;tag=1\r\nTo: <sip:%s>\r\n"
				 "Call-ID: %s\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
				 s->domain, port, mark, s->domain, s->domain, mark);
		datagram_send(s, fd, text, (size_t)n, 0);
		while (poll(&ready, 1, ANSWER_MS) > 0) {
			ssize_t bytes = recv(fd, got, sizeof(got) - 1, 0);
			if (bytes > 0 && memmem(got, (size_t)bytes, mark, strlen(mark)))
				return true;
		}
		s->counts.lost++;
	}
	return false;
}

/* As far as the rate allows by now; 0: no limit. */
static void pace(int64_t start_ms, uint64_t sent, uint32_t rate)
{
	int64_t due = rate ? start_ms + (int64_t)(sent * 1000 / rate) : 0, now = now_ms();

	if (due > now)
		poll(NULL, 0, (int)(due - now));
}

/* Once, whole: from then on there are nonces, and phones to call. */
static bool all_register(struct storm *s, int fd, uint16_t port)
{
	static char text[MESSAGE_BYTES];

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < s->phone_count; i++)
			say(s, &s->phones[i], text,
			    phone_register(s, &s->phones[i], text, sizeof(text)), true);
		if (!caught_up(s, fd, port))
			return false;
		hear_all(s);
	}
	return true;
}

static bool storm_run(struct storm *s, uint64_t datagrams, uint32_t rate)
{
	uint16_t port;
	int fd = socket_open(&port);
	int64_t start = now_ms();
	bool good = all_register(s, fd, port);

	while (good && s->counts.broken < datagrams) {
		for (int i = 0; i < BATCH; i++)
			send_one(s);
		good = caught_up(s, fd, port);
		hear_all(s);
		pace(start, s->counts.sent, rate);
	}
	close(fd);
	return good;
}

static void phone_add(struct storm *s, char *text)
{
	struct phone *p = &s->phones[s->phone_count++];

	p->account = strtok(text, ":");
	p->password = strtok(NULL, ":");
	p->number = strtok(NULL, ":");
	p->fd = socket_open(&p->port);
}

int main(int argc, char **argv)
{
	static struct storm s;
	uint8_t seed[RNG_SEED_BYTES] = {0};

	if (argc < 9 || argc - 8 > PHONES_MAX) {
		fprintf(stderr, "usage: storm PORT DOMAIN DATAGRAMS RATE SEED MEDIA_FIRST "
				"MEDIA_LAST ACCOUNT:PASSWORD:NUMBER...\n");
		return 2;
	}
	s.server = (struct sockaddr_in){.sin_family = AF_INET,
					.sin_port = htons((uint16_t)atoi(argv[1])),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	s.domain = argv[2];
	snprintf((char *)seed, sizeof(seed), "%s", argv[5]);
	rng_init(&s.rng, seed);
	s.media_first = (uint16_t)atoi(argv[6]);
	s.media_last = (uint16_t)atoi(argv[7]);
	for (int i = 8; i < argc; i++)
		phone_add(&s, argv[i]);
	bool good = storm_run(&s, strtoull(argv[3], NULL, 10), (uint32_t)atoi(argv[4]));
	const struct counts *c = &s.counts;
	printf("{\"sent\": %llu, \"broken\": %llu, \"rtp\": %llu, \"answers\": %llu, "
	       "\"requests\": %llu, \"connected\": %llu, \"sentinels\": %llu, \"lost\": %llu}\n",
	       (unsigned long long)c->sent, (unsigned long long)c->broken,
	       (unsigned long long)c->rtp, (unsigned long long)c->answers,
	       (unsigned long long)c->requests, (unsigned long long)c->connected,
	       (unsigned long long)c->sentinels, (unsigned long long)c->lost);
	return good ? 0 : 1;
}
