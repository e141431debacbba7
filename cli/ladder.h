/*
 * ladder: a call's trace as a picture for a terminal of 100 columns: who said what when, caller and
 * callee on either side of the server, under each offer and answer what it says about media, and
 * between the messages what became of the call. Plain ASCII, so that it stays aligned in every
 * terminal and font.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define MESSAGE_TEXT_BYTES 128
#define MESSAGE_MEDIA_MAX  4

/* A SIP message in a few words. */
struct message_words {
	char what[MESSAGE_TEXT_BYTES];			   /* "INVITE", "200 OK", "200 OK (BYE)" */
	char media[MESSAGE_MEDIA_MAX][MESSAGE_TEXT_BYTES]; /* "audio 192.0.2.1:4000 PCMU PCMA" */
	unsigned media_count;
};
void message_read(const char *bytes, struct message_words *ret_words);
/* The value of a header, by its long or its compact name, at most n - 1 bytes of it; "" without. */
void message_header(const char *bytes, const char *name, const char *compact, char *out, size_t n);

/* color: with escape sequences. */
void print_ladder(FILE *to, const json_t *trace, bool color);
