/* What the files of this room share: the shard's own state and the words between dispatch, calls,
 * legs and media. */
#pragma once

#include "base/bufs.h"
#include "base/err.h"
#include "base/index.h"
#include "base/rng.h"
#include "call/call.h"
#include "call/leg.h"
#include "media/relay.h"
#include "shard/shard.h"
#include "transport/locate.h"
#include "txn/txn.h"

#define COOKIE_TRANSPORT ((uint64_t)1 << 56)
#define COOKIE_RELAY	 ((uint64_t)2 << 56)
#define COOKIE_KIND(c)	 ((c) >> 56)

enum shard_timer_kind {
	TIMER_TXN_FIRST = 0,
	TIMER_CALL = TXN_TIMER_KINDS,
	TIMER_LEG,
	TIMER_RELIABLE,
	TIMER_SESSION,
	TIMER_TICK,
	TIMER_PURSUIT,
	TIMER_COMEBACK,
	TIMER_RESUME,
};

#define TICK_MS		 1000
#define RETRY_AFTER_S	 5
#define RING_LIMITS	 5 /* so many ring limits at most, however often a phone says 180 */
#define SCRATCH_BYTES	 (256 * 1024)
#define OUT_BYTES	 SIP_MESSAGE_BYTES_MAX
#define PINGS_PER_TICK	 2000
#define ICMP_PER_TICK	 100
#define EXPIRES_PER_TICK 5000
#define PURSUITS_MAX	 8192 /* requests that look for their way */
#define COMEBACKS_MAX	 4096 /* responses that do */
#define TCP_REFUSALS	 1024

/* A request that one leg sent inside the dialog and the other answers. */
struct exchange {
	struct id id, call, from, to; /* legs */
	struct id server, client;     /* transactions on `from` and `to` */
	enum sip_method method;
	enum sip_method onward; /* as `to` gets it: an UPDATE may go on as a re-INVITE */
	bool early;		/* begun before the call was answered */
	bool own;		/* ours: `from` and `server` are nobody (session timer) */
	bool has_offer;		/* the request carries an offer (else, for INVITE, the 2xx will) */
	bool has_answer; /* a PRACK that answers the offer in a reliable provisional response */
	bool heard;	 /* a provisional response came: the other phone is there */
	bool answered;	 /* final response passed on; INVITE: waits for the ACK */
	uint32_t server_cseq, client_cseq;
};

/* An OPTIONS of ours on its way to a phone. */
struct ping {
	char number[STORE_NUMBER_BYTES];
	struct flow flow;
};

/* Nobody listens for TCP there (RFC 3261 §18.1.1): a table in which a newcomer may push another
 * out.
 */
struct tcp_refusal {
	struct addr addr;
	int64_t until_ms;
};

struct shard {
	struct shard_params p;
	const struct shard_config *config;
	uint32_t calls_max; /* as configured, or more when more are to be taken up */
	struct rng rng;
	struct wheel *wheel;
	struct bufs *bufs;
	struct transport *transport;
	struct txn_layer *txns;
	struct relay *relay;
	struct pool *calls, *legs, *exchanges, *pings, *pursuits, *comebacks;
	struct index *pursuits_by_client;
	struct tcp_refusal tcp_refusals[TCP_REFUSALS];
	struct index
		*by_call_id; /* leg A's Call-ID -> call, for INVITE and CANCEL without our tag */
	struct timer tick;
	struct arena scratch;
	char *scratch_memory, *out;
	bool draining;
	uint32_t icmp_left; /* ICMP errors that may still be followed up in this second */
	uint64_t last_uid;
	struct keep *keep; /* NULL: calls are not kept */
	struct id touched; /* the call of which something that is kept has changed */
	/* tracing: the call that outgoing bytes belong to, and an INVITE whose call is not known
	 * yet */
	uint64_t out_call;
	const struct sip_msg *untraced;
	const struct flow *untraced_flow;
	struct shard_counts counts;
};

static inline int64_t now_of(struct shard *s)
{
	return io_now_ms(s->p.io);
}
/* The shard that made a call with that uid. */
static inline uint16_t uid_shard(uint64_t uid)
{
	return uid >> 16 & (SHARDS_MAX - 1);
}
static inline struct slice domain_of(const struct shard *s)
{
	return slice_str(s->config->domain);
}

