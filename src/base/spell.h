/* Which known word somebody meant who wrote another one. */
#pragma once

#include "base/slice.h"

#define SPELL_CHARS 32

/* Letters to change, insert, remove or swap to make one word of the other (optimal string
 * alignment); SPELL_CHARS when either is longer than that. */
unsigned spell_distance(struct slice a, struct slice b);

/* True when a slip of the finger makes `wrong` of `right`: one letter, and one more for every four.
 */
static inline bool spell_is_near(struct slice wrong, struct slice right)
{
	return spell_distance(wrong, right) <= 1 + right.n / 4;
}
