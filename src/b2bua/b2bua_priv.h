/* What the files of this room say to each other. */
#pragma once

#include "b2bua/b2bua.h"

#define RING_LIMITS  5	  /* so many ring limits at most, however often a phone says 180 */
#define PURSUITS_MAX 8192 /* requests that look for their way */

/* --- invite.c, route.c: a new call */
/* ORDER_ROUTE: who is called, may he be, where are his phones. Fills the branches' legs; *ret_event
 * is ROUTED. */
void route_call(struct shard *s, struct call *c, struct call_event *ret_event);

/* ORDER_FORWARD. *ret_event is ROUTED. */
void route_forward(struct shard *s, struct call *c, enum forward_kind kind,
		   struct call_event *ret_event);
/* The phones or the trunk of the last forwarding's target, as branches behind the last one. */
enum call_cause route_target(struct shard *s, struct call *c, uint8_t *ret_count);
uint64_t call_next_uid(struct shard *s);
/* The calls that hold a number's channels, for a record; in scratch. */
struct slice holders_text(struct shard *s, const uint64_t *holders, uint32_t count);

/* --- forward.c: call forwarding */
/* Who is called now: what was dialled, or where it was forwarded to. */
const char *forward_callee(const struct shard *s, const struct call *c);
bool forward_goes_out(const struct shard *s, const struct call *c);
/* The name of the trunk that it goes out on, CALL_TRUNK_BYTES. */
char *forward_trunk(const struct shard *s, struct call *c);
/* What the present callee has set, and the kinds that apply. */
uint8_t forward_armed_of(struct shard *s, const struct call *c, struct forward_settings *ret_f);
/* One forwarding more. CAUSE_NORMAL: the target is the present callee. Else why not, which was
 * told. */
enum call_cause forward_call(struct shard *s, struct call *c, enum forward_kind kind,
			     const char *target);
/* A phone of the present callee's has answered with a 3xx. */
void forward_deflected(struct shard *s, struct call *c, const struct sip_msg *msg);
/* His phones are being called: what is to happen when they do not take it. */
void forward_arm(struct shard *s, struct call *c, uint8_t armed, const struct forward_settings *f);
/* The ring time is over. True: RING_LIMIT may follow, the forwarding is made; false: it goes on
 * ringing. */
bool forward_on_no_answer(struct shard *s, struct call *c);
/* The present callee has said that it rings. */
void forward_rings(struct shard *s, struct call *c);
/* ORDER_FORWARD: as forward_call. */
enum call_cause forward_carry_out(struct shard *s, struct call *c, enum forward_kind kind);
/* Of all forwardings. */
void forward_channels_give(struct shard *s, const struct call *c);
void forward_channels_restore(struct shard *s, const struct call *c);
void forward_channels_forget(struct shard *s,
			     const struct call *c); /* it had ended before a restart */

/* May it go there? fwd->customer, to and direction are set. False: *ret_judged says why not, or
 * FORWARD_GOOD: the fraud guard. */
struct forward_judgement;
bool forward_judge(struct shard *s, const struct call *c, struct call_forward *fwd,
		   struct forward_judgement *ret_judged);
/* Where a call's forwardings stand; NULL: no memory. */
struct call_forwards *forward_room(struct shard *s, struct call *c);
/* 0, or why there is none; ret_holders (may be NULL): the calls that hold them, in scratch. */
int forward_channel_take(struct shard *s, struct call_forward *fwd, struct slice *ret_holders);
void forward_channel_give(struct shard *s, struct call_forward *fwd);
/* An event of that part of the call: it is the one that forwards whom it is about. */
struct event forward_event(struct shard *s, enum event_type type, const struct call *c,
			   const struct call_forward *fwd);

/* --- screen.c: rejection services, of the present callee */
/* Does he take calls of this caller? The cause, which was told, when not. */
enum call_cause screen_caller(struct shard *s, const struct call *c);
/* A place among his calls, as many as he takes at a time; the call holds it until it ends or is
 * forwarded away. give: nothing is held, nothing happens. */
enum call_cause screen_inbound_take(struct shard *s, struct call *c);
void screen_inbound_give(struct shard *s, struct call *c);
void screen_inbound_restore(struct shard *s, struct call *c);

/* --- transfer.c: who may send the other party of an answered call on, and where */
/* Who the next branch is called by, as it may be seen. */
struct shown {
	const char *number;
	bool anonymous;
};
struct shown shown_of(const struct shard *s, const struct call *c);

/* --- refer.c: a party's REFER within the call */
void refer_receive(struct shard *s, struct call *c, struct leg *l, struct id server,
		   const struct sip_msg *msg);

/* --- join.c: a transfer being carried out */
/* The body of the INVITE to a target: as media_offer. */
int transfer_offer(struct shard *s, struct leg *target, struct slice *ret_body);
void transfer_headers(struct shard *s, const struct call *c, const struct leg *target,
		      struct strbuf *more);
