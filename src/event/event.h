/*
 * event: the one stream of what happened. Rooms record typed events with the call, the number and
 * the values that decided; logs, ladders, call records, metrics and the doctor are readers of that
 * stream, and nothing logs on its own. Secrets (passwords, HA1, digest responses) are never events;
 * SIP messages are recorded with their Authorization "response" blanked by whoever records them.
 *
 * A producer (shard) fills a struct event on its stack and emits it into its ring (event/stream.h).
 * A reader gets it decoded, its slices pointing into the ring, or as the bytes that lie there.
 */
#pragma once

#include "base/slice.h"

/* name, text for logs, level: 0 trace, 1 information, 2 warning, 3 error. Files keep types (and
 * keys, below) by their number: new ones go to the end. */
#define EVENT_TABLE(X)                                                                             \
	X(SERVER_STARTED, "server started", 1)                                                     \
	X(SERVER_STOPPING, "server stopping", 1)                                                   \
	X(CONFIG_RELOADED, "configuration reloaded", 1)                                            \
	X(CONFIG_REFUSED, "configuration refused", 3)                                              \
	X(STORE_FAILED, "store failed", 3)                                                         \
	X(SIP_MESSAGE, "SIP message", 0)                                                           \
	X(SIP_REJECTED, "SIP message rejected", 2)                                                 \
	X(SIP_DROPPED, "SIP message dropped", 2)                                                   \
	X(OVERLOAD, "overload: new work refused", 2)                                               \
	X(TXN_TIMEOUT, "no answer to a request", 2)                                                \
	X(REGISTER_ACCEPTED, "registered", 1)                                                      \
	X(REGISTER_REFRESHED, "registration refreshed", 0)                                         \
	X(REGISTER_REMOVED, "registration removed by the phone", 1)                                \
	X(REGISTER_EXPIRED, "registration expired", 1)                                             \
	X(REGISTER_REPLACED, "registration replaced by another device", 2)                         \
	X(REGISTER_CHALLENGED, "credentials asked for", 0)                                         \
	X(REGISTER_REJECTED, "registration rejected", 2)                                           \
	X(KEEPALIVE, "keepalive", 0)                                                               \
	X(PHONE_UNREACHABLE, "phone does not answer pings", 2)                                     \
	X(PHONE_REACHABLE, "phone answers pings again", 1)                                         \
	X(CALL_STARTED, "call started", 1)                                                         \
	X(CALL_CHALLENGED, "call: credentials asked for", 0)                                       \
	X(CALL_REFUSED, "call refused", 1)                                                         \
	X(CALL_RINGING, "call ringing", 1)                                                         \
	X(CALL_ANSWERED, "call answered", 1)                                                       \
	X(CALL_CHANGED, "call changed (hold, codec, target)", 1)                                   \
	X(CALL_ENDED, "call ended", 1)                                                             \
	X(LEG_STARTED, "leg started", 0)                                                           \
	X(LEG_ENDED, "leg ended", 0)                                                               \
	X(MEDIA_LEARNED, "media source learned", 0)                                                \
	X(MEDIA_REFUSED, "media from a source that was refused", 2)                                \
	X(MEDIA_SILENT, "no media", 2)                                                             \
	X(PROVISIONED, "provisioning changed", 1)                                                  \
	X(EMPTY_CELL, "unexpected event ignored", 2)                                               \
	X(CALL_JUDGED, "dialled number judged", 0)                                                 \
	X(DESCRIPTORS_FEW, "too few descriptors for sip.calls_max", 2)                             \
	X(LOCATED, "host name looked up", 0)                                                       \
	X(LOCATE_FAILED, "host name not found", 2)                                                 \
	X(TARGET_FAILED, "no way by this address", 1)                                              \
	X(CALL_RESTORED, "call taken up again after a restart", 1)                                 \
	X(CALL_FILE_DAMAGED, "call file: something could not be read", 3)                          \
	X(CALLS_UNPROTECTED, "calls would not survive a crash", 3)                                 \
	X(CALLS_PROTECTED, "calls are kept again", 1)                                              \
	X(RECORDS_DELETED, "old call records deleted", 1)                                          \
	X(CALL_FORWARDED, "call forwarded", 1)                                                     \
	X(CALL_NOT_FORWARDED, "call cannot be forwarded", 2)                                       \
	X(CALL_SCREENED, "the called number does not take the call", 1)                            \
	X(CALL_TRANSFERRING, "call is being transferred", 1)                                       \
	X(CALL_TRANSFERRED, "call transferred", 1)                                                 \
	X(CALL_NOT_TRANSFERRED, "call cannot be transferred", 2)                                   \
	X(CALL_ANNOUNCED, "caller is told why", 1)                                                 \
	X(CALL_NOT_ANNOUNCED, "caller cannot be told why", 1)                                      \
	X(TRUNK_UP, "trunk is up", 1)                                                              \
	X(TRUNK_DOWN, "trunk is down", 3)                                                          \
	X(TRUNK_REGISTERED, "registered at the trunk", 1)                                          \
	X(TRUNK_UNREGISTERED, "registration at the trunk failed", 2)                               \
	X(TRUNK_PASSED_OVER, "the trunk does not take the call", 1)                                \
	X(SOURCE_UNKNOWN, "call from an address that is no trunk's, by nobody who is known", 2)    \
	X(FRAUD_SPEND, "fraud guard: the day's charges reached their limit", 2)                    \
	X(FRAUD_MINUTES, "fraud guard: the day's minutes reached their limit", 2)                  \
	X(FRAUD_RATE, "fraud guard: too many calls in a minute", 2)                                \
	X(FRAUD_NEW_COUNTRY, "fraud guard: call to a new country held", 2)                         \
	X(FRAUD_REFUSED, "fraud guard: call abroad refused, the number is suspended", 1)

