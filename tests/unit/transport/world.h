/*
 * A transport over an io that only keeps what it is told, and the events that come out of it as
 * lines of text: "message OPTIONS", "fault 400 answerable", "keepalive crlf", "closed 1",
 * "unreachable", "refused too many ...", "foreign 3". Time stands until the test moves it.
 */
#pragma once

#include "base/strbuf.h"
#include "transport/transport.h"

#define WORLD_HANDLES 1200
#define WORLD_BASE    ((uint64_t)7 << 56)

struct world_handle {
	bool open, stream, listens;
	uint64_t cookie;
	struct addr addr; /* bound to, or connected to */
	char sent[512];
	size_t sent_bytes;
	struct addr sent_to; /* of the last datagram */
};

struct world {
	struct io io;
	struct world_handle handles[WORLD_HANDLES];
	int64_t now_ms;
	int open_error, send_error;
	struct transport *transport;
	uint32_t events, messages; /* all, and messages without a fault: for who counts */
	char text[8192];	   /* the events since the last world_seen */
	struct strbuf log;
	struct flow flow; /* of the last event */
	char raw[256];	  /* of the last message */
	size_t body_bytes;
	int close_on_message; /* the handle that breaks while its message is handled; 0: none */
};

/* Listeners: udp 192.0.2.1:5060, udp [2001:db8::1]:5060, tcp 192.0.2.1:5060, tcp [2001:db8::1]:5060
 */
enum { UDP4, UDP6, TCP4, TCP6 };
void world_open(struct world *w, uint32_t connections_max, uint32_t per_source_max);
void world_close(struct world *w);
struct addr addr_of(const char *text);

/* The events since the last time, separated by "; ". */
const char *world_seen(struct world *w);
void world_datagram(struct world *w, int listener, const char *from, struct slice bytes);
/* The handle of an accepted connection; it may have been refused (see open). */
int world_accept(struct world *w, int listener, const char *from);
void world_stream(struct world *w, int handle, struct slice bytes);
void world_text(struct world *w, int handle, const char *text);
void world_note(struct world *w, int handle, enum io_stream_event event, int err);
void world_pass(struct world *w, int64_t ms); /* and a sweep */
/* What was sent on it since the last time. */
struct slice world_sent(struct world *w, int handle);
/* The handle of the latest connect; -1: none. */
int world_connecting(const struct world *w);

#define REQUEST(more)                                                                              \
	"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.9;branch=z9hG4bKx\r\n"                \
	"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n" more
#define WHOLE REQUEST("Content-Length: 0\r\n\r\n")