/* The orders: */
void transfer_rings_at(struct shard *s, struct call *c, int code);
void transfer_target_answered(struct shard *s, struct call *c, uint8_t branch,
			      const struct sip_msg *msg);
void transfer_leave(struct shard *s, struct call *c);
void transfer_succeeded(struct shard *s, struct call *c);
void transfer_take_place(struct shard *s, struct call *c, uint8_t branch);
void transfer_failed(struct shard *s, struct call *c, int code, enum call_cause cause);
/* The remaining party is asked, when it is time. The call may be gone. */
void transfer_ask(struct shard *s, struct call *c);
/* The final response to that, or there was none. The call may be gone. */
void transfer_join_answered(struct shard *s, struct call *c, struct leg *stays,
			    const struct exchange *x, const struct sip_msg *msg);
void transfer_join_failed(struct shard *s, struct call *c);
/* What it was played is over. */
void transfer_play(struct shard *s, struct call *c);
/* Each second. False: nobody transfers; else the call may be gone. */
bool transfer_on_timer(struct shard *s, struct call *c);

/* --- history.c: History-Info and Diversion */
#define HISTORY_MAX 16
struct history {
	char numbers[HISTORY_MAX][DIAL_BYTES]; /* that forwarded it before */
	uint32_t count, forwards;
};
/* What the INVITE from a trunk tells; nothing of phones, nor once it was answered. */
void history_of_caller(struct shard *s, const struct call *c, struct history *ret_history);
bool history_names(const struct history *h, const char *number);
/* Of a branch's INVITE. */
void history_headers(struct shard *s, const struct call *c, const struct leg *b,
		     struct strbuf *more);

/* --- identity.c: who calls, and what the callee may know of it */
void identity_of_subscriber(struct shard *s, struct call *c, const struct directory_number *who,
			    const struct sip_msg *msg);
void identity_of_network(struct call *c, const struct trunk *t, const struct sip_msg *msg);
/* why: enum trunk_withheld, when anonymous. */
void identity_withhold(struct call *c, bool anonymous, uint8_t why);
/* From without a number, and its reason. */
void identity_anonymous(struct strbuf *b, const struct call *c);

/* --- inbound.c: calls from trunks */
/* Somebody was asked who he is. */
void inbound_stranger(struct shard *s, const struct sip_msg *msg, const struct flow *flow);
bool inbound_is_loop(const struct shard *s, const struct sip_msg *msg);
/* c->to and c->dialled. */
void inbound_called(struct shard *s, struct call *c, const struct sip_msg *msg);
enum call_cause inbound_check(struct shard *s, struct call *c);

/* --- trunk.c: calls on trunks */
/* A leg for the best trunk that is left, as the branch behind the last one. CAUSE_NORMAL, or why
 * there is none. */
enum call_cause trunk_branch(struct shard *s, struct call *c);
/* P-Asserted-Identity and Privacy of an INVITE to a trunk. */
void trunk_headers(struct shard *s, const struct call *c, const struct leg *b, struct strbuf *more);
/* code: its refusal, 0: it said nothing. True: another trunk stands ready as the branch behind the
 * last one. */
bool trunk_next(struct shard *s, struct call *c, const struct leg *failed, int code);
/* Its INVITE ended without a final response, or with that refusal. The call may be gone. */
void trunk_silent(struct shard *s, struct call *c, struct leg *l);
void trunk_refused(struct shard *s, struct call *c, struct leg *l, const struct sip_msg *msg);
/* Its INVITE went out: now it must say more than 100 some time. */
void trunk_watch(struct shard *s, struct leg *l);
/* The leg's place on its trunk. take: 0 or ERR_LIMIT. restore: what it held before a restart. */
int trunk_place_take(struct shard *s, struct leg *l, uint32_t id);
void trunk_place_restore(struct shard *s, struct leg *l);
void trunk_place_give(struct shard *s, struct leg *l);
/* Of all legs of a call. */
void trunk_places_give(struct shard *s, const struct call *c);

/* --- challenge.c */
/* Credentials of a request that is being written into b, of which the request line stands there. */
void challenge_answer(struct shard *s, struct leg *l, enum sip_method method, struct slice name,
		      struct strbuf *b);

/* --- fraud.c: what the guard says of a call that may go out, and what it is told when it has
 * ended */
enum call_cause fraud_check(struct shard *s, const struct call *c);
enum call_cause fraud_check_forward(struct shard *s, const struct call *c,
				    const struct call_forward *fwd);
void fraud_note(struct shard *s, const struct call *c);

/* --- orders.c: events into the call, orders out of it. msg: what brought the event, or NULL. The
 * call may be gone afterwards. */
