/*
 * INVITE server transaction: RFC 3261 §17.2.1 (figure 7) with the Accepted state of RFC 6026 §7.1
 * (figure 2).
 *
 * Beyond the figures: the 2xx, which RFC 3261 §13.3.1.4 makes the user repeat, is repeated here
 * ("timer 2xx") until the user has seen the ACK; that moves the transaction on to Acknowledged,
 * which waits out timer L like Accepted. A CANCEL has its own transaction (cancel.c); here it is
 * only told, while there is something to cancel (§9.2).
 */
#include "txn/table_priv.h"

/* clang-format off: a table is read by its columns */
const struct txn_cell txn_table_ist[TXN_STATES][TXN_EVENTS] = {
	[TXN_START][TXN_EV_BEGIN]             = {TXN_PROCEEDING,   TXN_ARM(100)},

	[TXN_PROCEEDING][TXN_EV_TIMER_100]    = {TXN_PROCEEDING,   TXN_SEND_100},
	[TXN_PROCEEDING][TXN_EV_TIMER_FAILED] = {TXN_TERMINATED,   TXN_STOP | TXN_BROKE},
	[TXN_PROCEEDING][TXN_EV_REQUEST]      = {TXN_PROCEEDING,   TXN_RESEND},
	[TXN_PROCEEDING][TXN_EV_CANCEL]       = {TXN_PROCEEDING,   TXN_PASS},
	[TXN_PROCEEDING][TXN_EV_SEND_1XX]     = {TXN_PROCEEDING,   TXN_STOP_RETRY | TXN_SEND},
	[TXN_PROCEEDING][TXN_EV_SEND_2XX]     = {TXN_ACCEPTED,     TXN_STOP | TXN_SEND | TXN_ARM(2XX) | TXN_ARM(L)},
	[TXN_PROCEEDING][TXN_EV_SEND_300]     = {TXN_COMPLETED,    TXN_STOP | TXN_SEND | TXN_ARM(G) | TXN_ARM(H) | TXN_DROP_REQUEST},

	[TXN_COMPLETED][TXN_EV_TIMER_G]       = {TXN_COMPLETED,    TXN_RESEND | TXN_ARM(G)},
	[TXN_COMPLETED][TXN_EV_TIMER_H]       = {TXN_TERMINATED,   TXN_STOP | TXN_UNACKED},
	[TXN_COMPLETED][TXN_EV_TIMER_FAILED]  = {TXN_TERMINATED,   TXN_STOP | TXN_BROKE},
	[TXN_COMPLETED][TXN_EV_REQUEST]       = {TXN_COMPLETED,    TXN_RESEND},
	[TXN_COMPLETED][TXN_EV_ACK]           = {TXN_CONFIRMED,    TXN_STOP | TXN_ARM(I)},
	[TXN_COMPLETED][TXN_EV_CANCEL]        = {TXN_COMPLETED,    0},

	/* Only absorbs ACKs, and what was reordered. */
	[TXN_CONFIRMED][TXN_EV_TIMER_I]       = {TXN_TERMINATED,   TXN_STOP | TXN_OVER},
	[TXN_CONFIRMED][TXN_EV_REQUEST]       = {TXN_CONFIRMED,    0},
	[TXN_CONFIRMED][TXN_EV_ACK]           = {TXN_CONFIRMED,    0},
	[TXN_CONFIRMED][TXN_EV_CANCEL]        = {TXN_CONFIRMED,    0},

	/* A send that fails does not end it: the next one may find another connection, and timer L decides. */
	[TXN_ACCEPTED][TXN_EV_TIMER_2XX]      = {TXN_ACCEPTED,     TXN_RESEND | TXN_ARM(2XX)},
	[TXN_ACCEPTED][TXN_EV_TIMER_L]        = {TXN_TERMINATED,   TXN_STOP | TXN_UNACKED},
	[TXN_ACCEPTED][TXN_EV_REQUEST]        = {TXN_ACCEPTED,     0},
	[TXN_ACCEPTED][TXN_EV_ACK]            = {TXN_ACCEPTED,     TXN_PASS},
	[TXN_ACCEPTED][TXN_EV_CANCEL]         = {TXN_ACCEPTED,     0},
	[TXN_ACCEPTED][TXN_EV_SEND_2XX]       = {TXN_ACCEPTED,     TXN_SEND},
	[TXN_ACCEPTED][TXN_EV_USER_ACKED]     = {TXN_ACKNOWLEDGED, TXN_STOP_RETRY | TXN_DROP_REQUEST},

	[TXN_ACKNOWLEDGED][TXN_EV_TIMER_L]    = {TXN_TERMINATED,   TXN_STOP | TXN_OVER},
	[TXN_ACKNOWLEDGED][TXN_EV_REQUEST]    = {TXN_ACKNOWLEDGED, 0},
	[TXN_ACKNOWLEDGED][TXN_EV_ACK]        = {TXN_ACKNOWLEDGED, TXN_PASS},
	[TXN_ACKNOWLEDGED][TXN_EV_CANCEL]     = {TXN_ACKNOWLEDGED, 0},
	[TXN_ACKNOWLEDGED][TXN_EV_USER_ACKED] = {TXN_ACKNOWLEDGED, 0},
};
/* clang-format on */
