#include "core/announcement.h"

#include "base/spell.h"

_Static_assert(CALL_CAUSES <= 64 * ANNOUNCE_OFF_WORDS, "announce_off has a bit for each cause");

int announcements_load(const char *folder, struct sounds **ret_sounds, char *ret_text,
		       size_t text_bytes)
{
	static const char *const spoken[] = {
		"digit_0", "digit_1", "digit_2", "digit_3", "digit_4",	   "digit_5",
		"digit_6", "digit_7", "digit_8", "digit_9", "digit_point",
	};
	const char *names[ANNOUNCEMENT_NAMES];
	for (uint32_t i = 0; i < ANNOUNCEMENT_NAMES; i++)
		names[i] = i < CALL_CAUSES ? call_cause_info((enum call_cause)i)->word
					   : spoken[i - CALL_CAUSES];
	struct sounds_params p = {folder, names, ANNOUNCEMENT_NAMES};
	return sounds_load(&p, ret_sounds, ret_text, text_bytes);
}

bool announcement_cause(struct slice word, uint32_t *ret_cause)
{
	for (uint32_t i = 0; i < CALL_CAUSES; i++) {
		if (!slice_eq(word, slice_str(call_cause_info((enum call_cause)i)->word)))
			continue;
		*ret_cause = i;
		return true;
	}
	return false;
}

const char *announcement_guess(struct slice word)
{
	for (uint32_t i = 0; i < CALL_CAUSES; i++) {
		const char *known = call_cause_info((enum call_cause)i)->word;
		if (spell_is_near(word, slice_str(known)))
			return known;
	}
	return NULL;
}
