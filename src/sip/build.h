/*
 * Writing SIP. Every function appends to a strbuf (base/strbuf.h), whose `failed` says at the end
 * whether all fitted. Values must be clean: CR, LF and NUL in a value are written as spaces, so
 * that nothing can smuggle a header in.
 */
#pragma once

#include "base/strbuf.h"
#include "sip/msg.h"

/* The text, with a space for every control character but HTAB. */
void sip_build_clean(struct strbuf *b, struct slice text);
/* "text" as a quoted string, clean, its quotes and backslashes escaped: display names and the like.
 */
void sip_build_quoted(struct strbuf *b, struct slice text);

/* A blank or control character in method or uri would make another start line of it: the buffer
 * fails. */
void sip_build_request_line(struct strbuf *b, struct slice method, struct slice uri);
void sip_build_status_line(struct strbuf *b, int code,
			   struct slice phrase); /* empty phrase: the default one */
void sip_build_header(struct strbuf *b, enum sip_header_kind kind, struct slice value);
void sip_build_header_named(struct strbuf *b, struct slice name, struct slice value);
void sip_build_header_fmt(struct strbuf *b, enum sip_header_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A header that is one number; CSeq; From or To, party being "Name" <uri> and the tag perhaps
 * empty. */
void sip_build_number(struct strbuf *b, enum sip_header_kind kind, uint64_t number);
void sip_build_cseq(struct strbuf *b, uint32_t number, struct slice method);
void sip_build_party(struct strbuf *b, enum sip_header_kind kind, struct slice party,
		     struct slice tag);
/* Every header of that kind in msg, as it stands, in order. */
void sip_build_copy(struct strbuf *b, const struct sip_msg *msg, enum sip_header_kind kind);
/* Content-Type (unless the body is empty), Content-Length, empty line, body. Ends the message. */
void sip_build_body(struct strbuf *b, struct slice content_type, struct slice body);

/* Via of ours: "SIP/2.0/UDP host:port;rport;branch=...". */
void sip_build_via(struct strbuf *b, enum sip_transport transport, const struct addr *sent_by,
		   struct slice branch);

struct sip_reply {
	int code;
	struct slice phrase;	   /* empty: the default one */
	struct slice to_tag;	   /* appended when the request's To has none; empty: none (100) */
	const struct addr *source; /* where the request came from: received and rport of the top Via
				    * (RFC 3261 §18.2.1, RFC 3581 §4); NULL: leave Via as it is */
	bool record_route;    /* copy Record-Route (dialog-forming responses, RFC 3261 §12.1.1) */
	struct slice headers; /* further header lines, each with its CRLF; may be empty */
	struct slice content_type, body;
};

/* A response to req (RFC 3261 §8.2.6): Via, From, To, Call-ID, CSeq (and Timestamp for 100) copied,
 * as far as they are there. */
void sip_build_reply(struct strbuf *b, const struct sip_msg *req, const struct sip_reply *reply);

/* ACK to a non-2xx final response (RFC 3261 §17.1.1.3) and CANCEL (§9.1), from the INVITE as we
 * sent it. */
void sip_build_ack(struct strbuf *b, const struct sip_msg *invite, const struct sip_msg *response);
void sip_build_cancel(struct strbuf *b, const struct sip_msg *invite, struct slice reason_value);

/* "Reason: Q.850;cause=34;text="..."" and "Warning: 399 host "text"" as whole header lines (RFC
 * 3326, RFC 3261 §20.43). */
void sip_build_reason_q850(struct strbuf *b, int cause, struct slice text);
void sip_build_warning(struct strbuf *b, struct slice agent, struct slice text);
