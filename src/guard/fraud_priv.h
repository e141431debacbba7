/*
 * Inside the guard. `lock` of a stripe guards its rows; rules and book are read under any stripe's
 * lock and changed under all of them (taken in order).
 */
#pragma once

#include "base/index.h"
#include "guard/fraud.h"
#include "guard/rules.h"

#include <pthread.h>
#include <stdatomic.h>

#define STRIPES	    32u /* all are held at once now and then; the thread sanitizer knows 64 */
#define NUMBERS_MAX (1u << 20) /* of a stripe */

struct called {
	char country[FRAUD_COUNTRY_BYTES];
	int32_t day; /* the last one on which it was called or permitted */
};

struct watched {
	char number[FRAUD_NUMBER_BYTES];
	int32_t day; /* that the next three are of */
	uint32_t told;
	int64_t spend_uyen, talk_ms;
	int64_t minute, attempts; /* of that minute since 1970 */
	int64_t suspended_at_ms, released_at_ms;
	int64_t value, limit;
	enum fraud_reason suspended_by;
	bool unsaved; /* a suspension that the store does not have yet */
	struct called *called;
	uint32_t called_count;
};

struct stripe {
	pthread_mutex_t lock;
	struct index *index; /* number -> row + 1 */
	struct watched *rows;
	uint32_t count, cap;
};

struct fraud {
	struct hash_key key;
	struct stripe stripes[STRIPES];
	struct fraud_rules rules;
	struct rating_book *book;
	_Atomic bool watches;
	_Atomic bool unsaved; /* some suspension is */
	_Atomic bool holds;   /* some number was suspended: that counts without rules too */
	/* Calls that ended since then are counted as they end; those before, of that day, by
	 * load.c. */
	_Atomic int64_t since_ms;
	/* load.c's, one thread at a time. */
	_Atomic bool load_due;
	_Atomic int64_t country_days_loaded;
};

/* Locks the number's stripe. */
struct stripe *fraud_lock(struct fraud *f, struct slice number);
void fraud_unlock(struct stripe *s);
void fraud_lock_all(struct fraud *f);
void fraud_unlock_all(struct fraud *f);
/* Made when it is not there; NULL: no memory. Stripe locked; lives as long as that. */
struct watched *fraud_row(struct fraud *f, struct stripe *s, struct slice number);
struct watched *fraud_find(struct fraud *f, struct stripe *s, struct slice number);
/* A new day begins with nothing. */
void fraud_turn(struct watched *w, int32_t day);
void fraud_note_country(struct watched *w, struct slice country, int32_t day);
/* Counts a call, whenever it ended, on the day it ended. Stripe locked. */
void fraud_count(struct fraud *f, struct watched *w, const struct fraud_call *c,
		 int64_t started_at_ms, int64_t ended_at_ms, int64_t talk_ms);
