/*
 * dial: what a subscriber dialled, made into one canonical national number. Pure. (service
 * "Outgoing calls") Full-width digits, hyphens of every kind, spaces, brackets, dots, "tel:", "+81"
 * and "010-81" are undone; 184/186 are stripped and reported.
 */
#pragma once

#include "base/slice.h"

#define DIAL_BYTES 40

enum dial_presentation { DIAL_DEFAULT, DIAL_WITHHOLD /* 184 */, DIAL_PRESENT /* 186 */ };

struct dialled {
	char digits[DIAL_BYTES]; /* "05010000014", "*43", "0120..."; international: "010" + country
				    code + number */
	enum dial_presentation presentation;
};

/* user: the user part of the Request-URI, already unescaped (UTF-8). 0; ERR_SYNTAX: nothing that
 * can be dialled. */
int dial_normalise(struct slice user, struct dialled *ret_dialled);

/* Only what is written, as the characters that are dialled: full-width forms made plain, hyphens,
 * spaces, brackets and dots left out. Digits, "*", "#", and "+" in front. 0 or ERR_SYNTAX (another
 * character, nothing, too long). */
int dial_digits(struct slice text, char *ret_digits, size_t bytes);
