/* What the reading and the writing half of the room share. */
#pragma once

#include "sdp/sdp.h"

/* One line "t=value", without its line end. */
struct sdp_line {
	char type;
	struct slice value;
	const char *start; /* the type letter */
};

/* Cuts the next line off *rest, blank ones skipped. 1; 0 at the end, where one character may be
 * left of a line; ERR_SYNTAX: not "letter=value", or a NUL or lone CR inside, which another reader
 * might take for a line end. */
int sdp_line_next(struct slice *rest, struct sdp_line *ret_line);

/* Cuts the next word off *rest at blanks; empty at the end. */
struct slice sdp_word(struct slice *rest);

/* "name:value" or "name" (then value is SLICE_NONE). */
void sdp_attribute_split(struct slice text, struct slice *ret_name, struct slice *ret_value);

/* "192.0.2.1", or "IN IP4 192.0.2.1/127" as c= and a=rtcp have it. 0 or ERR_SYNTAX (also for a host
 * name). */
int sdp_connection_parse(struct slice text, struct addr *ret_addr);

bool sdp_is_rtp(enum sdp_proto proto);

/* "0 8 101" -> payload types with what RFC 3551 says of the static ones; what is not a payload type
 * is passed over. */
void sdp_formats_parse(struct sdp_stream *stream);
/* "101 telephone-event/8000" */
void sdp_rtpmap_apply(struct sdp_stream *stream, struct slice value);

/* Must this attribute not reach the other phone? Addresses beside ours, ICE, BUNDLE; a=rtcp is
 * written anew. */
bool sdp_attribute_is_dropped(struct slice text);
