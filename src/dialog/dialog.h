/*
 * dialog: RFC 3261 §12 as plain data, so that it can be saved and resumed. Its texts stand beside
 * it in one textbox: a dialog that lives for long has them in a buffer that grows with them; one
 * that is made for a moment has them in memory of its maker's; one that was read from the call file
 * looks at them where they are.
 *
 * Life: dialog_init (no texts yet) -> dialog_from_request or dialog_prepare -> ... -> dialog_fini.
 * Nothing here knows a clock or a socket. Where a dialog could not be changed it is as it was.
 */
#pragma once

#include "base/bufs.h"
#include "base/textbox.h"
#include "sip/build.h"
#include "sip/msg.h"

#define DIALOG_TEXT_BYTES 1280 /* all texts together */

enum dialog_state { DIALOG_NONE, DIALOG_EARLY, DIALOG_CONFIRMED, DIALOG_ENDED };

enum dialog_text {
	DIALOG_CALL_ID,
	DIALOG_LOCAL_TAG,
	DIALOG_REMOTE_TAG,
	DIALOG_LOCAL_URI, /* name-addr without tag, as our From (or To) says */
	DIALOG_REMOTE_URI,
	DIALOG_REMOTE_TARGET, /* the peer's Contact URI */
	DIALOG_ROUTES,	      /* Route header value, ready to send, in order; empty when none */
	DIALOG_TEXTS
};

struct dialog {
	uint8_t state; /* enum dialog_state */
	bool is_uac;   /* we sent the INVITE */
	bool secure;
	bool first_route_strict; /* the first route has no ";lr" (RFC 2543 proxies, §12.2.1.1) */
	uint32_t local_cseq, remote_cseq; /* 0: none used yet */
	uint16_t text_used, text_cap;
	struct span spans[DIALOG_TEXTS];
	char *text; /* of bufs; where that is NULL, somebody else's */
	struct bufs *bufs;
};

/* Zeroed, its texts in buffers of bufs. */
void dialog_init(struct dialog *d, struct bufs *bufs);
/* For a moment: its texts in memory of the caller's. */
void dialog_init_in(struct dialog *d, char *memory, uint16_t cap_bytes);
/* Gives its buffer back; zeroed, as after dialog_init. */
void dialog_fini(struct dialog *d);
/* *d becomes what *from is, its texts in memory of its own. 0, ERR_LIMIT (no buffer) or
 * ERR_TOO_BIG. */
int dialog_copy(struct dialog *d, const struct dialog *from);

struct slice dialog_text(const struct dialog *d, enum dialog_text which);
/* text: not of this dialog, unless it is that very text. 0, ERR_TOO_BIG or ERR_LIMIT. */
int dialog_set_text(struct dialog *d, enum dialog_text which, struct slice text);
/* The text where it is, not copied: for a zeroed dialog that is only read. Its texts outlive it and
 * come in the order in which they stand, within 64 KiB. 0 or ERR_TOO_BIG. */
int dialog_view_text(struct dialog *d, enum dialog_text which, struct slice text);

/* UAS side, from the INVITE (routes in order, §12.1.1) and the tag that we gave it.
 * 0; ERR_SYNTAX: no usable Contact; ERR_TOO_BIG: does not fit in DIALOG_TEXT_BYTES; ERR_LIMIT: no
 * buffer. */
int dialog_from_request(struct dialog *d, const struct sip_msg *invite, struct slice local_tag);
/* UAC side: what we are about to send (local_cseq is the INVITE's). 0, ERR_TOO_BIG or ERR_LIMIT. */
int dialog_prepare(struct dialog *d, struct slice call_id, struct slice local_tag,
		   struct slice local_uri, struct slice remote_uri, struct slice remote_target,
		   uint32_t cseq);
/* UAC side, from a 18x with tag or a 2xx (routes reversed, §12.1.2; remote target). Same errors as
 * from_request, but for its Contact: without a usable one the target stays. A provisional response
 * without a tag changes nothing. The first 2xx sets the routes anew (§13.2.2.4); once confirmed
 * they stay, and ERR_CONFLICT says that the tag is another dialog's (a fork). */
int dialog_from_response(struct dialog *d, const struct sip_msg *response);
/* Contact of a target refresh request or its 2xx (§12.2). 0 (also when there is no Contact) or an
 * error as above. */
int dialog_refresh_target(struct dialog *d, const struct sip_msg *msg);

/* A request of the peer within this dialog: Call-ID, To tag ours, From tag theirs. The host in a
 * Call-ID may be another one when both are IP addresses. */
bool dialog_matches_request(const struct dialog *d, const struct sip_msg *msg);
/* CSeq check of §12.2.2: 0 and remote_cseq moves on; ERR_STALE: lower than the last one (500). ACK
 * and CANCEL change nothing. */
int dialog_check_cseq(struct dialog *d, const struct sip_msg *msg);

/* Where the next request goes first: the first route or the target. 0 or ERR_SYNTAX. */
int dialog_next_hop(const struct dialog *d, struct sip_uri *ret_uri);

/* A Contact's URI without what must not stand in a Request-URI (RFC 3261 §19.1.1): headers and the
 * method parameter. Written to memory only when there is something to leave out. */
struct slice dialog_request_uri(struct slice text, char *memory, size_t cap_bytes);

/*
 * The head of a request within (or opening) the dialog: request line, Via, Max-Forwards, Route,
 * From, To, Call-ID, CSeq (§12.2.1.1, strict routes included). The caller goes on with Contact and
 * the rest. cseq: for ACK the INVITE's, otherwise dialog_next_cseq's.
 */
void dialog_write_request(const struct dialog *d, struct strbuf *b, struct slice method,
			  uint32_t cseq, enum sip_transport transport, const struct addr *sent_by,
			  struct slice branch, uint32_t max_forwards);
uint32_t dialog_next_cseq(struct dialog *d);