/* --- token.c: our tags and branches: 13 characters for an id, 8 at random; the id tells shard and
 * leg. */
#define TOKEN_CHARS 21
void token_make(struct shard *s, struct id id, char ret_token[TOKEN_CHARS + 1]);
/* An id that names this shard and nothing in it. */
struct id token_anonymous(const struct shard *s);
bool token_read(struct slice token, struct id *ret_id);
/* The last character of our tag towards a caller numbers the early dialog (struct leg_early). */
#define TOKEN_NUMBERS 32
void token_number(struct dialog *d, uint8_t number);
uint8_t token_number_of(struct slice token);
/* Equal but for the number. */
bool token_same(struct slice a, struct slice b);
#define BRANCH_CHARS (7 + TOKEN_CHARS)
void branch_make(struct shard *s, struct id id, char ret_branch[BRANCH_CHARS + 1]);
bool branch_read(struct slice branch, struct id *ret_id);

/* --- What a client transaction's `user` is: an id and whose it is, in the two bits that SHARDS_MAX
 * leaves free. */
enum user_kind { USER_LEG, USER_EXCHANGE, USER_BYE, USER_PING };
static inline uint64_t user_of(enum user_kind kind, struct id id)
{
	return id.v | (uint64_t)kind << 62;
}
static inline enum user_kind user_kind_of(uint64_t user)
{
	return (enum user_kind)(user >> 62);
}
static inline struct id user_id_of(uint64_t user)
{
	return (struct id){user & ~((uint64_t)3 << 62)};
}

/* --- trace.c: events */
struct event event_of(struct shard *s, enum event_type type, const struct call *c);
void event_send(struct shard *s, struct event *e);
void trace_message(struct shard *s, const char *direction, struct slice bytes,
		   const struct sip_msg *msg, const struct flow *flow, uint64_t call);
/* A message of ours: which call it is of is known (s->out_call) or read from its bytes. */
void trace_out(struct shard *s, struct slice bytes, const struct flow *flow);
/* The INVITE that made (or did not make) a call. */
void trace_untraced(struct shard *s, uint64_t call);

/* --- dispatch.c: from the wire to transactions, and what they say */
void dispatch_message(struct shard *s, struct sip_msg *msg, const struct flow *flow, bool moved);
int dispatch_send(void *ctx, const struct flow *flow, struct slice bytes);
/* Nothing that was sent over it will be answered. */
void dispatch_flow_gone(struct shard *s, const struct flow *flow);
/* To whoever sent the request: it failed for good. cause: for the record of a call. */
void dispatch_failed(struct shard *s, uint64_t user, enum txn_failure why, enum call_cause cause);
extern const struct txn_ops dispatch_txn_ops;
extern const struct transport_ops dispatch_transport_ops;

/* --- inbox.c: between shards */
void inbox_move(struct shard *s, uint16_t to, const struct sip_msg *msg, const struct flow *flow);
/* 0 or ERR_CLOSED: there is no such shard. */
int inbox_send(struct shard *s, const struct flow *flow, struct slice bytes);
/* That connection of ours, over which the other shard has sent, is gone. */
void inbox_gone(struct shard *s, uint16_t to, const struct flow *flow);
void inbox_drain(struct shard *s);

/* --- reply.c: answers outside of a call */
/* Responds on a server transaction; Server, Reason/Warning as given. */
void reply(struct shard *s, struct id server, int code, struct slice headers);
void reply_text(struct shard *s, struct id server, int code, const char *text);
/* Without a transaction: for what could not be understood or taken on. */
void reply_stateless(struct shard *s, const struct sip_msg *msg, const struct flow *flow, int code,
		     const char *text, bool retry_later);
void header_reason(struct strbuf *b, const struct shard *s, enum call_cause cause);
extern const char reply_allow[];
/* A strbuf of n bytes out of the scratch arena (empty and failed when the arena is full). */
struct strbuf scratch_buf(struct shard *s, size_t n);

/* --- validate.c: what every request must be (RFC 3261 §8.2). True: go on; false: it was answered.
 */
