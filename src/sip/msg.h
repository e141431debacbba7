/*
 * sip: SIP messages as values (RFC 3261 §7, §25). Bytes in, slices out; values in, bytes out. No
 * I/O, no state, no clock.
 *
 * A datagram (or a framed piece of a stream) is parsed once, in place: the start line, then a table
 * of headers whose values point into the datagram; folded values are unfolded by writing spaces
 * over CR, LF. What every room needs of every message (top Via, From/To tags, Call-ID, CSeq) is
 * parsed at once; the rest when somebody asks.
 *
 * A message that cannot be understood yields a fault: the 4xx/5xx code and a sentence for the
 * Reason/Warning. When it is a request with a Via, `answerable` is true and the fault can be sent
 * as a response: of the headers that a response copies, those that are there.
 */
#pragma once

#include "base/addr.h"
#include "base/arena.h"
#include "base/slice.h"

#define SIP_MESSAGE_BYTES_MAX 65535
#define SIP_HEADERS_MAX	      256

/* clang-format off */
#define SIP_METHOD_TABLE(X)                                                                \
	X(INVITE) X(ACK) X(BYE) X(CANCEL) X(REGISTER) X(OPTIONS) X(INFO) X(MESSAGE) X(PRACK) \
	X(UPDATE) X(SUBSCRIBE) X(NOTIFY) X(REFER) X(PUBLISH)
/* clang-format on */

enum sip_method {
#define X(name) SIP_##name,
	SIP_METHOD_TABLE(X)
#undef X
		SIP_METHOD_OTHER
};

/* enum, full name, compact form or 0, the value is a comma-separated list */
#define SIP_HEADER_TABLE(X)                                                                        \
	X(VIA, "Via", 'v', 1)                                                                      \
	X(FROM, "From", 'f', 0)                                                                    \
	X(TO, "To", 't', 0)                                                                        \
	X(CALL_ID, "Call-ID", 'i', 0)                                                              \
	X(CSEQ, "CSeq", 0, 0)                                                                      \
	X(CONTACT, "Contact", 'm', 1)                                                              \
	X(MAX_FORWARDS, "Max-Forwards", 0, 0)                                                      \
	X(ROUTE, "Route", 0, 1)                                                                    \
	X(RECORD_ROUTE, "Record-Route", 0, 1)                                                      \
	X(PATH, "Path", 0, 1)                                                                      \
	X(SERVICE_ROUTE, "Service-Route", 0, 1)                                                    \
	X(REQUIRE, "Require", 0, 1)                                                                \
	X(PROXY_REQUIRE, "Proxy-Require", 0, 1)                                                    \
	X(SUPPORTED, "Supported", 'k', 1)                                                          \
	X(UNSUPPORTED, "Unsupported", 0, 1)                                                        \
	X(ALLOW, "Allow", 0, 1)                                                                    \
	X(ALLOW_EVENTS, "Allow-Events", 'u', 1)                                                    \
	X(ACCEPT, "Accept", 0, 1)                                                                  \
	X(ACCEPT_ENCODING, "Accept-Encoding", 0, 1)                                                \
	X(ACCEPT_LANGUAGE, "Accept-Language", 0, 1)                                                \
	X(EXPIRES, "Expires", 0, 0)                                                                \
	X(MIN_EXPIRES, "Min-Expires", 0, 0)                                                        \
	X(AUTHORIZATION, "Authorization", 0, 0)                                                    \
	X(PROXY_AUTHORIZATION, "Proxy-Authorization", 0, 0)                                        \
	X(WWW_AUTHENTICATE, "WWW-Authenticate", 0, 0)                                              \
	X(PROXY_AUTHENTICATE, "Proxy-Authenticate", 0, 0)                                          \
	X(AUTHENTICATION_INFO, "Authentication-Info", 0, 0)                                        \
	X(CONTENT_TYPE, "Content-Type", 'c', 0)                                                    \
	X(CONTENT_LENGTH, "Content-Length", 'l', 0)                                                \
	X(CONTENT_ENCODING, "Content-Encoding", 'e', 1)                                            \
	X(CONTENT_DISPOSITION, "Content-Disposition", 0, 0)                                        \
	X(MIME_VERSION, "MIME-Version", 0, 0)                                                      \
	X(USER_AGENT, "User-Agent", 0, 0)                                                          \
	X(SERVER, "Server", 0, 0)                                                                  \
	X(SUBJECT, "Subject", 's', 0)                                                              \
	X(DATE, "Date", 0, 0)                                                                      \
	X(TIMESTAMP, "Timestamp", 0, 0)                                                            \
	X(REASON, "Reason", 0, 1)                                                                  \
	X(WARNING, "Warning", 0, 1)                                                                \
	X(RETRY_AFTER, "Retry-After", 0, 0)                                                        \
	X(SESSION_EXPIRES, "Session-Expires", 'x', 0)                                              \
	X(MIN_SE, "Min-SE", 0, 0)                                                                  \
	X(RSEQ, "RSeq", 0, 0)                                                                      \
	X(RACK, "RAck", 0, 0)                                                                      \
	X(EVENT, "Event", 'o', 0)                                                                  \
	X(SUBSCRIPTION_STATE, "Subscription-State", 0, 0)                                          \
	X(REFER_TO, "Refer-To", 'r', 0)                                                            \
	X(REFERRED_BY, "Referred-By", 'b', 0)                                                      \
	X(REPLACES, "Replaces", 0, 0)                                                              \
	X(REFER_SUB, "Refer-Sub", 0, 0)                                                            \
	X(HISTORY_INFO, "History-Info", 0, 1)                                                      \
	X(DIVERSION, "Diversion", 0, 1)                                                            \
	X(P_ASSERTED_IDENTITY, "P-Asserted-Identity", 0, 1)                                        \
	X(P_PREFERRED_IDENTITY, "P-Preferred-Identity", 0, 1)                                      \
	X(P_CALLED_PARTY_ID, "P-Called-Party-ID", 0, 0)                                            \
	X(PRIVACY, "Privacy", 0, 0)                                                                \
	X(INFO_PACKAGE, "Info-Package", 0, 0)                                                      \
	X(ALERT_INFO, "Alert-Info", 0, 1)                                                          \
	X(FLOW_TIMER, "Flow-Timer", 0, 0)

