/*
 * The four machines as values: [state][event] -> {next state, actions}. One file per machine,
 * table_ict.c and so on; what an action means is told here and carried out in client.c, server.c
 * and timers.c.
 */
#pragma once

#include <stdint.h>

/* TXN_NO_STATE as the next state makes a cell empty: the event is not expected there. TXN_START is
 * a slot that was just taken; TXN_TERMINATED one that is about to be given back. */
#define TXN_STATE_TABLE(X)                                                                         \
	X(NO_STATE, "none")                                                                        \
	X(START, "Start")                                                                          \
	X(CALLING, "Calling")                                                                      \
	X(TRYING, "Trying")                                                                        \
	X(PROCEEDING, "Proceeding")                                                                \
	X(COMPLETED, "Completed")                                                                  \
	X(CONFIRMED, "Confirmed")                                                                  \
	X(ACCEPTED, "Accepted")                                                                    \
	X(ACKNOWLEDGED, "Acknowledged") /* Accepted, and the user has seen the ACK */              \
	X(TERMINATED, "Terminated")

enum txn_state {
#define X(name, text) TXN_##name,
	TXN_STATE_TABLE(X)
#undef X
		TXN_STATES
};

/* Timers under their RFC letters first, so that a timer's number is its event and its arming
 * action. */
#define TXN_EVENT_TABLE(X)                                                                         \
	X(TIMER_A, "timer A")                                                                      \
	X(TIMER_B, "timer B")                                                                      \
	X(TIMER_C, "timer C")                                                                      \
	X(TIMER_D, "timer D")                                                                      \
	X(TIMER_E, "timer E")                                                                      \
	X(TIMER_F, "timer F")                                                                      \
	X(TIMER_G, "timer G")                                                                      \
	X(TIMER_H, "timer H")                                                                      \
	X(TIMER_I, "timer I")                                                                      \
	X(TIMER_J, "timer J")                                                                      \
	X(TIMER_K, "timer K")                                                                      \
	X(TIMER_L, "timer L")                                                                      \
	X(TIMER_M, "timer M")                                                                      \
	X(TIMER_100, "timer 100")	   /* our own 100, when the user has not answered */       \
	X(TIMER_2XX, "timer 2xx")	   /* repeats a 2xx to INVITE, RFC 3261 §13.3.1.4 */      \
	X(TIMER_CANCEL, "timer cancel")	   /* 64*T1 after CANCEL, RFC 3261 §9.1 */                \
	X(TIMER_FAILED, "transport error") /* send failed or the flow went away */                 \
	X(BEGIN, "begin")                                                                          \
	X(RESUME, "resume") /* it went out before a restart */                                     \
	X(GOT_1XX, "1xx")                                                                          \
	X(GOT_2XX, "2xx")                                                                          \
	X(GOT_300, "300-699")                                                                      \
	X(USER_CANCEL, "cancel by user")                                                           \
	X(REQUEST, "request again")                                                                \
	X(ACK, "ACK")                                                                              \
	X(CANCEL, "CANCEL")                                                                        \
	X(SEND_1XX, "1xx from user")                                                               \
	X(SEND_2XX, "2xx from user")                                                               \
	X(SEND_300, "300-699 from user")                                                           \
	X(USER_ACKED, "acknowledged by user")

enum txn_event {
#define X(name, text) TXN_EV_##name,
	TXN_EVENT_TABLE(X)
#undef X
		TXN_EVENTS
};
#define TXN_TIMERS (TXN_EV_TIMER_FAILED + 1)

#define TXN_ARM(letter)	  (1u << TXN_EV_TIMER_##letter)
#define TXN_ARM_MASK	  ((1u << TXN_TIMERS) - 1)
#define TXN_DO(n)	  (1u << (TXN_TIMERS + (n)))
#define TXN_STOP_RETRY	  TXN_DO(0) /* A, E, G, 100, 2xx */
#define TXN_STOP_END	  TXN_DO(1) /* the others */
#define TXN_STOP	  (TXN_STOP_RETRY | TXN_STOP_END)
#define TXN_SEND	  TXN_DO(2) /* client: the request. server: the new response, and keep it */
#define TXN_RESEND	  TXN_DO(3) /* server: the kept response, if any */
#define TXN_SEND_100	  TXN_DO(4)
#define TXN_SEND_ACK	  TXN_DO(5) /* client: builds the ACK the first time, repeats it afterwards */
#define TXN_SEND_CANCEL	  TXN_DO(6)
#define TXN_WANT_CANCEL	  TXN_DO(7)  /* CANCEL as soon as a provisional response has come */
#define TXN_CANCEL_WANTED TXN_DO(8)  /* now it has: TXN_SEND_CANCEL if it is wanted */
#define TXN_PASS	  TXN_DO(9)  /* the message goes to the user */
#define TXN_TIMED_OUT	  TXN_DO(10) /* told to the user, once */
#define TXN_BROKE	  TXN_DO(11) /* likewise: TXN_TRANSPORT */
#define TXN_UNACKED	  TXN_DO(12) /* likewise: TXN_NO_ACK */
#define TXN_OVER	  TXN_DO(13) /* server: TXN_DONE */
#define TXN_DROP_REQUEST  TXN_DO(14) /* nobody will ask for it again */

struct txn_cell {
	uint8_t next; /* enum txn_state */
	uint32_t actions;
};

enum txn_kind { TXN_ICT, TXN_NICT, TXN_IST, TXN_NIST, TXN_KINDS };

extern const struct txn_cell txn_table_ict[TXN_STATES][TXN_EVENTS];
extern const struct txn_cell txn_table_nict[TXN_STATES][TXN_EVENTS];
extern const struct txn_cell txn_table_ist[TXN_STATES][TXN_EVENTS];
extern const struct txn_cell txn_table_nist[TXN_STATES][TXN_EVENTS];

struct txn_cell txn_cell_of(enum txn_kind kind, enum txn_state state, enum txn_event event);
const char *txn_kind_name(enum txn_kind kind);	  /* "ict" */
const char *txn_state_name(enum txn_state state); /* "Proceeding" */
const char *txn_event_name(enum txn_event event); /* "timer A" */
