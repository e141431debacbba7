/*
 * Non-INVITE client transaction: RFC 3261 §17.1.2 (figure 6). A response that comes after timer F
 * finds no transaction and is a stray (RFC 4320 §4.2). Once a final response is there the request
 * is not needed any more.
 */
#include "txn/table_priv.h"

/* clang-format off: a table is read by its columns */
#define FINAL                                                                                      \
	{                                                                                          \
		TXN_COMPLETED, TXN_STOP | TXN_ARM(K) | TXN_PASS | TXN_DROP_REQUEST                 \
	}

const struct txn_cell txn_table_nict[TXN_STATES][TXN_EVENTS] = {
	[TXN_START][TXN_EV_BEGIN] = {TXN_TRYING, TXN_SEND | TXN_ARM(E) | TXN_ARM(F)},

	[TXN_TRYING][TXN_EV_TIMER_E] = {TXN_TRYING, TXN_SEND | TXN_ARM(E)},
	[TXN_TRYING][TXN_EV_TIMER_F] = {TXN_TERMINATED, TXN_STOP | TXN_TIMED_OUT},
	[TXN_TRYING][TXN_EV_TIMER_FAILED] = {TXN_TERMINATED, TXN_STOP | TXN_BROKE},
	[TXN_TRYING][TXN_EV_GOT_1XX] = {TXN_PROCEEDING, TXN_PASS},
	[TXN_TRYING][TXN_EV_GOT_2XX] = FINAL,
	[TXN_TRYING][TXN_EV_GOT_300] = FINAL,

	/* E runs on, now at T2. */
	[TXN_PROCEEDING][TXN_EV_TIMER_E] = {TXN_PROCEEDING, TXN_SEND | TXN_ARM(E)},
	[TXN_PROCEEDING][TXN_EV_TIMER_F] = {TXN_TERMINATED, TXN_STOP | TXN_TIMED_OUT},
	[TXN_PROCEEDING][TXN_EV_TIMER_FAILED] = {TXN_TERMINATED, TXN_STOP | TXN_BROKE},
	[TXN_PROCEEDING][TXN_EV_GOT_1XX] = {TXN_PROCEEDING, TXN_PASS},
	[TXN_PROCEEDING][TXN_EV_GOT_2XX] = FINAL,
	[TXN_PROCEEDING][TXN_EV_GOT_300] = FINAL,

	[TXN_COMPLETED][TXN_EV_TIMER_K] = {TXN_TERMINATED, TXN_STOP},
	[TXN_COMPLETED][TXN_EV_TIMER_FAILED] = {TXN_TERMINATED, TXN_STOP},
	[TXN_COMPLETED][TXN_EV_GOT_1XX] = {TXN_COMPLETED, 0},
	[TXN_COMPLETED][TXN_EV_GOT_2XX] = {TXN_COMPLETED, 0},
	[TXN_COMPLETED][TXN_EV_GOT_300] = {TXN_COMPLETED, 0},
};
/* clang-format on */
