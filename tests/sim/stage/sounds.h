/* sounds: what the simulated server plays: the tones, and files that are told apart by their
 * length: ja/number_suspended 1 s, en/number_suspended 2 s, en/digit_N and en/digit_point 1 s each.
 */
#pragma once

#include "core/announcement.h"

/* Made once, kept to the end of the program. */
const struct sounds *sounds_of_stage(void);
