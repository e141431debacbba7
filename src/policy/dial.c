#include "policy/dial.h"

#include "base/err.h"

#include <string.h>

/* What people write between and around digits, and full-width forms of what they dial: UTF-8 -> one
 * character, or 0 to be left out. */
static const struct {
	const char *utf8;
	char means;
} forms[] = {
	{"\xef\xbc\x8b", '+'},
	{"\xef\xbc\x8a", '*'},
	{"\xef\xbc\x83", '#'},
	{"-", 0},
	{" ", 0},
	{"(", 0},
	{")", 0},
	{".", 0},
	{"\xe2\x80\x90", 0},
	{"\xe2\x80\x91", 0},
	{"\xe2\x80\x92", 0},
	{"\xe2\x80\x93", 0},
	{"\xe2\x80\x94", 0},
	{"\xe2\x80\x95", 0},
	{"\xe2\x88\x92", 0},
	{"\xef\xbc\x8d", 0},
	{"\xe3\x83\xbc", 0},
	{"\xe3\x80\x80", 0},
	{"\xef\xbc\x88", 0},
	{"\xef\xbc\x89", 0},
	{"\xef\xbd\xb0", 0},
	{"\xc2\xa0", 0},
	{"\xef\xbc\x8e", 0},
};

/* U+FF10..U+FF19 */
static bool full_width_digit(struct slice s, char *ret_digit)
{
	if (s.n < 3 || memcmp(s.p, "\xef\xbc", 2) != 0)
		return false;
	unsigned char c = (unsigned char)s.p[2];
	if (c < 0x90 || c > 0x99)
		return false;
	*ret_digit = (char)('0' + (c - 0x90));
	return true;
}

/* One character at the front of s: its length, and what it means (0: nothing). 0: it cannot be
 * dialled. */
static size_t one(struct slice s, char *ret_means)
{
	if ((s.p[0] >= '0' && s.p[0] <= '9') || strchr("*#+", s.p[0])) {
		*ret_means = s.p[0];
		return 1;
	}
	if (full_width_digit(s, ret_means))
		return 3;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (slice_starts(s, slice_str(forms[i].utf8))) {
			*ret_means = forms[i].means;
			return strlen(forms[i].utf8);
		}
	}
	return 0;
}

/* "184" and "186", also several. */
static bool only_presentation(const char *digits, size_t n)
{
	for (; n >= 3; digits += 3, n -= 3) {
		if (memcmp(digits, "184", 3) != 0 && memcmp(digits, "186", 3) != 0)
			return false;
	}
	return n == 0;
}

int dial_digits(struct slice user, char *out, size_t out_bytes)
{
	size_t n = 0;
	while (user.n) {
		char means = 0;
		size_t used = *user.p ? one(user, &means) : 0;
		if (used == 0 || (means == '+' && !only_presentation(out, n)))
			return ERR_SYNTAX;
		user = slice_from(user, used);
		if (means == 0)
			continue;
		if (n + 1 >= out_bytes)
			return ERR_SYNTAX;
		out[n++] = means;
	}
	out[n] = '\0';
	return n ? 0 : ERR_SYNTAX;
}

/* 184 and 186 stand before a number; alone they are none. Who says both wants to be withheld. */
static const char *strip_presentation(const char *digits, enum dial_presentation *ret_presentation)
{
	*ret_presentation = DIAL_DEFAULT;
	while (digits[0] == '1' && digits[1] == '8' && (digits[2] == '4' || digits[2] == '6') &&
	       digits[3]) {
		if (digits[2] == '4')
			*ret_presentation = DIAL_WITHHOLD;
		else if (*ret_presentation == DIAL_DEFAULT)
			*ret_presentation = DIAL_PRESENT;
		digits += 3;
	}
	return digits;
}

/*
 * +81 and 010 81 lead home: 0 and the national number, whose own leading 0 some people write too.
 * What that gives may be such a form again ("010 81 010 81 ..."): until it is none, so that every
 * spelling of a number is judged as the same.
 */
static void national(const char *digits, char *out)
{
	if (digits[0] == '+') {
		memcpy(out, "010", 3);
		strcpy(out + 3, digits + 1);
	} else {
		strcpy(out, digits);
	}
	while (strncmp(out, "01081", 5) == 0) {
		const char *rest = out + 5 + (out[5] == '0');
		memmove(out + 1, rest, strlen(rest) + 1);
	}
}

int dial_normalise(struct slice user, struct dialled *ret_dialled)
{
	char digits[DIAL_BYTES - 4]; /* "+" becomes "010" */
	struct dialled d = {0};
	if (slice_istarts(user, SLICE("tel:")))
		user = slice_from(user, 4);
	user = slice_first(user, slice_find(user, ';'));
	int err = dial_digits(user, digits, sizeof(digits));
	if (err)
		return err;
	national(strip_presentation(digits, &d.presentation), d.digits);
	*ret_dialled = d;
	return 0;
}
