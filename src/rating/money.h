/*
 * money: amounts in millionths of a yen ("uyen"), so that 0.8 yen a second stays exact. Pure.
 */
#pragma once

#include "base/slice.h"

#define UYEN_PER_YEN  ((int64_t)1000000)
#define MONEY_YEN_MAX 1000000 /* of one price */
#define MONEY_CHARS   32

/* "8", "0.8", "17.5": not negative, up to six decimals, at most MONEY_YEN_MAX. 0, ERR_SYNTAX or
 * ERR_LIMIT. */
int money_parse(struct slice text, int64_t *ret_uyen);
/* Without zeroes that say nothing: "8", "0.8". */
void money_text(int64_t uyen, char ret_text[MONEY_CHARS]);