enum sip_header_kind {
#define X(name, text, compact, list) SIP_HDR_##name,
	SIP_HEADER_TABLE(X)
#undef X
		SIP_HDR_OTHER
};

enum sip_transport { SIP_UDP, SIP_TCP, SIP_TLS, SIP_WS, SIP_WSS, SIP_TRANSPORT_OTHER };

struct sip_header {
	enum sip_header_kind kind;
	struct slice name;  /* as it came */
	struct slice value; /* trimmed, unfolded */
};

/* RFC 3261 §19.1; also tel: (RFC 3966), whose number is `user` and whose host is empty. */
enum sip_scheme { SIP_SCHEME_SIP, SIP_SCHEME_SIPS, SIP_SCHEME_TEL, SIP_SCHEME_OTHER };
struct sip_uri {
	enum sip_scheme scheme;
	struct slice user;     /* still escaped; p == NULL when there is none */
	struct slice password; /* still escaped */
	struct slice host;     /* IPv6 without its brackets */
	uint16_t port;	       /* 0: none given */
	struct slice params;   /* ";a=b;c", without the first ';' */
	struct slice headers;  /* without the '?' */
};

/* From, To, Contact, Route, Refer-To, ...: display name, URI, header parameters. */
struct sip_nameaddr {
	struct slice display; /* without quotes, escapes kept; empty when none */
	struct slice uri_text;
	struct sip_uri uri;
	struct slice params; /* header parameters, without the first ';' */
	bool star;	     /* "*": Contact only */
};

