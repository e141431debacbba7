/*
 * storm: telephones gone mad. They register and call each other with good credentials, in dialogues
 * that really come about, and half of what they send is broken on the way out: bytes turned, lines
 * lost, doubled and swapped, numbers grown, ends cut off. So that what is broken reaches every
 * state of the server, not only its parser.
 */
#pragma once

#include "base/rng.h"
#include "base/strbuf.h"
#include "sip/build.h"

#include <netinet/in.h>

#define PHONES_MAX    16
#define TALKS	      64
#define MESSAGE_BYTES 65536

struct storm;

/* One account at a socket of its own. */
struct phone {
	const char *account, *password, *number;
	int fd;
	uint16_t port;
	char nonce[128];
	uint32_t nc;
};

/* One call that a phone makes, or what is left of it. */
struct talk {
	struct phone *phone;
	const char *callee; /* a number */
	char call_id[24], from_tag[16], to_tag[128], branch[40];
	uint32_t cseq, invite_cseq, challenged_cseq;
	bool invited, answered;
};

struct counts {
	uint64_t sent, broken, rtp, answers, requests, connected, sentinels, lost;
};

struct storm {
	const char *domain;
	struct sockaddr_in server;
	uint16_t media_first, media_last;
	struct phone phones[PHONES_MAX];
	size_t phone_count;
	struct talk talks[TALKS];
	struct rng rng;
	struct counts counts;
	char last[MESSAGE_BYTES]; /* to borrow from */
	size_t last_bytes;
};

static inline uint32_t storm_draw(struct storm *s, uint32_t below)
{
	return rng_below(&s->rng, below);
}

/* --- talk.c: what a phone would say next, whole and right. */
size_t talk_next(struct storm *s, struct talk *t, char *text, size_t room);
size_t phone_register(struct storm *s, struct phone *p, char *text, size_t room);
/* What came to a phone's socket. An answer to it goes to text; 0: there is none. */
size_t phone_hears(struct storm *s, struct phone *p, char *bytes, size_t n, char *text,
		   size_t room);
void talk_start(struct storm *s, struct talk *t);

/* --- mutate.c */
/* Breaks text in up to six places; the new length, at most `room`. */
size_t mutate(struct storm *s, char *text, size_t n, size_t room);
/* RTP or RTCP, sound or not, and the port of the relay that it goes to. */
size_t rtp_make(struct storm *s, uint8_t *bytes, size_t room, uint16_t *ret_port);
