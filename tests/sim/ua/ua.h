/*
 * ua: a telephone of the simulation. It registers, calls, rings, answers, holds and hangs up as it
 * is told, and does by itself what every phone does by itself: digest, retransmission, ACK, PRACK,
 * 100, 200 to BYE. It is written from RFC 3261 alone and shares no SIP code with the server that it
 * judges.
 *
 * A phone keeps every message it received, in order (its inbox), for the scenario to look at. With
 * `habits.ignored` it does nothing by itself for messages of that pattern; "any" makes it a puppet
 * that only says what it is told.
 *
 * Verbs return NULL, or a sentence that says why they make no sense now.
 */
#pragma once

#include "net/net.h"
#include "net/wire.h"

struct ua;

struct ua_params {
	struct sim_net *net;
	const char *name, *number, *account, *password, *domain, *user_agent;
	struct addr local;   /* where its packets come from */
	struct addr claimed; /* what its Contact, Via and SDP say (behind a NAT); family 0: local */
	struct addr server;
	bool tcp;
	bool both; /* sends over UDP and listens on TCP too */
	uint64_t seed;
};

#define UA_SWAPS_MAX 4
enum ua_style { UA_PLAIN, UA_COMPACT, UA_FOLDED };

struct ua_habits {
	char ignored[128];   /* pattern (net/wire.h) of messages that it does not react to */
	char algorithm[16];  /* of the challenges offered it takes this one; empty: the first */
	bool no_trying;	     /* leaves an INVITE without 100 */
	bool preauth;	     /* uses the last nonce once more without being asked */
	bool same_nc;	     /* says the last nc once more, once (a replay) */
	int reinvite_code;   /* answers the next re-INVITE with this; 0: 200 */
	enum ua_style style; /* how it writes its headers */
	struct {
		char from[128], to[128];
	} swaps[UA_SWAPS_MAX]; /* what a router makes of its words (quirk.c) */
	uint32_t swap_n;
};

struct ua *ua_new(const struct ua_params *p);
void ua_free(struct ua *ua);
const char *ua_name(const struct ua *ua);
const char *ua_number(const struct ua *ua);
const char *ua_account(const struct ua *ua);
struct ua_habits *ua_habits(struct ua *ua);
struct addr ua_addr(const struct ua *ua);
struct addr ua_claimed(const struct ua *ua); /* family 0: what ua_addr says */
/* Another address from now on, as after a new lease or a NAT that forgot (UDP). claimed stays when
 * family is 0. */
const char *ua_move(struct ua *ua, const struct addr *local);
void ua_set_password(struct ua *ua, const char *password);

/* --- Inbox. */
struct ua_seen {
	int64_t at_us;
	bool repeat;	  /* the same message came before */
	struct slice raw; /* kept to the end */
};
uint32_t ua_seen_count(const struct ua *ua);
const struct ua_seen *ua_seen_at(const struct ua *ua, uint32_t i);
uint32_t ua_pongs(const struct ua *ua); /* CRLF and STUN answers to its keepalives */

/* --- Registration. */
struct ua_reg_wish {
	int expires_s;	     /* Expires header; -1: none */
	const char *contact; /* Contact value; NULL: its own; "": no Contact at all (fetch) */
	const char *headers; /* further lines, each with CRLF; may be NULL */
	const char *domain;  /* Request-URI and To; NULL: its own */
	uint32_t cseq;	     /* 0: the next one */
};
void ua_register(struct ua *ua, const struct ua_reg_wish *wish);
/* The final code of the last REGISTER, challenges dealt with; 0: not yet; 408: no answer. */
int ua_reg_code(const struct ua *ua);

/* --- Calls. */
enum ua_state {
	UA_IDLE,
	UA_CALLING,  /* INVITE sent, nothing or 100 heard */
	UA_EARLY,    /* 18x heard */
	UA_INCOMING, /* INVITE received */
	UA_RINGING,  /* 18x sent */
	UA_ACCEPTED, /* 200 sent, no ACK yet */
	UA_TALKING,
	UA_ENDING, /* BYE sent */
	UA_ENDED,
};
const char *ua_state_name(enum ua_state s);

