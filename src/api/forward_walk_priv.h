/* A simulated call on its way from number to number: shared by forward_simulate.c and
 * forward_kinds.c. */
#pragma once

#include "api/api_priv.h"
#include "core/judge.h"

#define SAID_BYTES 512

/* How the called telephone is taken to behave. */
enum phone_state {
	PHONE_REGISTERED, /* and free */
	PHONE_BUSY,
	PHONE_NO_ANSWER,
	PHONE_UNREGISTERED,
	PHONE_STATES
};
extern const char *const walk_state_words[PHONE_STATES];

struct walk {
	struct request *r;
	json_t *steps; /* r->json owns it */
	int64_t now_ms;
	bool assumed; /* the state of the first number was given */
	enum phone_state state;
	enum forward_kind kind;		 /* by which the present number forwards it */
	char caller[STORE_NUMBER_BYTES]; /* of ours; else "" */
	/* those that the call has come to, the present one last */
	struct directory_number passed[FORWARD_TIMES_MAX + 1];
	uint32_t passed_count;
};

static inline const struct directory_number *walk_here(const struct walk *w)
{
	return &w->passed[w->passed_count - 1];
}

/* A sentence in both languages. */
struct said {
	char en[SAID_BYTES], ja[SAID_BYTES];
};

/* Appends what was found at the present number; the step is the walk's, to add members to;
 * NULL where memory ran out, which takes members as well. */
json_t *walk_step(struct walk *w, const char *word, const struct said *said);
/* Sets the state, as it is now or as it was given for the first number. */
void walk_look_at_phones(struct walk *w, bool first);
/* False: none applies. Those that are on and do not apply are told with their reasons. */
bool walk_choose_kind(struct walk *w, const struct forward_settings *f,
		      enum forward_kind *ret_kind);
