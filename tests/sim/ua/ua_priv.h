#pragma once

#include "base/strbuf.h"
#include "net/net_priv.h"
#include "net/sim_io.h"
#include "net/wire.h"
#include "ua.h"
#include "ua_call.h"

#define UA_T1_MS      500
#define UA_T2_MS      4000
#define UA_GIVE_UP_MS (64 * UA_T1_MS)
#define UA_MSG_BYTES  16384
#define UA_LINES_MAX  24
#define UA_SERVED_MAX 64
#define UA_CONNS_MAX  4
#define UA_HEARD_MAX  128

struct ua_auth {
	char realm[128], nonce[256], opaque[128], algorithm[16];
	bool known, proxy, qop;
	uint32_t nc;
};

/* What a request says, to be written again with credentials. */
struct ua_request_text {
	char method[24], uri[512], from[512], to[512], call_id[200], routes[1024], headers[2048],
		type[64], body[4096];
	uint32_t cseq;
	bool contact;
};

struct ua_txn {
	struct ua_txn *next;
	struct ua_request_text req;
	char branch[64];
	char *bytes;
	size_t n;
	struct ua_way way;
	int64_t resend_ms, interval_ms, give_up_ms;
	struct ua_call *call; /* NULL: REGISTER and the like */
	uint32_t tries;	      /* how often credentials were given */
	bool heard, done;     /* provisional; final */
};

struct ua_served {
	char branch[128], method[24];
	char *bytes; /* the last response; NULL: none yet */
	size_t n;
	struct ua_way way;
	int64_t resend_ms, interval_ms,
		give_up_ms; /* a refusal waits for its ACK; 0: it does not */
};

struct ua_conn {
	int handle; /* 0: free */
	bool mine;  /* we connected */
	size_t n;
	char bytes[70000];
};

struct ua_heard {
	char kind[8], from[32];
	uint32_t count;
};

struct ua {
	struct sim_net *net;
	struct io *io;
	struct sim_rand rand;
	char name[20], number[32], account[32], password[64], domain[64], agent[64];
	struct addr local, claimed, server;
	bool tcp, both;
	int udp_handle, listener;
	struct ua_conn *conns[UA_CONNS_MAX];
	struct ua_habits habits;
	struct ua_auth auth;
	struct {
		char call_id[64], tag[24];
		uint32_t cseq;
		int code;
		struct ua_txn *txn;
	} reg;
	struct ua_txn *txns;
	struct ua_served served[UA_SERVED_MAX];
	uint32_t served_n;
	struct ua_seen *seen;
	struct ua_way *seen_ways;
	uint32_t seen_n, seen_cap;
	struct ua_call *lines[UA_LINES_MAX];
	uint32_t line_n;
	struct ua_heard heard[UA_HEARD_MAX];
	uint32_t heard_n, pongs;
	uint16_t next_media_port;
};

/* Cookies: what a socket is for. Media sockets carry the line's number. */
enum {
	UA_COOKIE_SIP = 1,
	UA_COOKIE_LISTENER = 2,
	UA_COOKIE_CONN = 3,
	UA_COOKIE_RTP = 1000,
	UA_COOKIE_RTCP = 2000
};

/* quirk.c: the bytes as they leave */
#define UA_QUIRK_BYTES 70000
struct slice ua_quirk(const struct ua *ua, struct slice bytes, char memory[2][UA_QUIRK_BYTES]);

/* way.c: bytes in and out */
void ua_way_open(struct ua *ua);
void ua_way_close(struct ua *ua);
void ua_way_send(struct ua *ua, const struct ua_way *way, struct slice bytes);
struct ua_way ua_way_to(struct ua *ua, const struct addr *dst);
struct ua_way ua_way_to_uri(struct ua *ua, struct slice uri);
void ua_way_on_stream(struct ua *ua, const struct io_stream_note *note);

