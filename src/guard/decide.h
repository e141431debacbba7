/*
 * decide: what the guard says of an attempt, by what the number did today and by its limits. Pure.
 */
#pragma once

#include "guard/limits.h"

enum fraud_reason {
	FRAUD_NONE,
	FRAUD_SUSPENDED,   /* calls abroad were suspended earlier */
	FRAUD_NEW_COUNTRY, /* not called for new_country_days, and not permitted */
	FRAUD_SPEND,
	FRAUD_MINUTES,
	FRAUD_RATE,
	FRAUD_REASONS
};
const char *fraud_reason_word(enum fraud_reason r); /* "spend", "minutes", ... */
bool fraud_reason_of(struct slice word, enum fraud_reason *ret_reason);

/* What a number did; of today where nothing else is said. */
struct fraud_usage {
	int64_t spend_uyen, talk_ms; /* of calls that ended since midnight, or since a release */
	int64_t calls_in_minute;     /* attempts, this one included */
	bool suspended;
	int64_t country_days; /* since that country was called or permitted; -1: never; abroad only
			       */
	uint32_t told;	      /* bits of the reasons that were told already */
};

struct fraud_verdict {
	enum fraud_reason reason; /* what is told; FRAUD_NONE: nothing new */
	bool refused;		  /* the call does not go out */
	bool suspends;		  /* calls abroad are suspended from now on */
	int64_t value, limit;	  /* what decided; of FRAUD_NEW_COUNTRY days, value -1: never */
};

void fraud_decide(const struct limits *l, const struct fraud_usage *u, bool abroad,
		  struct fraud_verdict *ret_verdict);