bool validate_request(struct shard *s, struct id server, const struct sip_msg *msg);
/* Is this host our domain or one of our addresses? */
bool host_is_ours(const struct shard *s, struct slice host);

/* --- auth.c */
enum auth_result { AUTH_OK, AUTH_CHALLENGED, AUTH_DENIED };
/* Checks Authorization / Proxy-Authorization; anything but AUTH_OK was answered (challenge: 401 or
 * 407) and recorded. */
enum auth_result auth_check(struct shard *s, struct id server, const struct sip_msg *msg,
			    const struct flow *flow, struct directory_number *ret_who);

/* --- trusted.c: sources that need no digest for a call */
bool trusted_source(const struct shard *s, const struct flow *flow);
/* Whose call it is by the word of a trusted source; false: not a number of ours. */
bool trusted_identity(struct shard *s, const struct sip_msg *msg, struct directory_number *ret_who);
/* Who calls: by that word, or by digest. As auth_check. */
enum auth_result auth_caller(struct shard *s, struct id server, const struct sip_msg *msg,
			     const struct flow *flow, struct directory_number *ret_who);

/* --- register.c, ping.c */
void register_receive(struct shard *s, struct id server, const struct sip_msg *msg,
		      const struct flow *flow);
void register_expire(struct shard *s);
void ping_phones(struct shard *s);
void ping_done(struct shard *s, struct id ping, bool answered);
void keepalive_seen(struct shard *s, const struct flow *flow, enum transport_keepalive kind);

/* --- invite.c, route.c: a new call */
void invite_receive(struct shard *s, struct id server, const struct sip_msg *msg,
		    const struct flow *flow);
/* ORDER_ROUTE: who is called, may he be, where are his phones. Fills the branches' legs; *ret_event
 * is ROUTED. */
void route_call(struct shard *s, struct call *c, struct call_event *ret_event);
struct call *call_by_call_id(struct shard *s, struct slice call_id, struct id *ret_id);

/* --- orders.c: events into the call, orders out of it. msg: what brought the event, or NULL. The
 * call may be gone afterwards. */
void call_happens(struct shard *s, struct call *c, const struct call_event *ev,
		  const struct sip_msg *msg);
/* The branch's INVITE once more, with a longer session timer (422, RFC 4028 §7.3). */
bool branch_invite_again(struct shard *s, struct call *c, struct leg *b);
/* Gives the slot back once nothing holds it. */
void call_settle(struct shard *s, struct call *c);
/* Arms the timer of a call that is being set up. */
void call_watch_ringing(struct shard *s, struct call *c);
struct leg *leg_of(const struct shard *s, struct id id);
struct leg *branch_leg(const struct shard *s, const struct call *c, uint8_t branch);
struct call *call_of(const struct shard *s, struct id id);
void call_on_timer(struct shard *s, struct id id);
/* An answered call's session was agreed on, or anew: its media counts from now on. A call without
 * streams is not looked at. */
void call_watch_media(struct shard *s, struct call *c);
void record_write(struct shard *s, struct call *c);

/* why: as in leg_send_bye. */
void cancel_branch(struct shard *s, struct call *c, uint8_t branch, enum call_cause cause,
		   const struct sip_msg *why);
void refuse_caller(struct shard *s, struct call *c, int code, enum call_cause cause);
/* Frees everything of a call that could not be taken up, without a word. */
void call_discard(struct shard *s, struct call *c);

/* --- keep.c, resume.c: calls that outlive the process. All of it does nothing without keep_dir. */
/* Calls in p->kept that are this shard's to take up. */
uint32_t keep_calls(const struct shard_params *p);
int keep_open(struct shard *s);
void keep_close(struct shard *s);
/* Its phones have been called. */
void keep_setup(struct shard *s, struct call *c);
/* The call itself, not its legs, has changed. */
void keep_call(struct shard *s, struct call *c);
/* It is about to be answered to the caller, with these headers and that body. */
void keep_answered(struct shard *s, struct call *c, struct slice headers, struct slice body);
void keep_acked(struct shard *s, struct call *c);
/* After each message and timer: s->touched. */
void keep_touched(struct shard *s);
void keep_figures(struct shard *s, struct call *c);
/* It has ended. r: its record, when the writer has no room for it yet. */
void keep_ended(struct shard *s, struct call *c, const struct store_record *r);
void keep_forget(struct shard *s, struct call *c);
void keep_tick(struct shard *s);
/* What a restart left to be said. */
void keep_talk(struct shard *s);
/* The INVITE of a call that was taken up: true, and its transaction is the leg's. */
bool keep_takes_request(struct shard *s, struct id server);
/* The leg that had this id when there were other shards. */
/* tag: our own of its dialog; empty: any. */
struct leg *keep_leg_of(const struct shard *s, struct id id, struct slice tag);
/* As many records in the file as calls know of. */
bool keep_adds_up(struct shard *s);

