/*
 * trunk: the ways to the telephone network. What a trunk is, and the decisions about it as
 * functions of values: which one takes a number, which one a message came from, how numbers are
 * written there. table.h holds the trunks of the process and what is known of each of them (calls,
 * health, registration) for all shards. The messages are the shard's.
 */
#pragma once

#include "base/addr.h"
#include "base/strbuf.h"
#include "policy/dial.h"
#include "sip/msg.h"
#include "transport/flow.h"

#define TRUNKS_MAX	    64
#define TRUNK_NAME_BYTES    32
#define TRUNK_HOST_BYTES    254
#define TRUNK_USER_BYTES    64
#define TRUNK_SECRET_BYTES  128
#define TRUNK_SOURCES_MAX   16
#define TRUNK_PREFIXES_MAX  32
#define TRUNK_CAPACITY_MAX  1000000
#define TRUNK_PRIORITY_MAX  1000
#define TRUNK_ADDRESSES_MAX 8
#define TRUNK_OWN_MAX	    16
#define TRUNK_OWN_BYTES	    12

/* name, word, how 03-1234-5678 looks there */
#define TRUNK_FORMAT_TABLE(X)                                                                      \
	X(NATIONAL, "national", "0312345678")                                                      \
	X(E164, "e164", "81312345678")                                                             \
	X(PLUS, "plus", "+81312345678")
enum trunk_format {
#define X(name, word, example) TRUNK_##name,
	TRUNK_FORMAT_TABLE(X)
#undef X
		TRUNK_FORMATS
};
const char *trunk_format_word(enum trunk_format f);
/* 0 or ERR_NOT_FOUND. */
int trunk_format_of(struct slice word, enum trunk_format *ret_format);

/* As the operator set it up. Plain data. */
struct trunk {
	uint32_t id; /* the store's, never given twice; 0: none */
	char name[TRUNK_NAME_BYTES];
	char host[TRUNK_HOST_BYTES];  /* name or address, IPv6 without brackets */
	uint16_t port;		      /* 0: none given (RFC 3263 decides) */
	enum sip_transport transport; /* SIP_TRANSPORT_OTHER: none given */
	struct cidr sources[TRUNK_SOURCES_MAX];
	uint32_t source_count;
	char user[TRUNK_USER_BYTES];	   /* our account there; empty: no digest */
	char password[TRUNK_SECRET_BYTES]; /* empty: none, or it could not be read */
	bool registers;
	bool trusted; /* it keeps what is asked for in Privacy (RFC 3325 §6), and we believe it */
	enum trunk_format format;
	uint32_t priority; /* the lowest goes first */
	uint32_t weight;   /* among those of the same priority; at least 1 */
	uint32_t capacity; /* calls both ways; 0: no limit */
	char prefixes[TRUNK_PREFIXES_MAX][DIAL_BYTES]; /* as dialled here, "03", "01082" */
	uint32_t prefix_count;			       /* 0: all numbers */
};

/* Why a trunk is down: name, word */
#define TRUNK_WHY_TABLE(X)                                                                         \
	X(UP, "")                                                                                  \
	X(OPTIONS, "no_answer_to_options")                                                         \
	X(INVITE, "no_answer_to_invite")                                                           \
	X(REGISTER, "registration_failed")                                                         \
	X(ADDRESS, "address_not_found")
enum trunk_why {
#define X(name, word) TRUNK_WHY_##name,
	TRUNK_WHY_TABLE(X)
#undef X
		TRUNK_WHYS
};
const char *trunk_why_word(enum trunk_why why);

/* name, word */
#define TRUNK_REGISTRATION_TABLE(X)                                                                \
	X(UNUSED, "none")                                                                          \
	X(WAITING, "waiting")                                                                      \
	X(DONE, "registered")                                                                      \
	X(FAILED, "failed")
enum trunk_registration {
#define X(name, word) TRUNK_REGISTRATION_##name,
	TRUNK_REGISTRATION_TABLE(X)
#undef X
		TRUNK_REGISTRATIONS
};
const char *trunk_registration_word(enum trunk_registration r);

/* What is known of a trunk at the moment. */
struct trunk_state {
	uint32_t calls; /* that hold a place */
	bool down;
	uint8_t why;				    /* enum trunk_why; the last reason stays */
	uint8_t registration;			    /* enum trunk_registration */
	struct addr addresses[TRUNK_ADDRESSES_MAX]; /* of its host; port 0: any */
	uint32_t address_count;
};

/* --- choose.c */
struct trunk_ask {
	struct slice number;   /* canonical, as dial_normalise gives it */
	const uint32_t *tried; /* ids that this call has tried */
	uint32_t tried_count;
	uint32_t draw; /* at random: the choice by weight */
};
enum trunk_verdict {
	TRUNK_FOUND,
	TRUNK_NONE, /* no trunk takes such a number, or all that do were tried */
	TRUNK_ALL_DOWN,
	TRUNK_ALL_FULL, /* at least one is up, but has no place left */
};
/*
 * The trunk for a number: of those that are up, have a place and were not tried, the ones with the
 * longest prefix that fits, then of the lowest priority, then by weight. states: one for each
 * trunk. An emergency number has none, whatever the trunks and the plan say (service "Outgoing
 * calls"). *ret_index is set when found.
 */
enum trunk_verdict trunk_choose(const struct trunk *v, const struct trunk_state *states,
				uint32_t count, const struct trunk_ask *ask, uint32_t *ret_index);
/* Its place is taken by one call more. */
bool trunk_is_full(const struct trunk *t, const struct trunk_state *state);
/* The trunk that a message came from: by the source ranges, or by the addresses of its host (UDP:
 * with the port). The narrowest range decides. -1: none. Whatever From says. */
int trunk_of_source(const struct trunk *v, const struct trunk_state *states, uint32_t count,
		    const struct flow *flow);

/* --- number.c */
/* number: canonical; appended as the trunk wants to see it. What has no international form (3
 * digits, codes) stays. */
void trunk_number_write(struct strbuf *b, enum trunk_format format, struct slice number);
/* Its host as it stands in a URI, with its port where it has one and that is wanted. */
void trunk_host_write(struct strbuf *b, const struct trunk *t, bool port);
/* A user part of the trunk's, in any of the formats, made canonical. 0 or ERR_SYNTAX. */
int trunk_number_read(struct slice user, char ret_number[DIAL_BYTES]);
/* A prefix as the operator writes it ("03", "+82", "0120"), as it stands in struct trunk. 0 or
 * ERR_SYNTAX. */
int trunk_prefix_read(struct slice text, char ret_prefix[DIAL_BYTES]);

/* --- words.c: why there is no number, as Japanese networks say it in the display name of an
 * anonymous From (TTC JJ-90.22) */
#define TRUNK_WITHHELD_TABLE(X)                                                                    \
	X(USER, "Anonymous")                                                                       \
	X(PAYPHONE, "Coin line/payphone")                                                          \
	X(INTERACTION, "Interaction with other service")                                           \
	X(UNAVAILABLE, "Unavailable")
enum trunk_withheld {
	TRUNK_SHOWN,
#define X(name, text) TRUNK_WITHHELD_##name,
	TRUNK_WITHHELD_TABLE(X)
#undef X
		TRUNK_WITHHELDS
};
/* "Anonymous" also for what is none of them. */
const char *trunk_withheld_text(enum trunk_withheld w);
/* From the display name of a From without a number. */
enum trunk_withheld trunk_withheld_of(struct slice display);
