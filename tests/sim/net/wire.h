/*
 * wire: reading SIP text the plain way, for phones, patterns and ladders. It shares nothing with
 * src/sip on purpose: what the server writes is judged by another reader than the server's own.
 * Slices in, slices out; no header is folded here because OpenGate never writes one folded.
 */
#pragma once

#include "base/slice.h"

struct wire_msg {
	struct slice raw, start, head, body; /* head: the header lines */
	bool is_request;
	int code;	     /* response */
	struct slice method; /* of the request, or of the response's CSeq */
	struct slice uri;    /* request */
};

/* False: not SIP. */
bool wire_read(struct slice raw, struct wire_msg *ret_msg);

/* The digits at the front of it; 0: none. */
uint64_t wire_number(struct slice s);
/* The nth header (0: the first) of that name, compact form or full, trimmed; p == NULL: there is
 * none. */
struct slice wire_header(const struct wire_msg *m, const char *name, uint32_t nth);
uint32_t wire_header_count(const struct wire_msg *m, const char *name);
/* The number before the method in CSeq. */
uint32_t wire_cseq(const struct wire_msg *m);
/* The letter that stands for a header; 0: there is none. */
char wire_compact(struct slice name);

/* Of a name-addr: what stands in <>, or everything before the first ';'. */
struct slice wire_uri(struct slice value);
/* ";tag=x" behind the URI: "x". p == NULL: absent; a flag is present and empty. Quotes are taken
 * off. */
struct slice wire_param(struct slice value, const char *name);
/* 'key="value"' or 'key=value' in a comma-separated list (WWW-Authenticate). */
struct slice wire_auth_param(struct slice value, const char *name);

/*
 * Patterns, alternatives divided by '|':
 *   INVITE      a request           200         a response
 *   4xx         any of its class    200/INVITE  a response to that method
 *   request, response, any          rtp, rtcp   media (by its first two bytes)
 */
bool wire_matches(const char *pattern, const struct wire_msg *m);
/* The same for bytes of any kind. */
bool wire_bytes_match(const char *pattern, struct slice bytes);
