/* Why there is no number, and the words of struct trunk_state. */
#include "trunk/trunk.h"

static const char *const texts[] = {[TRUNK_SHOWN] = "Anonymous",
#define X(name, text) [TRUNK_WITHHELD_##name] = text,
				    TRUNK_WITHHELD_TABLE(X)
#undef X
};

const char *trunk_withheld_text(enum trunk_withheld w)
{
	return texts[w < TRUNK_WITHHELDS ? w : TRUNK_SHOWN];
}

enum trunk_withheld trunk_withheld_of(struct slice display)
{
	for (int i = TRUNK_SHOWN + 1; i < TRUNK_WITHHELDS; i++) {
		if (slice_ieq(display, slice_str(texts[i])))
			return (enum trunk_withheld)i;
	}
	return TRUNK_WITHHELD_USER;
}

const char *trunk_why_word(enum trunk_why why)
{
	static const char *const words[] = {
#define X(name, word) word,
		TRUNK_WHY_TABLE(X)
#undef X
	};
	return words[why];
}

const char *trunk_registration_word(enum trunk_registration r)
{
	static const char *const words[] = {
#define X(name, word) word,
		TRUNK_REGISTRATION_TABLE(X)
#undef X
	};
	return words[r];
}
