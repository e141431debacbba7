/*
 * announcement: what callers may be told by a file of the operator, and under which name: for each
 * cause of a refusal that can be heard its word (call/cause.h: "busy", "emergency_not_available"),
 * the digits in which the quality test speaks ("digit_0" to "digit_9", "digit_point"), and
 * "forwarding" for a call that is being forwarded.
 */
#pragma once

#include "call/cause.h"
#include "core/params.h"
#include "media/sounds.h"

/* Places of names in the snapshot; a cause's is the cause itself. */
#define ANNOUNCEMENT_DIGIT(d)	((uint32_t)CALL_CAUSES + (uint32_t)(d))
#define ANNOUNCEMENT_POINT	ANNOUNCEMENT_DIGIT(10)
#define ANNOUNCEMENT_FORWARDING (ANNOUNCEMENT_POINT + 1)
#define ANNOUNCEMENT_NAMES	(ANNOUNCEMENT_FORWARDING + 1)

/* As sounds_load, for a folder of these names; "": the tones only. */
int announcements_load(const char *folder, struct sounds **ret_sounds, char *ret_text,
		       size_t text_bytes);

/* May a refusal for this cause be heard? Not those that end a call which was set up already, nor
 * where the server is at its limits or the media themselves are at fault. */
bool announcement_speakable(enum call_cause cause);
/* The cause with that word that may be heard. False: there is none. */
bool announcement_cause(struct slice word, uint32_t *ret_cause);
/* The word of one that is spelt like it; NULL. */
const char *announcement_guess(struct slice word);