/* What the caller asked for, while that is not answered; NULL: it was, or there is no caller. */
const struct sip_msg *caller_invite(struct shard *s, const struct leg *a);
/* The branch's INVITE once more, with a longer session timer (422, RFC 4028 §7.3). */
bool branch_invite_again(struct shard *s, struct call *c, struct leg *b);
/* The caller is being told that its INVITE was answered. */
void call_answered(struct shard *s, struct call *c, struct leg *a);
/* why: as in leg_send_bye. */
void cancel_branch(struct shard *s, struct call *c, uint8_t branch, enum call_cause cause,
		   const struct sip_msg *why);
/* why: the refusal that it passes on, or NULL. */
void refuse_caller(struct shard *s, struct call *c, int code, enum call_cause cause,
		   const struct sip_msg *why);

/* --- watch.c: the call's timer */
/* Arms the timer of a call that is being set up. */
void call_watch_ringing(struct shard *s, struct call *c);
/* An answered call's session was agreed on, or anew: its media counts from now on. A call without
 * streams is not looked at. */
void call_watch_media(struct shard *s, struct call *c);

/* --- record.c */
void record_write(struct shard *s, struct call *c);
/* Of one forwarding, out of the record of the call that it is a part of. */
struct store_record record_of_forward(const struct store_record *call,
				      const struct call_forward *fwd);
/* What stood in the way, for the record; empty: nothing, and its buffer goes. */
void record_detail(struct shard *s, struct call *c, struct slice text);
/* Of a call that has no slot. 0, or what the writer says: the record is lost then. */
int record_write_lost(struct shard *s, const struct call *c);

/* --- settle.c: the end of slots */
/* Gives the slot back once nothing holds it. */
void call_settle(struct shard *s, struct call *c);
/* Frees everything of a call that could not be taken up, without a word. */
void call_discard(struct shard *s, struct call *c);

/* --- keep.c, keep_setup.c, resume.c: calls that outlive the process. All of it does nothing
 * without keep_dir. */
/* Its phones have been called. */
void keep_setup(struct shard *s, struct call *c);
/* The call itself, not its legs, has changed. */
void keep_call(struct shard *s, struct call *c);
/* It is about to be answered to the caller, with these headers and that body. */
void keep_answered(struct shard *s, struct call *c, struct slice headers, struct slice body);
/* A transfer has begun or come further; it has ended. */
void keep_transfer(struct shard *s, struct call *c);
void keep_transfer_over(struct shard *s, struct call *c);
void keep_acked(struct shard *s, struct call *c);
/* It has ended. r: its record, when the writer has no room for it yet. */
void keep_ended(struct shard *s, struct call *c, const struct store_record *r);
void keep_forget(struct shard *s, struct call *c);

/* --- leg.c: what is said on a leg */
int leg_new(struct shard *s, struct call *c, uint8_t branch, const struct flow *flow,
	    struct leg **ret_leg);
struct leg_request {
	enum sip_method method;
	struct slice method_text; /* for SIP_METHOD_OTHER */
	uint32_t cseq, max_forwards;
	uint64_t user;
	int64_t timeout_ms;   /* 0: the transaction's own */
	int64_t first_ms;     /* INVITE: so long without any response; 0: the transaction's own */
	struct slice headers; /* further lines */
	struct slice content_type, body;
};
int leg_send_request(struct shard *s, struct leg *l, const struct leg_request *r,
		     struct id *ret_client);
/* The transaction of an INVITE that went out before a restart, so that it can be cancelled. */
int leg_resume_invite(struct shard *s, struct leg *l);
/* ACK to a 2xx, kept for repetitions of it. */
void leg_send_ack(struct shard *s, struct leg *l, uint32_t cseq, struct slice body);
/* Takes note of what the party says it can do. */
void leg_learn(struct leg *l, const struct sip_msg *msg);
void leg_respond(struct shard *s, struct leg *l, struct id server, int code, struct slice headers,
		 struct slice content_type, struct slice body);
/* Once, over the leg's flow as it is. first_ms: as in txn_send. ACK has no transaction: *ret_client
 * stays. */
int leg_transmit(struct shard *s, struct leg *l, const struct leg_request *r, int64_t first_ms,
		 struct id *ret_client);
/* ACK and BYE for a 2xx of a dialog that we do not want (RFC 3261 §13.2.2.4). */
void leg_refuse_fork(struct shard *s, struct leg *l, const struct sip_msg *response);

/* --- early.c: provisional responses, PRACK (RFC 3262), UPDATE before the answer */
/* The branch whose early dialog towards the caller has this number; leg A itself in that of an
 * announcement; NULL: none. */
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
void early_free(struct shard *s, struct leg *l);
/* It has answered, and the caller knows. */
void early_over(struct shard *s, struct leg *l);

/* 183 of our own, in an early dialog of its own, with our answer to the caller's offer. */
void early_announce(struct shard *s, struct call *c, struct leg *a, struct slice body);

