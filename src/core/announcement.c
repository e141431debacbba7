#include "core/announcement.h"

#include "base/spell.h"

_Static_assert(CALL_CAUSES <= 64 * ANNOUNCE_OFF_WORDS, "announce_off has a bit for each cause");

bool announcement_speakable(enum call_cause cause)
{
	switch (cause) {
	case CAUSE_NORMAL:
	case CAUSE_CANCELLED:
	case CAUSE_ELSEWHERE:
	case CAUSE_SIGNALLING_LOST:
	case CAUSE_MEDIA_SILENT:
	case CAUSE_SESSION_EXPIRED:
	case CAUSE_OPERATOR:
	case CAUSE_SHUTDOWN:
	case CAUSE_RESTARTED:
	case CAUSE_OUTAGE:
	case CAUSE_OVERLOAD:
	case CAUSE_NO_MEDIA_PORT:
	case CAUSE_BAD_OFFER:
	case CAUSE_NO_PRACK:
	case CAUSE_TOO_LONG:
		return false;
	default:
		return cause < CALL_CAUSES;
	}
}

/* "": nobody can hear it. */
static const char *name_of(uint32_t cause)
{
	return announcement_speakable((enum call_cause)cause)
		       ? call_cause_info((enum call_cause)cause)->word
		       : "";
}

int announcements_load(const char *folder, struct sounds **ret_sounds, char *ret_text,
		       size_t text_bytes)
{
	static const char *const spoken[] = {
		"digit_0", "digit_1", "digit_2", "digit_3", "digit_4",	   "digit_5",
		"digit_6", "digit_7", "digit_8", "digit_9", "digit_point", "forwarding",
	};
	const char *names[ANNOUNCEMENT_NAMES];
	for (uint32_t i = 0; i < ANNOUNCEMENT_NAMES; i++)
		names[i] = i < CALL_CAUSES ? name_of(i) : spoken[i - CALL_CAUSES];
	struct sounds_params p = {folder, names, ANNOUNCEMENT_NAMES};
	return sounds_load(&p, ret_sounds, ret_text, text_bytes);
}

bool announcement_cause(struct slice word, uint32_t *ret_cause)
{
	for (uint32_t i = 0; i < CALL_CAUSES; i++) {
		if (word.n == 0 || !slice_eq(word, slice_str(name_of(i))))
			continue;
		*ret_cause = i;
		return true;
	}
	return false;
}

const char *announcement_guess(struct slice word)
{
	for (uint32_t i = 0; i < CALL_CAUSES; i++) {
		if (*name_of(i) && spell_is_near(word, slice_str(name_of(i))))
			return name_of(i);
	}
	return NULL;
}