enum event_type {
#define X(name, text, level) EVENT_##name,
	EVENT_TABLE(X)
#undef X
		EVENT_TYPES
};

/* name, key in JSON and logs, kind (TEXT, NUMBER) */
#define EVENT_KEY_TABLE(X)                                                                         \
	X(METHOD, "method", TEXT)                                                                  \
	X(CODE, "code", NUMBER)                                                                    \
	X(REASON, "reason", TEXT)                                                                  \
	X(DIRECTION, "direction", TEXT) /* "in", "out" as the server sees it */                    \
	X(TRANSPORT, "transport", TEXT)                                                            \
	X(LOCAL, "local", TEXT)                                                                    \
	X(REMOTE, "remote", TEXT)                                                                  \
	X(BYTES, "bytes", TEXT)                                                                    \
	X(CONTACT, "contact", TEXT)                                                                \
	X(USER_AGENT, "user_agent", TEXT)                                                          \
	X(EXPIRES_S, "expires_s", NUMBER)                                                          \
	X(CALL_ID, "call_id", TEXT)                                                                \
	X(FROM, "from", TEXT)                                                                      \
	X(TO, "to", TEXT)                                                                          \
	X(LEG, "leg", TEXT) /* "a", "b1", "b2", ... */                                             \
	X(KIND, "kind", TEXT)                                                                      \
	X(DETAIL, "detail", TEXT)                                                                  \
	X(COUNT, "count", NUMBER)                                                                  \
	X(DURATION_MS, "duration_ms", NUMBER)                                                      \
	X(OTHER, "other", TEXT)                                                                    \
	X(RULE, "rule", TEXT) /* what decided */                                                   \
	X(TRUNK, "trunk", TEXT)                                                                    \
	X(LIMIT, "limit", NUMBER)

enum event_key {
#define X(name, text, kind) EVENT_KEY_##name,
	EVENT_KEY_TABLE(X)
#undef X
		EVENT_KEYS
};

#define EVENT_FIELDS_MAX 12

struct event_field {
	enum event_key key;
	struct slice text; /* TEXT */
	int64_t number;	   /* NUMBER */
};

struct event {
	enum event_type type;
	uint16_t shard;
	int64_t wall_ms, mono_ms;
	uint64_t call;	     /* the call's uid, 0: none */
	struct slice number; /* IP phone number or account concerned; empty: none */
	uint32_t field_count;
	struct event_field fields[EVENT_FIELDS_MAX];
};

const char *event_name(enum event_type type); /* "CALL_STARTED" */
const char *event_text(enum event_type type); /* "call started" */
int event_level(enum event_type type);
const char *event_key_name(enum event_key key);
bool event_key_is_number(enum event_key key);

/* Add a field; a thirteenth is dropped. Texts are borrowed until event_stream_emit. */
void event_add_text(struct event *e, enum event_key key, struct slice text);
void event_add_number(struct event *e, enum event_key key, int64_t number);
/* The first field with that key, or NULL. */
const struct event_field *event_find(const struct event *e, enum event_key key);

/* Encoded form: what the ring and files hold. ret_n: bytes written. 0 or ERR_TOO_BIG. */
int event_encode(const struct event *e, char *dst, size_t cap_bytes, size_t *ret_n);
/* Slices of *ret_event point into bytes. 0 or ERR_DAMAGED. Unknown keys are skipped. */
int event_decode(struct slice bytes, struct event *ret_event);

/* An encoded event, and what most readers choose by. */
struct event_bytes {
	enum event_type type;
	uint64_t call;
	struct slice bytes;
};
/* 0 or ERR_DAMAGED: no event begins so. The rest is not looked at. */
int event_peek(struct slice bytes, struct event_bytes *ret_event);

/* One log line, "2026-11-24T20:41:07.123Z info call answered call=0190.. number=050.. code=200",
 * without newline. Never writes control characters raw. Returns what was written to buf (cut at
 * cap_bytes). */
struct slice event_log_line(const struct event *e, char *buf, size_t cap_bytes);