/* --- media_own.c: our own answer to an offer */
struct media_own {
	uint8_t stream;	      /* of the offer; all others are refused */
	bool any_codec;	      /* all that it offers is taken, for an echo */
	bool heard;	      /* the party wants to hear something */
	enum player_law law;  /* in which it may be spoken to; not set where the offer */
	uint8_t payload_type; /* has no G.711, which only any_codec takes */
};
/* The first plain RTP audio that can be served. 0; ERR_NOT_FOUND: there is none; ERR_UNSUPPORTED:
 * none of G.711. */
int media_own_choose(const struct sdp *offer, bool any_codec, struct media_own *ret_own);
/* Appends the answer. 0, or as media_offer. */
int media_own_answer(struct shard *s, struct leg *l, const struct sdp *offer,
		     const struct media_own *own, struct strbuf *b);

/* --- announce.c: refusals that are heard */
/* ORDER_ANNOUNCE, of a call that is refused for c->cause. False: it is not announced. */
bool announce_begin(struct shard *s, struct call *c);
/* The call's player (c->player): CAUSE_NORMAL; CAUSE_NO_CHANNEL: its number has enough of them;
 * CAUSE_OVERLOAD: all are taken. */
enum call_cause announce_open_player(struct shard *s, struct call *c);
void announce_close_player(struct shard *s, struct call *c);
/* In the languages that the caller asks for (invite may be NULL), then the operator's. NULL: there
 * is none. */
const struct clip *announce_file(const struct shard *s, const struct sip_msg *invite,
				 uint32_t name);

/* --- ringback.c: what the caller of a forwarded call hears until the target takes it */
/* It is being forwarded. True: he hears us. */
bool ringback_begin(struct shard *s, struct call *c);
/* A player beside the channel; False: there is none. */
bool ringback_open(struct shard *s, struct call *c);
/* All that there was to play was played. */
void ringback_played(struct shard *s, struct call *c);
void ringback_end(struct shard *s, struct call *c);

/* --- service.c: calls that we answer ourselves */
enum call_service service_of(struct slice digits);
/* ORDER_SERVE: CAUSE_NORMAL: it is answered. */
enum call_cause service_begin(struct shard *s, struct call *c);
/* A request of the caller within the answered call. */
void service_request(struct shard *s, struct call *c, struct leg *a, struct id server,
		     const struct sip_msg *msg);
/* Each second. True: its time was over; the call may be gone. */
bool service_ends(struct shard *s, struct call *c);
/* What it was played is over. */
void service_played(struct shard *s, struct call *c);
/* After a restart. */
void service_connect(struct shard *s, const struct call *c);

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
/* Forgets the owner's request of that method if it was not sent yet. */
bool pursuit_withdraw(struct shard *s, uint64_t user, enum sip_method method);

/* --- indialog.c, exchange.c: requests within a dialog */
void exchange_start(struct shard *s, struct call *c, struct leg *from, struct leg *to,
		    struct id server, const struct sip_msg *msg);
/* UPDATE without an offer: each leg on its own (RFC 3311 §5.2). */
void exchange_answer_update(struct shard *s, struct leg *from, struct id server,
			    const struct sip_msg *msg);
/* The call ends: who asked is told (RFC 3261 §15.1.2), what the other phone still says is taken. */
/* Given back without a word. */
void exchange_drop(struct shard *s, struct exchange *x);
void exchange_end(struct shard *s, struct id exchange);
/* The transaction that carries it now. */
void exchange_set_client(struct shard *s, struct id exchange, struct id client);
/* That party has hung up, the call goes on. */
void exchange_leave(struct shard *s, struct leg *l);
void exchange_ack(struct shard *s, struct exchange *x, const struct sip_msg *ack);

/* --- media.c: session descriptions through the relay */
/* Is there a session description, and can it be used? 0: *ret_sdp; ERR_NOT_FOUND: no body; else
 * unusable. */
int media_sdp_of(struct shard *s, const struct sip_msg *msg, const struct sdp **ret_sdp);
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
/* The party's offered stream i will be answered by us: it gets an endpoint, from which its address
 * is expected. As media_offer. */
int media_face(struct shard *s, struct leg *l, uint32_t i, const struct sdp *offer);
/* An endpoint for the party's stream i, whatever it will say. As media_offer. */
int media_open(struct shard *s, struct leg *l, uint32_t i);
void media_close(struct shard *s, struct leg *l);
/* The stream's own address as it is written into descriptions; family 0: there is no endpoint. */
struct addr media_address(const struct shard *s, const struct leg_stream *st);
/* Latest arrival of media on any endpoint of the call (monotonic ms), 0: none yet. */
int64_t media_last_ms(const struct shard *s, const struct call *c);
bool media_has_streams(const struct shard *s, const struct call *c);
