/*
 * load: many telephones in one thread, cheap enough to keep a server busy from the same machine.
 * `calls` plays both phones of each call, `register` lets phones register with digest, `media`
 * lets 2 x N phones talk. Datagrams in batches both ways; every request is repeated until it is
 * answered, and what did not go as it must is counted, by kind.
 *
 * Nothing here knows the server under test: whatever is spoken between phones and server is RFC
 * 3261.
 */
#pragma once

#include "base/slice.h"
#include "base/strbuf.h"

#include <netinet/in.h>
#include <stdio.h>

#define SOCKETS_MAX   16
#define MESSAGE_BYTES 2048
#define REPEAT_MS     500
#define REPEATS	      64 /* half a minute: RFC 3261's timers B and F */

struct options {
	struct sockaddr_in server;
	const char *domain;
	uint32_t first, numbers; /* subscribers from `first` on: one half calls the other */
	uint32_t in_progress;	 /* answered calls that are kept standing */
	uint32_t setting_up;	 /* at most so many calls or REGISTERs wait for answers */
	uint32_t rate;		 /* new ones a second; 0: as fast as answers come */
	uint64_t count;		 /* ends after so many; 0: by time */
	double seconds;
	uint16_t caller_port, callee_port; /* the first of `sockets` neighbouring ports */
	uint32_t sockets;
	bool authenticated; /* calls with digest */
	bool no_sdp;
	bool stay; /* leave the calls standing and wait for a line on stdin before hanging up */
};

/* What a run comes to. Good runs have started == succeeded and no failure of any kind. */
struct tally {
	uint64_t started, succeeded;
	uint64_t refused;	      /* a final response that is not the one wanted */
	uint64_t unanswered;	      /* no answer after all repeats */
	uint64_t callee_unacked;      /* the called phone's 200 was never acknowledged */
	uint64_t repeated;	      /* requests and answers sent again: not a failure */
	uint64_t invites, acks, byes; /* at the called phones */
	int last_refusal;
};

/* --- net.c */
struct net;
typedef void net_message_fn(void *ctx, uint32_t socket, struct slice bytes);
struct net *net_new(const struct options *o, uint16_t first_port, uint32_t count);
/* Where to write the next message from that socket, MESSAGE_BYTES of it; then net_send. */
struct strbuf net_write(struct net *net, uint32_t socket);
void net_send(struct net *net, uint32_t socket, const struct strbuf *b);
void net_flush(struct net *net);
/* Everything that has arrived, handed over; false: nothing had. */
bool net_receive(struct net *net, net_message_fn *fn, void *ctx);

/* --- text.c: as much of a SIP message as a phone in a hurry looks at. */
#define LINES_MAX 8
struct seen {
	int code;						  /* 0: a request */
	struct slice method;					  /* of the CSeq */
	struct slice uri;					  /* of a request */
	struct slice call_id, from, to, cseq, contact, challenge; /* values */
	struct slice vias[LINES_MAX], routes[LINES_MAX];	  /* values; Record-Route */
	uint32_t via_count, route_count;
	struct slice body;
};
/* False: not a whole message. */
bool text_see(struct slice bytes, struct seen *ret_seen);
/* What stands between < and >, or the value without parameters. */
struct slice text_uri(struct slice value);
struct slice text_tag(struct slice value);
/* The answer to a request, up to and without its last headers. */
void text_answer(struct strbuf *b, const struct seen *request, const char *status, const char *tag);
/* Content-Type, Content-Length and an audio offer or answer; port 0: none. */
void text_body(struct strbuf *b, uint16_t media_port);
/* Address and port of the first stream of a session description. */
bool text_media(struct slice body, struct sockaddr_in *ret_addr);
/* Is that a challenge to be answered? After the first only one that says stale=true. */
bool text_asks(struct slice challenge, uint32_t answered);
/* The value of Authorization for a challenge (MD5, qop=auth), RFC 7616. */
void text_credentials(struct strbuf *b, struct slice challenge, uint32_t subscriber,
		      const char *method, const char *uri);
uint64_t text_hash(struct slice s);

/* Subscriber i: number 0501NNNNNNN, account 1NNNNNNN, password secret-N. */
#define NUMBER_FORMAT	"0501%07u"
#define ACCOUNT_FORMAT	"%u"
#define ACCOUNT_OF(i)	(10000000u + (i))
#define PASSWORD_FORMAT "secret-%u"

/* --- pace.c */
int64_t clock_ms(void);
double clock_s(void);
/* Hands out `rate` permissions a second, never more than a tick's worth late. */
struct pace {
	uint32_t rate;
	double at_s, due;
};
void pace_start(struct pace *p, uint32_t rate);
uint32_t pace_take(struct pace *p, uint32_t most);

/* --- callee.c: the phones that are called */
struct callees;
struct callees *callees_new(const struct options *o, struct tally *tally);
bool callees_receive(struct callees *c);
void callees_tick(struct callees *c);
uint32_t callees_standing(const struct callees *c);
/* Calls fn with the media port of each standing call and where it is to send. */
typedef void media_fn(void *ctx, uint16_t own_port, const struct sockaddr_in *to);
void callees_media(struct callees *c, media_fn *fn, void *ctx);

/* --- caller.c: the phones that call */
struct callers;
struct callers *callers_new(const struct options *o, struct tally *tally);
bool callers_receive(struct callers *c);
/* New calls, hang-ups, repeats. */
void callers_tick(struct callers *c, bool more);
uint32_t callers_busy(const struct callers *c); /* calls that are not over */
uint32_t callers_setting_up(const struct callers *c);
void callers_media(struct callers *c, media_fn *fn, void *ctx);

/* --- registrar.c: phones that register; the same three steps */
struct phones;
struct phones *phones_new(const struct options *o, struct tally *tally);
bool phones_receive(struct phones *p);
void phones_tick(struct phones *p, bool more);
uint32_t phones_busy(const struct phones *p);

#define CALLER_MEDIA_PORT 10000
#define CALLEE_MEDIA_PORT 12000