struct ua_call; /* see ua_call.h for those who look inside */

/* The call on that line ("" is the first line); the line appears when it is first named. */
struct ua_call *ua_line(struct ua *ua, const char *label);
struct ua_call *ua_line_at(struct ua *ua, uint32_t i); /* NULL behind the last one */
/* The call that this phone would answer now: incoming or ringing. NULL: none. */
struct ua_call *ua_line_ringing(struct ua *ua);
enum ua_state ua_call_state(const struct ua_call *c);
/* Final code of our INVITE or re-INVITE, or the one that the incoming call ended with (487 after
 * CANCEL); 0: none yet. */
int ua_call_code(const struct ua_call *c);
bool ua_call_quiet(const struct ua_call *c); /* idle or ended, nothing to retransmit */

struct ua_wish {
	const char *codecs;    /* "0 8 101"; NULL: the usual ones */
	const char *direction; /* "sendonly", ...; NULL: sendrecv, or what mirrors the offer */
	bool no_sdp;	       /* late offer, or a 18x without media */
	bool t38;	       /* image/udptl in place of audio */
	bool old_hold;	       /* c=0.0.0.0 */
	const char *headers;   /* further lines, each with CRLF; may be NULL */
	const char *body;      /* this very session description; NULL: its own */
};

/* target: a number or a whole URI. */
const char *ua_invite(struct ua *ua, struct ua_call *c, const char *target,
		      const struct ua_wish *wish);
const char *ua_ring(struct ua *ua, struct ua_call *c, int code, const struct ua_wish *wish);
const char *ua_answer(struct ua *ua, struct ua_call *c, const struct ua_wish *wish);
const char *ua_refuse(struct ua *ua, struct ua_call *c, int code, const char *headers);
const char *ua_cancel(struct ua *ua, struct ua_call *c);
const char *ua_bye(struct ua *ua, struct ua_call *c);
const char *ua_reinvite(struct ua *ua, struct ua_call *c, const struct ua_wish *wish);
/* INFO, MESSAGE, OPTIONS, ... within the dialog. type and body may be NULL. */
/* REFER: the other party is to call target (a number or a whole URI). headers may be NULL. */
const char *ua_refer(struct ua *ua, struct ua_call *c, const char *target, const char *headers);
const char *ua_request(struct ua *ua, struct ua_call *c, const char *method, const char *type,
		       const char *body);

/* --- Media. What arrives is counted by the name of the phone that sent it. */
/* n packets, 20 ms apart, beginning now. kind: "rtp", "rtcp", "udptl". to family 0: where the SDP
 * says. */
const char *ua_media_send(struct ua *ua, struct ua_call *c, const char *kind, uint32_t n,
			  const struct addr *to);
/* From now on its media leaves from another port (a NAT rebinding). */
const char *ua_media_move(struct ua *ua, struct ua_call *c);
/* Counted since the last ua_media_forget: from one phone, or from all (from NULL). kind as above.
 */
uint32_t ua_media_heard(const struct ua *ua, const char *kind, const char *from);
void ua_media_forget(struct ua *ua);
/* Where the far side wants this call's media (the relay's port). family 0: not known. */
struct addr ua_media_remote(const struct ua_call *c);

/* --- Whatever the scenario wants to say. */
/* Over the phone's own socket or connection to dst (family 0: the server). */
void ua_say(struct ua *ua, const struct addr *dst, struct slice bytes);
/* A response to the last request of that pattern in the inbox. tag: of a dialog of its own; NULL:
 * the call's. */
const char *ua_reply_last(struct ua *ua, const char *pattern, int code, const char *tag,
			  const char *headers, const char *body);
/* Closes its connection(s) to the server (TCP). */
void ua_hang_line(struct ua *ua);
/* Answer to the last challenge it heard: the value of (Proxy-)Authorization. Returns buf; "" when
 * never challenged. */
const char *ua_credentials(struct ua *ua, const char *method, const char *uri, char *buf,
			   size_t cap_bytes);
