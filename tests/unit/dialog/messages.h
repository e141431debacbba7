/* Messages for the tests of dialogs: parsed from text, with a chosen set of further headers. */
#pragma once

#include "base/err.h"
#include "dialog/dialog.h"
#include "sip/value.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct parsed {
	struct sip_msg msg;
	struct arena arena;
	char bytes[8192];
	char memory[32768];
};

static inline const struct sip_msg *parse(struct parsed *p, const char *text)
{
	size_t n = strlen(text);

	assert_true(n < sizeof(p->bytes));
	memcpy(p->bytes, text, n);
	arena_init(&p->arena, p->memory, sizeof(p->memory));
	assert_int_equal(sip_msg_parse(slice_of(p->bytes, n), &p->arena, &p->msg), 0);
	return &p->msg;
}

/* first: a start line; more: header lines with their CRLF. */
static inline const struct sip_msg *parse_with(struct parsed *p, const char *first,
					       const char *from, const char *to, const char *cseq,
					       const char *more)
{
	char text[8192];

	snprintf(text, sizeof(text),
		 "%s\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa\r\nFrom: %s\r\nTo: %s\r\n"
		 "Call-ID: c1@host\r\nCSeq: %s\r\n%sContent-Length: 0\r\n\r\n",
		 first, from, to, cseq, more);
	return parse(p, text);
}

/* A dialog without texts yet; its memory serves another one after 64 more. */
static inline struct dialog empty(void)
{
	static char memory[64][DIALOG_TEXT_BYTES];
	static unsigned at;
	struct dialog d;

	dialog_init_in(&d, memory[at++ % 64], DIALOG_TEXT_BYTES);
	return d;
}

#define INVITE		      "INVITE sip:200@192.0.2.1 SIP/2.0"
#define ALICE		      "\"Alice\" <sip:100@example.jp>"
#define BOB		      "<sip:200@example.jp>"
#define CONTACT		      "Contact: <sip:100@192.0.2.9:5062;ob>\r\n"
#define PARSE_INVITE(p, more) parse_with(p, INVITE, ALICE ";tag=at", BOB, "7 INVITE", more)

#define assert_text(d, which, text) assert_slice(dialog_text(d, which), text)

static inline void assert_slice(struct slice got, const char *text)
{
	char copy[4096];

	assert_int_equal(slice_copy(got, copy, sizeof(copy)), 0);
	assert_string_equal(copy, text);
}
