/*
 * guard: who may not go on as he does. Here: fraud, by what a number does in a day. A phone whose
 * password was stolen calls premium numbers abroad all night; the guard sees the money, the
 * minutes, the attempts and the countries, and tells the operator or stops calls abroad.
 *
 * Decisions are pure (guard/decide.h, guard/limits.h); this is what they are made on: for each
 * number what it did today, shared by all shards, in stripes with a lock each. A shard asks before
 * a call goes out and tells when one has ended; calls that are in progress do not count yet. With
 * no limits set it costs a call nothing.
 *
 * What must outlive the process is in the store: the rules, suspensions, releases and permitted
 * countries. What was done today is added up from the call records at the start (guard/load.h).
 */
#pragma once

#include "base/hash.h"
#include "guard/decide.h"
#include "rating/book.h"

#define FRAUD_NUMBER_BYTES  24
#define FRAUD_COUNTRY_BYTES 8
#define FRAUD_HOLIDAYS_MAX  1024
#define FRAUD_COUNTRIES_MAX 250

struct fraud;

int fraud_new(const struct hash_key *key, struct fraud **ret_fraud);
void fraud_free(struct fraud *f);

struct fraud_call {
	struct slice number, customer; /* the caller's */
	struct slice to;	       /* as policy made it */
	bool on_net;
};

/* A call is about to go out. Any thread. */
void fraud_try(struct fraud *f, const struct fraud_call *c, int64_t now_ms,
	       struct fraud_verdict *ret_verdict);
/* One has ended; talk_ms 0: it was not answered. */
void fraud_ended(struct fraud *f, const struct fraud_call *c, int64_t started_at_ms,
		 int64_t ended_at_ms, int64_t talk_ms);
/* Is anything watched? */
bool fraud_watches(const struct fraud *f);

/* --- What the operator does, after it was made durable. */

/* Suspension ends, and what was done until now counts no more. */
void fraud_release(struct fraud *f, struct slice number, int64_t now_ms);
/* The number was removed: its next owner begins anew. */
void fraud_forget(struct fraud *f, struct slice number);
/* country: an id of policy/country.h. */
void fraud_permit(struct fraud *f, struct slice number, struct slice country, int64_t now_ms);

/* What is known of a number. False: nothing today, nor held. */
struct fraud_state {
	struct fraud_usage usage;
	int64_t suspended_at_ms; /* 0: not suspended */
	enum fraud_reason suspended_by;
	int64_t value, limit; /* what decided then */
	struct limits limits; /* that count now */
};
bool fraud_show(struct fraud *f, struct slice number, struct slice customer, int64_t now_ms,
		struct fraud_state *ret_state);