/* ua.c */
void ua_on_bytes(struct ua *ua, const struct ua_way *way, struct slice bytes);
int64_t ua_now_ms(const struct ua *ua);
void ua_token(struct ua *ua, char *dst, size_t n, const char *prefix);
struct ua_call *ua_call_of_dialog(struct ua *ua, const struct wire_msg *m);

/* text.c */
const char *ua_contact(const struct ua *ua, char buf[320]);
void ua_via(const struct ua *ua, struct strbuf *b, const char *branch);
void ua_write_request(struct ua *ua, struct strbuf *b, const struct ua_request_text *r,
		      const char *branch, bool credentials);
void ua_write_response(const struct ua *ua, struct strbuf *b, const struct wire_msg *req, int code,
		       const char *tag, const char *headers, const char *type, const char *body);
const char *ua_phrase(int code);
void ua_text(char *dst, size_t cap_bytes, struct slice s);

/* auth.c */
bool ua_auth_learn(struct ua *ua, const struct wire_msg *challenge);

/* txn.c */
struct ua_txn *ua_txn_start(struct ua *ua, struct ua_call *call, const struct ua_request_text *r,
			    const struct ua_way *way, const char *branch);
struct ua_txn *ua_txn_invite(struct ua *ua, const struct ua_call *call);
void ua_txn_on_response(struct ua *ua, const struct wire_msg *m);
bool ua_txn_repeated(struct ua *ua, const struct wire_msg *m);
void ua_txn_forget(struct ua *ua, const struct ua_call *call);
int64_t ua_txn_turn(struct ua *ua, int64_t now_ms);
void ua_served_acked(struct ua *ua, const struct wire_msg *ack);
struct ua_served *ua_served_find(struct ua *ua, const struct wire_msg *req);
struct ua_served *ua_served_new(struct ua *ua, const struct wire_msg *req,
				const struct ua_way *way);
void ua_reply(struct ua *ua, const struct wire_msg *req, const struct ua_way *way, int code,
	      const char *tag, const char *headers, const char *type, const char *body);

/* reg.c */
void ua_reg_done(struct ua *ua, int code);

/* call.c, dialog.c */
void ua_call_reset(struct ua *ua, struct ua_call *c);
void ua_call_end(struct ua *ua, struct ua_call *c, int code);
void ua_call_on_invite(struct ua *ua, const struct wire_msg *m, const struct ua_way *way);
void ua_call_on_response(struct ua *ua, struct ua_txn *t, const struct wire_msg *m);
void ua_call_on_timeout(struct ua *ua, struct ua_txn *t);
void ua_call_on_request(struct ua *ua, struct ua_call *c, const struct wire_msg *m,
			const struct ua_way *way);
void ua_call_on_ack(struct ua *ua, struct ua_call *c, const struct wire_msg *m);
void ua_call_on_cancel(struct ua *ua, const struct wire_msg *m, const struct ua_way *way);
bool ua_call_reack(struct ua *ua, struct ua_call *c, const struct wire_msg *m);
int64_t ua_call_turn(struct ua *ua, struct ua_call *c, int64_t now_ms);
void ua_dialog_request(struct ua *ua, struct ua_call *c, struct ua_request_text *r,
		       const char *method);
void ua_dialog_learn(struct ua_call *c, const struct wire_msg *m);
void ua_repeat_ok(struct ua *ua, struct ua_call *c, const struct wire_msg *req);

/* sdp.c */
bool ua_sdp_read(struct ua_call *c, struct slice body);
const char *ua_sdp_write(struct ua *ua, struct ua_call *c, const struct ua_wish *wish, bool answer,
			 char *buf, size_t cap);

/* media.c */
void ua_media_open(struct ua *ua, struct ua_call *c);
void ua_media_close(struct ua *ua, struct ua_call *c);
void ua_media_on_packet(struct ua *ua, const struct io_datagram *d);
int64_t ua_media_turn(struct ua *ua, struct ua_call *c, int64_t now_ms);
