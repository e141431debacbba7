/*
 * b2bua: calls. It carries out what `call` decides: legs and what is said on them, requests within
 * their dialogs, session descriptions through the relay, session timers, the way that a request
 * takes, and calls that outlive the process (src/replica). It runs on a shard and knows nothing of
 * how messages arrive.
 *
 * Life of a call: invite_receive makes it; events (call_happens) move it; call_settle gives its
 * slot back when its last leg is gone.
 */
#pragma once

#include "core/core.h"

/* A request that one leg sent inside the dialog and the other answers. */
struct exchange {
	struct id id, call, from, to; /* legs */
	struct id server, client;     /* transactions on `from` and `to` */
	enum sip_method method;
	enum sip_method onward; /* as `to` gets it: an UPDATE may go on as a re-INVITE */
	bool early;		/* begun before the call was answered */
	bool joins;		/* and it joins the parties of a transfer (join.c) */
	bool own;		/* ours: `from` and `server` are nobody (session timer) */
	bool has_offer;		/* the request carries an offer (else, for INVITE, the 2xx will) */
	bool has_answer; /* a PRACK that answers the offer in a reliable provisional response */
	bool heard;	 /* a provisional response came: the other phone is there */
	bool answered;	 /* final response passed on; INVITE: waits for the ACK */
	uint32_t server_cseq, client_cseq;
};

/* --- invite.c, route.c: a new call */
void invite_receive(struct shard *s, struct id server, const struct sip_msg *msg,
		    const struct flow *flow);
struct call *call_by_call_id(struct shard *s, struct slice call_id, struct id *ret_id);

/* --- trunk.c: calls on trunks */
/* The trunk has said nothing but 100 for too long. */
void trunk_on_timer(struct shard *s, struct id leg);
/* It is up or down now. */
void trunk_turned(struct shard *s, uint32_t id, bool up, enum trunk_why why);

/* --- challenge.c: digest towards trunks */
/* A 401 or 407 to that request: true when it was sent once more with an answer, and its owner need
 * not know. */
bool challenge_received(struct shard *s, struct id client, uint64_t user,
			const struct sip_msg *msg);

/* --- orders.c: events into the call, orders out of it. msg: what brought the event, or NULL. The
 * call may be gone afterwards. */
void call_happens(struct shard *s, struct call *c, const struct call_event *ev,
		  const struct sip_msg *msg);
void call_on_timer(struct shard *s, struct id id);
/* What a call holds beside its slot. */
void call_let_go(struct shard *s, struct call *c);

/* --- keep.c, resume.c: calls that outlive the process. All of it does nothing without keep_dir. */
/* Calls in p->kept that are this shard's to take up. */
uint32_t keep_calls(const struct shard_params *p);
int keep_open(struct shard *s);
void keep_close(struct shard *s);
/* After each message and timer: s->touched. */
void keep_touched(struct shard *s);
void keep_figures(struct shard *s, struct call *c);
void keep_tick(struct shard *s);
/* What a restart left to be said. */
void keep_talk(struct shard *s);
/* The INVITE of a call that was taken up: true, and its transaction is the leg's. */
bool keep_takes_request(struct shard *s, struct id server);
/* As many records in the file as calls know of. */
bool keep_adds_up(struct shard *s);

/* --- leg.c: what is said on a leg */
/* The leg is over: endpoints, buffers and slot go, the call's reference too. */
void leg_end(struct shard *s, struct leg *l);
/* What it holds beside its slot: buffers and the timer of its ACK. */
void leg_let_go(struct shard *s, struct leg *l);
void leg_repeat_ack(struct shard *s, struct leg *l, uint32_t cseq);
/* why: the BYE or CANCEL that ends the call, whose Reason goes on (RFC 3326); NULL: cause says it.
 */
void leg_send_bye(struct shard *s, struct leg *l, enum call_cause cause, const struct sip_msg *why);
/* Its first INVITE ended without a final response (B). */
void leg_failed(struct shard *s, struct leg *l, enum call_cause cause);
void leg_on_timer(struct shard *s, struct id id);

/* --- early.c: provisional responses, PRACK (RFC 3262), UPDATE before the answer */
void early_on_timer(struct shard *s, struct id leg);

/* --- announce.c: the call's player has played all. The call may be gone afterwards. */
void announce_played(struct shard *s, struct id call);

/* --- session.c: session timers, each leg on its own (RFC 4028) */
void session_on_timer(struct shard *s, struct id leg);

/* --- pursuit.c: requests with more than one way to go */
/* A transaction failed, or got a response: true when the request goes another way now and its owner
 * need not know. */
bool pursuit_failed(struct shard *s, struct id client);
bool pursuit_response(struct shard *s, struct id client, const struct sip_msg *msg);
void pursuit_located(struct shard *s, struct id pursuit, const struct locate_answer *a);
void pursuit_on_timer(struct shard *s, struct id pursuit);
int pursuits_open(struct shard *s);
void pursuits_close(struct shard *s);
/* Those that nothing will ever move again: for shard_check. */
uint32_t pursuits_lost(const struct shard *s);

/* --- indialog.c, exchange.c: requests within a dialog */
void indialog_request(struct shard *s, struct id server, const struct sip_msg *msg,
		      const struct flow *flow);
void indialog_ack(struct shard *s, const struct sip_msg *msg);
void indialog_response(struct shard *s, struct leg *l, const struct sip_msg *msg,
		       const struct flow *flow);
/* A 2xx to an INVITE of ours whose transaction is gone. */
void indialog_stray_answer(struct shard *s, struct leg *l, const struct sip_msg *msg);
/* False: there is no such exchange any more. */
bool exchange_response(struct shard *s, struct id exchange, const struct sip_msg *msg);
void exchange_failed(struct shard *s, struct id exchange, enum txn_failure why);
void exchange_cancel(struct shard *s, struct id exchange);
void exchange_server_end(struct shard *s, struct id exchange, enum txn_failure why);

/* --- media.c: session descriptions through the relay */
bool media_on_hold(const struct shard *s, const struct call *c);

/* To whoever sent the request, but for a ping: it failed for good. cause: for the record of a call.
 */
void b2bua_request_failed(struct shard *s, uint64_t user, enum txn_failure why,
			  enum call_cause cause);