struct sip_via {
	enum sip_transport transport;
	struct slice transport_text;
	struct slice host;
	uint16_t port; /* 0: none given */
	struct slice branch, received;
	bool rport_asked; /* ";rport" without a value (RFC 3581) */
	uint16_t rport;	  /* its value, else 0 */
	struct slice params;
	struct slice text; /* the whole value */
};

struct sip_cseq {
	uint32_t number;
	enum sip_method method;
	struct slice method_text;
};

struct sip_fault {
	int code;	  /* 400, 416, 505, ...; 0: none */
	const char *text; /* a sentence in English for Warning, a literal */
};

struct sip_msg {
	bool is_request;
	/* request */
	enum sip_method method;
	struct slice method_text;
	struct slice uri_text;
	struct sip_uri uri;
	/* response */
	int code;
	struct slice reason_phrase;
	/* both */
	struct sip_header *headers;
	uint32_t header_count;
	int16_t first[SIP_HDR_OTHER + 1]; /* index of the first header of a kind, -1: none */
	struct slice body;
	struct slice raw;
	/* of every message */
	struct sip_via via; /* the top one */
	struct sip_nameaddr from, to;
	struct slice from_tag, to_tag; /* p == NULL: none */
	struct slice call_id;
	struct sip_cseq cseq;
	bool answerable;
	struct sip_fault fault;
};

/*
 * Parses one whole message. `bytes` is written to in place (unfolding) and must outlive *ret_msg;
 * the header table comes from the arena. With Content-Length the body is cut to it (UDP, RFC 3261
 * §18.3); more promised than there: fault 400, but for the few bytes (32) that a router may have
 * made it shorter. 0: *ret_msg is good. ERR_SYNTAX: look at ret_msg->fault (and answerable).
 * ERR_TOO_BIG: more headers than SIP_HEADERS_MAX (fault 513 is set) or the arena is full (fault
 * 500). *ret_msg is always fully set.
 */
int sip_msg_parse(struct slice bytes, struct arena *arena, struct sip_msg *ret_msg);

/* The message with its header table and its bytes in one piece of memory, of sip_msg_copy_bytes and
 * aligned as a struct sip_msg; it needs nothing of the original afterwards. Returns memory. */
size_t sip_msg_copy_bytes(const struct sip_msg *msg);
struct sip_msg *sip_msg_copy(const struct sip_msg *msg, void *memory);

/*
 * Stream framing (RFC 3261 §18.3): *ret_bytes is the length of the first whole message in bytes,
 * headers and body. 0; ERR_AGAIN: more bytes are needed; ERR_TOO_BIG: it can never be complete
 * (above SIP_MESSAGE_BYTES_MAX); ERR_SYNTAX: not SIP, or no Content-Length (the connection must be
 * closed). Leading CRLFs are the caller's.
 */
int sip_msg_frame(struct slice bytes, size_t *ret_bytes);

/* The first header of a kind; NULL when there is none. */
const struct sip_header *sip_msg_header(const struct sip_msg *msg, enum sip_header_kind kind);
/* Value of the first header of that kind; p == NULL when none. */
struct slice sip_msg_value(const struct sip_msg *msg, enum sip_header_kind kind);

/* Walks every element of every header of one kind in order; lists are split at commas outside
 * quotes and <>. */
struct sip_values {
	const struct sip_msg *msg;
	enum sip_header_kind kind;
	uint32_t next_header;
	struct slice rest;
};
struct sip_values sip_msg_values(const struct sip_msg *msg, enum sip_header_kind kind);
bool sip_values_next(struct sip_values *it, struct slice *ret_value);

/* Require, Supported, Allow, ...: is that token among the values (case folded)? */
bool sip_msg_has_token(const struct sip_msg *msg, enum sip_header_kind kind, struct slice token);
/* A header that is one decimal number (Expires, Max-Forwards, ...). 0, ERR_NOT_FOUND or ERR_SYNTAX.
 * Above max: max. */
int sip_msg_number(const struct sip_msg *msg, enum sip_header_kind kind, uint32_t max,
		   uint32_t *ret_value);