/* --- leg.c: what is said on a leg */
int leg_new(struct shard *s, struct call *c, uint8_t branch, const struct flow *flow,
	    struct leg **ret_leg);
/* The leg is over: endpoints, buffers and slot go, the call's reference too. */
void leg_end(struct shard *s, struct leg *l);
/* What it holds beside its slot: buffers and the timer of its ACK. */
void leg_let_go(struct shard *s, struct leg *l);
struct leg_request {
	enum sip_method method;
	struct slice method_text; /* for SIP_METHOD_OTHER */
	uint32_t cseq, max_forwards;
	uint64_t user;
	int64_t timeout_ms;   /* 0: the transaction's own */
	struct slice headers; /* further lines */
	struct slice content_type, body;
};
int leg_send_request(struct shard *s, struct leg *l, const struct leg_request *r,
		     struct id *ret_client);
/* The transaction of an INVITE that went out before a restart, so that it can be cancelled. */
int leg_resume_invite(struct shard *s, struct leg *l);
/* ACK to a 2xx, kept for repetitions of it. */
void leg_send_ack(struct shard *s, struct leg *l, uint32_t cseq, struct slice body);
void leg_repeat_ack(struct shard *s, struct leg *l, uint32_t cseq);
/* why: the BYE or CANCEL that ends the call, whose Reason goes on (RFC 3326); NULL: cause says it.
 */
void leg_send_bye(struct shard *s, struct leg *l, enum call_cause cause, const struct sip_msg *why);
/* Takes note of what the party says it can do. */
void leg_learn(struct leg *l, const struct sip_msg *msg);
void leg_respond(struct shard *s, struct leg *l, struct id server, int code, struct slice headers,
		 struct slice content_type, struct slice body);
/* Once, over the leg's flow as it is. first_ms: as in txn_send. ACK has no transaction: *ret_client
 * stays. */
int leg_transmit(struct shard *s, struct leg *l, const struct leg_request *r, int64_t first_ms,
		 struct id *ret_client);
/* Its first INVITE ended without a final response (B). */
void leg_failed(struct shard *s, struct leg *l, enum call_cause cause);
void leg_on_timer(struct shard *s, struct id id);
/* ACK and BYE for a 2xx of a dialog that we do not want (RFC 3261 §13.2.2.4). */
void leg_refuse_fork(struct shard *s, struct leg *l, const struct sip_msg *response);

/* --- early.c: provisional responses, PRACK (RFC 3262), UPDATE before the answer */
/* The branch whose early dialog towards the caller has this number; NULL: none. */
struct leg *early_leg(struct shard *s, const struct call *c, uint8_t number);
/* A response of the branch: it gets a number towards the caller, another one for each dialog of a
 * fork. */
void early_meet(struct shard *s, struct call *c, struct leg *b, const struct sip_msg *msg);
void early_begin(struct shard *s, struct call *c, struct leg *b);
/* A provisional response above 100. */
void early_progress(struct shard *s, struct call *c, struct leg *b, const struct sip_msg *msg);
/* ORDER_RING_CALLER. */
void early_ring_caller(struct shard *s, struct call *c, struct leg *a, struct leg *b, int code,
		       const struct sip_msg *msg);
void early_ring_on(struct shard *s, struct call *c);
/* True: the 2xx is kept until the caller's PRACK has come. early_held: gives it back, once; NULL:
 * none. */
bool early_holds(struct shard *s, struct leg *b, const struct sip_msg *msg);
const struct sip_msg *early_held(struct shard *s, struct leg *b);
void early_prack(struct shard *s, struct call *c, struct leg *a, struct id server,
		 const struct sip_msg *msg);
