/*
 * cause: why a call was refused or ended, once for everyone: the SIP code and Q.850 cause that the
 * phone gets (RFC 3326), the stable word in records, and the sentence for people. (service
 * "Outgoing calls", last table)
 */
#pragma once

#include "base/slice.h"

/* name, SIP code, Q.850 cause, word, sentence */
#define CALL_CAUSE_TABLE(X)                                                                        \
	X(NORMAL, 200, 16, "normal", "The call was ended normally")                                \
	X(UNALLOCATED, 404, 1, "unallocated_number", "This number is not in use")                  \
	X(EMERGENCY, 403, 21, "emergency_not_available",                                           \
	  "Emergency numbers (110, 118, 119) cannot be called from this line; use a mobile or "    \
	  "fixed phone")                                                                           \
	X(SUSPENDED, 403, 21, "number_suspended", "This number is suspended")                      \
	X(INCOMPLETE, 484, 28, "incomplete_number", "The dialled number is incomplete")            \
	X(NO_CHANNEL, 503, 34, "channel_limit", "All channels of this number are in use")          \
	X(NOT_REGISTERED, 480, 20, "not_registered", "The called phone is not registered")         \
	X(BUSY, 486, 17, "busy", "The called party is busy")                                       \
	X(DECLINED, 603, 21, "declined", "The called party declined the call")                     \
	X(NO_ANSWER, 480, 19, "no_answer", "The called party did not answer")                      \
	X(NO_RESPONSE, 480, 18, "phone_not_responding", "The called phone does not respond")       \
	X(REDIRECTED, 480, 23, "redirected",                                                       \
	  "The called phone redirected the call; redirection is not allowed")                      \
	X(PHONE_REFUSED, 480, 31, "refused_by_phone", "The called phone refused the call")         \
	X(NO_TRUNK, 503, 38, "no_trunk", "No way to the telephone network is available")           \
	X(CANCELLED, 487, 16, "cancelled", "The caller hung up before the call was answered")      \
	X(SIGNALLING_LOST, 408, 102, "signalling_lost",                                            \
	  "A phone stopped answering during the call")                                             \
	X(MEDIA_SILENT, 408, 102, "media_timeout", "No sound arrived from either side")            \
	X(OPERATOR, 480, 16, "ended_by_operator", "The call was ended by the operator")            \
	X(SHUTDOWN, 503, 41, "server_stopping",                                                    \
	  "The server is being restarted; please call again")                                      \
	X(OVERLOAD, 503, 42, "overload", "The server is busy; please call again")                  \
	X(NO_MEDIA_PORT, 503, 47, "no_media_port", "No media port is free")                        \
	X(BAD_OFFER, 488, 88, "bad_session_description", "The session description cannot be used") \
	X(TOO_LONG, 513, 95, "message_too_long", "A header of the message is too long")            \
	X(ELSEWHERE, 200, 26, "answered_elsewhere", "The call was answered by another phone")      \
	X(LOOP, 483, 25, "too_many_hops", "The call went through too many hops")                   \
	X(NO_ADDRESS, 480, 18, "phone_address_not_found",                                          \
	  "The host name of the called phone could not be looked up")

enum call_cause {
#define X(name, code, q850, word, text) CAUSE_##name,
	CALL_CAUSE_TABLE(X)
#undef X
		CALL_CAUSES
};

struct call_cause_info {
	int sip_code, q850;
	const char *word, *text;
};

const struct call_cause_info *call_cause_info(enum call_cause cause);

/* What a final response of a called phone (300..699) means for the caller: the cause, and the code
 * to pass on (its own where that makes sense for a caller, e.g. 404 or 488 of a phone; never a
 * challenge or a redirection). */
enum call_cause call_cause_of_response(int code, int *ret_code);
