/*
 * screen: rejection services (service "Rejecting calls"): what a number has set of the calls that
 * come to it, and whether a caller is let through. Pure.
 *
 * It stands before call forwarding: who is rejected is not forwarded. How many calls a number takes
 * at a time is set here and counted by the directory.
 */
#pragma once

#include "policy/dial.h"

#define SCREEN_BLOCKS_MAX   100
#define SCREEN_NUMBER_BYTES 24 /* a canonical number: "010", 15 digits */
#define SCREEN_INBOUND_MAX  32

struct screen_settings {
	bool anonymous;	       /* rejected: who withholds his number (非通知着信拒否) */
	bool abroad;	       /* rejected: calls from abroad (国際着信拒否) */
	uint8_t inbound_limit; /* calls to it at a time; 0: as many as come */
	uint8_t block_count;
	const char (*blocks)[SCREEN_NUMBER_BYTES]; /* canonical (迷惑電話拒否); not ours */
};
bool screen_settings_empty(const struct screen_settings *s);

/* Who calls, by canonical numbers; "": not known. */
struct screen_caller {
	struct slice number; /* whose call it is, also when it is withheld */
	struct slice shown;  /* what the callee would see, or would if it were not withheld */
	bool withheld;	     /* by the caller himself: payphones and networks that have no number to
				show cannot help it, and are let through */
};

enum screen_verdict {
	SCREEN_PASS,
	SCREEN_ANONYMOUS,
	SCREEN_BLOCKED,
	SCREEN_ABROAD,
	SCREEN_VERDICTS
};
/* The first that applies. A withheld caller who is blocked too is only told to show his number, so
 * that the answer does not tell the callee who he was. */
enum screen_verdict screen_judge(const struct screen_settings *s, const struct screen_caller *c);