void early_update(struct shard *s, struct call *c, struct leg *from, struct id server,
		  const struct sip_msg *msg);
void early_on_timer(struct shard *s, struct id leg);
void early_free(struct shard *s, struct leg *l);
/* It has answered, and the caller knows. */
void early_over(struct shard *s, struct leg *l);

/* --- session.c: session timers, each leg on its own (RFC 4028) */
/* A request whose Session-Expires is too short was answered 422: false. */
bool session_usable(struct shard *s, struct id server, const struct sip_msg *msg);
/* Supported, Session-Expires, Min-SE of an INVITE or UPDATE of ours on this leg. */
void session_request(struct shard *s, const struct leg *l, struct strbuf *b);
/* The party's INVITE or UPDATE gets a 2xx: its headers, and the timer runs. */
void session_accept(struct shard *s, struct leg *l, const struct sip_msg *request,
		    struct strbuf *b);
/* The 2xx to ours. */
void session_answered(struct shard *s, struct leg *l, const struct sip_msg *response);
/* 422 to ours: true when the same request with the longer time may be tried again. */
bool session_too_short(struct leg *l, const struct sip_msg *response);
/* Final response to a refresh of ours. */
void session_refreshed(struct shard *s, struct call *c, struct leg *l, const struct exchange *x,
		       const struct sip_msg *msg);
void session_on_timer(struct shard *s, struct id leg);
void session_end(struct shard *s, struct leg *l);
/* After a restart. */
void session_resume(struct shard *s, struct leg *l);
/* --- hop.c: where a request goes first */
/* Sets the leg's flow for its route set. 0; ERR_AGAIN: the first route is a name. */
int hop_settle(struct shard *s, struct leg *l);
/* The flow leads to one of these. */
bool hop_flow_serves(const struct flow *f, const struct locate_answer *answer);
/* When the leg's connection breaks the next hop may still be there under its URI. */
bool hop_is_elsewhere_too(const struct leg *l);
/* A request that is too large for the leg's UDP flow may be tried over TCP, there. */
bool hop_may_go_tcp(struct shard *s, const struct leg *l, struct locate_target *ret_target);
void hop_tcp_refused(struct shard *s, const struct addr *a);

/* --- pursuit.c: requests with more than one way to go */
struct pursuit_ways {
	bool first_flow;		 /* the leg's flow */
	const struct locate_target *tcp; /* then this one: the request is large; or NULL */
	bool next_hop;			 /* then what the next hop's URI leads to */
	bool last_flow;			 /* at last the leg's flow */
	bool closed;			 /* the leg's flow leads nowhere any more */
};
/* 0: under way; the owner's id of the transaction is set when there is one. ERR_LIMIT;
 * ERR_NOT_FOUND: the name cannot be looked up; or what the last way gave. */
int pursuit_begin(struct shard *s, struct leg *l, const struct leg_request *r,
		  const struct pursuit_ways *ways);
/* A transaction failed, or got a response: true when the request goes another way now and its owner
 * need not know. */
bool pursuit_failed(struct shard *s, struct id client);
bool pursuit_response(struct shard *s, struct id client, const struct sip_msg *msg);
/* Forgets the owner's request of that method if it was not sent yet. */
bool pursuit_withdraw(struct shard *s, uint64_t user, enum sip_method method);
void pursuit_located(struct shard *s, struct id pursuit, const struct locate_answer *a);
void pursuit_on_timer(struct shard *s, struct id pursuit);
int pursuits_open(struct shard *s);
void pursuits_close(struct shard *s);
/* Those that nothing will ever move again: for shard_check. */
uint32_t pursuits_lost(const struct shard *s);

/* --- comeback.c: responses whose connection has gone */
int comebacks_open(struct shard *s);
void comebacks_close(struct shard *s);
int comeback_send(struct shard *s, const struct flow *flow, struct slice bytes);
/* That connection could not be opened. */
void comeback_flow_gone(struct shard *s, const struct flow *flow);
void comeback_located(struct shard *s, struct id comeback, const struct locate_answer *a);
void comeback_on_timer(struct shard *s, struct id comeback);

