/* What the tests of this room share: messages from text, and slices compared with text. */
#pragma once

#include "base/err.h"
#include "sip/build.h"
#include "sip/sip_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

/* Text of a literal that may hold NULs. */
#define BYTES(literal) slice_of((literal), sizeof(literal) - 1)

/* A message and all that its slices point into. */
struct parsed {
	struct sip_msg msg;
	int rc;
	struct arena arena;
	char *bytes;
	_Alignas(16) char memory[SIP_HEADERS_MAX * sizeof(struct sip_header) + 64];
};

/* The bytes are copied to memory of exactly that size: a sanitizer sees one byte too far. */
static inline struct sip_msg *parse_bytes(struct parsed *p, struct slice bytes)
{
	p->bytes = malloc(bytes.n ? bytes.n : 1);
	assert_non_null(p->bytes);
	if (bytes.n)
		memcpy(p->bytes, bytes.p, bytes.n);
	arena_init(&p->arena, p->memory, sizeof(p->memory));
	p->rc = sip_msg_parse(slice_of(p->bytes, bytes.n), &p->arena, &p->msg);
	return &p->msg;
}

static inline void parsed_fini(struct parsed *p)
{
	free(p->bytes);
}

/* NULL stands for an absent slice. */
static inline void check_slice(struct slice got, const char *want, const char *of)
{
	if (want == NULL ? got.p == NULL : got.p && slice_eq(got, slice_str(want)))
		return;
	fail_msg("%s: got %s\"%.*s\", want \"%s\"", of, got.p ? "" : "absent ", SLICE_ARG(got),
		 want ? want : "(absent)");
}

static inline void check_number(long long got, long long want, const char *of)
{
	if (got != want)
		fail_msg("%s: got %lld, want %lld", of, got, want);
}

/* The five headers that every message has, and what stands around them. */
#define VIA	"Via: SIP/2.0/UDP 192.0.2.9:5062;rport;branch=z9hG4bKa\r\n"
#define PARTIES "From: \"Alice\" <sip:100@example.jp>;tag=at\r\nTo: <sip:200@example.jp>\r\n"
#define REST	"Call-ID: c1@host\r\nCSeq: 7 OPTIONS\r\n"
#define OPTIONS "OPTIONS sip:200@example.jp SIP/2.0\r\n"
#define HEAD	OPTIONS VIA PARTIES REST
#define EMPTY	"Content-Length: 0\r\n\r\n"

/* The first header of that very name, as a stranger's is called; p == NULL: none. */
static inline struct slice header_named(const struct sip_msg *msg, const char *name)
{
	for (uint32_t i = 0; i < msg->header_count; i++) {
		if (slice_ieq(msg->headers[i].name, slice_str(name)))
			return msg->headers[i].value;
	}
	return SLICE_NONE;
}
