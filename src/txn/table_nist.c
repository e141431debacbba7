/*
 * Non-INVITE server transaction: RFC 3261 §17.2.2 (figure 8) with RFC 4320 §4.1: no provisional
 * response but 100, and that one only when the client's timer E would have reached T2; no 408 ever
 * (server.c swallows it). A request that the user has not answered when the client's timer F must
 * have fired ("timer F" here too) is given up silently: an answer would find nobody (RFC 4320
 * §4.2).
 */
#include "txn/table_priv.h"

/* clang-format off: a table is read by its columns */
#define FINAL                                                                                      \
	{                                                                                          \
		TXN_COMPLETED, TXN_STOP | TXN_SEND | TXN_ARM(J) | TXN_DROP_REQUEST                 \
	}

const struct txn_cell txn_table_nist[TXN_STATES][TXN_EVENTS] = {
	[TXN_START][TXN_EV_BEGIN] = {TXN_TRYING, TXN_ARM(100) | TXN_ARM(F)},

	[TXN_TRYING][TXN_EV_TIMER_100] = {TXN_PROCEEDING, TXN_SEND_100},
	[TXN_TRYING][TXN_EV_TIMER_F] = {TXN_TERMINATED, TXN_STOP | TXN_TIMED_OUT},
	[TXN_TRYING][TXN_EV_TIMER_FAILED] = {TXN_TERMINATED, TXN_STOP | TXN_BROKE},
	[TXN_TRYING][TXN_EV_REQUEST] = {TXN_TRYING, 0},
	[TXN_TRYING][TXN_EV_SEND_1XX] = {TXN_TRYING, 0},
	[TXN_TRYING][TXN_EV_SEND_2XX] = FINAL,
	[TXN_TRYING][TXN_EV_SEND_300] = FINAL,

	[TXN_PROCEEDING][TXN_EV_TIMER_F] = {TXN_TERMINATED, TXN_STOP | TXN_TIMED_OUT},
	[TXN_PROCEEDING][TXN_EV_TIMER_FAILED] = {TXN_TERMINATED, TXN_STOP | TXN_BROKE},
	[TXN_PROCEEDING][TXN_EV_REQUEST] = {TXN_PROCEEDING, TXN_RESEND},
	[TXN_PROCEEDING][TXN_EV_SEND_1XX] = {TXN_PROCEEDING, 0},
	[TXN_PROCEEDING][TXN_EV_SEND_2XX] = FINAL,
	[TXN_PROCEEDING][TXN_EV_SEND_300] = FINAL,

	[TXN_COMPLETED][TXN_EV_TIMER_J] = {TXN_TERMINATED, TXN_STOP | TXN_OVER},
	[TXN_COMPLETED][TXN_EV_TIMER_FAILED] = {TXN_TERMINATED, TXN_STOP | TXN_BROKE},
	[TXN_COMPLETED][TXN_EV_REQUEST] = {TXN_COMPLETED, TXN_RESEND},
};
/* clang-format on */