/* What a question to the locator was asked for. */
enum located_kind { LOCATED_PURSUIT, LOCATED_COMEBACK };
static inline uint64_t located_token(enum located_kind kind, struct id id)
{
	return id.v | (uint64_t)kind << 62;
}

/* --- indialog.c, exchange.c: requests within a dialog */
void indialog_request(struct shard *s, struct id server, const struct sip_msg *msg,
		      const struct flow *flow);
void indialog_ack(struct shard *s, const struct sip_msg *msg);
void indialog_response(struct shard *s, struct leg *l, const struct sip_msg *msg,
		       const struct flow *flow);
/* A 2xx to an INVITE of ours whose transaction is gone. */
void indialog_stray_answer(struct shard *s, struct leg *l, const struct sip_msg *msg);
void exchange_start(struct shard *s, struct call *c, struct leg *from, struct leg *to,
		    struct id server, const struct sip_msg *msg);
/* False: there is no such exchange any more. */
bool exchange_response(struct shard *s, struct id exchange, const struct sip_msg *msg);
void exchange_failed(struct shard *s, struct id exchange, enum txn_failure why);
/* UPDATE without an offer: each leg on its own (RFC 3311 §5.2). */
void exchange_answer_update(struct shard *s, struct leg *from, struct id server,
			    const struct sip_msg *msg);
/* The call ends: who asked is told (RFC 3261 §15.1.2), what the other phone still says is taken. */
/* Given back without a word. */
void exchange_drop(struct shard *s, struct exchange *x);
void exchange_end(struct shard *s, struct id exchange);
void exchange_cancel(struct shard *s, struct id exchange);
/* The transaction that carries it now. */
void exchange_set_client(struct shard *s, struct id exchange, struct id client);
void exchange_ack(struct shard *s, struct exchange *x, const struct sip_msg *ack);
void exchange_server_end(struct shard *s, struct id exchange, enum txn_failure why);

/* --- media.c: session descriptions through the relay */
/* Is there a session description, and can it be used? 0: *ret_sdp; ERR_NOT_FOUND: no body; else
 * unusable. */
int media_sdp_of(const struct sip_msg *msg, struct sdp *ret_sdp);
/* from's offer as `to` is to see it: endpoints are opened on both legs as needed. expect: take
 * from's addresses now (the answer will come in an ACK). 0, ERR_LIMIT (no port), ERR_UNSUPPORTED
 * (family), ERR_TOO_BIG. */
int media_offer(struct shard *s, struct leg *from, struct leg *to, const struct sdp *offer,
		bool expect, struct strbuf *b);
/* The answerer's answer as the offerer is to see it; both ends are expected and connected. offer:
 * NULL when it was expected already. final: it settles the offer, and what it refuses is closed;
 * otherwise (early media) another phone may still give another answer. 0, ERR_SYNTAX (more streams
 * than offered), or as media_offer. */
int media_answer(struct shard *s, struct call *c, struct leg *answerer, struct leg *offerer,
		 const struct sdp *answer, const struct sdp *offer, bool final, struct strbuf *b);
/* The answer came early and stands: connects what it took, closes what it refused. */
void media_settle(struct shard *s, struct leg *answerer, struct leg *offerer);
/* The offer was refused: this leg's endpoints are again what they were before it (RFC 3261 §14.1).
 */
void media_undo(struct shard *s, struct leg *l);
/* The description that this leg was given, once more (its version goes up only when another one was
 * tried meanwhile). As media_offer. */
int media_repeat(struct shard *s, struct leg *l, const struct sdp *said, struct strbuf *b);
/* The party's addresses, from an answer that changes nothing else. */
void media_expect(struct shard *s, struct leg *l, const struct sdp *sdp);
/* What stands now is what media_undo goes back to. */
void media_keep(struct shard *s, struct leg *l);
void media_close(struct shard *s, struct leg *l);
bool media_on_hold(const struct shard *s, const struct call *c);
/* Latest arrival of media on any endpoint of the call (monotonic ms), 0: none yet. */
int64_t media_last_ms(const struct shard *s, const struct call *c);
bool media_has_streams(const struct shard *s, const struct call *c);
